"""The order of steps of an operation."""

from __future__ import annotations

from podo.kernel.db import Tx
from podo.kernel.durable import workflow
from podo.kernel.errors import PodoError
from podo.workloads import service, steps


async def _stuck(tx: Tx, operation: str, why: str) -> None:
    await service.operation_failed(tx, operation, why)


@workflow("operate_v1", stuck=_stuck)
async def operate(operation: str) -> str:
    """Carry out one operation; returns done or failed."""
    asked = await steps.look_up(operation)
    try:
        await steps.carry_out(asked)
    except PodoError as error:
        await steps.note_failed(operation, error.said()[0])
        return "failed"
    await steps.note_done(operation)
    return "done"
