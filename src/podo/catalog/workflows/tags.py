"""The order of steps of writing a plan of tags."""

from __future__ import annotations

from podo.catalog import service, steps
from podo.kernel.db import Tx
from podo.kernel.durable import workflow
from podo.kernel.errors import PodoError


async def _stuck(tx: Tx, plan: str, run: str, why: str) -> None:
    await service.tag_plan_stuck(tx, plan, run, why)


@workflow("tags_v1", stuck=_stuck)
async def apply(plan: str, run: str) -> str:
    """Write batch after batch, each read back, until none waits or the plan rests; the plan's state then."""
    while (batch := await steps.next_batch(plan, run)) is not None:
        if batch["attempt"]:
            await steps.rest(batch["attempt"])
        try:
            failed = await steps.write_tags(batch)
            found = await steps.read_back(batch)
        except PodoError as error:
            await steps.batch_failed(plan, run, batch, error.kind, list(error.said()))
            continue
        await steps.note_batch(plan, run, batch, failed, found)
    return await steps.plan_is_over(plan, run)
