"""The order of steps for a project's namespaces."""

from __future__ import annotations

from podo.catalog import service, steps
from podo.kernel.db import Tx
from podo.kernel.durable import workflow
from podo.kernel.errors import PodoError, Unavailable


async def _stuck(tx: Tx, project: str, cluster: str, why: str) -> None:
    await service.namespace_waits(tx, project, cluster, why)


@workflow("namespace_v1", stuck=_stuck)
async def make(project: str, cluster: str) -> str:
    """Make the namespace of a project in a cluster: ready, refused, waiting (tried again by a round) or gone."""
    manifests = await steps.plan_namespace(project, cluster)
    if manifests is None:
        return "gone"
    try:
        await steps.make_namespace(project, cluster, manifests)
    except Unavailable as error:
        await steps.namespace_has_to_wait(project, cluster, error.said()[0])
        return "waiting"
    except PodoError as error:
        await steps.namespace_is_refused(project, cluster, error.said()[0])
        return "refused"
    if await steps.namespace_is_ready(project, cluster):
        return "ready"
    await steps.remove_namespace(project, cluster)
    return "gone"


@workflow("namespace_removal_v1", stuck=_stuck)
async def remove(project: str, cluster: str) -> str:
    """Remove the namespace of a deleted project."""
    try:
        await steps.remove_namespace(project, cluster)
    except PodoError as error:
        await steps.namespace_has_to_wait(project, cluster, error.said()[0])
        return "waiting"
    await steps.namespace_is_gone(project, cluster)
    return "gone"
