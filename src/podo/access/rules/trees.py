"""Teams as a tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from podo.access.types import Membership, MembershipRole, SuccessionKind, Team


def reach(memberships: Sequence[Membership], teams: Sequence[Team]) -> tuple[frozenset[str], frozenset[str]]:
    """The teams a person counts as a member of, and those the person leads: a lead leads everything below, too."""
    children: dict[str | None, list[str]] = {}
    for team in teams:
        children.setdefault(team.parent, []).append(team.id)
    leads: set[str] = set()
    waiting = [m.team for m in memberships if m.role is MembershipRole.lead]
    while waiting:
        team = waiting.pop()
        if team not in leads:
            leads.add(team)
            waiting += children.get(team, ())
    return frozenset(leads | {m.team for m in memberships}), frozenset(leads)


def above(team: Team, teams: Sequence[Team]) -> list[Team]:
    """The teams above a team, the highest first."""
    known = {t.id: t for t in teams}
    found: list[Team] = []
    at = known.get(team.parent or "")
    while at is not None and at not in found:
        found.insert(0, at)
        at = known.get(at.parent or "")
    return found


def circle(parents: Mapping[str, str | None]) -> str | None:
    """A team that is above itself, None where there is none."""
    fine: set[str] = set()
    for team in parents:
        way: list[str] = []
        at: str | None = team
        while at is not None and at not in fine:
            if at in way:
                return at
            way.append(at)
            at = parents.get(at)
        fine.update(way)
    return None


def living_above(team: str, teams: Mapping[str, Team]) -> str | None:
    """The nearest team above that lives."""
    seen: set[str] = set()
    at = teams[team].parent if team in teams else None
    while at is not None and at not in seen and at in teams:
        if teams[at].ended_at is None:
            return at
        seen.add(at)
        at = teams[at].parent
    return None


def custodian(teams: Sequence[Team], counts: Mapping[str, int]) -> str | None:
    """The living root team that holds most people: it owns what nobody else does."""
    known = {t.id: t for t in teams}
    roots = [t for t in teams if t.ended_at is None and living_above(t.id, known) is None]
    most = max(roots, key=lambda t: (counts.get(t.id, 0), t.id), default=None)
    return most.id if most else None


def standing(teams: Sequence[Team]) -> dict[str, str | None]:
    """Under which living team each living team stands; None at the top. What ended in between is passed over."""
    known = {t.id: t for t in teams}
    return {t.id: living_above(t.id, known) for t in teams if t.ended_at is None}


MOST_IN_FLOOR, MOST_DRAWN = 60, 120
"""How many boxes a chart has beside each other, and altogether: more is no picture any more."""


def below(teams: Sequence[Team]) -> dict[str | None, list[Team]]:
    """The living teams under each living team, by name; under None those at the top."""
    found: dict[str | None, list[Team]] = {}
    stands = standing(teams)
    for team in sorted((t for t in teams if t.id in stands), key=lambda t: (t.name.casefold(), t.id)):
        found.setdefault(stands[team.id], []).append(team)
    return found


def drawn(under: Mapping[str | None, Sequence[Team]], at: Team | None, skip: int = 0) -> dict[str | None, Sequence[Team]]:
    """What a chart around one team (or around none) shows: for each team those under it that are drawn.

    These are two floors below the team, or three from the top, `under` being `below`. The first floor begins behind `skip` and
    has as many as fit beside each other; a floor that would make it too many is not drawn: there one walks on.
    """
    top = at.id if at else None
    floor = list(under.get(top, ()))[skip : skip + MOST_IN_FLOOR]
    found: dict[str | None, Sequence[Team]] = {top: floor}
    count = len(floor)
    for _ in range(1 if at else 2):
        count += sum(len(under.get(t.id, ())) for t in floor)
        if count > MOST_DRAWN:
            break
        found |= {t.id: list(under.get(t.id, ())) for t in floor}
        floor = [child for t in floor for child in under.get(t.id, ())]
    return found


def aspect(kind: SuccessionKind) -> str:
    """What of a team a kind is about: `name`, `parent`, or whether it is `living`."""
    return {SuccessionKind.rename: "name", SuccessionKind.move: "parent"}.get(kind, "living")
