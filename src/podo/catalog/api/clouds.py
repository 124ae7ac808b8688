"""Accounts of clouds, and plans of tags, as JSON."""

from __future__ import annotations

from podo.catalog import service
from podo.catalog.api.cloud_shapes import (
    AccountIn,
    AccountOut,
    DriftOut,
    InventoryOut,
    TagChangeOut,
    TagChangesOut,
    TagPlanIn,
    TagPlanOut,
)
from podo.catalog.types import GOVERN, READ, TAG, CatalogSettings, CloudAccount, Provider
from podo.kernel import clock
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn

routes = Routes("catalog", tag="Clouds")


@routes.api("GET", "/api/v1/cloud-accounts", verb="catalog.accounts", permission=READ.id)
async def accounts(w: Web = WebIn) -> list[AccountOut]:
    """All accounts, and how the last looks into them went."""
    async with w.reading() as r:
        looks = await service.inventories(r)
        found = await service.accounts(r)
    return [AccountOut.of(a, [i for i in looks if (i.provider, i.account) == (a.provider, a.id)]) for a in found]


@routes.api("PUT", "/api/v1/cloud-accounts/{provider}/{account}", verb="catalog.set_account", permission=GOVERN.id, status=204)
async def set_account(provider: Provider, account: str, wanted: AccountIn, w: Web = WebIn) -> None:
    """Add or change the account of the address. Its first inventory begins within seconds."""
    made = CloudAccount(
        provider, account, wanted.name, tuple(wanted.regions), wanted.role, wanted.external_id, wanted.team, wanted.kind
    )
    async with w.transaction() as tx:
        await service.set_account(tx, made)


@routes.api(
    "DELETE", "/api/v1/cloud-accounts/{provider}/{account}", verb="catalog.remove_account", permission=GOVERN.id, status=204
)
async def remove_account(provider: Provider, account: str, w: Web = WebIn) -> None:
    """Ask this account no more. What was seen in it stays known."""
    async with w.transaction() as tx:
        await service.remove_account(tx, provider, account)


@routes.api("GET", "/api/v1/cloud-accounts/{provider}/{account}/inventory", verb="catalog.inventories", permission=READ.id)
async def inventories(provider: Provider, account: str, w: Web = WebIn) -> list[InventoryOut]:
    """How the last look at each list of an account went, and what to do about those that failed."""
    async with w.reading() as r:
        await service.account(r, provider, account)
        return [InventoryOut.of(look) for look in await service.inventories(r, provider, account)]


@routes.api(
    "POST",
    "/api/v1/cloud-accounts/{provider}/{account}/inventory",
    verb="catalog.ask_inventory",
    permission=GOVERN.id,
    status=202,
)
async def ask_inventory(provider: Provider, account: str, w: Web = WebIn) -> None:
    """Look into an account now."""
    async with w.transaction() as tx:
        await service.ask_inventory(tx, provider, account)


@routes.api("GET", "/api/v1/tag-plans", verb="catalog.tag_plans", permission=READ.id)
async def tag_plans(w: Web = WebIn) -> list[TagPlanOut]:
    """The newest plans of tags."""
    async with w.reading() as r:
        return [TagPlanOut.of(plan) for plan in await service.tag_plans(r)]


@routes.api("POST", "/api/v1/tag-plans", verb="catalog.plan_tags", permission=TAG.id, status=201)
async def plan_tags(wanted: TagPlanIn, w: Web = WebIn) -> TagPlanOut:
    """Plan the tags of all assets, of an account or of a team's. Nothing is written."""
    async with w.reading() as r:
        await service.may_tag(r)
        draft = await service.draft_tags(r, provider=wanted.provider, account=wanted.account, team=wanted.team)
    async with w.transaction() as tx:
        return TagPlanOut.of(await service.plan_tags(tx, draft))


@routes.api("GET", "/api/v1/tag-plans/{plan}", verb="catalog.tag_plan", permission=READ.id)
async def tag_plan(plan: str, w: Web = WebIn) -> TagPlanOut:
    """A plan, and how far it is."""
    async with w.reading() as r:
        return TagPlanOut.of(await service.tag_plan(r, plan))


@routes.api("GET", "/api/v1/tag-plans/{plan}/changes", verb="catalog.tag_changes", permission=READ.id)
async def tag_changes(plan: str, state: str = "", cursor: str = "", limit: int = 100, w: Web = WebIn) -> TagChangesOut:
    """What a plan does to each asset, call by call."""
    async with w.reading() as r:
        page = await service.tag_changes(r, plan, state=state, cursor=cursor, limit=limit)
    return TagChangesOut(items=[TagChangeOut.of(it) for it in page.items], next=page.next)


@routes.api("POST", "/api/v1/tag-plans/{plan}/apply", verb="catalog.apply_tags", permission=TAG.id, status=202)
async def apply_tags(plan: str, w: Web = WebIn) -> None:
    """Write a plan, or go on with one that rests."""
    async with w.transaction() as tx:
        await service.apply_tags(tx, plan)


@routes.api("POST", "/api/v1/tag-plans/{plan}/pause", verb="catalog.pause_tags", permission=TAG.id, status=204)
async def pause_tags(plan: str, w: Web = WebIn) -> None:
    """Let a plan rest after the call under way."""
    async with w.transaction() as tx:
        await service.pause_tags(tx, plan)


@routes.api("DELETE", "/api/v1/tag-plans/{plan}", verb="catalog.withdraw_tags", permission=TAG.id, status=204)
async def withdraw_tags(plan: str, w: Web = WebIn) -> None:
    """Throw a plan away, or what is left of it. What it wrote stays."""
    async with w.transaction() as tx:
        await service.withdraw_tags(tx, plan)


@routes.api("POST", "/api/v1/tag-plans/{plan}/undo", verb="catalog.undo_tags", permission=TAG.id, status=201)
async def undo_tags(plan: str, w: Web = WebIn) -> TagPlanOut:
    """Plan to put back what stood there before a plan was written."""
    async with w.transaction() as tx:
        return TagPlanOut.of(await service.undo_tags(tx, plan))


@routes.api("GET", "/api/v1/tag-drift", verb="catalog.tag_drift", permission=READ.id)
async def tag_drift(w: Web = WebIn) -> DriftOut:
    """How many assets bear other tags than Podo wrote, and the day's calls."""
    async with w.reading() as r:
        drifted, calls = await service.count_drift(r), await service.drift_calls(r, clock.now().date())
    return DriftOut(assets=drifted, calls_today=calls, calls_a_day=w.house.settings[CatalogSettings].tag_calls_a_day)
