"""Rollouts, what is watched of them, and approvals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, select, tuple_, update

from podo.delivery.models import ApprovalRow, DeploymentRow, RolloutRow, WatchRow
from podo.delivery.types import MOVING, OPEN, Approval, Decision, Rollout, RolloutState, Seen
from podo.kernel.db import Reading, Tx

_KEPT = frozenset({"seen", "due_at", "approvals", "epoch"})


async def add(tx: Tx, made: Sequence[Rollout]) -> None:
    """New rollouts."""
    tx.session.add_all(RolloutRow(**{k: v for k, v in _fields(r).items() if k not in _KEPT}) for r in made)
    await tx.session.flush()
    tx.session.add_all(WatchRow(rollout=r.id, seen={}, epoch=r.epoch) for r in made)
    await tx.session.flush()


def _fields(rollout: Rollout) -> dict[str, Any]:
    return {name: getattr(rollout, name) for name in Rollout.__slots__}


async def rollout(r: Reading, id_: str) -> Rollout | None:
    """One, with its approvals; inside a transaction nobody else changes it meanwhile."""
    return await _one(r, _held(r, id_))


async def running(r: Reading, id_: str) -> Rollout | None:
    """`rollout` for a run, which is past approvals: without them."""
    row = (await r.session.execute(_held(r, id_))).first()
    return _rollout(row, ()) if row is not None else None


def _held(r: Reading, id_: str) -> Select[Any]:
    query = _with_watch().where(RolloutRow.id == id_)
    return query.with_for_update(of=RolloutRow) if isinstance(r, Tx) else query


async def epoch(r: Reading, id_: str) -> int:
    """Which run of a rollout is its newest; -1 when there is no such rollout."""
    found = await r.session.scalar(select(WatchRow.epoch).where(WatchRow.rollout == id_))
    return -1 if found is None else found


async def change(tx: Tx, id_: str, **values: Any) -> None:
    """Columns by name."""
    await tx.session.execute(update(RolloutRow).where(RolloutRow.id == id_).values(values))


async def change_epoch(tx: Tx, id_: str, epoch_: int) -> None:
    """Which run is the newest: bookkeeping of the engine's, kept on the row so that it is checked with it."""
    await tx.session.execute(update(WatchRow).where(WatchRow.rollout == id_).values(epoch=epoch_))


async def watch(tx: Tx, id_: str, **values: Any) -> None:
    """What was seen, or when to look again."""
    if isinstance(values.get("seen"), Seen):
        values["seen"] = {**asdict(values["seen"]), "facts": dict(values["seen"].facts)}
    await tx.session.execute(update(WatchRow).where(WatchRow.rollout == id_).values(values))


async def watched(r: Reading, id_: str) -> tuple[datetime | None, datetime | None]:
    """Since when its cluster is silent, and since when it is degraded."""
    found = (
        await r.session.execute(select(WatchRow.silent_since, WatchRow.degraded_since).where(WatchRow.rollout == id_))
    ).first()
    return (found[0], found[1]) if found else (None, None)


async def of_deployments(r: Reading, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], list[Rollout]]:
    """By deployment, in the order of the train."""
    if not keys:
        return {}
    query = _with_watch().where(tuple_(RolloutRow.project, RolloutRow.number).in_(keys))
    found: dict[tuple[str, int], list[Rollout]] = {}
    for one in await _whole(r, query.order_by(RolloutRow.order, RolloutRow.id)):
        found.setdefault((one.project, one.number), []).append(one)
    return found


async def there(r: Reading, projects: Sequence[str], states: Sequence[RolloutState]) -> list[tuple[Rollout, str, str]]:
    """Rollouts in one of these states with their commit and release, newest first."""
    of = (DeploymentRow.project == RolloutRow.project) & (DeploymentRow.number == RolloutRow.number)
    query = _with_watch(DeploymentRow.sha, DeploymentRow.release).join(DeploymentRow, of)
    query = query.where(RolloutRow.project.in_(projects), RolloutRow.state.in_(states))
    rows = (await r.session.execute(query.order_by(RolloutRow.number.desc()))).all()
    return [(one, row.sha, row.release) for one, row in zip(await _approved(r, rows), rows, strict=True)]


async def standing(r: Reading, projects: Sequence[str], states: Sequence[RolloutState]) -> list[Rollout]:
    """Rollouts in one of these states, newest first, without their approvals: for lists of many projects."""
    query = _with_watch().where(RolloutRow.project.in_(projects), RolloutRow.state.in_(states))
    return [_rollout(row, ()) for row in await r.session.execute(query.order_by(RolloutRow.number.desc()))]


async def busy(r: Reading, of: Rollout) -> Rollout | None:
    """Another deployment's rollout that moves, or is stuck, on the same target."""
    states = [*MOVING, RolloutState.stuck]
    query = _with_watch().where(
        RolloutRow.project == of.project,
        RolloutRow.environment == of.environment,
        RolloutRow.region == of.region,
        RolloutRow.number != of.number,
        RolloutRow.state.in_(states),
    )
    return await _one(r, query.limit(1))


async def active(r: Reading, project: str, environment: str, region: str) -> Rollout | None:
    """What runs there: the healthy one."""
    return await _newest(r, project, environment, region, [RolloutState.healthy], None)


async def healthy_before(
    r: Reading, project: str, environment: str, region: str, number: int, *, other_than: str = ""
) -> Rollout | None:
    """The last one before deployment `number` that was healthy there, with another bundle than `other_than`."""
    well = [RolloutState.healthy, RolloutState.inactive]
    return await _newest(r, project, environment, region, well, number, other_than)


async def _newest(
    r: Reading,
    project: str,
    environment: str,
    region: str,
    states: Sequence[RolloutState],
    below: int | None,
    other_than: str = "",
) -> Rollout | None:
    query = _with_watch().where(
        RolloutRow.project == project,
        RolloutRow.environment == environment,
        RolloutRow.region == region,
        RolloutRow.state.in_(states),
        RolloutRow.healthy_at.is_not(None),
        RolloutRow.bundle != other_than,
    )
    if below is not None:
        query = query.where(RolloutRow.number < min(below, 2**31 - 1))
    return await _one(r, query.order_by(RolloutRow.number.desc()).limit(1))


async def others_open(r: Reading, project: str, environment: str, region: str, number: int) -> list[Rollout]:
    """Open rollouts of older deployments on the same target."""
    query = _with_watch().where(
        RolloutRow.project == project,
        RolloutRow.environment == environment,
        RolloutRow.region == region,
        RolloutRow.number < number,
        RolloutRow.state.in_(OPEN),
    )
    return await _whole(r, query)


async def due(r: Reading, now: datetime, limit: int) -> list[tuple[str, int, str, int, str]]:
    """(id, epoch, project, number, region) of those that are to be looked at now."""
    query = (
        select(RolloutRow.id, WatchRow.epoch, RolloutRow.project, RolloutRow.number, RolloutRow.region)
        .join(WatchRow, WatchRow.rollout == RolloutRow.id)
        .where(WatchRow.due_at <= now, RolloutRow.state.in_(OPEN))
        .order_by(WatchRow.due_at)
    )
    return [(i, e, p, n, g) for i, e, p, n, g in await r.session.execute(query.limit(limit))]


async def in_state(r: Reading, state: RolloutState, limit: int) -> list[Rollout]:
    """All in one state."""
    return await _whole(r, _with_watch().where(RolloutRow.state == state).limit(limit))


async def put_approval(tx: Tx, approval: Approval) -> None:
    """What somebody says of a rollout, over what the same person said before."""
    await tx.session.merge(ApprovalRow(**asdict(approval)))
    await tx.session.flush()


async def drop_approvals(tx: Tx, rollout_id: str) -> None:
    """Nobody has decided on it any more."""
    await tx.session.execute(delete(ApprovalRow).where(ApprovalRow.rollout == rollout_id))


def _with_watch(*more: Any) -> Select[Any]:
    # Columns: an entity that is read and thrown away costs ten times as much.
    columns = (*RolloutRow.__table__.columns, WatchRow.epoch, WatchRow.seen, WatchRow.due_at, *more)
    return select(*columns).join(WatchRow, WatchRow.rollout == RolloutRow.id)


async def _one(r: Reading, query: Select[Any]) -> Rollout | None:
    found = await _whole(r, query)
    return found[0] if found else None


async def _whole(r: Reading, query: Select[Any]) -> list[Rollout]:
    return await _approved(r, (await r.session.execute(query)).all())


async def _approved(r: Reading, rows: Sequence[Any]) -> list[Rollout]:
    if not rows:
        return []
    query = select(*ApprovalRow.__table__.columns).where(ApprovalRow.rollout.in_([row.id for row in rows]))
    approvals: dict[str, list[Approval]] = {}
    for a in await r.session.execute(query.order_by(ApprovalRow.at)):
        made = Approval(a.rollout, a.person, Decision(a.decision), a.bundle, a.comment, a.at)
        approvals.setdefault(a.rollout, []).append(made)
    return [_rollout(row, tuple(approvals.get(row.id, ()))) for row in rows]


def _rollout(row: Any, approvals: tuple[Approval, ...]) -> Rollout:
    return Rollout(
        id=row.id,
        project=row.project,
        number=row.number,
        environment=row.environment,
        region=row.region,
        cluster=row.cluster,
        order=row.order,
        needs=row.needs,
        bundle=row.bundle,
        state=RolloutState(row.state),
        epoch=row.epoch,
        why=row.why,
        seen=Seen(**row.seen) if row.seen else Seen(),
        previous=row.previous,
        asked_at=row.asked_at,
        started_at=row.started_at,
        healthy_at=row.healthy_at,
        soak_until=row.soak_until,
        ended_at=row.ended_at,
        due_at=row.due_at,
        halt_asked=row.halt_asked,
        back=row.back,
        approvals=approvals,
    )
