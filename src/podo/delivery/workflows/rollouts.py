"""The order of a rollout's steps. A run lives while a cluster works; people and soaking are rows with a due time."""

from __future__ import annotations

from podo.delivery.service import rollouts as service
from podo.delivery.steps import rollouts as steps
from podo.kernel.db import Tx
from podo.kernel.durable import workflow
from podo.kernel.errors import PodoError, Unavailable

_OVERTAKEN = "delivery.overtaken"
# How long each look lasts: short ones first, so that a quick service is quickly there, and a halt is soon seen.
_LOOKS = (1.0, 4.0)
_LONG = 5.0
_MOST_LOOKS = 10_000


async def _stuck(tx: Tx, rollout: str, epoch: int, why: str) -> None:
    await service.stuck(tx, rollout, why)


@workflow("rollout_v1", stuck=_stuck)
async def roll(rollout: str, epoch: int) -> str:
    """One run of a rollout; the state it left the rollout in, or why it did nothing."""
    task = await steps.begin(rollout, epoch)
    if task is None:
        return "nothing to do"
    try:
        match task:
            case "halt":
                return await _halt(rollout, epoch)
            case "back":
                return await _back(rollout, epoch)
            case "look":
                return await _watch(rollout, epoch)
            case _:
                return await _forward(rollout, epoch)
    except PodoError as error:
        if error.code == _OVERTAKEN:
            return "overtaken"
        raise


async def _forward(rollout: str, epoch: int) -> str:
    try:
        await steps.reach(rollout, epoch)
    except Unavailable as error:
        return await _silent(rollout, epoch, error)
    except PodoError as error:
        _pass(error)
        await steps.refuse(rollout, epoch, error.said()[0])
        return "failed"
    await steps.start(rollout, epoch)
    try:
        await steps.apply(rollout, epoch)
    except Unavailable as error:
        return await _silent(rollout, epoch, error)
    except PodoError as error:
        _pass(error)
        return await _fail(rollout, epoch, error.said()[0])
    return await _watch(rollout, epoch)


async def _watch(rollout: str, epoch: int) -> str:
    for number in range(_MOST_LOOKS):
        try:
            seen = await steps.look(rollout, epoch, _LOOKS[number] if number < len(_LOOKS) else _LONG)
        except Unavailable as error:
            return await _silent(rollout, epoch, error)
        match await steps.judge(rollout, epoch, seen):
            case "healthy":
                return await _arrive(rollout, epoch)
            case "failing":
                return await _fail(rollout, epoch, "")
            case "halt":
                return await _halt(rollout, epoch)
            case "soak on":
                return "soaking"
            case _:
                continue
    return await _fail(rollout, epoch, "")


async def _arrive(rollout: str, epoch: int) -> str:
    try:
        await steps.prune(rollout, epoch)
    except Unavailable as error:
        return await _silent(rollout, epoch, error)
    except PodoError as error:
        _pass(error)
        return await _fail(rollout, epoch, error.said()[0])
    return await steps.well(rollout, epoch)


async def _fail(rollout: str, epoch: int, why: str) -> str:
    await steps.fail(rollout, epoch, why)
    return await _back(rollout, epoch)


async def _back(rollout: str, epoch: int) -> str:
    try:
        await steps.put_back(rollout, epoch)
    except Unavailable as error:
        return await _silent(rollout, epoch, error)
    except PodoError as error:
        _pass(error)
        await steps.give_up(rollout, epoch, error.said()[0])
        return "stuck"
    return await steps.is_back(rollout, epoch)


async def _halt(rollout: str, epoch: int) -> str:
    note = ""
    try:
        await steps.pause(rollout, epoch)
    except PodoError as error:
        _pass(error)
        note = error.said()[0]
    await steps.halted(rollout, epoch, note)
    return "halted"


async def _silent(rollout: str, epoch: int, error: PodoError) -> str:
    return await steps.silent(rollout, epoch, error.said()[0], await steps.patience())


def _pass(error: PodoError) -> None:
    """A newer run has taken over: this one ends, and says nothing."""
    if error.code == _OVERTAKEN:
        raise error
