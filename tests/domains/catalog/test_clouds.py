"""From what is in AWS and GCP to its tags, through a whole house: moto behind our plane, and GCP's twin over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from podo.catalog import service
from podo.catalog.handlers import look_into_accounts
from podo.catalog.types import CloudAccount, Provider, TagPlan, TagPlanState
from podo.kernel import clock
from tests.contracts.aws import town as aws_town
from tests.contracts.aws.conftest import ACCOUNT, KEYS, REGION
from tests.contracts.aws.plane import Fault, Plane, Said, moto, plane
from tests.contracts.gcp.twin import Fault as GcpFault
from tests.contracts.gcp.twin import GcpTwin, twin
from tests.domains.catalog import town
from tests.domains.catalog.test_inventory import Living
from tests.domains.catalog.town import EMMA
from tests.houses import living

SHOP = CloudAccount(Provider.aws, ACCOUNT, "Shop", (REGION,))
ML = CloudAccount(Provider.gcp, "podo-test", "ML")
OURS = {"podo-team": "team-2", "podo-project": "chat-api", "podo-team-name": "Chat"}


@pytest.fixture
async def clouds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Living, Plane, GcpTwin]]:
    """A house that knows an account of each cloud, as SREs set it up."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret)
    with moto() as url:
        async with plane(url) as wire, twin() as far:
            async with living(
                tmp_path / "house",
                town.DOMAINS,
                clusters=town.CLUSTERS,
                PODO_CATALOG_LOCAL_REPOSITORIES="true",
                PODO_CATALOG_AWS_ENDPOINT=wire.url,
                PODO_CATALOG_GCP_ENDPOINT=far.url,
            ) as house:
                await town.found(house)
                await town.register(house)
                yield house, wire, far


async def _looked(house: Living, hours: int = 0) -> None:
    """Rounds, until nothing is due any more."""
    with clock.shifted(timedelta(hours=hours)):
        for _ in range(6):
            await look_into_accounts(house.house)
            await house.settled()


async def _known(house: Living, account: CloudAccount) -> dict[str, Any]:
    async with house.reading(EMMA) as r:
        found, cursor = dict[str, Any](), ""
        while True:
            page = await service.tag_wishes(r, account.provider, account.id, cursor=cursor)
            found |= {wish.arn: dict(wish.tags) for wish in page.items}
            if not page.next:
                return found
            cursor = page.next


async def _applied(house: Living) -> TagPlan:
    async with house.reading(EMMA) as r:
        draft = await service.draft_tags(r)
    async with house.transaction(EMMA) as tx:
        plan = await service.plan_tags(tx, draft)
        await service.apply_tags(tx, plan.id)
    await house.settled()
    async with house.reading() as r:
        return await service.tag_plan(r, plan.id)


async def test_what_is_in_clouds_is_known_and_tagged_although_calls_fail(clouds: tuple[Living, Plane, GcpTwin]) -> None:
    house, wire, far = clouds
    client = aws_town.maker(wire.to)
    said = [{"Key": "podo-project", "Value": "chat-api"}]

    def make() -> list[str]:
        topics = [client("sns").create_topic(Name=f"t-{n:03d}", Tags=said)["TopicArn"] for n in range(25)]
        volume = client("ec2").create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
        return [*topics, aws_town.arn("ec2:volume", volume)]

    *topics, volume = await asyncio.to_thread(make)
    for n in range(3):
        far.put(
            "pubsub.googleapis.com/Topic", f"//pubsub.googleapis.com/projects/podo-test/topics/t{n}", {"podo-project": "chat-api"}
        )
    far.put(
        "aiplatform.googleapis.com/Endpoint", "//aiplatform.googleapis.com/projects/1/endpoints/9", {"podo-project": "chat-api"}
    )
    # Lists are throttled, cut, and end in the midst; one is refused for good.
    wire.faults += [
        Fault("answer", "GetResources", times=2),
        Fault("half", "DescribeVolumes", times=1),
        Fault("refused", "ListTopics", times=1),
        Fault("answer", "DescribeSnapshots", times=99, code="UnauthorizedOperation", message="not authorized", status=403),
    ]
    far.faults.append(GcpFault("searchAllResources", status=429, times=1))
    async with house.transaction(EMMA) as tx:
        await service.set_account(tx, SHOP)
        await service.set_account(tx, ML)
    await _looked(house)
    known = await _known(house, SHOP)
    assert known.keys() >= {*topics, volume}
    assert known[topics[0]] == {"podo-project": "chat-api"}
    assert len(await _known(house, ML)) == 4
    async with house.reading() as r:
        looks = {(i.region, i.source): i for i in await service.inventories(r, SHOP.provider, SHOP.id)}
        (ml,) = await service.inventories(r, ML.provider, ML.id)
    assert {source: look.state for (_, source), look in looks.items() if look.state != "done"} == {"ec2:snapshot": "refused"}
    assert ml.unsupported == ("aiplatform.googleapis.com/Endpoint",)

    # One vanished since, one is throttled twice inside of a 200, one is not taken at all.
    wire.gone.add(topics[3])
    wire.failing = {
        topics[5]: Said(429, "Throttling", "Rate exceeded", times=2),
        topics[7]: Said(400, "InvalidParameterException", "no"),
    }
    far.faults.append(GcpFault("topics/t1", status=409, times=1))
    done = await _applied(house)
    assert (done.state, done.assets, done.written, done.failed, done.gone) == (TagPlanState.done, 28, 26, 1, 1)
    assert done.left == {"unsupported": 1}
    assert {name: held.labels for name, held in far.held.items() if "topics" in name} == {
        name: {**OURS, "podo-team-name": "chat"} for name in far.held if "topics" in name
    }
    tags = await asyncio.to_thread(client("sns").list_tags_for_resource, ResourceArn=topics[5])
    assert {pair["Key"]: pair["Value"] for pair in tags["Tags"]} == OURS

    await _nothing_is_left(house, wire)


async def _nothing_is_left(house: Living, wire: Plane) -> None:
    """The next look says the same, and what was not taken is all that the next plan writes."""
    calls = wire.tag_calls()
    await _looked(house, hours=2)
    again = await _applied(house)
    assert (again.assets, again.written) == (2, 1)
    assert wire.tag_calls() == calls + 1
