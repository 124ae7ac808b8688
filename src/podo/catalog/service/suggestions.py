"""Who is likely to want what a team leaves behind: by what people did there, and by what other domains know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from podo.access.types import Team
from podo.catalog import rules
from podo.catalog.service.charts import Organisation
from podo.catalog.types import Evidence, OwnerEvidence
from podo.kernel import clock
from podo.kernel.db import Reading
from podo.kernel.errors import N_
from podo.kernel.events import log

RECENT = timedelta(days=90)
_MOST = 3
_BATCH = 500
# A person who was there counts as much as twenty things done, and much done counts no more than that.
_PERSON, _ENOUGH = 20, 60
_DID = N_("{people} of its people did {count} things here in {days} days")
_sources: tuple[OwnerEvidence, ...] = ()


def use_sources(sources: Sequence[OwnerEvidence]) -> None:
    """What other domains know; put here once, by the descriptor."""
    global _sources  # noqa: PLW0603 - read-only after the start, and handlers get no slots
    _sources = tuple(sources)


async def suggested(
    r: Reading, projects: Sequence[str], of: Team, fate: rules.Fate, org: Organisation
) -> dict[str, list[tuple[str, tuple[Evidence, ...]]]]:
    """By project, the teams that it should be offered to and why, the likeliest first. `of` is the team that ended.

    `org` is the organisation without it: who did something counts for the teams that they are in there.
    """
    found = await _deeds(r, projects, of.id, org)
    for source in _sources:
        for project, evidence in (await source.points(r, projects, of.id)).items():
            found.setdefault(project, []).extend(evidence)
    return {p: rules.ranked(org.chart(), of, fate, found.get(p, ()), _MOST) for p in projects}


async def _deeds(r: Reading, projects: Sequence[str], of: str, org: Organisation) -> dict[str, list[Evidence]]:
    """What the people of each team did in projects lately: deployed, approved, configured, by the event log."""
    since = clock.now() - RECENT
    done: list[tuple[str, str, int]] = []
    for first in range(0, len(projects), _BATCH):
        done += await log.deeds(r, projects[first : first + _BATCH], since)
    homes: dict[str, list[str]] = {}
    for team, people in org.ids.items():
        for person in people if team != of else ():
            homes.setdefault(person, []).append(team)
    by_team: dict[tuple[str, str], list[int]] = {}
    for project, person, count in done:
        for team in homes.get(person, ()):
            by_team.setdefault((project, team), []).append(count)
    found: dict[str, list[Evidence]] = {}
    for (project, team), counts in by_team.items():
        people, number = len(counts), sum(counts)
        facts = {"people": people, "count": number, "days": RECENT.days}
        points = people * _PERSON + min(number, _ENOUGH)
        found.setdefault(project, []).append(Evidence(team, points, _DID, facts))
    return found
