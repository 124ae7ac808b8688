"""Looking into an account, and writing tags, × every step × every fault: what is said is so, nothing is removed in error."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from podo.catalog import service
from podo.catalog.handlers import look_into_accounts
from podo.catalog.types import AccountKind, AssetQuery, CloudAccount, Provider, SeenAsset, TagChangeState, TagPlanState
from podo.kernel import clock
from tests.domains.catalog import town
from tests.domains.catalog.test_inventory import twin
from tests.domains.catalog.town import EMMA
from tests.houses import Living, living
from tests.sweeps.faults import PASSING, Saboteur, cases, settled

pytestmark = pytest.mark.timeout(300)
ACCOUNT = CloudAccount(Provider.gcp, "podo-test", "Podo", kind=AccountKind.twin)
KIND = "pubsub.googleapis.com/Topic"


def _topic(n: int) -> SeenAsset:
    return SeenAsset(f"//pubsub.googleapis.com/t/{n:04d}", KIND, f"t-{n}", "asia", {"podo-project": "chat-api"})


async def _swept(house: Living, runs: str, one: Callable[[int, str, Saboteur], Awaitable[None]]) -> None:
    """Once without a fault, to see the steps; then once for each step and fault."""
    seen: list[str] = []
    number = 0
    while number == 0 or number <= len(cases(seen)):
        step, fault = cases(seen)[number - 1] if number else ("", None)
        by = Saboteur(house.house.durable, runs, step, fault)
        await one(number, f"{step}, {fault}", by)
        assert fault is None or by.met, f"never came to {step}, {fault}"
        seen = seen or by.seen
        number += 1
    assert number > 8


async def _sabotaged(house: Living, by: Saboteur, act: Callable[[], Awaitable[object]]) -> None:
    house.house.durable.interference = by
    try:
        await act()
        await settled(house, by)
    finally:
        house.house.durable.interference = None


async def _known(house: Living) -> set[str]:
    found, cursor = set[str](), ""
    async with house.reading(EMMA) as r:
        while True:
            page = await service.assets(r, AssetQuery(account=ACCOUNT.id), cursor=cursor, limit=200)
            found |= {a.arn for a in page.items}
            if not page.next:
                return found
            cursor = page.next


async def test_an_account_is_known_as_it_is_and_tagged_as_is_said(tmp_path: Path) -> None:
    async with living(tmp_path / "house", town.DOMAINS, clusters=town.CLUSTERS, PODO_CATALOG_LOCAL_REPOSITORIES="true") as house:
        await town.found(house)
        await town.register(house)
        clouds = twin(house)
        async with house.transaction(EMMA) as tx:
            await service.set_account(tx, ACCOUNT)
        hours = 0

        async def look() -> None:
            nonlocal hours
            hours += 2
            with clock.shifted(timedelta(hours=hours)):
                await look_into_accounts(house.house)

        async def one_look(number: int, about: str, by: Saboteur) -> None:
            before = await _known(house)
            clouds.put(ACCOUNT.id, [_topic(2 * number), _topic(2 * number + 1)])
            clouds.remove(ACCOUNT.id, [_topic(2 * number - 1).arn])
            await _sabotaged(house, by, look)
            async with house.reading() as r:
                (last,) = await service.inventories(r)
            if by.fault is None or by.fault in PASSING:
                assert last.state == "done", about
            if last.state == "done":
                assert await _known(house) == set(clouds.there(ACCOUNT.id)), about
            else:
                assert last.why, about
                assert await _known(house) >= before, about

        await _swept(house, "inventory:", one_look)

        async def one_plan(number: int, about: str, by: Saboteur) -> None:
            # Others than before, who are gone.
            clouds.remove(ACCOUNT.id, list(clouds.there(ACCOUNT.id)))
            clouds.put(ACCOUNT.id, [_topic(1000 + 21 * number + n) for n in range(21)])
            await look()
            await house.settled()
            async with house.reading(EMMA) as r:
                draft = await service.draft_tags(r)
            async with house.transaction(EMMA) as tx:
                plan = await service.plan_tags(tx, draft)

            async def apply() -> None:
                async with house.transaction(EMMA) as tx:
                    await service.apply_tags(tx, plan.id)

            await _sabotaged(house, by, apply)
            await _as_said(house, plan.id, about, by)

        await _swept(house, "tags:", one_plan)


async def _as_said(house: Living, plan: str, about: str, by: Saboteur) -> None:
    """What is said to be written is there; what passes ends done; what rests can go on."""
    there = twin(house).there(ACCOUNT.id)
    async with house.reading() as r:
        now = await service.tag_plan(r, plan)
        changes = (await service.tag_changes(r, plan, limit=1000)).items
    for it in changes:
        if it.state is TagChangeState.written:
            assert there[it.arn].items() >= it.set.items(), about
    if by.fault is None or by.fault in PASSING:
        assert (now.state, now.written) == (TagPlanState.done, now.assets), about
    if now.state is TagPlanState.paused:
        assert now.why, about
        async with house.transaction(EMMA) as tx:
            await service.apply_tags(tx, plan)
        await house.settled()
        async with house.reading() as r:
            now = await service.tag_plan(r, plan)
    assert now.state is TagPlanState.done, about
    assert now.written + now.failed == now.assets, about
