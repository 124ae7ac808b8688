"""What is seen of runs from outside: their place in a trace, how long they took, how they ended."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from dbos import DBOS, SetWorkflowAttributes
from sqlalchemy import select

from podo.kernel import metrics, terminal, traces
from podo.kernel.db import Database, leases
from podo.kernel.durable.models import ProcessRow

# Kept with the run's inputs, and no part of them: a process that takes a run over goes on with its trace.
_TRACE = "podo.trace"
_kept: dict[str, traces.Point] = {}


@contextlib.contextmanager
def started(run_id: str) -> Iterator[None]:
    """While a run is started: its place in the trace is kept beside it. What starts by itself begins a trace."""
    with traces.span("start", kind="producer", podo__run=run_id) as made, SetWorkflowAttributes({_TRACE: str(made.point)}):
        yield


def taken_over(run_id: str, attributes: Any) -> None:
    """Remember what `started` had kept, for when the run goes on here."""
    point = traces.parse(attributes.get(_TRACE)) if isinstance(attributes, dict) else None
    if point is not None:
        _kept[run_id] = point


@contextlib.contextmanager
def run(workflow: str) -> Iterator[None]:
    """While a run is under way in this process."""
    run_id = DBOS.workflow_id or ""
    kept = _kept.pop(run_id, None)
    token = terminal.request_id.set(run_id)
    try:
        with (
            traces.span(f"run {workflow}", under=kept, kind="consumer", podo__run=run_id, podo__taken_over=kept is not None),
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
