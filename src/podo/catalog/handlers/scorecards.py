"""Scores follow what changes: one project at once, all of them every few minutes, for what other domains know changes unheard."""

from __future__ import annotations

from collections.abc import Sequence

from podo.catalog import service
from podo.catalog.types import (
    OwnershipChanged,
    ProjectChanged,
    ProjectDeleted,
    ProjectDescribed,
    ProjectRegistered,
    ProjectRetired,
    ProjectUnretired,
    ScoreRuleChanged,
    ScoreRuleReset,
    TargetsChanged,
)
from podo.kernel.domains import House
from podo.kernel.events import Entry, Handling
from podo.kernel.nouns import PODO

SCORED_ON = (
    *(ProjectRegistered, ProjectChanged, ProjectDescribed, TargetsChanged, OwnershipChanged),
    *(ProjectDeleted, ProjectRetired, ProjectUnretired, ScoreRuleChanged, ScoreRuleReset),
)
_AT_ONCE = 100


async def score(entry: Entry, at: Handling) -> None:
    """Something about a project changed, or a rule did: then it counts for all."""
    await score_many([entry], at)


async def score_many(entries: Sequence[Entry], at: Handling) -> None:
    """The same for many, each project once."""
    slugs = {entry.project for entry in entries if entry.project}
    if not all(entry.project for entry in entries):
        async with at.transaction() as tx:
            slugs |= set(await service.scored_projects(tx))
    ordered = sorted(slugs)
    for first in range(0, len(ordered), _AT_ONCE):
        async with at.transaction() as tx:
            await service.refresh_scores(tx, ordered[first : first + _AT_ONCE])


async def score_all(house: House) -> None:
    """Work out how every project stands, and how it stood today. Whoever else writes waits for a few of them only."""
    async with house.database.reading(PODO) as r:
        slugs = await service.scored_projects(r)
    for at in range(0, len(slugs), _AT_ONCE):
        async with house.database.reading(PODO) as r:
            found = await service.standings(r, slugs[at : at + _AT_ONCE])
        async with house.database.transaction(PODO) as tx:
            await service.note_scores(tx, found)
    async with house.database.transaction(PODO) as tx:
        await service.forget_ended_scores(tx)
