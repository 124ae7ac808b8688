"""People: a list to search, and one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response

from podo.access import rules, service
from podo.access.pages.site import reading, routes, say
from podo.access.types import GRANT, PRESENCE, READ, Account, Membership, NoSuchRole, On, Person, PersonCard, Role, Session, Team
from podo.kernel.db import Reading
from podo.kernel.errors import N_
from podo.kernel.http import Web
from podo.kernel.http.routes import form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import page

Places = Sequence[tuple[Team, Membership]]


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person with teams and roles."""

    person: Person
    teams: Places
    roles: Sequence[Role]


@page("access/people.html")
@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Everybody, or who fits a search."""

    query: str
    rows: Sequence[PersonRow]
    total: int
    teams: int
    newer: str
    older: str


@dataclass(frozen=True, slots=True)
class Presence:
    """What administrators see and end: sessions with what their browsers are, and accounts with issuers."""

    sessions: Sequence[tuple[Session, str]]
    accounts: Sequence[Account]


@page("access/person.html")
@dataclass(frozen=True, slots=True)
class PersonPage:
    """One person; `grants` are the roles that the reader may give, `takes` those that the reader may take.

    `presence` is None for who may not see it.
    """

    person: Person
    teams: Places
    roles: Sequence[Role]
    grants: Sequence[Role]
    takes: Sequence[Role]
    presence: Presence | None
    cards: Sequence[tuple[PersonCard, Sequence[tuple[str, str, str]]]]


@routes.page("/people", permission=READ.id)
async def people(q: str = "", cursor: str = "", w: Web = WebIn) -> Response:
    """Everybody."""
    async with reading(w, READ) as r:
        found = await service.listed_people(r, q, cursor=cursor or None)
        ids = [p.id for p in found.items]
        places, roles = await service.teams_of_many(r, ids), await service.roles_of_many(r, ids)
        teams = sum(t.ended_at is None for t in await service.teams(r))
    made = PeoplePage(
        query=q,
        rows=[PersonRow(p, places.get(p.id, ()), sorted(roles.get(p.id, ()))) for p in found.items],
        total=found.total or 0,
        teams=teams,
        newer=f"/people?{urlencode({'q': q})}" if cursor else "",
        older=f"/people?{urlencode({'q': q, 'cursor': found.next})}" if found.next else "",
    )
    return await w.page(made, title=say(w, N_("People")))


@routes.page("/people/{id}", permission=READ.id)
async def person(id: str, w: Web = WebIn) -> Response:
    """One person."""
    async with reading(w, READ) as r:
        found = await service.person(r, id)
        places = (await service.teams_of_many(r, [id])).get(id, [])
        roles = sorted(await service.roles_of(r, id))
        may, sees = await service.allowed_many(r, [(GRANT, On()), (PRESENCE, On())])
        takes = sorted(await service.roles_by_hand(r, id)) if may else []
        presence = await _presence(r, id) if sees else None
        shown = [(card, await card.lines(r, id, w.lang)) for card in w.house.slots[PersonCard]]
        cards = [(card, lines) for card, lines in shown if lines is not None]
    made = PersonPage(
        person=found,
        teams=places,
        roles=roles,
        grants=[role for role in Role if role not in roles] if may and found.active else [],
        takes=takes,
        presence=presence,
        cards=cards,
    )
    return await w.page(made, title=found.name)


async def _presence(r: Reading, person: str) -> Presence:
    sessions = [(s, rules.browser(s.about)) for s in await service.sessions_of(r, person)]
    return Presence(sessions, await service.accounts(r, person))


@routes.form("/people/{id}/grant", verb="access.grant", permission=GRANT.id)
async def grant(id: str, w: Web = WebIn) -> Response:
    """Give a role."""
    f = await form(w)
    async with w.transaction() as tx:
        await service.grant(tx, id, _role(f["role"]))
    return w.go(f"/people/{id}", said=say(w, N_("The role is given.")))


@routes.form("/people/{id}/revoke", verb="access.revoke", permission=GRANT.id)
async def revoke(id: str, w: Web = WebIn) -> Response:
    """Take a role."""
    f = await form(w)
    async with w.transaction() as tx:
        await service.revoke(tx, id, _role(f["role"]))
    return w.go(f"/people/{id}", said=say(w, N_("The role is taken.")))


@routes.form("/people/{id}/sessions/{session}/end", verb="access.person_session_end", permission=PRESENCE.id)
async def end_session(id: str, session: str, w: Web = WebIn) -> Response:
    """Sign out a browser of somebody."""
    async with w.transaction() as tx:
        await service.end_session_of(tx, id, session)
    return w.go(f"/people/{id}", said=say(w, N_("Signed out there.")))


@routes.form("/people/{id}/sign-out", verb="access.person_sign_out", permission=PRESENCE.id)
async def sign_out(id: str, w: Web = WebIn) -> Response:
    """End all sessions and tokens of somebody."""
    async with w.transaction() as tx:
        await service.sign_out_person(tx, id)
    return w.go(f"/people/{id}", said=say(w, N_("All sessions and tokens are over.")))


@routes.form("/people/{id}/deactivate", verb="access.deactivate", permission=PRESENCE.id)
async def deactivate(id: str, w: Web = WebIn) -> Response:
    """Let somebody out."""
    async with w.transaction() as tx:
        await service.deactivate(tx, id)
    return w.go(f"/people/{id}", said=say(w, N_("This person is out.")))


@routes.form("/people/{id}/activate", verb="access.activate", permission=PRESENCE.id)
async def activate(id: str, w: Web = WebIn) -> Response:
    """Let somebody in again."""
    async with w.transaction() as tx:
        await service.activate(tx, id)
    return w.go(f"/people/{id}", said=say(w, N_("This person may sign in again.")))


@routes.form("/people/{id}/accounts/{account}/unlink", verb="access.unlink", permission=PRESENCE.id)
async def unlink(id: str, account: str, w: Web = WebIn) -> Response:
    """Take an account off somebody."""
    async with w.transaction() as tx:
        await service.unlink(tx, id, account)
    return w.go(f"/people/{id}", said=say(w, N_("The account is taken off.")))


def _role(text: str) -> Role:
    if text not in [role.value for role in Role]:
        raise NoSuchRole(role=text, known=", ".join(Role))
    return Role(text)
