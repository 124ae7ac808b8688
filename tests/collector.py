"""A collector of traces: takes OTLP over HTTP on loopback, as protobuf, and keeps the spans."""

from __future__ import annotations

import contextlib
import gzip
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse


@dataclass(frozen=True)
class Span:
    """A span as it came. `failed`: its status is an error; `links` are pairs of a trace and a span."""

    name: str
    trace: str
    id: str
    parent: str
    kind: int
    facts: dict[str, Any]
    failed: bool
    service: str
    links: tuple[tuple[str, str], ...] = ()


@dataclass
class Collector:
    """What came, in the order in which it came, and the headers it came with."""

    url: str
    spans: list[Span] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def of(self, trace: str) -> list[Span]:
        """The spans of a trace."""
        return [span for span in self.spans if span.trace == trace]

    def above(self, span: Span) -> list[Span]:
        """Its parent, the parent of that, and so on, to the first that did not come here."""
        by_id = {s.id: s for s in self.of(span.trace)}
        found: list[Span] = []
        while span.parent in by_id:
            span = by_id[span.parent]
            found.append(span)
        return found


@contextlib.contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            assert self.headers["content-type"] == "application/x-protobuf"
            made.headers.update({k.lower(): v for k, v in self.headers.items()})
            made.spans.extend(_spans(ExportTraceServiceRequest.FromString(body)))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Collector(f"http://127.0.0.1:{server.server_port}/v1/traces")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for of in request.resource_spans:
        service = {a.key: a.value.string_value for a in of.resource.attributes}["service.name"]
        for scope in of.scope_spans:
            for s in scope.spans:
                facts = {a.key: getattr(a.value, str(a.value.WhichOneof("value"))) for a in s.attributes}
                ids = (s.trace_id.hex(), s.span_id.hex(), s.parent_span_id.hex())
                links = tuple((to.trace_id.hex(), to.span_id.hex()) for to in s.links)
                yield Span(s.name, *ids, s.kind, facts, s.status.code == 2, service, links)
