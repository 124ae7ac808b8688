"""A draft of the chart of teams, played through: what would move, whom pages would wake, what nobody would take."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from podo.access import service as access
from podo.access.types import Feed, Foreseen, On, Succession, SuccessionKind, Team
from podo.catalog import rules, store
from podo.catalog.service.charts import Organisation, organisation
from podo.catalog.service.suggestions import suggested
from podo.catalog.types import READ, Band, Call, Move, Ownership, Rehearsal, Repaged, Responder
from podo.kernel import clock
from podo.kernel.db import Reading

_ENDS = (SuccessionKind.merge, SuccessionKind.split, SuccessionKind.dissolve)


async def rehearse(r: Reading, draft: str) -> Rehearsal:
    """What would follow if a draft came true now; nothing happens. Raises `NoSuchDraft`, `WrongDirectory`."""
    found = await access.draft(r, draft)
    plan = await access.foreseen(r, found.id)
    return await rehearsed(r, found.id, found.name, await access.draft_feed(r, found.id), plan.successions)


async def rehearsed(r: Reading, id_: str, name: str, feed: Feed, foreseen: Sequence[Foreseen]) -> Rehearsal:
    """`rehearse` for any feed and what becomes of teams by it."""
    await access.require(r, READ, On())
    at = clock.now()
    org = await organisation(r)
    then = _then(org, feed, foreseen, at)
    owned = await store.owned_projects(r)
    before, then_call = _caller(org, at), _caller(then, at)
    moves = await _moves(r, then, owned, before, then_call, at)
    moved = {m.project for m in moves}
    stay = [o for o, _ in owned if o.project not in moved]
    calls = [Repaged(o.project, o.team, before(o.team), then_call(o.team)) for o in stay]
    woken = {m.project: m.after for m in moves} | {c.project: c.after for c in calls}
    ended = {m.of for m in moves} | {f.team for f in foreseen if f.kind in _ENDS}
    assets = sum(bool(o.asset) for o in await store.owned_by(r, ended))
    counts = Counter((m.of, m.to, m.custody) for m in moves)
    return Rehearsal(
        draft=id_,
        name=name,
        at=at,
        projects=len(owned),
        moves=tuple(moves),
        repaged=tuple([c for c in calls if c.before.people[:1] != c.after.people[:1]]),
        silent=tuple(sorted(slug for slug, call in woken.items() if not call.people)),
        assets=assets,
        bands=tuple([Band(of, to, custody, n) for (of, to, custody), n in counts.most_common()]),
        names={t.id: t.name for t in then.teams.values()},
    )


def _then(org: Organisation, feed: Feed, foreseen: Sequence[Foreseen], at: datetime) -> Organisation:
    """The organisation as it would be."""
    new = {t.id: t for t in feed.teams}
    ends = {f.team: f for f in foreseen if f.kind in _ENDS}
    teams = {id_: _team(new.get(id_, team), id_ in ends, at) for id_, team in (dict(org.teams) | new).items()}
    more = [Succession(f"draft:{t}", f.kind, t, f.successors, at, at, "podo") for t, f in ends.items()]
    here = {p.id: p for p in feed.people if p.ends_at is None or p.ends_at > at}
    members: dict[str, list[Responder]] = {}
    for m in feed.memberships:
        if m.person in here:
            person = here[m.person]
            members.setdefault(m.team, []).append(Responder(person.id, person.name, person.email, leads=m.role == "lead"))
    ordered = {team: sorted(found, key=lambda p: (not p.leads, p.name, p.id)) for team, found in members.items()}
    ids = {team: [p.id for p in found] for team, found in ordered.items()}
    rest = [p for p in org.rest if p.id in here]
    addresses = {p.id: f"{p.name} <{p.email}>" for p in here.values()}
    return Organisation(teams, [*org.successions, *more], ordered, ids, rest, addresses, org.former)


def _team(team: Team, ends: bool, at: datetime) -> Team:
    return replace(team, ended_at=at) if ends and team.ended_at is None else team


async def _moves(
    r: Reading,
    then: Organisation,
    owned: Sequence[tuple[Ownership, str]],
    before: Callable[[str], Call],
    after: Callable[[str], Call],
    at: datetime,
) -> list[Move]:
    chart, found = then.chart(at), list[Move]()
    by_team: dict[str, list[tuple[Ownership, str]]] = {}
    for ownership, title in owned:
        by_team.setdefault(ownership.team, []).append((ownership, title))
    for team, mine in sorted(by_team.items()):
        fate = rules.fate(chart, team)
        if fate is None:
            continue
        asked = [o.project for o, _ in mine] if fate.custody else []
        offered = await suggested(r, asked, then.teams[team], fate, then) if asked else {}
        for ownership, title in mine:
            found.append(
                Move(
                    project=ownership.project,
                    title=title,
                    of=team,
                    to=fate.to,
                    custody=fate.custody,
                    kind=fate.kind,
                    candidates=tuple(offered.get(ownership.project, ())),
                    before=before(team),
                    after=after(fate.to),
                )
            )
    return found


def _caller(org: Organisation, at: datetime) -> Callable[[str], Call]:
    """Whom a page for a team wakes."""
    now = org.chart(at)

    @functools.cache
    def call(team: str) -> Call:
        page = rules.page(now, rules.living(now, team)[0])[0]
        return Call(page, tuple(org.people(page)))

    return call
