"""From a build to three regions: approvals, the train, soaking, failures, halting, going back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from podo.access.types import NotAllowed
from podo.delivery import service
from podo.delivery.handlers.rollouts import look_at_due
from podo.delivery.types import (
    AlphaMissing,
    ConfigMoved,
    Decision,
    NothingToGoBackTo,
    NotOpen,
    ReleaseChanged,
    RolloutState,
    Scope,
)
from podo.kernel import clock
from podo.kernel.events import log
from tests.domains.delivery.shops import EMMA, HANEUL, MINJUN, OLIVER, PROJECT, Shop, shop


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Shop]:
    async with shop(tmp_path) as made:
        yield made


async def test_production_goes_region_by_region_each_by_its_own_approval(chat: Shop) -> None:
    build = await chat.healthy_alpha()
    assert (await chat.image("alpha-kr")).startswith("registry.test/ok/chat-api@sha256:")

    of = await chat.ask(build, "prod")
    await chat.settled()
    assert await chat.states(of) == {"kr": "waiting", "jp": "waiting", "uk": "waiting"}

    await chat.approve(of, "jp")
    await chat.settled()
    assert await chat.states(of) == {"kr": "waiting", "jp": "queued", "uk": "waiting"}
    assert await chat.running("prod-jp") is None

    await chat.approve(of, "kr")
    await chat.settled()
    assert await chat.states(of) == {"kr": "healthy", "jp": "healthy", "uk": "waiting"}
    assert await chat.running("prod-uk") is None
    assert await chat.image("prod-jp") == await chat.image("alpha-kr")

    await chat.approve(of, "uk", by=OLIVER)
    await chat.settled()
    assert (await chat.now(of)).state is RolloutState.healthy
    assert not (await chat.now(of)).is_open


async def test_nobody_approves_what_they_asked_for_and_strangers_approve_nothing(chat: Shop) -> None:
    build = await chat.healthy_alpha()
    of = await chat.ask(build, "prod")
    for somebody in (HANEUL, EMMA):
        with pytest.raises(NotAllowed):
            await chat.approve(of, "kr", by=somebody)
    assert await chat.states(of) == {"kr": "waiting", "jp": "waiting", "uk": "waiting"}
    with pytest.raises(NotAllowed):
        await chat.ask(build, "prod", by=EMMA)


async def test_two_approvals_are_two_people(tmp_path: Path) -> None:
    async with shop(tmp_path, approvals=2) as chat:
        of = await chat.ask(await chat.healthy_alpha(), "prod", ["kr"])
        await chat.approve(of, "kr")
        await chat.approve(of, "kr")
        assert await chat.states(of) == {"kr": "waiting"}
        await chat.approve(of, "kr", by=OLIVER)
        await chat.settled()
        assert await chat.states(of) == {"kr": "healthy"}


async def test_production_takes_only_what_was_healthy_in_alpha(chat: Shop) -> None:
    build = await chat.build()
    with pytest.raises(AlphaMissing):
        await chat.ask(build, "prod")
    await chat.settled()
    of = await chat.ask(build, "alpha")
    await chat.settled()
    assert await chat.states(of) == {"kr": "healthy"}
    assert (await chat.ask(build, "prod")).number == of.number + 1


async def test_a_region_that_fails_is_put_back_and_those_behind_it_never_see_the_release(chat: Shop) -> None:
    good = await chat.healthy_alpha()
    first = await chat.ask(good, "prod")
    await chat.approve(first, "kr", "jp", "uk")
    await chat.settled()
    before = await chat.image("prod-jp")

    better = await chat.healthy_alpha(2, tag="next")
    chat.living.twins["prod-jp"].faults.images["*/next/*"] = chat_fault()
    second = await chat.ask(better, "prod")
    await chat.approve(second, "kr", "jp", "uk")
    await chat.settled()

    assert await chat.states(second) == {"kr": "healthy", "jp": "rolled back", "uk": "cancelled"}
    assert await chat.image("prod-jp") == before
    assert await chat.image("prod-uk") == before
    assert await chat.image("prod-kr") != before
    jp = (await chat.now(second)).rollouts[1]
    assert jp.previous == first.number
    assert jp.why
    assert await chat.states(first) == {"kr": "inactive", "jp": "healthy", "uk": "healthy"}


def chat_fault() -> object:
    from podo.clients.kubernetes.twin import PodFault

    return PodFault("CrashLoopBackOff")


async def test_a_first_release_that_fails_leaves_nothing_behind(chat: Shop) -> None:
    chat.living.twins["alpha-kr"].faults.images["*/bad/*"] = chat_fault()
    of = await chat.ask(await chat.build(tag="bad"), "alpha")
    await chat.settled()
    assert await chat.states(of) == {"kr": "failed"}
    assert await chat.running("alpha-kr") is None


async def test_an_approval_of_a_release_that_changed_is_not_taken(chat: Shop) -> None:
    build = await chat.healthy_alpha()
    of = await chat.ask(build, "prod")
    seen = {r.region: r.bundle for r in of.rollouts}
    await chat.approve(of, "kr")
    async with chat.living.transaction(HANEUL) as tx:
        await service.config.set_variable(tx, PROJECT, "LIMIT", Scope("prod", "jp"), "5")
    from podo.delivery import reads
    from podo.delivery.ports import ChartReader

    async with chat.living.reading(HANEUL) as r:
        made_from = await service.releases.ingredients(r, PROJECT, build.number, "prod", ["kr", "jp", "uk"])
    draft = await reads.draft(chat.living.house.ports[ChartReader], made_from)  # type: ignore[type-abstract]
    await chat.settled()
    with pytest.raises(NotOpen):  # kr has started: what is under way is not exchanged
        async with chat.living.transaction(HANEUL) as tx:
            await service.deployments.reseal(tx, draft, of.number)

    other = await chat.ask(build, "prod", ["jp"])
    async with chat.living.transaction(HANEUL) as tx:
        await service.config.set_variable(tx, PROJECT, "LIMIT", Scope("prod", "jp"), "6")
    async with chat.living.reading(HANEUL) as r:
        made_from = await service.releases.ingredients(r, PROJECT, build.number, "prod", ["jp"])
    draft = await reads.draft(chat.living.house.ports[ChartReader], made_from)  # type: ignore[type-abstract]
    async with chat.living.transaction(HANEUL) as tx:
        await service.deployments.reseal(tx, draft, other.number)
    with pytest.raises(ReleaseChanged):
        async with chat.living.transaction(MINJUN) as tx:
            await service.approvals.review(tx, PROJECT, other.number, {"jp": other.rollouts[0].bundle}, Decision.approve)
    assert seen


async def test_a_release_drafted_from_old_configuration_is_refused(chat: Shop) -> None:
    from podo.delivery import reads
    from podo.delivery.ports import ChartReader

    build = await chat.build()
    async with chat.living.reading(HANEUL) as r:
        made_from = await service.releases.ingredients(r, PROJECT, build.number, "alpha", None)
    draft = await reads.draft(chat.living.house.ports[ChartReader], made_from)  # type: ignore[type-abstract]
    async with chat.living.transaction(HANEUL) as tx:
        await service.config.set_variable(tx, PROJECT, "LIMIT", Scope(), "5")
    with pytest.raises(ConfigMoved):
        async with chat.living.transaction(HANEUL) as tx:
            await service.deployments.request(tx, draft, "alpha")


async def test_soaking_holds_the_next_region(tmp_path: Path) -> None:
    async with shop(tmp_path, soak=600) as chat:
        of = await chat.ask(await chat.healthy_alpha(), "prod", ["kr", "jp"])
        await chat.approve(of, "kr", "jp")
        await chat.settled()
        assert await chat.states(of) == {"kr": "soaking", "jp": "queued"}
        with clock.shifted(timedelta(seconds=601)):
            await look_at_due(chat.living.house)
            await chat.settled()
        assert await chat.states(of) == {"kr": "healthy", "jp": "soaking"}


async def test_halting_stops_what_has_not_finished(tmp_path: Path) -> None:
    async with shop(tmp_path, soak=600) as chat:
        of = await chat.ask(await chat.healthy_alpha(), "prod", ["kr", "jp"])
        await chat.approve(of, "kr")
        await chat.settled()
        async with chat.living.transaction(MINJUN) as tx:
            await service.stopping.halt(tx, PROJECT, of.number, "a campaign begins")
        await chat.settled()
        assert await chat.states(of) == {"kr": "halted", "jp": "halted"}
        with clock.shifted(timedelta(seconds=601)):
            await look_at_due(chat.living.house)
            await chat.settled()
        assert await chat.states(of) == {"kr": "halted", "jp": "halted"}
        with pytest.raises(NotOpen):
            async with chat.living.transaction(MINJUN) as tx:
                await service.stopping.halt(tx, PROJECT, of.number)


async def test_halting_what_rolls_pauses_it(tmp_path: Path) -> None:
    from podo.clients.kubernetes.twin import Pace

    async with shop(tmp_path) as chat:
        build = await chat.healthy_alpha()
        chat.living.twins["prod-kr"].pace = Pace(schedule=0, pull=0, ready=4, stop=0)
        of = await chat.ask(build, "prod", ["kr"])
        await chat.approve(of, "kr")
        async with asyncio.timeout(10):
            while await chat.running("prod-kr") is None:  # noqa: ASYNC110 - the cluster tells nobody
                await asyncio.sleep(0.02)
        async with chat.living.transaction(MINJUN) as tx:
            await service.stopping.halt(tx, PROJECT, of.number)
        await chat.settled()
        assert await chat.states(of) == {"kr": "halted"}
        found = await chat.running("prod-kr")
        assert found is not None
        assert found["spec"]["paused"] is True

        async with chat.living.transaction(HANEUL) as tx:
            await service.deployments.retry(tx, PROJECT, of.number)
        await chat.settled()
        assert await chat.states(of) == {"kr": "healthy"}, (await chat.now(of)).rollouts
        found = await chat.running("prod-kr")
        assert found is not None
        assert "paused" not in found["spec"]


async def test_going_back_needs_no_build_and_no_approval(chat: Shop) -> None:
    first = await chat.ask(await chat.healthy_alpha(), "prod", ["kr"])
    await chat.approve(first, "kr")
    await chat.settled()
    with pytest.raises(NothingToGoBackTo):
        async with chat.living.transaction(HANEUL) as tx:
            await service.stopping.roll_back(tx, PROJECT, "prod", "kr")
    before = await chat.image("prod-kr")
    second = await chat.ask(await chat.healthy_alpha(2), "prod", ["kr"])
    await chat.approve(second, "kr")
    await chat.settled()
    assert await chat.image("prod-kr") != before

    async with chat.living.transaction(HANEUL) as tx:
        back = await service.stopping.roll_back(tx, PROJECT, "prod", "kr")
    await chat.settled()
    assert await chat.states(back) == {"kr": "healthy"}
    assert await chat.image("prod-kr") == before
    assert await chat.states(second) == {"kr": "rolled back"}
    assert back.release == first.release


async def test_secrets_arrive_and_are_pruned(chat: Shop) -> None:
    from podo.clients.kubernetes.errors import NotFound
    from podo.clients.kubernetes.types import Kind

    secret = Kind("v1", "Secret").ref(f"{PROJECT}-secrets", PROJECT)
    async with chat.living.transaction(HANEUL) as tx:
        await service.config.set_secret(tx, chat.living.house.seal, PROJECT, "API_TOKEN", Scope(), "hush-hush")
    build = await chat.healthy_alpha()
    found = await chat.living.twins["alpha-kr"].get(secret)
    assert found["data"] == {"API_TOKEN": "aHVzaC1odXNo"}
    async with chat.living.reading() as r:
        entries, _ = await log.history(r, log.Wanted(project=PROJECT), limit=500)
        rows = (await r.session.connection()).exec_driver_sql
        assert "hush-hush" not in repr([e.facts for e in entries])
        assert "hush-hush" not in repr((await rows("select content, sealed from bundles")).all())

    async with chat.living.transaction(HANEUL) as tx:
        from podo.delivery.types import ConfigKind

        await service.config.unset(tx, PROJECT, ConfigKind.secret, "API_TOKEN", Scope())
    of = await chat.ask(build, "alpha")
    await chat.settled()
    assert await chat.states(of) == {"kr": "healthy"}
    with pytest.raises(NotFound):
        await chat.living.twins["alpha-kr"].get(secret)


async def test_a_cluster_that_is_down_is_waited_for(tmp_path: Path) -> None:
    async with shop(tmp_path, PODO_DELIVERY_UNREACHABLE_SECONDS="900") as chat:
        of = await chat.ask(await chat.healthy_alpha(), "prod", ["kr"])
        chat.living.twins["prod-kr"].faults.add("down")
        await chat.approve(of, "kr")
        await chat.settled()
        assert await chat.states(of) == {"kr": "queued"}
        assert "prod-kr" in (await chat.now(of)).rollouts[0].why
        chat.living.twins["prod-kr"].faults.clear()
        with clock.shifted(timedelta(seconds=16)):
            await look_at_due(chat.living.house)
            await chat.settled()
        assert await chat.states(of) == {"kr": "healthy"}


async def test_an_image_of_the_branch_goes_to_alpha_by_itself(tmp_path: Path) -> None:
    async with shop(tmp_path, auto_alpha=True) as chat:
        await chat.build()
        await chat.settled()
        async with chat.living.reading() as r:
            [place, *_] = await service.deployments.places(r, PROJECT)
        assert place.running is not None
        assert place.running.state is RolloutState.healthy


async def test_a_branch_that_goes_back_brings_alpha_back(tmp_path: Path) -> None:
    async with shop(tmp_path, auto_alpha=True) as chat:
        builds = []
        for n in (1, 2):
            builds.append(await chat.build(n))
            await chat.settled()
        for n in (1, 2, 1):
            async with chat.living.transaction() as tx:
                again = await service.pushes.seen_push(tx, PROJECT, builds[n - 1].commit, "main", "poll")
            assert again is None or again.number == builds[n - 1].number
            await chat.settled()
            async with chat.living.reading() as r:
                [place, *_] = await service.deployments.places(r, PROJECT)
            assert place.running is not None
            assert place.running_commit == builds[n - 1].commit.sha
