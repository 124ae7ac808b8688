"""HorizontalPodAutoscalers: they keep what they scale within its bounds. Nothing here has a load, so none scales by it."""

from __future__ import annotations

from typing import Any

from podo.clients.kubernetes import kinds
from podo.clients.kubernetes.twin import writes
from podo.clients.kubernetes.twin.controllers.replicasets import since
from podo.clients.kubernetes.twin.plane import Plane, stamp
from podo.clients.kubernetes.types import Manifest, Ref

TARGETS = (kinds.DEPLOYMENT, kinds.STATEFUL_SET, kinds.REPLICA_SET)
_BY = "horizontal-pod-autoscaler"
_MANAGER = "kube-controller-manager"


def look(plane: Plane, ref: Ref) -> None:
    """Scale the target into its bounds, and write down how far it is."""
    manifest = plane.store.get(ref)
    if manifest is None or manifest["metadata"].get("deletionTimestamp"):
        return
    target = _target(ref, manifest)
    found = plane.store.get(target) if target.type in TARGETS else None
    if found is None:
        why = f'the HPA controller was unable to get the target\'s current scale: {target.kind} "{target.name}" not found'
        _note(plane, ref, manifest, {"type": "AbleToScale", "status": "False", "reason": "FailedGetScale", "message": why})
        return
    now, wished = found["spec"]["replicas"], _wished(manifest, found["spec"]["replicas"])
    if wished != now:
        writes.scale(plane, target, wished, _MANAGER)
        why = "below Spec.MinReplicas" if wished > now else "above Spec.MaxReplicas"
        plane.tell(manifest, "SuccessfulRescale", f"New size: {wished}; reason: Current number of replicas {why}", by=_BY)
        manifest["status"]["lastScaleTime"] = stamp()
    manifest["status"] |= {"currentReplicas": (found.get("status") or {}).get("replicas", 0), "desiredReplicas": wished}
    manifest["status"]["observedGeneration"] = manifest["metadata"].get("generation", 1)
    able = {
        "type": "AbleToScale",
        "status": "True",
        "reason": "ReadyForNewScale",
        "message": "recommended size matches current size",
    }
    _note(plane, ref, manifest, able, _active(now))


def _target(ref: Ref, manifest: Manifest) -> Ref:
    target = manifest["spec"]["scaleTargetRef"]
    return Ref(target.get("apiVersion", ""), target["kind"], target["name"], ref.namespace)


def _wished(manifest: Manifest, now: int) -> int:
    """Nobody scales what somebody set to 0."""
    spec = manifest["spec"]
    return now and min(max(now, spec["minReplicas"]), spec["maxReplicas"])


def _active(now: int) -> dict[str, Any]:
    if not now:
        why = "scaling is disabled since the replica count of the target is zero"
        return {"type": "ScalingActive", "status": "False", "reason": "ScalingDisabled", "message": why}
    why = "the HPA was able to successfully calculate a replica count"
    return {"type": "ScalingActive", "status": "True", "reason": "ValidMetricFound", "message": why}


def _note(plane: Plane, ref: Ref, manifest: Manifest, *conditions: dict[str, Any]) -> None:
    manifest["status"]["conditions"] = since(manifest, conditions)
    plane.keep(ref, manifest)
