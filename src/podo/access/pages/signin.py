"""Signing in and out, language and theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from starlette.responses import Response

from podo.access import service
from podo.access.pages.site import routes, say, settings
from podo.access.types import Person
from podo.kernel.db import Reading
from podo.kernel.errors import N_
from podo.kernel.http import ANYONE, SIGNED_IN, Web
from podo.kernel.http.routes import form
from podo.kernel.http.web import COOKIE, WebIn
from podo.kernel.ui import languages, page

_LOOPBACK = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Choice:
    """A person to sign in as, in the demo: teams with whether the person leads them, and roles."""

    person: Person
    teams: Sequence[tuple[str, bool]]
    roles: Sequence[str]


@page("access/sign_in.html")
@dataclass(frozen=True, slots=True)
class SignInPage:
    """By e-mail; in the demo by picking a person."""

    next: str
    sent: bool
    demo: bool
    choices: Sequence[Choice]
    text: str


@page("access/link.html")
@dataclass(frozen=True, slots=True)
class LinkPage:
    """One click more, so that a mail program that opens links does not spend them."""

    key: str


def _about(w: Web) -> str:
    return w.request.headers.get("user-agent", "")[:200]


def _lasts(w: Web) -> timedelta:
    return timedelta(hours=settings(w).session_hours)


def _address(w: Web) -> str:
    return w.request.client.host if w.request.client else ""


def _signed_in(w: Web, cookie: str, address: str) -> Response:
    response = w.go(address)
    secure = w.request.url.scheme == "https"
    seconds = int(_lasts(w).total_seconds())
    response.set_cookie(COOKIE, cookie, max_age=seconds, httponly=True, samesite="lax", secure=secure, path="/")
    return response


@routes.page("/sign-in", permission=ANYONE)
async def sign_in(next: str = "/", q: str = "", sent: bool = False, w: Web = WebIn) -> Response:
    """The sign-in page."""
    demo = settings(w).demo and _address(w) in _LOOPBACK
    choices: Sequence[Choice] = ()
    if demo:
        async with w.reading() as r:
            choices = await _choices(r, q)
    made = SignInPage(next=next, sent=sent, demo=demo, choices=choices, text=q)
    return await w.page(made, title=say(w, N_("Sign in")))


async def _choices(r: Reading, text: str) -> list[Choice]:
    found = await service.search_people(r, text, 12) if text else await _typical(r)
    ids = [p.id for p in found]
    teams, roles = await service.teams_of_many(r, ids), await service.roles_of_many(r, ids)
    return [Choice(p, [(t.name, m.role == "lead") for t, m in teams.get(p.id, ())], sorted(roles.get(p.id, ()))) for p in found]


async def _typical(r: Reading) -> list[Person]:
    """Some whose rights differ: the first ones, the first who leads no team, an SRE and an administrator."""
    people = sorted(await service.everybody(r), key=lambda p: p.id)
    ids = [p.id for p in people]
    roles, teams = await service.roles_of_many(r, ids), await service.teams_of_many(r, ids)
    plain = [p for p in people if teams.get(p.id) and not any(m.role == "lead" for _, m in teams[p.id])]
    special = [next((p for p in people if role in roles.get(p.id, ())), None) for role in ("sre", "admin")]
    return list(dict.fromkeys([*people[:5], *plain[:1], *(p for p in special if p)]))


@routes.form("/sign-in", verb="access.sign_in", permission=ANYONE)
async def ask_sign_in(w: Web = WebIn) -> Response:
    """Ask for a link by mail."""
    f = await form(w)
    async with w.transaction() as tx:
        await service.begin_sign_in(tx, w.house.seal, f["email"], _address(w))
    return w.go("/sign-in?sent=1" if f["email"] else "/sign-in")


@routes.form("/sign-in/as", verb="access.sign_in_as", permission=ANYONE)
async def sign_in_as(w: Web = WebIn) -> Response:
    """Sign in as somebody, in the demo."""
    f = await form(w)
    demo = settings(w).demo and _address(w) in _LOOPBACK
    async with w.transaction() as tx:
        cookie, _ = await service.sign_in_as(tx, f["person"], demo=demo, about=_about(w), lasts=_lasts(w))
    return _signed_in(w, cookie, f["next"] or "/")


@routes.page("/sign-in/link", permission=ANYONE)
async def link(key: str = "", w: Web = WebIn) -> Response:
    """The page of a link."""
    return await w.page(LinkPage(key), title=say(w, N_("Sign in")))


@routes.form("/sign-in/link", verb="access.finish_sign_in", permission=ANYONE)
async def finish(w: Web = WebIn) -> Response:
    """Spend a link."""
    f = await form(w)
    async with w.transaction() as tx:
        cookie, _ = await service.finish_sign_in(tx, f["key"], about=_about(w), lasts=_lasts(w))
    return _signed_in(w, cookie, "/")


@routes.form("/sign-out", verb="access.sign_out", permission=SIGNED_IN)
async def sign_out(w: Web = WebIn) -> Response:
    """End this session."""
    async with w.transaction() as tx:
        await service.sign_out(tx, w.request.cookies.get(COOKIE, ""))
    response = w.go("/sign-in")
    response.delete_cookie(COOKIE)
    return response


@routes.form("/-/preferences", verb="access.prefer", permission=ANYONE)
async def prefer(w: Web = WebIn) -> Response:
    """Language and theme; kept with the person, or in cookies while nobody is signed in."""
    f = await form(w)
    lang = f["lang"] if f["lang"] in languages.LANGUAGES else None
    theme = f["theme"] if f["theme"] in service.THEMES else None
    response = w.go(f["next"] or "/")
    if w.identity is not None:
        async with w.transaction() as tx:
            await service.prefer(tx, lang=lang, theme=theme)
    for name, value in (("podo_lang", lang), ("podo_theme", theme)):
        if value:
            response.set_cookie(name, value, max_age=31_536_000, samesite="lax")
    return response
