"""One request: who asks, in which language, and the transactions and pages made for it."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from podo.kernel import terminal
from podo.kernel.db import Reading, Tx
from podo.kernel.domains import House, Slots
from podo.kernel.errors import N_, PodoError, Refused, SignIn
from podo.kernel.nouns import Actor, ActorKind
from podo.kernel.ui import Frame, Head, NavItem, Viewer, frame_for, languages, render

NOBODY = Actor(ActorKind.outside, "nobody")
COOKIE = "podo_session"
_SAID = "podo_said"


class Forged(Refused):
    """A form came without the token of the page it should have come from."""

    code = "http.forged"
    so = N_("This form did not come from a page of yours, or the page is too old.")
    do = N_("Open the page again and send the form from there.")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `csrf` is the token that forms of this session carry, empty for API tokens."""

    actor: Actor
    name: str
    csrf: str = ""
    lang: str | None = None
    theme: str = "auto"
    photo: str | None = None


class IdentitySource(Protocol):
    """Answers who stands behind a session cookie or an API token; the one port that sign-in fills."""

    async def identify(self, *, cookie: str | None, bearer: str | None) -> Identity | None:
        """None when neither is valid (any more)."""
        ...

    async def is_in(self, *, cookie: str | None, bearer: str | None) -> bool:
        """Whether what was valid is so still; changes nothing, so that a page left open keeps no session alive."""
        ...


@dataclass(frozen=True, slots=True)
class WaitingCount:
    """Slot: how many things wait for this person; shown in the head of every page. `count(r, person, slots)`."""

    count: Callable[[Reading, str, Slots], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """Slot: below the address `prefix` another protocol is spoken, which has its own way to say errors.

    `answer(error, status)` is given the status that the site would answer with; the database may be away meanwhile.
    """

    prefix: str
    answer: Callable[[PodoError, int], Response]


class Web:
    """What a face gets: the house, the actor, transactions, pages."""

    def __init__(self, request: Request, identity: Identity | None) -> None:
        self.request = request
        self.house: House = request.app.state.house
        self.identity = identity
        self.actor = identity.actor if identity else NOBODY
        self.request_id: str = request.state.request_id
        # Before anything is read: what happens from here on is news for the page.
        self.position: int = request.app.state.hub.position
        self.lang = self._language()

    def transaction(self) -> AbstractAsyncContextManager[Tx]:
        """The one transaction of this request; committed at its end."""
        return self.house.database.transaction(self.actor, request_id=self.request_id)

    def reading(self) -> AbstractAsyncContextManager[Reading]:
        """A consistent view to read from."""
        return self.house.database.reading(self.actor)

    def observing(self) -> AbstractAsyncContextManager[Reading]:
        """A view of what was observed outside (pods, nodes)."""
        return self.house.observed.reading(self.actor)

    @property
    def person(self) -> str:
        """The stable id of the person who asks. Raises `SignIn` when nobody does."""
        if self.identity is None:
            raise SignIn()
        return self.identity.actor.id

    @property
    def wants_fragment(self) -> bool:
        """True when a script asks for a piece of a page."""
        return self.request.headers.get("hx-request") == "true"

    async def page(
        self, page: object, *, title: str, head: Head | None = None, live: str | None = None, status: int = 200
    ) -> Response:
        """The page, in its frame. `live` is the topic whose news refresh its pieces."""
        response = HTMLResponse(render(page, self._frame(title, head, live, await self._waiting())), status)
        if _SAID in self.request.cookies:
            response.delete_cookie(_SAID)
        return response

    async def fragment(self, page: object) -> Response:
        """A piece of a page, without its frame."""
        return HTMLResponse(render(page, self._frame("", None, None, 0)))

    def go(self, address: str, *, said: str | None = None) -> Response:
        """Go on to a page of ours after a form; `said` is shown there once."""
        local = address if address.startswith("/") and not address.startswith(("//", "/\\")) else "/"
        response = RedirectResponse(local, 303)
        if said:
            response.set_cookie(_SAID, said.encode().hex(), max_age=60, httponly=True, samesite="lax")
        return response

    async def _waiting(self) -> int:
        if self.identity is None:
            return 0
        async with self.reading() as r:
            return sum([await slot.count(r, self.actor.id, self.house.slots) for slot in self.house.slots[WaitingCount]])

    def _frame(self, title: str, head: Head | None, live: str | None, waiting: int) -> Frame:
        """What every page needs around it."""
        return frame_for(
            lang=self.lang,
            theme=self.identity.theme if self.identity else self.request.cookies.get("podo_theme", "auto"),
            title=title,
            path=self.request.url.path,
            viewer=Viewer(id=self.actor.id, name=self.identity.name) if self.identity else None,
            csrf=self.identity.csrf if self.identity else "",
            nav=sorted(self.house.slots[NavItem], key=lambda it: it.order),
            waiting=waiting,
            head=head,
            live=live,
            position=self.position if live else None,
            request_id=self.request_id,
            said=_told(self.request.cookies.get(_SAID, "")),
        )

    def _language(self) -> str:
        if self.identity and self.identity.lang:
            return self.identity.lang
        return languages.pick(self.request.cookies.get("podo_lang"), self.request.headers.get("accept-language", ""))


def _told(cookie: str) -> str:
    """What a form had to say; empty where the cookie is none of ours."""
    try:
        return bytes.fromhex(cookie).decode()
    except ValueError:
        return ""


async def identify(request: Request) -> Identity | None:
    """Who asks, by session cookie or `Authorization: Bearer`; asked once a request."""
    if not hasattr(request.state, "identity"):
        bearer, cookie = _shown(request)
        source: IdentitySource = request.app.state.house.ports[IdentitySource]
        request.state.identity = await source.identify(cookie=cookie, bearer=bearer) if bearer or cookie else None
    return request.state.identity


async def is_in(request: Request) -> bool:
    """Whether who asked would still be let in."""
    bearer, cookie = _shown(request)
    source: IdentitySource = request.app.state.house.ports[IdentitySource]
    return await source.is_in(cookie=cookie, bearer=bearer)


def _shown(request: Request) -> tuple[str | None, str | None]:
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    bearer = credential if scheme.lower() == "bearer" else None
    return bearer, request.cookies.get(COOKIE) if bearer is None else None


async def web(request: Request) -> Web:
    """The context of this request, as a FastAPI dependency."""
    return Web(request, await identify(request))


def guard(permission: str, face: str) -> Callable[..., Awaitable[None]]:
    """The check before a route's body: somebody is signed in unless anyone may, and a form comes from our own page."""

    async def check(request: Request) -> None:
        request.state.permission = permission
        terminal.permission.set(permission)
        changing = request.method not in ("GET", "HEAD")
        if permission == "anyone" and not changing:
            # Whether a process lives is told without the database, whoever asks; pages that show who asks find out themselves.
            return
        identity = await identify(request)
        if permission != "anyone" and identity is None:
            raise SignIn()
        by_cookie = identity is not None and bool(identity.csrf)
        # Without a session there is no token yet: then no other site may send a form, or it could sign people in as somebody.
        if changing and face == "form" and request.headers.get("sec-fetch-site") == "cross-site":
            raise Forged()
        if changing and by_cookie and not await _token_fits(request, identity.csrf if identity else ""):
            raise Forged()

    return check


async def _token_fits(request: Request, wanted: str) -> bool:
    sent: Any = request.headers.get("x-csrf-token")
    if sent is None and request.headers.get("content-type", "").startswith(("application/x-www-form", "multipart/form")):
        sent = (await request.form()).get("csrf")
    return isinstance(sent, str) and hmac.compare_digest(sent.encode(), wanted.encode())


def bound(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values that are set, for query strings kept in addresses."""
    return {k: v for k, v in values.items() if v not in (None, "", [])}


WebIn = Depends(web)
