"""A company whose people sign in with many issuers, all of them hostile; and browsers on their way to those and back."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from podo.kernel.http.web import COOKIE
from tests.company import company
from tests.houses import Living
from tests.issuers import Hostile, hostile, settings_of

HTML = {"accept": "text/html"}

# One for each test that needs a clean one; the others have settings of their own.
PLAIN = [f"plain{number}" for number in range(24)]
MADE = {"MAKE_PEOPLE": "true", "EMAIL_DOMAINS": "Podo.example, podo.test", "ROLES": "boss=admin", "TEAMS": "chat=chat, x=gone"}
SETTINGS = {
    "made": MADE,
    "makes": {"MAKE_PEOPLE": "true"},
    "trusting": {"TRUST_EMAIL": "true"},
    "down": {"URL": "http://127.0.0.1:9"},
}


@dataclass
class World:
    """A company whose people sign in with many issuers, as http://podo.test."""

    house: Living
    issuers: dict[str, Hostile]
    plain: list[str]


@contextlib.asynccontextmanager
async def town(folder: Path) -> AsyncIterator[World]:
    """The company, with all of them."""
    (folder / "secret").write_text("canary-7\n")
    kept = {"kept": {"CLIENT_SECRET": "", "CLIENT_SECRET_FILE": str(folder / "secret")}}
    async with hostile(*PLAIN, *SETTINGS, *kept) as issuers, _open_to(folder, issuers, SETTINGS | kept) as house:
        yield World(house, issuers, list(PLAIN))


@contextlib.asynccontextmanager
async def _open_to(
    folder: Path, issuers: dict[str, Hostile], settings: dict[str, dict[str, str]] | None = None, **more: str
) -> AsyncIterator[Living]:
    """A company whose people sign in with these."""
    chosen: dict[str, Any] = {"PODO_SERVER_URL": "http://podo.test", "PODO_ACCESS_DEMO": "false", **more}
    for name, issuer in issuers.items():
        chosen |= settings_of(name, issuer.url, title=name.title())
        chosen |= {f"PODO_ACCESS_ISSUERS_{name.upper()}_{key}": value for key, value in (settings or {}).get(name, {}).items()}
    async with company(folder / "house", **chosen) as house:
        yield house


async def set_out(client: httpx.AsyncClient, evil: Hostile, next_: str = "/") -> str:
    """Press the button; gives the state."""
    answer = await client.get(f"/sign-in/with/{evil.name}", params={"next": next_})
    assert answer.status_code == 303, answer.text
    return evil.took(answer.headers["location"])


async def come_back(client: httpx.AsyncClient, evil: Hostile, state: str, **more: str) -> httpx.Response:
    """Back with a code and this state."""
    return await client.get(f"/sign-in/with/{evil.name}/back", params={"code": "c", "state": state, **more})


async def sign_in(house: Living, evil: Hostile, next_: str = "/") -> httpx.Response:
    """There and back in a browser of its own."""
    async with house.client(headers=HTML) as client:
        return await come_back(client, evil, await set_out(client, evil, next_))


def in_(answer: httpx.Response) -> bool:
    """Whether this answer lets somebody in."""
    return answer.status_code == 303 and any(c.startswith(f"{COOKIE}=") for c in answer.headers.get_list("set-cookie"))
