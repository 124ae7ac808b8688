"""A small proxy in front of a true API server, with which the wire fails as a test wants it to.

It speaks HTTP to the client and hands each request on as the cluster's administrator, unless one of its `faults` is for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp
from aiohttp import web

from podo.clients.kubernetes import local
from podo.clients.kubernetes.real import RealCluster, connect
from podo.clients.kubernetes.real.access import Access
from podo.clients.kubernetes.real.kubeconfig import read
from tests.contracts.cluster.servers import kubeconfig, status

Manner = Literal["refused", "answer", "lost", "half", "slow", "cut", "gone"]
_HOP = {"host", "authorization", "content-length", "transfer-encoding", "connection", "content-encoding", "accept-encoding"}


@dataclass
class Fault:
    """What happens to requests of `method` whose path fits `path` (a pattern), `times` often.

    - `refused`: the connection breaks before the request is handed on; `answer`: an answer of ours instead, with `code`
    - `lost`: it is handed on and done, and the connection breaks; `half`: it breaks in the midst of the answer
    - `slow`: `seconds` pass first; `cut`: a stream breaks after `after` lines; `gone`: it tells of 410 after them
    """

    manner: Manner
    method: str = ".*"
    path: str = ".*"
    times: int = 1
    code: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.5
    after: int = 1

    def is_for(self, request: web.Request) -> bool:
        """Whether it is for this request."""
        return self.times > 0 and bool(re.fullmatch(self.method, request.method) and re.search(self.path, request.path_qs))


class Proxy:
    """`handed_on` are the requests that reached the API server, as `PATCH /api/…`."""

    def __init__(self, to: Access, session: aiohttp.ClientSession) -> None:
        self.faults: list[Fault] = []
        self.handed_on: list[str] = []
        self._to = to
        self._session = session

    def add(self, manner: Manner, **how: Any) -> Fault:
        """Let it happen from now on."""
        fault = Fault(manner, **how)
        self.faults.append(fault)
        return fault

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        fault = next((fault for fault in self.faults if fault.is_for(request)), None)
        if fault is None:
            return await self._hand_on(request, None)
        fault.times -= 1
        match fault.manner:
            case "refused":
                return _broken(request)
            case "answer":
                return status(fault.code, "the fault of a test", **fault.headers)
            case "slow":
                await asyncio.sleep(fault.seconds)
        return await self._hand_on(request, fault)

    async def _hand_on(self, request: web.Request, fault: Fault | None) -> web.StreamResponse:
        self.handed_on.append(f"{request.method} {request.path}")
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        headers |= {"Accept-Encoding": "identity", **await self._to.headers()}
        url, body = self._to.server + request.path_qs, await request.read()
        async with self._session.request(request.method, url, headers=headers, data=body or None, ssl=self._to.ssl) as answer:
            try:
                if fault and fault.manner == "lost":
                    await answer.read()
                    return _broken(request)
                return await self._pass(request, answer, fault)
            finally:
                # What was not read to its end is broken off: TLS's farewell would wait for the API server, and outlive the loop.
                if (connection := answer.connection) and connection.transport:
                    connection.transport.abort()

    async def _pass(self, request: web.Request, answer: aiohttp.ClientResponse, fault: Fault | None) -> web.StreamResponse:
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
        response = web.StreamResponse(status=answer.status, headers=kept)
        await response.prepare(request)
        if fault and fault.manner == "half":
            whole = await answer.read()
            await response.write(whole[: len(whole) // 2])
            return _broken(request, response)
        lines = 0
        async for chunk in answer.content.iter_any():
            for line in chunk.splitlines(keepends=True):
                if fault and fault.manner in ("cut", "gone") and lines == fault.after:
                    if fault.manner == "gone":
                        await response.write(_GONE)
                        return response
                    return _broken(request, response)
                await response.write(line)
                lines += line.endswith(b"\n")
        return response


_GONE = (
    json.dumps(
        {
            "type": "ERROR",
            "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version: 1 (2)"},
        },
        separators=(",", ":"),
    ).encode()
    + b"\n"
)


def _broken(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    assert request.transport
    request.transport.abort()
    return response or web.Response()


@contextlib.asynccontextmanager
async def before(cluster: local.LocalCluster, **options: Any) -> AsyncIterator[tuple[Proxy, RealCluster]]:
    """A proxy before the API server of `cluster`, and a client that reaches it so and no other way."""
    access = read(cluster.kubeconfig, None, None)
    async with aiohttp.ClientSession() as session:
        proxy = Proxy(access, session)
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{path:.*}", proxy.handle)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        client = connect(kubeconfig(f"http://127.0.0.1:{runner.addresses[0][1]}"), name="proxied", **options)
        try:
            yield proxy, client
        finally:
            await client.close()
            await runner.cleanup()
            # A connection that was broken off is closed by the loop, when it comes to it.
            await asyncio.sleep(0)
