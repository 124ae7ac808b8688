"""All SQL of projects and places."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

from podo.catalog.models import (
    ClusterRow,
    ClusterStateRow,
    EnvironmentRow,
    NamespaceRow,
    OwnershipRow,
    ProjectRow,
    RegionRow,
)
from podo.catalog.types import (
    Cluster,
    ClusterKind,
    ClusterState,
    Environment,
    Namespace,
    NamespaceState,
    Ownership,
    Project,
    ProjectState,
    Region,
    Repository,
)
from podo.kernel import ids
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Page

# -- places


async def environments(r: Reading) -> list[Environment]:
    """In promotion order."""
    rows = await r.session.scalars(select(EnvironmentRow).order_by(EnvironmentRow.order))
    return [Environment(row.name, row.order, row.approvals, row.soak_seconds, row.self_approval) for row in rows]


async def put_environment(tx: Tx, environment: Environment) -> None:
    """Add or change."""
    await tx.session.merge(EnvironmentRow(**asdict(environment)))


async def regions(r: Reading) -> list[Region]:
    """In the order of the train."""
    rows = await r.session.scalars(select(RegionRow).order_by(RegionRow.order, RegionRow.code))
    return [Region(row.code, row.name, row.timezone, row.order) for row in rows]


async def put_region(tx: Tx, region: Region) -> None:
    """Add or change."""
    await tx.session.merge(RegionRow(**asdict(region)))
    await tx.session.flush()


async def clusters(r: Reading) -> list[Cluster]:
    """All clusters, with what is known of them."""
    query = select(ClusterRow, ClusterStateRow).outerjoin(ClusterStateRow, ClusterStateRow.name == ClusterRow.name)
    return [_cluster(row, state) for row, state in await r.session.execute(query.order_by(ClusterRow.name))]


async def put_cluster(
    tx: Tx, name: str, region: str, environments: Sequence[str], kind: ClusterKind, kubeconfig: str
) -> None:
    """Add or change; `kubeconfig` is sealed."""
    row = ClusterRow(name=name, region=region, environments=list(environments), kind=kind, kubeconfig=kubeconfig)
    await tx.session.merge(row)


async def kubeconfig(r: Reading, cluster: str) -> str:
    """Sealed."""
    return await r.session.scalar(select(ClusterRow.kubeconfig).where(ClusterRow.name == cluster)) or ""


async def note_cluster(tx: Tx, name: str, state: ClusterState, version: str, why: str, at: datetime) -> None:
    """What was seen of it."""
    row = await tx.session.get(ClusterStateRow, name) or ClusterStateRow(name=name, version="", seen_at=None)
    row.state, row.why = state, why
    if state is ClusterState.connected:
        row.version, row.seen_at = version, at
    tx.session.add(row)


# -- projects


async def project(r: Reading, slug: str) -> Project | None:
    """With its owner now."""
    query = _with_owner().where(ProjectRow.slug == slug)
    found = (await r.session.execute(query)).first()
    return _project(*found) if found else None


async def projects(
    r: Reading, *, text: str, teams: Collection[str] | None, place: tuple[str, str], cursor: str | None, limit: int
) -> Page[Project]:
    """By slug. `place` is (environment, region), each may be empty."""
    conditions: list[ColumnElement[bool]] = [ProjectRow.state == ProjectState.active]
    if text:
        conditions.append(or_(ProjectRow.slug.contains(text, autoescape=True), ProjectRow.title.icontains(text, autoescape=True)))
    if teams is not None:
        conditions.append(OwnershipRow.team.in_(teams))
    environment, region = place
    if environment or region:
        # Places are kept as JSON text [["prod","kr"],…]; names are plain words, so that a substring is exact enough.
        pattern = f'"{environment}", "{region}"' if environment and region else f'["{environment}",' if environment else f'"{region}"]'
        conditions.append(func.replace(_text(ProjectRow.places), '","', '", "').contains(pattern, autoescape=True))
    total = await r.session.scalar(select(func.count()).select_from(_with_owner().where(*conditions).subquery()))
    if cursor:
        conditions.append(ProjectRow.slug > cursor)
    rows = (await r.session.execute(_with_owner().where(*conditions).order_by(ProjectRow.slug).limit(limit + 1))).all()
    found = [_project(*row) for row in rows[:limit]]
    return Page(found, found[-1].slug if len(rows) > limit else None, total)


def _text(column: Any) -> Any:
    from sqlalchemy import String, cast

    return cast(column, String)


async def by_slugs(r: Reading, slugs: Collection[str]) -> list[Project]:
    """Several."""
    return [_project(*row) for row in await r.session.execute(_with_owner().where(ProjectRow.slug.in_(slugs)))]


async def of_teams(r: Reading, teams: Collection[str]) -> list[Project]:
    """Owned now by one of these."""
    query = _with_owner().where(OwnershipRow.team.in_(teams), ProjectRow.state == ProjectState.active)
    return [_project(*row) for row in await r.session.execute(query.order_by(ProjectRow.slug))]


async def count(r: Reading) -> int:
    """How many live."""
    query = select(func.count()).select_from(ProjectRow).where(ProjectRow.state == ProjectState.active)
    return await r.session.scalar(query) or 0


async def counts_by_team(r: Reading) -> dict[str, int]:
    """How many each team owns now."""
    query = select(OwnershipRow.team, func.count()).where(OwnershipRow.until.is_(None)).group_by(OwnershipRow.team)
    return {team: number for team, number in await r.session.execute(query)}


async def add_project(tx: Tx, made: Project, credential: str) -> None:
    """A new project; its owner is added beside it."""
    tx.session.add(
        ProjectRow(
            slug=made.slug,
            title=made.title,
            description=made.description,
            tier=made.tier,
            repository=made.repository.url,
            branch=made.repository.branch,
            credential=credential,
            dockerfile=made.dockerfile,
            port=made.port,
            places=[list(p) for p in made.places],
            slack=made.slack,
            state=made.state,
            created_at=made.created_at,
            created_by=made.created_by,
        )
    )
    await tx.session.flush()


async def change_project(tx: Tx, slug: str, values: dict[str, Any]) -> None:
    """Columns by name."""
    await tx.session.execute(update(ProjectRow).where(ProjectRow.slug == slug).values(values))


async def credential(r: Reading, slug: str) -> str:
    """Sealed; empty when there is none."""
    return await r.session.scalar(select(ProjectRow.credential).where(ProjectRow.slug == slug)) or ""


async def delete_project(tx: Tx, slug: str) -> None:
    """The project, its ownerships; its namespaces stay until they are gone from the clusters."""
    await tx.session.execute(delete(OwnershipRow).where(OwnershipRow.project == slug))
    await tx.session.execute(delete(ProjectRow).where(ProjectRow.slug == slug))


async def own(tx: Tx, ownership: Ownership) -> None:
    """End the open interval, begin this one."""
    open_ = (OwnershipRow.project == ownership.project, OwnershipRow.until.is_(None))
    await tx.session.execute(update(OwnershipRow).where(*open_).values(until=ownership.since))
    tx.session.add(OwnershipRow(id=ids.new("own"), **asdict(ownership)))
    await tx.session.flush()


async def owners(r: Reading, slugs: Collection[str], at: datetime | None) -> dict[str, Ownership]:
    """Who owns, or owned at a time."""
    valid = OwnershipRow.until.is_(None)
    if at is not None:
        valid = and_(OwnershipRow.since <= at, or_(OwnershipRow.until.is_(None), OwnershipRow.until > at))
    rows = await r.session.scalars(select(OwnershipRow).where(OwnershipRow.project.in_(slugs), valid))
    return {row.project: _ownership(row) for row in rows}


async def ownerships(r: Reading, slug: str) -> list[Ownership]:
    """All intervals, newest first."""
    rows = await r.session.scalars(select(OwnershipRow).where(OwnershipRow.project == slug).order_by(OwnershipRow.since.desc()))
    return [_ownership(row) for row in rows]


# -- namespaces


async def put_namespace(tx: Tx, namespace: Namespace) -> None:
    """Add or change."""
    await tx.session.merge(NamespaceRow(**asdict(namespace)))


async def namespaces(r: Reading, project: str) -> list[Namespace]:
    """Of a project."""
    rows = await r.session.scalars(select(NamespaceRow).where(NamespaceRow.project == project))
    return [Namespace(row.project, row.cluster, NamespaceState(row.state), row.why) for row in rows]


async def waiting_namespaces(r: Reading, limit: int) -> list[tuple[str, str]]:
    """(project, cluster) of those that wait."""
    query = select(NamespaceRow.project, NamespaceRow.cluster).where(NamespaceRow.state == NamespaceState.waiting)
    return [(p, c) for p, c in await r.session.execute(query.limit(limit))]


async def drop_namespace(tx: Tx, project: str, cluster: str) -> None:
    """It is gone."""
    query = delete(NamespaceRow).where(NamespaceRow.project == project, NamespaceRow.cluster == cluster)
    await tx.session.execute(query)


def _with_owner() -> Any:
    join = and_(OwnershipRow.project == ProjectRow.slug, OwnershipRow.until.is_(None))
    return select(ProjectRow, OwnershipRow.team).join(OwnershipRow, join)


def _project(row: ProjectRow, team: str) -> Project:
    return Project(
        slug=row.slug,
        title=row.title,
        description=row.description,
        tier=row.tier,
        team=team,
        repository=Repository(row.repository, row.branch, bool(row.credential)),
        dockerfile=row.dockerfile,
        port=row.port,
        places=tuple((e, g) for e, g in row.places),
        slack=row.slack,
        state=ProjectState(row.state),
        created_at=row.created_at,
        created_by=row.created_by,
    )


def _cluster(row: ClusterRow, state: ClusterStateRow | None) -> Cluster:
    return Cluster(
        name=row.name,
        region=row.region,
        environments=tuple(row.environments),
        kind=ClusterKind(row.kind),
        state=ClusterState(state.state) if state else ClusterState.unknown,
        version=state.version if state else "",
        why=state.why if state else "",
        seen_at=state.seen_at if state else None,
    )


def _ownership(row: OwnershipRow) -> Ownership:
    return Ownership(row.project, row.team, row.since, row.until, row.recorded_at, row.by, row.why)
