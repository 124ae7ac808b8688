"""Webhooks out: signed and posted once or more, tried again, given up, switched off; who may, and who hears what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from podo.access.types import NotAllowed
from podo.catalog import service as catalog
from podo.catalog.types import ClusterKind, Environment, Region
from podo.kernel import clock, traces
from podo.kernel.durable import Killed
from podo.kernel.nouns import Actor
from podo.notices import service
from podo.notices.handlers import forget_deliveries, hear_and_post
from podo.notices.types import (
    DeliveryState,
    NoSuchWebhook,
    TooManyWebhooks,
    WebhookOff,
    WebhookPlace,
    WebhookScope,
    WrongWebhook,
)
from tests.collector import collecting
from tests.company import ADMIN, CHIEF, KR, LEAD, MEMBER, SRE, STRANGER, VIEWER, api_of, company
from tests.domains.notices.listening import CHAT, SEARCH, SETTINGS, World
from tests.domains.notices.receivers import DRIP, HANG, NONSENSE, RESET, receiving
from tests.houses import person

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with receiving() as receiver, company(tmp_path_factory.mktemp("hooks") / "house", **SETTINGS) as house:
        async with house.transaction() as tx:
            await catalog.set_environment(tx, Environment("prod", 0))
            await catalog.set_region(tx, Region("kr", "Korea", "Asia/Seoul", 0))
            await catalog.add_cluster(tx, house.house.seal, KR, "kr", ["prod"], ClusterKind.twin)
        yield World(house, receiver)


async def test_what_happens_is_posted_once_and_signed(world: World) -> None:
    place = await world.project("signed")
    hook, secret = await world.add(place, "/signed", MEMBER, kinds=("catalog.ownership_changed",))
    await world.describe("signed", "not of that kind")
    async with world.house.transaction(person(CHIEF)) as tx:
        await catalog.transfer(tx, "signed", SEARCH, "포도를 위해")
    await world.sent()
    await world.sent()
    [taken] = world.receiver.of("/signed")
    assert taken.signers(secret) == [True]
    assert taken.headers["content-type"] == "application/json"
    assert abs(int(taken.headers["webhook-timestamp"]) - clock.now().timestamp()) < 60
    said = taken.said
    assert (said["type"], said["data"]["project"]) == ("catalog.ownership_changed", "signed")
    assert said["data"]["actor"] == {"kind": "person", "id": CHIEF, "name": "정소라"}
    assert said["data"]["sentence"] == "정소라 gave signed to Search"
    assert said["data"]["facts"]["why"] == "포도를 위해"
    assert said["timestamp"].endswith("Z")
    [delivery] = await world.deliveries(hook)
    assert (delivery.id, delivery.state, delivery.attempts) == (taken.id, DeliveryState.delivered, 1)
    last = delivery.last
    assert last
    assert (last.status, last.answer, last.why) == (200, "ok", "")
    assert 0 <= last.ms < 400
    assert delivery.event == said["data"]["event"]


async def test_a_post_lies_in_the_trace_of_what_it_tells(world: World) -> None:
    place = await world.project("traced")
    await world.add(place, "/traced", MEMBER, kinds=("catalog.ownership_changed",))
    click = traces.Point("5" * 32, "6" * 16, True)
    with collecting() as found:
        traces.begin(found.url, {}, 1.0, "proc")
        try:
            with traces.under(click):
                async with world.house.transaction(person(CHIEF)) as tx:
                    await catalog.transfer(tx, "traced", SEARCH, "for the sake of it")
            await world.sent()
        finally:
            await traces.end()
    [event] = [s for s in found.of(click.trace) if s.name == "event catalog.ownership_changed"]
    [post] = [s for s in found.of(click.trace) if s.name == "post"]
    [(trace, span)] = post.links
    assert post.parent == event.id
    assert [s.name for s in found.of(trace) if s.id == span] == ["step notices.post_batch"]


async def test_neither_secret_nor_address_is_kept_or_told(world: World) -> None:
    place = await world.project("quiet")
    hook, secret = await world.add(place, "/quiet?key=hush-hush")
    await world.describe("quiet", "x")
    await world.sent()
    async with world.house.reading() as r:
        connection = await r.session.connection()
        for table in ("webhooks", "webhook_states", "webhook_deliveries", "events", "engine_checkpoints"):
            rows = str((await connection.execute(text(f"select * from {table}"))).all())
            assert secret not in rows
            assert secret.removeprefix("whsec_") not in rows
            assert "hush-hush" not in rows
    async with api_of(world.house, MEMBER) as api:
        shown = (await api.get(f"/api/v1/webhooks/{hook.id}")).text
        assert secret not in shown
        assert "hush-hush" in shown, "who looks after it sees where it goes"
    for who in (VIEWER, STRANGER):
        async with api_of(world.house, who) as api:
            for path in (f"/webhooks/{hook.id}", "/projects/quiet/webhooks", f"/webhooks/{hook.id}/deliveries", "/webhooks"):
                assert (await api.get(f"/api/v1{path}")).status_code == 403, path


async def test_what_is_not_taken_is_tried_again_under_the_same_id(world: World) -> None:
    place = await world.project("again")
    hook, secret = await world.add(place, "/again")
    world.receiver.answers["/again"] = [500, RESET, HANG, NONSENSE, (302, {"location": world.receiver.at("/elsewhere")}, b"")]
    await world.describe("again", "x")
    await world.sent()
    [delivery] = await world.deliveries(hook)
    waited = timedelta()
    while delivery.state is DeliveryState.waiting:
        pause = delivery.due_at - clock.now()
        assert pause > waited
        waited = pause
        await world.sent(waited - timedelta(seconds=2))
        await world.sent(waited + timedelta(seconds=1))
        [delivery] = await world.deliveries(hook)
    whys = [
        "",
        "the connection was cut",
        "there was no answer in time",
        "the answer was no HTTP",
        "it leads elsewhere, and Podo does not follow",
        "",
    ]
    assert [t.why for t in delivery.tries] == whys
    assert [t.status for t in delivery.tries] == [500, None, None, None, 302, 200]
    assert delivery.state is DeliveryState.delivered
    taken = world.receiver.of("/again")
    assert len({t.id for t in taken}) == 1
    assert len(taken) == 6
    assert all(t.signers(secret) == [True] for t in taken)
    assert taken[0].headers["webhook-timestamp"] != taken[-1].headers["webhook-timestamp"]
    assert world.receiver.of("/elsewhere") == []
    assert (await world.now(hook)).failing_since is None


async def test_nobody_listening_is_left_alone_for_longer_each_time_and_given_up_after_two_days(world: World) -> None:
    place = await world.project("closed")
    hook, _ = await world.add(place, "/closed", port=1)
    await world.describe("closed", "x")
    await world.sent()
    [delivery] = await world.deliveries(hook)
    assert [(t.status, t.why) for t in delivery.tries] == [(None, "the connection was refused")]
    now = await world.now(hook)
    assert now.rests_until
    assert now.failing_since
    for _ in range(12):
        if delivery.state is not DeliveryState.waiting:
            break
        due = max(delivery.due_at, (await world.now(hook)).rests_until or delivery.due_at)
        await world.sent(due - clock.now() + timedelta(seconds=1))
        [delivery] = await world.deliveries(hook)
    assert (delivery.state, delivery.attempts) == (DeliveryState.failed, 11)
    assert timedelta(days=1) < delivery.tries[-1].at - delivery.tries[0].at < timedelta(days=3)
    await world.describe("closed", "y")
    with clock.shifted(timedelta(days=6)):
        await world.sent()
    off = await world.now(hook)
    assert (off.is_on, off.off_why) == (False, "the receiver has taken nothing for five days")
    assert "webhook_off" in await world.told(LEAD)
    assert "webhook_off" not in await world.told(MEMBER)


async def test_a_receiver_that_is_gone_is_switched_off_and_what_waits_is_sent_when_it_is_back(world: World) -> None:
    place = await world.project("gone")
    hook, _ = await world.add(place, "/gone", MEMBER)
    world.receiver.answers["/gone"] = [410]
    await world.describe("gone", "x")
    await world.sent()
    off = await world.now(hook)
    assert (off.is_on, off.off_why) == (False, "the receiver says that nobody wants it any more (410)")
    assert await world.told(MEMBER) == ["webhook_off"], "who added it is told"
    await world.describe("gone", "not heard")
    await world.sent()
    with pytest.raises(WebhookOff):
        async with world.house.transaction(person(MEMBER)) as tx:
            await service.ping_webhook(tx, hook.id)
    async with world.house.transaction(person(MEMBER)) as tx:
        await service.enable_webhook(tx, hook.id)
        await service.enable_webhook(tx, hook.id)
    await world.describe("gone", "heard")
    await world.sent()
    kinds = [(t.said["type"], t.said["data"]["facts"].get("now")) for t in world.receiver.of("/gone")]
    assert ("catalog.project_changed", {"description": "not heard"}) not in kinds
    assert kinds[-1] == ("catalog.project_changed", {"description": "heard"})


async def test_retry_after_is_obeyed_for_all_that_waits(world: World) -> None:
    place = await world.project("later")
    hook, _ = await world.add(place, "/later")
    world.receiver.answers["/later"] = [(429, {"retry-after": "600"}, b"slowly")]
    await world.describe("later", "x")
    await world.sent()
    await world.describe("later", "y")
    await world.sent(timedelta(seconds=300))
    assert len(world.receiver.of("/later")) == 1
    first, second = await world.deliveries(hook)
    assert 590 < (first.due_at - clock.now()).total_seconds() < 601
    assert second.attempts == 0
    await world.sent(timedelta(seconds=610))
    assert [d.state for d in await world.deliveries(hook)] == [DeliveryState.delivered] * 2


async def test_the_first_words_of_an_answer_are_kept_and_harmless(world: World) -> None:
    place = await world.project("words")
    hook, _ = await world.add(place, "/words")
    world.receiver.answers["/words"] = [
        (400, {"content-encoding": "gzip"}, "\x1b[2J\u202e포\n".encode() + b"\xff" + b"x" * 5000),
        DRIP,
    ]
    await world.describe("words", "x")
    await world.sent()
    [delivery] = await world.deliveries(hook)
    assert delivery.tries[0].answer.startswith("\ufffd[2J\ufffd포\n\ufffdxxx")
    assert len(delivery.tries[0].answer) < 512
    await world.sent(timedelta(seconds=10))
    [delivery] = await world.deliveries(hook)
    assert (delivery.state, delivery.tries[1].status) == (DeliveryState.delivered, 200), "its status had come"


async def test_while_a_secret_is_rotated_both_sign(world: World) -> None:
    place = await world.project("rotated")
    hook, first = await world.add(place, "/rotated")

    async def rotate(hours: int) -> str:
        async with world.house.transaction(person(LEAD)) as tx:
            return await service.rotate_webhook(tx, world.house.house.seal, hook.id, hours)

    async def signers(*secrets: str) -> list[bool]:
        async with world.house.transaction(person(LEAD)) as tx:
            await service.ping_webhook(tx, hook.id)
        await world.sent()
        return [any(t) for t in zip(*[world.receiver.of("/rotated")[-1].signers(s) for s in secrets], strict=True)]

    def each(*secrets: str) -> list[list[bool]]:
        return [world.receiver.of("/rotated")[-1].signers(s) for s in secrets]

    second = await rotate(24)
    assert second != first
    assert await signers(first, second) == [True, True]
    assert each(second) == [[True, False]]
    with clock.shifted(timedelta(hours=-25)):
        other = await rotate(24)
    assert await signers(other) == [True], "a day after, the former one is forgotten"
    assert each(second) == [[False]]
    third = await rotate(0)
    assert await signers(third) == [True]
    assert each(other) == [[False]]
    for hours in (-1, 169):
        with pytest.raises(WrongWebhook):
            await rotate(hours)


async def test_each_place_hears_of_its_own(world: World) -> None:
    place = await world.project("ours")
    await world.project("theirs")
    await world.house.settled()
    chat, search = (WebhookPlace(WebhookScope.team, team=team) for team in (CHAT, SEARCH))
    await world.add(place, "/of-project", kinds=("*",))
    await world.add(chat, "/of-chat", MEMBER, kinds=("*",))
    await world.add(search, "/of-search", STRANGER, kinds=("*",))
    await world.add(WebhookPlace(), "/of-all", SRE, kinds=("*",))
    await world.describe("ours", "x")
    async with world.house.transaction(person(CHIEF)) as tx:
        await catalog.transfer(tx, "theirs", SEARCH, "because")
    async with world.house.transaction(person(STRANGER)) as tx:
        await catalog.change(tx, world.house.house.seal, "theirs", description="ours now")
    await world.sent()

    def heard(path: str) -> set[tuple[str, str]]:
        both = {"ours", "theirs"}
        found = [(t.said["type"], t.said["data"].get("project")) for t in world.receiver.of(path)]
        return {(kind, project) for kind, project in found if project in both and not kind.startswith("notices.")}

    changed, moved = "catalog.project_changed", "catalog.ownership_changed"
    assert heard("/of-project") == {(changed, "ours")}
    assert heard("/of-chat") == {(changed, "ours"), (moved, "theirs")}, "who gave it away hears of that, and of nothing after"
    assert heard("/of-search") == {(moved, "theirs"), (changed, "theirs")}
    assert heard("/of-all") == {(changed, "ours"), (moved, "theirs"), (changed, "theirs")}


async def test_who_may_look_after_the_webhooks_of_a_place(world: World) -> None:
    place = await world.project("rights")
    chat = WebhookPlace(WebhookScope.team, team=CHAT)
    may = {
        place: {MEMBER, LEAD, CHIEF, SRE, ADMIN},
        chat: {MEMBER, LEAD, CHIEF, SRE, ADMIN},
        WebhookPlace(): {SRE, ADMIN},
    }
    for where, allowed in may.items():
        for who in (VIEWER, MEMBER, LEAD, CHIEF, SRE, ADMIN, STRANGER):
            if who in allowed:
                hook, _ = await world.add(where, f"/rights-{who}", who)
                async with world.house.transaction(person(who)) as tx:
                    await service.remove_webhook(tx, hook.id)
                continue
            with pytest.raises(NotAllowed):
                await world.add(where, "/rights", who)
            async with world.house.reading(person(who)) as r:
                with pytest.raises(NotAllowed):
                    await service.webhooks(r, where)
    hook, _ = await world.add(WebhookPlace(), "/rights", SRE)
    verbs: list[Any] = [service.disable_webhook, service.enable_webhook, service.remove_webhook, service.ping_webhook]
    for verb in verbs:
        with pytest.raises(NotAllowed):
            async with world.house.transaction(person(LEAD)) as tx:
                await verb(tx, hook.id)
        with pytest.raises(NoSuchWebhook):
            async with world.house.transaction(person(LEAD)) as tx:
                await verb(tx, "whk_none")


async def test_a_deleted_project_takes_its_webhooks_along(world: World) -> None:
    place = await world.project("deleted")
    hook, _ = await world.add(place, "/deleted")
    async with world.house.transaction(person(LEAD)) as tx:
        await catalog.delete(tx, "deleted", "deleted", ())
    await world.sent()
    with pytest.raises(NoSuchWebhook):
        await world.now(hook)
    async with world.house.reading() as r:
        rows = (await r.session.connection()).exec_driver_sql
        assert (await rows(f"select count(*) from webhook_deliveries where webhook = '{hook.id}'")).scalar() == 0


async def test_what_two_hear_and_send_at_once_is_queued_once(world: World) -> None:
    place = await world.project("both")
    hook, _ = await world.add(place, "/both")
    for n in range(12):
        await world.describe("both", str(n))
    await world.house.running.delivery.settled()
    await asyncio.gather(*(hear_and_post(world.house.house) for _ in range(4)))
    await world.house.settled()
    found = await world.deliveries(hook)
    changes = [d for d in found if d.kind == "catalog.project_changed"]
    assert len(changes) == 12
    assert len({d.event for d in found}) == len(found)
    taken = [t.id for t in world.receiver.of("/both")]
    assert sorted(taken) == sorted(d.id for d in found), "each came once: a webhook has one run at a time"


async def test_killed_between_sending_and_noting_it_is_sent_again_with_the_same_id(world: World) -> None:
    place = await world.project("killed")
    hook, _ = await world.add(place, "/killed")
    durable, killed, dead = world.house.house.durable, list[str](), asyncio.Event()

    async def kill(phase: str, step: str, run: str) -> None:
        if (phase, step) == ("after", "notices.post_batch") and not killed and hook.id in run:
            killed.append(run)
            dead.set()
            raise Killed

    durable.interference = kill
    try:
        await world.describe("killed", "x")
        await world.house.running.delivery.settled()
        await hear_and_post(world.house.house)
        async with asyncio.timeout(20):
            await dead.wait()
        assert len(world.receiver.of("/killed")) >= 1
        await durable.take_over(killed)
        await world.house.settled()
    finally:
        durable.interference = None
    found = await world.deliveries(hook)
    taken = [t.id for t in world.receiver.of("/killed")]
    assert {d.state for d in found} == {DeliveryState.delivered}
    assert set(taken) == {d.id for d in found}
    assert len(taken) == 2 * len(found)
    assert [d.attempts for d in found] == [1] * len(found)


async def test_what_failed_is_sent_again_by_hand_under_its_own_id(world: World) -> None:
    place = await world.project("hand")
    hook, _ = await world.add(place, "/hand")
    await world.describe("hand", "x")
    await world.sent()
    [delivery] = [d for d in await world.deliveries(hook) if d.kind == "catalog.project_changed"]
    async with world.house.transaction(person(MEMBER)) as tx:
        await service.redeliver(tx, hook.id, delivery.id)
    await world.house.settled()
    assert [t.id for t in world.receiver.of("/hand")].count(delivery.id) == 2
    async with world.house.reading(person(MEMBER)) as r:
        after = await service.delivery(r, hook.id, delivery.id)
    assert (after.state, after.attempts, len(after.tries)) == (DeliveryState.delivered, 1, 2)
    assert after.body == world.receiver.of("/hand")[0].body.decode()


async def test_what_is_old_is_forgotten_and_places_hold_twenty(world: World) -> None:
    place = await world.project("old")
    hook, _ = await world.add(place, "/old")
    await world.describe("old", "x")
    await world.sent()
    assert await world.deliveries(hook)
    with clock.shifted(timedelta(days=13)):
        await forget_deliveries(world.house.house)
    assert await world.deliveries(hook)
    with clock.shifted(timedelta(days=15)):
        await forget_deliveries(world.house.house)
    assert await world.deliveries(hook) == []
    for n in range(19):
        await world.add(place, f"/old-{n}", kinds=("access.person_left",))
    with pytest.raises(TooManyWebhooks):
        await world.add(place, "/old-20")


async def test_podo_and_nobody_else_may_everything(world: World) -> None:
    """Its own runs look at webhooks without being asked for rights; a stranger gets none."""
    async with world.house.reading(Actor(person(LEAD).kind, "nobody-known")) as r:
        with pytest.raises(NotAllowed):
            await service.site_webhooks(r)
    async with world.house.reading() as r:
        assert await service.webhooks(r, WebhookPlace()) is not None


async def test_where_more_waits_than_anybody_reads_it_is_switched_off(world: World) -> None:
    place = await world.project("full")
    hook, _ = await world.add(place, "/full", port=1)
    async with world.house.transaction() as tx:
        put = "insert into webhook_deliveries (id, webhook, event, kind, body, state, at, due_at, attempts, tries) values "
        late = "2099-01-01T00:00:00.000000Z"
        for start in range(0, 10_000, 1000):
            ids = [f"{n:05d}" for n in range(start, start + 1000)]
            rows = [(f"msg_{n}", hook.id, f"evt_{n}", "x", "{}", "waiting", late, late, 0, "[]") for n in ids]
            await (await tx.session.connection()).exec_driver_sql(put + ", ".join(map(repr, rows)))
    await world.describe("full", "one more")
    await world.sent()
    off = await world.now(hook)
    assert (off.is_on, off.off_why) == (False, "more than 10,000 deliveries wait for the receiver")
