"""How a rollout goes on: told by the recording steps, each safe when its run is not the newest any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from podo.catalog import service as catalog
from podo.delivery.rules import gates, states
from podo.delivery.service.deployments import about, cancel_rollout
from podo.delivery.service.deployments import subject as _subject
from podo.delivery.store import deployments as rows
from podo.delivery.store import releases as sealed
from podo.delivery.store import rollouts as parts
from podo.delivery.types import (
    MOVING,
    OPEN,
    Bundle,
    Deployment,
    DeploymentKind,
    Gate,
    Overtaken,
    Rollout,
    RolloutFailed,
    RolloutFailing,
    RolloutHalted,
    RolloutHealthy,
    RolloutRolledBack,
    RolloutSoaking,
    RolloutStarted,
    RolloutState,
    RolloutStuck,
    RolloutWaits,
    Seen,
)
from podo.kernel import clock
from podo.kernel.db import Reading, Tx
from podo.kernel.events import log

_S = RolloutState
_SOON = timedelta(seconds=15)
Values = Mapping[str, Any]


# -- what may start


async def advance(tx: Tx, project: str) -> list[tuple[str, int]]:
    """(rollout, its next epoch) of all of a project that may start now; what will never start is cancelled."""
    found: list[tuple[str, int]] = []
    for of in await rows.open_ones(tx, project):
        for rollout in of.rollouts:
            if rollout.state not in (_S.waiting, _S.queued):
                continue
            around = await _around(tx, of, rollout)
            lost = gates.hopeless(around)
            if lost is not None and rollout.started_at is None:
                await cancel_rollout(tx, rollout, f"{lost.region} did not become healthy")
                await rows.settle(tx, project, of.number)
            elif rollout.state is _S.queued and rollout.due_at is None and gates.may_start(rollout, around):
                found.append((rollout.id, rollout.epoch + 1))
    return found


async def _around(r: Reading, of: Deployment, rollout: Rollout) -> gates.Around:
    return gates.Around(gates.before(rollout, of.rollouts), await parts.busy(r, rollout))


async def gates_of(r: Reading, of: Deployment, names: Mapping[str, str]) -> dict[str, list[Gate]]:
    """The gates of each rollout that has not started, by region."""
    found: dict[str, list[Gate]] = {}
    for rollout in of.rollouts:
        if rollout.state in (_S.waiting, _S.queued):
            found[rollout.region] = gates.gates(rollout, await _around(r, of, rollout), clock.now(), names)
    return found


async def due(r: Reading, limit: int = 200) -> list[tuple[str, int, str | None]]:
    """(rollout, its next epoch, where in which trace it was last spoken of) of those that Podo looks at again now."""
    found = await parts.due(r, clock.now(), limit)
    if not found:
        return []
    known = await log.traced(r, {_subject(project, number) for _, _, project, number, _ in found})
    return [(id_, epoch + 1, known.get((_subject(project, number), region))) for id_, epoch, project, number, region in found]


async def soaking(r: Reading) -> Sequence[Rollout]:
    """All that soak."""
    return await parts.in_state(r, _S.soaking, 500)


async def traced(r: Reading, of: Rollout) -> str | None:
    """Where in which trace it was last spoken of."""
    subject = _subject(of.project, of.number)
    return (await log.traced(r, {subject})).get((subject, of.region))


# -- a run


async def begin(tx: Tx, rollout_id: str, epoch: int) -> str | None:
    """Let this run be the newest. What it is to do: forward, back, look, or halt; None when there is nothing to do."""
    now = await parts.running(tx, rollout_id)
    if now is None or now.epoch != epoch - 1 or now.state not in OPEN:
        return None
    if now.state in (_S.waiting, _S.queued) and not await _may_start(tx, now):
        return None
    await parts.watch(tx, rollout_id, due_at=None, epoch=epoch)
    if now.halt_asked:
        return "halt"
    if now.back:
        return "back"
    return "look" if now.state is _S.soaking else "forward"


async def _may_start(tx: Tx, now: Rollout) -> bool:
    train = (await parts.of_deployments(tx, [(now.project, now.number)]))[now.project, now.number]
    mine = next(x for x in train if x.id == now.id)
    return gates.may_start(mine, gates.Around(gates.before(mine, train), await parts.busy(tx, mine)))


async def mine(r: Reading, rollout_id: str, epoch: int) -> Rollout:
    """A run's rollout, without its approvals. Raises `Overtaken` when the run is not the newest."""
    now = await parts.running(r, rollout_id)
    if now is None or now.epoch != epoch:
        raise Overtaken(rollout=rollout_id, epoch=epoch)
    return now


async def plan(r: Reading, rollout_id: str, epoch: int) -> tuple[Rollout, Bundle]:
    """A run's rollout, and the bundle it brings. Raises `Overtaken`."""
    now = await mine(r, rollout_id, epoch)
    bundle = await sealed.bundle_of(r, now.project, now.number, now.environment, now.region)
    assert bundle is not None
    return now, bundle


async def way_back(r: Reading, rollout_id: str, epoch: int) -> tuple[Rollout, Bundle | None]:
    """A run's rollout, and the bundle that was there before; None where there was none. Raises `Overtaken`."""
    now = await mine(r, rollout_id, epoch)
    if not now.previous:
        return now, None
    return now, await sealed.bundle_of(r, now.project, now.previous, now.environment, now.region)


async def earlier(r: Reading, of: Rollout) -> list[Bundle]:
    """All that may have left something on a run's target: who arrives there leaves nothing of those that ended before."""
    return await sealed.since_last(r, of)


async def current(r: Reading, rollout_id: str, epoch: int) -> None:
    """Raises `Overtaken` when this run is not the newest of its rollout."""
    if await parts.epoch(r, rollout_id) != epoch:
        raise Overtaken(rollout=rollout_id, epoch=epoch)


async def start(tx: Tx, rollout_id: str, epoch: int) -> None:
    """The cluster answers and is about to be changed."""
    now = await mine(tx, rollout_id, epoch)
    await parts.watch(tx, rollout_id, silent_since=None, degraded_since=None, seen=Seen())
    if now.state is _S.queued:
        there = await parts.active(tx, now.project, now.environment, now.region)
        states.check(now.state, _S.rolling, region=now.region, verb="start")
        values = {"state": _S.rolling, "why": "", "started_at": clock.now(), "previous": there.number if there else None}
        await parts.change(tx, rollout_id, **values)
        tx.say(RolloutStarted(**await _facts(tx, now), cluster=now.cluster))


async def _facts(r: Reading, of: Rollout) -> dict[str, Any]:
    return {**about(of), "release": await rows.release_of(r, of.project, of.number)}


async def _watched(tx: Tx, rollout_id: str, epoch: int) -> tuple[Rollout, datetime | None, datetime | None]:
    found = await parts.watched(tx, rollout_id)
    if found is None or found[0].epoch != epoch:
        raise Overtaken(rollout=rollout_id, epoch=epoch)
    return found


async def judge(tx: Tx, rollout_id: str, epoch: int, seen: Seen, *, late: bool, grace: float) -> str:
    """What follows from what was seen: go on looking (wait), healthy, failing, or halt.

    `late` says that its time is over; it may be Degraded for `grace` seconds before it counts as failing.
    """
    now, _, degraded_since = await _watched(tx, rollout_id, epoch)
    is_bad = seen.health == "Degraded"
    since = degraded_since or clock.now() if is_bad else None
    await parts.watch(tx, rollout_id, seen=seen, degraded_since=since, silent_since=None)
    if now.halt_asked:
        return "halt"
    if seen.health == "Healthy":
        if now.state is _S.soaking and now.soak_until and now.soak_until > clock.now():
            await parts.watch(tx, rollout_id, due_at=now.soak_until)
            return "soak on"
        return "healthy"
    if late or (since is not None and (clock.now() - since).total_seconds() >= grace):
        return "failing"
    return "wait"


async def well(tx: Tx, rollout_id: str, epoch: int) -> str:
    """It was seen healthy: it soaks, where its environment asks for that, or has arrived. Returns the new state."""
    now = await mine(tx, rollout_id, epoch)
    kind = await rows.kind_of(tx, now.project, now.number)
    stage = next((e for e in await catalog.environments(tx) if e.name == now.environment), None)
    soak = stage.soak_seconds if stage and kind is DeploymentKind.deploy else 0
    if now.state is _S.rolling and soak > 0:
        until = clock.now() + timedelta(seconds=soak)
        await parts.change(tx, rollout_id, state=_S.soaking, soak_until=until, why="")
        await parts.watch(tx, rollout_id, due_at=until)
        facts = await _facts(tx, now)
        tx.say(RolloutSoaking(**facts, ready=now.seen.ready, wanted=now.seen.wanted, minutes=states.minutes(soak)))
        return _S.soaking.value
    await _arrive(tx, now, kind)
    return _S.healthy.value


async def _arrive(tx: Tx, now: Rollout, kind: DeploymentKind) -> None:
    states.check(now.state, _S.healthy, region=now.region)
    at = clock.now()
    left = _S.rolled_back if kind is DeploymentKind.rollback else _S.inactive
    for old in await parts.healthy_in(tx, now.project, now.environment, now.region):
        if old.id != now.id:
            await parts.change(tx, old.id, state=left, ended_at=at)
            if left is _S.rolled_back:
                facts = await _facts(tx, old)
                tx.say(RolloutRolledBack(**facts, back_to=now.number, why=f"#{now.number}"))
    await parts.change(tx, now.id, state=_S.healthy, healthy_at=at, why="")
    await parts.watch(tx, now.id, due_at=None)
    tx.say(RolloutHealthy(**await _facts(tx, now), ready=now.seen.ready, wanted=now.seen.wanted))
    await rows.settle(tx, now.project, now.number)


async def fail(tx: Tx, rollout_id: str, epoch: int, why: str) -> None:
    """It will not become healthy: from now on it is put back. A second time changes nothing."""
    now = await mine(tx, rollout_id, epoch)
    if not now.back:
        said = why or now.seen.said() or "it did not become healthy in time"
        await parts.change(tx, rollout_id, back=True, why=said)
        await parts.watch(tx, rollout_id, degraded_since=None)
        tx.say(RolloutFailing(**await _facts(tx, now), why=said))


async def refuse(tx: Tx, rollout_id: str, epoch: int, why: str) -> None:
    """It failed before anything was changed."""
    now = await mine(tx, rollout_id, epoch)
    await _end(tx, now, _S.failed, why)
    tx.say(RolloutFailed(**await _facts(tx, now), why=why))


async def is_back(tx: Tx, rollout_id: str, epoch: int) -> str:
    """What was there before is there again, or nothing is: it is rolled back, or has failed. Returns the new state."""
    now = await mine(tx, rollout_id, epoch)
    if now.previous is None:
        await _end(tx, now, _S.failed, now.why)
        tx.say(RolloutFailed(**await _facts(tx, now), why=now.why))
        return _S.failed.value
    await _end(tx, now, _S.rolled_back, now.why)
    tx.say(RolloutRolledBack(**await _facts(tx, now), back_to=now.previous, why=now.why))
    return _S.rolled_back.value


async def silent(tx: Tx, rollout_id: str, epoch: int, why: str, *, patience: float) -> str:
    """Its cluster does not answer: Podo tries again in a moment, for `patience` seconds; then it is stuck. Returns the state."""
    now, since, _ = await _watched(tx, rollout_id, epoch)
    since = since or clock.now()
    if (clock.now() - since).total_seconds() >= patience:
        await _stuck(tx, now, why)
        return _S.stuck.value
    await parts.watch(tx, rollout_id, silent_since=since, due_at=clock.now() + _SOON)
    if now.why != why and not now.back:
        await parts.change(tx, rollout_id, why=why)
        tx.say(RolloutWaits(**await _facts(tx, now), why=why))
    return now.state.value


async def halted(tx: Tx, rollout_id: str, epoch: int, note: str) -> None:
    """It was paused where it stood, or could not be (`note` says why)."""
    now = await mine(tx, rollout_id, epoch)
    await _end(tx, now, _S.halted, " ".join(filter(None, (now.why, note))))
    tx.say(RolloutHalted(**await _facts(tx, now), note=note))


async def stuck(tx: Tx, rollout_id: str, why: str) -> None:
    """Nobody planned for what happened: nothing more is touched until a person decides."""
    now = await parts.running(tx, rollout_id)
    if now is not None and now.state in OPEN:
        await _stuck(tx, now, why)


async def _stuck(tx: Tx, now: Rollout, why: str) -> None:
    await _end(tx, now, _S.stuck, why)
    tx.say(RolloutStuck(**await _facts(tx, now), why=why))


async def _end(tx: Tx, now: Rollout, state: RolloutState, why: str) -> None:
    states.check(now.state, state, region=now.region)
    await parts.change(tx, now.id, state=state, why=why, ended_at=clock.now(), halt_asked=False)
    await parts.watch(tx, now.id, due_at=None)
    if state not in MOVING:
        await rows.settle(tx, now.project, now.number)
