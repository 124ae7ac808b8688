"""Tags: what would be written, plans with what they change, and how far they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import On
from podo.catalog import service
from podo.catalog.pages.assets import tabs
from podo.catalog.pages.wrong import say, sentence
from podo.catalog.types import (
    READ,
    TAG,
    CatalogSettings,
    TagChange,
    TagDraft,
    TagPlan,
    TagPlanKind,
    TagPlanState,
    TagTrouble,
)
from podo.kernel import clock
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import Tab, page

routes = Routes("catalog", tag="Clouds")
_SHOWN = 200

_STATES = {
    TagPlanState.planned: (N_("planned"), "secondary", "clock"),
    TagPlanState.applying: (N_("being written"), "accent", "sync"),
    TagPlanState.paused: (N_("rests"), "attention", "issue-opened"),
    TagPlanState.done: (N_("done"), "success", "check"),
    TagPlanState.stuck: (N_("stuck"), "danger", "alert"),
    TagPlanState.withdrawn: (N_("thrown away"), "secondary", "trash"),
}
_KINDS = {
    TagPlanKind.asked: N_("Tags of owners"),
    TagPlanKind.drift: N_("Repair of drift"),
    TagPlanKind.undo: N_("Undo of a plan"),
}
_TROUBLES = {
    TagTrouble.throttled: N_("the cloud let Podo wait too often"),
    TagTrouble.conflict: N_("somebody else was changing it"),
    TagTrouble.away: N_("its service did not answer"),
    TagTrouble.gone: N_("it is gone"),
    TagTrouble.invalid: N_("the cloud does not take it"),
    TagTrouble.refused: N_("Podo may not tag it"),
    TagTrouble.unsupported: N_("the cloud does not tag this kind"),
    TagTrouble.full: N_("it has no room for more tags"),
    TagTrouble.unseen: N_("it was written and is not seen there"),
}


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan in words, with the look of its mark."""

    plan: TagPlan
    title: str
    by: str
    state: str
    tone: str
    icon: str
    percent: float
    left: Sequence[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the same tags for some assets. Each line is (key, what it says now, what stood there, or empty)."""

    number: int
    account: str
    region: str
    lines: Sequence[tuple[str, str, str]]
    changes: Sequence[tuple[TagChange, str]]


@page("catalog/tags.html")
@dataclass(frozen=True, slots=True)
class TagsPage:
    """Plans, what drifted, and the day's calls."""

    tabs: Sequence[Tab]
    lines: Sequence[PlanLine]
    drifted: int
    calls: int
    calls_a_day: int
    can: bool
    accounts: Sequence[tuple[str, str]]
    trouble: str


@page("catalog/tag_plan.html")
@dataclass(frozen=True, slots=True)
class TagPlanPage:
    """A plan: what it changes call by call, how far it is, and what can be done with it."""

    tabs: Sequence[Tab]
    line: PlanLine
    calls: Sequence[Call]
    more: str
    state: str
    can: bool
    verbs: Sequence[str]


@page("catalog/_tag_plan.html")
@dataclass(frozen=True, slots=True)
class TagPlanPiece:
    """How far a plan is, read again while it is written."""

    line: PlanLine


@routes.page("/assets/tags", permission=READ.id)
async def plans(w: Web = WebIn) -> Response:
    """The page."""
    return await _show(w, "")


@routes.page("/assets/tags/{plan}", permission=READ.id)
async def one(plan: str, state: str = "", after: str = "", w: Web = WebIn) -> Response:
    """One plan; `state` narrows its assets, `after` is where the page goes on."""
    async with w.reading() as r:
        found = await service.tag_plan(r, plan)
        changes = await service.tag_changes(r, plan, state=state, cursor=after, limit=_SHOWN)
        names = await _names(w, [found])
        can = (await access.may(r, TAG, On())).allowed
    made = TagPlanPage(
        tabs=tabs("tags"),
        line=_line(w, found, names),
        calls=_calls(w, changes.items),
        more=f"/assets/tags/{plan}?state={state}&after={changes.next}" if changes.next else "",
        state=state,
        can=can,
        verbs=_verbs(found),
    )
    return await w.page(made, title=N_("Tags"), live="all")


@routes.page("/assets/tags/{plan}/progress", permission=READ.id)
async def progress(plan: str, w: Web = WebIn) -> Response:
    """How far it is."""
    async with w.reading() as r:
        found = await service.tag_plan(r, plan)
    return await w.fragment(TagPlanPiece(_line(w, found, await _names(w, [found]))))


@routes.form("/assets/tags", verb="catalog.plan_tags", permission=TAG.id)
async def plan_tags(w: Web = WebIn) -> Response:
    """Plan the tags of all assets, or of one account."""
    f = await form(w)
    provider, _, account = f["account"].partition("/")
    try:
        async with w.reading() as r:
            await service.may_tag(r)
            draft: TagDraft = await service.draft_tags(r, provider=provider, account=account)
        async with w.transaction() as tx:
            made = await service.plan_tags(tx, draft)
    except PodoError as error:
        if error.kind != "conflict":
            raise
        return await _show(w, sentence(w, error))
    return w.go(f"/assets/tags/{made.id}")


@routes.form("/assets/tags/{plan}/apply", verb="catalog.apply_tags", permission=TAG.id)
async def apply_tags(plan: str, w: Web = WebIn) -> Response:
    """Write it, or go on."""
    async with w.transaction() as tx:
        await service.apply_tags(tx, plan)
    return w.go(f"/assets/tags/{plan}", said=say(w, N_("The plan is being written.")))


@routes.form("/assets/tags/{plan}/pause", verb="catalog.pause_tags", permission=TAG.id)
async def pause_tags(plan: str, w: Web = WebIn) -> Response:
    """Let it rest."""
    async with w.transaction() as tx:
        await service.pause_tags(tx, plan)
    return w.go(f"/assets/tags/{plan}", said=say(w, N_("The plan rests after the call under way.")))


@routes.form("/assets/tags/{plan}/withdraw", verb="catalog.withdraw_tags", permission=TAG.id)
async def withdraw_tags(plan: str, w: Web = WebIn) -> Response:
    """Throw it away."""
    async with w.transaction() as tx:
        await service.withdraw_tags(tx, plan)
    return w.go("/assets/tags", said=say(w, N_("The plan is thrown away.")))


@routes.form("/assets/tags/{plan}/undo", verb="catalog.undo_tags", permission=TAG.id)
async def undo_tags(plan: str, w: Web = WebIn) -> Response:
    """Plan to take it back."""
    async with w.transaction() as tx:
        made = await service.undo_tags(tx, plan)
    return w.go(f"/assets/tags/{made.id}", said=say(w, N_("This plan puts back what stood there. Look at it, and apply it.")))


async def _show(w: Web, trouble: str) -> Response:
    async with w.reading() as r:
        found = await service.tag_plans(r)
        names = await _names(w, found)
        accounts = await service.accounts(r)
        drifted, calls = await service.count_drift(r), await service.drift_calls(r, clock.now().date())
        can = (await access.may(r, TAG, On())).allowed
    made = TagsPage(
        tabs=tabs("tags"),
        lines=[_line(w, plan, names) for plan in found],
        drifted=drifted,
        calls=calls,
        calls_a_day=w.house.settings[CatalogSettings].tag_calls_a_day,
        can=can and bool(accounts),
        accounts=[("", say(w, N_("All accounts"))), *((f"{a.provider}/{a.id}", a.name) for a in accounts)],
        trouble=trouble,
    )
    return await w.page(made, title=N_("Tags"), status=409 if trouble else 200)


async def _names(w: Web, plans: Sequence[TagPlan]) -> Mapping[str, str]:
    async with w.reading() as r:
        return {id_: person.name for id_, person in (await access.people(r, {plan.by for plan in plans})).items()}


def _line(w: Web, plan: TagPlan, names: Mapping[str, str]) -> PlanLine:
    word, tone, icon = _STATES[plan.state]
    over = plan.written + plan.failed + plan.gone
    return PlanLine(
        plan=plan,
        title=say(w, _KINDS[plan.kind]),
        by=names.get(plan.by, "Podo"),
        state=say(w, word),
        tone=tone,
        icon=icon,
        percent=100 * over / plan.assets if plan.assets else 100,
        left=[(count, say(w, _why(name))) for name, count in plan.left.items()],
    )


def _why(name: str) -> str:
    return _TROUBLES[TagTrouble(name)] if name in set(TagTrouble) else N_("they wait for the next day’s calls")


def _calls(w: Web, changes: Sequence[TagChange]) -> list[Call]:
    calls: list[Call] = []
    for number, group in groupby(changes, key=lambda it: it.batch):
        items = list(group)
        first = items[0]
        keys = (*first.set, *first.drop)
        lines = [(key, first.set.get(key, ""), _was(items, key)) for key in keys]
        told = [(it, say(w, _TROUBLES[TagTrouble(it.trouble)]) if it.trouble else "") for it in items]
        calls.append(Call(number, first.account, first.region, lines, told))
    return calls


def _was(items: Sequence[TagChange], key: str) -> str:
    """What stood there before, in one or several spellings."""
    return ", ".join(sorted({it.former.get(key) or "" for it in items} - {""}))


def _verbs(plan: TagPlan) -> list[str]:
    """What can be done with a plan now."""
    match plan.state:
        case TagPlanState.planned:
            return ["apply", "withdraw"]
        case TagPlanState.applying:
            return ["pause"]
        case TagPlanState.paused | TagPlanState.stuck:
            return ["apply", "withdraw", *(["undo"] if plan.written else [])]
        case _:
            return ["undo"] if plan.written else []
