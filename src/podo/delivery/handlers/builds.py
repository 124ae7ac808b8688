"""What follows from a build that is asked for or cancelled; and looking for pushes in repositories without a webhook."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from podo.catalog import service as catalog
from podo.catalog.types import ProjectChanged, ProjectRegistered
from podo.delivery.ports import SourceReader
from podo.delivery.service import builds, pushes
from podo.delivery.types import BuildCancelled, BuildQueued, DeliverySettings
from podo.delivery.workflows.builds import build, cancel
from podo.kernel import clock
from podo.kernel.domains import House, Round
from podo.kernel.errors import PodoError
from podo.kernel.events import Entry, Handler, Handling
from podo.kernel.nouns import PODO

_log = logging.getLogger("podo.delivery")

# Looks that run at the same time, and how long one may take (seconds): a first look fetches the whole repository.
_LANES = 16
_PATIENCE = 120.0
# How many are taken at once, and how often it is asked who is due (seconds).
_BATCH = 64
_LOOK = 0.5
_ANEW = frozenset({"repository", "branch"})


async def start_build(entry: Entry, at: Handling) -> None:
    """A build was asked for."""
    await at.start(build, f"build:{entry.facts['build']}", entry.facts["build"])


async def stop_build(entry: Entry, at: Handling) -> None:
    """A build was cancelled."""
    await at.start(cancel, f"build-cancel:{entry.facts['build']}", entry.facts["build"])


async def watch_repository(entry: Entry, at: Handling) -> None:
    """A project was registered, or has another repository, branch or credential now."""
    project, fields = entry.project or "", set(entry.facts.get("fields", "").split(", "))
    async with at.transaction() as tx:
        if await catalog.by_slugs(tx, [project]) == []:
            # It was deleted since.
            return
        if entry.code == ProjectRegistered.code:
            await pushes.watch(tx, project)
        elif fields & _ANEW:
            await pushes.watch_anew(tx, project)
        elif "credential" in fields:
            await pushes.watch_soon(tx, project)


async def poll(house: House) -> None:
    """Ask all repositories that are due. A slow one takes a lane and holds no other; this returns when there is nothing left."""
    pause = float(house.settings[DeliverySettings].poll_seconds)
    if pause <= 0:
        return
    waiting: list[str] = []
    lanes: dict[asyncio.Task[None], str] = {}
    looked = 0.0
    try:
        while True:
            if not waiting and clock.monotonic() - looked >= _LOOK:
                looked = clock.monotonic()
                waiting = await _take_due(house, set(lanes.values()), pause)
            while waiting and len(lanes) < _LANES:
                project = waiting.pop(0)
                lanes[asyncio.create_task(_look(house, project, pause), name=f"poll:{project}")] = project
            if not lanes:
                return
            done, _ = await asyncio.wait(lanes, timeout=_LOOK, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                project = lanes.pop(task)
                if error := task.exception():
                    _log.error("looking at the repository of %s failed", project, exc_info=error)
    finally:
        for task in lanes:
            task.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)


async def _take_due(house: House, looking: set[str], pause: float) -> list[str]:
    """Some that are due and not being looked at; they are due again after the pause."""
    async with house.database.reading(PODO) as r:
        due = [p for p in await pushes.due_heads(r, _BATCH + len(looking)) if p not in looking]
    if due:
        async with house.database.transaction(PODO) as tx:
            await pushes.head_asked(tx, due, pause)
    return due


async def _look(house: House, project: str, pause: float) -> None:
    try:
        async with house.database.reading(PODO) as r:
            known = await pushes.newest_seen(r, project)
            source = await builds.source_of(r, house.seal, project)
        async with asyncio.timeout(_PATIENCE):
            head = await house.ports[SourceReader].head(source)  # type: ignore[type-abstract]
        if head.sha == known:
            return
        async with house.database.transaction(PODO) as tx:
            await pushes.seen_push(tx, project, head, source.branch, "poll")
    except TimeoutError:
        await _failed(house, project, f"the repository did not answer within {_PATIENCE:.0f} s", pause)
    except PodoError as error:
        await _failed(house, project, error.said()[0], pause)


async def _failed(house: House, project: str, why: str, pause: float) -> None:
    with contextlib.suppress(PodoError):
        async with house.database.transaction(PODO) as tx:
            await pushes.head_failed(tx, project, why, pause)


HANDLERS = (
    Handler("delivery.builds", frozenset({BuildQueued.code}), start_build),
    Handler("delivery.build_cancels", frozenset({BuildCancelled.code}), stop_build),
    Handler("delivery.repositories", frozenset({ProjectRegistered.code, ProjectChanged.code}), watch_repository),
)
ROUNDS = (Round("delivery.poll", 2, poll),)
