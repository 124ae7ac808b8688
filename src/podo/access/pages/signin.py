"""Signing in and out, language and theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

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

# Holds the sealed ID token of a session that was signed out here, for signing out at the issuer.
OUT = "podo_out"
# Browsers keep no larger ones; without it the issuer asks the person.
_LARGEST_COOKIE = 3900
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
    """With an issuer, by e-mail, in the demo by picking a person; `issuers` are titles and addresses.

    `left` is the issuer that had signed in who has just signed out here, by title and the address to sign out there, too.
    """

    next: str
    issuers: Sequence[tuple[str, str]]
    left: tuple[str, str] | None
    links: bool
    sent: bool
    demo: bool
    choices: Sequence[Choice]
    text: str


@page("access/link.html")
@dataclass(frozen=True, slots=True)
class LinkPage:
    """One click more, so that a mail program that opens links does not spend them."""

    key: str


def about(w: Web) -> str:
    """What the browser says of itself."""
    return w.request.headers.get("user-agent", "")[:200]


def lasts(w: Web) -> timedelta:
    """How long a session that is not used lasts."""
    return timedelta(hours=settings(w).session_hours)


def _address(w: Web) -> str:
    return w.request.client.host if w.request.client else ""


def is_secure(w: Web) -> bool:
    """Whether people reach Podo by https alone, a proxy that ends it in front included."""
    return w.request.url.scheme == "https" or w.house.url.startswith("https://")


def signed_in(w: Web, cookie: str, address: str) -> Response:
    """On to a page of ours with the cookie of a new session; an address elsewhere is not gone to."""
    response = w.go(address)
    seconds, secure = int(lasts(w).total_seconds()), is_secure(w)
    response.set_cookie(COOKIE, cookie, max_age=seconds, httponly=True, samesite="lax", secure=secure, path="/")
    return response


@routes.page("/sign-in", permission=ANYONE)
async def sign_in(next: str = "/", q: str = "", sent: bool = False, left: str = "", w: Web = WebIn) -> Response:
    """The sign-in page."""
    chosen = settings(w)
    demo = settings(w).demo and _address(w) in _LOOPBACK
    choices: Sequence[Choice] = ()
    if demo:
        async with w.reading() as r:
            choices = await _choices(r, q)
    titles = {name: issuer.title or name for name, issuer in chosen.issuers.items()}
    made = SignInPage(
        next=next,
        issuers=[(title, f"/sign-in/with/{name}?{urlencode({'next': next})}") for name, title in titles.items()],
        left=(titles[left], f"/sign-in/with/{left}/out") if left in titles else None,
        links=chosen.links,
        sent=sent,
        demo=demo,
        choices=choices,
        text=q,
    )
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
        await service.begin_sign_in(tx, w.house.seal, f["email"], _address(w), links=settings(w).links)
    return w.go("/sign-in?sent=1" if f["email"] else "/sign-in")


@routes.form("/sign-in/as", verb="access.sign_in_as", permission=ANYONE)
async def sign_in_as(w: Web = WebIn) -> Response:
    """Sign in as somebody, in the demo."""
    f = await form(w)
    demo = settings(w).demo and _address(w) in _LOOPBACK
    async with w.transaction() as tx:
        await service.leave_behind(tx, w.request.cookies.get(COOKIE, ""))
        cookie, _ = await service.sign_in_as(tx, f["person"], demo=demo, about=about(w), lasts=lasts(w))
    return signed_in(w, cookie, f["next"] or "/")


@routes.page("/sign-in/link", permission=ANYONE)
async def link(key: str = "", w: Web = WebIn) -> Response:
    """The page of a link."""
    return await w.page(LinkPage(key), title=say(w, N_("Sign in")))


@routes.form("/sign-in/link", verb="access.finish_sign_in", permission=ANYONE)
async def finish(w: Web = WebIn) -> Response:
    """Spend a link."""
    f = await form(w)
    async with w.transaction() as tx:
        await service.leave_behind(tx, w.request.cookies.get(COOKIE, ""))
        cookie, _ = await service.finish_sign_in(tx, f["key"], about=about(w), lasts=lasts(w))
    return signed_in(w, cookie, "/")


@routes.form("/sign-out", verb="access.sign_out", permission=SIGNED_IN)
async def sign_out(w: Web = WebIn) -> Response:
    """End this session; who came from an issuer may end the one there, too."""
    cookie = w.request.cookies.get(COOKIE, "")
    async with w.transaction() as tx:
        here = await service.identify_session(tx, cookie)
        issuer = here[1].issuer if here else ""
        hint = await service.hint(tx, here[1]) if here else ""
        await service.sign_out(tx, cookie)
    response = w.go(f"/sign-in?{urlencode({'left': issuer})}" if issuer in settings(w).issuers else "/sign-in")
    response.delete_cookie(COOKIE)
    if hint and len(hint) <= _LARGEST_COOKIE:
        secure = is_secure(w)
        response.set_cookie(OUT, hint, max_age=600, httponly=True, samesite="lax", secure=secure, path="/sign-in/with")
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
