"""DaemonSets: one pod on every node that fits."""

from __future__ import annotations

import math

from podo.clients.kubernetes import kinds
from podo.clients.kubernetes.pods import Pod
from podo.clients.kubernetes.twin.controllers.replicasets import active, is_available, pod_of
from podo.clients.kubernetes.twin.controllers.statefulsets import REVISION, record_revision
from podo.clients.kubernetes.twin.plane import Plane, suffix
from podo.clients.kubernetes.twin.store import decode
from podo.clients.kubernetes.types import Manifest, Ref
from podo.kernel.errors import PodoError

_BY = "daemonset-controller"


def look(plane: Plane, ref: Ref) -> None:
    """Make missing pods, delete those on nodes that do not fit, exchange old ones, and write down how many there are."""
    manifest = plane.store.get(ref)
    if manifest is None or manifest["metadata"].get("deletionTimestamp"):
        return
    revision = record_revision(plane, manifest)
    nodes = _nodes(plane, manifest)
    pods = active(plane, manifest)
    for pod_ref, pod in pods.items():
        if pod.node not in nodes:
            plane.delete(pod_ref)
    taken = {pod.node for pod in pods.values()}
    for node in sorted(nodes - taken):
        if not _make(plane, manifest, node, revision):
            break
    if manifest["spec"]["updateStrategy"]["type"] == "RollingUpdate":
        _exchange(plane, manifest, len(nodes), revision)
    _write_status(plane, ref, manifest, nodes, revision)


def _nodes(plane: Plane, manifest: Manifest) -> set[str]:
    wanted = (manifest["spec"]["template"]["spec"].get("nodeSelector") or {}).items()
    nodes = ((ref.name, decode(body)["metadata"].get("labels") or {}) for ref, body in plane.store.scan(kinds.NODE))
    return {name for name, labels in nodes if wanted <= labels.items()}


def _make(plane: Plane, manifest: Manifest, node: str, revision: str) -> bool:
    name = f"{manifest['metadata']['name']}-{suffix()}"
    hash_ = revision.rpartition("-")[2]
    pod = pod_of(manifest, manifest["spec"]["template"], name, **{REVISION: hash_})
    pod["spec"]["nodeName"] = node
    try:
        plane.make(pod)
    except PodoError as error:
        plane.tell(manifest, "FailedCreate", f"Error creating: {error.data.get('message')}", warning=True, by=_BY)
        plane.work.later(("", Ref.of(manifest)), 1.0 + plane.pace.backoff)
        return False
    plane.tell(manifest, "SuccessfulCreate", f"Created pod: {name}", by=_BY)
    return True


def _exchange(plane: Plane, manifest: Manifest, nodes: int, revision: str) -> None:
    limit = (manifest["spec"]["updateStrategy"].get("rollingUpdate") or {}).get("maxUnavailable", 1)
    most = math.ceil(nodes * int(limit[:-1]) / 100) if isinstance(limit, str) else limit
    pods = active(plane, manifest)
    seconds = manifest["spec"].get("minReadySeconds", 0)
    available = {ref for ref, pod in pods.items() if is_available(plane, ref, pod, seconds)}
    room = most - (nodes - len(available))
    for ref in sorted(r for r, p in pods.items() if not _is_of(p, revision)):
        if ref in available:
            if room <= 0:
                continue
            room -= 1
        plane.delete(ref)
        plane.tell(manifest, "SuccessfulDelete", f"Deleted pod: {ref.name}", by=_BY)


def _is_of(pod: Pod, revision: str) -> bool:
    return pod.labels.get(REVISION) == revision.rpartition("-")[2]


def _write_status(plane: Plane, ref: Ref, manifest: Manifest, nodes: set[str], revision: str) -> None:
    pods = active(plane, manifest)
    seconds = manifest["spec"].get("minReadySeconds", 0)
    available = sum(is_available(plane, r, p, seconds) for r, p in pods.items())
    updated = sum(_is_of(p, revision) for p in pods.values())
    status = {
        "currentNumberScheduled": len(pods),
        "numberMisscheduled": 0,
        "desiredNumberScheduled": len(nodes),
        "numberReady": sum(p.ready for p in pods.values()),
        "observedGeneration": manifest["metadata"]["generation"],
    }
    counts = {"updatedNumberScheduled": updated, "numberAvailable": available, "numberUnavailable": len(nodes) - available}
    manifest["status"] = status | {name: count for name, count in counts.items() if count}
    plane.keep(ref, manifest)
