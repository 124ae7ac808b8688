"""HTTP to an API server: one call, one stream, one websocket; every failure as one of our errors."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import msgspec

from podo.clients.kubernetes import errors
from podo.clients.kubernetes.client import BeforeCall
from podo.clients.kubernetes.real.access import Access
from podo.clients.kubernetes.types import Ref
from podo.kernel import traces
from podo.kernel.clock import monotonic
from podo.kernel.errors import PodoError

CONNECT_SECONDS = 10.0
_AT_ONCE = 64
_LINE = 1 << 27
_CLOSE_SECONDS = 2.0
_FAILURES = (aiohttp.ClientError, OSError, TimeoutError)
# A connection that was closed between two reads is a RuntimeError to aiohttp.
_CUTS = (*_FAILURES, RuntimeError)

T = TypeVar("T")
Decode = Callable[[bytes | bytearray], T]
# Pairs where a name comes more than once.
Params = Mapping[str, str] | Sequence[tuple[str, str]]


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
        session, self._session = self._session, None
        if session is None:
            return
        if isinstance(session.connector, aiohttp.TCPConnector):
            # Not with the farewell of TLS, which waits for the other side.
            await session.connector.close(abort_ssl=True)
        await session.close()

    # Calls

    async def call(self, call: Call, decode: Decode[T]) -> T:
        """What `decode` makes of a successful answer."""
        with self._failures():
            async with asyncio.timeout(self._timeout):
                body = await self._patiently(call)
        return self.decoded(decode, body)

    async def header(self, call: Call, name: str) -> str | None:
        """A header of a successful answer, whose body is left alone."""
        with self._failures():
            async with asyncio.timeout(self._timeout), self._gate:
                with _held(await self._answer(call)) as response:
                    return response.headers.get(name)

    def decoded(self, decode: Decode[T], body: bytes | bytearray) -> T:
        """`body` decoded. What is not as an API server writes it came from somebody else, or was cut: `Unreachable`."""
        try:
            return decode(body)
        except msgspec.DecodeError:
            raise errors.unreachable(self.access.name, "its answer is not that of an API server") from None

    async def _patiently(self, call: Call) -> bytearray:
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

    async def _once(self, call: Call) -> bytearray:
        body = bytearray()
        async with self._gate:
            with _held(await self._answer(call)) as response:
                # `read` would hold a long list twice for a moment.
                async for chunk in response.content.iter_any():
                    body += chunk
        return body

    async def _answer(self, call: Call, *, silence: float | None = None) -> aiohttp.ClientResponse:
        """A successful answer whose body is still to be read, or the error that it means."""
        for may_renew in (True, False):
            response = await self._send(call, silence)
            if 200 <= response.status < 300:
                return response
            with _held(response):
                body = await response.read()
            if response.status != 401 or not may_renew or not self.access.forget():
                raise self._error(call, response, body)
        raise AssertionError("the second refusal is raised")

    async def _send(self, call: Call, silence: float | None) -> aiohttp.ClientResponse:
        if self._before_call:
            self._before_call()
        headers = {"Accept": call.accept, **await self.access.headers()}
        if call.body is not None:
            headers["Content-Type"] = call.type
        if (point := traces.here()) is not None and point.sampled:
            headers["traceparent"] = str(point)
        return await self._open().request(
            call.method,
            self.access.server + call.path,
            params=call.params,
            data=call.body,
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=silence),
            allow_redirects=False,
            proxy=self.access.proxy,
            server_hostname=self.access.server_hostname,
        )

    def _open(self) -> aiohttp.ClientSession:
        if self._closed:
            raise errors.unreachable(self.access.name, "the client is closed")
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, ssl=self.access.ssl, socket_factory=_socket)
            traces = aiohttp.TraceConfig()
            traces.on_request_redirect.append(_refuse_redirect)
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[traces],
                middlewares=[_send_changes_once],
                read_bufsize=1 << 18,
            )
        return self._session

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except _FAILURES as error:
            why = "the client is closed" if self._closed else _why(error)
            raise errors.unreachable(self.access.name, why) from None

    def _error(self, call: Call, response: aiohttp.ClientResponse, body: bytes) -> PodoError:
        if response.status < 400:
            return errors.unreachable(self.access.name, f"it answers {response.status}, which no API server does")
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
        """The lines of an answer as they come. `silence` is how many seconds may pass without a byte; None: any number.

        The answer itself must begin within the time of a call, unless it may be silent for any time.
        """
        with self._failures():
            async with asyncio.timeout(None if silence is None else self._timeout):
                response = await self._answer(call, silence=silence)
        with _held(response):
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
            except _CUTS as error:
                if self._closed:
                    return
                raise errors.cut(self.access.name, _why(error)) from None
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
    async def websocket(self, call: Call, protocols: tuple[str, ...]) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A websocket."""
        try:
            async with await self._shake_hands(call, protocols) as socket:
                yield socket
        except _FAILURES as error:
            raise errors.unreachable(self.access.name, _why(error)) from None

    async def _shake_hands(self, call: Call, protocols: tuple[str, ...]) -> aiohttp.ClientWebSocketResponse:
        for may_renew in (True, False):
            if self._before_call:
                self._before_call()
            try:
                return await self._open().ws_connect(
                    self.access.server + call.path,
                    protocols=protocols,
                    params=call.params,
                    headers=await self.access.headers(),
                    proxy=self.access.proxy,
                    server_hostname=self.access.server_hostname,
                    max_msg_size=0,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_SECONDS),  # pyright: ignore[reportCallIssue] - an attrs class
                )
            except aiohttp.WSServerHandshakeError as error:
                if error.status != 401 or not may_renew or not self.access.forget():
                    raise await self._refused_hand(call, error.status) from None
        raise AssertionError("the second refusal is raised")

    async def _refused_hand(self, call: Call, code: int) -> PodoError:
        """Why. aiohttp reads no text of it; the same call without a handshake is refused alike, and runs nothing."""
        try:
            with _held(await self._answer(call)):
                return errors.unreachable(self.access.name, f"it answers {code} to a websocket")
        except errors.InvalidManifest as refusal:
            if "pgrade request required" not in str(refusal.data["message"]):
                return refusal
            return errors.unreachable(self.access.name, f"it answers {code} to a websocket")
        except PodoError as refusal:
            return refusal


@contextlib.contextmanager
def _held(response: aiohttp.ClientResponse) -> Iterator[aiohttp.ClientResponse]:
    """An answer, given back when it was read to its end; else its connection is broken off, not ended in TLS's good manners."""
    try:
        yield response
    finally:
        if (connection := response.connection) and connection.transport:
            connection.transport.abort()
        response.close()


async def _send_changes_once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """After a lost answer a DELETE would be sent again, and by then it may be another object that has the name."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method == "GET":
            raise
        raise aiohttp.ClientConnectionError(_why(error)) from None


async def _refuse_redirect(_: object, __: object, params: aiohttp.TraceRequestRedirectParams) -> None:
    """A redirect could take our credentials elsewhere, and aiohttp follows those of a websocket."""
    params.response.close()
    raise aiohttp.ClientError(f"it answers {params.response.status}, which no API server does")


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
    return float(header) if header and header.isdecimal() else None
