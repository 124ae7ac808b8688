"""Looking into accounts: what is seen stays, what a whole look did not see is gone, and one look at a time wins."""

from __future__ import annotations

from datetime import timedelta

import pytest

from podo.access.types import NotAllowed
from podo.catalog import service
from podo.catalog.adapters.clouds import Clouds
from podo.catalog.adapters.memory import CloudTwin, Fault
from podo.catalog.handlers import look_into_accounts
from podo.catalog.ports import AssetReader
from podo.catalog.types import (
    AccountKind,
    AssetQuery,
    CloudAccount,
    CursorLost,
    InventoryState,
    NoSuchAccount,
    Provider,
    SeenAsset,
    WrongAccount,
    WrongAccountName,
    WrongAccountRegions,
    WrongRole,
)
from podo.clients.aws import AwsRefused, AwsUnreachable
from podo.kernel import clock
from tests.domains.catalog.town import EMMA, SEOYEON
from tests.houses import Living

KR = "ap-northeast-2"
SHOP = CloudAccount(Provider.aws, "123456789012", "Shop", (KR,), team="team-1", kind=AccountKind.twin)


def twin(house: Living) -> CloudTwin:
    """The simulated clouds of this house."""
    clouds = house.house.ports[AssetReader]  # type: ignore[type-abstract]
    assert isinstance(clouds, Clouds)
    assert isinstance(clouds.twin, CloudTwin)
    return clouds.twin


def bucket(n: int, **tags: str) -> SeenAsset:
    """A bucket in Korea."""
    return SeenAsset(f"arn:aws:s3:::b-{n:04d}", "s3:bucket", f"b-{n:04d}", KR, tags or None)


async def looked(house: Living) -> None:
    """The round came by, and all that it began has ended."""
    await look_into_accounts(house.house)
    await house.settled()


async def set_account(house: Living, account: CloudAccount = SHOP) -> None:
    """Emma, an SRE, adds it."""
    async with house.transaction(EMMA) as tx:
        await service.set_account(tx, account)
    await house.settled()


async def arns(house: Living) -> set[str]:
    """What Podo knows to be there."""
    found, cursor = set[str](), ""
    async with house.reading(EMMA) as r:
        while True:
            page = await service.assets(r, AssetQuery(account=SHOP.id), cursor=cursor)
            found |= {a.arn for a in page.items}
            if not page.next:
                return found
            cursor = page.next


async def state(house: Living, source: str) -> tuple[str, str, int]:
    """(state, why, gone) of the last look at a source of Korea."""
    async with house.reading() as r:
        found = {(i.region, i.source): i for i in await service.inventories(r, SHOP.provider, SHOP.id)}
    return found[KR, source].state.value, found[KR, source].why, found[KR, source].gone


async def test_accounts_are_sres_to_set_and_are_checked(house: Living) -> None:
    async with house.transaction(SEOYEON) as tx:
        with pytest.raises(NotAllowed):
            await service.set_account(tx, SHOP)
    wrong = {
        WrongAccount: CloudAccount(Provider.aws, "12345", "Shop", (KR,)),
        WrongAccountName: CloudAccount(Provider.aws, "123456789012", " ", (KR,)),
        WrongAccountRegions: CloudAccount(Provider.aws, "123456789012", "Shop", ("korea",)),
        WrongRole: CloudAccount(Provider.aws, "123456789012", "Shop", (KR,), role="podo"),
    }
    async with house.transaction(EMMA) as tx:
        for error, account in wrong.items():
            with pytest.raises(error):
                await service.set_account(tx, account)
        with pytest.raises(NoSuchAccount):
            await service.remove_account(tx, Provider.gcp, "podo-test")
        made = await service.set_account(tx, CloudAccount(Provider.gcp, "podo-test", "Podo", ("ignored",), team="chat"))
        assert (made.regions, made.team) == ((), "team-2")
        await service.remove_account(tx, Provider.gcp, "podo-test")
        assert [e.code for e, _ in tx.said if e.code.startswith("catalog.account")] == [
            "catalog.account_changed",
            "catalog.account_removed",
        ]


async def test_a_look_takes_all_pages_and_a_whole_one_alone_removes(house: Living) -> None:
    clouds = twin(house)
    clouds.put(SHOP.id, [bucket(n) for n in range(250)])
    clouds.put(SHOP.id, [SeenAsset("arn:aws:ecs:ap-northeast-2:1:service/q", "ecs:service", "q", KR, {"podo-team": "team-2"})])
    await set_account(house)
    await looked(house)
    assert len(await arns(house)) == 251
    assert await state(house, "services") == ("done", "", 0)
    # The second page of buckets does not come: what the first shows stays, and what is not seen is not gone.
    clouds.remove(SHOP.id, ["arn:aws:s3:::b-0000", "arn:aws:s3:::b-0249"])
    clouds.put(SHOP.id, [SeenAsset("arn:aws:s3:::a-new", "s3:bucket", "a-new", KR)])
    clouds.faults.append(Fault("read", AwsUnreachable(service="s3", region=KR, why="cut"), times=100, after=1))
    with clock.shifted(timedelta(hours=2)):
        await look_into_accounts(house.house)
        await house.settled()
    states = [await state(house, source) for source in ("services", "tags")]
    assert {s for s, _, _ in states} <= {"waiting", "done"}
    assert "arn:aws:s3:::b-0249" in await arns(house)
    clouds.faults.clear()
    with clock.shifted(timedelta(hours=4)):
        await looked(house)
    assert len(await arns(house)) == 250
    assert "arn:aws:s3:::b-0000" not in await arns(house)
    assert await state(house, "services") == ("done", "", 2)


async def test_what_only_the_list_of_tags_shows_is_gone_when_that_list_does_not(house: Living) -> None:
    clouds = twin(house)
    queue = SeenAsset("arn:aws:ecs:ap-northeast-2:1:service/q", "ecs:service", "q", KR, {"podo-team": "team-2"})
    clouds.put(SHOP.id, [queue, bucket(1)])
    await set_account(house)
    await looked(house)
    assert await arns(house) == {queue.arn, bucket(1).arn}
    clouds.remove(SHOP.id, [queue.arn])
    with clock.shifted(timedelta(hours=2)):
        await looked(house)
    # A bucket without tags is in no list of tags: its own service's list says that it is there.
    assert await arns(house) == {bucket(1).arn}


async def test_what_is_refused_is_said_once_with_what_to_do_and_forgotten_when_it_goes_well(house: Living) -> None:
    clouds = twin(house)
    clouds.put(SHOP.id, [bucket(1)])
    refused = AwsRefused(account=SHOP.id, service="s3", why="AccessDenied: s3:ListAllMyBuckets")
    clouds.faults.append(Fault("read", refused, times=1000))
    await set_account(house)
    await looked(house)
    with clock.shifted(timedelta(minutes=11)):
        await looked(house)
    async with house.reading() as r:
        known = await service.inventories(r, SHOP.provider, SHOP.id)
    assert {i.state for i in known} == {InventoryState.refused}
    assert all("s3:ListAllMyBuckets" in i.why and "docs/catalog.md" in i.do for i in known)
    clouds.faults.clear()
    with clock.shifted(timedelta(minutes=12)):
        async with house.transaction(EMMA) as tx:
            await service.ask_inventory(tx, SHOP.provider, SHOP.id)
        await looked(house)
    assert await state(house, "services") == ("done", "", 0)
    said = await _said(house)
    assert said.count("catalog.inventory_failed") == said.count("catalog.inventory_recovered") == len(known)


async def test_a_list_that_forgot_its_place_begins_anew(house: Living) -> None:
    clouds = twin(house)
    clouds.put(SHOP.id, [bucket(n) for n in range(1, 150)])
    clouds.faults.append(Fault("read", CursorLost(source="services"), times=2))
    await set_account(house)
    await looked(house)
    assert len(await arns(house)) == 149
    assert await state(house, "services") == ("done", "", 0)


async def test_of_two_looks_at_once_one_wins(house: Living) -> None:
    await set_account(house)
    place = (SHOP.provider, SHOP.id, KR, "services")
    async with house.transaction() as tx:
        assert await service.begin_inventory(tx, *place, "first")
        assert not await service.begin_inventory(tx, *place, "second")
        assert await service.take_inventory(tx, *place, "first", [bucket(1)], ())
        assert not await service.take_inventory(tx, *place, "second", [bucket(2)], ())
        assert await service.end_inventory(tx, *place, "second", ["s3:bucket"], None) == 0
        await service.inventory_failed(tx, *place, "second", "unavailable", "why", "do")
        assert await service.end_inventory(tx, *place, "first", ["s3:bucket"], None) == 0
    assert await arns(house) == {bucket(1).arn}
    assert (await state(house, "services"))[0] == "done"


async def _said(house: Living) -> list[str]:
    from podo.kernel.events import log

    async with house.reading() as r:
        entries, _ = await log.history(r, log.Wanted(), limit=300)
    return [e.code for e in entries]
