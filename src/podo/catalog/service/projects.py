"""Projects and their owners."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from podo.access import service as access
from podo.access.types import On
from podo.catalog import rules, store
from podo.catalog.service.places import resolve, targets
from podo.catalog.types import (
    CHANGE,
    DELETE,
    READ,
    REGISTER,
    TRANSFER,
    Deployed,
    NamespaceState,
    Namespace,
    NameTaken,
    NoSuchProject,
    NotTyped,
    Ownership,
    OwnershipChanged,
    Project,
    ProjectChanged,
    ProjectDeleted,
    ProjectRegistered,
    ProjectState,
    Repository,
    RetirementObjection,
    TargetsChanged,
    WrongProject,
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
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Project]:
    """Living projects by slug, filtered, with the total."""
    await access.require(r, READ, On())
    return await store.projects(r, text=text, teams=teams, place=(environment, region), cursor=cursor, limit=limit)


async def by_slugs(r: Reading, slugs: Collection[str]) -> list[Project]:
    """Several at once."""
    return await store.by_slugs(r, slugs)


async def projects_of(r: Reading, teams: Collection[str]) -> list[Project]:
    """Those that these teams own now."""
    return await store.of_teams(r, teams) if teams else []


async def count(r: Reading) -> int:
    """How many projects live."""
    return await store.count(r)


async def counts_by_team(r: Reading) -> dict[str, int]:
    """How many each team owns now."""
    return await store.counts_by_team(r)


async def owner(r: Reading, slug: str, at: datetime | None = None) -> Ownership:
    """Who owns it, or owned it at a time. Raises `NoSuchProject`."""
    found = await store.owners(r, [slug], at)
    if slug not in found:
        raise NoSuchProject(name=slug)
    return found[slug]


async def owners(r: Reading, slugs: Collection[str], at: datetime | None = None) -> dict[str, Ownership]:
    """`owner` for many, in one question."""
    return await store.owners(r, slugs, at)


async def history(r: Reading, slug: str) -> list[Ownership]:
    """All owners, newest first."""
    return await store.ownerships(r, slug)


async def free_name(r: Reading, name: str) -> None:
    """Raises `NameInvalid`, `NameReserved` or `NameTaken`; what clusters have is asked by `reads.name_taken`."""
    rules.check_name(name)
    if await store.project(r, name) is not None:
        raise NameTaken(name=name, by="a project is called so")


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

    Raises `NameInvalid`, `NameReserved`, `NameTaken`, `WrongProject`, `NoSuchPlace`, `NoSuchTeam`.
    """
    owning = await access.team(tx, team)
    await access.require(tx, REGISTER, On(project=slug, team=owning.id))
    if owning.ended_at is not None:
        raise WrongProject(field="team", why=f"{owning.name} has ended")
    await free_name(tx, slug)
    rules.check_facts(title=title, tier=tier, port=port, dockerfile=dockerfile, repository=repository)
    if not places:
        raise WrongProject(field="targets", why="choose at least one environment and region")
    now = clock.now()
    made = Project(
        slug=slug,
        title=title.strip(),
        description=description.strip(),
        tier=tier,
        team=owning.id,
        repository=Repository(repository.strip(), branch or "main", bool(credential.strip())),
        dockerfile=dockerfile or "Dockerfile",
        port=port,
        places=tuple((e, g) for e, g in places),
        slack=slack,
        state=ProjectState.active,
        created_at=now,
        created_by=tx.actor.id,
    )
    await store.add_project(tx, made, seal.seal(credential) if credential.strip() else "")
    await store.own(tx, Ownership(slug, owning.id, now, None, now, tx.actor.id, "registered"))
    await _want_namespaces(tx, slug, places)
    tx.say(ProjectRegistered(project=slug, team=owning.id, team_name=owning.name))
    return made


async def _want_namespaces(tx: Tx, slug: str, places: Places) -> None:
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
    """Change what is given; None leaves a field. Raises `WrongProject`."""
    was = await _mine(tx, slug, CHANGE)
    given = {
        "title": title,
        "description": description,
        "tier": tier,
        "slack": slack,
        "repository": repository,
        "branch": branch,
        "dockerfile": dockerfile,
        "port": port,
    }
    before = {
        "title": was.title,
        "description": was.description,
        "tier": was.tier,
        "slack": was.slack,
        "repository": was.repository.url,
        "branch": was.repository.branch,
        "dockerfile": was.dockerfile,
        "port": was.port,
    }
    values = {k: v for k, v in given.items() if v is not None and v != before[k]}
    merged = before | values
    rules.check_facts(
        title=str(merged["title"]),
        tier=int(str(merged["tier"])),
        port=int(str(merged["port"])),
        dockerfile=str(merged["dockerfile"]),
        repository=str(merged["repository"]),
    )
    if credential:
        values["credential"] = seal.seal(credential)
    if values:
        await store.change_project(tx, slug, values)
        tx.say(ProjectChanged(project=slug, fields=", ".join(sorted(values))))
    return await project(tx, slug)


async def set_targets(tx: Tx, slug: str, places: Places) -> Project:
    """Where the project runs from now on; namespaces of new places are made. Raises `NoSuchPlace`, `WrongProject`."""
    was = await _mine(tx, slug, CHANGE)
    if not places:
        raise WrongProject(field="targets", why="choose at least one environment and region")
    if set(was.places) != set(places):
        await _want_namespaces(tx, slug, places)
        await store.change_project(tx, slug, {"places": [list(p) for p in places]})
        tx.say(TargetsChanged(project=slug, places=", ".join(f"{e} {g}" for e, g in places)))
    return replace(was, places=tuple(places))


async def transfer(tx: Tx, slug: str, team: str, why: str) -> Ownership:
    """Give the project to another team, from now on."""
    was = await _mine(tx, slug, TRANSFER)
    owning = await access.team(tx, team)
    if owning.ended_at is not None:
        raise WrongProject(field="team", why=f"{owning.name} has ended")
    now = clock.now()
    ownership = Ownership(slug, owning.id, now, None, now, tx.actor.id, why or "transferred")
    if owning.id != was.team:
        await store.own(tx, ownership)
        tx.say(OwnershipChanged(project=slug, team=owning.id, team_name=owning.name, why=ownership.why))
    return ownership


async def delete(tx: Tx, slug: str, typed: str, objections: Sequence[RetirementObjection]) -> None:
    """Delete a project that was registered by mistake, and its namespaces. Raises `NotTyped`, `Deployed`."""
    await _mine(tx, slug, DELETE)
    if typed != slug:
        raise NotTyped(project=slug)
    for objection in objections:
        if why := await objection.object(tx, slug):
            raise Deployed(project=slug, why=why)
    clusters = [n.cluster for n in await store.namespaces(tx, slug)] or [t.cluster for t in await targets(tx, slug)]
    await store.delete_project(tx, slug)
    tx.say(ProjectDeleted(project=slug, clusters=",".join(sorted(set(clusters)))))


async def sealed_credential(r: Reading, slug: str) -> str:
    """For those who read the repository."""
    return await store.credential(r, slug)


async def _mine(tx: Tx, slug: str, permission: object) -> Project:
    found = await project(tx, slug)
    await access.require(tx, permission, On(project=slug, team=found.team))  # type: ignore[arg-type]
    return found
