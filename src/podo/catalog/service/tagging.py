"""How far a plan of tags is; told by the recording steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from podo.catalog import store
from podo.catalog.rules import tags as rules
from podo.catalog.service.accounts import account_facts
from podo.catalog.service.intake import take_assets
from podo.catalog.service.tags import subject
from podo.catalog.types import (
    GLOBAL,
    Provider,
    SeenAsset,
    TagChange,
    TagChangeState,
    TagPlan,
    TagPlanKind,
    TagPlanState,
    TagsDone,
    TagsPaused,
    TagsStuck,
    TagsWritten,
    TagTrouble,
)
from podo.kernel import clock
from podo.kernel.db import Reading, Tx

# What take_assets knows the source of what was read back by; it removes nothing.
_READ_BACK = "read-back"


async def next_tag_batch(tx: Tx, plan: str, run: str) -> dict[str, Any] | None:
    """The next call, as plain JSON; None when none waits, the plan rests, or another run is at it.

    `attempt` is how often it was tried; a call of an account that was removed meanwhile fails here.
    """
    found = await _mine(tx, plan, run)
    if found is None:
        return None
    while changes := await store.next_tag_changes(tx, plan):
        first = changes[0]
        account = await store.account(tx, first.provider, first.account)
        if account is not None:
            if found.kind is TagPlanKind.drift:
                await store.count_tag_calls(tx, clock.now().date(), rules.calls(changes))
            return _batch(changes, account_facts(account))
        gone = {"state": TagChangeState.failed, "trouble": TagTrouble.refused, "why": "the account was removed"}
        await store.set_tag_changes(tx, plan, [it.asset for it in changes], **gone)
    return None


async def note_tag_batch(
    tx: Tx,
    plan: str,
    run: str,
    batch: Mapping[str, Any],
    failed: Mapping[str, tuple[TagTrouble, str, str]],
    found: Mapping[str, Mapping[str, str] | None],
) -> None:
    """Note what became of each asset: written and seen so, gone, failed for good, or to be tried again."""
    if (mine := await _mine(tx, plan, run)) is None:
        return
    attempts = batch["attempt"] + 1
    written: list[str] = []
    lost = 0
    for arn, asset in batch["assets"].items():
        trouble, code, why = failed.get(arn) or _unseen(batch, found.get(arn))
        if trouble is None:
            written.append(arn)
            continue
        state = _state(trouble, attempts)
        lost += state is TagChangeState.failed
        told = f"{code}: {why}".strip(": ")
        await store.set_tag_changes(tx, plan, [asset], state=state, trouble=trouble.value, why=told, attempts=attempts)
    assets = [batch["assets"][arn] for arn in written]
    await store.set_tag_changes(tx, plan, assets, state=TagChangeState.written, trouble="", why="", attempts=attempts)
    if mine.kind is not TagPlanKind.drift:
        # A repair says what was said before: the plan that said it first can still be undone.
        await store.pass_tag_changes(tx, plan, assets)
    await _see(tx, plan, batch, {arn: found[arn] or {} for arn in written})
    if written or lost:
        about = {"plan": plan, "account": batch["account"]["id"], "place": batch["region"], "subject": subject(plan)}
        tx.say(TagsWritten(**about, count=len(written), failed=lost))


async def tag_batch_failed(tx: Tx, plan: str, run: str, batch: Mapping[str, Any], kind: str, why: str) -> None:
    """The cloud took nothing of a call: away, the plan rests and can go on; refused, its assets failed."""
    found = await _mine(tx, plan, run)
    if found is None:
        return
    if kind == "unavailable":
        await store.set_tag_plan(tx, plan, state=TagPlanState.paused, why=why)
        tx.say(TagsPaused(plan=plan, why=why, subject=subject(plan)))
        return
    trouble = TagTrouble.refused if kind == "refused" else TagTrouble.invalid
    facts = {"state": TagChangeState.failed, "trouble": trouble.value, "why": why, "attempts": batch["attempt"] + 1}
    await store.set_tag_changes(tx, plan, list(batch["assets"].values()), **facts)
    about = {"plan": plan, "account": batch["account"]["id"], "place": batch["region"], "subject": subject(plan)}
    tx.say(TagsWritten(**about, count=0, failed=len(batch["assets"])))


async def end_tag_plan(tx: Tx, plan: str, run: str) -> str:
    """Done, when nothing waits; the plan's state."""
    found = await store.tag_plan(tx, plan)
    if found is None:
        return ""
    if found.state is not TagPlanState.applying or found.run != run or found.waiting:
        return found.state.value
    await store.set_tag_plan(tx, plan, state=TagPlanState.done, ended_at=clock.now())
    tx.say(TagsDone(plan=plan, written=found.written, failed=found.failed, gone=found.gone, subject=subject(plan)))
    return TagPlanState.done.value


async def tag_plan_stuck(tx: Tx, plan: str, run: str, why: str) -> None:
    """Its run broke: what is written stays, and it can be applied again."""
    if await _mine(tx, plan, run) is not None:
        await store.set_tag_plan(tx, plan, state=TagPlanState.stuck, why=why)
        tx.say(TagsStuck(plan=plan, why=why, subject=subject(plan)))


async def _mine(r: Reading, plan: str, run: str) -> TagPlan | None:
    found = await store.tag_plan(r, plan)
    return found if found and found.state is TagPlanState.applying and found.run == run else None


def _batch(changes: list[TagChange], account: dict[str, Any]) -> dict[str, Any]:
    first = changes[0]
    return {
        "account": account,
        "region": first.region,
        "arns": [it.arn for it in changes],
        "assets": {it.arn: it.asset for it in changes},
        "kinds": {it.arn: it.kind for it in changes},
        "set": dict(first.set),
        "drop": list(first.drop),
        "attempt": first.attempts,
    }


def _unseen(batch: Mapping[str, Any], found: Mapping[str, str] | None) -> tuple[TagTrouble | None, str, str]:
    """No trouble when what was read back says what was written."""
    if found is not None and rules.is_written(batch["set"], batch["drop"], found):
        return None, "", ""
    if found is None and not batch["set"]:
        # All that it bore was removed: a cloud that leaves out what bears nothing says just that.
        return None, "", ""
    return TagTrouble.unseen, "", "it was written, and is not seen there"


def _state(trouble: TagTrouble, attempts: int) -> TagChangeState:
    if trouble is TagTrouble.gone:
        return TagChangeState.gone
    return TagChangeState.waiting if rules.is_tried_again(trouble, attempts) else TagChangeState.failed


async def _see(tx: Tx, plan: str, batch: Mapping[str, Any], found: Mapping[str, Mapping[str, str]]) -> None:
    """What was read back is what the assets bear now: the next plan sees it without waiting for an inventory."""
    provider, account = Provider(batch["account"]["provider"]), batch["account"]["id"]
    seen = [SeenAsset(arn, batch["kinds"][arn], "", batch["region"], tags) for arn, tags in found.items()]
    if seen:
        await take_assets(tx, provider, account, batch["region"] or GLOBAL, seen, source=_READ_BACK, run=plan)
