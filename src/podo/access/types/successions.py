"""What becomes of teams, and charts that may come true."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from podo.kernel.db import Reading


class SuccessionKind(StrEnum):
    """What becomes of a team. Rename and move change nothing that is keyed by id; the others end the team."""

    rename = "rename"
    move = "move"
    merge = "merge"
    split = "split"  # pyright: ignore[reportAssignmentType] - text has a method of this name, which no kind needs
    dissolve = "dissolve"


@dataclass(frozen=True, slots=True)
class Succession:
    """What became of a team: `successors` are ids of teams, one for a merge, several for a split, else none.

    Valid from `at`, known since `recorded_at`; `by` is a person's id, or `podo` where the directory said so. `was` and `now` are
    the names of a renamed team, and the ids of a moved team's parents (empty: none). One that is withdrawn did not happen.
    `people` are the ids of who was in a team when it ended, leads first.
    """

    id: str
    kind: SuccessionKind
    team: str
    successors: tuple[str, ...]
    at: datetime
    recorded_at: datetime
    by: str
    why: str = ""
    withdrawn_at: datetime | None = None
    was: str = ""
    now: str = ""
    withdrawn_why: str = ""
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A chart that may come true, such as next quarter's. It was taken over at `taken_at`, or thrown away at `closed_at`."""

    id: str
    name: str
    by: str
    made_at: datetime
    changed_at: datetime
    taken_at: datetime | None = None
    closed_at: datetime | None = None


class EntryKind(StrEnum):
    """What a directory's entry is about, as SCIM calls it."""

    user = "User"
    group = "Group"


@dataclass(frozen=True, slots=True)
class Entry:
    """A user or a group as a SCIM client wrote it, by Podo's id: of a draft, or of what is so where `draft` is empty.

    `named` is its userName or displayName in small letters; `document` has neither `id` nor `meta`, which are ours. At
    `due_at` it means something else: somebody leaves, or a team begins or ends. The times are None where no client wrote it yet.
    """

    draft: str
    kind: EntryKind
    id: str
    named: str
    external: str
    document: Mapping[str, Any]
    made_at: datetime | None
    changed_at: datetime | None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """Somebody or a team that a pushed directory takes away. It waits for an administrator while `decided_at` is None."""

    id: str
    kind: EntryKind
    of: str
    name: str
    asked_at: datetime
    decided_at: datetime | None = None
    decided_by: str = ""
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would become of a team, before anything happens. The fields are those of `Succession`."""

    kind: SuccessionKind
    team: str
    name: str
    successors: tuple[str, ...]
    was: str = ""
    now: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """A person or team that would join, change or leave (`what`: joined, changed, left)."""

    kind: EntryKind
    id: str
    name: str
    what: str


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What taking over a directory would change: names by kind of change, and the share of people and teams that would be lost.

    `lines` are the same with ids; `successions` is what would become of teams.
    """

    joined: tuple[str, ...]
    changed: tuple[str, ...]
    left: tuple[str, ...]
    share: float
    lines: tuple[Planned, ...] = ()
    successions: tuple[Foreseen, ...] = ()


# -- slots


@dataclass(frozen=True, slots=True)
class KeptTeam:
    """Slot: the id of a team that may not end, None where there is none: the custodian of what has no other owner."""

    team: Callable[[Reading], Awaitable[str | None]]
