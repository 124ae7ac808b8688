"""Reminders: what was offered, and what nobody owns, before the time to answer is over. Once for each."""

from __future__ import annotations

from datetime import datetime, timedelta

from podo.catalog import store
from podo.catalog.service.charts import organisation
from podo.catalog.types import Offer, OffersDue, OrphansDue
from podo.kernel import clock
from podo.kernel.db import Reading, Tx

BEFORE = timedelta(days=3)
_PART = 3


async def has_reminders(r: Reading) -> bool:
    """Whether anybody is to be reminded now."""
    now = clock.now()
    return bool(await _offers(r, now)) or bool((await store.due_soon(r, now, now + BEFORE))[0])


async def remind(tx: Tx) -> int:
    """Say what will soon be over, team by team; `notices` tells people. How much was said."""
    now = clock.now()
    offers = await _offers(tx, now)
    by_team: dict[str, list[Offer]] = {}
    for offer in offers:
        by_team.setdefault(offer.team, []).append(offer)
    org = await organisation(tx)
    for team, mine in sorted(by_team.items()):
        due = min(o.due_at for o in mine)
        tx.say(OffersDue(team=team, team_name=org.name(team), count=len(mine), due=due.date().isoformat()))
    await store.note_offers_reminded(tx, [o.id for o in offers], now)
    owners, first = await store.due_soon(tx, now, now + BEFORE)
    if first is not None:
        tx.say(OrphansDue(count=sum(owners.values()), due=first.date().isoformat(), candidates=owners))
        await store.note_reminded(tx, now, now + BEFORE)
    return len(by_team) + len(owners)


async def _offers(r: Reading, now: datetime) -> list[Offer]:
    """Open, not reminded of, and in the last third of their time, which is three days at most."""
    found = await store.offers_to_remind(r, now, now + BEFORE)
    return [o for o in found if o.due_at - now <= (o.due_at - o.offered_at) / _PART]
