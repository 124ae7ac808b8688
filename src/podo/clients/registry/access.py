"""How a registry is told who asks: by Basic, or by a token from the place that it names."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from podo.clients.registry.errors import RegistryBroken, RegistryRefused
from podo.clients.registry.types import Login
from podo.kernel import clock

_SCHEME = re.compile(r"\s*(?P<scheme>[A-Za-z]+)\s+(?P<rest>.*)", re.DOTALL)
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
# A token is not used in its last seconds: it could end on the way.
_MARGIN = 5.0
_LEAST = 60.0
_MOST = 1 << 20


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a registry answers to who is not known: the scheme (small letters) and its parameters."""

    scheme: str
    realm: str = ""
    service: str = ""
    scope: str = ""


def challenge(header: str) -> Challenge:
    """Read a `WWW-Authenticate` header."""
    found = _SCHEME.match(header)
    if not found:
        return Challenge("")
    named = dict(_PARAMETER.findall(found["rest"]))
    return Challenge(found["scheme"].lower(), named.get("realm", ""), named.get("service", ""), named.get("scope", ""))


class Tokens:
    """Bearer tokens, kept until they end. `secure` says whether a host may be asked without TLS (loopback and the like)."""

    def __init__(self, logins: dict[str, Login], insecure: frozenset[str]) -> None:
        self._logins = logins
        self._insecure = insecure
        self._kept: dict[tuple[str, str], tuple[str, float]] = {}
        self._busy = asyncio.Lock()

    def known(self, host: str, scope: str) -> str | None:
        """The `Authorization` header that worked last for this scope."""
        value, until = self._kept.get((host, scope), ("", 0.0))
        return value if until > clock.monotonic() else None

    async def answer(self, session: aiohttp.ClientSession, host: str, image: str, scope: str, asked: Challenge) -> str:
        """The `Authorization` header that answers a challenge. Raises `RegistryRefused`, `RegistryBroken`."""
        login = self._logins.get(host)
        match asked.scheme:
            case "basic" if login:
                value, lasts = aiohttp.encode_basic_auth(login.user, login.secret), 3600.0
            case "basic":
                raise RegistryRefused(host=host, image=image, why="it wants a login, and Podo has none for it")
            case "bearer":
                async with self._busy:
                    value, lasts = await self._token(session, host, image, asked, login)
            case _:
                raise RegistryBroken(host=host, why=f"it wants a way of signing in that is not known ({asked.scheme or 'none'})")
        self._kept[host, scope] = value, clock.monotonic() + lasts - _MARGIN
        return value

    def forget(self, host: str, scope: str) -> None:
        """Do not use again what was just refused."""
        self._kept.pop((host, scope), None)

    async def _token(
        self, session: aiohttp.ClientSession, host: str, image: str, asked: Challenge, login: Login | None
    ) -> tuple[str, float]:
        place = urlsplit(asked.realm)
        if place.scheme != "https" and not (place.scheme == "http" and place.netloc in self._insecure | {host}):
            raise RegistryBroken(host=host, why="it sends Podo for a token to a place without TLS")
        headers = {"Authorization": aiohttp.encode_basic_auth(login.user, login.secret)} if login else {}
        query = {name: value for name, value in (("service", asked.service), ("scope", asked.scope)) if value}
        async with session.get(asked.realm, params=query, headers=headers, allow_redirects=False) as response:
            if response.status in {400, 401, 403}:
                raise RegistryRefused(host=host, image=image, why="its token service does not know the login")
            response.raise_for_status()
            told = _object(await read(response, _MOST) or b"")
        token = told.get("token") or told.get("access_token")
        if not isinstance(token, str) or not token.isprintable():
            raise RegistryBroken(host=host, why="its token service gave no token")
        return f"Bearer {token}", max(float(told.get("expires_in") or _LEAST), _LEAST)


async def read(response: aiohttp.ClientResponse, most: int) -> bytes | None:
    """The body, None where it is more than `most` bytes."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(1 << 16):
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
