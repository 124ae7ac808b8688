"""Nouns of what runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from podo.access.types import Permission
from podo.kernel.errors import N_, Conflict, Invalid, Missing
from podo.kernel.events import Event

READ = Permission("workloads.read", "read", N_("See workloads, pods, events and logs"))
RESTART = Permission("workloads.restart", "operate", N_("Restart a workload"))
SCALE = Permission("workloads.scale", "operate", N_("Change the number of a workload's pods"))
DELETE_POD = Permission("workloads.delete_pod", "operate", N_("Delete a pod, so that it is made anew"))


class HealthStatus(StrEnum):
    """Argo CD's six words, from best to worst when several are put together."""

    healthy = "Healthy"
    suspended = "Suspended"
    progressing = "Progressing"
    missing = "Missing"
    degraded = "Degraded"
    unknown = "Unknown"


@dataclass(frozen=True, slots=True)
class Health:
    """How something is, and why: `reason` is a template over `facts`, translated when read; empty when all is well.

    `code` is a stable word for the reason (`crash_loop`, `image_pull`, `deadline`, `pods_not_ready`, …).
    """

    status: HealthStatus
    code: str = ""
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)

    def said(self, translate: Any = str) -> str:
        """The reason in the reader's language."""
        return translate(self.reason).format(**self.facts) if self.reason else ""


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod."""

    name: str
    image: str
    ready: bool
    restarts: int
    state: str
    reason: str
    last_exit: int | None


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod as it was last seen: CPU in millicores, memory in Mi.

    `state` is ready, starting, crashing, failed, succeeded or ending.
    """

    name: str
    cluster: str
    namespace: str
    owner: str
    owner_kind: str
    node: str
    state: str
    phase: str
    restarts: int
    health: Health
    created_at: datetime | None
    cpu_request: int
    memory_request: int
    release: str
    containers: tuple[Container, ...]
    uid: str = ""
    ip: str = ""


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment, StatefulSet, DaemonSet, Job or CronJob in one cluster, with its pods.

    `owner` names the CronJob that made a Job; `runs` are such Jobs, the newest first, once they stand under their CronJob.
    """

    kind: str
    name: str
    cluster: str
    namespace: str
    environment: str
    region: str
    desired: int
    ready: int
    image: str
    release: str
    deployment: int | None
    health: Health
    changed_at: datetime | None
    pods: tuple[Pod, ...]
    schedule: str = ""
    suspended: bool = False
    last_run_at: datetime | None = None
    owner: str = ""
    runs: tuple[Workload, ...] = ()

    @property
    def restarts(self) -> int:
        """Restarts of all its pods."""
        return sum(p.restarts for p in self.pods)


class Reach(StrEnum):
    """What we can say of a cluster: seen lately, old news, out of reach, or not allowed to look."""

    seen = "seen"
    old = "old"
    unreachable = "unreachable"
    forbidden = "forbidden"
    waiting = "waiting"


@dataclass(frozen=True, slots=True)
class View:
    """What is known of one target: unknown is a word, never a 0. `at` is when it was last seen."""

    environment: str
    region: str
    cluster: str
    reach: Reach
    why: str
    at: datetime | None
    workloads: tuple[Workload, ...]


@dataclass(frozen=True, slots=True)
class Happened:
    """A Kubernetes event."""

    type: str
    reason: str
    message: str
    object: str
    count: int
    at: datetime | None


class OperationKind(StrEnum):
    """What people do to what runs."""

    restart = "restart"
    scale = "scale"
    delete_pod = "delete_pod"


class OperationState(StrEnum):
    """asked until the cluster has taken it, then done; failed with the reason."""

    asked = "asked"
    done = "done"
    failed = "failed"


@dataclass(frozen=True, slots=True)
class Operation:
    """A restart, a scaling or the deletion of a pod, asked by a person."""

    id: str
    project: str
    environment: str
    region: str
    cluster: str
    kind: OperationKind
    target_kind: str
    target: str
    replicas: int | None
    state: OperationState
    why: str
    by: str
    at: datetime
    ended_at: datetime | None = None


class NoSuchWorkload(Missing):
    """The namespace has no such workload or pod."""

    code = "workloads.no_such_workload"
    so = N_("{cluster} has no {kind} “{name}” in {project}.")
    do = N_("It may have been renamed or removed; look at the list of workloads.")


class NoEarlierRun(Missing):
    """The container was never restarted, or the cluster keeps nothing of the run before."""

    code = "workloads.no_earlier_run"
    so = N_("There is no earlier run of {container} in {pod}.")
    do = N_("It did not restart, or the cluster keeps its lines no longer.")


class NoSuchOperation(Missing):
    """Nobody asked for it in this project."""

    code = "workloads.no_such_operation"
    so = N_("Nobody asked for “{name}” here.")
    do = N_("Look at the list of operations.")


class NotScalable(Invalid):
    """Its replicas are not for us to set."""

    code = "workloads.not_scalable"
    so = N_("{kind} “{name}” cannot be scaled: {why}.")
    do = N_("Change the replicas in podo.yaml or in Settings instead.")


class NoSuchTarget(Missing):
    """The project does not run there."""

    code = "workloads.no_such_target"
    so = N_("{project} does not run in {environment} {region}.")
    do = N_("Add the target in the project's Settings first.")


class AlreadyAsked(Conflict):
    """The same operation is under way."""

    code = "workloads.already_asked"
    so = N_("{kind} of “{name}” is under way already.")
    do = N_("Wait for it to be taken by the cluster.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked(Event):
    operation: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartAsked(_Asked):
    """A person asked for a restart."""

    code: ClassVar[str] = "workloads.restart_asked"
    sentence: ClassVar[str] = N_("{actor} restarts {name} in {environment} {region}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleAsked(_Asked):
    """A person asked for another number of pods."""

    code: ClassVar[str] = "workloads.scale_asked"
    sentence: ClassVar[str] = N_("{actor} scales {name} in {environment} {region} to {replicas}")
    replicas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PodDeletionAsked(_Asked):
    """A person asked for a pod's deletion."""

    code: ClassVar[str] = "workloads.pod_deletion_asked"
    sentence: ClassVar[str] = N_("{actor} deletes pod {name} in {environment} {region}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationDone(_Asked):
    """The cluster took an operation."""

    code: ClassVar[str] = "workloads.operation_done"
    sentence: ClassVar[str] = N_("{environment} {region} has taken it: {operation_kind} of {name}")
    operation_kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationFailed(_Asked):
    """The cluster did not take an operation."""

    code: ClassVar[str] = "workloads.operation_failed"
    sentence: ClassVar[str] = N_("{operation_kind} of {name} in {environment} {region} failed: {why}")
    operation_kind: str
    why: str


ASKED: Sequence[type[_Asked]] = (RestartAsked, ScaleAsked, PodDeletionAsked)
