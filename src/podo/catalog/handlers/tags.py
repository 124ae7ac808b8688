"""Plans of tags that somebody let be written, and the round that repairs drift."""

from __future__ import annotations

from podo.catalog import service
from podo.catalog.types import CatalogSettings, TagPlanKind
from podo.catalog.workflows import apply
from podo.kernel import clock
from podo.kernel.domains import House
from podo.kernel.events import Entry, Handling
from podo.kernel.nouns import PODO


async def write_tags(entry: Entry, at: Handling) -> None:
    """Begin, or go on with, a plan."""
    plan, turn = entry.facts["plan"], entry.facts["turn"]
    await at.start(apply, f"tags:{plan}:{turn}", plan, turn)


async def repair_drift(house: House) -> None:
    """Put back tags that Podo wrote and somebody changed, as far as the day's calls go; never beside another plan."""
    most = house.settings[CatalogSettings].tag_calls_a_day
    async with house.database.reading(PODO) as r:
        left = most - await service.drift_calls(r, clock.now().date())
        if left <= 0 or await service.is_tagging(r):
            return
        draft = await service.draft_drift(r, left)
    if not draft.changes:
        return
    async with house.database.transaction(PODO) as tx:
        plan = await service.plan_tags(tx, draft, TagPlanKind.drift)
        await service.apply_tags(tx, plan.id)
