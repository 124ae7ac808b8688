"""ReplicaSets: as many pods as are wished."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from podo.clients.kubernetes import kinds, selectors
from podo.clients.kubernetes.pods import Pod, decode_pod
from podo.clients.kubernetes.twin.plane import Plane, copied, stamp, suffix
from podo.clients.kubernetes.twin.store import head
from podo.clients.kubernetes.types import Manifest, Ref
from podo.kernel import clock
from podo.kernel.errors import PodoError

_BATCH = 500
_BY = "replicaset-controller"


def look(plane: Plane, ref: Ref) -> None:
    """Make or delete pods, and write down how many there are."""
    manifest = plane.store.get(ref)
    if manifest is None or manifest["metadata"].get("deletionTimestamp"):
        return
    pods = active(plane, manifest)
    trouble = _balance(plane, manifest, pods)
    if trouble:
        plane.work.later(("", ref), 1.0 + plane.pace.backoff)
    _write_status(plane, ref, manifest, trouble)


def active(plane: Plane, owner: Manifest) -> dict[Ref, Pod]:
    """Pods of `owner` that neither have ended nor are being deleted; pods of its selector that nobody owns become its own."""
    _adopt(plane, owner)
    found = ((ref, plane.store.body(ref)) for ref in plane.store.owned(owner["metadata"]["uid"]) if ref.type == kinds.POD)
    pods = {ref: decode_pod(body) for ref, body in found if body is not None}
    return {r: p for r, p in pods.items() if p.phase not in ("Succeeded", "Failed") and not p.metadata.deletion_timestamp}


def _adopt(plane: Plane, owner: Manifest) -> None:
    namespace = owner["metadata"]["namespace"]
    matches = selectors.label_selector(owner["spec"].get("selector"))
    for ref in sorted(plane.orphans.get((kinds.POD, namespace), ())):
        found = head(plane.store.body(ref) or b"{}")
        if not found.deletion_timestamp and matches(found.labels or {}):
            pod = plane.store.get(ref) or {}
            pod["metadata"]["ownerReferences"] = [owned_by(owner)]
            plane.store.put(ref, pod)


def owned_by(owner: Manifest) -> dict[str, Any]:
    """The entry of `ownerReferences` that says who controls."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def pod_of(owner: Manifest, template: Manifest, name: str, **labels: str) -> Manifest:
    """A pod of `template`, named and owned."""
    metadata = copied(template.get("metadata") or {})
    kept = {key: metadata[key] for key in ("annotations",) if metadata.get(key)}
    kept["labels"] = {**(metadata.get("labels") or {}), **labels}
    if "creationTimestamp" in owner["metadata"]:
        kept["creationTimestamp"] = owner["metadata"]["creationTimestamp"]
    kept |= {"name": name, "namespace": owner["metadata"]["namespace"], "ownerReferences": [owned_by(owner)]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": kept, "spec": copied(template["spec"])}


def is_available(plane: Plane, ref: Ref, pod: Pod, seconds: int) -> bool:
    """Whether the pod is ready, and has been for so many seconds; its owner looks again when it will have been."""
    ready = next((c for c in pod.status.conditions if c.type == "Ready" and c.status == "True"), None)
    if ready is None or not seconds:
        return ready is not None
    since = ready.last_transition_time or clock.now()
    left = since + timedelta(seconds=seconds) - clock.now()
    if left <= timedelta():
        return True
    if owner := pod.owner:
        api_version = "apps/v1"
        plane.work.later(("", Ref(api_version, owner.kind, owner.name, ref.namespace)), left.total_seconds())
    return False


def _balance(plane: Plane, manifest: Manifest, pods: dict[Ref, Pod]) -> PodoError | None:
    missing = manifest["spec"]["replicas"] - len(pods)
    if missing < 0:
        for ref in sorted(pods, key=lambda r: _worth(pods[r]))[:-missing]:
            plane.delete(ref)
            plane.tell(manifest, "SuccessfulDelete", f"Deleted pod: {ref.name}", by=_BY)
    for _ in range(min(missing, _BATCH)):
        pod = pod_of(manifest, manifest["spec"]["template"], f"{manifest['metadata']['name']}-{suffix()}")
        try:
            plane.make(pod)
        except PodoError as error:
            plane.tell(manifest, "FailedCreate", f"Error creating: {error.data.get('message')}", warning=True, by=_BY)
            return error
        plane.tell(manifest, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}", by=_BY)
    return None


def _worth(pod: Pod) -> tuple[bool, bool, float]:
    """Pods that are worth least go first: without a node, not ready, youngest."""
    age = pod.created.timestamp() if pod.created else 0.0
    return bool(pod.node), pod.ready, -age


def _write_status(plane: Plane, ref: Ref, manifest: Manifest, trouble: PodoError | None) -> None:
    pods = active(plane, manifest)
    seconds = manifest["spec"].get("minReadySeconds", 0)
    counts = {
        "replicas": len(pods),
        "fullyLabeledReplicas": len(pods),
        "readyReplicas": sum(p.ready for p in pods.values()),
        "availableReplicas": sum(is_available(plane, r, p, seconds) for r, p in pods.items()),
    }
    status: dict[str, Any] = {"replicas": counts.pop("replicas"), **{name: count for name, count in counts.items() if count}}
    status["observedGeneration"] = manifest["metadata"]["generation"]
    status["terminatingReplicas"] = _leaving(plane, manifest)
    if trouble:
        said = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": trouble.data.get("message")}
        status["conditions"] = since(manifest, [said])
    manifest["status"] = status
    plane.keep(ref, manifest)


def _leaving(plane: Plane, manifest: Manifest) -> int:
    """How many pods are still there though they were deleted."""
    pods = (ref for ref in plane.store.owned(manifest["metadata"]["uid"]) if ref.type == kinds.POD)
    heads = (head(plane.store.body(ref) or b"") for ref in pods)
    return sum(found.deletion_timestamp is not None for found in heads)


def since(manifest: Manifest, conditions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """`conditions` with their times of transition: those of before where the status is the same."""
    old = {c["type"]: c for c in (manifest.get("status") or {}).get("conditions") or ()}

    def moment(condition: dict[str, Any]) -> str:
        before = old.get(condition["type"])
        return before["lastTransitionTime"] if before and before["status"] == condition["status"] else stamp()

    return [{**c, "lastTransitionTime": moment(c)} for c in conditions]
