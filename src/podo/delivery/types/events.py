"""What is said: facts and ids, never sentences, never a secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from podo.kernel.errors import N_
from podo.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSeen(Event):
    """A commit arrived on the branch; `how` is webhook or poll."""

    code: ClassVar[str] = "delivery.push_seen"
    sentence: ClassVar[str] = N_("{author} pushed {short} to {ref}: {title}")
    sha: str
    short: str
    ref: str
    title: str
    author: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutBuild(Event):
    build: str
    number: int
    short: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildQueued(_AboutBuild):
    """A build was asked for."""

    code: ClassVar[str] = "delivery.build_queued"
    sentence: ClassVar[str] = N_("{actor} asked for build #{number} of {short}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildStarted(_AboutBuild):
    """A builder took it."""

    code: ClassVar[str] = "delivery.build_started"
    sentence: ClassVar[str] = N_("Build #{number} of {short} began ({builder})")
    builder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSucceeded(_AboutBuild):
    """Its image is in the registry."""

    code: ClassVar[str] = "delivery.build_succeeded"
    sentence: ClassVar[str] = N_("Build #{number} made {short} into an image in {seconds} s")
    digest: str
    seconds: int
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFailed(_AboutBuild):
    """It has no image."""

    code: ClassVar[str] = "delivery.build_failed"
    sentence: ClassVar[str] = N_("Build #{number} of {short} failed: {why}")
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildCancelled(_AboutBuild):
    """Somebody ended it."""

    code: ClassVar[str] = "delivery.build_cancelled"
    sentence: ClassVar[str] = N_("{actor} cancelled build #{number} of {short}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutKey(Event):
    key: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableSet(_AboutKey):
    """A variable has another value; `was` and `now` are the values."""

    code: ClassVar[str] = "delivery.variable_set"
    sentence: ClassVar[str] = N_("{actor} set {key} for {scope}")
    was: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableRemoved(_AboutKey):
    """A variable is gone."""

    code: ClassVar[str] = "delivery.variable_removed"
    sentence: ClassVar[str] = N_("{actor} removed {key} for {scope}")
    was: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSet(_AboutKey):
    """A secret has another value, which nobody sees."""

    code: ClassVar[str] = "delivery.secret_set"
    sentence: ClassVar[str] = N_("{actor} set the secret {key} for {scope}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRemoved(_AboutKey):
    """A secret is gone."""

    code: ClassVar[str] = "delivery.secret_removed"
    sentence: ClassVar[str] = N_("{actor} removed the secret {key} for {scope}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoicesChanged(Event):
    """A project's manners or values of the paved road changed; `fields` names them."""

    code: ClassVar[str] = "delivery.choices_changed"
    sentence: ClassVar[str] = N_("{actor} changed how {project} is deployed: {fields}")
    fields: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutDeployment(Event):
    number: int
    release: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentAsked(_AboutDeployment):
    """A release is to be brought to an environment."""

    code: ClassVar[str] = "delivery.deployment_asked"
    sentence: ClassVar[str] = N_("{actor} asked to deploy {short} to {environment} {regions} (#{number})")
    short: str
    regions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackAsked(_AboutDeployment):
    """What was healthy before is to come back."""

    code: ClassVar[str] = "delivery.rollback_asked"
    sentence: ClassVar[str] = N_("{actor} brings {environment} {regions} back to {short}, which #{back_to} brought (#{number})")
    short: str
    regions: str
    back_to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentResealed(_AboutDeployment):
    """The release was made anew; `regions` are those whose approvals are void."""

    code: ClassVar[str] = "delivery.deployment_resealed"
    sentence: ClassVar[str] = N_("{actor} sealed #{number} anew as {release}; approvals start over in: {regions}")
    regions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentRetried(_AboutDeployment):
    """What had ended badly is tried again."""

    code: ClassVar[str] = "delivery.deployment_retried"
    sentence: ClassVar[str] = N_("{actor} tries {regions} again (#{number})")
    regions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commented(_AboutDeployment):
    """Somebody said something; the text is with the deployment."""

    code: ClassVar[str] = "delivery.commented"
    sentence: ClassVar[str] = N_("{actor} commented on #{number}")
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutRollout(_AboutDeployment):
    rollout: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutApproved(_AboutRollout):
    """A person approved; `given` of `needed` approvals are there."""

    code: ClassVar[str] = "delivery.rollout_approved"
    sentence: ClassVar[str] = N_("{actor} approved {region} ({given} of {needed})")
    given: int
    needed: int
    bundle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesRequested(_AboutRollout):
    """A person wants something changed first."""

    code: ClassVar[str] = "delivery.changes_requested"
    sentence: ClassVar[str] = N_("{actor} asks for changes before {region}")
    bundle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutRejected(_AboutRollout):
    """A person said no."""

    code: ClassVar[str] = "delivery.rollout_rejected"
    sentence: ClassVar[str] = N_("{actor} rejected {region}")
    bundle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutStarted(_AboutRollout):
    """The cluster is being changed."""

    code: ClassVar[str] = "delivery.rollout_started"
    sentence: ClassVar[str] = N_("{region} started rolling on {cluster}")
    cluster: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutWaits(_AboutRollout):
    """The cluster does not answer; it is tried again."""

    code: ClassVar[str] = "delivery.rollout_waits"
    sentence: ClassVar[str] = N_("{region} waits: {why}")
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutSoaking(_AboutRollout):
    """It became healthy and is watched for a while."""

    code: ClassVar[str] = "delivery.rollout_soaking"
    sentence: ClassVar[str] = N_("{region} is healthy ({ready} of {wanted} pods) and soaks for {minutes} min")
    ready: int
    wanted: int
    minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutHealthy(_AboutRollout):
    """It is there, and well."""

    code: ClassVar[str] = "delivery.rollout_healthy"
    sentence: ClassVar[str] = N_("{region} became healthy: {ready} of {wanted} pods")
    ready: int
    wanted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutFailing(_AboutRollout):
    """It will not become healthy; what was there before comes back."""

    code: ClassVar[str] = "delivery.rollout_failing"
    sentence: ClassVar[str] = N_("{region} fails and is put back: {why}")
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutFailed(_AboutRollout):
    """It failed; nothing of it is left there, or, before anything was changed, nothing was done."""

    code: ClassVar[str] = "delivery.rollout_failed"
    sentence: ClassVar[str] = N_("{region} failed: {why}")
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutRolledBack(_AboutRollout):
    """It failed or was left, and what was there before is back; `back_to` is that deployment's number."""

    code: ClassVar[str] = "delivery.rollout_rolled_back"
    sentence: ClassVar[str] = N_("{region} is back on #{back_to}: {why}")
    back_to: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltAsked(_AboutRollout):
    """Somebody wants it stopped where it stands."""

    code: ClassVar[str] = "delivery.halt_asked"
    sentence: ClassVar[str] = N_("{actor} halts {region}")
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutHalted(_AboutRollout):
    """It was stopped on purpose, and stands where it stood; `note` says what could not be done about that."""

    code: ClassVar[str] = "delivery.rollout_halted"
    sentence: ClassVar[str] = N_("{region} is halted {note}")
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutStuck(_AboutRollout):
    """Podo cannot go on by itself and touches nothing more; a person decides."""

    code: ClassVar[str] = "delivery.rollout_stuck"
    sentence: ClassVar[str] = N_("{region} is stuck: {why}")
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutCancelled(_AboutRollout):
    """It never started."""

    code: ClassVar[str] = "delivery.rollout_cancelled"
    sentence: ClassVar[str] = N_("{region} was cancelled: {why}")
    why: str
