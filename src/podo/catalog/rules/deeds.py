"""What people did for projects, as reasons why their team may own them; from values alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from podo.catalog.types import Deed, DeedKind, Evidence
from podo.kernel.errors import N_

# What a person counts, and how much is added for what the person did; much done counts no more than that.
_WEIGHS: Mapping[DeedKind, tuple[int, int]] = {
    DeedKind.on_call: (40, 0),
    DeedKind.committed: (25, 40),
    DeedKind.deployed: (20, 40),
    DeedKind.approved: (15, 20),
    DeedKind.did: (20, 60),
}
_DEEDS: Mapping[DeedKind, str] = {
    DeedKind.on_call: N_("{people} of its people are on call for it"),
    DeedKind.committed: N_("{people} of its people committed here, {count} times in {days} days"),
    DeedKind.deployed: N_("{people} of its people deployed it, {count} times in {days} days"),
    DeedKind.approved: N_("{people} of its people approved deployments of it, {count} times in {days} days"),
    DeedKind.did: N_("{people} of its people did {count} things here in {days} days"),
}


def by_team(done: Iterable[Deed], homes: Mapping[str, Collection[str]]) -> dict[DeedKind, dict[str, tuple[int, int]]]:
    """Of one project: kind → team → how many of its people, and how often together. `homes` are the teams of each person."""
    found: dict[DeedKind, dict[str, dict[str, int]]] = {}
    for deed in done:
        for team in homes.get(deed.person, ()):
            people = found.setdefault(deed.kind, {}).setdefault(team, {})
            people[deed.person] = people.get(deed.person, 0) + deed.count
    return {
        kind: {team: (len(people), sum(people.values())) for team, people in teams.items()}
        for kind, teams in sorted(found.items(), key=lambda pair: list(DeedKind).index(pair[0]))
    }


def spoken_for(done: Iterable[Deed], homes: Mapping[str, Collection[str]], days: int) -> list[Evidence]:
    """What was done for one project, as evidence for teams; each kind is a reason of its own."""
    found: list[Evidence] = []
    for kind, teams in by_team(done, homes).items():
        person, enough = _WEIGHS[kind]
        for team, (people, count) in teams.items():
            facts = {"people": people, "count": count, "days": days}
            found.append(Evidence(team, people * person + min(count, enough), _DEEDS[kind], facts))
    return found
