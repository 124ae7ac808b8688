"""The order of steps of sending to a webhook."""

from __future__ import annotations

from podo.kernel.db import Tx
from podo.kernel.durable import workflow
from podo.kernel.errors import PodoError
from podo.notices import service, steps

# A run ends now and then, so that what it leaves behind stays short; the next one follows.
_BATCHES = 50


async def _stuck(tx: Tx, webhook: str, turn: int, why: str) -> None:
    await service.turn_stuck(tx, webhook, turn)


@workflow("webhook_v1", stuck=_stuck)
async def post(webhook: str, turn: int) -> int:
    """Send batch after batch of what is due; how much was posted. A webhook has one run at a time."""
    count = 0
    for _ in range(_BATCHES):
        batch = await steps.take_batch(webhook, turn)
        if not batch:
            break
        try:
            posted = await steps.post_batch(webhook, [id_ for id_, _ in batch])
        except PodoError as error:
            await steps.note_unposted(webhook, batch, error.said()[0])
            break
        await steps.note_batch(webhook, batch, posted)
        count += len(posted)
    await steps.end_turn(webhook, turn)
    return count
