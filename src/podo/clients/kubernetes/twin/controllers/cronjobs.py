"""CronJobs: a Job at each moment of the schedule, in the time zone that the schedule means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter

from podo.clients.kubernetes import kinds
from podo.clients.kubernetes.twin.controllers.jobs import finished
from podo.clients.kubernetes.twin.controllers.replicasets import owned_by
from podo.clients.kubernetes.twin.plane import Plane, copied, stamp
from podo.clients.kubernetes.types import Manifest, Ref
from podo.kernel import clock
from podo.kernel.errors import PodoError

_BY = "cronjob-controller"
_LONG_AGO = timedelta(days=2)


def look(plane: Plane, ref: Ref) -> None:
    """Start the Job that is due, forget old ones, and come back at the next moment."""
    manifest = plane.store.get(ref)
    if manifest is None or manifest["metadata"].get("deletionTimestamp"):
        return
    jobs = _jobs(plane, manifest)
    status: dict[str, Any] = {**(manifest.get("status") or {})}
    _note_ended(jobs, status)
    if not manifest["spec"]["suspend"]:
        _start(plane, ref, manifest, jobs, status)
    _forget(plane, manifest, jobs)
    status["active"] = [_reference(job) for job in _jobs(plane, manifest) if not finished(job)]
    manifest["status"] = {name: value for name, value in status.items() if value}
    plane.keep(ref, manifest)


def _jobs(plane: Plane, manifest: Manifest) -> list[Manifest]:
    found = (plane.store.get(ref) for ref in plane.store.owned(manifest["metadata"]["uid"]) if ref.type == kinds.JOB)
    return sorted((j for j in found if j is not None), key=lambda j: (j["metadata"]["creationTimestamp"], j["metadata"]["name"]))


def _note_ended(jobs: list[Manifest], status: dict[str, Any]) -> None:
    ended = [job["status"]["completionTime"] for job in jobs if finished(job) == "Complete"]
    if ended:
        status["lastSuccessfulTime"] = max(ended)


def moments(manifest: Manifest, since: datetime, until: datetime) -> tuple[datetime | None, datetime]:
    """The last moment of the schedule after `since` and not after `until`, and the first one after `until` (both UTC)."""
    zone = ZoneInfo(manifest["spec"].get("timeZone") or "UTC")
    found = croniter(manifest["spec"]["schedule"], until.astimezone(zone))
    following = found.get_next(datetime).astimezone(UTC)
    last = croniter(manifest["spec"]["schedule"], (until + timedelta(microseconds=1)).astimezone(zone)).get_prev(datetime)
    last = last.astimezone(UTC)
    return (last if last > since else None), following


def _start(plane: Plane, ref: Ref, manifest: Manifest, jobs: list[Manifest], status: dict[str, Any]) -> None:
    now = clock.now()
    since = datetime.fromisoformat(status.get("lastScheduleTime") or manifest["metadata"]["creationTimestamp"])
    due, following = moments(manifest, max(since, now - _LONG_AGO), now)
    plane.work.forget(("", ref))
    plane.work.later(("", ref), (following - now).total_seconds() + 0.01)
    if due is None or plane.is_quiet:
        return
    deadline = manifest["spec"].get("startingDeadlineSeconds")
    if deadline is not None and now - due > timedelta(seconds=deadline):
        message = f"Missed scheduled time to start a job: {due:%a, %d %b %Y %H:%M:%S +0000}"
        plane.tell(manifest, "MissSchedule", message, warning=True, by=_BY)
        return
    if any(job["metadata"]["name"] == _name(manifest, due) for job in jobs):
        return
    running = [job for job in jobs if not finished(job)]
    policy = manifest["spec"]["concurrencyPolicy"]
    if running and policy == "Forbid":
        message = "Not starting job because prior execution is running and concurrency policy is Forbid"
        plane.tell(manifest, "JobAlreadyActive", message, by=_BY)
        return
    if policy == "Replace":
        for job in running:
            plane.delete(Ref.of(job))
    _make(plane, manifest, due, status)


def _name(manifest: Manifest, due: datetime) -> str:
    """One Job for each moment, however often it is looked at."""
    return f"{manifest['metadata']['name']}-{int(due.timestamp() // 60)}"


def _make(plane: Plane, manifest: Manifest, due: datetime, status: dict[str, Any]) -> None:
    template = copied(manifest["spec"]["jobTemplate"])
    metadata: dict[str, Any] = {k: v for k, v in (template.get("metadata") or {}).items() if k in ("labels", "annotations") and v}
    metadata["name"] = _name(manifest, due)
    metadata["namespace"] = manifest["metadata"]["namespace"]
    metadata["ownerReferences"] = [owned_by(manifest)]
    metadata.setdefault("annotations", {})["batch.kubernetes.io/cronjob-scheduled-timestamp"] = stamp(due)
    status["lastScheduleTime"] = stamp(due)
    try:
        plane.make({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]})
    except PodoError as error:
        plane.tell(manifest, "FailedCreate", f"Error creating job: {error.data.get('message')}", warning=True, by=_BY)
        return
    plane.tell(manifest, "SuccessfulCreate", f"Created job {metadata['name']}", by=_BY)


def _forget(plane: Plane, manifest: Manifest, jobs: list[Manifest]) -> None:
    for ended, limit in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
        those = [job for job in jobs if finished(job) == ended]
        for job in those[: max(0, len(those) - manifest["spec"][limit])]:
            plane.delete(Ref.of(job))


def _reference(job: Manifest) -> dict[str, Any]:
    metadata = job["metadata"]
    identity = {"apiVersion": "batch/v1", "kind": "Job", "name": metadata["name"], "namespace": metadata["namespace"]}
    return identity | {"uid": metadata["uid"]}
