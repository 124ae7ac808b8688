"""Sign-in, teams, people, why, tokens and sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from podo.access import service
from podo.access.types import (
    ASK_WHY,
    READ,
    SESSIONS,
    TOKENS,
    AccessSettings,
    Group,
    Membership,
    On,
    Permission,
    Person,
    Role,
    Session,
    Team,
    TeamCard,
    Token,
    Why,
)
from podo.kernel import clock
from podo.kernel.errors import N_, Invalid
from podo.kernel.http import ANYONE, SIGNED_IN, Routes, Web
from podo.kernel.http.routes import form
from podo.kernel.http.web import COOKIE, WebIn
from podo.kernel.ui import languages, page

routes = Routes("access", tag="People and rights")


@dataclass(frozen=True, slots=True)
class Choice:
    """A person to sign in as, in the demo."""

    person: Person
    team: str
    roles: str


@page("access/sign_in.html")
@dataclass(frozen=True, slots=True)
class SignInPage:
    """By e-mail; in the demo by picking a person."""

    next: str
    sent: str
    demo: bool
    choices: Sequence[Choice]
    text: str


@page("access/link.html")
@dataclass(frozen=True, slots=True)
class LinkPage:
    """One click more, so that a mail program that opens links does not spend them."""

    secret: str


@dataclass(frozen=True, slots=True)
class Branch:
    """A team with those below it."""

    team: Team
    people: int
    children: Sequence[Branch]


@page("access/teams.html")
@dataclass(frozen=True, slots=True)
class TeamsPage:
    """The organisation as a tree, or what fits a search."""

    query: str
    branches: Sequence[Branch]
    people: Sequence[Person]
    total: int


@page("access/team.html")
@dataclass(frozen=True, slots=True)
class TeamPage:
    """One team."""

    team: Team
    above: Sequence[Team]
    below: Sequence[Team]
    members: Sequence[tuple[Person, Membership]]
    cards: Sequence[tuple[TeamCard, Sequence[tuple[str, str, str]]]]


@page("access/person.html")
@dataclass(frozen=True, slots=True)
class PersonPage:
    """One person."""

    person: Person
    teams: Sequence[tuple[Team, Membership]]
    roles: Sequence[Role]


@page("access/why.html")
@dataclass(frozen=True, slots=True)
class WhyPage:
    """Why somebody may or may not."""

    permissions: Sequence[tuple[str, str]]
    teams: Sequence[tuple[str, str]]
    asked: dict[str, str]
    found: Why | None


@page("access/tokens.html")
@dataclass(frozen=True, slots=True)
class TokensPage:
    """My API tokens; `made` is a new one's secret, shown once."""

    tokens: Sequence[Token]
    sessions: Sequence[Session]
    scopes: Sequence[str]
    made: str
    trouble: str


def _settings(w: Web) -> AccessSettings:
    return w.house.settings[AccessSettings]


def _say(w: Web, text: str) -> str:
    return languages.translator(w.lang)(text)


def _about(w: Web) -> str:
    return w.request.headers.get("user-agent", "")[:200]


def _lasts(w: Web) -> timedelta:
    return timedelta(hours=_settings(w).session_hours)


def _signed_in(w: Web, cookie: str, address: str) -> Response:
    response = w.go(address)
    secure = w.request.url.scheme == "https"
    seconds = int(_lasts(w).total_seconds())
    response.set_cookie(COOKIE, cookie, max_age=seconds, httponly=True, samesite="lax", secure=secure, path="/")
    return response


@routes.page("/sign-in", permission=ANYONE)
async def sign_in(next: str = "/", q: str = "", sent: str = "", w: Web = WebIn) -> Response:
    """The sign-in page."""
    choices: list[Choice] = []
    if _settings(w).demo:
        async with w.reading() as r:
            choices = await _choices(r, q)
    made = SignInPage(next=next, sent=sent, demo=_settings(w).demo, choices=choices, text=q)
    return await w.page(made, title=_say(w, N_("Sign in")))


async def _choices(r: Any, text: str) -> list[Choice]:
    found = await service.search_people(r, text, 8) if text else []
    if not text:
        people = sorted(await service.everybody(r), key=lambda p: p.id)
        sres = set(await service.sres(r))
        found = [*people[:6], *[p for p in people if p.id in sres][:2]]
    teams = {t.id: t.name for t in await service.teams(r)}
    made: dict[str, Choice] = {}
    for person in found:
        mine = await service.teams_of(r, person.id)
        roles_ = await service.roles_of(r, person.id)
        where = ", ".join(teams[m.team] + (" (lead)" if m.role == "lead" else "") for m in mine)
        made[person.id] = Choice(person, where, ", ".join(sorted(roles_)))
    return list(made.values())


@routes.form("/sign-in", verb="access.sign_in", permission=ANYONE)
async def ask_sign_in(w: Web = WebIn) -> Response:
    """Ask for a link by mail."""
    f = await form(w)
    address = w.request.client.host if w.request.client else ""
    async with w.transaction() as tx:
        await service.begin_sign_in(tx, w.house.seal, f["email"], address)
    return w.go(f"/sign-in?sent={'1' if f['email'] else ''}")


@routes.form("/sign-in/as", verb="access.sign_in_as", permission=ANYONE)
async def sign_in_as(w: Web = WebIn) -> Response:
    """Sign in as somebody, in the demo."""
    f = await form(w)
    local = w.request.client is not None and w.request.client.host in ("127.0.0.1", "::1", "testclient")
    async with w.transaction() as tx:
        demo = _settings(w).demo and local
        cookie, _ = await service.sign_in_as(tx, f["person"], demo=demo, about=_about(w), lasts=_lasts(w))
    return _signed_in(w, cookie, f["next"] or "/")


@routes.page("/sign-in/{secret}", permission=ANYONE)
async def link(secret: str, w: Web = WebIn) -> Response:
    """The page of a link."""
    return await w.page(LinkPage(secret), title=_say(w, N_("Sign in")))


@routes.form("/sign-in/{secret}", verb="access.finish_sign_in", permission=ANYONE)
async def finish(secret: str, w: Web = WebIn) -> Response:
    """Spend a link."""
    async with w.transaction() as tx:
        cookie, _ = await service.finish_sign_in(tx, secret, about=_about(w), lasts=_lasts(w))
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
    theme = f["theme"] if f["theme"] in ("auto", "light", "dark") else None
    response = w.go(f["next"] or "/")
    if w.identity is not None:
        async with w.transaction() as tx:
            await service.prefer(tx, lang=lang, theme=theme)
    for name, value in (("podo_lang", lang), ("podo_theme", theme)):
        if value:
            response.set_cookie(name, value, max_age=31_536_000, samesite="lax")
    return response


@routes.page("/teams", permission=READ.id)
async def teams(q: str = "", w: Web = WebIn) -> Response:
    """The organisation."""
    async with w.reading() as r:
        living = [t for t in await service.teams(r) if t.ended_at is None]
        counts = await service.head_counts(r)
        people = await service.search_people(r, q, 20) if q else []
    if q:
        found = [t for t in living if q.lower() in t.name.lower() or q.lower() in t.handle]
        branches = [Branch(t, counts.get(t.id, 0), ()) for t in found]
    else:
        branches = _tree(living, counts, None)
    made = TeamsPage(query=q, branches=branches, people=people, total=len(living))
    return await w.page(made, title=_say(w, N_("Teams")))


def _tree(living: Sequence[Team], counts: dict[str, int], parent: str | None) -> list[Branch]:
    return [Branch(t, counts.get(t.id, 0), _tree(living, counts, t.id)) for t in living if t.parent == parent]


@routes.page("/teams/{name}", permission=READ.id)
async def team(name: str, w: Web = WebIn) -> Response:
    """One team."""
    async with w.reading() as r:
        found = await service.team(r, name)
        known = {t.id: t for t in await service.teams(r)}
        members = await service.members(r, found.id)
        cards = [(card, await card.lines(r, found.id)) for card in w.house.slots[TeamCard]]
    above: list[Team] = []
    at = found.parent
    while at and at in known:
        above.insert(0, known[at])
        at = known[at].parent
    below = [t for t in known.values() if t.parent == found.id and t.ended_at is None]
    return await w.page(TeamPage(team=found, above=above, below=below, members=members, cards=cards), title=found.name)


@routes.page("/people/{id}", permission=READ.id)
async def person(id: str, w: Web = WebIn) -> Response:
    """One person."""
    async with w.reading() as r:
        found = await service.person(r, id)
        mine = await service.teams_of(r, id)
        known = {t.id: t for t in await service.teams(r, [m.team for m in mine])}
        roles = sorted(await service.roles_of(r, id))
    made = PersonPage(person=found, teams=[(known[m.team], m) for m in mine], roles=roles)
    return await w.page(made, title=found.name)


@routes.page("/-/why", permission=ASK_WHY.id)
async def why(permission: str = "", person: str = "", team: str = "", project: str = "", w: Web = WebIn) -> Response:
    """Why somebody may or may not."""
    known = sorted(service.permissions(), key=lambda p: p.id)
    wanted: Permission | None = next((p for p in known if p.id == permission), None)
    found: Why | None = None
    async with w.reading() as r:
        living = [t for t in await service.teams(r) if t.ended_at is None]
        if wanted is not None:
            found = await service.explain(r, person or w.person, wanted, On(project=project or None, team=team or None))
    made = WhyPage(
        permissions=[(p.id, f"{p.id}: {p.doc}") for p in known],
        teams=[("", "–"), *((t.id, t.name) for t in living)],
        asked={"permission": permission, "person": person, "team": team, "project": project},
        found=found,
    )
    return await w.page(made, title=_say(w, N_("Why")))


async def _tokens(w: Web, *, made: str = "", trouble: str = "") -> Response:
    async with w.reading() as r:
        tokens_ = await service.tokens(r)
        sessions = await service.sessions(r)
    shown = TokensPage(tokens=tokens_, sessions=sessions, scopes=[g.value for g in Group], made=made, trouble=trouble)
    return await w.page(shown, title=_say(w, N_("Tokens and sessions")), status=422 if trouble else 200)


@routes.page("/settings/tokens", permission=TOKENS.id)
async def tokens(w: Web = WebIn) -> Response:
    """My tokens and sessions."""
    return await _tokens(w)


@routes.form("/settings/tokens", verb="access.token_create", permission=TOKENS.id)
async def create_token(w: Web = WebIn) -> Response:
    """Make a token; the answer shows its secret once."""
    f = await form(w)
    days = int(f["days"]) if f["days"].isdecimal() else 0
    try:
        async with w.transaction() as tx:
            until = clock.now() + timedelta(days=days)
            _, secret = await service.create_token(tx, f["name"], f.every("scope"), until, f["projects"].split())
    except Invalid as error:
        return await _tokens(w, trouble=" ".join(error.said(languages.translator(w.lang))))
    return await _tokens(w, made=secret)


@routes.form("/settings/tokens/{token}/revoke", verb="access.token_revoke", permission=TOKENS.id)
async def revoke_token(token: str, w: Web = WebIn) -> Response:
    """End a token."""
    async with w.transaction() as tx:
        await service.revoke_token(tx, token)
    return w.go("/settings/tokens", said=_say(w, N_("Revoked.")))


@routes.form("/settings/sessions/{session}/end", verb="access.session_end", permission=SESSIONS.id)
async def end_session(session: str, w: Web = WebIn) -> Response:
    """Sign out a browser."""
    async with w.transaction() as tx:
        await service.end_session(tx, session)
    return w.go("/settings/tokens", said=_say(w, N_("Signed out there.")))
