"""Builds: asked for, watched, cancelled; and how far they are, as the recording steps tell it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from podo.access import service as access
from podo.access.types import On
from podo.catalog import service as catalog
from podo.delivery.rules import commits
from podo.delivery.store import builds as rows
from podo.delivery.types import (
    BUILD,
    READ,
    UNFINISHED,
    Build,
    BuildCancelled,
    BuildFailed,
    BuildOver,
    BuildQueued,
    BuildStarted,
    BuildState,
    BuildSucceeded,
    Commit,
    NoSuchBuild,
    Source,
)
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Page
from podo.kernel.settings import Seal

_AGAIN = frozenset({BuildState.failed, BuildState.cancelled})


async def ask(tx: Tx, project: str, commit: Commit, ref: str) -> Build:
    """Have a commit built. One that is being built, or was with success, is not built twice: that build is the answer."""
    found = await catalog.buildable(tx, project)
    await access.require(tx, BUILD, On(project=project, team=found.team))
    return await queue(tx, project, commit, ref, tx.actor.id)


async def queue(tx: Tx, project: str, commit: Commit, ref: str, by: str) -> Build:
    """`ask` without asking for leave, for Podo itself; `by` is who wanted it."""
    await rows.lock(tx, project)
    known = await rows.of_sha(tx, project, commit.sha)
    if known and known.state not in _AGAIN:
        return known
    made = Build(
        id=ids.new("bld"),
        project=project,
        number=await rows.next_number(tx, project),
        commit=commits.storable(commit),
        ref=ref[: commits.LONGEST_REF],
        state=BuildState.queued,
        builder="",
        simulated=False,
        image="",
        digest="",
        why="",
        by=by,
        asked_at=clock.now(),
        started_at=None,
        ended_at=None,
    )
    await rows.add(tx, made)
    tx.say(BuildQueued(**_about(made)))
    return made


async def cancel(tx: Tx, project: str, number: int) -> Build:
    """End a build that has not ended; one that was cancelled stays so. Raises `NoSuchBuild`, `BuildOver`."""
    found = await catalog.project(tx, project)
    await access.require(tx, BUILD, On(project=project, team=found.team))
    was = await rows.by_number(tx, project, number)
    was = await rows.held(tx, was.id) if was else None
    if was is None:
        raise NoSuchBuild(project=project, number=number)
    if was.state is BuildState.cancelled:
        return was
    if was.state not in UNFINISHED:
        raise BuildOver(state=was.state.value)
    now = await rows.change(tx, was.id, {"state": BuildState.cancelled, "ended_at": clock.now()})
    tx.say(BuildCancelled(**_about(now)))
    return now


async def build(r: Reading, project: str, number: int) -> Build:
    """Raises `NoSuchBuild`."""
    await access.require(r, READ, On(project=project))
    found = await rows.by_number(r, project, number)
    if found is None:
        raise NoSuchBuild(project=project, number=number)
    return found


async def of_commit(r: Reading, project: str, sha: str) -> Build | None:
    """The newest build of a commit; None when there is none."""
    return await rows.of_sha(r, project, sha)


async def build_by_id(r: Reading, id_: str) -> Build | None:
    """By its id; None when there is none."""
    await access.require(r, READ, On())
    return await rows.by_id(r, id_)


async def builds(r: Reading, project: str, cursor: str | None = None, limit: int = 30) -> Page[Build]:
    """Newest first, with the total. A cursor that is none begins at the newest."""
    await access.require(r, READ, On(project=project))
    before = int(cursor) if cursor and cursor.isdecimal() else None
    return await rows.page(r, project, before, limit)


async def builds_by_numbers(r: Reading, project: str, numbers: Collection[int]) -> list[Build]:
    """Several at once, newest first; numbers that there are not are left out."""
    await access.require(r, READ, On(project=project))
    return await rows.by_numbers(r, project, numbers) if numbers else []


async def newest_image(r: Reading, project: str) -> Build | None:
    """The newest build that has an image."""
    await access.require(r, READ, On(project=project))
    return await rows.newest_in(r, project, BuildState.succeeded)


async def source_of(r: Reading, seal: Seal, project: str) -> Source:
    """The project's repository and how to be let in; never to be stored or shown.

    Raises `NoSuchProject`, `Retired`, `LacksRepository` of the catalogue.
    """
    found = await catalog.buildable(r, project)
    sealed = await catalog.sealed_credential(r, project)
    return Source(found.repository.url, found.repository.branch, seal.open(sealed) if sealed else "")


async def is_wanted(r: Reading, id_: str) -> bool:
    """Whether a build has not ended: what makes its image asks this meanwhile."""
    found = await rows.by_id(r, id_)
    return found is not None and found.state in UNFINISHED


# -- told by the recording steps


async def plan(tx: Tx, id_: str) -> dict[str, str] | None:
    """What is to be built: project, sha and the Dockerfile's path; None when it has ended already."""
    found = await rows.by_id(tx, id_)
    if found is None or found.state not in UNFINISHED:
        return None
    about = await catalog.project(tx, found.project)
    return {"project": found.project, "sha": found.commit.sha, "dockerfile": about.dockerfile}


async def state_of(r: Reading, id_: str) -> str:
    """Its state's word; `gone` when its project was deleted."""
    found = await rows.by_id(r, id_)
    return found.state.value if found else "gone"


async def started(tx: Tx, id_: str, builder: str, image: str, values: Mapping[str, Any], *, simulated: bool) -> bool:
    """A builder took it; False when it has ended meanwhile (cancelled). A second time says nothing."""
    was = await rows.held(tx, id_)
    if was is None or was.state not in UNFINISHED:
        return False
    if was.state is BuildState.queued:
        begun = {"state": BuildState.running, "started_at": clock.now(), "builder": builder, "image": image}
        now = await rows.change(tx, id_, {**begun, "simulated": simulated, "chosen": dict(values)})
        tx.say(BuildStarted(**_about(now), builder=builder))
    return True


async def succeeded(tx: Tx, id_: str, digest: str, size: int) -> None:
    """Its image is in the registry. One that has ended stays as it is, so that a cancelled one stays cancelled."""
    was = await rows.held(tx, id_)
    if was is None or was.state not in UNFINISHED:
        return
    ended = {"state": BuildState.succeeded, "ended_at": clock.now(), "digest": digest, "size": size}
    now = await rows.change(tx, id_, ended)
    tx.say(BuildSucceeded(**_about(now), digest=digest, seconds=round(now.seconds or 0), ref=now.ref))


async def failed(tx: Tx, id_: str, why: str) -> None:
    """It has no image. One that has ended stays as it is."""
    was = await rows.held(tx, id_)
    if was is None or was.state not in UNFINISHED:
        return
    now = await rows.change(tx, id_, {"state": BuildState.failed, "ended_at": clock.now(), "why": why})
    tx.say(BuildFailed(**_about(now), why=why))


def _about(build: Build) -> dict[str, Any]:
    return {
        "project": build.project,
        "subject": f"build/{build.project}/{build.number}",
        "build": build.id,
        "number": build.number,
        "short": build.commit.short,
    }
