"""Telling people that something waits for them: assets that may be theirs, and a directory that takes too much away."""

from __future__ import annotations

from podo.access import service as access
from podo.access.types import DirectoryRefused
from podo.catalog import service as catalog
from podo.catalog.types import OrphansFound
from podo.kernel.events import Entry, Handling
from podo.notices import messages, service
from podo.notices.types import Message


async def tell_of_orphans(entry: Entry, at: Handling) -> None:
    """Who leads the likeliest owners hears of assets of which nobody is known: one notice for each, with how many they are."""
    sentence = messages.MAY_BE_YOURS if entry.code == OrphansFound.code else messages.STILL_MAY_BE
    async with at.transaction() as tx:
        counts: dict[str, int] = {}
        owning = await catalog.by_owning_team(tx, entry.facts.get("candidates", {}))
        for team, people in (await catalog.leads_of(tx, owning)).items():
            for person in people:
                counts[person] = counts.get(person, 0) + owning[team]
        for count in sorted(set(counts.values())):
            facts = {"count": count, "due": entry.facts.get("due", "")}
            people = [person for person, of in counts.items() if of == count]
            await service.tell(tx, people, messages.of_owners(entry.code, sentence, messages.CLAIMS, facts))


async def tell_of_directory(entry: Entry, at: Handling) -> None:
    """Administrators hear that the directory waits for them: of many removals once, by the first that waits."""
    async with at.transaction() as tx:
        if entry.code == DirectoryRefused.code:
            trouble = await access.feed_trouble(tx)
            message = messages.of_trouble(trouble) if trouble else None
        else:
            waiting = await access.removals(tx)
            first = bool(waiting) and waiting[0].id == entry.facts["removal"]
            facts = {"name": entry.facts["name"]}
            message = Message("removal_waits", messages.TAKES_AWAY, "/-/directory", facts) if first else None
        if message is not None:
            await service.tell(tx, await access.administrators(tx), message)
