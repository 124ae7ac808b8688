"""All SQL of what runs: operations in the main database, what was seen in the observed one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, select, tuple_, union_all, update
from sqlalchemy.dialects import postgresql, sqlite

from podo.kernel.db import Reading, Tx
from podo.workloads.models import OperationRow, SeenClusterRow, SeenRow
from podo.workloads.types import (
    Container,
    Health,
    HealthStatus,
    Operation,
    OperationKind,
    OperationState,
    Pod,
    Reach,
    Workload,
)

_BATCH = 200
# What was read of a namespace, by database and namespace, with what it was read from: live pages read it again and again.
_READ: dict[tuple[str, str], tuple[tuple[Any, ...], Sequence[Workload | Pod]]] = {}
_MOST_READ = 200
_STANDING, _RUNS = ("Deployment", "StatefulSet", "DaemonSet"), ("Job", "CronJob")
_UNWELL = [health for health in HealthStatus if health is not HealthStatus.healthy]
# What lists of projects ask is put together once, over columns.
_S: Any = SeenRow.__table__
_C: Any = SeenClusterRow.__table__
_IN = _S.c.namespace.in_(bindparam("in", expanding=True))
# Each part names the kinds and healths that it wants, so that the index leads to these rows and no others are read.
_NOT_WELL = union_all(
    *(
        select(_S.c.namespace, _S.c.cluster, _S.c.name, _S.c.kind, _S.c.body).where(_IN, some)
        for some in (
            and_(_S.c.kind.in_(_STANDING), _S.c.health.in_(_UNWELL)),
            _S.c.kind.in_(_RUNS),
            and_(_S.c.kind == "Pod", _S.c.health == HealthStatus.degraded),
        )
    )
)
_HEALTHS = (
    select(_S.c.namespace, _S.c.cluster, _S.c.health, func.count())
    .where(_IN, _S.c.kind.in_((*_STANDING, "CronJob")))
    .group_by(_S.c.namespace, _S.c.cluster, _S.c.health)
)
# Behind everything that begins with the same.
_LAST = "\U0010ffff"


def _see(dialect: Any) -> Any:
    insert = dialect.insert(_S)
    new = {name: insert.excluded[name] for name in ("health", "ip", "body", "at")}
    return insert.on_conflict_do_update(index_elements=list(_S.primary_key), set_=new)


def _reached(dialect: Any) -> Any:
    insert = dialect.insert(_C)
    new = {name: insert.excluded[name] for name in ("reach", "why", "at")}
    last = func.coalesce(insert.excluded.seen_at, _C.c.seen_at)
    return insert.on_conflict_do_update(index_elements=list(_C.primary_key), set_={**new, "seen_at": last})


# Put together once, for each row: as one statement with all rows it was put together and compiled anew each time.
_SEE = {"sqlite": _see(sqlite), "postgresql": _see(postgresql)}
_REACH = {"sqlite": _reached(sqlite), "postgresql": _reached(postgresql)}


def add_operation(tx: Tx, operation: Operation) -> None:
    """A new operation."""
    tx.session.add(OperationRow(**asdict(operation)))


async def operation(r: Reading, id_: str) -> Operation:
    """The operation `id_`."""
    return _operation(await r.session.get_one(OperationRow, id_))


async def find_operation(r: Reading, id_: str) -> Operation | None:
    """The operation `id_`, if there is one."""
    row = await r.session.get(OperationRow, id_)
    return _operation(row) if row else None


async def settle(tx: Tx, id_: str, state: OperationState, why: str, at: datetime) -> bool:
    """Note how an operation ended; False when it had ended before."""
    query = update(OperationRow).where(OperationRow.id == id_, OperationRow.state == OperationState.asked)
    ended = await tx.session.scalars(query.values(state=state, why=why, ended_at=at).returning(OperationRow.id))
    return ended.first() is not None


async def operations(r: Reading, project: str, limit: int) -> list[Operation]:
    """The newest operations of a project."""
    query = select(OperationRow).where(OperationRow.project == project).order_by(OperationRow.at.desc()).limit(limit)
    return [_operation(row) for row in await r.session.scalars(query)]


async def under_way(r: Reading, cluster: str, project: str, kind: OperationKind, target: str) -> bool:
    """Whether the same was asked and not taken yet."""
    query = select(OperationRow.id).where(
        OperationRow.cluster == cluster,
        OperationRow.project == project,
        OperationRow.kind == kind,
        OperationRow.target == target,
        OperationRow.state == OperationState.asked,
    )
    return await r.session.scalar(query.limit(1)) is not None


async def see(tx: Tx, cluster: str, workloads: Sequence[Workload], pods: Sequence[Pod], at: datetime) -> None:
    """Write what was seen over what was known."""
    rows = [_seen(cluster, w.kind, w.namespace, w.name, w.health, _workload_body(w), at) for w in workloads]
    rows += [_seen(cluster, "Pod", p.namespace, p.name, p.health, asdict(p), at) for p in pods]
    if rows:
        await (await tx.session.connection()).execute(_SEE[tx.session.get_bind().dialect.name], rows)


async def forget(tx: Tx, cluster: str, gone: Sequence[tuple[str, str, str]]) -> None:
    """Remove what is gone."""
    for start in range(0, len(gone), _BATCH):
        key = tuple_(SeenRow.kind, SeenRow.namespace, SeenRow.name)
        await tx.session.execute(delete(SeenRow).where(SeenRow.cluster == cluster, key.in_(gone[start : start + _BATCH])))


async def forget_older(tx: Tx, cluster: str, kinds: Collection[str], at: datetime) -> set[str]:
    """Remove what a whole list did not show again; returns the namespaces it was in."""
    query = delete(SeenRow).where(SeenRow.cluster == cluster, SeenRow.kind.in_(kinds), SeenRow.at < at)
    return set(await tx.session.scalars(query.returning(SeenRow.namespace)))


async def reach(tx: Tx, cluster: str, reach_: Reach, why: str, at: datetime) -> None:
    """Note whether a cluster can be seen."""
    seen_at = at if reach_ is Reach.seen else None
    row = {"cluster": cluster, "reach": reach_, "why": why, "at": at, "seen_at": seen_at}
    await (await tx.session.connection()).execute(_REACH[tx.session.get_bind().dialect.name], row)


async def clusters(r: Reading) -> dict[str, tuple[Reach, str, datetime, datetime | None]]:
    """Reach, why, since when, and last seen, by cluster."""
    rows = await r.session.scalars(select(SeenClusterRow))
    return {row.cluster: (Reach(row.reach), row.why, row.at, row.seen_at) for row in rows}


async def seen(r: Reading, namespace: str) -> Sequence[Workload | Pod]:
    """What was last seen in this namespace, in all clusters."""
    here = select(func.max(SeenRow.at), func.count()).where(SeenRow.namespace == namespace)
    # Each row that changes gets a later time, and one that goes lowers the count: else what was read stays as it is.
    stamp = tuple((await r.session.execute(here)).one())
    key = (str(r.session.get_bind().engine.url), namespace)
    known = _READ.get(key)
    if known is None or known[0] != stamp:
        query = select(SeenRow.kind, SeenRow.body).where(SeenRow.namespace == namespace)
        found = await r.session.execute(query.order_by(SeenRow.cluster, SeenRow.name))
        known = stamp, [_pod(body) if kind == "Pod" else _workload(body) for kind, body in found]
        _READ.pop(key, None)
        while len(_READ) >= _MOST_READ:
            del _READ[next(iter(_READ))]
        _READ[key] = known
    return known[1]


async def not_well(r: Reading, namespaces: Collection[str]) -> list[Workload | Pod]:
    """Workloads in these namespaces that are not Healthy, pods that are Degraded, and all Jobs and CronJobs.

    These are few as long as all is well; a Job that failed is no news once its CronJob has run again.
    """
    rows = (await r.session.execute(_NOT_WELL, {"in": list(namespaces)})).all()
    found = sorted(rows, key=lambda each: (each.namespace, each.cluster, each.name))
    return [_pod(each.body) if each.kind == "Pod" else _workload(each.body) for each in found]


async def health_counts(r: Reading, namespaces: Collection[str]) -> list[tuple[str, str, str, int]]:
    """(namespace, cluster, health, how many workloads), Jobs left out: they end, and are no state of a project."""
    return [(n, c, h, count) for n, c, h, count in await r.session.execute(_HEALTHS, {"in": list(namespaces)})]


async def find(r: Reading, text: str, limit: int) -> list[Pod]:
    """Pods whose name begins with `text`, or whose address it is."""
    by_name = SeenRow.name.startswith(text, autoescape=True)
    if r.session.get_bind().dialect.name == "sqlite":
        # Its LIKE knows no index.
        by_name = and_(SeenRow.name >= text, SeenRow.name < text + _LAST)
    found: list[Pod] = []
    # One after the other, for together they would be looked for among all.
    for is_it in (by_name, SeenRow.ip == text):
        query = select(SeenRow.body).where(SeenRow.kind == "Pod", is_it).order_by(SeenRow.name).limit(limit - len(found))
        found += [_pod(body) for body in await r.session.scalars(query)]
    return found


def _seen(
    cluster: str, kind: str, namespace: str, name: str, health: Health, body: dict[str, Any], at: datetime
) -> dict[str, Any]:
    body = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in body.items()}
    return {
        "cluster": cluster,
        "kind": kind,
        "namespace": namespace,
        "name": name,
        "health": health.status,
        "ip": body.get("ip", ""),
        "body": body,
        "at": at,
    }


def _workload_body(w: Workload) -> dict[str, Any]:
    body = asdict(replace(w, pods=(), runs=()))
    del body["pods"], body["runs"]
    return body


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _health(body: dict[str, Any]) -> Health:
    return Health(HealthStatus(body["status"]), body["code"], body["reason"], body["facts"])


def _workload(body: dict[str, Any]) -> Workload:
    times = {name: _time(body[name]) for name in ("changed_at", "last_run_at")}
    return Workload(**{**body, **times, "health": _health(body["health"]), "pods": ()})


def _pod(body: dict[str, Any]) -> Pod:
    containers = tuple(Container(**c) for c in body["containers"])
    return Pod(**{**body, "health": _health(body["health"]), "containers": containers, "created_at": _time(body["created_at"])})


def _operation(row: OperationRow) -> Operation:
    return Operation(
        id=row.id,
        project=row.project,
        environment=row.environment,
        region=row.region,
        cluster=row.cluster,
        kind=OperationKind(row.kind),
        target_kind=row.target_kind,
        target=row.target,
        replicas=row.replicas,
        state=OperationState(row.state),
        why=row.why,
        by=row.by,
        at=row.at,
        ended_at=row.ended_at,
    )
