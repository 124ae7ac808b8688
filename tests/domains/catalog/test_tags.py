"""Tags of assets: planned, written, read back, repaired and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from podo.access import service as access
from podo.access.types import NotAllowed, Team
from podo.catalog import service
from podo.catalog.handlers import repair_drift
from podo.catalog.types import (
    NoSuchPlan,
    NothingToTag,
    PlanNotSo,
    PlanUnderWay,
    SeenAsset,
    TagFailure,
    TagPlan,
    TagPlanState,
    TagTrouble,
)
from podo.clients.aws import AwsRefused, AwsUnreachable
from podo.kernel import clock
from podo.kernel.events import log
from tests.domains.catalog import town
from tests.domains.catalog.test_inventory import KR, SHOP, Fault, bucket, looked, set_account, twin
from tests.domains.catalog.town import EMMA, SEOYEON
from tests.houses import Living

THROTTLED = TagFailure(TagTrouble.throttled, "Throttling", "Rate exceeded")
INVALID = TagFailure(TagTrouble.invalid, "InvalidParameterException", "the target is invalid")


async def _stocked(house: Living, count: int = 45) -> None:
    """Buckets whose tags name the project chat-api of team Chat, and a queue of nobody's."""
    await town.register(house)
    twin(house).put(SHOP.id, [bucket(n, **{"podo-project": "chat-api", "Name": "b"}) for n in range(count)])
    twin(house).put(SHOP.id, [SeenAsset("arn:aws:sqs:ap-northeast-2:1:q", "sqs:queue", "q", KR, {"Name": "q"})])
    await set_account(house)
    await looked(house)


async def _planned(house: Living, **only: str) -> TagPlan:
    async with house.reading(EMMA) as r:
        draft = await service.draft_tags(r, **only)
    async with house.transaction(EMMA) as tx:
        return await service.plan_tags(tx, draft)


async def _apply(house: Living, plan: TagPlan) -> TagPlan:
    async with house.transaction(EMMA) as tx:
        await service.apply_tags(tx, plan.id)
    await house.settled()
    return await _now(house, plan)


async def _now(house: Living, plan: TagPlan) -> TagPlan:
    async with house.reading() as r:
        return await service.tag_plan(r, plan.id)


async def _codes(house: Living) -> Sequence[str]:
    async with house.reading() as r:
        entries, _ = await log.history(r, log.Wanted(), limit=500)
    return [e.code for e in entries]


async def test_a_plan_writes_nothing_until_it_is_applied_and_a_second_one_has_nothing_to_write(house: Living) -> None:
    await _stocked(house)
    clouds = twin(house)
    plan = await _planned(house)
    assert (plan.assets, plan.calls, plan.state) == (45, 3, TagPlanState.planned)
    assert clouds.written == []
    async with house.reading() as r:
        page = await service.tag_changes(r, plan.id, limit=20)
        rest = await service.tag_changes(r, plan.id, cursor=page.next or "", limit=100)
    assert (len(page.items), len(rest.items), rest.next) == (20, 25, None)
    assert page.items[0].set == {"podo-team": "team-2", "podo-project": "chat-api", "podo-team-name": "Chat"}
    assert page.items[0].former == {"podo-team": None, "podo-project": "chat-api", "podo-team-name": None}
    done = await _apply(house, plan)
    assert (done.state, done.written, done.waiting, done.failed) == (TagPlanState.done, 45, 0, 0)
    assert sorted(len(call) for call in clouds.written) == [5, 20, 20]
    tags = clouds.there(SHOP.id)
    assert tags[bucket(3).arn] == {
        "Name": "b",
        "podo-project": "chat-api",
        "podo-team": "team-2",
        "podo-team-name": "Chat",
    }
    assert tags["arn:aws:sqs:ap-northeast-2:1:q"] == {"Name": "q"}
    with pytest.raises(NothingToTag):
        await _planned(house)
    codes = await _codes(house)
    assert codes.count("catalog.tags_written") == 3
    assert codes.count("catalog.tags_done") == 1


async def test_a_rename_changes_the_name_alone_in_the_next_plan(house: Living) -> None:
    await _stocked(house, 3)
    await _apply(house, await _planned(house))
    async with house.transaction() as tx:
        teams = [Team(t.id, "채팅 A팀" if t.id == "team-2" else t.name, t.handle, t.parent) for t in await access.teams(tx)]
        people, members = await access.everybody(tx), []
        for team in teams:
            members += [m for _, m in await access.members(tx, team.id)]
        await access.sync_directory(tx, people, teams, members)
    await house.settled()
    assert twin(house).written == [tuple(bucket(n).arn for n in range(3))]
    await repair_drift(house.house)
    await house.settled()
    assert len(twin(house).written) == 1, "what is wanted anew waits for somebody's plan"
    plan = await _planned(house)
    async with house.reading() as r:
        changes = (await service.tag_changes(r, plan.id)).items
    assert {k for it in changes for k, v in it.set.items() if it.former[k] != v} == {"podo-team-name"}
    await _apply(house, plan)
    assert twin(house).there(SHOP.id)[bucket(0).arn]["podo-team-name"] == "채팅 A팀"


async def test_what_fails_is_told_by_arn_and_what_passes_is_tried_again(house: Living) -> None:
    await _stocked(house, 6)
    clouds = twin(house)
    clouds.failing = {bucket(0).arn: [THROTTLED] * 3, bucket(1).arn: [INVALID], bucket(2).arn: [THROTTLED] * 9}
    plan = await _planned(house)
    clouds.remove(SHOP.id, [bucket(3).arn])
    done = await _apply(house, plan)
    assert (done.state, done.written, done.failed, done.gone) == (TagPlanState.done, 3, 2, 1)
    async with house.reading() as r:
        by_arn = {it.arn: it for it in (await service.tag_changes(r, plan.id)).items}
    assert (by_arn[bucket(0).arn].state, by_arn[bucket(0).arn].attempts) == ("written", 4)
    assert (by_arn[bucket(1).arn].trouble, by_arn[bucket(1).arn].attempts) == ("invalid", 1)
    assert (by_arn[bucket(2).arn].trouble, by_arn[bucket(2).arn].attempts) == ("throttled", 6)
    assert by_arn[bucket(1).arn].why == "InvalidParameterException: the target is invalid"
    assert by_arn[bucket(3).arn].state == "gone"


async def test_a_cloud_that_is_away_lets_the_plan_rest_and_one_that_refuses_fails_its_assets(house: Living) -> None:
    await _stocked(house, 45)
    clouds = twin(house)
    plan = await _planned(house)
    clouds.faults.append(Fault("write", AwsUnreachable(service="tagging", region=KR, why="cut"), times=99, after=1))
    rests = await _apply(house, plan)
    assert (rests.state, rests.written, rests.waiting) == (TagPlanState.paused, 20, 25)
    assert "does not answer" in rests.why
    clouds.faults[:] = [Fault("write", AwsRefused(account=SHOP.id, service="tagging", why="AccessDenied"))]
    done = await _apply(house, plan)
    assert (done.state, done.written, done.failed) == (TagPlanState.done, 25, 20)


async def test_a_plan_is_undone_by_one_that_puts_back_what_was(house: Living) -> None:
    await _stocked(house, 3)
    before = twin(house).there(SHOP.id)
    plan = await _planned(house)
    await _apply(house, plan)
    async with house.transaction(EMMA) as tx:
        undo = await service.undo_tags(tx, plan.id)
    assert (undo.kind, undo.undoes, undo.assets, undo.calls) == ("undo", plan.id, 3, 2)
    await _apply(house, undo)
    assert twin(house).there(SHOP.id) == before
    await repair_drift(house.house)
    await house.settled()
    assert twin(house).there(SHOP.id) == before, "what a person took back is no drift"


async def test_drift_is_repaired_as_far_as_the_days_calls_go(house: Living) -> None:
    await _stocked(house, 45)
    clouds = twin(house)
    await _apply(house, await _planned(house))
    written = clouds.there(SHOP.id)
    for n in range(25):
        clouds.put(SHOP.id, [bucket(n, **{"podo-team": "team-9", "podo-project": "chat-api", "Name": "b"})])
    with clock.shifted(timedelta(hours=2)):
        await looked(house)
    async with house.reading() as r:
        assert await service.count_drift(r) == 25
        few = await service.draft_drift(r, 1)
        assert (len(few.changes), few.calls, few.left) == (20, 1, {"later": 5})
        assert (await service.draft_drift(r, 0)).changes == ()
    before = len(clouds.written)
    await repair_drift(house.house)
    await house.settled()
    assert clouds.there(SHOP.id) == written
    assert len(clouds.written) == before + 2
    async with house.reading() as r:
        assert await service.count_drift(r) == 0
        assert await service.drift_calls(r, clock.now().date()) == 2
        assert [p.kind for p in await service.tag_plans(r)] == ["drift", "asked"]


async def test_who_may_and_when(house: Living) -> None:
    await _stocked(house, 2)
    plan = await _planned(house)
    other = await _planned(house)
    async with house.transaction(SEOYEON) as tx:
        for verb in (service.apply_tags, service.pause_tags, service.withdraw_tags, service.undo_tags):
            with pytest.raises(NotAllowed):
                await verb(tx, plan.id)
    async with house.transaction(EMMA) as tx:
        with pytest.raises(NoSuchPlan):
            await service.apply_tags(tx, "tgp_none")
        with pytest.raises(PlanNotSo):
            await service.pause_tags(tx, plan.id)
        with pytest.raises(PlanNotSo):
            await service.undo_tags(tx, plan.id)
        await service.apply_tags(tx, plan.id)
        with pytest.raises(PlanUnderWay):
            await service.apply_tags(tx, other.id)
        await service.pause_tags(tx, plan.id)
        await service.withdraw_tags(tx, plan.id)
        await service.withdraw_tags(tx, other.id)
    await house.settled()
    assert twin(house).written == []
