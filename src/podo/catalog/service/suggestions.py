"""Who is likely to want what a team leaves behind: by what people did there, and by what other domains know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from podo.access import service as access
from podo.access.types import Team
from podo.catalog import rules
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
    r: Reading, projects: Sequence[str], of: Team, fate: rules.Fate, now: rules.Chart
) -> dict[str, list[tuple[str, tuple[Evidence, ...]]]]:
    """By project, the teams that it should be offered to and why, the likeliest first. `of` is the team that ended."""
    found: dict[str, list[Evidence]] = {}
    for source in (OwnerEvidence(deeds), *_sources):
        for project, evidence in (await source.points(r, projects, of.id)).items():
            found.setdefault(project, []).extend(evidence)
    return {p: rules.ranked(now, of, fate, found.get(p, ()), _MOST) for p in projects}


async def deeds(r: Reading, projects: Sequence[str], of: str) -> Mapping[str, Sequence[Evidence]]:
    """What the people of each team did in projects lately: deployed, approved, configured, by the event log."""
    since = clock.now() - RECENT
    done: list[tuple[str, str, int]] = []
    for first in range(0, len(projects), _BATCH):
        done += await log.deeds(r, projects[first : first + _BATCH], since)
    teams = await access.teams_of_many(r, list({person for _, person, _ in done}))
    by_team: dict[tuple[str, str], list[int]] = {}
    for project, person, count in done:
        for team, _ in teams.get(person, ()):
            if team.id != of:
                by_team.setdefault((project, team.id), []).append(count)
    found: dict[str, list[Evidence]] = {}
    for (project, team_id), counts in by_team.items():
        people, number = len(counts), sum(counts)
        facts = {"people": people, "count": number, "days": RECENT.days}
        points = people * _PERSON + min(number, _ENOUGH)
        found.setdefault(project, []).append(Evidence(team_id, points, _DID, facts))
    return found
