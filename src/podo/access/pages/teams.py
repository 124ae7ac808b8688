"""The organisation as a tree, and one team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response

from podo.access import rules, service
from podo.access.pages.site import reading, routes, say
from podo.access.types import READ, REORGANISE, SYNC, Membership, On, Person, Succession, SuccessionKind, Team, TeamCard
from podo.kernel.db import Reading
from podo.kernel.errors import N_
from podo.kernel.http import Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import page

_MOST_FOUND = 100


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


@dataclass(frozen=True, slots=True)
class Boxed:
    """A team as a box of the chart, with those below it as far as they are drawn; `teams` is how many there are."""

    team: Team
    people: int
    teams: int
    leads: Sequence[Person]
    below: Sequence[Boxed]


@page("access/chart.html")
@dataclass(frozen=True, slots=True)
class ChartPage:
    """The organisation as a picture around one team: the teams above, the team, and two floors below.

    `before` and `more` lead to the rest of a floor that is too wide, `shown` is which of how many are drawn of it.
    """

    query: str
    found: Sequence[Branch]
    at: Boxed | None
    above: Sequence[Team]
    roots: Sequence[Boxed]
    before: str
    more: str
    shown: tuple[int, int, int]
    total: int
    everybody: int


@dataclass(frozen=True, slots=True)
class Became:
    """What became of a team, or of which other team it is a successor."""

    succession: Succession
    team: Team
    successors: Sequence[Team]
    by: str
    was: str
    now: str
    is_undoable: bool


@page("access/team.html")
@dataclass(frozen=True, slots=True)
class TeamPage:
    """One team; `before` is what became of it and of those it follows, the newest first.

    Of one that has ended `former` are those who were in it then, and are still here.
    """

    team: Team
    above: Sequence[Team]
    below: Sequence[Branch]
    people: int
    members: Sequence[tuple[Person, Membership]]
    before: Sequence[Became]
    former: Sequence[Person]
    heirs: Sequence[Team]
    may_change: bool
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
    branches = _found(living, counts, q) if q else _tree(known, counts, None)
    made = TeamsPage(query=q, branches=branches, people=people, total=len(living), everybody=total, may_sync=may_sync)
    return await w.page(made, title=say(w, N_("Teams")))


def _tree(known: Sequence[Team], counts: dict[str, int], parent: str | None) -> list[Branch]:
    """What ended in between is passed over."""
    below: dict[str | None, list[Team]] = {}
    standing = rules.standing(known)
    for one in known:
        if one.ended_at is None:
            below.setdefault(standing[one.id], []).append(one)

    def grown(above: str | None) -> list[Branch]:
        return [Branch(t, counts.get(t.id, 0), grown(t.id)) for t in below.get(above, ())]

    return grown(parent)


def _found(living: Sequence[Team], counts: dict[str, int], text: str) -> list[Branch]:
    wanted = str(rules.normal(text)).strip().lower()
    fits = [t for t in living if wanted in t.name.lower() or wanted in t.handle]
    return [Branch(t, counts.get(t.id, 0), (), [a.name for a in rules.above(t, living)]) for t in fits]


@routes.page("/teams/chart", permission=READ.id)
async def chart(at: str = "", q: str = "", skip: int = 0, w: Web = WebIn) -> Response:
    """The organisation as a picture, from one team on; of a floor that is too wide what stands behind `skip`."""
    async with reading(w, READ) as r:
        known = await service.teams(r)
        counts = await service.head_counts(r)
        total = await service.count_people(r)
        focus = await service.team(r, at) if at else None
        under = rules.below(known)
        picture = rules.drawn(under, focus, max(0, skip))
        boxes = {t.id for floor in picture.values() for t in floor} | ({focus.id} if focus else set())
        leads = await service.leads_of(r, boxes)

    def boxed(team: Team) -> Boxed:
        below = [boxed(t) for t in picture.get(team.id, ())]
        return Boxed(team, counts.get(team.id, 0), len(under.get(team.id, ())), leads.get(team.id, ()), below)

    top = focus.id if focus else None
    first, all_ = len(picture[top]), len(under.get(top, ()))
    living = [t for t in known if t.ended_at is None]
    made = ChartPage(
        query=q,
        found=_found(living, counts, q)[:_MOST_FOUND] if q else (),
        at=boxed(focus) if focus else None,
        above=rules.above(focus, known) if focus else (),
        roots=() if focus else [boxed(t) for t in picture[None]],
        before=_chart_at(at, max(0, skip - rules.MOST_IN_FLOOR)) if skip > 0 else "",
        more=_chart_at(at, skip + first) if first and skip + first < all_ else "",
        shown=(skip + 1, skip + first, all_),
        total=len(living),
        everybody=total,
    )
    return await w.page(made, title=say(w, N_("Organisation chart")))


def _chart_at(at: str, skip: int) -> str:
    asked = {name: value for name, value in (("at", at), ("skip", str(skip) if skip else "")) if value}
    return f"/teams/chart?{urlencode(asked)}" if asked else "/teams/chart"


@routes.page("/teams/{name}", permission=READ.id)
async def team(name: str, w: Web = WebIn) -> Response:
    """One team."""
    async with reading(w, READ) as r:
        found = await service.team(r, name)
        known = await service.teams(r)
        counts = await service.head_counts(r)
        members = await service.members(r, found.id)
        before = await _before(r, found, {t.id: t for t in known})
        former = await _former(r, found, before)
        may_change = (await service.may(r, REORGANISE, On(team=found.id))).allowed
        cards = [(card, await card.lines(r, found.id)) for card in w.house.slots[TeamCard]]
    heirs = next((b.successors for b in before if b.team == found and b.succession.withdrawn_at is None), ())
    made = TeamPage(
        team=found,
        above=rules.above(found, known),
        below=_tree(known, counts, found.id),
        people=counts.get(found.id, 0),
        members=members,
        before=before,
        former=former,
        heirs=heirs if found.ended_at else (),
        may_change=may_change,
        cards=cards,
    )
    return await w.page(made, title=found.name)


async def _former(r: Reading, team: Team, before: Sequence[Became]) -> list[Person]:
    ends = [b.succession for b in before if b.team == team and b.succession.people and b.succession.withdrawn_at is None]
    if team.ended_at is None or not ends:
        return []
    known = await service.people(r, ends[0].people)
    return [known[p] for p in ends[0].people if p in known and known[p].active]


async def _before(r: Reading, team: Team, known: Mapping[str, Team]) -> list[Became]:
    mine = [s for s in await service.successions(r) if s.team == team.id or team.id in s.successors]
    people = await service.people(r, {s.by for s in mine})
    newest = {rules.aspect(s.kind): s.id for s in reversed(mine) if s.team == team.id and s.withdrawn_at is None}

    def named(s: Succession, text: str) -> str:
        return known[text].name if s.kind is SuccessionKind.move and text in known else text

    return [
        Became(
            succession=s,
            team=known[s.team],
            successors=[known[i] for i in s.successors if i in known],
            by=people[s.by].name if s.by in people else "",
            was=named(s, s.was),
            now=named(s, s.now),
            is_undoable=newest.get(rules.aspect(s.kind)) == s.id,
        )
        for s in mine
    ]
