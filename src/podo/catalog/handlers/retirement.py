"""The round that ends the time in which retired projects can come back."""

from __future__ import annotations

from podo.catalog import service
from podo.catalog.types import CatalogSettings, RetirementObjection
from podo.kernel.domains import House
from podo.kernel.nouns import PODO


async def close_retired(house: House) -> None:
    """Retired projects lose their namespaces when their days are over; one of which something runs again keeps them."""
    days = house.settings[CatalogSettings].retired_days
    async with house.database.reading(PODO) as r:
        due = await service.due_to_close(r, days)
        held = {slug for slug in due if await service.retirement_objections(r, slug, house.slots[RetirementObjection], "en")}
    for slug in due:
        if slug not in held:
            async with house.database.transaction(PODO) as tx:
                await service.close(tx, slug)
