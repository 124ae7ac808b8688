"""What comes from spreadsheets and from Backstage: rows as they were read, and what taking them would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from podo.kernel.errors import N_, Invalid, PodoError


class WrongCell(Invalid):
    """A value of a line that cannot be so."""

    code = "catalog.wrong_cell"
    so = N_("{column}: {why}{value}.")
    do = N_("Correct the line and import again; the others can be taken now.")


@dataclass(frozen=True, slots=True)
class WantedProject:
    """A project as a line of a spreadsheet or a document says it. `line` counts from 1; `said` holds what is said, by field.

    Fields are those of `Project` (`places` as pairs) and of `Facts`, as nouns, and `team` as it was written. `wrong` is why the
    line cannot be taken, `notes` is what of it has no place here.
    """

    line: int
    slug: str
    said: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)
    wrong: tuple[PodoError, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadRows:
    """A text that was read: its rows, and what of it as a whole has no place here. `about` says how it was read."""

    rows: tuple[WantedProject, ...]
    about: str
    notes: tuple[str, ...] = ()


class Fate(StrEnum):
    """What taking a line would do."""

    made = "made"
    changed = "changed"
    same = "same"
    bad = "bad"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field, what it says now and what it would say, as text."""

    field: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class PlannedProject:
    """What taking a line would do, and why it cannot be taken."""

    line: int
    slug: str
    fate: Fate
    changes: tuple[FieldChange, ...] = ()
    wrong: tuple[PodoError, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What taking all of it would do. `digest` changes when any of it does."""

    rows: tuple[PlannedProject, ...]
    about: str
    notes: tuple[str, ...]
    digest: str

    def count(self, fate: Fate) -> int:
        """How many lines have this fate."""
        return sum(row.fate is fate for row in self.rows)
