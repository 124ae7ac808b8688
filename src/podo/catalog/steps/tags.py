"""Writing a plan of tags, batch by batch: each is written, read back, and noted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from podo.catalog import service
from podo.catalog.steps.world import World
from podo.catalog.types import TagTrouble
from podo.kernel.db import Tx
from podo.kernel.durable import act, record


@record
async def next_batch(tx: Tx, plan: str, run: str) -> dict[str, Any] | None:
    """The next batch that is not written; None when there is none, or the plan rests."""
    return await service.next_tag_batch(tx, plan, run)


@act(undo="catalog.write_tags")
async def write_tags(world: World, batch: Mapping[str, Any]) -> dict[str, list[str]]:
    """Set and remove the batch's tags; what failed, by ARN: [our word, the cloud's code, its sentence].

    Written twice, it says the same. It is undone by a plan of its own, with the former values, through this same step.
    """
    failed = await world.tags.write(
        service.account_from(batch["account"]), batch["region"], batch["arns"], batch["set"], batch["drop"]
    )
    return {arn: [failure.trouble.value, failure.code, failure.why] for arn, failure in failed.items()}


@act(undo=None)
async def rest(world: World, attempt: int) -> None:
    """Wait before a call is tried again, the longer the more often it was."""
    pauses = world.pauses() or (0,)
    await asyncio.sleep(pauses[min(attempt, len(pauses)) - 1])


@act(undo=None)
async def read_back(world: World, batch: Mapping[str, Any]) -> dict[str, dict[str, str] | None]:
    """The batch's tags as they are now; None for what is gone."""
    found = await world.assets.tags(service.account_from(batch["account"]), batch["region"], batch["arns"])
    return {arn: dict(tags) if tags is not None else None for arn, tags in found.items()}


@record
async def note_batch(
    tx: Tx, plan: str, run: str, batch: Mapping[str, Any], failed: Mapping[str, list[str]], found: Mapping[str, Any]
) -> None:
    """Note what became of each asset of the batch: written and seen, failed, gone, or to be tried again."""
    troubles = {arn: (TagTrouble(said[0]), said[1], said[2]) for arn, said in failed.items()}
    await service.note_tag_batch(tx, plan, run, batch, troubles, found)


@record
async def batch_failed(tx: Tx, plan: str, run: str, batch: Mapping[str, Any], kind: str, said: list[str]) -> None:
    """The cloud did not take the batch at all: its assets failed, or wait when the cloud is away."""
    await service.tag_batch_failed(tx, plan, run, batch, kind, said[0])


@record
async def plan_is_over(tx: Tx, plan: str, run: str) -> str:
    """The plan is done when nothing waits; its state."""
    return await service.end_tag_plan(tx, plan, run)
