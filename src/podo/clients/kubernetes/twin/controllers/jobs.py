"""Jobs: pods that run to their end, again after a failure, so often and so long as is allowed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from podo.clients.kubernetes import kinds
from podo.clients.kubernetes.pods import Pod, decode_pod
from podo.clients.kubernetes.twin.controllers.replicasets import pod_of
from podo.clients.kubernetes.twin.plane import Plane, stamp, suffix
from podo.clients.kubernetes.types import Manifest, Ref
from podo.kernel import clock
from podo.kernel.errors import PodoError

_BY = "job-controller"


def look(plane: Plane, ref: Ref) -> None:
    """Make the pods that are still needed, and write down how far it is."""
    manifest = plane.store.get(ref)
    if manifest is None or manifest["metadata"].get("deletionTimestamp"):
        return
    if finished(manifest):
        _expire(plane, ref, manifest)
        return
    pods = _pods(plane, manifest)
    running = {r: p for r, p in pods.items() if p.phase not in ("Succeeded", "Failed") and not p.metadata.deletion_timestamp}
    succeeded = sum(p.phase == "Succeeded" for p in pods.values())
    failed = sum(p.phase == "Failed" for p in pods.values())
    restarts = sum(p.restarts for p in running.values())
    status = _status(manifest, running, succeeded, failed)
    verdict = _verdict(plane, ref, manifest, status, succeeded, failed + restarts)
    if verdict or manifest["spec"]["suspend"]:
        for pod in running:
            plane.delete(pod)
        _finish(plane, manifest, status, verdict)
    if not verdict and not manifest["spec"]["suspend"]:
        _make(plane, manifest, status, len(running), succeeded)
    manifest["status"] = status
    plane.keep(ref, manifest)
    if verdict:
        _expire(plane, ref, manifest)


def finished(manifest: Manifest) -> str:
    """`Complete` or `Failed`; empty while it runs."""
    conditions = (manifest.get("status") or {}).get("conditions") or ()
    return next((c["type"] for c in conditions if c["type"] in ("Complete", "Failed") and c["status"] == "True"), "")


def _pods(plane: Plane, manifest: Manifest) -> dict[Ref, Pod]:
    found = ((ref, plane.store.body(ref)) for ref in plane.store.owned(manifest["metadata"]["uid"]) if ref.type == kinds.POD)
    return {ref: decode_pod(body) for ref, body in found if body is not None}


def _status(manifest: Manifest, running: dict[Ref, Pod], succeeded: int, failed: int) -> dict[str, Any]:
    before = manifest.get("status") or {}
    status: dict[str, Any] = {"startTime": before.get("startTime", stamp())}
    if "conditions" in before:
        status["conditions"] = before["conditions"]
    counts = {"active": len(running), "succeeded": succeeded, "failed": failed}
    status |= {name: count for name, count in counts.items() if count}
    return status | {"ready": sum(p.ready for p in running.values()), "terminating": 0, "uncountedTerminatedPods": {}}


def _verdict(
    plane: Plane, ref: Ref, manifest: Manifest, status: dict[str, Any], succeeded: int, failures: int
) -> tuple[str, str, str] | None:
    spec = manifest["spec"]
    wished = spec.get("completions") or 1
    if succeeded >= wished:
        return "Complete", "CompletionsReached", "Reached expected number of succeeded pods"
    if failures > spec["backoffLimit"]:
        return "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    if limit := spec.get("activeDeadlineSeconds"):
        left = datetime.fromisoformat(status["startTime"]) + timedelta(seconds=limit) - clock.now()
        if left <= timedelta():
            return "Failed", "DeadlineExceeded", "Job was active longer than specified deadline"
        plane.work.later(("", ref), left.total_seconds() + 0.01)
    return None


def _make(plane: Plane, manifest: Manifest, status: dict[str, Any], running: int, succeeded: int) -> None:
    spec = manifest["spec"]
    missing = min(spec["parallelism"], max(0, (spec.get("completions") or 1) - succeeded)) - running
    for _ in range(missing):
        pod = pod_of(manifest, spec["template"], f"{manifest['metadata']['name']}-{suffix()}")
        try:
            plane.make(pod)
        except PodoError as error:
            plane.tell(manifest, "FailedCreate", f"Error creating: {error.data.get('message')}", warning=True, by=_BY)
            plane.work.later(("", Ref.of(manifest)), 1.0 + plane.pace.backoff)
            return
        status["active"] = status.get("active", 0) + 1
        plane.tell(manifest, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}", by=_BY)


def _finish(plane: Plane, manifest: Manifest, status: dict[str, Any], verdict: tuple[str, str, str] | None) -> None:
    status.pop("active", None)
    status["ready"] = 0
    if verdict is None:
        return
    type, reason, message = verdict
    first = "SuccessCriteriaMet" if type == "Complete" else "FailureTarget"
    said = {"status": "True", "reason": reason, "message": message, "lastProbeTime": stamp(), "lastTransitionTime": stamp()}
    status["conditions"] = [{"type": first, **said}, {"type": type, **said}]
    if type == "Complete":
        status["completionTime"] = stamp()
        plane.tell(manifest, "Completed", "Job completed", by=_BY)
        return
    plane.tell(manifest, reason, message, warning=True, by=_BY)


def _expire(plane: Plane, ref: Ref, manifest: Manifest) -> None:
    seconds = manifest["spec"].get("ttlSecondsAfterFinished")
    if seconds is None:
        return
    ended = max(c["lastTransitionTime"] for c in manifest["status"]["conditions"])
    left = datetime.fromisoformat(ended) + timedelta(seconds=seconds) - clock.now()
    if left <= timedelta():
        plane.delete(ref)
        return
    plane.work.later(("", ref), left.total_seconds() + 0.01)
