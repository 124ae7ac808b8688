"""Moto's server behind a proxy of ours that fails as a test wants, and that corrects moto where it is wrong.

What moto 5.2 gets wrong, against AWS's API reference (the service models that botocore ships say the same):

- `tag_resources` and `untag_resources` take any number of ARNs and tags; AWS takes 20 and 50 (`ResourceARNListForTagUntag`).
- `get_resources` takes a list of ARNs together with pages or filters; AWS says InvalidParameterException.
- An ARN of nothing is tagged without a word, or breaks the whole call; AWS tells it in `FailedResourcesMap`.
- A resource whose last tag was removed is not listed any more; AWS goes on listing it, with no tags.
- A resource takes more than 50 tags; AWS does not.
- A kind that it cannot tag is `InternalServiceException` with 404, "Service not yet supported".
- It knows no serverless caches: the plane says that there are none.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp
from aiohttp import web
from moto.server import ThreadedMotoServer

Manner = Literal["answer", "refused", "lost", "half"]
_HOP = {"host", "content-length", "transfer-encoding", "connection", "content-encoding", "accept-encoding", "expect"}
_NO_CACHES = """<DescribeServerlessCachesResponse xmlns="http://elasticache.amazonaws.com/doc/2015-02-02/">
<DescribeServerlessCachesResult><ServerlessCaches/></DescribeServerlessCachesResult></DescribeServerlessCachesResponse>"""


@dataclass
class Fault:
    """What happens to calls that `speaks` (their target, path or body) after the first `after`, `times` often.

    - `answer`: an answer of ours with `status`, `code` and `message`; `refused`: the connection breaks before it is handed on
    - `lost`: it is handed on and done, and the connection breaks; `half`: it breaks in the midst of the answer
    """

    manner: Manner
    speaks: str
    times: int = 1
    after: int = 0
    status: int = 400
    code: str = "ThrottledException"
    message: str = "Rate exceeded"


@dataclass
class Said:
    """What `FailedResourcesMap` says of an ARN, `times` often; the ARN is then not tagged."""

    status: int
    code: str
    message: str
    times: int = 1


@dataclass
class Plane:
    """`calls` are all that came, as `(target or action, body)`; `failing` are ARNs by what is said of them."""

    to: str
    session: aiohttp.ClientSession
    port: int = 0
    faults: list[Fault] = field(default_factory=list)
    failing: dict[str, Said] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    calls: list[tuple[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def tag_calls(self) -> int:
        """How many calls wrote tags."""
        return sum(name in ("TagResources", "UntagResources") for name, _ in self.calls)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One call."""
        body = await request.read()
        name, text = _name(request, body), body.decode(errors="replace")
        self.calls.append((name, text))
        about = f"{name} {request.path_qs} {text}"
        fault = next((f for f in self.faults if f.times > 0 and f.speaks in about), None)
        if fault and fault.after > 0:
            fault.after -= 1
            fault = None
        if fault:
            fault.times -= 1
        if fault and fault.manner == "answer":
            return _answer(request, fault)
        if fault and fault.manner == "refused":
            return _cut(request)
        if name == "DescribeServerlessCaches":
            return web.Response(text=_NO_CACHES, content_type="text/xml")
        status, headers, content = await self._handed_on(request, name, body)
        if fault and fault.manner == "lost":
            return _cut(request)
        if fault:
            # The half of an answer, and the end of the connection.
            response = web.StreamResponse(status=status, headers={**headers, "Content-Length": str(len(content))})
            await response.prepare(request)
            await response.write(content[: len(content) // 2])
            return _cut(request)
        return web.Response(status=status, headers=headers, body=content)

    async def _handed_on(self, request: web.Request, name: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        failed: dict[str, Any] = {}
        if name in ("TagResources", "UntagResources"):
            wanted = json.loads(body)
            if wrong := _over(wanted):
                return wrong
            failed = {arn: said for arn in wanted["ResourceARNList"] if (said := self._failure(arn))}
            wanted["ResourceARNList"] = [arn for arn in wanted["ResourceARNList"] if arn not in failed]
            body = json.dumps(wanted).encode()
            if not wanted["ResourceARNList"]:
                return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps({"FailedResourcesMap": failed}).encode()
        if name == "GetResources" and _asked_wrongly(json.loads(body)):
            return _wrong("a list of ARNs goes with neither filters nor pages")
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP}
        async with self.session.request(request.method, self.to + request.path_qs, data=body, headers=headers) as answer:
            content = await answer.read()
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP}
            if failed and answer.status == 200:
                content = json.dumps({"FailedResourcesMap": {**json.loads(content)["FailedResourcesMap"], **failed}}).encode()
            return answer.status, kept, content

    def _failure(self, arn: str) -> dict[str, Any] | None:
        if arn in self.gone:
            return _failure(404, "ResourceNotFoundException", "The resource does not exist")
        said = self.failing.get(arn)
        if said is None or said.times <= 0:
            return None
        said.times -= 1
        return _failure(said.status, said.code, said.message)


def _failure(status: int, code: str, message: str) -> dict[str, Any]:
    return {"StatusCode": status, "ErrorCode": code, "ErrorMessage": message}


def _over(wanted: Mapping[str, Any]) -> tuple[int, dict[str, str], bytes] | None:
    keys = wanted.get("Tags") or wanted.get("TagKeys") or []
    if not 1 <= len(wanted["ResourceARNList"]) <= 20 or not 1 <= len(keys) <= 50:
        return _wrong("1 to 20 ARNs and 1 to 50 tags")
    return None


def _asked_wrongly(wanted: Mapping[str, Any]) -> bool:
    others = {"ResourcesPerPage", "TagsPerPage", "PaginationToken", "TagFilters", "ResourceTypeFilters"}
    return bool(wanted.get("ResourceARNList")) and bool(others & wanted.keys())


def _wrong(message: str) -> tuple[int, dict[str, str], bytes]:
    said = {"__type": "InvalidParameterException", "message": message}
    return 400, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(said).encode()


def _name(request: web.Request, body: bytes) -> str:
    if target := request.headers.get("X-Amz-Target"):
        return target.rpartition(".")[2]
    if body.startswith(b"Action="):
        return body.decode().partition("&")[0].removeprefix("Action=")
    return f"{request.method} {request.path}"


def _answer(request: web.Request, fault: Fault) -> web.Response:
    """In the protocol of who asks: JSON where a target was named, else XML."""
    if "X-Amz-Target" in request.headers:
        said = {"__type": fault.code, "message": fault.message, "Message": fault.message}
        return web.json_response(said, status=fault.status, content_type="application/x-amz-json-1.1")
    xml = f"<ErrorResponse><Error><Code>{fault.code}</Code><Message>{fault.message}</Message></Error></ErrorResponse>"
    return web.Response(status=fault.status, text=xml, content_type="text/xml")


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


@contextlib.contextmanager
def moto() -> Iterator[str]:
    """The address of moto's server, in a thread of this process."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextlib.asynccontextmanager
async def plane(to: str) -> AsyncIterator[Plane]:
    """A plane in front of `to`, whose state is empty."""
    async with aiohttp.ClientSession(auto_decompress=True) as session:
        async with session.post(f"{to}/moto-api/reset"):
            pass
        made = Plane(to, session)
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{rest:.*}", made.serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        made.port = runner.addresses[0][1]
        try:
            yield made
        finally:
            await runner.cleanup()


async def in_thread(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """boto3 of the tests' own, which set things up, off the loop that serves the plane."""
    return await asyncio.to_thread(call, *args, **kwargs)
