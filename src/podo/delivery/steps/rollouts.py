"""A rollout's steps. Those that act read what they need under the run's epoch, and ask for it again before each write."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from podo.delivery.ports import TargetReader
from podo.delivery.rules import releases as rules
from podo.delivery.service import rollouts as service
from podo.delivery.types import Bundle, Manifest, Rollout, Seen
from podo.delivery.writers import TargetWriter
from podo.kernel import clock
from podo.kernel.db import Tx
from podo.kernel.durable import act, record
from podo.kernel.settings import Seal

_PAUSE = 0.5
# Looks at more rollouts than these last longer, at most so many times: what settles wakes who looks.
_MANY, _LONGEST = 20, 3.0

Mine = Callable[[str, int], Awaitable[Rollout]]
Plan = Callable[[str, int], Awaitable[tuple[Rollout, Bundle]]]
WayBack = Callable[[str, int], Awaitable[tuple[Rollout, Bundle | None]]]
Current = Callable[[str, int], Awaitable[None]]
Earlier = Callable[[Rollout], Awaitable[Sequence[Bundle]]]
Settling = Callable[[str], AbstractContextManager[asyncio.Event]]


@dataclass(frozen=True, slots=True)
class RolloutWorld:
    """What the acts of a rollout work on. `mine`, `plan`, `way_back` and `current` raise `Overtaken` to an older run.

    `earlier` is what may have been applied to its target before; `settling` an event that is set when what runs there has
    come to an end of its way, as those who watch see it.

    `late` is after how many seconds a rollout has failed; `grace` how long it may be Degraded; `patience` how long its
    cluster may be silent. `looking` are the rollouts that this process looks at now.
    """

    reader: TargetReader
    writer: TargetWriter
    seal: Seal
    mine: Mine
    plan: Plan
    way_back: WayBack
    current: Current
    earlier: Earlier
    settling: Settling
    late: float
    grace: float
    patience: float
    looking: set[str] = field(default_factory=set[str])


@record
async def begin(tx: Tx, rollout: str, epoch: int) -> str | None:
    """This run is the newest; what it is to do."""
    return await service.begin(tx, rollout, epoch)


@act(undo=None)
async def reach(world: Any, rollout: str, epoch: int) -> None:
    """Ask whether the cluster answers and has the namespace: it changes nothing."""
    of = await world.rollouts.mine(rollout, epoch)
    await world.rollouts.reader.reach(of.cluster, of.project)


@record
async def start(tx: Tx, rollout: str, epoch: int) -> None:
    """It rolls from now on."""
    await service.start(tx, rollout, epoch)


@act(undo="delivery.put_back")
async def apply(world: Any, rollout: str, epoch: int) -> None:
    """Apply the bundle: its Secret first, then the manifests in their order."""
    of, bundle = await world.rollouts.plan(rollout, epoch)
    await _apply(world.rollouts, of, epoch, bundle, of.number)


@act(undo=None)
async def look(world: Any, rollout: str, epoch: int, seconds: float) -> dict[str, Any]:
    """Look until it is healthy or goes bad, or for `seconds`, longer while many are looked at: it changes nothing.

    It looks at once, and then when the watcher has seen something settle there: what is on its way need not be asked for.
    """
    mine: RolloutWorld = world.rollouts
    of, bundle = await mine.plan(rollout, epoch)
    begun = of.started_at or clock.now()
    with mine.settling(of.project) as settled, _among(mine.looking, rollout) as others:
        until = clock.monotonic() + seconds * min(max(1.0, others / _MANY), _LONGEST)
        while True:
            settled.clear()
            seen = await mine.reader.look(of.cluster, of.project, bundle.label, bundle.manifests)
            late = (clock.now() - begun).total_seconds() >= mine.late
            goes_bad = seen.health == "Degraded" != of.seen.health
            if seen.health == "Healthy" or goes_bad or late or not await _in_time(settled, until):
                return {**asdict(seen), "facts": dict(seen.facts), "late": late, "grace": mine.grace}


@record
async def judge(tx: Tx, rollout: str, epoch: int, seen: dict[str, Any]) -> str:
    """What follows from what was seen."""
    late, grace = bool(seen.pop("late")), float(seen.pop("grace"))
    return await service.judge(tx, rollout, epoch, Seen(**seen), late=late, grace=grace)


@act(undo=None)
async def prune(world: Any, rollout: str, epoch: int) -> list[str]:
    """Delete what an earlier release had and this one has not; going back applies it again."""
    of, bundle = await world.rollouts.plan(rollout, epoch)
    keep = _kept(bundle)
    kept = set(map(rules.title, keep))
    # A cluster is not asked for what cannot be there.
    if all(rules.title(m) in kept for was in await world.rollouts.earlier(of) for m in _kept(was)):
        return []
    await world.rollouts.current(rollout, epoch)
    return list(await world.rollouts.writer.prune(of.cluster, of.project, of.environment, keep))


@record
async def well(tx: Tx, rollout: str, epoch: int) -> str:
    """It soaks, or has arrived."""
    return await service.well(tx, rollout, epoch)


@record
async def fail(tx: Tx, rollout: str, epoch: int, why: str) -> None:
    """From now on it is put back."""
    await service.fail(tx, rollout, epoch, why)


@act(undo=None)
async def put_back(world: Any, rollout: str, epoch: int) -> None:
    """Bring back what was there before; nothing, where nothing was."""
    of, was = await world.rollouts.way_back(rollout, epoch)
    if was is not None:
        await _apply(world.rollouts, of, epoch, was, of.previous or of.number)
    await world.rollouts.current(rollout, epoch)
    keep = _kept(was) if was is not None else []
    await world.rollouts.writer.prune(of.cluster, of.project, of.environment, keep)


@record
async def is_back(tx: Tx, rollout: str, epoch: int) -> str:
    """What was there before is there again."""
    return await service.is_back(tx, rollout, epoch)


@act(undo=None)
async def pause(world: Any, rollout: str, epoch: int) -> None:
    """Let the Deployments go no further; the next apply lets them go on."""
    of, bundle = await world.rollouts.plan(rollout, epoch)
    await world.rollouts.current(rollout, epoch)
    await world.rollouts.writer.pause(of.cluster, of.project, rules.numbered(bundle.manifests, of.number))


@record
async def halted(tx: Tx, rollout: str, epoch: int, note: str) -> None:
    """It stands where it stood."""
    await service.halted(tx, rollout, epoch, note)


@act(undo=None)
async def patience(world: Any) -> float:
    """How long a silent cluster is waited for, in seconds."""
    return world.rollouts.patience


@record
async def silent(tx: Tx, rollout: str, epoch: int, why: str, seconds: float) -> str:
    """Its cluster does not answer."""
    return await service.silent(tx, rollout, epoch, why, patience=seconds)


@record
async def refuse(tx: Tx, rollout: str, epoch: int, why: str) -> None:
    """It failed before anything was changed."""
    await service.refuse(tx, rollout, epoch, why)


@record
async def give_up(tx: Tx, rollout: str, epoch: int, why: str) -> None:
    """Putting back was refused: a person decides."""
    await service.current(tx, rollout, epoch)
    await service.stuck(tx, rollout, why)


async def _apply(world: RolloutWorld, of: Rollout, epoch: int, bundle: Bundle, number: int) -> None:
    name = rules.secret_name(bundle)
    values = {key: world.seal.open(sealed) for key, sealed in bundle.sealed.items()}
    if values:
        await world.current(of.id, epoch)
        await world.writer.secret(of.cluster, of.project, name, _labels(of, bundle), values)
    for manifest in rules.numbered(bundle.manifests, number):
        await world.current(of.id, epoch)
        await world.writer.apply(of.cluster, of.project, [manifest])


@contextmanager
def _among(looking: set[str], rollout: str) -> Iterator[int]:
    """It is one of those within; gives how many they are."""
    looking.add(rollout)
    try:
        yield len(looking)
    finally:
        looking.discard(rollout)


async def _in_time(settled: asyncio.Event, until: float) -> bool:
    """Wait for it, but not past `until`, and not less than a moment: what settles in several steps is looked at once."""
    await asyncio.sleep(min(_PAUSE, max(0.0, until - clock.monotonic())))
    if clock.monotonic() >= until:
        return False
    try:
        async with asyncio.timeout(max(0.0, until - clock.monotonic())):
            await settled.wait()
    except TimeoutError:
        return False
    return True


def _labels(of: Rollout, bundle: Bundle) -> dict[str, str]:
    return {
        "app.kubernetes.io/managed-by": "podo",
        "app.kubernetes.io/part-of": of.project,
        "podo.dev/project": of.project,
        "podo.dev/environment": of.environment,
        "podo.dev/region": of.region,
        "podo.dev/release": bundle.label,
    }


def _kept(bundle: Bundle) -> Sequence[Manifest]:
    secret: Manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": rules.secret_name(bundle)}}
    return [*bundle.manifests, *([secret] if bundle.sealed else [])]
