"""What runs, as it was last seen, and what people ask of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from podo.access import service as access
from podo.access.types import On, Permission
from podo.catalog import service as catalog
from podo.catalog.types import Target
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.errors import N_
from podo.workloads import rules, store
from podo.workloads.ports import Sighting
from podo.workloads.types import (
    DELETE_POD,
    READ,
    RESTART,
    SCALE,
    AlreadyAsked,
    Health,
    HealthStatus,
    NoSuchOperation,
    NoSuchTarget,
    NoSuchWorkload,
    NotScalable,
    Operation,
    OperationDone,
    OperationFailed,
    OperationKind,
    OperationState,
    Pod,
    PodDeletionAsked,
    RestartAsked,
    ScaleAsked,
    View,
    Workload,
)

MOST_REPLICAS = 500
Opener = Callable[[], AbstractAsyncContextManager[Reading]]


# -- what was seen


async def observe(tx: Tx, cluster: str, news: Sighting) -> dict[str, bool]:
    """Write news of a cluster into the observed database; returns the namespaces it is news for, and whether any settled.

    One is settled by a workload that is not on its way any more, or gone, and by a pod that is Degraded.
    """
    now = clock.now()
    touched = _touched(news)
    await store.see(tx, cluster, news.workloads, news.pods, now)
    await store.forget(tx, cluster, news.gone)
    if news.whole:
        touched |= dict.fromkeys(await store.forget_older(tx, cluster, news.whole, now), True)
    await store.reach(tx, cluster, news.reach, news.why, now)
    return touched


def _touched(news: Sighting) -> dict[str, bool]:
    found = [(w.namespace, w.health.status is not HealthStatus.progressing) for w in news.workloads]
    found += [(p.namespace, p.health.status is HealthStatus.degraded) for p in news.pods]
    found += [(namespace, kind != "Pod") for kind, namespace, _ in news.gone]
    # The later of a key wins: those that are settled come last.
    return dict(sorted(found, key=lambda each: each[1]))


async def look(
    reading: Opener, observing: Opener, project: str, environment: str | None = None, region: str | None = None
) -> list[View]:
    """What is known of the targets of a project, of one environment or region where they are named. Opens both databases."""
    async with reading() as r:
        found = await targets(r, project)
    wanted = [t for t in found if environment in (None, "", t.environment) and region in (None, "", t.region)]
    async with observing() as observed:
        return await views(observed, wanted, project)


async def look_at(reading: Opener, observing: Opener, project: str, environment: str, region: str) -> View:
    """What is known of one target. Raises `NoSuchTarget`."""
    found = await look(reading, observing, project, environment, region)
    if not found:
        raise NoSuchTarget(project=project, environment=environment, region=region)
    return found[0]


async def views(observed: Reading, targets: Sequence[Target], project: str) -> list[View]:
    """What is known of each target of a project; the rights were checked where `targets` were read."""
    known = await store.clusters(observed)
    found = await store.seen(observed, project)
    return [rules.view(t.environment, t.region, t.cluster, known.get(t.cluster), found, clock.now()) for t in targets]


async def targets(r: Reading, project: str) -> Sequence[Target]:
    """The targets whose workloads the actor may see."""
    await access.require(r, READ, On(project=project))
    return await catalog.targets(r, project)


async def unhealthy(observed: Reading, projects: Collection[str]) -> list[Workload]:
    """Workloads of these projects that are Degraded or Suspended now, each with the pods that say why."""
    return rules.not_healthy(await store.not_well(observed, projects)) if projects else []


async def health_of_projects(observed: Reading, projects: Collection[str]) -> Mapping[str, Mapping[str, Health]]:
    """The worst health in each cluster, by project; projects of which nothing was seen are missing."""
    return rules.worst_by_place(await store.health_counts(observed, projects), await unhealthy(observed, projects))


async def alive_in(observed: Reading, project: str) -> list[str]:
    """The clusters in which a pod of the project has not ended, or a CronJob of it waits for its hour."""
    ended = {"failed", "succeeded"}
    return sorted(
        {
            seen.cluster
            for seen in await store.seen(observed, project)
            if (isinstance(seen, Pod) and seen.state not in ended)
            or (isinstance(seen, Workload) and seen.kind == "CronJob" and not seen.suspended)
        }
    )


async def find_pods(observed: Reading, text: str, limit: int = 5) -> Sequence[Pod]:
    """Pods whose name begins with `text`, or whose address it is, for search."""
    return await store.find(observed, text, limit)


# -- what is asked


async def restart(tx: Tx, project: str, environment: str, region: str, kind: str, name: str) -> Operation:
    """Ask for all pods of a workload to be made anew. Raises `AlreadyAsked`."""
    asked = await _ask(tx, RESTART, OperationKind.restart, project, environment, region, kind, name)
    tx.say(RestartAsked(**_place(asked), name=name))
    return asked


async def scale(
    tx: Tx, project: str, environment: str, region: str, kind: str, name: str, replicas: int, *, autoscaled: str | None = None
) -> Operation:
    """Ask for another number of pods (0 to 500). Raises `NotScalable`, also where `autoscaled` names an HPA."""
    if kind not in ("Deployment", "StatefulSet"):
        raise NotScalable(kind=kind, name=name, why=N_("only Deployments and StatefulSets have replicas"))
    if autoscaled:
        raise NotScalable(
            kind=kind, name=name, why=N_("the autoscaler {autoscaled} sets its replicas").format(autoscaled=autoscaled)
        )
    if not 0 <= replicas <= MOST_REPLICAS:
        raise NotScalable(
            kind=kind,
            name=name,
            why=N_("{replicas} is not between 0 and {most_replicas}").format(replicas=replicas, most_replicas=MOST_REPLICAS),
        )
    asked = await _ask(tx, SCALE, OperationKind.scale, project, environment, region, kind, name, replicas)
    tx.say(ScaleAsked(**_place(asked), name=name, replicas=replicas))
    return asked


async def delete_pod(tx: Tx, project: str, environment: str, region: str, pod: Pod) -> Operation:
    """Ask for a pod to be deleted; its workload makes a new one."""
    target = f"{pod.name}/{pod.uid}"
    asked = await _ask(tx, DELETE_POD, OperationKind.delete_pod, project, environment, region, "Pod", target)
    tx.say(PodDeletionAsked(**_place(asked), name=pod.name))
    return asked


async def _ask(
    tx: Tx,
    permission: Permission,
    kind: OperationKind,
    project: str,
    environment: str,
    region: str,
    target_kind: str,
    target: str,
    replicas: int | None = None,
) -> Operation:
    owner = await catalog.owner(tx, project)
    await access.require(tx, permission, On(project=project, team=owner.team, environment=environment))
    place = await _target(tx, project, environment, region)
    if await store.under_way(tx, place.cluster, project, kind, target):
        raise AlreadyAsked(kind=kind.value.replace("_", " "), name=target.partition("/")[0])
    asked = Operation(
        id=ids.new("op"),
        project=project,
        environment=environment,
        region=region,
        cluster=place.cluster,
        kind=kind,
        target_kind=target_kind,
        target=target,
        replicas=replicas,
        state=OperationState.asked,
        why="",
        by=tx.actor.id,
        at=clock.now(),
    )
    store.add_operation(tx, asked)
    return asked


async def _target(r: Reading, project: str, environment: str, region: str) -> Target:
    for target in await catalog.targets(r, project):
        if (target.environment, target.region) == (environment, region):
            return target
    raise NoSuchTarget(project=project, environment=environment, region=region)


def _place(asked: Operation) -> dict[str, str]:
    return {
        "project": asked.project,
        "environment": asked.environment,
        "region": asked.region,
        "subject": f"workload/{asked.project}/{asked.target_kind}/{asked.target.partition('/')[0]}",
        "operation": asked.id,
        "kind": asked.target_kind,
    }


async def operation(r: Reading, id_: str) -> Operation:
    """One operation, for the run that carries it out."""
    return await store.operation(r, id_)


async def operation_of(r: Reading, project: str, id_: str) -> Operation:
    """One operation of a project. Raises `NoSuchOperation`."""
    found = await store.find_operation(r, id_)
    if found is None or found.project != project:
        raise NoSuchOperation(name=id_)
    return found


async def operations(r: Reading, project: str, limit: int = 20) -> Sequence[Operation]:
    """The newest operations of a project."""
    return await store.operations(r, project, limit)


async def operation_done(tx: Tx, id_: str) -> None:
    """The cluster took it; a second time does nothing."""
    found = await store.operation(tx, id_)
    if await store.settle(tx, id_, OperationState.done, "", clock.now()):
        tx.say(OperationDone(**_place(found), name=found.target.partition("/")[0], operation_kind=found.kind.value))


async def operation_failed(tx: Tx, id_: str, why: str) -> None:
    """The cluster did not take it; a second time does nothing."""
    found = await store.operation(tx, id_)
    if await store.settle(tx, id_, OperationState.failed, why, clock.now()):
        name = found.target.partition("/")[0]
        tx.say(OperationFailed(**_place(found), name=name, operation_kind=found.kind.value, why=why))


def pick(view: View, kind: str, name: str) -> Workload:
    """One workload of a view. Raises `NoSuchWorkload`."""
    for workload in view.workloads:
        if (workload.kind, workload.name) == (kind, name):
            return workload
    raise NoSuchWorkload(
        cluster=view.cluster, kind=kind, name=name, project=view.workloads[0].namespace if view.workloads else ""
    )


def pick_pod(seen: Sequence[View], pod: str) -> tuple[View, Workload, Pod]:
    """One pod of several views, by name. Raises `NoSuchWorkload`."""
    for view in seen:
        for workload in view.workloads:
            for found in workload.pods:
                if found.name == pod:
                    return view, workload, found
    raise NoSuchWorkload(cluster=", ".join(v.cluster for v in seen), kind="Pod", name=pod, project="")


def judge(manifests: Sequence[Mapping[str, Any]], pods: Sequence[Mapping[str, Any]]) -> Health:
    """How workloads and their pods are together: the worst of the workloads, and of those pods that are Degraded."""
    bad = [h for h in map(rules.pod_health, pods) if h.status is HealthStatus.degraded]
    return rules.worst([*map(rules.health_of, manifests), *bad])
