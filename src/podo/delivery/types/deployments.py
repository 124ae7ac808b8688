"""Deployments, their rollouts, and what people decide on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class RolloutState(StrEnum):
    """A rollout's state, as a person would say it."""

    queued = "queued"
    waiting = "waiting"
    rolling = "rolling"
    soaking = "soaking"
    healthy = "healthy"
    failed = "failed"
    halted = "halted"
    stuck = "stuck"
    rolled_back = "rolled back"
    cancelled = "cancelled"
    inactive = "inactive"


OPEN = frozenset({RolloutState.queued, RolloutState.waiting, RolloutState.rolling, RolloutState.soaking})
MOVING = frozenset({RolloutState.rolling, RolloutState.soaking})
# What holds a target until a person decides: something half-way may be there.
HELD = frozenset({RolloutState.stuck})


class DeploymentKind(StrEnum):
    """A deployment brings something new; a rollback brings back what was healthy there."""

    deploy = "deploy"
    rollback = "rollback"


class Decision(StrEnum):
    """What somebody says of one rollout."""

    approve = "approve"
    request_changes = "request changes"
    reject = "reject"


@dataclass(frozen=True, slots=True)
class Approval:
    """A decision on one rollout, bound to its bundle's hash; it counts while `bundle` is the rollout's."""

    rollout: str
    person: str
    decision: Decision
    bundle: str
    comment: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """What was last seen of a rollout: ready and wished pods, a health word, a reason as template over `facts`."""

    health: str = "Unknown"
    ready: int = 0
    wanted: int = 0
    code: str = ""
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)

    def said(self, translate: Any = str) -> str:
        """The reason in the reader's language."""
        return translate(self.reason).format(**self.facts) if self.reason else ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A rollout as lists of many projects tell it: where it is, in which state and since when, and how it was last seen."""

    project: str
    number: int
    environment: str
    region: str
    cluster: str
    order: int
    asked_at: datetime
    healthy_at: datetime | None
    health: str
    state: RolloutState


@dataclass(frozen=True, slots=True)
class Rollout:
    """A deployment's part for one target. `order` is its place in the train; `needs` how many approvals it wants.

    `epoch` counts its runs: what an older run still wants to write is refused. `due_at` is when Podo looks at it again by
    itself; `why` says in words what it waits for or why it ended; `previous` is the deployment that it replaced there.
    `back` says that it failed and what was there before is being put back.
    """

    id: str
    project: str
    number: int
    environment: str
    region: str
    cluster: str
    order: int
    needs: int
    bundle: str
    state: RolloutState
    epoch: int
    why: str
    seen: Seen
    previous: int | None
    asked_at: datetime
    started_at: datetime | None
    healthy_at: datetime | None
    soak_until: datetime | None
    ended_at: datetime | None
    due_at: datetime | None
    halt_asked: bool = False
    back: bool = False
    approvals: tuple[Approval, ...] = ()

    @property
    def approved_by(self) -> tuple[str, ...]:
        """Whose approvals count: for this very bundle, the last word of each."""
        return tuple(a.person for a in self.approvals if a.decision is Decision.approve and a.bundle == self.bundle)

    @property
    def objections(self) -> tuple[Approval, ...]:
        """Requests for changes that stand."""
        return tuple(a for a in self.approvals if a.decision is Decision.request_changes and a.bundle == self.bundle)


@dataclass(frozen=True, slots=True)
class Deployment:
    """The request to bring one release to one environment."""

    project: str
    number: int
    environment: str
    kind: DeploymentKind
    release: str
    build: int
    commit: str
    ref: str
    title: str
    description: str
    by: str
    at: datetime
    rollouts: tuple[Rollout, ...]

    @property
    def state(self) -> RolloutState:
        """The word for the whole: what moves first, then what waits, then how it ended."""
        states = [r.state for r in self.rollouts]
        order = (
            *(RolloutState.rolling, RolloutState.soaking, RolloutState.stuck, RolloutState.waiting, RolloutState.queued),
            *(RolloutState.failed, RolloutState.rolled_back, RolloutState.halted, RolloutState.healthy, RolloutState.inactive),
        )
        return next((s for s in order if s in states), RolloutState.cancelled)

    @property
    def is_open(self) -> bool:
        """Whether anything of it has not finished."""
        return any(r.state in OPEN for r in self.rollouts)

    @property
    def subject(self) -> str:
        """What its events are about."""
        return f"deployment/{self.project}/{self.number}"

    @property
    def ended_at(self) -> datetime | None:
        """When its last region was healthy, or had ended otherwise; None while it is open. What replaced it is no end of it."""
        ends = [r.healthy_at or r.ended_at for r in self.rollouts]
        return None if self.is_open else max((e for e in ends if e), default=None)


@dataclass(frozen=True, slots=True)
class Gate:
    """A thing that a rollout's start hangs on: `kind` is ok, wait, warn or bad; `text` a template over `facts`."""

    kind: str
    code: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)

    def said(self, translate: Any = str) -> str:
        """The sentence in the reader's language."""
        return translate(self.text).format(**self.facts)


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said about a deployment, in Markdown."""

    id: str
    project: str
    number: int
    person: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """One target and what is there: the rollout that runs now, and the open one that wants to be there."""

    environment: str
    region: str
    cluster: str
    running: Rollout | None
    running_commit: str
    coming: Rollout | None


@dataclass(frozen=True, slots=True)
class Search:
    """What to list of a project's deployments, or of all; None means any. `state` may be open or finished too."""

    project: str | None = None
    environment: str | None = None
    region: str | None = None
    state: str | None = None
    author: str | None = None
    since: datetime | None = None
    text: str = ""
    projects: Sequence[str] | None = None
