"""Projects and their owners."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from podo.access import service as access
from podo.access.types import On, Permission, Team
from podo.catalog import rules, store
from podo.catalog.rules.facts import plain_project
from podo.catalog.service.places import resolve
from podo.catalog.types import (
    CHANGE,
    DELETE,
    READ,
    REGISTER,
    DeletionObjection,
    Deployed,
    NameLeaving,
    Namespace,
    NamespaceState,
    NameTaken,
    NoRepository,
    NoSuchProject,
    NoTargets,
    NotTyped,
    Ownership,
    Project,
    ProjectChanged,
    ProjectDeleted,
    ProjectRegistered,
    ProjectState,
    Repository,
    Retired,
    TargetsChanged,
    TeamEnded,
    of_project,
)
from podo.kernel import clock
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Page
from podo.kernel.settings import Seal

Places = Sequence[tuple[str, str]]


async def project(r: Reading, slug: str) -> Project:
    """Raises `NoSuchProject`."""
    await access.require(r, READ, On(project=slug))
    found = await store.project(r, slug)
    if found is None:
        raise NoSuchProject(name=slug)
    return found


async def projects(
    r: Reading,
    *,
    text: str = "",
    teams: Collection[str] | None = None,
    environment: str = "",
    region: str = "",
    tier: int = 0,
    state: ProjectState = ProjectState.active,
    lifecycle: str = "",
    level: int | None = None,
    cursor: str | None = None,
    skip: int = 0,
    limit: int = 50,
) -> Page[Project]:
    """Living projects (or those of another state) by slug, filtered, with the total: those behind `cursor`, or without `skip`.

    `level` is that of the scorecards as they were last worked out.
    """
    await access.require(r, READ, On())
    wanted = store.Filter(text, teams, environment, region, tier, state, lifecycle, level)
    return await store.projects(r, wanted, cursor=cursor, skip=skip, limit=limit)


async def by_slugs(r: Reading, slugs: Collection[str]) -> list[Project]:
    """Several at once."""
    return await store.by_slugs(r, slugs)


async def projects_of(r: Reading, teams: Collection[str]) -> list[Project]:
    """Those that these teams own now."""
    return await store.of_teams(r, teams) if teams else []


async def count(r: Reading) -> int:
    """How many projects live."""
    return await store.count(r)


async def count_retired(r: Reading) -> int:
    """How many projects are retired."""
    return await store.count_retired(r)


async def counts_by_tier(r: Reading) -> dict[int, int]:
    """How many living projects each tier has."""
    return await store.counts_by_tier(r)


async def counts_by_team(r: Reading) -> dict[str, int]:
    """How many each team owns now."""
    return await store.counts_by_team(r)


async def free_name(r: Reading, name: str) -> None:
    """Raises `NameInvalid`, `NameReserved`, `NameTaken`, `NameLeaving`; what clusters have is asked by `reads.foreign`."""
    rules.check_name(name)
    if await store.project(r, name) is not None:
        raise NameTaken(name=name)
    if left := await store.namespaces(r, name):
        raise NameLeaving(name=name, clusters=", ".join(n.cluster for n in left))


async def may_register(r: Reading, slug: str, team: str) -> Team:
    """The team that will own it. Raises `NoSuchTeam`, `TeamEnded`, `NotAllowed`, and what `free_name` raises."""
    owning = await access.team(r, team)
    await access.require(r, REGISTER, On(project=slug, team=owning.id))
    if owning.ended_at is not None:
        raise TeamEnded(team=owning.name)
    await free_name(r, slug)
    return owning


async def register(
    tx: Tx,
    seal: Seal,
    *,
    slug: str,
    title: str,
    team: str,
    repository: str,
    branch: str,
    places: Places,
    credential: str = "",
    dockerfile: str = "Dockerfile",
    port: int = 8080,
    tier: int = 3,
    description: str = "",
    slack: str = "",
) -> Project:
    """Register a project for a team; its namespaces are made by a run of their own.

    Raises `NameInvalid`, `NameReserved`, `NameTaken`, `NameLeaving`, `WrongProject`, `NotServed`, `NoSuchTeam`.
    """
    owning = await may_register(tx, slug, team)
    branch, dockerfile, slack = branch or "main", dockerfile or "Dockerfile", slack.strip().removeprefix("#")
    facts = {"title": title, "tier": tier, "port": port, "dockerfile": dockerfile, "repository": repository}
    _check(facts | {"branch": branch, "slack": slack})
    now = clock.now()
    made = Project(
        slug=slug,
        title=title.strip(),
        description=description.strip(),
        tier=tier,
        team=owning.id,
        repository=Repository(repository.strip(), branch, bool(credential.strip())),
        dockerfile=dockerfile,
        port=port,
        places=tuple(await _ordered(tx, places)),
        slack=slack,
        state=ProjectState.active,
        created_at=now,
        created_by=tx.actor.id,
    )
    await store.add_project(tx, made, seal.seal(credential) if credential.strip() else "")
    await store.own(tx, [Ownership(of_project(slug), owning.id, now, None, now, tx.actor.id, "registered")])
    await want_namespaces(tx, slug, made.places)
    tx.say(ProjectRegistered(project=slug, team=owning.id, team_name=owning.name))
    return made


def _check(facts: Mapping[str, Any], *, waits: bool = False) -> None:
    for error in rules.wrong_facts(**facts):
        if not (waits and isinstance(error, NoRepository)):
            raise error


async def _ordered(r: Reading, places: Places) -> list[tuple[str, str]]:
    if not places:
        raise NoTargets()
    stages = [e.name for e in await store.environments(r)]
    return rules.in_order(places, stages, [g.code for g in await store.regions(r)])


async def want_namespaces(tx: Tx, slug: str, places: Places) -> None:
    """Note that these places need a namespace; a run makes them."""
    if not places:
        return
    there = {n.cluster for n in await store.namespaces(tx, slug)}
    for environment, region in places:
        cluster = (await resolve(tx, environment, region)).cluster
        if cluster not in there:
            there.add(cluster)
            await store.put_namespace(tx, Namespace(slug, cluster, NamespaceState.waiting, ""))


async def change(
    tx: Tx,
    seal: Seal,
    slug: str,
    *,
    title: str | None = None,
    description: str | None = None,
    tier: int | None = None,
    slack: str | None = None,
    repository: str | None = None,
    branch: str | None = None,
    dockerfile: str | None = None,
    port: int | None = None,
    credential: str | None = None,
) -> Project:
    """Change what is given; None leaves a field, an empty `credential` takes it away. Raises `WrongProject`."""
    was = await _mine(tx, slug, CHANGE)
    given = {
        "title": _stripped(title),
        "description": _stripped(description),
        "tier": tier,
        "slack": slack.strip().removeprefix("#") if slack is not None else None,
        "repository": _stripped(repository),
        "branch": _stripped(branch),
        "dockerfile": _stripped(dockerfile),
        "port": port,
    }
    before = plain_project(was, given)
    values = {k: v for k, v in given.items() if v is not None and v != before[k]}
    was_then, now_then = {k: before[k] for k in values}, dict(values)
    # One that came without a repository may wait for it, whatever else is said of it.
    waits = not before["repository"] and "repository" not in values
    _check({k: v for k, v in (before | values).items() if k != "description"}, waits=waits)
    if credential is not None and (credential.strip() or was.repository.has_credential):
        values["credential"] = seal.seal(credential) if credential.strip() else ""
    if values:
        await store.change_project(tx, slug, values)
        tx.say(ProjectChanged(project=slug, fields=", ".join(sorted(values)), was=was_then, now=now_then))
    return await project(tx, slug)


def _stripped(text: str | None) -> str | None:
    return text.strip() if text is not None else None


async def set_targets(tx: Tx, slug: str, places: Places) -> Project:
    """Where the project runs from now on; namespaces of new places are made. Raises `NotServed`, `NoTargets`, `Retired`."""
    was = await _mine(tx, slug, CHANGE)
    if not was.lives:
        raise Retired(project=slug)
    wanted = await _ordered(tx, places)
    if set(was.places) != set(wanted):
        await want_namespaces(tx, slug, wanted)
        await store.change_project(tx, slug, {"places": [list(p) for p in wanted]})
        tx.say(TargetsChanged(project=slug, places=", ".join(f"{e} {g}" for e, g in wanted)))
    return replace(was, places=tuple(wanted))


async def delete(tx: Tx, slug: str, typed: str, objections: Sequence[DeletionObjection]) -> None:
    """Delete a project that was registered by mistake, and its namespaces. Raises `NotTyped`, `Deployed`."""
    await _mine(tx, slug, DELETE)
    if typed.strip() != slug:
        raise NotTyped(project=slug)
    if why := await objection(tx, slug, objections):
        raise Deployed(project=slug, why=why)
    clusters = [n.cluster for n in await store.namespaces(tx, slug)]
    for cluster in clusters:
        await store.put_namespace(tx, Namespace(slug, cluster, NamespaceState.leaving, ""))
    await store.delete_project(tx, slug)
    tx.say(ProjectDeleted(project=slug, clusters=",".join(clusters)))


async def objection(r: Reading, slug: str, objections: Sequence[DeletionObjection]) -> str:
    """Why a project cannot be deleted now; empty where nothing speaks against it."""
    for asked in objections:
        if why := await asked.object(r, slug):
            return why
    return ""


async def sealed_credential(r: Reading, slug: str) -> str:
    """For those who read the repository."""
    return await store.credential(r, slug)


async def _mine(tx: Tx, slug: str, permission: Permission) -> Project:
    found = await project(tx, slug)
    await access.require(tx, permission, On(project=slug, team=found.team))
    return found
