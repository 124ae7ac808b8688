"""GCP over HTTP on this machine: the asset inventory and the label calls of services, held to the vendor's discovery documents.

A path, parameter or field that the documents do not know is answered with 400 and noted in `unknown`. What the documents do not
say (that a stale fingerprint is 412 at Compute, that a null in a patch removes a label) is from its guides, and was tried
on no real project.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from podo.clients.gcp import KINDS, Kind, Manner, path_of

FACTS: dict[str, Any] = json.loads((Path(__file__).parent / "facts.json").read_text())
# Of every method (discovery's common parameters).
_COMMON = {"alt", "$alt", "key", "prettyPrint", "fields", "access_token", "quotaUser", "uploadType", "userIp"}
_PAGE = 100


@dataclass(frozen=True)
class Known:
    """A method of the documents."""

    id: str
    host: str
    verb: str
    path: re.Pattern[str]
    query: frozenset[str]
    request: Mapping[str, Any]
    answer: Mapping[str, Any]


def _known() -> list[Known]:
    found: list[Known] = []
    for document in FACTS.values():
        for id_, method in document["methods"].items():
            pattern = re.sub(r"\\\{\w+\\\}", "[^/:]+", re.escape(method["path"]))
            facts = (method["request"], method["answer"])
            found.append(Known(id_, document["host"], method["verb"], re.compile(pattern), frozenset(method["query"]), *facts))
    return found


@dataclass
class Held:
    """A resource: its type, labels and the number of its last change."""

    kind: str
    labels: dict[str, str]
    version: int = 1


@dataclass
class Fault:
    """What happens to calls whose path holds `path` (after the first `after`), `times` often: `status`, or the connection breaks.

    `manner`: `answer` before it is carried out, `lost` after, `half` in the midst of the answer; `other`: somebody else writes
    first.
    """

    path: str
    manner: str = "answer"
    status: int = 503
    times: int = 1
    after: int = 0


@dataclass
class GcpTwin:
    """`held` by full name; `unknown` what the documents do not know; `under_way` the most calls at once; `searches` how many."""

    held: dict[str, Held] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    port: int = 0
    known: list[Known] = field(default_factory=_known)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def put(self, kind: str, name: str, labels: Mapping[str, str] | None = None) -> None:
        """This is there from now on."""
        self.held[name] = Held(kind, dict(labels or {}))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One call."""
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(0.002)
            return await self._serve(request)
        finally:
            self.under_way -= 1

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        host, _, path = request.path.lstrip("/").partition("/")
        if ":searchAllResources" in request.path:
            host, path = "cloudasset.googleapis.com", request.path.lstrip("/")
        self.calls.append(f"{request.method} {host}/{path}")
        body = await request.json() if request.can_read_body and request.method != "GET" else {}
        if (method := self._method(request, host, path, body)) is None:
            return _error(400, f"the documents do not know {self.unknown[-1]}")
        fault = next((f for f in self.faults if f.times > 0 and f.path in f"{host}/{path}"), None)
        if fault and fault.after > 0:
            fault.after -= 1
            fault = None
        if fault:
            fault.times -= 1
            if fault.manner == "answer":
                return _error(fault.status, "as the test wants it")
        status, answer = self._carried_out(method, request, host, path, body, stale=bool(fault and fault.manner == "other"))
        content = json.dumps(answer).encode()
        if fault and fault.manner in ("lost", "half"):
            response = web.StreamResponse(status=status, headers={"Content-Length": str(len(content))})
            if fault.manner == "half":
                await response.prepare(request)
                await response.write(content[: len(content) // 2])
            if request.transport is not None:
                request.transport.abort()
            return response
        return web.Response(status=status, body=content, content_type="application/json")

    def _method(self, request: web.Request, host: str, path: str, body: Mapping[str, Any]) -> Known | None:
        """The method that this is, when all of it is known."""
        found = next((k for k in self.known if k.host == host and k.verb == request.method and k.path.fullmatch(path)), None)
        if found is None:
            self.unknown.append(f"{request.method} {host}/{path}")
            return None
        strange = [f"?{name}" for name in request.query if name not in found.query | _COMMON]
        strange += _strange(body, found.request)
        if strange:
            self.unknown.append(f"{', '.join(strange)} of {found.id}")
            return None
        return found

    def _carried_out(
        self, method: Known, request: web.Request, host: str, path: str, body: dict[str, Any], *, stale: bool
    ) -> tuple[int, dict[str, Any]]:
        if method.id == "cloudasset.searchAllResources":
            return 200, self._searched(request)
        name = next((n for n, held in self.held.items() if _is_about(n, held, host, path)), None)
        if name is None:
            return 404, {"error": {"code": 404, "message": "notFound"}}
        held, kind = self.held[name], KINDS[self.held[name].kind]
        if stale:
            held.version += 1
        if request.method == "GET":
            return 200, _shown(kind, held)
        if (wrong := _is_stale(kind, held, request, body)) is not None:
            return wrong, {"error": {"code": wrong, "message": "conditionNotMet"}}
        held.labels = _labelled(kind, held, body)
        held.version += 1
        return 200, {"name": "operation-1"}

    def _searched(self, request: web.Request) -> dict[str, Any]:
        first = int(request.query.get("pageToken") or 0)
        size = min(int(request.query.get("pageSize") or _PAGE), _PAGE)
        names = sorted(self.held)
        results = [
            {
                "name": n,
                "assetType": self.held[n].kind,
                "displayName": n.rpartition("/")[2],
                "location": "asia-northeast3",
                "labels": self.held[n].labels,
                "createTime": "2026-01-02T03:04:05Z",
            }
            for n in names[first : first + size]
        ]
        more = {"nextPageToken": str(first + size)} if first + size < len(names) else {}
        return {"results": results, **more}


def _strange(body: Mapping[str, Any], fields: Mapping[str, Any]) -> list[str]:
    """Names in a body that the documents do not know; what they do not go into is not looked into."""
    found = [name for name in body if name not in fields]
    for name, inner in body.items():
        if fields.get(name) and isinstance(inner, Mapping):
            found += [f"{name}.{strange}" for strange in _strange(inner, fields[name])]
    return found


def _is_about(name: str, held: Held, host: str, path: str) -> bool:
    kind = KINDS.get(held.kind)
    return kind is not None and kind.host == host and path in (path_of(kind, name), path_of(kind, name) + kind.post)


def _shown(kind: Kind, held: Held) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for way, value in ((kind.labels, held.labels), (kind.mark, str(held.version))):
        *before, last = way.split("/")
        into = made
        for step in before:
            into = into.setdefault(step, {})
        if last:
            into[last] = value
    return made


def _is_stale(kind: Kind, held: Held, request: web.Request, body: Mapping[str, Any]) -> int | None:
    """The status for who wrote with an old mark; Compute and the JSON APIs say 412."""
    now = str(held.version)
    if kind.condition == "If-Match":
        return None if request.headers.get("If-Match") == now else 412
    if kind.condition:
        return None if request.query.get(kind.condition) == now else 412
    if kind.mark:
        value: Any = body
        for step in kind.mark.split("/"):
            value = value.get(step, {})
        return None if value == now else 412
    return None


def _labelled(kind: Kind, held: Held, body: Mapping[str, Any]) -> dict[str, str]:
    if kind.manner is Manner.set:
        return dict(body[kind.labels])
    if kind.manner is Manner.mask:
        return dict((body[kind.wrap] if kind.wrap else body)["labels"])
    value: Any = body
    for step in kind.labels.split("/"):
        value = value[step]
    return {key: text for key, text in {**held.labels, **value}.items() if text is not None}


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"code": status, "message": message}}, status=status)


@contextlib.asynccontextmanager
async def twin() -> AsyncIterator[GcpTwin]:
    """It listens while one is inside; at its end all that was asked was known to the documents."""
    made = GcpTwin()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", made.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.port = runner.addresses[0][1]
    try:
        yield made
    finally:
        await runner.cleanup()
    assert made.unknown == []


NAMES = {
    "compute.googleapis.com/Instance": "//compute.googleapis.com/projects/podo-test/zones/asia-northeast3-a/instances/grape",
    "compute.googleapis.com/Disk": "//compute.googleapis.com/projects/podo-test/zones/asia-northeast3-a/disks/grape",
    "compute.googleapis.com/Snapshot": "//compute.googleapis.com/projects/podo-test/global/snapshots/grape",
    "compute.googleapis.com/Image": "//compute.googleapis.com/projects/podo-test/global/images/grape",
    "compute.googleapis.com/Address": "//compute.googleapis.com/projects/podo-test/regions/asia-northeast3/addresses/grape",
    "compute.googleapis.com/GlobalAddress": "//compute.googleapis.com/projects/podo-test/global/addresses/grape",
    "compute.googleapis.com/ForwardingRule": "//compute.googleapis.com/projects/podo-test/regions/us-east1/forwardingRules/g",
    "compute.googleapis.com/GlobalForwardingRule": "//compute.googleapis.com/projects/podo-test/global/forwardingRules/g",
    "storage.googleapis.com/Bucket": "//storage.googleapis.com/grape-bucket",
    "sqladmin.googleapis.com/Instance": "//cloudsql.googleapis.com/projects/podo-test/instances/grape",
    "redis.googleapis.com/Instance": "//redis.googleapis.com/projects/podo-test/locations/asia-northeast3/instances/grape",
    "pubsub.googleapis.com/Topic": "//pubsub.googleapis.com/projects/podo-test/topics/grape",
    "pubsub.googleapis.com/Subscription": "//pubsub.googleapis.com/projects/podo-test/subscriptions/grape",
    "bigquery.googleapis.com/Dataset": "//bigquery.googleapis.com/projects/podo-test/datasets/grape",
    "container.googleapis.com/Cluster": "//container.googleapis.com/projects/podo-test/zones/asia-northeast3-a/clusters/grape",
}
