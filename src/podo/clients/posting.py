"""One POST to an address that somebody typed in: held to what its host was looked up as; no redirects, proxies or cookies."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from podo.clients.addresses import Resolve, is_near, resolve

_MOST_HEADER = 8190
# For what follows a status that has come already.
_PATIENCE = 1.0
# What every reader of addresses reads alike; names in other scripts are written as `xn--…`.
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")


class Forbidden(Exception):
    """The host is this machine, its link, or a cloud's metadata service."""


class Unknown(Exception):
    """Nobody knows the host."""


class Unanswered(Exception):
    """There was no answer. `word` says why: refused, late, cut, tls or odd."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's status, the first bytes of its body as they came, and its `Retry-After`."""

    status: int
    head: bytes
    retry_after: str


class Poster:
    """Posts, and waits `seconds` for a status. With `is_guarded`, near addresses are refused.

    `before_call` is called before each look-up; `trusts` replaces the authorities of this machine.
    """

    def __init__(
        self,
        *,
        seconds: float,
        is_guarded: bool = True,
        resolve: Resolve = resolve,
        before_call: Callable[[], None] = lambda: None,
        trusts: ssl.SSLContext | None = None,
    ) -> None:
        self._seconds = seconds
        self._is_guarded = is_guarded
        self._resolve = resolve
        self._before_call = before_call
        self._trusts = trusts

    async def look_up(self, address: str) -> Sequence[str]:
        """The addresses that a post would go to, one after another. Raises `Forbidden`, `Unknown`."""
        try:
            host = urlsplit(address).hostname or ""
        except ValueError:
            raise Unknown from None
        if not _HOST.fullmatch(host) or "@" in urlsplit(address).netloc or "\\" in address:
            raise Unknown
        self._before_call()
        try:
            async with asyncio.timeout(self._seconds):
                found = await self._resolve(host)
        except TimeoutError:
            raise Unknown from None
        if not found:
            raise Unknown
        if self._is_guarded and any(is_near(ipaddress.ip_address(one)) for one in found):
            raise Forbidden
        return found

    async def post(self, address: str, headers: Mapping[str, str], body: bytes, *, head: int) -> Answer:
        """Post once, and read at most `head` bytes of the answer. Raises `Forbidden`, `Unknown`, `Unanswered`."""
        try:
            async with asyncio.timeout(self._seconds) as limit:
                found = await self.look_up(address)
                async with self._answered(address, found, headers, body) as answer:
                    # Its status has come, and counts, however slowly the rest does.
                    limit.reschedule(None)
                    return Answer(answer.status, await _first(answer.content, head), answer.headers.get("retry-after", ""))
        except TimeoutError:
            raise Unanswered("late") from None
        except (aiohttp.ClientSSLError, ssl.SSLError):
            raise Unanswered("tls") from None
        except aiohttp.ClientConnectorError as error:
            raise Unanswered("refused" if error.os_error.errno == errno.ECONNREFUSED else "cut") from None
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError):
            raise Unanswered("cut") from None
        except (aiohttp.ClientError, ValueError, OSError):
            raise Unanswered("odd") from None

    @asynccontextmanager
    async def _answered(
        self, address: str, found: Sequence[str], headers: Mapping[str, str], body: bytes
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        connector = aiohttp.TCPConnector(resolver=_Held(found), use_dns_cache=False, force_close=True, ssl=self._tls, limit=1)
        async with (
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=None),
                max_line_size=_MOST_HEADER,
                max_field_size=_MOST_HEADER,
            ) as session,
            session.post(address, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            yield answer

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._trusts or ssl.create_default_context()


async def _first(stream: aiohttp.StreamReader, most: int) -> bytes:
    """The first bytes; what was said until it was cut counts, for the status has come."""
    found = b""
    with suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            while len(found) < most and (more := await stream.read(most - len(found))):
                found += more
    return found


class _Held(AbstractResolver):
    """Knows one answer for every host: what was looked up and checked."""

    def __init__(self, found: Sequence[str]) -> None:
        self._found = found

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        """Those addresses."""
        return [
            ResolveResult(
                hostname=host,
                host=one,
                port=port,
                family=socket.AF_INET6 if ":" in one else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for one in self._found
        ]

    async def close(self) -> None:
        """Nothing is open."""
