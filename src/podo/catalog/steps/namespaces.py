"""Making and removing namespaces: each step safe to run twice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from podo.catalog import service
from podo.catalog.steps.world import World
from podo.catalog.types import NamespaceLeaving
from podo.kernel.db import Tx
from podo.kernel.durable import act, record
from podo.kernel.errors import PodoError, Unavailable

_AT_ONCE = 8


@record
async def plan_namespace(tx: Tx, project: str, cluster: str) -> list[dict[str, Any]] | None:
    """What to apply; None when the project is gone."""
    return await service.wanted_namespace(tx, project, cluster)


@act(undo="catalog.remove_namespace")
async def make_namespace(world: World, project: str, cluster: str, manifests: Sequence[dict[str, Any]]) -> None:
    """Apply the namespace, its quota and limits."""
    await world.namespaces.make(cluster, project, manifests)


@record
async def plan_labels(tx: Tx, projects: Sequence[str], cluster: str) -> dict[str, dict[str, Any]]:
    """By project, its namespace as it is to be labelled; without those that have none there, or that leave."""
    return await service.wanted_labels(tx, projects, cluster)


@act(undo=None)
async def label_namespaces(world: World, cluster: str, manifests: Mapping[str, dict[str, Any]]) -> dict[str, list[Any]]:
    """Apply these; by project what did not go: (whether it may go later, why). A cluster that is away is not asked for the rest.

    Their labels say whose they are, and are written anew whenever that changes: there is nothing to come back to.
    """
    failed: dict[str, list[Any]] = {}
    away: list[str] = []
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(project: str) -> None:
        async with turns:
            if away:
                failed[project] = [True, away[0]]
                return
            try:
                await world.namespaces.make(cluster, project, [manifests[project]])
            except PodoError as error:
                failed[project] = [isinstance(error, Unavailable), error.said()[0]]
                if isinstance(error, Unavailable) and not isinstance(error, NamespaceLeaving):
                    away.append(error.said()[0])

    await asyncio.gather(*map(one, manifests))
    return failed


@record
async def namespaces_are_labelled(
    tx: Tx, cluster: str, projects: Sequence[str], failed: Mapping[str, Sequence[Any]]
) -> list[str]:
    """Note it; gives the projects that were deleted meanwhile, whose namespaces have to go again."""
    return await service.namespaces_labelled(tx, cluster, projects, failed)


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
