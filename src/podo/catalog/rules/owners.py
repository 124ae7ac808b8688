"""Who answers when teams come and go, and what is written when ownership is set right; from values alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from podo.access.types import Succession, SuccessionKind, Team
from podo.catalog.types import Evidence, Ownership, Way, WrongTime
from podo.kernel.errors import N_

_FOLLOWS, _BESIDE = N_("It follows {of}"), N_("It stood beside {of}")
_ENDING = frozenset({SuccessionKind.merge, SuccessionKind.split, SuccessionKind.dissolve})


@dataclass(frozen=True, slots=True)
class Chart:
    """The organisation at one moment.

    `parents` has every team that ever was; `heirs` what became of those that ended, where that is known (nobody: dissolved);
    `people` the active ones of each team, leads first; `rest` whom to page where no team has anybody.
    """

    parents: Mapping[str, str | None]
    living: frozenset[str]
    heirs: Mapping[str, tuple[str, ...]]
    people: Mapping[str, Sequence[str]]
    custodian: str
    rest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of the things of a team that ended: where they go, whether only to be kept, and to whom they are offered."""

    to: str
    custody: bool
    kind: SuccessionKind
    candidates: tuple[str, ...] = ()


def chart(
    teams: Sequence[Team],
    successions: Sequence[Succession],
    people: Mapping[str, Sequence[str]],
    *,
    at: datetime,
    custodian: str = "",
    rest: Sequence[str] = (),
) -> Chart:
    """The organisation as it is at `at`; `custodian` is the id or handle of the chosen team, empty for none."""
    alive = frozenset(t.id for t in teams if _lives(t, at))
    parents = {t.id: t.parent for t in teams}
    chosen = next((t.id for t in teams if custodian and custodian in (t.id, t.handle)), "")
    keeper = chosen if chosen in alive else _largest_root(parents, alive, people)
    return Chart(parents, alive, _heirs(successions, at), people, keeper, tuple(rest))


def _lives(team: Team, at: datetime) -> bool:
    return (team.began_at is None or team.began_at <= at) and (team.ended_at is None or team.ended_at > at)


def _heirs(successions: Sequence[Succession], at: datetime) -> dict[str, tuple[str, ...]]:
    counted = [s for s in successions if s.kind in _ENDING and s.withdrawn_at is None and s.at <= at]
    return {s.team: s.successors for s in sorted(counted, key=lambda s: (s.at, s.recorded_at, s.id))}


def _largest_root(parents: Mapping[str, str | None], alive: Collection[str], people: Mapping[str, Sequence[str]]) -> str:
    """The root that holds most people, the first by id of equals; empty where no team lives."""
    held: dict[str, set[str]] = {}
    for team in alive:
        at, seen = team, {team}
        while (above := parents.get(at)) is not None and above in alive and above not in seen:
            seen.add(above)
            at = above
        held.setdefault(at, set()).update(people.get(team, ()))
    return min(held, key=lambda root: (-len(held[root]), root), default="")


def living(now: Chart, team: str) -> tuple[str, Way]:
    """The team that answers for a team: itself, else its one successor, else the nearest living above, else the custodian.

    Empty where no team lives at all. Cycles and successors that nobody knows are dead ends.
    """
    seen: set[str] = set()
    waiting = [(team, Way.owner)]
    while waiting:
        at, way = waiting.pop()
        if at in now.living:
            return at, way
        if at in seen:
            continue
        seen.add(at)
        if (above := now.parents.get(at)) is not None:
            waiting.append((above, Way.ancestor))
        heirs = now.heirs.get(at, ())
        if len(heirs) == 1:
            waiting.append((heirs[0], Way.successor if way is not Way.ancestor else way))
    return now.custodian, Way.custodian if now.custodian else Way.anybody


def page(now: Chart, team: str) -> tuple[str, Sequence[str]]:
    """The nearest team with an active person, from a living team upwards, and its people; else whoever is there at all."""
    for near in _near(now, team):
        if found := now.people.get(near):
            return near, found
    return "", now.rest


def _near(now: Chart, team: str) -> Iterator[str]:
    yield from ancestry(now, team)
    # Below the custodian, the higher first; then any team: somebody is better than nobody.
    level, seen = [now.custodian], {now.custodian}
    while level:
        yield from level
        level = sorted(t for t, above in now.parents.items() if above in level and t in now.living and t not in seen)
        seen.update(level)
    yield from sorted(now.living)


def ancestry(now: Chart, team: str) -> list[str]:
    """A living team, and those that answer above it, the nearest first."""
    found: list[str] = []
    at: str | None = team
    while at is not None:
        keeper, way = living(now, at)
        if keeper in found or way in (Way.custodian, Way.anybody):
            break
        found.append(keeper)
        at = now.parents.get(keeper)
    return found


def above(now: Chart, team: str) -> str:
    """The nearest living team above a team, the custodian above all roots; empty where there is none but itself."""
    higher = [t for t in ancestry(now, team) if t != team]
    if higher:
        return higher[0]
    return now.custodian if now.custodian != team else ""


def fate(now: Chart, team: str) -> Fate | None:
    """What becomes of what a team owns; None while it lives, and where no team is left to take it."""
    if team in now.living:
        return None
    seen: set[str] = set()
    at = team
    while at not in now.living and at not in seen and len(now.heirs.get(at, ())) == 1:
        seen.add(at)
        at = now.heirs[at][0]
    if at in now.living:
        return Fate(at, custody=False, kind=SuccessionKind.merge)
    keeper = living(now, team)[0]
    if not keeper:
        return None
    heirs = now.heirs.get(at, ()) if at not in seen else ()
    found = [living(now, heir) for heir in heirs]
    candidates = dict.fromkeys(t for t, way in found if way in (Way.owner, Way.successor) and t != keeper)
    kind = SuccessionKind.split if len(heirs) > 1 else SuccessionKind.dissolve
    return Fate(keeper, custody=True, kind=kind, candidates=tuple(candidates))


def beside(now: Chart, team: str) -> list[str]:
    """The living teams that stood beside a team: under the same parent, by id."""
    parent = now.parents.get(team)
    return sorted(t for t, other in now.parents.items() if other == parent and t in now.living and t != team)


def candidate(now: Chart, team: str, candidates: Collection[str], keeper: str) -> str:
    """For whom a team's evidence counts: the nearest candidate from it upwards, or itself where none are named; else empty."""
    line = ancestry(now, living(now, team)[0])
    if candidates:
        return next((t for t in line if t in candidates), "")
    return line[0] if line and line[0] != keeper else ""


def ranked(now: Chart, of: Team, fate: Fate, evidence: Sequence[Evidence], most: int) -> list[tuple[str, tuple[Evidence, ...]]]:
    """To whom a thing is offered, the likeliest first, and why.

    Of a team that was split: to all who follow it. Of one that was dissolved: to those for whom most evidence speaks, at most
    `most`; where none does, to those that stood beside it.
    """
    found: dict[str, list[Evidence]] = {team: [] for team in fate.candidates}
    for e in evidence:
        if to := candidate(now, e.team, fate.candidates, fate.to):
            found.setdefault(to, []).append(replace(e, team=to))
    if not found:
        found = {t: [Evidence(t, 0, _BESIDE, {"of": of.name})] for t in beside(now, of.id)[:most] if t != fate.to}
    named = {t: es or [Evidence(t, 0, _FOLLOWS, {"of": of.name})] for t, es in found.items()}
    order = sorted(named.items(), key=lambda item: -sum(e.points for e in item[1]))
    return [(t, tuple(es)) for t, es in (order if fate.candidates else order[:most])]


def revised(believed: Sequence[Ownership], wanted: Ownership) -> tuple[Sequence[Ownership], Sequence[Ownership]]:
    """To make `wanted` so from its `since` to its `until`: what is no longer believed, and what is written instead.

    `believed` are all intervals of the subject that are believed now. What lies before and behind stays as it was, cut where it
    has to be; so at every moment there is one owner, as before.
    """
    gone = [o for o in believed if _before(o.since, wanted.until) and _before(wanted.since, o.until)]
    kept: list[Ownership] = []
    for o in gone:
        if o.since < wanted.since:
            kept.append(replace(o, until=wanted.since, recorded_at=wanted.recorded_at))
        if wanted.until is not None and _before(wanted.until, o.until):
            kept.append(replace(o, since=wanted.until, recorded_at=wanted.recorded_at))
    return gone, [*kept, wanted]


def _before(moment: datetime, end: datetime | None) -> bool:
    return end is None or moment < end


def moment(text: str) -> datetime | None:
    """A day (its beginning, UTC) or a time in ISO 8601, UTC where it names no zone; None for nothing. Raises `WrongTime`."""
    if not text.strip():
        return None
    try:
        # A plus sign in an address is a blank.
        found = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip())
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise WrongTime(value=text, why=N_("it cannot be read")) from None


def needed_moment(text: str) -> datetime:
    """`moment`, where there has to be one. Raises `WrongTime`."""
    found = moment(text)
    if found is None:
        raise WrongTime(value=text, why=N_("it is missing"))
    return found
