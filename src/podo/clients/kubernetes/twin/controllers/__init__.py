"""The controllers: each looks at one object at a time and brings what is closer to what is wished.

`hear` says, for each write, who has to look at what; `look` does it.
"""

from __future__ import annotations

from collections.abc import Callable

from podo.clients.kubernetes import kinds
from podo.clients.kubernetes.twin.controllers import (
    autoscalers,
    budgets,
    cronjobs,
    daemonsets,
    deployments,
    garbage,
    jobs,
    namespaces,
    pods,
    quotas,
    replicasets,
    statefulsets,
)
from podo.clients.kubernetes.twin.plane import Key, Plane
from podo.clients.kubernetes.twin.store import Entry
from podo.clients.kubernetes.types import Kind, Ref

_BY_KIND: dict[Kind, Callable[[Plane, Ref], None]] = {
    kinds.POD: pods.look,
    kinds.REPLICA_SET: replicasets.look,
    kinds.DEPLOYMENT: deployments.look,
    kinds.STATEFUL_SET: statefulsets.look,
    kinds.DAEMON_SET: daemonsets.look,
    kinds.JOB: jobs.look,
    kinds.CRON_JOB: cronjobs.look,
    kinds.NAMESPACE: namespaces.look,
    kinds.POD_DISRUPTION_BUDGET: budgets.look,
    kinds.RESOURCE_QUOTA: quotas.look,
    kinds.HORIZONTAL_POD_AUTOSCALER: autoscalers.look,
}
_OF_NAMESPACE = (kinds.POD_DISRUPTION_BUDGET, kinds.RESOURCE_QUOTA)
_OWNERS = {kind.kind: kind for kind in _BY_KIND if kind.group in ("apps", "batch")}
_OTHERS: dict[str, Callable[[Plane, Ref], None]] = {"dependents": garbage.dependents, "owner": garbage.owner}


def look(plane: Plane, key: Key) -> None:
    """Look at what `key` names."""
    name, ref = key
    action = _OTHERS.get(name) or _BY_KIND[ref.type]
    plane.looking = ref
    try:
        action(plane, ref)
    finally:
        plane.looking = None


def hear(plane: Plane, entry: Entry) -> None:
    """Put on the queue what a write concerns."""
    ref = entry.ref
    if ref.type == kinds.EVENT:
        return
    count(plane, entry)
    # A controller that writes down what it saw need not look at that; a pod goes from stage to stage by it.
    if ref.type in _BY_KIND and entry.type != "DELETED" and (ref != plane.looking or ref.type == kinds.POD):
        plane.work.soon(("", ref))
    _owners(plane, entry)
    if ref.type in autoscalers.TARGETS:
        _all(plane, kinds.HORIZONTAL_POD_AUTOSCALER, ref.namespace)
    if entry.type == "DELETED":
        _deleted(plane, ref, entry)
    match ref.type:
        case kinds.POD:
            if entry.ref in plane.orphans[kinds.POD, ref.namespace or ""]:
                _all(plane, kinds.REPLICA_SET, ref.namespace)
            _of_namespace(plane, ref.namespace or "")
        case kinds.NODE:
            _all(plane, kinds.DAEMON_SET)
            pods.rescheduled(plane)
        case _:
            if ref.namespace and plane.store.count(kinds.RESOURCE_QUOTA, ref.namespace) and entry.type != "MODIFIED":
                _of_namespace(plane, ref.namespace)


def count(plane: Plane, entry: Entry) -> None:
    """Keep in mind what would take long to look up."""
    ref = entry.ref
    if ref.type == kinds.POD:
        pods.moved(plane, entry)
    if ref.type in (kinds.POD, kinds.REPLICA_SET):
        orphans = plane.orphans.setdefault((ref.type, ref.namespace or ""), set())
        orphans.discard(ref)
        if entry.type != "DELETED" and not entry.head.controller:
            orphans.add(ref)


def _owners(plane: Plane, entry: Entry) -> None:
    for owner in entry.head.owner_references:
        if kind := _OWNERS.get(owner.kind):
            plane.work.soon(("", kind.ref(owner.name, entry.ref.namespace)))


def _deleted(plane: Plane, ref: Ref, entry: Entry) -> None:
    gone = entry.head
    if plane.store.owned(gone.uid):
        plane.work.soon(("dependents", ref.type.ref(gone.uid, ref.namespace)))
    for owner in gone.owner_references:
        plane.work.soon(("owner", Ref("", owner.kind, owner.name, ref.namespace)))
    if ref.namespace:
        plane.work.soon(("", kinds.NAMESPACE.ref(ref.namespace)))


def _of_namespace(plane: Plane, namespace: str) -> None:
    for kind in _OF_NAMESPACE:
        for ref, _ in plane.store.scan(kind, namespace):
            plane.work.soon(("", ref))


def _all(plane: Plane, kind: Kind, namespace: str | None = None) -> None:
    for ref, _ in plane.store.scan(kind, namespace):
        plane.work.soon(("", ref))


def look_at_all(plane: Plane) -> None:
    """Look at everything, as after a start."""
    for kind in _BY_KIND:
        _all(plane, kind)
