"""Posting what webhooks send. What is posted twice bears the same id."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from podo.kernel import clock, traces
from podo.kernel.db import Tx
from podo.kernel.durable import act, record
from podo.notices import rules, service
from podo.notices.steps.world import World
from podo.notices.types import Answered, Posted

_AT_ONCE = 4


@record
async def take_batch(tx: Tx, webhook: str, turn: int) -> list[list[Any]]:
    """What this run sends next: [id, how often it was tried]; nothing when it is off, rests, or has a later run."""
    return [list(pair) for pair in await service.take_batch(tx, webhook, turn)]


@act(undo=None)
async def post_batch(world: World, webhook: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Post each that still waits, a few at a time; how each ended. What was posted cannot be called back."""
    parcel = await world.parcel(webhook, ids)
    if parcel is None:
        return []
    address, secrets = world.seal.open(parcel.address), [world.seal.open(sealed) for sealed in parcel.secrets]
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(id_: str, body: str, trace: str | None) -> dict[str, Any]:
        async with gate, world.gate:
            with _posting(webhook, traces.parse(trace)):
                return await _posted(world, address, secrets, id_, body.encode())

    return list(await asyncio.gather(*(one(*letter) for letter in parcel.letters)))


@contextmanager
def _posting(webhook: str, said: traces.Point | None) -> Iterator[None]:
    """In the trace of its event, with a link to the run, which posts what was said in many traces."""
    run = traces.here()
    with traces.span("post", under=said, kind="client", podo__webhook=webhook) as made:
        made.link([run] if said and run else [])
        yield


async def _posted(world: World, address: str, secrets: Sequence[str], id_: str, body: bytes) -> dict[str, Any]:
    at = clock.now()
    answered = await world.webhooks.post(address, rules.headers(secrets, id_, at, body), body)
    return {"id": id_, "at": at.isoformat(), **asdict(answered)}


@record
async def note_batch(tx: Tx, webhook: str, batch: Sequence[Sequence[Any]], posted: Sequence[Mapping[str, Any]]) -> None:
    """Note how each ended."""
    attempts: dict[str, int] = {one[0]: one[1] for one in batch}
    await service.note_batch(tx, webhook, [_read(one, attempts[one["id"]]) for one in posted])


def _read(one: Mapping[str, Any], attempts: int) -> Posted:
    answered = Answered(one["status"], one["ms"], one["why"], one["answer"], one["after"])
    return Posted(one["id"], attempts, datetime.fromisoformat(one["at"]), answered)


@record
async def note_unposted(tx: Tx, webhook: str, batch: Sequence[Sequence[Any]], why: str) -> None:
    """Nothing of the batch could be posted at all."""
    now = clock.now()
    await service.note_batch(tx, webhook, [Posted(id_, tried, now, Answered(None, 0, why)) for id_, tried in batch])


@record
async def end_turn(tx: Tx, webhook: str, turn: int) -> None:
    """The run is over."""
    await service.end_turn(tx, webhook, turn)
