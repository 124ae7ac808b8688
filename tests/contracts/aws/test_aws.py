"""Our client of AWS on moto, and on what goes wrong between them."""

from __future__ import annotations

import asyncio
import socket

import pytest

from podo.clients.aws import (
    LISTINGS,
    Access,
    Aws,
    AwsCredentials,
    AwsInvalid,
    AwsRefused,
    AwsThrottled,
    AwsTokenExpired,
    AwsUnreachable,
    Connection,
    kind_of,
)
from podo.kernel.db import outside
from podo.kernel.errors import PodoError
from tests.contracts.aws import town
from tests.contracts.aws.conftest import ACCOUNT, KEYS, REGION
from tests.contracts.aws.plane import Fault, Plane, Said

BY_KIND = {listing.kind: listing for listing in LISTINGS}
# Moto has no listing of these: their shapes are those of botocore's service models, and were tried on nothing.
NOT_IN_MOTO = {"elasticache:serverlesscache"}


async def test_each_service_lists_what_was_never_tagged(wire: Plane, aws: Aws, access: Access) -> None:
    client = town.maker(wire.to)
    made = {kind: town.arn(kind, id_) for kind, id_ in (await asyncio.to_thread(town.of_compute, client)).items()}
    made |= await asyncio.to_thread(town.of_services, client)
    made |= await asyncio.to_thread(town.of_everywhere, client)
    assert made.keys() == BY_KIND.keys() - NOT_IN_MOTO
    for kind, arn in made.items():
        piece = await aws.listed(access, "us-east-1" if BY_KIND[kind].is_global else REGION, BY_KIND[kind])
        found = {item.arn: item for item in piece.items}
        assert arn in found, (kind, arn, list(found))
        assert kind_of(arn) == found[arn].kind == kind
        assert found[arn].name, kind
        assert not found[arn].tags, kind


async def test_lists_have_pages(wire: Plane, aws: Aws, access: Access) -> None:
    client = town.maker(wire.to)
    db = client("dynamodb")
    keys = {
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }

    def make() -> None:
        for n in range(130):
            arn = db.create_table(TableName=f"t-{n:03d}", **keys)["TableDescription"]["TableArn"]
            if n < 120:
                db.tag_resource(ResourceArn=arn, Tags=[{"Key": "n", "Value": str(n)}])

    await asyncio.to_thread(make)
    first = await aws.listed(access, REGION, BY_KIND["dynamodb:table"])
    second = await aws.listed(access, REGION, BY_KIND["dynamodb:table"], first.next)
    assert (len(first.items), len(second.items), second.next) == (100, 30, "")
    tagged = await aws.tagged(access, REGION)
    rest = await aws.tagged(access, REGION, tagged.next)
    found = {t.arn: t.tags["n"] for t in (*tagged.items, *rest.items)}
    # Moto ends a page before its hundredth tag.
    assert (len(tagged.items), len(found), rest.next) == (99, 120, "")


async def test_what_failed_of_a_call_that_says_200_is_told_by_arn(wire: Plane, aws: Aws, access: Access) -> None:
    sns = town.maker(wire.to)("sns")

    def make() -> list[str]:
        return [sns.create_topic(Name=f"t{n}")["TopicArn"] for n in range(3)]

    well, busy, gone = await asyncio.to_thread(make)
    wire.failing[busy] = Said(429, "Throttling", "Rate exceeded")
    wire.gone.add(gone)
    failed = await aws.tag(access, REGION, [well, busy, gone], {"podo-team": "team-7", "podo-team-name": "채팅 A팀"})
    assert {arn: (f.status, f.code) for arn, f in failed.items()} == {
        busy: (429, "Throttling"),
        gone: (404, "ResourceNotFoundException"),
    }
    assert await aws.tag(access, REGION, [busy], {"podo-team": "team-7"}) == {}
    read = await aws.tags_of(access, REGION, [well, busy, gone])
    assert read == {well: {"podo-team": "team-7", "podo-team-name": "채팅 A팀"}, busy: {"podo-team": "team-7"}}
    assert await aws.untag(access, REGION, [well], ["podo-team-name", "never-there"]) == {}
    assert (await aws.tags_of(access, REGION, [well]))[well] == {"podo-team": "team-7"}
    with pytest.raises(ValueError, match="20"):
        await aws.tag(access, REGION, ["a"] * 21, {"a": "b"})


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        (Fault("answer", "GetResources", times=9), AwsThrottled),
        (Fault("answer", "GetResources", times=9, status=503, code="ServiceUnavailable"), AwsUnreachable),
        (Fault("answer", "GetResources", code="AccessDeniedException", message="not allowed: tag:GetResources"), AwsRefused),
        (Fault("answer", "GetResources", code="ExpiredTokenException", message="expired"), AwsCredentials),
        (Fault("answer", "GetResources", code="InvalidParameterException", message="no"), AwsInvalid),
        (Fault("answer", "GetResources", code="PaginationTokenExpiredException", message="old"), AwsTokenExpired),
        (Fault("refused", "GetResources", times=9), AwsUnreachable),
        (Fault("half", "GetResources", times=9), AwsUnreachable),
    ],
)
async def test_what_goes_wrong_is_said_in_a_persons_words(
    wire: Plane, aws: Aws, access: Access, fault: Fault, wanted: type[PodoError]
) -> None:
    wire.faults.append(fault)
    with pytest.raises(wanted) as caught:
        await aws.tagged(access, REGION)
    so, do = caught.value.said()
    assert so
    assert do
    assert "{" not in so + do
    # What passes is tried three times, and nothing else a second time.
    assert len(wire.calls) == (3 if wanted in (AwsThrottled, AwsUnreachable) else 1)


@pytest.mark.parametrize("manner", ["answer", "refused", "lost", "half"])
async def test_what_passes_is_waited_for(wire: Plane, aws: Aws, access: Access, manner: str) -> None:
    wire.faults.append(Fault(manner, "GetResources", times=2))  # type: ignore[arg-type]
    assert (await aws.tagged(access, REGION)).items == ()
    assert len(wire.calls) == 3


async def test_a_role_is_taken_on_once_and_its_keys_are_used(wire: Plane, aws: Aws) -> None:
    role = Access("210987654321", "arn:aws:iam::210987654321:role/podo", "a-secret-word")
    topics = town.maker(wire.to)("sns")
    await asyncio.to_thread(topics.create_topic, Name="of-the-first")
    assert (await aws.listed(role, REGION, BY_KIND["sns:topic"])).items == ()
    assert (await aws.listed(Access(ACCOUNT), REGION, BY_KIND["sns:topic"])).items != ()
    await aws.listed(role, REGION, BY_KIND["sqs:queue"])
    assumed = [body for name, body in wire.calls if name == "AssumeRole"]
    assert len(assumed) == 1
    assert "ExternalId=a-secret-word" in assumed[0]
    wire.faults.append(Fault("answer", "AssumeRole", status=403, code="AccessDenied", message="is not authorized"))
    with pytest.raises(AwsCredentials):
        await aws.listed(Access("333333333333", "arn:aws:iam::333333333333:role/podo"), REGION, BY_KIND["sns:topic"])


async def test_a_silent_aws_is_given_up(access: Access) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        aws = Aws(Connection(endpoint=url, keys=KEYS, timeout=0.2, pauses=(), before_call=outside))
        with pytest.raises(AwsUnreachable):
            await aws.tagged(access, REGION)
        await aws.close()
