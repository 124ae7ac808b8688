"""A build's steps. Credentials are read inside the acts, and never pass through the engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from podo.delivery.ports import BuilderReader, SourceReader
from podo.delivery.service import builds as service
from podo.delivery.types import NoDockerfile, NotBuildable, Source
from podo.delivery.writers import Builder, BuildLogWriter
from podo.kernel.db import Tx
from podo.kernel.durable import act, record
from podo.kernel.errors import PodoError, Unavailable

_LOOK = 0.5


@dataclass(frozen=True, slots=True)
class BuildWorld:
    """What the acts of a build work on, as `world.builds`.

    `source_of(project)` opens the repository's credential; `is_wanted(build)` asks whether the build has not been cancelled;
    `registry` is what images are called by, `host[:port][/path]`.
    """

    builder: Builder
    notes: BuilderReader
    sources: SourceReader
    logs: BuildLogWriter
    source_of: Callable[[str], Awaitable[Source]]
    is_wanted: Callable[[str], Awaitable[bool]]
    registry: str


@record
async def plan_build(tx: Tx, build: str) -> dict[str, str] | None:
    """What is to be built; None when it ended before it began."""
    return await service.plan(tx, build)


@act(undo=None)
async def read_commit(world: Any, build: str, project: str, sha: str, dockerfile: str) -> dict[str, Any]:
    """Look at the commit: who builds it, what its podo.yaml says, whether it has a Dockerfile. Nothing but the log is changed."""
    at: BuildWorld = world.builds
    source = await at.source_of(project)
    note = await at.notes.note(source.url)
    if note.refused:
        raise NotBuildable(project=project, why=note.refused)
    async with _patience_told(at, build):
        commit = await at.sources.commit(source, sha)
        await at.logs.write(build, f"Commit {commit.short} by {commit.author}: {commit.subject}")
        if not await at.sources.has(source, sha, dockerfile):
            raise NoDockerfile(commit=commit.short, path=dockerfile)
        values = await at.sources.values(source, sha)
    image = f"{at.registry.rstrip('/')}/{project}"
    return {"builder": note.name, "simulated": note.simulated, "values": dict(values), "image": image}


@record
async def build_begins(tx: Tx, build: str, read: dict[str, Any]) -> bool:
    """It runs from now on; False when it was cancelled meanwhile."""
    return await service.started(tx, build, read["builder"], read["image"], read["values"], simulated=read["simulated"])


@act(undo=None)
async def make_image(world: Any, build: str, project: str, sha: str, dockerfile: str, image: str) -> dict[str, Any]:
    """Build and push; ended when the build is cancelled.

    There is nothing to take back: an image that no release names is the registry's to clean up.
    """
    at: BuildWorld = world.builds
    source = await at.source_of(project)
    watching = asyncio.create_task(_watch(at, build), name=f"watch:{build}")
    try:
        async with _patience_told(at, build):
            made = await at.builder.build(build, source, sha, dockerfile, f"{image}:{sha}")
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    return {"digest": made.digest, "size": made.size}


@record
async def build_has_succeeded(tx: Tx, build: str, made: dict[str, Any]) -> str:
    """Its image is there, unless it was cancelled. The state it has then."""
    await service.succeeded(tx, build, made["digest"], made["size"])
    return await service.state_of(tx, build)


@record
async def build_has_failed(tx: Tx, build: str, why: str) -> str:
    """There is no image, unless it was cancelled. The state it has then."""
    await service.failed(tx, build, why)
    return await service.state_of(tx, build)


@act(undo=None)
async def end_log(world: Any, build: str, said: str) -> None:
    """The last line, and the end."""
    at: BuildWorld = world.builds
    await at.logs.write(build, said)
    await at.logs.end(build)


@act(undo=None)
async def stop_building(world: Any, build: str) -> None:
    """End the build, if it runs in this process; in another one it looks for itself."""
    at: BuildWorld = world.builds
    await at.builder.cancel(build)


async def _watch(at: BuildWorld, build: str) -> None:
    """Ask the row, as who cancels may do so in another process."""
    wanted = True
    while wanted:
        await asyncio.sleep(_LOOK)
        with contextlib.suppress(PodoError):
            wanted = await at.is_wanted(build)
    await at.builder.cancel(build)


@contextlib.asynccontextmanager
async def _patience_told(at: BuildWorld, build: str) -> AsyncGenerator[None, None]:
    """What does not answer is asked again by the engine, or the build fails: the log says what it was each time."""
    try:
        yield
    except Unavailable as error:
        await at.logs.write(build, error.said()[0])
        raise
