"""Changing what runs: the only place that does, each step safe to run twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from podo.kernel.db import Tx
from podo.kernel.durable import act, record
from podo.workloads import service
from podo.workloads.types import OperationKind
from podo.workloads.writers import WorkloadWriter


@dataclass(frozen=True, slots=True)
class World:
    """What the acts work on."""

    writer: WorkloadWriter


@record
async def look_up(tx: Tx, operation: str) -> dict[str, Any]:
    """What was asked, as plain values."""
    found = await service.operation(tx, operation)
    return {
        "kind": found.kind.value,
        "cluster": found.cluster,
        "namespace": found.project,
        "target_kind": found.target_kind,
        "target": found.target,
        "replicas": found.replicas,
        "at": found.at.isoformat(),
    }


@act(undo=None)
async def carry_out(world: World, asked: dict[str, Any]) -> None:
    """Let the cluster do it. There is nothing to take back: a restart is over, a scaling is scaled again by a person."""
    place = asked["cluster"], asked["namespace"]
    match OperationKind(asked["kind"]):
        case OperationKind.restart:
            at = datetime.fromisoformat(asked["at"])
            await world.writer.restart(*place, asked["target_kind"], asked["target"], at)
        case OperationKind.scale:
            await world.writer.scale(*place, asked["target_kind"], asked["target"], asked["replicas"])
        case OperationKind.delete_pod:
            name, _, uid = asked["target"].partition("/")
            await world.writer.delete_pod(*place, name, uid)


@record
async def note_done(tx: Tx, operation: str) -> None:
    """The cluster took it."""
    await service.operation_done(tx, operation)


@record
async def note_failed(tx: Tx, operation: str, why: str) -> None:
    """The cluster did not take it."""
    await service.operation_failed(tx, operation, why)
