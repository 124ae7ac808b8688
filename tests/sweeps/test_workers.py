"""Two workers over one PostgreSQL, as real processes, which share the work: one is killed, frozen and woken late, or cut off.

At whatever step of a train, nothing is lost, nothing done twice, nothing undone by mistake. `PODO_TEST_SWEEP=whole` tries every
step with every fault; by default a few.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from podo.catalog.adapters.clusters import ClusterPool
from podo.clients.kubernetes.connections import Connections
from podo.clients.kubernetes.twin import Twin
from podo.delivery.types import Deployment
from podo.kernel.db import outside
from podo.kernel.events import log
from tests import needs, postgres
from tests.domains.delivery.shops import CLUSTERS, PROJECT, QUICK, Shop, shop
from tests.houses import QUICK as PACE
from tests.houses import Living, living
from tests.sweeps.far import Wire, served
from tests.sweeps.worker import DEAD_AFTER

pytestmark = [pytest.mark.serial, needs.program("initdb"), pytest.mark.timeout(900)]
KEY = Fernet.generate_key().decode()
TREE = Path(__file__).parents[2]
STEPS = ("begin", "reach", "start", "apply", "look", "judge", "prune", "well")
REGIONS = ("kr", "jp")
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


@dataclass
class Worker:
    """A process, and its own way to the database."""

    process: asyncio.subprocess.Process
    wire: Wire
    name: str = ""


@dataclass
class Fleet:
    """Two workers, the twins they work on, and a process of the web from which people act."""

    folder: Path
    url: str
    shop: Shop
    port: int
    wires: contextlib.AsyncExitStack
    workers: dict[int, Worker] = field(default_factory=dict)
    images: dict[str, list[str]] = field(default_factory=dict)
    freezes: bool = False

    async def add(self) -> Worker:
        """Start one more, and wait until it works."""
        host, _, rest = self.url.rpartition(":")
        port, _, name = rest.partition("/")
        wire = await self.wires.enter_async_context(Wire(int(port)).laid())
        environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PODO_")},
            **QUICK,
            "PODO_SERVER_DIRECTORY": str(self.folder / f"worker-{len(self.workers)}-{wire.port}"),
            "PODO_DATABASE_URL": f"{host}:{wire.port}/{name}",
            "PODO_SERVER_ROLES": "worker",
            "PODO_SEAL_KEYS": KEY,
            "PYTHONPATH": os.pathsep.join([str(TREE / "src"), str(TREE)]),
        }
        words = ["-m", "tests.sweeps.worker", str(self.folder), str(self.port), ",".join(CLUSTERS)]
        with (self.folder / "workers.log").open("ab") as said:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *words, env=environ, cwd=TREE, stdout=said, stderr=said
            )
        self.workers[process.pid] = made = Worker(process, wire)
        ready = self.folder / f"ready-{process.pid}"
        await self.until(lambda: ready.exists() and ready.read_text() != "", 60)
        made.name = ready.read_text()
        return made

    async def end(self) -> None:
        """End all that still live."""
        for pid, worker in self.workers.items():
            if worker.process.returncode is None:
                os.kill(pid, signal.SIGCONT)
                worker.process.kill()
                await worker.process.wait()

    async def heard(self, cluster: str, verb: str, what: Any, pid: int) -> None:
        """Note the image of each Deployment that is applied, in order; freeze who applies, if that is its turn."""
        if self.freezes and verb == "apply":
            self.freezes = False
            assert what["kind"] != "Deployment", "nothing would be left to do wrong"
            os.kill(pid, signal.SIGSTOP)
            (self.folder / "victim").write_text(str(pid))
        if verb == "apply" and what["kind"] == "Deployment":
            self.images.setdefault(cluster, []).append(what["spec"]["template"]["spec"]["containers"][0]["image"])

    async def until(self, is_so: Any, seconds: float = 40) -> None:
        """Wait until it is so."""
        try:
            async with asyncio.timeout(seconds):
                while not is_so():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError((self.folder / "workers.log").read_text()[-6000:]) from None

    async def settled(self, of: Deployment, seconds: float = 60) -> None:
        """Wait until the whole train has arrived somewhere, and nothing runs any more."""
        try:
            async with asyncio.timeout(seconds):
                while set((await self.shop.states(of)).values()) & {"queued", "waiting", "rolling", "soaking"}:
                    await asyncio.sleep(0.1)
                while await self.runs():
                    await asyncio.sleep(0.1)
        except TimeoutError:
            said = (self.folder / "workers.log").read_text()[-8000:]
            raise AssertionError((await self.shop.states(of), await self.runs(), said)) from None

    async def runs(self) -> list[str]:
        """What is under way, by the engine's own table."""
        async with self.shop.living.reading() as r:
            pending = text("SELECT workflow_uuid FROM dbos.workflow_status WHERE status IN ('PENDING', 'ENQUEUED')")
            handed = text("SELECT run FROM engine_handed")
            return [*await r.session.scalars(handed), *await r.session.scalars(pending)]

    def shares(self, of: Deployment) -> dict[int, set[str]]:
        """Which worker made steps of which of its rollouts."""
        found: dict[int, set[str]] = {}
        for line in (self.folder / "steps").read_text().splitlines():
            pid, _, _, run = line.split()
            found.setdefault(int(pid), set()).update(r.id for r in of.rollouts if run.startswith(f"rollout:{r.id}:"))
        return {pid: rollouts for pid, rollouts in found.items() if rollouts}

    async def leader(self) -> int:
        """The worker that hears the events."""
        async with self.shop.living.reading() as r:
            holder = await r.session.scalar(text("SELECT holder FROM leases WHERE name = 'events.handlers'"))
        return next(pid for pid, worker in self.workers.items() if worker.name == holder)

    async def train(self, n: int) -> Deployment:
        """Ask for production everywhere, and approve all of it."""
        build = await self.shop.build(n)
        alpha = await self.shop.ask(build, "alpha")
        await self.settled(alpha)
        train = await self.shop.ask(build, "prod", list(REGIONS))
        await self.until_waiting(train)
        return train

    async def until_waiting(self, of: Deployment) -> None:
        """Wait until it can be approved."""
        async with asyncio.timeout(30):
            while set((await self.shop.states(of)).values()) != {"waiting"}:
                await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def fleet(folder: Path) -> AsyncIterator[Fleet]:
    """A shop that was set up, then two workers and a web process over its database."""
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(postgres.database_url())
        async with shop(folder / "first", PODO_DATABASE_URL=url, PODO_SEAL_KEYS=KEY):
            pass
        twins = {name: _loaded(name, folder / "first/twins") for name in CLUSTERS}
        # They end after the workers, which go through them.
        wires = await stack.enter_async_context(contextlib.AsyncExitStack())
        found = Fleet(folder, url, Shop(Living(None, folder)), 0, wires)  # type: ignore[arg-type]
        found.port = await stack.enter_async_context(served(twins, found.heard))
        roles = {"PODO_DATABASE_URL": url, "PODO_SEAL_KEYS": KEY, "PODO_SERVER_ROLES": "web"}
        web = await stack.enter_async_context(living(folder / "web", **QUICK, **roles))
        pool = web.house.ports[Connections]  # type: ignore[type-abstract]
        assert isinstance(pool, ClusterPool)
        for twin in twins.values():
            pool.put(twin)
        web.twins = twins
        found.shop = Shop(web)
        stack.push_async_callback(found.end)
        await found.add()
        await found.add()
        yield found


def _loaded(name: str, folder: Path) -> Twin:
    twin = Twin(name, pace=PACE, before_call=outside)
    twin.load((folder / f"{name}.twin").read_bytes())
    return twin


# What a process waits for here are files and rows of other processes.
# ruff: noqa: ASYNC110


async def test_whatever_befalls_one_of_two_workers_the_train_arrives_once(tmp_path: Path) -> None:
    cases = WHOLE if needs.WHOLE else FEW
    async with fleet(tmp_path) as found:
        await _both_work(found, 900)
        await _what_was_handed_to_one_that_sleeps_is_done(found, 901)
        for number, case in enumerate(cases, 1):
            await _arrives(found, number, case)
        verdict = await log.verify(found.shop.living.house.database)
        assert verdict.broken_at is None
        async with found.shop.living.reading() as r:
            assert not list(await r.session.scalars(text("SELECT why FROM event_letters")))


async def _arrives(found: Fleet, n: int, case: tuple[str, str, str] | None) -> None:
    train = await found.train(n)
    before = {cluster: len(images) for cluster, images in found.images.items()}
    for name in ("fault", "met", "victim", "cut"):
        (found.folder / name).unlink(missing_ok=True)
    if case:
        phase, step, kind = case
        found.freezes = phase == "within"
        (found.folder / "fault").write_text(json.dumps({"phase": phase, "step": step, "kind": kind}))
    await found.shop.approve(train, *REGIONS)
    if case:
        await _befall(found, train, case[2])
    await found.settled(train)
    await _check(found, train, before, case)
    if case and case[2] == "frozen":
        await _wake_late(found, n, int((found.folder / "victim").read_text()))


async def _both_work(found: Fleet, n: int) -> None:
    train = await found.train(n)
    await found.shop.approve(train, *REGIONS)
    await found.settled(train)
    shares = found.shares(train)
    assert set(shares) == set(found.workers), shares
    assert sorted(len(rollouts) for rollouts in shares.values()) == [1, 1], "one rollout was in two workers"


async def _what_was_handed_to_one_that_sleeps_is_done(found: Fleet, n: int) -> None:
    train = await found.train(n)
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
        said = await _said(found, train, rollout.region)
        assert all(said[word] == 1 for word in ONCE), (case, rollout.region, said)
        assert not [word for word in NEVER if said[word]], (case, rollout.region, said)
    for region in REGIONS:
        applied = found.images[f"prod-{region}"][before.get(f"prod-{region}", -1) :]
        assert len(set(applied)) == 1, (case, region, applied)
        assert await found.shop.image(f"prod-{region}") == applied[-1], case


async def _befall(found: Fleet, train: Deployment, kind: str) -> None:
    await found.until(lambda: (found.folder / "victim").exists())
    await found.until(lambda: (found.folder / "victim").read_text() != "")
    pid = int((found.folder / "victim").read_text())
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
            await asyncio.sleep(DEAD_AFTER * 2)
            worker.wire.mend()
            await found.settled(train)
            await asyncio.sleep(DEAD_AFTER)


async def _said(found: Fleet, train: Deployment, region: str) -> Counter[str]:
    async with found.shop.living.reading() as r:
        wanted = log.Wanted(project=PROJECT, region=region, subject=f"deployment/{PROJECT}/{train.number}")
        entries, _ = await log.history(r, wanted, limit=200)
    return Counter(e.code.removeprefix("delivery.rollout_") for e in entries if e.code.startswith("delivery.rollout_"))
