"""What a run's steps came to, kept where our rows are: a run that goes on elsewhere records nothing twice.

A recording step keeps what it came to in its own transaction, and with it what the acts since the step before it came to. So an
act that nothing was recorded after is done again when its run goes on, which every act must bear; and a step costs one row.

The engine has checkpoints of its own. It writes each step down in its own database and asks there each time who owns the run.
Here nobody needs to own a run to be right: whoever records a step first has recorded it, and whoever comes second is told what
it came to (docs/adr/0012).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from podo.kernel.db import Database
from podo.kernel.durable.models import CheckpointRow
from podo.kernel.nouns import PODO

_TABLE: Any = CheckpointRow.__table__
_ALL = select(_TABLE.c.number, _TABLE.c.step, _TABLE.c.acts, _TABLE.c.outcome).where(_TABLE.c.run == bindparam("of"))
_ONE = _ALL.where(_TABLE.c.number == bindparam("nth"))
_PUT = insert(_TABLE)

Outcome = dict[str, Any]


class AnotherOrder(Exception):
    """A run was begun by code with another order of steps under the same name."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A recording step that was done: its name, what the acts before it came to (by name), and what it came to."""

    step: str
    acts: Sequence[tuple[str, Outcome]]
    outcome: Outcome


@dataclass(slots=True)
class Course:
    """How far a run has come in this process. A run is deterministic: its n-th recording step is the same in every process."""

    run: str
    kept: dict[int, Checkpoint]
    number: int = 0
    acts: list[tuple[str, Outcome]] = field(default_factory=list[tuple[str, Outcome]])

    def act(self, name: str) -> Outcome | None:
        """What the next act came to; None when it is to be done now."""
        known = self.kept.get(self.number)
        if known is None:
            return None
        was, outcome = known.acts[len(self.acts)] if len(self.acts) < len(known.acts) else (known.step, {})
        _same(self.run, was, name)
        self.acts.append((was, outcome))
        return outcome

    def record(self, name: str) -> Outcome | None:
        """What the next recording step came to; None when it is to be done now."""
        known = self.kept.get(self.number)
        if known is None:
            return None
        _same(self.run, known.step, name)
        return known.outcome

    def go_on(self) -> None:
        """A recording step is done."""
        self.number += 1
        self.acts = []


def _same(run: str, was: str, now: str) -> None:
    if was != now:
        raise AnotherOrder(f"{run} did {was} where it would do {now}")


course: ContextVar[Course] = ContextVar("course_of_run")


async def load(database: Database, run: str) -> Course:
    """The course of a run that begins here, or goes on here."""
    async with database.reading(PODO) as r:
        rows = await r.session.execute(_ALL, {"of": run})
        return Course(run, {row.number: _checkpoint(row) for row in rows})


async def find(session: AsyncSession, of: Course) -> Outcome | None:
    """What the next recording step came to in another process, or in a transaction whose end was not heard of."""
    row = (await session.execute(_ONE, {"of": of.run, "nth": of.number})).first()
    return row.outcome if row else None


async def put(session: AsyncSession, of: Course, step: str, outcome: Outcome) -> None:
    """It came to this."""
    row = {"run": of.run, "number": of.number, "step": step, "acts": [list(a) for a in of.acts], "outcome": outcome}
    await session.execute(_PUT, row)


async def forget(database: Database, runs: Collection[str]) -> None:
    """These runs are over for long."""
    async with database.note() as session:
        await session.execute(delete(CheckpointRow).where(CheckpointRow.run.in_(runs)))


def _checkpoint(row: Any) -> Checkpoint:
    return Checkpoint(row.step, [(name, outcome) for name, outcome in row.acts], row.outcome)
