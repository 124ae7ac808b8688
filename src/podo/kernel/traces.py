"""Traces: one from a click to the object it applied, over events, handlers, runs and their steps (W3C Trace Context).

Where we are in a trace is always known, also where nothing is exported: log lines and events name it. Spans are made and sent by
OTLP over HTTP only between `begin` and `end`. A span says what was done and where, never what with: no bodies, no addresses
beyond a route's template, of errors the code alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from podo import __version__
from podo.kernel import terminal
from podo.kernel.errors import PodoError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span as Made

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Value = str | int | float | bool

_HEADER = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 1
_PARTING = 3.0


@dataclass(frozen=True, slots=True)
class Point:
    """A span in a trace, by their ids (32 and 16 hex digits). `sampled`: somebody keeps this trace."""

    trace: str
    span: str
    sampled: bool

    def __str__(self) -> str:
        return f"00-{self.trace}-{self.span}-{'01' if self.sampled else '00'}"


def parse(traceparent: str | None) -> Point | None:
    """The point that a `traceparent` names; None when it names none."""
    found = _HEADER.fullmatch(traceparent.strip()) if traceparent else None
    if found is None:
        return None
    version, trace, span, flags, rest = found.groups()
    if version == "ff" or (version == "00" and rest) or not trace.strip("0") or not span.strip("0"):
        return None
    return Point(trace, span, bool(int(flags, 16) & _SAMPLED))


_here: ContextVar[Point | None] = ContextVar("trace_point", default=None)
_provider: TracerProvider | None = None


def here() -> Point | None:
    """Where in which trace we are."""
    return _here.get()


class Span:
    """What is being done. Without an exporter it takes facts and forgets them."""

    def __init__(self, point: Point, made: Made | None = None) -> None:
        self.point = point
        self._made = made

    def name(self, name: str) -> None:
        """Call it otherwise, where the name is known at the end only."""
        if self._made is not None:
            self._made.update_name(name)

    def note(self, **facts: Value | None) -> None:
        """Add facts; `__` in a name is a dot. What is None is left out."""
        if self._made is not None:
            self._made.set_attributes(_named(facts))

    def link(self, points: Iterable[Point]) -> None:
        """It follows from these, too: what follows from several at once lies under one of them, and leads to the others."""
        if self._made is not None:
            for point in points:
                self._made.add_link(_context(point))

    def failed(self, code: str) -> None:
        """It did not go well."""
        if self._made is not None:
            from opentelemetry.trace import Status, StatusCode

            self._made.set_status(Status(StatusCode.ERROR, code))

    def end(self) -> None:
        """It is over."""
        if self._made is not None:
            self._made.end()


@contextlib.contextmanager
def span(name: str, *, under: Point | None = None, kind: Kind = "internal", **facts: Value | None) -> Iterator[Span]:
    """Do something as a part of the trace: under `under`, else under where we are, else as the beginning of a trace."""
    made = _begun(name, under or _here.get(), kind, facts)
    token, shown = _here.set(made.point), terminal.trace_id.set(made.point.trace)
    try:
        yield made
    except BaseException as error:
        made.failed(error.code if isinstance(error, PodoError) else type(error).__name__)
        raise
    finally:
        made.end()
        _here.reset(token)
        terminal.trace_id.reset(shown)


@contextlib.contextmanager
def under(point: Point | None) -> Iterator[None]:
    """Be at `point` of a trace, without a span of one's own: what is begun inside goes on there. None: stay where we are."""
    if point is None:
        yield
        return
    token, shown = _here.set(point), terminal.trace_id.set(point.trace)
    try:
        yield
    finally:
        _here.reset(token)
        terminal.trace_id.reset(shown)


@contextlib.contextmanager
def within(name: str, *, kind: Kind = "internal", **facts: Value | None) -> Iterator[Span | None]:
    """As `span`, but only as a part of something: what nobody asked for begins no trace."""
    if _here.get() is None:
        yield None
        return
    with span(name, under=None, kind=kind, **facts) as made:
        yield made


def _begun(name: str, under: Point | None, kind: Kind, facts: Mapping[str, Value | None]) -> Span:
    if _provider is None:
        return Span(under or Point(os.urandom(16).hex(), os.urandom(8).hex(), False))
    from opentelemetry import trace

    context = trace.set_span_in_context(trace.NonRecordingSpan(_context(under)) if under else trace.INVALID_SPAN)
    tracer = _provider.get_tracer("podo", __version__)
    made = tracer.start_span(name, context, trace.SpanKind[kind.upper()], _named(facts))
    own = made.get_span_context()
    return Span(Point(f"{own.trace_id:032x}", f"{own.span_id:016x}", own.trace_flags.sampled), made)


def _context(point: Point) -> Any:
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(int(point.trace, 16), int(point.span, 16), is_remote=True, trace_flags=TraceFlags(int(point.sampled)))


def _named(facts: Mapping[str, Value | None]) -> dict[str, Value]:
    return {name.replace("__", "."): value for name, value in facts.items() if value is not None}


def begin(endpoint: str, headers: Mapping[str, str], ratio: float, process: str) -> None:
    """Export from now on to `endpoint`. Of the traces that begin here the share `ratio` is kept; who called decides on others."""
    global _provider  # noqa: PLW0603 - spans are made everywhere, and exported by the process
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    about = Resource.create({"service.name": "podo", "service.version": __version__, "service.instance.id": process})
    _provider = TracerProvider(ParentBased(TraceIdRatioBased(ratio)), about, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint, headers=dict(headers), timeout=_PARTING)
    _provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))


async def end() -> None:
    """Send what is left, for a few seconds at most, and export no more."""
    global _provider
    ending, _provider = _provider, None
    if ending is not None:
        await asyncio.to_thread(ending.shutdown)
