"""What a chart that may come true would move."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from podo.access.types import SuccessionKind
from podo.catalog.types.offers import Evidence
from podo.catalog.types.owners import Responder
from podo.kernel.db import Reading


@dataclass(frozen=True, slots=True)
class Call:
    """Whom a page would wake: the first of a team's people; empty where nobody is there."""

    team: str
    people: tuple[Responder, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """A project that would have another owner. With `custody` it would only be kept, and offered to `candidates`, why to each."""

    project: str
    title: str
    of: str
    to: str
    custody: bool
    kind: SuccessionKind
    candidates: tuple[tuple[str, tuple[Evidence, ...]], ...]
    before: Call
    after: Call

    @property
    def is_left(self) -> bool:
        """Whether nobody is likely to take it: it would be kept, and nothing speaks for any team."""
        return self.custody and not any(e.points or self.kind is SuccessionKind.split for _, es in self.candidates for e in es)


@dataclass(frozen=True, slots=True)
class Repaged:
    """A project that would keep its owner, and whose pages would wake others."""

    project: str
    team: str
    before: Call
    after: Call


@dataclass(frozen=True, slots=True)
class Band:
    """How many projects would go from one team to another."""

    of: str
    to: str
    custody: bool
    projects: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would follow if a draft of the chart came true at `at`. Teams are ids; `names` has what each is or would be called.

    `assets` is how many assets that belong to teams themselves would move; `silent` are projects that would wake nobody.
    """

    draft: str
    name: str
    at: datetime
    projects: int
    moves: tuple[Move, ...]
    repaged: tuple[Repaged, ...]
    silent: tuple[str, ...]
    assets: int
    bands: tuple[Band, ...]
    names: Mapping[str, str]

    @property
    def left(self) -> tuple[Move, ...]:
        """Those that nobody is likely to take."""
        return tuple([m for m in self.moves if m.is_left])


@dataclass(frozen=True, slots=True)
class RehearsalPart:
    """Slot: what else a rehearsal moves, such as budgets.

    `lines(r, moves)` gives (text, address, note) for moves by slug: from which team, to which.
    """

    title: str
    icon: str
    lines: Callable[[Reading, Mapping[str, tuple[str, str]]], Awaitable[Sequence[tuple[str, str, str]]]]
