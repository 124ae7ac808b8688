"""Two workers over one PostgreSQL, as real processes, which share the work: one is killed, frozen and woken late, or cut off.

At whatever step of a train, nothing is lost, nothing done twice, nothing undone by mistake. `PODO_TEST_SWEEP=whole` tries every
step with every fault; by default a few.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text

from podo.delivery.types import Deployment
from podo.kernel import clock
from podo.kernel.events import log
from tests import needs
from tests.domains.delivery.shops import PROJECT
from tests.sweeps import later
from tests.sweeps.fleets import REGIONS, Fleet, fleet
from tests.sweeps.worker import DEAD_AFTER

pytestmark = [
    pytest.mark.serial,
    needs.program("initdb"),
    pytest.mark.timeout(900 if needs.AWAY < 30 else 9000),
    pytest.mark.asyncio(loop_scope="module"),
]
STEPS = ("begin", "reach", "start", "apply", "look", "judge", "prune", "well")
KINDS = ("killed", "frozen", "cut off")
# Between the first object of an apply and the next: the epoch was checked, and was right.
WITHIN = ("within", "delivery.apply", "frozen")
WHOLE = [WITHIN, *((phase, f"delivery.{step}", kind) for step in STEPS for phase in ("before", "after") for kind in KINDS)]
FEW = [
    ("after", "delivery.apply", "killed"),
    WITHIN,
    ("before", "delivery.judge", "cut off"),
]
ONCE = ("started", "healthy")
NEVER = ("failed", "failing", "rolled_back", "stuck", "halted")


# What a process waits for here are files and rows of other processes.


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def found(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    async with fleet(tmp_path_factory.mktemp("fleet")) as made:
        yield made


async def test_both_workers_work(found: Fleet) -> None:
    train = await found.train(900)
    await found.shop.approve(train, *REGIONS)
    await found.settled(train)
    shares = found.shares(train)
    assert set(shares) == set(found.workers), shares
    assert set.union(*shares.values()) == {rollout.id for rollout in train.rollouts}


async def test_what_was_handed_to_one_that_sleeps_is_done_by_the_other_once(found: Fleet) -> None:
    train = await found.train(901)
    leader = await found.leader()
    [other] = found.workers.keys() - {leader}
    os.kill(other, signal.SIGSTOP)
    before = {cluster: len(images) for cluster, images in found.images.items()}
    await found.shop.approve(train, *REGIONS)
    await found.settled(train)
    assert set(found.shares(train)) == {leader}
    await _check(found, train, before, None)
    os.kill(other, signal.SIGCONT)
    await asyncio.sleep(DEAD_AFTER)
    assert set(found.shares(train)) == {leader}, "what had been handed to it was begun again"
    await _check(found, train, before, None)


@pytest.mark.parametrize("number", range(1, 1 + len(WHOLE if needs.WHOLE else FEW)))
async def test_whatever_befalls_one_of_two_workers_the_train_arrives_once(found: Fleet, number: int) -> None:
    await _arrives(found, number, (WHOLE if needs.WHOLE else FEW)[number - 1])


async def test_while_the_database_is_away_nothing_moves_and_then_all_goes_on(found: Fleet) -> None:
    train = await found.train(902)
    before = {cluster: len(images) for cluster, images in found.images.items()}
    wires = [found.wire, *(worker.wire for worker in found.workers.values())]
    async with found.shop.living.signed_in("oliver", lang="ko") as browser:
        assert PROJECT in await browser.get(f"/{PROJECT}")
        await found.shop.approve(train, *REGIONS)
        for wire in wires:
            wire.cut()
        began = clock.monotonic()
        said = await browser.get(f"/{PROJECT}", status=503)
        assert "http.database_away" in said
        assert "127.0.0.1" not in said, "strangers are told where the database is"
        assert clock.monotonic() - began < 5
        answer = await browser.client.get("/api/v1/projects", headers={"accept": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (503, "http.database_away")
        assert answer.headers["retry-after"] == "5"
        assert (await browser.client.get("/healthz")).text == "ok"
        assert (await browser.client.get("/readyz")).text.startswith("database: ")
        await asyncio.sleep(needs.AWAY)
        assert (await browser.client.get(f"/{PROJECT}")).status_code == 503
        for wire in wires:
            wire.mend()
        assert PROJECT in await browser.get(f"/{PROJECT}"), "it does not come back by itself"
        assert (await browser.client.get("/readyz")).text == "ok"
    await found.settled(train)
    await _check(found, train, before, None)
    assert all(worker.process.returncode is None for worker in found.workers.values())


async def test_an_old_and_a_new_version_work_side_by_side_through_deployments(found: Fleet, tmp_path: Path) -> None:
    source = await asyncio.to_thread(later.made, tmp_path)
    # A run is held in an old one; the new one comes, and the old one ends as when a node is drained.
    held = await found.train(800)
    found.fault("before", "delivery.judge", "held")
    await found.shop.approve(held, *REGIONS)
    victim = await found.victim()
    new = await found.add(source)
    pid = new.process.pid
    await found.drain(victim)
    await found.settled(held)
    await _check(found, held, {}, None)

    # The new one leads: what it begins is of a kind that the old one does not know, and never gets.
    train = await found.train(801)
    await found.lead(pid)
    await found.shop.approve(train, *REGIONS)
    await found.settled(train)
    assert {process for process, _ in await found.processes("rollout_v2")} == {new.name}
    await _check(found, train, {}, None)
    assert sum([(await found.said(train, region))["greeted"] for region in REGIONS])
    await _is_named(found)
    async with found.shop.living.signed_in("oliver") as browser:
        assert "delivery.rollout_greeted" in await browser.get(f"/{PROJECT}/activity")
    assert (await found.shop.living.client().get("/readyz")).text == "ok"

    # It dies, and nobody is left who knows what it did; the next one goes on.
    [old] = found.workers.keys() - {pid}
    train = await found.train(802)
    found.fault("after", "delivery.greet", "killed")
    await found.lead(pid)
    await found.shop.approve(train, *REGIONS)
    assert await found.victim() == pid
    await found.workers.pop(pid).process.wait()
    await asyncio.sleep(DEAD_AFTER * 1.5)
    left = await found.processes("rollout_v2", "PENDING", "ENQUEUED")
    assert {process for process, _ in left} == {new.name}, "an old version went on with what it does not know"
    await found.add(source)
    # And the last old one is gone.
    await found.drain(old)
    await found.settled(train)
    await _check(found, train, {}, None)


async def _is_named(found: Fleet) -> None:
    """What a handler did for an event that the old version does not know."""
    async with asyncio.timeout(60), found.shop.living.reading() as r:
        while await r.session.scalar(text("SELECT nickname FROM projects")) != "dear":
            await asyncio.sleep(0.1)
            await r.session.rollback()


async def test_nothing_was_put_aside_and_the_chain_fits(found: Fleet) -> None:
    assert (await log.verify(found.shop.living.house.database)).broken_at is None
    async with found.shop.living.reading() as r:
        assert not list(await r.session.scalars(text("SELECT why FROM event_letters")))


async def _arrives(found: Fleet, n: int, case: tuple[str, str, str]) -> None:
    train = await found.train(n)
    before = {cluster: len(images) for cluster, images in found.images.items()}
    phase, step, kind = case
    found.freezes = phase == "within"
    found.fault(phase, step, kind)
    await found.shop.approve(train, *REGIONS)
    await _befall(found, train, kind)
    await found.settled(train)
    await _check(found, train, before, case)
    if kind == "frozen":
        await _wake_late(found, n, int((found.folder / "victim").read_text()))


async def _wake_late(found: Fleet, n: int, pid: int) -> None:
    """It wakes when the other one has finished its train, and a newer one: what it was about to do is old."""
    newer = await found.train(1000 + n)
    await found.shop.approve(newer, *REGIONS)
    await found.settled(newer)
    there = {cluster: list(images) for cluster, images in found.images.items()}
    os.kill(pid, signal.SIGCONT)
    await asyncio.sleep(DEAD_AFTER * 1.5)
    assert found.workers[pid].process.returncode is None
    for cluster, images in there.items():
        assert set(found.images[cluster][len(images) :]) <= {images[-1]}, "what was old was applied again"
        assert await found.shop.image(cluster) == images[-1]
    await _check(found, newer, {}, None)


async def _check(found: Fleet, train: Deployment, before: dict[str, int], case: tuple[str, str, str] | None) -> None:
    now = await found.shop.now(train)
    assert {r.region: r.state.value for r in now.rollouts} == dict.fromkeys(REGIONS, "healthy"), case
    for rollout in now.rollouts:
        said = await found.said(train, rollout.region)
        assert all(said[word] == 1 for word in ONCE), (case, rollout.region, said)
        assert not [word for word in NEVER if said[word]], (case, rollout.region, said)
    for region in REGIONS:
        applied = found.images[f"prod-{region}"][before.get(f"prod-{region}", -1) :]
        assert len(set(applied)) == 1, (case, region, applied)
        assert await found.shop.image(f"prod-{region}") == applied[-1], case


async def _befall(found: Fleet, train: Deployment, kind: str) -> None:
    pid = await found.victim()
    worker = found.workers[pid]
    match kind:
        case "killed":
            await worker.process.wait()
            del found.workers[pid]
            await found.add()
        case "frozen":
            pass
        case _:
            worker.wire.cut()
            (found.folder / "cut").touch()
            await asyncio.sleep(needs.AWAY)
            worker.wire.mend()
            await found.settled(train)
            await asyncio.sleep(DEAD_AFTER)
