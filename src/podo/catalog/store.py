"""All SQL of projects and places."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, delete, func, or_, select, update

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

    async def find() -> tuple[Environment, ...]:
        rows = await r.session.scalars(select(EnvironmentRow).order_by(EnvironmentRow.order, EnvironmentRow.name))
        return tuple([Environment(row.name, row.order, row.approvals, row.soak_seconds, row.self_approval) for row in rows])

    return list(await r.recall("catalog", "environments", find))


async def put_environment(tx: Tx, environment: Environment) -> None:
    """Add or change."""
    await tx.session.merge(EnvironmentRow(**asdict(environment)))


async def regions(r: Reading) -> list[Region]:
    """In the order of the train."""

    async def find() -> tuple[Region, ...]:
        rows = await r.session.scalars(select(RegionRow).order_by(RegionRow.order, RegionRow.code))
        return tuple([Region(row.code, row.name, row.timezone, row.order) for row in rows])

    return list(await r.recall("catalog", "regions", find))


async def put_region(tx: Tx, region: Region) -> None:
    """Add or change."""
    await tx.session.merge(RegionRow(**asdict(region)))
    await tx.session.flush()


async def clusters(r: Reading) -> list[Cluster]:
    """All clusters, with what is known of them."""
    query = select(ClusterRow, ClusterStateRow).outerjoin(ClusterStateRow, ClusterStateRow.name == ClusterRow.name)
    return [_cluster(row, state) for row, state in await r.session.execute(query.order_by(ClusterRow.name))]


async def put_cluster(tx: Tx, name: str, region: str, environments: Sequence[str], kind: ClusterKind, kubeconfig: str) -> None:
    """Add or change; `kubeconfig` is sealed."""
    row = ClusterRow(name=name, region=region, environments=list(environments), kind=kind, kubeconfig=kubeconfig)
    await tx.session.merge(row)


async def kubeconfig(r: Reading, cluster: str) -> str:
    """Sealed."""
    return await r.session.scalar(select(ClusterRow.kubeconfig).where(ClusterRow.name == cluster)) or ""


async def note_clusters(tx: Tx, seen: Mapping[str, tuple[str, str]], at: datetime) -> None:
    """What was seen of each: (version, why it does not answer), one of them empty. Those that were removed are left out."""
    there = set(await tx.session.scalars(select(ClusterRow.name).where(ClusterRow.name.in_(seen))))
    rows = await tx.session.scalars(select(ClusterStateRow).where(ClusterStateRow.name.in_(there)))
    known = {row.name: row for row in rows}
    for name in sorted(there):
        version, why = seen[name]
        row = known.get(name) or ClusterStateRow(name=name, version="", seen_at=None)
        row.state, row.why = (ClusterState.unreachable, why) if why else (ClusterState.connected, "")
        if not why:
            row.version, row.seen_at = version, at
        tx.session.add(row)


async def drop_environment(tx: Tx, name: str) -> None:
    """Remove it."""
    await tx.session.execute(delete(EnvironmentRow).where(EnvironmentRow.name == name))


async def drop_region(tx: Tx, code: str) -> None:
    """Remove it."""
    await tx.session.execute(delete(RegionRow).where(RegionRow.code == code))


async def drop_cluster(tx: Tx, name: str) -> None:
    """Remove it, with what was known of it."""
    await tx.session.execute(delete(ClusterStateRow).where(ClusterStateRow.name == name))
    await tx.session.execute(delete(ClusterRow).where(ClusterRow.name == name))


async def projects_in_cluster(r: Reading, name: str, limit: int) -> list[str]:
    """Slugs that have a namespace there."""
    query = select(NamespaceRow.project).where(NamespaceRow.cluster == name).order_by(NamespaceRow.project)
    return list(await r.session.scalars(query.limit(limit)))


# -- projects


async def project(r: Reading, slug: str) -> Project | None:
    """With its owner now."""
    query = _with_owner().where(ProjectRow.slug == slug)
    found = (await r.session.execute(query)).first()
    return _project(found) if found else None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which living projects: a part of the slug or title, owners, a place, a tier; None, empty and 0 ask for nothing."""

    text: str = ""
    teams: Collection[str] | None = None
    environment: str = ""
    region: str = ""
    tier: int = 0

    def conditions(self) -> list[ColumnElement[bool]]:
        """For a query over projects and their open ownerships."""
        found: list[ColumnElement[bool]] = [ProjectRow.state == ProjectState.active]
        named = (ProjectRow.slug, ProjectRow.title)
        found += [or_(*(column.icontains(word, autoescape=True) for column in named)) for word in self.text.split()]
        if self.teams is not None:
            found.append(OwnershipRow.team.in_(self.teams))
        if self.tier:
            found.append(ProjectRow.tier == self.tier)
        if self.environment or self.region:
            found.append(self._somewhere())
        return found

    def _somewhere(self) -> ColumnElement[bool]:
        # Places are JSON text [["prod", "kr"], …]: a pair, or the half of one. Quotes and brackets keep names apart.
        first = json.dumps(self.environment) + ", " if self.environment else ""
        second = json.dumps(self.region) if self.region else ""
        pattern = f"[{first}{second}]" if first and second else f"[{first}" if first else f", {second}]"
        return cast(ProjectRow.places, String).contains(pattern, autoescape=True)


async def projects(r: Reading, wanted: Filter, *, cursor: str | None, skip: int, limit: int) -> Page[Project]:
    """By slug, with the total."""
    conditions = wanted.conditions()
    # Whoever filters nothing asks for what everybody asks for.
    total = await (_total(r, conditions) if wanted != Filter() else r.recall("catalog", "total", lambda: _total(r, conditions)))
    query = _with_owner().where(*conditions, *([ProjectRow.slug > cursor] if cursor else []))
    rows = (await r.session.execute(query.order_by(ProjectRow.slug).offset(skip).limit(limit + 1))).all()
    found = [_project(row) for row in rows[:limit]]
    return Page(found, found[-1].slug if len(rows) > limit else None, total)


async def _total(r: Reading, conditions: Sequence[ColumnElement[bool]]) -> int:
    return await r.session.scalar(select(func.count()).select_from(_with_owner().where(*conditions).subquery())) or 0


async def by_slugs(r: Reading, slugs: Collection[str]) -> list[Project]:
    """Several."""
    return [_project(row) for row in await r.session.execute(_with_owner().where(ProjectRow.slug.in_(slugs)))]


async def of_teams(r: Reading, teams: Collection[str]) -> list[Project]:
    """Owned now by one of these."""
    query = _with_owner().where(OwnershipRow.team.in_(teams), ProjectRow.state == ProjectState.active)
    return [_project(row) for row in await r.session.execute(query.order_by(ProjectRow.slug))]


async def count(r: Reading) -> int:
    """How many live."""
    query = select(func.count()).select_from(ProjectRow).where(ProjectRow.state == ProjectState.active)
    return await r.session.scalar(query) or 0


async def counts_by_tier(r: Reading) -> dict[int, int]:
    """How many each tier has."""
    query = select(ProjectRow.tier, func.count()).where(ProjectRow.state == ProjectState.active).group_by(ProjectRow.tier)
    found = await r.recall("catalog", "counts by tier", lambda: _pairs(r, query))
    return {int(tier): number for tier, number in found}


async def counts_by_team(r: Reading) -> dict[str, int]:
    """How many each team owns now."""
    query = select(OwnershipRow.team, func.count()).where(OwnershipRow.until.is_(None)).group_by(OwnershipRow.team)
    found = await r.recall("catalog", "counts by team", lambda: _pairs(r, query))
    return {str(team): number for team, number in found}


async def _pairs(r: Reading, query: Any) -> tuple[tuple[Any, int], ...]:
    return tuple([(row[0], row[-1]) for row in await r.session.execute(query)])


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
    """Of a project, by cluster."""
    rows = await r.session.scalars(select(NamespaceRow).where(NamespaceRow.project == project).order_by(NamespaceRow.cluster))
    return [_namespace(row) for row in rows]


async def unsettled_namespaces(r: Reading, clusters: Collection[str], limit: int) -> list[Namespace]:
    """Those that wait or leave."""
    states = (NamespaceState.waiting, NamespaceState.leaving)
    query = select(NamespaceRow).where(NamespaceRow.state.in_(states), NamespaceRow.cluster.in_(clusters))
    return [_namespace(row) for row in await r.session.scalars(query.order_by(NamespaceRow.project).limit(limit))]


async def projects_without_namespace(r: Reading, pairs: Collection[tuple[str, str]], cluster: str) -> list[str]:
    """Slugs of living projects that run in one of these places and have no namespace in the cluster."""
    there = set(await r.session.scalars(select(NamespaceRow.project).where(NamespaceRow.cluster == cluster)))
    query = select(ProjectRow.slug, ProjectRow.places).where(ProjectRow.state == ProjectState.active).order_by(ProjectRow.slug)
    wanted = set(pairs)
    return [s for s, places in await r.session.execute(query) if s not in there and wanted & {(e, g) for e, g in places}]


async def drop_namespace(tx: Tx, project: str, cluster: str) -> None:
    """It is gone."""
    query = delete(NamespaceRow).where(NamespaceRow.project == project, NamespaceRow.cluster == cluster)
    await tx.session.execute(query)


def _with_owner() -> Any:
    # Columns: an entity that is read and thrown away costs ten times as much, and lists have many.
    join = and_(OwnershipRow.project == ProjectRow.slug, OwnershipRow.until.is_(None))
    return select(*ProjectRow.__table__.columns, OwnershipRow.team).join(OwnershipRow, join)


def _project(row: Any) -> Project:
    return Project(
        slug=row.slug,
        title=row.title,
        description=row.description,
        tier=row.tier,
        team=row.team,
        repository=Repository(row.repository, row.branch, bool(row.credential)),
        dockerfile=row.dockerfile,
        port=row.port,
        places=tuple((e, g) for e, g in row.places),
        slack=row.slack,
        state=ProjectState(row.state),
        created_at=row.created_at,
        created_by=row.created_by,
    )


def _namespace(row: NamespaceRow) -> Namespace:
    return Namespace(row.project, row.cluster, NamespaceState(row.state), row.why)


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
