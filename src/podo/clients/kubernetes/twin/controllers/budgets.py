"""PodDisruptionBudgets: how many pods may be evicted now."""

from __future__ import annotations

import math

from podo.clients.kubernetes import kinds, selectors
from podo.clients.kubernetes.pods import Pod, decode_pod
from podo.clients.kubernetes.twin.controllers.replicasets import since
from podo.clients.kubernetes.twin.plane import Plane
from podo.clients.kubernetes.twin.store import decode, head
from podo.clients.kubernetes.types import Manifest, Ref


def look(plane: Plane, ref: Ref) -> None:
    """Count the pods that the budget means."""
    manifest = plane.store.get(ref)
    if manifest is None or manifest["metadata"].get("deletionTimestamp"):
        return
    pods = _pods(plane, ref.namespace or "", manifest)
    healthy = sum(pod.ready for pod in pods)
    desired = _desired(manifest, len(pods))
    enough = healthy > desired
    said = {"type": "DisruptionAllowed", "status": "True" if enough else "False", "message": ""}
    said |= {
        "reason": "SufficientPods" if enough else "InsufficientPods",
        "observedGeneration": manifest["metadata"]["generation"],
    }
    manifest["status"] = {
        "conditions": since(manifest, [said]),
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "disruptionsAllowed": max(0, healthy - desired),
        "expectedPods": len(pods),
        "observedGeneration": manifest["metadata"]["generation"],
    }
    plane.keep(ref, manifest)


def forbidding(plane: Plane, pod: Pod) -> str:
    """Why this pod may not be evicted now; empty if it may."""
    if not pod.ready:
        return ""
    for ref, body in plane.store.scan(kinds.POD_DISRUPTION_BUDGET, pod.namespace):
        manifest = decode(body)
        if not selectors.label_selector(manifest["spec"].get("selector") or {})(pod.labels):
            continue
        look(plane, ref)
        status = (plane.store.get(ref) or manifest)["status"]
        if not status["disruptionsAllowed"]:
            needs, has = status["desiredHealthy"], status["currentHealthy"]
            return f"The disruption budget {ref.name} needs {needs} healthy pods and has {has} currently"
    return ""


def _pods(plane: Plane, namespace: str, manifest: Manifest) -> list[Pod]:
    matches = selectors.label_selector(manifest["spec"].get("selector") or {})
    bodies = (body for _, body in plane.store.scan(kinds.POD, namespace))
    return [decode_pod(body) for body in bodies if _counts(body, matches)]


def _counts(body: bytes, matches: selectors.Matches) -> bool:
    found = head(body)
    return not found.deletion_timestamp and matches(found.labels or {})


def _desired(manifest: Manifest, expected: int) -> int:
    spec = manifest["spec"]
    if "maxUnavailable" in spec:
        return max(0, expected - _count(spec["maxUnavailable"], expected))
    return _count(spec.get("minAvailable", 1), expected)


def _count(wish: int | str, of: int) -> int:
    return math.ceil(of * int(wish[:-1]) / 100) if isinstance(wish, str) else wish
