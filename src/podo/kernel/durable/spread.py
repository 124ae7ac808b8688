"""Which worker does what: a run that is due starts in any that lives and knows its workflow, each in its turn.

For another worker the asked one leaves a row, and wakes it; the row goes once the run has started there. What was left for one
that died goes to one that lives. A run has one id, and starts once, however often and wherever it is asked for.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from podo.kernel import traces
from podo.kernel.db import Database
from podo.kernel.durable.models import HandedRow

_log = logging.getLogger("podo.durable")
_CHANNEL = "podo_runs"
_ALL = "all"
_AGAIN = 1.0
_LATELY = 1000

# Starts a run of this workflow here: (workflow's name, run's id, arguments).
Start = Callable[[str, str, Sequence[Any]], Awaitable[None]]


class Spread:
    """The share of one process. On SQLite there is no other one."""

    def __init__(self, database: Database, process: str, start: Start) -> None:
        self._database = database
        self._process = process
        self._start = start
        self._turns: Counter[str] = Counter()
        # Whose runs are that were asked for lately: asking again takes nobody's turn.
        self._lately: dict[str, str] = {}
        self._taking = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        # Who lives, as of the last heartbeat, and which workflows each takes.
        self.living: Mapping[str, Collection[str]] = {}
        # Somebody came, or went.
        self.news = asyncio.Event()

    async def begin(self) -> None:
        """Hear what is handed here, and tell the others of this process."""
        if not self._database.is_sqlite:
            self._task = asyncio.create_task(self._hear(), name="durable:handed")
            await self.tell()

    async def end(self) -> None:
        """Take nothing more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def choose(self, workflow: str, run: str) -> str | None:
        """Whose turn it is, among those that take this workflow, or whose the run was a moment ago; None when nobody takes it."""
        if self._database.is_sqlite:
            return self._process
        takers = sorted(process for process, takes in self.living.items() if workflow in takes)
        if not takers:
            return None
        owner = self._lately.pop(run, None)
        if owner not in takers:
            self._turns[workflow] += 1
            owner = takers[self._turns[workflow] % len(takers)]
        self._lately[run] = owner
        if len(self._lately) > _LATELY:
            del self._lately[next(iter(self._lately))]
        return owner

    async def hand_over(self, owner: str, workflow: str, run: str, args: Sequence[Any]) -> None:
        """Let `owner` start it. Once this returns it is started, whoever dies."""
        here = traces.here()
        row = {"run": run, "workflow": workflow, "args": list(args), "owner": owner, "trace": str(here) if here else None}
        async with self._database.note() as session:
            await session.execute(insert(HandedRow).values(row).on_conflict_do_nothing())
            await self._database.tell(session, _CHANNEL, owner)

    async def take(self) -> None:
        """Start what was handed here."""
        async with self._taking:
            async with self._database.note() as session:
                rows = list(await session.scalars(select(HandedRow).where(HandedRow.owner == self._process)))
            for row in rows:
                with traces.under(traces.parse(row.trace)):
                    await self._start(row.workflow, row.run, row.args)
                async with self._database.note() as session:
                    mine = HandedRow.owner == self._process
                    await session.execute(delete(HandedRow).where(HandedRow.run == row.run, mine))

    async def hand_on(self) -> None:
        """What was left for processes that live no more goes to those that do."""
        async with self._database.note() as session:
            left = list(await session.scalars(select(HandedRow).where(HandedRow.owner.not_in(self.living))))
            for row in left:
                if (owner := self.choose(row.workflow, row.run)) is not None:
                    await session.execute(update(HandedRow).where(HandedRow.run == row.run).values(owner=owner))
                    await self._database.tell(session, _CHANNEL, owner)

    async def waiting(self) -> list[str]:
        """The runs that were handed over and have not started yet."""
        async with self._database.note() as session:
            return list(await session.scalars(select(HandedRow.run)))

    async def tell(self) -> None:
        """Tell all processes that this one came, or goes: none needs to wait for its next heartbeat to know."""
        async with self._database.note() as session:
            await self._database.tell(session, _CHANNEL, _ALL)

    async def _hear(self) -> None:
        while True:
            try:
                async for word in self._database.hear(_CHANNEL):
                    if word == _ALL:
                        self.news.set()
                    elif word == self._process:
                        await self.take()
            except Exception as error:
                # Each heartbeat looks, too.
                _log.warning("what is handed to this process is not heard (%s), again in a second", error)
            await asyncio.sleep(_AGAIN)
