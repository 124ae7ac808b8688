"""What is seen of runs from outside: their place in a trace, how long they took, how they ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Mapping
from contextvars import Context
from datetime import timedelta

from dbos import DBOS, SetWorkflowAttributes
from sqlalchemy import select

from podo.kernel import metrics, terminal, traces
from podo.kernel.db import Database, leases
from podo.kernel.durable.models import ProcessRow

# Kept with the run's inputs, and no part of them: a process that takes a run over goes on with its trace.
_TRACE = "podo.trace"
_log = logging.getLogger("podo.durable")


@contextlib.contextmanager
def started(run_id: str) -> Iterator[None]:
    """While a run is started: its place in the trace is kept beside it. What starts by itself begins a trace."""
    with traces.span("start", kind="producer", podo__run=run_id) as made, SetWorkflowAttributes({_TRACE: str(made.point)}):
        yield


async def kept(run_id: str) -> traces.Point | None:
    """What `started` had kept, for a run that goes on where it was not started."""
    # In a context of its own, or the engine takes it for a step of the run.
    asked = asyncio.create_task(DBOS.get_workflow_status_async(run_id), context=Context())
    try:
        status = await asked
    except Exception as error:
        _log.warning("the trace of %s is not known: %s", run_id, error)
        return None
    found = status.attributes if status else None
    return traces.parse(found.get(_TRACE)) if isinstance(found, dict) else None


@contextlib.contextmanager
def run(workflow: str, under: traces.Point | None) -> Iterator[None]:
    """While a run is under way in this process; `under` what was `kept` of one that was begun elsewhere."""
    run_id = DBOS.workflow_id or ""
    token = terminal.request_id.set(run_id)
    try:
        with (
            traces.span(f"run {workflow}", under=under, kind="consumer", podo__run=run_id, podo__taken_over=under is not None),
            metrics.RUNNING.labels(workflow).track_inprogress(),
            metrics.timed(metrics.RUNS, workflow),
        ):
            yield
    finally:
        terminal.request_id.reset(token)


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """While a step is under way."""
    with traces.within(f"step {name}"), metrics.timed(metrics.STEPS, name):
        yield


async def processes(database: Database) -> Mapping[str, timedelta]:
    """The processes that run workflows, and how long ago each was heard of."""
    async with database.note() as session:
        at = await leases.now(database, session)
        return {row.id: at - row.beat_at for row in await session.scalars(select(ProcessRow))}
