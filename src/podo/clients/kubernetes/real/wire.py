"""HTTP to an API server: one call, one stream, one websocket; every failure as one of our errors."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec

from podo.clients.kubernetes import errors
from podo.clients.kubernetes.client import BeforeCall
from podo.clients.kubernetes.real.access import Access
from podo.clients.kubernetes.types import Ref
from podo.kernel.clock import monotonic
from podo.kernel.errors import PodoError

CONNECT_SECONDS = 10.0
_AT_ONCE = 64
_LINE = 1 << 27
_FAILURES = (aiohttp.ClientError, OSError, TimeoutError)

Params = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `about` stands in errors."""

    method: str
    path: str
    about: Ref
    params: Params | None = None
    body: bytes | None = None
    type: str = "application/json"
    accept: str = "application/json"


class Wire:
    """Connections to one API server. `timeout` is for a whole call; `patience` how long a call waits when told to come later."""

    def __init__(self, access: Access, *, timeout: float, patience: float, before_call: BeforeCall | None) -> None:
        self.access = access
        self._timeout = timeout
        self._patience = patience
        self._before_call = before_call
        self._session: aiohttp.ClientSession | None = None
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._closed = False

    async def close(self) -> None:
        """Close all connections; streams end without an error."""
        self._closed = True
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    # Calls

    async def call(self, call: Call) -> bytes:
        """The body of a successful answer."""
        until = monotonic() + min(self._patience, self._timeout)
        while True:
            try:
                return await self._once(call)
            except errors.Throttled as error:
                # What the server asks for: it has done nothing yet.
                wait = max(0.05, float(error.data["after"]))
                if monotonic() + wait > until:
                    raise
                await asyncio.sleep(wait)

    async def _once(self, call: Call, *, again: bool = True) -> bytes:
        async with self._gate:
            timeout = aiohttp.ClientTimeout(total=self._timeout, sock_connect=CONNECT_SECONDS)
            with self._failures():
                async with await self._send(call, timeout) as response:
                    body = await response.read()
        if response.status < 400:
            return body
        if response.status == 401 and again and self.access.forget():
            return await self._once(call, again=False)
        raise self._error(call, response, body)

    async def _send(self, call: Call, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:
        if self._before_call:
            self._before_call()
        headers = {"Accept": call.accept, **await self.access.headers()}
        if call.body is not None:
            headers["Content-Type"] = call.type
        return await self._open().request(
            call.method,
            self.access.server + call.path,
            params=call.params,
            data=call.body,
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
            proxy=self.access.proxy,
            server_hostname=self.access.server_hostname,
        )

    def _open(self) -> aiohttp.ClientSession:
        if self._closed:
            raise errors.unreachable(self.access.name, "the client is closed")
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, ssl=self.access.ssl, socket_factory=_socket)
            self._session = aiohttp.ClientSession(connector=connector, read_bufsize=1 << 18)
        return self._session

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except _FAILURES as error:
            if self._closed:
                raise errors.unreachable(self.access.name, "the client is closed") from None
            raise errors.unreachable(self.access.name, _why(error)) from None

    def _error(self, call: Call, response: aiohttp.ClientResponse, body: bytes) -> PodoError:
        return errors.from_status(
            _status(body),
            code=response.status,
            cluster=self.access.name,
            kind=call.about.kind,
            name=call.about.name,
            namespace=call.about.namespace,
            after=_seconds(response.headers.get("Retry-After")),
        )

    # Streams

    async def lines(self, call: Call, *, silence: float | None) -> AsyncGenerator[bytes, None]:
        """The lines of an answer as they come. `silence` is how many seconds may pass without a byte; None: any number."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=silence)
        with self._failures():
            response = await self._send(call, timeout)
        async with response:
            if response.status >= 400:
                with self._failures():
                    body = await response.read()
                if response.status == 401:
                    self.access.forget()
                raise self._error(call, response, body)
            async with contextlib.aclosing(self._split(response)) as lines:
                async for line in lines:
                    yield line

    async def _split(self, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
        rest = bytearray()
        chunks = response.content.iter_any()
        while True:
            try:
                chunk = await anext(chunks)
            except StopAsyncIteration:
                break
            except _FAILURES as error:
                if self._closed:
                    return
                raise errors.unreachable(self.access.name, _why(error)) from None
            if b"\n" not in chunk:
                rest += chunk
                if len(rest) > _LINE:
                    raise errors.unreachable(self.access.name, "a line without end")
                continue
            first, *middle = chunk.split(b"\n")
            yield bytes(rest + first)
            rest = bytearray(middle.pop())
            for line in middle:
                yield line
        if rest:
            yield bytes(rest)

    @contextlib.asynccontextmanager
    async def websocket(
        self, call: Call, protocols: tuple[str, ...], params: Sequence[tuple[str, str]]
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A websocket. A refusal of the handshake bears the code and no text, for aiohttp reads none."""
        if self._before_call:
            self._before_call()
        url = self.access.server + call.path
        try:
            async with self._open().ws_connect(
                url,
                protocols=protocols,
                params=params,
                headers=await self.access.headers(),
                proxy=self.access.proxy,
                server_hostname=self.access.server_hostname,
                max_msg_size=0,
            ) as socket:
                yield socket
        except aiohttp.WSServerHandshakeError as error:
            raise errors.from_status(
                {"message": error.message},
                code=error.status,
                cluster=self.access.name,
                kind=call.about.kind,
                name=call.about.name,
                namespace=call.about.namespace,
            ) from None
        except _FAILURES as error:
            raise errors.unreachable(self.access.name, _why(error)) from None


def _socket(address: Any) -> socket.socket:
    """A socket whose silent death is noticed within a minute, for streams may be silent for long."""
    family, type, protocol, _, _ = address
    made = socket.socket(family=family, type=type, proto=protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return made


def _why(error: BaseException) -> str:
    return "it took too long" if isinstance(error, TimeoutError) else str(error) or type(error).__name__


def _status(body: bytes) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {"message": body.decode(errors="replace").strip()[:500]}
    return found if isinstance(found, dict) else {}


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.replace(".", "", 1).isdigit() else None
