"""Making and removing namespaces: each step safe to run twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from podo.catalog import service
from podo.catalog.steps.world import World
from podo.kernel.db import Tx
from podo.kernel.durable import act, record


@record
async def plan_namespace(tx: Tx, project: str, cluster: str) -> list[dict[str, Any]] | None:
    """What to apply; None when the project is gone."""
    return await service.wanted_namespace(tx, project, cluster)


@act(undo="catalog.remove_namespace")
async def make_namespace(world: World, project: str, cluster: str, manifests: Sequence[dict[str, Any]]) -> None:
    """Apply the namespace, its quota and limits."""
    await world.namespaces.make(cluster, project, manifests)


@act(undo=None)
async def remove_namespace(world: World, project: str, cluster: str) -> None:
    """Delete the namespace that Podo made, and wait until it is gone. A deleted project has nothing to come back to."""
    await world.namespaces.remove(cluster, project)


@record
async def namespace_is_ready(tx: Tx, project: str, cluster: str) -> bool:
    """Note it; False when the project was deleted meanwhile, so that the namespace has to go again."""
    if await service.is_deleted(tx, project):
        return False
    await service.namespace_ready(tx, project, cluster)
    return True


@record
async def namespace_is_refused(tx: Tx, project: str, cluster: str, why: str) -> None:
    """The cluster does not take it."""
    await service.namespace_refused(tx, project, cluster, why)


@record
async def namespace_has_to_wait(tx: Tx, project: str, cluster: str, why: str) -> None:
    """The cluster does not answer."""
    await service.namespace_waits(tx, project, cluster, why)


@record
async def namespace_is_gone(tx: Tx, project: str, cluster: str) -> None:
    """It was removed."""
    await service.namespace_gone(tx, project, cluster)
