"""What follows for webhooks from what was said, and the rounds that send."""

from __future__ import annotations

from podo.kernel.domains import House
from podo.kernel.events import Entry, Handling
from podo.kernel.nouns import PODO
from podo.notices import service
from podo.notices.workflows import post

_AT_ONCE = 20


async def post_at_once(entry: Entry, at: Handling) -> None:
    """Somebody waits for an answer: a run sends what is due now, unless one is under way."""
    webhook = entry.facts["webhook"]
    async with at.transaction() as tx:
        turn = await service.webhook_turn(tx, webhook)
    if turn is not None:
        await at.start(post, f"webhook:{webhook}:{turn}", webhook, turn)


async def hear_and_post(house: House) -> None:
    """Queue what was said since, in the transaction that goes on behind it; then send what is due.

    This reads the log by itself and not as a handler: it hears every event there is, and one place for a batch costs less than
    one for each, above all where nobody has a webhook.
    """
    for _ in range(_AT_ONCE):
        async with house.database.reading(PODO) as r:
            heard = await service.listen(r)
        if heard is None:
            break
        async with house.database.transaction(PODO) as tx:
            await service.queue_heard(tx, heard)
        if not heard.has_more:
            break
    async with house.database.reading(PODO) as r:
        due = await service.due_webhooks(r)
    for webhook, turn in due:
        await house.durable.start(post, f"webhook:{webhook}:{turn}", webhook, turn)


async def forget_deliveries(house: House) -> None:
    """Deliveries are kept for two weeks."""
    more = 1
    while more:
        async with house.database.transaction(PODO) as tx:
            more = await service.forget_deliveries(tx)
