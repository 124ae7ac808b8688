"""SQL of environments, regions and clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, select

from podo.catalog.models import (
    ClusterRow,
    ClusterStateRow,
    EnvironmentRow,
    RegionRow,
)
from podo.catalog.types import (
    Cluster,
    ClusterKind,
    ClusterState,
    Environment,
    Region,
)
from podo.kernel.db import Reading, Tx


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
