"""People: a list to search, and one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response

from podo.access import service
from podo.access.pages.site import reading, routes, say
from podo.access.types import GRANT, READ, Membership, NoSuchRole, On, Person, Role, Team
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


@page("access/person.html")
@dataclass(frozen=True, slots=True)
class PersonPage:
    """One person; `grants` are the roles that the reader may give, `takes` those that the reader may take."""

    person: Person
    teams: Places
    roles: Sequence[Role]
    grants: Sequence[Role]
    takes: Sequence[Role]


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
        may = (await service.may(r, GRANT, On())).allowed
    made = PersonPage(
        person=found,
        teams=places,
        roles=roles,
        grants=[role for role in Role if role not in roles] if may and found.active else [],
        takes=roles if may else [],
    )
    return await w.page(made, title=found.name)


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


def _role(text: str) -> Role:
    if text not in [role.value for role in Role]:
        raise NoSuchRole(role=text, known=", ".join(Role))
    return Role(text)
