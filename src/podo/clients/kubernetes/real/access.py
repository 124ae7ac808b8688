"""Where a cluster is, how it is trusted, and what proves at each call who we are."""

from __future__ import annotations

import asyncio
import base64
import ssl
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from podo.kernel import clock

# A service account's token is exchanged by the kubelet long before it ends.
_TOKEN_FILE_AGE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Login:
    """At most one of a token, a file that holds one (and gets a new one now and then), a name with a password."""

    token: str = field(default="", repr=False)
    token_file: Path | None = None
    name_and_password: tuple[str, str] | None = field(default=None, repr=False)


@dataclass(slots=True)
class Access:
    """The address, how to trust it (`ssl`, which may hold a certificate of ours), and how to be known there."""

    name: str
    server: str
    ssl: ssl.SSLContext | bool
    login: Login
    proxy: str | None = field(default=None, repr=False)
    server_hostname: str | None = None
    _token: str = field(default="", repr=False)
    _until: datetime | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def headers(self) -> dict[str, str]:
        """What proves who we are. Raises OSError when the token's file cannot be read."""
        login = self.login
        if login.token_file:
            return _bearer(await self._fresh(login.token_file))
        if login.name_and_password:
            both = base64.b64encode(":".join(login.name_and_password).encode()).decode()
            return {"Authorization": f"Basic {both}"}
        return _bearer(login.token)

    def forget(self) -> bool:
        """The server did not know us: read the token anew next time. False when there is no other to be had."""
        self._until = None
        return self.login.token_file is not None

    async def _fresh(self, file: Path) -> str:
        async with self._lock:
            if self._until is None or clock.now() >= self._until:
                self._token = "".join((await asyncio.to_thread(file.read_text)).split())
                self._until = clock.now() + _TOKEN_FILE_AGE
            return self._token


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
