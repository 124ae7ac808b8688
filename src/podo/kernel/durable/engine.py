"""The engine: DBOS in process, its own database, our checkpoints, our take-over of runs whose owner died."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from datetime import timedelta
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID
from dbos._error import DBOSConflictingWorkflowError  # not exported
from sqlalchemy import delete, select, update

from podo.kernel import clock, ids, metrics
from podo.kernel.db import Database, DatabaseUnavailable, Tx, fence, hold, leases, let_go, postgres
from podo.kernel.durable import checkpoints, seen, steps, store
from podo.kernel.durable.checkpoints import Course
from podo.kernel.durable.models import ProcessRow, TakeOverRow
from podo.kernel.durable.spread import Spread
from podo.kernel.durable.store import Plain
from podo.kernel.errors import PodoError, Unavailable
from podo.kernel.nouns import PODO

_log = logging.getLogger("podo.durable")
_VERSION = "podo-1"
_DEAD_AFTER = 20.0
_TAKE_OVERS = 5
_KEEP = timedelta(days=30)
_FORGET_EVERY = 3600.0
_FORGET_AT_ONCE = 500
_PARTING = 2.0
# The queue that every process reads: on SQLite, where there is one.
_COMMON = "_dbos_internal_queue"
# Whoever waits for the database waits as long as it takes: that it is away says nothing of the outside.
_DATABASE_PAUSE = 1.0

Interference = Callable[[str, str, str], Awaitable[None]]


class _Lapsed(BaseException):
    """This process was frozen or cut off for so long that another may have taken what it was doing."""


class Durable:
    """One engine a process. `url` is the engine's own database; `worlds` maps a domain's name to what its acts work on."""

    def __init__(
        self,
        database: Database,
        url: str,
        *,
        pauses: tuple[float, ...] = (0.2, 1, 3, 10, 30),
        dead_after: float = _DEAD_AFTER,
    ) -> None:
        self.database = database
        self.url = url
        self.worlds: dict[str, Any] = {}
        self.pauses = pauses
        # A process that did not beat for so many seconds is dead to the others. It beats four times within them.
        self.dead_after = dead_after
        self.process = ids.new("proc")
        self.spread = Spread(database, self.process, self._start_here)
        self.interference: Interference | None = None
        self.is_ending = False
        self._under_way = 0
        self._beaten_at = clock.monotonic()
        self._judges_from = 0.0
        self._lapses = 0
        self._forgets_at = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """Launch inside the running loop, so that runs share it; then take over what a dead process left."""
        logging.getLogger("dbos").setLevel(logging.WARNING)
        config: DBOSConfig = {
            "name": "podo",
            "system_database_url": self.url,
            "application_version": _VERSION,
            "executor_id": self.process,
            "serializer": Plain(),
            "log_level": "WARNING",
        }
        if self.url.startswith("sqlite"):
            config["system_database_engine"] = store.sqlite(self.url)
            # How long the engine's end may wait for a thread that looks for messages: we send none.
            config["notification_listener_polling_interval_sec"] = 0.05
        elif self.database.pulse is not None:
            config["db_engine_kwargs"] = {"creator": postgres.opener(self.url, self.database.pulse)}
        DBOS(config=config)
        if not self.database.is_sqlite:
            # A version that does not know a workflow must never get a run of it: what is taken over goes to somebody by name.
            DBOS.listen_queues([_queue(self.process)])
        DBOS.launch()
        if not self.database.is_sqlite:
            await DBOS.register_queue_async(_queue(self.process))
        self.is_ending = False
        steps.set_engine(self)
        if self.database.is_sqlite:
            # One process alone can have this file: whoever else is written down there is dead, however lately it lived.
            async with self.database.note() as session:
                await session.execute(delete(ProcessRow))
                await session.execute(delete(leases.LeaseRow))
        await self._beat_once()
        await self.spread.begin()
        self._tasks = [asyncio.create_task(self._beat_forever(), name="durable:beat")]

    async def end(self) -> None:
        """Stop: steps under way get a moment to end, and unfinished runs go on elsewhere, or after the next start."""
        self.is_ending = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.spread.end()
        with contextlib.suppress(PodoError):
            await self._take_nothing()
        until = clock.monotonic() + _PARTING
        while self._under_way and clock.monotonic() < until:  # noqa: ASYNC110 - rarely, and for two seconds at most
            await asyncio.sleep(0.02)
        steps.set_engine(None)
        if not self.database.is_sqlite:
            with contextlib.suppress(Exception):
                await DBOS.delete_queue_async(_queue(self.process))
        await asyncio.to_thread(DBOS.destroy)
        # The engine had made its own threads this loop's, and has taken them with it.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="podo"))
        with contextlib.suppress(PodoError):
            await let_go(self.database, self.process)
            async with self.database.note() as session:
                await session.execute(delete(ProcessRow).where(ProcessRow.id == self.process))
            await self.spread.tell()

    async def _take_nothing(self) -> None:
        """While what is under way ends, others are handed what comes."""
        async with self.database.note() as session:
            await session.execute(update(ProcessRow).where(ProcessRow.id == self.process).values(takes=[]))
        await self.spread.tell()

    async def start(self, workflow: Callable[..., Awaitable[Any]], run_id: str, *args: Any) -> None:
        """Start a run directly, not by queue, here or in another process. A second start with the same id does nothing, whichever
        of a workflow's versions it names.
        """
        name = steps.names[workflow]
        owner = self.spread.choose(name, run_id)
        if owner in (None, self.process):
            await self._start_here(name, run_id, args)
        else:
            await self.spread.hand_over(owner, name, run_id, args)

    async def _start_here(self, name: str, run_id: str, args: Sequence[Any]) -> None:
        try:
            with SetWorkflowID(run_id), seen.started(run_id):
                await DBOS.start_workflow_async(steps.workflows[name], *args)  # type: ignore[arg-type]
        except DBOSConflictingWorkflowError as error:
            # While two versions of Podo work side by side, the other one was asked first.
            _log.info("%s began already: %s", run_id, error)

    async def finished(self, run_id: str) -> Any:
        """Wait for a run's end and give its result (for tests and the command line's progress)."""
        handle = await DBOS.retrieve_workflow_async(run_id)
        return await handle.get_result(polling_interval_sec=0.05)

    async def unfinished(self) -> list[str]:
        """The ids of runs that have not ended, or not begun, in whichever process."""
        waiting = [] if self.database.is_sqlite else await self.spread.waiting()
        begun = await DBOS.list_workflows_async(status=["PENDING", "ENQUEUED"], load_input=False)
        return [*waiting, *(status.workflow_id for status in begun)]

    # -- what the steps call

    async def begin_course(self, run: str) -> None:
        """A run begins here, or goes on here: behind what was recorded of it."""
        while True:
            try:
                checkpoints.course.set(await checkpoints.load(self.database, run))
            except DatabaseUnavailable as error:
                _log.warning("%s waits for the database: %s", run, error)
                await asyncio.sleep(_DATABASE_PAUSE)
            else:
                return

    async def run_record(self, name: str, body: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> Any:
        """Run a recording step in a transaction of its own, with its checkpoint; or say what it came to before."""
        course = checkpoints.course.get()
        outcome = course.record(name)
        if outcome is None:
            await self._interfere("before", name)
            with seen.step(name):
                try:
                    outcome = await self._recorded(name, course, functools.partial(steps.closed_record, body, args=args))
                except PodoError as error:
                    outcome = await self._recorded(name, course, functools.partial(steps.refused_record, error))
            await self._interfere("after", name)
        course.go_on()
        return outcome

    async def _recorded(self, name: str, course: Course, body: Callable[[Tx], Awaitable[Any]]) -> Any:
        while True:
            try:
                async with self._step(), self.database.transaction(PODO, request_id=course.run) as tx:
                    if self._is_late():
                        raise _Lapsed
                    outcome = await checkpoints.find(tx.session, course)
                    if outcome is None:
                        outcome = await body(tx)
                        await checkpoints.put(tx.session, course, name, outcome)
                return outcome
            except DatabaseUnavailable as error:
                _log.warning("%s waits for the database: %s", name, error)
                await asyncio.sleep(_DATABASE_PAUSE)
            except _Lapsed:
                _log.warning("%s was late for longer than others wait", name)
                await self._still_ours()

    async def run_act(self, name: str, domain: str, body: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> Any:
        """Run an acting step, patiently; or say what it came to before."""
        course, world = checkpoints.course.get(), self.worlds[domain]
        if (known := course.act(name)) is not None:
            return known

        async def once() -> Any:
            await self._interfere("before", name)
            try:
                value = await self._while_ours(name, body, world, args)
            except Unavailable:
                metrics.RETRIES.labels(name).inc()
                raise
            await self._interfere("after", name)
            return value

        with seen.step(name):
            outcome = await steps.closed_act(steps.patiently(once, self.pauses))
        course.acts.append((name, outcome))
        return outcome

    async def _while_ours(self, name: str, body: Callable[..., Awaitable[Any]], world: Any, args: tuple[Any, ...]) -> Any:
        """The act, as long as no other process may have taken its run; again, when none had."""
        while True:
            token = fence.set(self._fence())
            try:
                if self._lapses:
                    # It may have been before this step that it was late.
                    await self._still_ours()
                async with self._step():
                    return await body(world, *args)
            except DatabaseUnavailable as error:
                # Raised, it would be taken for the outside that is away, and what was done would be undone.
                _log.warning("%s waits for the database: %s", name, error)
                await asyncio.sleep(_DATABASE_PAUSE)
            except _Lapsed:
                _log.warning("%s was late for longer than others wait", name)
                await self._still_ours()
            finally:
                fence.reset(token)

    def _fence(self) -> Callable[[], None] | None:
        if self.database.is_sqlite:
            return None
        begun = self._lapses

        def ask() -> None:
            if self._lapses != begun or self._is_late():
                raise _Lapsed

        return ask

    def _is_late(self) -> bool:
        """Whether others may take this process for dead."""
        return not self.database.is_sqlite and clock.monotonic() - self._beaten_at > self.dead_after

    async def _still_ours(self) -> None:
        """Wait for the next heartbeat; `Killed` when another process has the run by then."""
        while self._is_late():
            if self.is_ending:
                raise steps.Killed("the engine ends")
            await asyncio.sleep(0.1)
        # In a context of its own, or the engine takes the question for a step of this run, and cannot keep its answer.
        asked = asyncio.create_task(DBOS.get_workflow_status_async(DBOS.workflow_id or ""), context=Context())
        status = await asked
        if status is None or status.executor_id != self.process or status.status != "PENDING":
            raise steps.Killed("another process has this run")

    @contextlib.asynccontextmanager
    async def _step(self) -> AsyncIterator[None]:
        """While inside, the engine does not end; once it is ending, nothing begins."""
        if self.is_ending:
            raise steps.Killed("the engine ends")
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def mark_stuck(self, workflow: str, args: tuple[Any, ...], why: str) -> None:
        """Let the workflow's own verb mark its subject; nothing outside is touched."""
        metrics.STUCK.labels(workflow).inc()
        async with self.database.transaction(PODO, request_id=DBOS.workflow_id) as tx:
            await steps.stuck_verbs[workflow](tx, *args, why)

    async def _interfere(self, phase: str, step: str) -> None:
        if self.interference is not None:
            await self.interference(phase, step, DBOS.workflow_id or "")

    # -- take-over

    async def _beat_forever(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.dead_after / 4):
                    await self.spread.news.wait()
            self.spread.news.clear()
            try:
                await self._beat_once()
            except DatabaseUnavailable as error:
                _log.warning("the heartbeat failed: %s", error)
            except Exception:
                _log.exception("the heartbeat failed")

    async def _beat_once(self) -> None:
        now = clock.monotonic()
        if now - self._beaten_at > self.dead_after / 2:
            # This process was frozen, or the database was away: others may be late for the same reason.
            self._judges_from = now + self.dead_after
        alive = await self._beat(judges=now >= self._judges_from)
        if now - self._beaten_at > self.dead_after:
            self._lapses += 1
        self._beaten_at = now
        if not self.database.is_sqlite:
            await self.spread.take()
        if alive is None or not await hold(self.database, "durable.take-over", self.process, self.dead_after / 2):
            return
        if not self.database.is_sqlite:
            await self.spread.hand_on()
        if left := await self._left(alive):
            await self.take_over(left)
        if now >= self._forgets_at:
            self._forgets_at = now + _FORGET_EVERY
            await self.forget(alive)

    async def _beat(self, *, judges: bool) -> set[str] | None:
        """Note that this process lives, by the database's clock; who else does, unless it is no time to judge."""
        async with self.database.note() as session:
            at = await leases.now(self.database, session)
            await session.merge(ProcessRow(id=self.process, beat_at=at, takes=sorted(steps.workflows)))
            alive = ProcessRow.beat_at >= at - timedelta(seconds=self.dead_after)
            if judges:
                await session.execute(delete(ProcessRow).where(~alive))
            found = {row.id: frozenset(row.takes) for row in await session.scalars(select(ProcessRow).where(alive))}
        self.spread.living = found
        return set(found) if judges else None

    async def _left(self, alive: set[str]) -> list[str]:
        """The runs whose process is gone, and those that wait in the queue of one that is gone."""
        pending = await DBOS.list_workflows_async(status=["PENDING", "ENQUEUED"], load_input=False)
        queues = {_queue(process) for process in alive} | {None, _COMMON}
        return [
            run.workflow_id
            for run in pending
            if (run.executor_id not in alive if run.status == "PENDING" else run.queue_name not in queues)
        ]

    async def take_over(self, run_ids: list[str]) -> None:
        """Resume runs whose owner is gone; a run that was taken over five times in vain is left stuck.

        Each goes to a process that knows its workflow, in turn; where none lives it waits for one.
        """
        runs = await DBOS.list_workflows_async(workflow_ids=run_ids, load_input=False)
        to: dict[str, str] = {}
        for run in runs:
            if (owner := self.spread.choose(run.name, run.workflow_id)) is not None:
                to[run.workflow_id] = owner
        taken = await self._count(list(to))
        metrics.TAKEN_OVER.inc(len(taken))
        _log.info("taking over %d runs", len(taken))
        groups: dict[str | None, list[str]] = defaultdict(list)
        for run_id in taken:
            groups[None if self.database.is_sqlite else _queue(to[run_id])].append(run_id)
        for queue, group in groups.items():
            await DBOS.resume_workflows_async(group, queue_name=queue)
        await self._give_up(to.keys() - set(taken))

    async def _count(self, run_ids: list[str]) -> list[str]:
        """Note that they are taken over once more; those that are not given up."""
        taken: list[str] = []
        async with self.database.transaction(PODO) as tx:
            for run_id in run_ids:
                row = await tx.session.get(TakeOverRow, run_id) or TakeOverRow(run=run_id, attempts=0)
                row.attempts += 1
                tx.session.add(row)
                if row.attempts <= _TAKE_OVERS:
                    taken.append(run_id)
        return taken

    async def _give_up(self, run_ids: set[str]) -> None:
        for run_id in run_ids:
            status = await DBOS.get_workflow_status_async(run_id)
            if status is None or status.input is None:
                continue
            await self.mark_stuck(status.name, tuple(status.input["args"]), f"taken over {_TAKE_OVERS} times in vain")
            await DBOS.cancel_workflow_async(run_id)

    async def forget(self, alive: set[str]) -> None:
        """Remove finished runs older than 30 days, and the queues of processes that live no more."""
        limit = (clock.now() - _KEEP).isoformat()
        while old := await DBOS.list_workflows_async(
            status=["SUCCESS", "ERROR", "CANCELLED"], end_time=limit, load_input=False, load_output=False, limit=_FORGET_AT_ONCE
        ):
            await checkpoints.forget(self.database, [run.workflow_id for run in old])
            await DBOS.delete_workflows_async([run.workflow_id for run in old])
        if self.database.is_sqlite:
            return
        live = {_queue(process) for process in alive}
        for queue in await DBOS.list_queues_async():
            if queue.name not in live:
                await DBOS.delete_queue_async(queue.name)


def _queue(process: str) -> str:
    """The queue that this process alone reads."""
    return f"podo.{process}"
