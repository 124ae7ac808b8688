"""A project's end: it retires, can come back for a while, and then loses its namespaces."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from podo.access import service as access
from podo.access.types import On
from podo.catalog import store
from podo.catalog.service.places import served
from podo.catalog.service.projects import project, want_namespaces
from podo.catalog.store.facts import needed_by, states
from podo.catalog.types import (
    RETIRE,
    LacksRepository,
    Namespace,
    NamespaceState,
    NotRetired,
    NotTyped,
    Project,
    ProjectClosed,
    ProjectRetired,
    ProjectState,
    ProjectUnretired,
    Retired,
    RetiredForGood,
    Retirement,
    RetirementObjection,
    StillNeeded,
)
from podo.kernel import clock
from podo.kernel.db import Reading, Tx
from podo.kernel.errors import N_
from podo.kernel.ui import languages

NEEDED = N_("{names} say that they need it")


async def retire(
    tx: Tx, slug: str, typed: str, why: str, objections: Sequence[RetirementObjection], lang: str, days: int
) -> Project:
    """End a project that nothing runs of: it is no longer listed, built or deployed; for so many days it can come back.

    Its namespaces stay until then, its owner and history for ever. Raises `NotTyped`, `Retired`, `StillNeeded`, `NotAllowed`.
    """
    was = await project(tx, slug)
    await access.require(tx, RETIRE, On(project=slug, team=was.team))
    if not was.lives:
        raise Retired(project=slug)
    if typed.strip() != slug:
        raise NotTyped(project=slug)
    if against := await retirement_objections(tx, slug, objections, lang):
        raise StillNeeded(project=slug, why="; ".join(against))
    now = clock.now()
    values = {"state": ProjectState.retired, "retired_at": now, "retired_by": tx.actor.id, "retired_why": why.strip()[:500]}
    await store.change_project(tx, slug, values)
    tx.say(ProjectRetired(project=slug, why=why.strip()[:500], until=(now + timedelta(days=days)).date().isoformat()))
    return await project(tx, slug)


async def retirement(r: Reading, slug: str, objections: Sequence[RetirementObjection], lang: str, days: int) -> Retirement:
    """What speaks against a project's end, or until when it can come back. Raises `NoSuchProject`."""
    found = await project(r, slug)
    against = await retirement_objections(r, slug, objections, lang) if found.lives else []
    until = found.retired_at + timedelta(days=days) if found.retired_at and found.closed_at is None else None
    return Retirement(found, tuple(against), until)


async def retirement_objections(r: Reading, slug: str, objections: Sequence[RetirementObjection], lang: str) -> list[str]:
    """Why a project cannot be retired now, in the reader's language; that others need it is one reason."""
    found = [why for asked in objections if (why := await asked.object(r, slug, lang))]
    needing = [name for name, _ in await needed_by(r, slug)]
    living = [name for name, state in (await states(r, needing)).items() if state == ProjectState.active]
    if living:
        found.append(languages.say(lang, NEEDED, names=", ".join(sorted(living))))
    return found


async def unretire(tx: Tx, slug: str) -> Project:
    """Bring a retired project back, as it was. Raises `NotRetired`, `RetiredForGood`, `NotAllowed`."""
    was = await project(tx, slug)
    await access.require(tx, RETIRE, On(project=slug, team=was.team))
    if was.lives:
        raise NotRetired(project=slug)
    if was.closed_at is not None:
        raise RetiredForGood(project=slug, days=(was.closed_at - (was.retired_at or was.closed_at)).days)
    values = {"state": ProjectState.active, "retired_at": None, "retired_by": "", "retired_why": ""}
    await store.change_project(tx, slug, values)
    there = await served(tx)
    await want_namespaces(tx, slug, [place for place in was.places if place in there])
    tx.say(ProjectUnretired(project=slug))
    return await project(tx, slug)


async def due_to_close(r: Reading, days: int) -> list[str]:
    """Retired projects whose time to come back is over."""
    return await store.retired_before(r, clock.now() - timedelta(days=days))


async def close(tx: Tx, slug: str) -> None:
    """The time is over: its namespaces leave, and it stays retired. A second time does nothing."""
    was = await store.project(tx, slug)
    if was is None or was.lives or was.closed_at is not None:
        return
    clusters = [n.cluster for n in await store.namespaces(tx, slug)]
    for cluster in clusters:
        await store.put_namespace(tx, Namespace(slug, cluster, NamespaceState.leaving, ""))
    await store.change_project(tx, slug, {"closed_at": clock.now()})
    tx.say(ProjectClosed(project=slug, clusters=",".join(clusters)))


async def deployable(r: Reading, slug: str) -> Project:
    """The project, where it lives. Raises `NoSuchProject`, `Retired`."""
    found = await project(r, slug)
    if not found.lives:
        raise Retired(project=slug)
    return found


async def buildable(r: Reading, slug: str) -> Project:
    """The project, where it lives and has a repository. Raises `NoSuchProject`, `Retired`, `LacksRepository`."""
    found = await deployable(r, slug)
    if not found.repository.url:
        raise LacksRepository(project=slug)
    return found
