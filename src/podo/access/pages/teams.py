"""The organisation as a tree, and one team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from podo.access import rules, service
from podo.access.pages.site import reading, routes, say
from podo.access.types import READ, SYNC, Membership, On, Person, Team, TeamCard
from podo.kernel.errors import N_
from podo.kernel.http import Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import page


@dataclass(frozen=True, slots=True)
class Branch:
    """A team with those below it; `people` are counted in all of them, `above` are the names of those above."""

    team: Team
    people: int
    children: Sequence[Branch]
    above: Sequence[str] = ()


@page("access/teams.html")
@dataclass(frozen=True, slots=True)
class TeamsPage:
    """The organisation as a tree, or what fits a search."""

    query: str
    branches: Sequence[Branch]
    people: Sequence[Person]
    total: int
    everybody: int
    may_sync: bool


@page("access/team.html")
@dataclass(frozen=True, slots=True)
class TeamPage:
    """One team."""

    team: Team
    above: Sequence[Team]
    below: Sequence[Branch]
    people: int
    members: Sequence[tuple[Person, Membership]]
    cards: Sequence[tuple[TeamCard, Sequence[tuple[str, str, str]]]]


@routes.page("/teams", permission=READ.id)
async def teams(q: str = "", w: Web = WebIn) -> Response:
    """The organisation."""
    async with reading(w, READ) as r:
        known = await service.teams(r)
        counts = await service.head_counts(r)
        people = await service.search_people(r, q, 20) if q else []
        total = await service.count_people(r)
        may_sync = (await service.may(r, SYNC, On())).allowed
    living = [t for t in known if t.ended_at is None]
    branches = _found(living, counts, q) if q else _tree(living, counts, None)
    made = TeamsPage(query=q, branches=branches, people=people, total=len(living), everybody=total, may_sync=may_sync)
    return await w.page(made, title=say(w, N_("Teams")))


def _tree(living: Sequence[Team], counts: dict[str, int], parent: str | None) -> list[Branch]:
    known = {t.id for t in living}
    here = [t for t in living if t.parent == parent or (parent is None and t.parent not in known)]
    return [Branch(t, counts.get(t.id, 0), _tree(living, counts, t.id)) for t in here]


def _found(living: Sequence[Team], counts: dict[str, int], text: str) -> list[Branch]:
    fits = [t for t in living if text.lower() in t.name.lower() or text.lower() in t.handle]
    return [Branch(t, counts.get(t.id, 0), (), [a.name for a in rules.above(t, living)]) for t in fits]


@routes.page("/teams/{name}", permission=READ.id)
async def team(name: str, w: Web = WebIn) -> Response:
    """One team."""
    async with reading(w, READ) as r:
        found = await service.team(r, name)
        known = await service.teams(r)
        counts = await service.head_counts(r)
        members = await service.members(r, found.id)
        cards = [(card, await card.lines(r, found.id)) for card in w.house.slots[TeamCard]]
    living = [t for t in known if t.ended_at is None]
    made = TeamPage(
        team=found,
        above=rules.above(found, known),
        below=_tree(living, counts, found.id),
        people=counts.get(found.id, 0),
        members=members,
        cards=cards,
    )
    return await w.page(made, title=found.name)
