"""Tags of assets: planned first, written after, read back, and taken back by a plan of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

from podo.access import service as access
from podo.access.types import On
from podo.catalog import store
from podo.catalog.rules import tags as rules
from podo.catalog.service.assets import tag_wishes, tag_wishes_of
from podo.catalog.types import (
    TAG,
    NoSuchPlan,
    NothingToTag,
    PlanNotSo,
    PlanUnderWay,
    TagChange,
    TagChangeState,
    TagDraft,
    TagPlan,
    TagPlanKind,
    TagPlanState,
    TagsApplied,
    TagsPaused,
    TagsPlanned,
    TagsWithdrawn,
    TagTrouble,
    TagWish,
)
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Page

# More than this is planned in several plans: one has to be looked through by somebody.
MOST_CHANGES = 20_000
_AT_ONCE = 1000


async def may_tag(r: Reading) -> None:
    """Ask before a draft is worked out for somebody. Raises `NotAllowed`."""
    await access.require(r, TAG, On())


async def draft_tags(r: Reading, *, provider: str = "", account: str = "", team: str = "") -> TagDraft:
    """What a plan would change now, in all accounts or one, of all owners or one team (id or handle); nothing is kept.

    Kinds that a cloud does not tag, and assets on which no tag has room, are counted by why. Raises `NoSuchTeam`.
    """
    only = (await access.team(r, team)).id if team else ""
    changes, left = await _differing(r, provider, account, only)
    batched = rules.batches(changes)
    return TagDraft(tuple(batched), rules.calls(batched), dict(left))


async def draft_drift(r: Reading, calls: int) -> TagDraft:
    """What Podo wrote, still wants, and is not there, as far as so many calls go. What it wants anew waits for a plan."""
    written = await store.drifted(r, MOST_CHANGES)
    names = {t.id: t.name for t in await access.teams(r)}
    changes = _changes(await tag_wishes_of(r, list(written)), names, (), Counter())
    kept, later = list[TagChange](), 0
    by_batch: dict[int, list[TagChange]] = {}
    for it in rules.batches([it for it in changes if written[it.asset] == it.set]):
        by_batch.setdefault(it.batch, []).append(it)
    for batch in by_batch.values():
        cost = rules.calls(batch)
        if later or cost > calls:
            later += len(batch)
            continue
        calls -= cost
        kept += batch
    return TagDraft(tuple(kept), rules.calls(kept), {"later": later} if later else {})


async def drift_calls(r: Reading, day: date) -> int:
    """How many calls repaired drift on this day."""
    return await store.tag_calls(r, day)


async def is_tagging(r: Reading) -> bool:
    """Whether a plan is being written."""
    return bool(await store.tag_plans(r, (TagPlanState.applying,), limit=1))


async def count_drift(r: Reading) -> int:
    """How many assets bear other tags than Podo wrote."""
    return await store.count_drifted(r)


async def _differing(r: Reading, provider: str, account: str, team: str) -> tuple[list[TagChange], Counter[str]]:
    names = {t.id: t.name for t in await access.teams(r)}
    changes, left = list[TagChange](), Counter[str]()
    for it in await store.accounts(r):
        if (provider and it.provider != provider) or (account and it.id != account):
            continue
        unsupported = {kind for look in await store.inventories(r, it.provider, it.id) for kind in look.unsupported}
        cursor: str | None = ""
        while cursor is not None and len(changes) < MOST_CHANGES:
            page = await tag_wishes(r, it.provider, it.id, cursor=cursor, limit=_AT_ONCE)
            wishes = [wish for wish in page.items if not team or wish.team == team]
            changes += _changes(wishes, names, unsupported, left)
            cursor = page.next
    return changes[:MOST_CHANGES], left


def _changes(
    wishes: Sequence[TagWish], names: dict[str, str], unsupported: Collection[str], left: Counter[str]
) -> list[TagChange]:
    found: list[TagChange] = []
    for wish in wishes:
        made = rules.change(wish, names.get(wish.team or "", ""))
        if isinstance(made, TagChange) and wish.kind in unsupported:
            made = TagTrouble.unsupported
        match made:
            case TagChange():
                found.append(made)
            case TagTrouble():
                left[made.value] += 1
            case None:
                pass
    return found


async def plan_tags(tx: Tx, draft: TagDraft, kind: TagPlanKind = TagPlanKind.asked, undoes: str = "") -> TagPlan:
    """Keep a draft as a plan; nothing is written yet. Raises `NothingToTag`."""
    await access.require(tx, TAG, On())
    if not draft.changes:
        raise NothingToTag()
    made = TagPlan(
        id=ids.new("tgp"),
        kind=kind,
        state=TagPlanState.planned,
        at=clock.now(),
        by=tx.actor.id,
        assets=len(draft.changes),
        calls=draft.calls,
        waiting=len(draft.changes),
        written=0,
        failed=0,
        gone=0,
        undoes=undoes,
        left=draft.left,
    )
    await store.add_tag_plan(tx, made, draft.changes)
    about = {"plan": made.id, "kind": kind.value, "subject": subject(made.id)}
    tx.say(TagsPlanned(**about, assets=made.assets, calls=made.calls))
    return made


async def tag_plan(r: Reading, id_: str) -> TagPlan:
    """A plan, and how far it is. Raises `NoSuchPlan`."""
    found = await store.tag_plan(r, id_)
    if found is None:
        raise NoSuchPlan(what="plan", name=id_)
    return found


async def tag_plans(r: Reading, limit: int = 20) -> list[TagPlan]:
    """The newest plans."""
    return await store.tag_plans(r, limit=limit)


async def tag_changes(r: Reading, plan: str, *, state: str = "", cursor: str = "", limit: int = 100) -> Page[TagChange]:
    """What a plan does to each asset, by call. Raises `NoSuchPlan`."""
    await tag_plan(r, plan)
    return await store.tag_changes(r, plan, state=state, cursor=cursor, limit=max(1, min(limit, 1000)))


async def apply_tags(tx: Tx, id_: str) -> TagPlan:
    """Let a plan be written, or go on. One at a time. Raises `NoSuchPlan`, `PlanNotSo`, `PlanUnderWay`."""
    await access.require(tx, TAG, On())
    was = await _in(tx, id_, "applied", TagPlanState.planned, TagPlanState.paused, TagPlanState.stuck)
    for other in await store.tag_plans(tx, (TagPlanState.applying,)):
        raise PlanUnderWay(plan=other.id)
    turn = ids.new("turn")
    await store.set_tag_plan(tx, id_, state=TagPlanState.applying, run=turn, why="")
    tx.say(TagsApplied(plan=id_, turn=turn, subject=subject(id_)))
    return replace(was, state=TagPlanState.applying, run=turn)


async def pause_tags(tx: Tx, id_: str) -> TagPlan:
    """Let a plan rest after the call under way: what is written stays. Raises `NoSuchPlan`, `PlanNotSo`."""
    await access.require(tx, TAG, On())
    was = await _in(tx, id_, "paused", TagPlanState.applying)
    await store.set_tag_plan(tx, id_, state=TagPlanState.paused)
    tx.say(TagsPaused(plan=id_, why="", subject=subject(id_)))
    return replace(was, state=TagPlanState.paused)


async def withdraw_tags(tx: Tx, id_: str) -> None:
    """Throw a plan away, or what is left of it. What it wrote stays: undo it. Raises `NoSuchPlan`, `PlanNotSo`."""
    await access.require(tx, TAG, On())
    await _in(tx, id_, "thrown away", TagPlanState.planned, TagPlanState.paused, TagPlanState.stuck)
    await store.set_tag_plan(tx, id_, state=TagPlanState.withdrawn, ended_at=clock.now())
    tx.say(TagsWithdrawn(plan=id_, subject=subject(id_)))


async def undo_tags(tx: Tx, id_: str) -> TagPlan:
    """Plan to put back what stood there before a plan was written; it is applied as any other.

    Raises `NoSuchPlan`, `PlanNotSo`, `NothingToTag` when it wrote nothing.
    """
    await access.require(tx, TAG, On())
    states = (TagPlanState.done, TagPlanState.paused, TagPlanState.withdrawn, TagPlanState.stuck)
    await _in(tx, id_, "undone", *states)
    written = await store.all_tag_changes(tx, id_, TagChangeState.written)
    batched = rules.batches([rules.back(it) for it in written])
    return await plan_tags(tx, TagDraft(tuple(batched), rules.calls(batched), {}), TagPlanKind.undo, undoes=id_)


async def _in(r: Reading, id_: str, wanted: str, *states: TagPlanState) -> TagPlan:
    found = await tag_plan(r, id_)
    if found.state not in states:
        raise PlanNotSo(state=found.state.value, wanted=wanted)
    return found


def subject(plan: str) -> str:
    """What events about a plan are about."""
    return f"tags/{plan}"
