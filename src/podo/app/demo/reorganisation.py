"""A reorganisation half through: a team was dissolved three days ago, and some of what it left is still offered.

Besides, a draft of next quarter's chart, to be rehearsed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import cycle

from podo.access import service as access
from podo.access.types import Feed, Membership, MembershipRole, Person, Team
from podo.app.demo import founding, organisation
from podo.app.demo.organisation import DISSOLVED
from podo.app.demo.world import World, actor
from podo.catalog import service as catalog
from podo.kernel import clock
from podo.kernel.domains import House
from podo.kernel.nouns import PODO

# Where its people went, in turn; what each of these teams has answered, and how much is left to answer.
_HOMES = ("chat", "feed", "chat", "profile")
_TAKEN, _LEFT = 2, 3
_DRAFTED = timedelta(days=2)
_NEXT = "2027 Q1 조직 개편안"


async def begin(house: House, world: World) -> None:
    """Let the directory end a team, settle what it owned, and let two of the teams that are asked answer some of it."""
    people, teams, memberships = _without(DISSOLVED)
    gone = world.teams[DISSOLVED]
    with clock.fixed(world.dissolved):
        async with house.database.transaction(PODO) as tx:
            await access.sync_directory(tx, people, teams, memberships)
    with clock.fixed(world.dissolved + timedelta(seconds=3)):
        async with house.database.transaction(PODO) as tx:
            await catalog.settle(tx, gone)
            await catalog.resolve_saying(tx, team=gone)
    await _answer(house, world, gone)
    with clock.fixed(world.now - timedelta(minutes=4)):
        async with house.database.transaction(PODO) as tx:
            await catalog.hear_cases(tx)
    await _draft(house, world.now - _DRAFTED)


def _without(handle: str) -> tuple[list[Person], list[Team], list[Membership]]:
    """The directory without a team, whose people are elsewhere."""
    people, teams, memberships = founding.directory()
    ids = {t.handle: t.id for t in organisation.teams()}
    leaving = [m.person for m in memberships if m.team == ids[handle]]
    new = {person: ids[_HOMES[n % len(_HOMES)]] for n, person in enumerate(leaving)}
    moved = [Membership(m.person, new[m.person]) if m.person in new else m for m in memberships]
    return people, [t for t in teams if t.handle != handle], moved


async def _answer(house: House, world: World, gone: str) -> None:
    """Feed takes what it knows, Chat takes one and declines one; the rest waits for Chat's lead."""
    async with house.database.reading(PODO) as r:
        offers = await catalog.open_offers(r, of=gone)
    slugs = sorted({o.project for o in offers if o.team == world.teams["chat"]})
    asked = {(o.project, o.team) for o in offers}
    at = world.dissolved + timedelta(hours=21)
    for n, slug in enumerate(slugs[:-_LEFT]):
        handle = "feed" if n >= _TAKEN and (slug, world.teams["feed"]) in asked else "chat"
        with clock.fixed(at + timedelta(minutes=17 * n)):
            async with house.database.transaction(actor(world.members(handle)[0])) as tx:
                if n == 1:
                    await catalog.decline(tx, slug, handle, "우리 팀 일이 아닙니다. 동네생활이 더 잘 압니다.")
                else:
                    await catalog.accept(tx, slug, handle)


async def _draft(house: House, at: datetime) -> None:
    """Next quarter's chart: Ads Quality becomes part of Local Ads, Search is split, 중고차 goes, Maps moves, one team is new."""
    with clock.fixed(at):
        async with house.database.transaction(actor(founding.sre())) as tx:
            made = await access.make_draft(tx, _NEXT)
            await access.fill_draft(tx, made.id, _next(at))


def _next(at: datetime) -> Feed:
    people, teams, memberships = _without(DISSOLVED)
    by = {t.handle: t for t in teams}
    quality, search, cars, maps = (by[handle] for handle in ("ads-quality", "search", "cars", "maps"))
    ranking = Team("team-2001", "검색 랭킹", "search-ranking", search.parent)
    serving = Team("team-2002", "Search Serving", "search-serving", search.parent)
    growth = Team("team-2003", "Growth", "growth", by["business"].id)
    over = [replace(t, ended_at=at) for t in (quality, search, cars)]
    changed = [*over, replace(maps, parent=by["platform"].id), ranking, serving, growth]
    kept = [t for t in teams if t.id not in {c.id for c in changed}]
    heirs = {quality.id: (by["ads"].id,), search.id: (ranking.id, serving.id)}
    return Feed(people, [*kept, *changed], list(_moved(memberships, heirs, cars.id, growth.id)), successors=heirs)


def _moved(memberships: Sequence[Membership], heirs: Mapping[str, Sequence[str]], gone: str, to: str) -> Iterator[Membership]:
    """People follow their team: in turn where there are several, its lead first."""
    turns = {team: cycle(found) for team, found in {**heirs, gone: (to,)}.items()}
    for m in sorted(memberships, key=lambda m: m.role is not MembershipRole.lead):
        yield replace(m, team=next(turns[m.team])) if m.team in turns else m
