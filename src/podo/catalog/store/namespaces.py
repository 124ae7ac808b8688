"""SQL of namespaces."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, select

from podo.catalog.models import (
    NamespaceRow,
    ProjectRow,
)
from podo.catalog.types import (
    Namespace,
    NamespaceState,
    ProjectState,
)
from podo.kernel.db import Reading, Tx


async def projects_in_cluster(r: Reading, name: str, limit: int) -> list[str]:
    """Slugs that have a namespace there."""
    query = select(NamespaceRow.project).where(NamespaceRow.cluster == name).order_by(NamespaceRow.project)
    return list(await r.session.scalars(query.limit(limit)))


async def put_namespace(tx: Tx, namespace: Namespace) -> None:
    """Add or change."""
    await tx.session.merge(NamespaceRow(**asdict(namespace)))


async def namespaces(r: Reading, project: str) -> list[Namespace]:
    """Of a project, by cluster."""
    rows = await r.session.scalars(select(NamespaceRow).where(NamespaceRow.project == project).order_by(NamespaceRow.cluster))
    return [_namespace(row) for row in rows]


async def namespaces_by_project(r: Reading, projects: Collection[str]) -> dict[str, list[Namespace]]:
    """Of many; without those that have none."""
    columns = NamespaceRow.__table__.columns
    found: dict[str, list[Namespace]] = {}
    for row in await r.session.execute(select(*columns).where(NamespaceRow.project.in_(projects)).order_by(*columns)):
        found.setdefault(row.project, []).append(_namespace(row))
    return found


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


def _namespace(row: Any) -> Namespace:
    return Namespace(row.project, row.cluster, NamespaceState(row.state), row.why)
