"""The order of steps for a project's namespaces."""

from __future__ import annotations

from collections.abc import Sequence

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


async def _labels_stuck(tx: Tx, projects: Sequence[str], cluster: str, why: str) -> None:
    await service.namespaces_labelled(tx, cluster, projects, {project: [True, why] for project in projects})


@workflow("namespace_labels_v1", stuck=_labels_stuck)
async def label(projects: list[str], cluster: str) -> int:
    """Let the namespaces of many projects say whose they are now; how many could not be told.

    Those wait (a round tries each again once the cluster answers) or are refused.
    """
    manifests = await steps.plan_labels(projects, cluster)
    try:
        failed = await steps.label_namespaces(cluster, manifests)
    except PodoError as error:
        failed = {project: [isinstance(error, Unavailable), error.said()[0]] for project in manifests}
    for project in await steps.namespaces_are_labelled(cluster, list(manifests), failed):
        try:
            await steps.remove_namespace(project, cluster)
        except PodoError as error:
            await steps.namespace_has_to_wait(project, cluster, error.said()[0])
    return len(failed)


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
