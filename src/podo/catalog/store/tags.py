"""SQL of plans of tags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, insert, or_, select, update

from podo.catalog.models import AssetRow, TagCallsRow, TagChangeRow, TagPlanRow
from podo.catalog.rules.tags import OURS
from podo.catalog.types import (
    Provider,
    TagChange,
    TagChangeState,
    TagPlan,
    TagPlanKind,
    TagPlanState,
)
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Page

_BATCH = 500


async def add_tag_plan(tx: Tx, plan: TagPlan, changes: Sequence[TagChange]) -> None:
    """A plan with all its changes."""
    tx.session.add(
        TagPlanRow(
            id=plan.id,
            kind=plan.kind,
            state=plan.state,
            at=plan.at,
            by=plan.by,
            assets=plan.assets,
            calls=plan.calls,
            undoes=plan.undoes,
            left=dict(plan.left),
            ended_at=None,
        )
    )
    await tx.session.flush()
    for first in range(0, len(changes), _BATCH):
        await tx.session.execute(insert(TagChangeRow), [_row(plan.id, it) for it in changes[first : first + _BATCH]])


async def tag_plan(r: Reading, id_: str) -> TagPlan | None:
    """One, with how far it is."""
    row = await r.session.get(TagPlanRow, id_, populate_existing=True)
    return _plan(row, await _counts(r, [id_])) if row else None


async def tag_plans(r: Reading, states: Collection[TagPlanState] = (), limit: int = 20) -> list[TagPlan]:
    """The newest, in these states alone where some are named."""
    query = select(TagPlanRow).order_by(TagPlanRow.at.desc(), TagPlanRow.id.desc()).limit(limit)
    rows = list(await r.session.scalars(query.where(TagPlanRow.state.in_(states)) if states else query))
    counts = await _counts(r, [row.id for row in rows])
    return [_plan(row, counts) for row in rows]


async def set_tag_plan(tx: Tx, id_: str, **facts: Any) -> None:
    """Change facts of a plan."""
    await tx.session.execute(update(TagPlanRow).where(TagPlanRow.id == id_).values(**facts))


async def tag_changes(r: Reading, plan: str, *, state: str = "", cursor: str = "", limit: int = 100) -> Page[TagChange]:
    """What a plan does, by call and ARN, with the assets' names; `next` is a cursor."""
    query = (
        select(TagChangeRow, AssetRow.name)
        .outerjoin(AssetRow, AssetRow.id == TagChangeRow.asset)
        .where(TagChangeRow.plan == plan)
        .order_by(TagChangeRow.batch, TagChangeRow.asset)
    )
    if state:
        query = query.where(TagChangeRow.state == state)
    if cursor:
        number, _, asset = cursor.partition(":")
        behind = (TagChangeRow.batch > int(number)) | ((TagChangeRow.batch == int(number)) & (TagChangeRow.asset > asset))
        query = query.where(behind)
    found = [_change(row, name or "") for row, name in await r.session.execute(query.limit(limit + 1))]
    more = found[limit - 1] if len(found) > limit else None
    return Page(found[:limit], f"{more.batch}:{more.asset}" if more else None)


async def all_tag_changes(r: Reading, plan: str, state: TagChangeState) -> list[TagChange]:
    """Every change of a plan that is so far."""
    query = select(TagChangeRow).where(TagChangeRow.plan == plan, TagChangeRow.state == state)
    return [_change(row, "") for row in await r.session.scalars(query)]


async def next_tag_changes(r: Reading, plan: str) -> list[TagChange]:
    """What waits of the call that was tried the least, then by number."""
    waiting = (TagChangeRow.plan == plan, TagChangeRow.state == TagChangeState.waiting)
    first = (
        await r.session.execute(
            select(TagChangeRow.batch, TagChangeRow.attempts)
            .where(*waiting)
            .order_by(TagChangeRow.attempts, TagChangeRow.batch)
            .limit(1)
        )
    ).first()
    if first is None:
        return []
    query = select(TagChangeRow).where(*waiting, TagChangeRow.batch == first.batch, TagChangeRow.attempts == first.attempts)
    return [_change(row, "") for row in await r.session.scalars(query.order_by(TagChangeRow.arn))]


async def set_tag_changes(tx: Tx, plan: str, assets: Collection[str], **facts: Any) -> None:
    """Change facts of some changes of a plan."""
    if assets:
        of = (TagChangeRow.plan == plan, TagChangeRow.asset.in_(assets))
        await tx.session.execute(update(TagChangeRow).where(*of).values(**facts))


async def pass_tag_changes(tx: Tx, plan: str, assets: Collection[str]) -> None:
    """What earlier plans wrote on these assets is past: this one wrote anew."""
    earlier = (TagChangeRow.asset.in_(assets), TagChangeRow.state == TagChangeState.written, TagChangeRow.plan != plan)
    if assets:
        await tx.session.execute(update(TagChangeRow).where(*earlier).values(state=TagChangeState.past))


async def drifted(r: Reading, limit: int) -> dict[str, Mapping[str, str]]:
    """Assets that bear other tags of ours than a plan wrote last (none that was an undo), and what it wrote."""
    rows = await r.session.execute(_drifted(TagChangeRow.asset, TagChangeRow.wanted).limit(limit))
    return {row.asset: row.wanted for row in rows}


async def count_drifted(r: Reading) -> int:
    """How many these are."""
    return await r.session.scalar(_drifted(func.count(TagChangeRow.asset.distinct()))) or 0


def _drifted(*columns: Any) -> Any:
    now, wanted = AssetRow.tags, TagChangeRow.wanted
    differs = [func.coalesce(now[key].as_string(), "") != func.coalesce(wanted[key].as_string(), "") for key in OURS]
    return (
        select(*columns)
        .select_from(TagChangeRow)
        .join(AssetRow, AssetRow.id == TagChangeRow.asset)
        .join(TagPlanRow, TagPlanRow.id == TagChangeRow.plan)
        .where(TagChangeRow.state == TagChangeState.written, TagPlanRow.kind != TagPlanKind.undo)
        .where(AssetRow.gone_at.is_(None), or_(*differs))
    )


async def tag_calls(r: Reading, day: date) -> int:
    """How many calls repaired drift on this day."""
    return await r.session.scalar(select(TagCallsRow.calls).where(TagCallsRow.day == day)) or 0


async def count_tag_calls(tx: Tx, day: date, calls: int) -> None:
    """So many more."""
    row = await tx.session.get(TagCallsRow, day) or TagCallsRow(day=day, calls=0)
    row.calls += calls
    tx.session.add(row)


async def _counts(r: Reading, plans: Sequence[str]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {id_: Counter() for id_ in plans}
    query = (
        select(TagChangeRow.plan, TagChangeRow.state, func.count())
        .where(TagChangeRow.plan.in_(plans))
        .group_by(TagChangeRow.plan, TagChangeRow.state)
    )
    for plan, state, count in await r.session.execute(query) if plans else []:
        counts[plan][state] = count
    return counts


def _row(plan: str, it: TagChange) -> Mapping[str, Any]:
    return {
        "plan": plan,
        "asset": it.asset,
        "batch": it.batch,
        "arn": it.arn,
        "provider": it.provider.value,
        "account": it.account,
        "region": it.region,
        "kind": it.kind,
        "wanted": dict(it.set),
        "dropped": list(it.drop),
        "former": dict(it.former),
        "state": it.state.value,
        "trouble": it.trouble,
        "why": it.why,
        "attempts": it.attempts,
    }


def _change(row: TagChangeRow, name: str) -> TagChange:
    return TagChange(
        asset=row.asset,
        arn=row.arn,
        provider=Provider(row.provider),
        account=row.account,
        region=row.region,
        kind=row.kind,
        set=row.wanted,
        drop=tuple(row.dropped),
        former=row.former,
        name=name,
        batch=row.batch,
        state=TagChangeState(row.state),
        trouble=row.trouble,
        why=row.why,
        attempts=row.attempts,
    )


def _plan(row: TagPlanRow, counts: Mapping[str, Counter[str]]) -> TagPlan:
    count = counts[row.id]
    return TagPlan(
        id=row.id,
        kind=TagPlanKind(row.kind),
        state=TagPlanState(row.state),
        at=row.at,
        by=row.by,
        assets=row.assets,
        calls=row.calls,
        waiting=count[TagChangeState.waiting],
        written=count[TagChangeState.written] + count[TagChangeState.past],
        failed=count[TagChangeState.failed],
        gone=count[TagChangeState.gone],
        undoes=row.undoes,
        run=row.run,
        why=row.why,
        ended_at=row.ended_at,
        left=row.left,
    )
