"""Rollouts, what is watched of them, and approvals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from podo.delivery.models import ApprovalRow, DeploymentRow, RolloutRow, WatchRow
from podo.delivery.types import MOVING, OPEN, Approval, Decision, Rollout, RolloutState, Seen, Standing
from podo.kernel.db import Reading, Tx

_KEPT = frozenset({"seen", "due_at", "approvals", "epoch"})

# Tables, not entities: one that is read and thrown away costs ten times as much. And what each step asks is put together once.
_R: Any = RolloutRow.__table__
_W: Any = WatchRow.__table__
_A: Any = ApprovalRow.__table__
_D: Any = DeploymentRow.__table__
_ALL = select(_R, _W.c.epoch, _W.c.seen, _W.c.due_at).join(_W, _W.c.rollout == _R.c.id)
_HELD = _ALL.add_columns(_W.c.silent_since, _W.c.degraded_since).where(_R.c.id == bindparam("of"))
_HELD_FAST = _HELD.with_for_update(of=_R)
_EPOCH = select(_W.c.epoch).where(_W.c.rollout == bindparam("of"))
_THERE = _ALL.where(
    _R.c.project == bindparam("project"),
    _R.c.environment == bindparam("environment"),
    _R.c.region == bindparam("region"),
    _R.c.state.in_(bindparam("states", expanding=True)),
)
_HEALTH = func.coalesce(_W.c.seen["health"].as_string(), Seen().health)
_STANDING = (
    select(*(_R.c[name] for name in Standing.__slots__ if name not in ("health", "state")), _HEALTH, _R.c.state)
    .join(_W, _W.c.rollout == _R.c.id)
    .where(_R.c.project.in_(bindparam("projects", expanding=True)), _R.c.state.in_(bindparam("states", expanding=True)))
    .order_by(_R.c.number.desc())
)
_HEALTHY_WITH = (
    select(_R.c.number, _R.c.region, _R.c.healthy_at)
    .join(_D, (_D.c.project == _R.c.project) & (_D.c.number == _R.c.number))
    .where(_R.c.project == bindparam("of"), _R.c.environment == bindparam("in"), _D.c.sha == bindparam("sha"))
    .where(_R.c.healthy_at <= bindparam("at"))
    .order_by(_R.c.number.desc(), _R.c.order, _R.c.id)
    .limit(100)
)


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
    found = await _approved(r, (await r.session.execute(_held(r), {"of": id_})).all())
    return found[0] if found else None


async def running(r: Reading, id_: str) -> Rollout | None:
    """`rollout` for a run, which is past approvals: without them."""
    row = (await r.session.execute(_held(r), {"of": id_})).first()
    return _rollout(row, ()) if row is not None else None


async def watched(r: Reading, id_: str) -> tuple[Rollout, datetime | None, datetime | None] | None:
    """`running`, with since when its cluster is silent, and since when it is degraded."""
    row = (await r.session.execute(_held(r), {"of": id_})).first()
    return (_rollout(row, ()), row.silent_since, row.degraded_since) if row is not None else None


def _held(r: Reading) -> Select[Any]:
    return _HELD_FAST if isinstance(r, Tx) else _HELD


async def epoch(r: Reading, id_: str) -> int:
    """Which run of a rollout is its newest; -1 when there is no such rollout."""
    found = await r.session.scalar(_EPOCH, {"of": id_})
    return -1 if found is None else found


async def change(tx: Tx, id_: str, **values: Any) -> None:
    """Columns by name."""
    await tx.session.execute(update(_R).where(_R.c.id == id_).values(values))


async def watch(tx: Tx, id_: str, **values: Any) -> None:
    """What was seen, when to look again, or (`epoch`) which run is the newest: the engine's, kept here to be checked with it."""
    if isinstance(values.get("seen"), Seen):
        values["seen"] = {**asdict(values["seen"]), "facts": dict(values["seen"].facts)}
    await tx.session.execute(update(_W).where(_W.c.rollout == id_).values(values))


async def of_deployments(r: Reading, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], list[Rollout]]:
    """By deployment, in the order of the train."""
    if not keys:
        return {}
    mine = tuple_(_R.c.project, _R.c.number).in_(keys)
    if len(keys) == 1:
        # The usual, which is looked up by an index everywhere.
        [(project, number)] = keys
        mine = (_R.c.project == project) & (_R.c.number == number)
    found: dict[tuple[str, int], list[Rollout]] = {}
    for one in await _whole(r, _ALL.where(mine).order_by(_R.c.order, _R.c.id)):
        found.setdefault((one.project, one.number), []).append(one)
    return found


async def there(r: Reading, projects: Sequence[str], states: Sequence[RolloutState]) -> list[tuple[Rollout, str, str]]:
    """Rollouts in one of these states with their commit and release, newest first."""
    query = _ALL.add_columns(_D.c.sha, _D.c.release).join(_D, (_D.c.project == _R.c.project) & (_D.c.number == _R.c.number))
    query = query.where(_R.c.project.in_(projects), _R.c.state.in_(states))
    rows = (await r.session.execute(query.order_by(_R.c.number.desc()))).all()
    return [(one, row.sha, row.release) for one, row in zip(await _approved(r, rows), rows, strict=True)]


async def standing(r: Reading, projects: Sequence[str], states: Sequence[RolloutState]) -> list[Standing]:
    """Rollouts in one of these states, newest first: for lists of many projects."""
    rows = await r.session.execute(_STANDING, {"projects": list(projects), "states": list(states)})
    return [Standing(*rest, state=RolloutState(state)) for *rest, state in rows]


async def healthy_with(r: Reading, project: str, environment: str, sha: str, at: datetime) -> list[tuple[int, str, datetime]]:
    """(number, region, since when) of what was healthy there at a time with this commit, newest deployment first."""
    asked = {"of": project, "in": environment, "sha": sha, "at": at}
    return [(number, region, since) for number, region, since in await r.session.execute(_HEALTHY_WITH, asked)]


async def busy(r: Reading, of: Rollout) -> Rollout | None:
    """Another deployment's rollout that moves, or is stuck, on the same target; without its approvals."""
    place = {"project": of.project, "environment": of.environment, "region": of.region}
    query = _THERE.where(_R.c.number != of.number).limit(1)
    row = (await r.session.execute(query, {**place, "states": [*MOVING, RolloutState.stuck]})).first()
    return _rollout(row, ()) if row is not None else None


async def healthy_in(r: Reading, project: str, environment: str, region: str) -> list[Rollout]:
    """What is healthy on a target, without approvals."""
    place = {"project": project, "environment": environment, "region": region, "states": [RolloutState.healthy]}
    return [_rollout(row, ()) for row in await r.session.execute(_THERE, place)]


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
    query = _THERE.where(_R.c.healthy_at.is_not(None), _R.c.bundle != other_than)
    if below is not None:
        query = query.where(_R.c.number < min(below, 2**31 - 1))
    place = {"project": project, "environment": environment, "region": region, "states": list(states)}
    row = (await r.session.execute(query.order_by(_R.c.number.desc()).limit(1), place)).first()
    return _rollout(row, ()) if row is not None else None


async def others_open(r: Reading, project: str, environment: str, region: str, number: int) -> list[Rollout]:
    """Open rollouts of older deployments on the same target, without approvals."""
    place = {"project": project, "environment": environment, "region": region, "states": list(OPEN)}
    return [_rollout(row, ()) for row in await r.session.execute(_THERE.where(_R.c.number < number), place)]


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
    return await _whole(r, _ALL.where(_R.c.state == state).limit(limit))


async def put_approval(tx: Tx, approval: Approval) -> None:
    """What somebody says of a rollout, over what the same person said before."""
    dialect = sqlite if tx.session.get_bind().dialect.name == "sqlite" else postgresql
    said = asdict(approval)
    insert = dialect.insert(_A).values(said)
    await tx.session.execute(insert.on_conflict_do_update(index_elements=[_A.c.rollout, _A.c.person], set_=said))


async def drop_approvals(tx: Tx, rollout_id: str) -> None:
    """Nobody has decided on it any more."""
    await tx.session.execute(delete(ApprovalRow).where(ApprovalRow.rollout == rollout_id))


async def _whole(r: Reading, query: Select[*tuple[Any, ...]]) -> list[Rollout]:
    return await _approved(r, (await r.session.execute(query)).all())


async def _approved(r: Reading, rows: Sequence[Any]) -> list[Rollout]:
    if not rows:
        return []
    query = select(_A).where(_A.c.rollout.in_([row.id for row in rows]))
    approvals: dict[str, list[Approval]] = {}
    for a in await r.session.execute(query.order_by(_A.c.at)):
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
