"""Our client of GCP on the twin, which is held to the vendor's discovery documents, and on what goes wrong between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from podo.catalog.adapters.gcp import GcpAssets
from podo.catalog.types import GLOBAL, CloudAccount, Provider, TagTrouble
from podo.clients.gcp import (
    KINDS,
    Connection,
    Gcp,
    GcpChanged,
    GcpCredentials,
    GcpGone,
    GcpInvalid,
    GcpRefused,
    GcpThrottled,
    GcpUnreachable,
    Labels,
    Pace,
)
from podo.kernel.db import outside
from podo.kernel.errors import PodoError
from tests.contracts.gcp.twin import NAMES, Fault, GcpTwin, twin

ACCOUNT = CloudAccount(Provider.gcp, "podo-test", "Podo")
TAGS = {"podo-team": "team-7", "podo-team-name": "채팅-a팀"}


@pytest.fixture
async def far() -> AsyncIterator[GcpTwin]:
    """GCP over HTTP."""
    async with twin() as made:
        yield made


@pytest.fixture
async def gcp(far: GcpTwin) -> AsyncIterator[Gcp]:
    """Our client of it."""
    made = Gcp(Connection(endpoint=far.url, timeout=5, pauses=(0.01, 0.02), before_call=outside))
    yield made
    await made.close()


async def test_each_service_takes_labels_by_its_own_call_and_keeps_the_others(far: GcpTwin, gcp: Gcp) -> None:
    assert NAMES.keys() == KINDS.keys()
    assets = GcpAssets(gcp)
    for kind, name in NAMES.items():
        far.put(kind, name, {"theirs": "stays", "old": "goes"})
    failed = await assets.write(ACCOUNT, GLOBAL, list(NAMES.values()), TAGS, ["old", "never-there"])
    assert failed == {}
    wanted = {**TAGS, "theirs": "stays"}
    assert {name: held.labels for name, held in far.held.items()} == dict.fromkeys(far.held, wanted)
    assert await assets.tags(ACCOUNT, GLOBAL, list(NAMES.values())) == dict.fromkeys(far.held, wanted)
    writes = len([c for c in far.calls if not c.startswith("GET")])
    assert await assets.write(ACCOUNT, GLOBAL, list(NAMES.values()), TAGS, ["old"]) == {}
    assert len([c for c in far.calls if not c.startswith("GET")]) == writes == len(NAMES)
    assert 1 < far.most_under_way <= 8


async def test_the_inventory_has_pages_and_says_what_cannot_be_labelled(far: GcpTwin, gcp: Gcp) -> None:
    for n in range(150):
        far.put("pubsub.googleapis.com/Topic", f"//pubsub.googleapis.com/projects/podo-test/topics/t-{n:03d}", {"n": str(n)})
    far.put("aiplatform.googleapis.com/Endpoint", "//aiplatform.googleapis.com/projects/1/locations/l/endpoints/9")
    assets = GcpAssets(gcp)
    first = await assets.read(ACCOUNT, GLOBAL, "resources", "")
    second = await assets.read(ACCOUNT, GLOBAL, "resources", first.next)
    assert (len(first.seen), len(second.seen), second.next) == (100, 51, "")
    assert first.unsupported == ("aiplatform.googleapis.com/Endpoint",)
    topic = second.seen[-1]
    assert (topic.name, topic.region, topic.tags) == ("t-149", "asia-northeast3", {"n": "149"})
    assert topic.created_at is not None
    said = await assets.write(ACCOUNT, GLOBAL, [first.seen[0].arn], TAGS, [])
    assert [f.trouble for f in said.values()] == [TagTrouble.unsupported]


@pytest.mark.parametrize("kind", [k for k, v in KINDS.items() if v.mark])
async def test_who_writes_with_an_old_mark_changes_nothing(far: GcpTwin, gcp: Gcp, kind: str) -> None:
    name = NAMES[kind]
    far.put(kind, name, {"theirs": "1"})
    was = await gcp.labels(KINDS[kind], name)
    far.held[name].labels["theirs"] = "2"
    far.held[name].version += 1
    with pytest.raises(GcpChanged):
        await gcp.write(KINDS[kind], name, was, TAGS, [])
    assert far.held[name].labels == {"theirs": "2"}


async def test_what_fails_is_told_by_name(far: GcpTwin, gcp: Gcp) -> None:
    names = [f"//pubsub.googleapis.com/projects/podo-test/topics/t{n}" for n in range(5)]
    for name in names[:4]:
        far.put("pubsub.googleapis.com/Topic", name)
    for n, status in enumerate((429, 403, 400)):
        far.faults.append(Fault(f"topics/t{n}", status=status, times=99))
    failed = await GcpAssets(gcp).write(ACCOUNT, GLOBAL, names, TAGS, [])
    assert {name[-2:]: f.trouble for name, f in failed.items()} == {
        "t0": TagTrouble.throttled,
        "t1": TagTrouble.refused,
        "t2": TagTrouble.invalid,
        "t4": TagTrouble.gone,
    }
    assert far.held[names[3]].labels == TAGS


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (429, GcpThrottled),
        (503, GcpUnreachable),
        (500, GcpUnreachable),
        (403, GcpRefused),
        (400, GcpInvalid),
        (404, GcpGone),
    ],
)
async def test_what_goes_wrong_is_said_in_a_persons_words(far: GcpTwin, gcp: Gcp, status: int, wanted: type[PodoError]) -> None:
    far.faults.append(Fault("searchAllResources", status=status, times=9))
    with pytest.raises(wanted) as caught:
        await gcp.resources("podo-test")
    assert all(caught.value.said())
    assert len(far.calls) == (3 if wanted in (GcpThrottled, GcpUnreachable) else 1)


@pytest.mark.parametrize("manner", ["answer", "lost", "half"])
async def test_what_passes_is_waited_for(far: GcpTwin, gcp: Gcp, manner: str) -> None:
    name = NAMES["pubsub.googleapis.com/Topic"]
    far.put("pubsub.googleapis.com/Topic", name)
    far.faults.append(Fault("searchAllResources", manner, times=2))
    assert [it.name for it in (await gcp.resources("podo-test")).items] == [name]
    far.faults.append(Fault("topics/grape", manner, times=2))
    assert (await gcp.labels(KINDS["pubsub.googleapis.com/Topic"], name)) == Labels({}, "")


async def test_without_credentials_it_says_so(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", f"{tmp_path}/none.json")
    bare = Gcp(Connection(pauses=()))
    with pytest.raises(GcpCredentials):
        await bare.resources("podo-test")
    await bare.close()


def test_a_pace_lets_no_more_through_than_a_minute_allows() -> None:
    at = [0.0]
    pace = Pace(400, 60, now=lambda: at[0])
    passed: list[float] = []
    while at[0] < 180:
        if (pause := pace.take()) > 0:
            at[0] += pause
        else:
            passed.append(at[0])
    assert all(sum(begin <= t < begin + 60 for t in passed) <= 400 for begin in passed)
    assert len(passed) > 3 * 330
    pace.drain()
    assert pace.take() > 0


async def test_who_waits_for_the_pace_comes_in_turn() -> None:
    pace = Pace(6000, 2)
    order: list[int] = []

    async def one(n: int) -> None:
        await pace.wait()
        order.append(n)

    await asyncio.gather(*(one(n) for n in range(8)))
    assert order == list(range(8))
