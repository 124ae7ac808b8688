"""Tags that Podo wishes on assets, and plans to write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from podo.catalog.types.inventory import Provider

TEAM_TAG, PROJECT_TAG, TEAM_NAME_TAG, QUARANTINE_TAG = "podo-team", "podo-project", "podo-team-name", "podo-quarantine"


class TagTrouble(StrEnum):
    """Why an asset was not tagged. `throttled` and `conflict` are tried again; `gone` is no failure."""

    throttled = "throttled"
    conflict = "conflict"
    away = "away"
    gone = "gone"
    invalid = "invalid"
    refused = "refused"
    unsupported = "unsupported"
    full = "full"
    unseen = "unseen"


@dataclass(frozen=True, slots=True)
class TagFailure:
    """What a cloud said of one asset that it did not tag: our word for it, its own code, and its sentence."""

    trouble: TagTrouble
    code: str
    why: str


class TagChangeState(StrEnum):
    """How far an asset's tags are; `past` was written, and written anew by a later plan."""

    waiting = "waiting"
    written = "written"
    failed = "failed"
    gone = "gone"
    past = "past"


@dataclass(frozen=True, slots=True)
class TagChange:
    """What a plan does to one asset: `set` is written, `drop` removed, `former` is what stood there (None: nothing), for undo."""

    asset: str
    arn: str
    provider: Provider
    account: str
    region: str
    kind: str
    set: Mapping[str, str]
    drop: tuple[str, ...] = ()
    former: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    name: str = ""
    batch: int = 0
    state: TagChangeState = TagChangeState.waiting
    trouble: str = ""
    why: str = ""
    attempts: int = 0


class TagPlanState(StrEnum):
    """How far a plan is."""

    planned = "planned"
    applying = "applying"
    paused = "paused"
    done = "done"
    stuck = "stuck"
    withdrawn = "withdrawn"


class TagPlanKind(StrEnum):
    """Why a plan was made: somebody asked, tags had drifted, or a plan is taken back."""

    asked = "asked"
    drift = "drift"
    undo = "undo"


@dataclass(frozen=True, slots=True)
class TagPlan:
    """A plan of tags. `calls` is how many calls of the clouds it takes; `undoes` the plan that it takes back.

    `left` counts assets that it leaves out although their tags are not as they should be, by why.
    """

    id: str
    kind: TagPlanKind
    state: TagPlanState
    at: datetime
    by: str
    assets: int
    calls: int
    waiting: int
    written: int
    failed: int
    gone: int
    undoes: str = ""
    run: str = ""
    why: str = ""
    ended_at: datetime | None = None
    left: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class TagDraft:
    """What a plan would do now. `left` counts what cannot be tagged, by why."""

    changes: tuple[TagChange, ...]
    calls: int
    left: Mapping[str, int]
