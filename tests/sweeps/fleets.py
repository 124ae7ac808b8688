"""Workers as real processes over one PostgreSQL, the twins that they share, and a process of the web from which people act."""

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

from cryptography.fernet import Fernet
from sqlalchemy import text

from podo.catalog.adapters.clusters import ClusterPool
from podo.clients.kubernetes.connections import Connections
from podo.clients.kubernetes.twin import Twin
from podo.delivery.types import Deployment
from podo.kernel.db import outside
from podo.kernel.events import log
from tests import postgres
from tests.domains.delivery.shops import CLUSTERS, PROJECT, QUICK, Shop, shop
from tests.houses import QUICK as PACE
from tests.houses import Living, living
from tests.sweeps.far import Wire, served
from tests.sweeps.worker import DEAD_AFTER, PROGRAM

KEY = Fernet.generate_key().decode()
TREE = Path(__file__).parents[2]
REGIONS = ("kr", "jp")
# What a process waits for here are files and rows of other processes.
# ruff: noqa: ASYNC110


@dataclass
class Worker:
    """A process, and its own way to the database."""

    process: asyncio.subprocess.Process
    wire: Wire
    name: str = ""


@dataclass
class Fleet:
    """Two workers, the twins they work on, and a process of the web from which people act, each with its way to the database."""

    folder: Path
    url: str
    shop: Shop
    port: int
    wires: contextlib.AsyncExitStack
    wire: Wire
    workers: dict[int, Worker] = field(default_factory=dict)
    images: dict[str, list[str]] = field(default_factory=dict)
    freezes: bool = False

    async def add(self, source: Path = TREE / "src") -> Worker:
        """Start one more, of the version whose source this is, and wait until it works."""
        wire, url = await wired(self.wires, self.url)
        environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PODO_")},
            **QUICK,
            "PODO_SERVER_DIRECTORY": str(self.folder / f"worker-{len(self.workers)}-{wire.port}"),
            "PODO_DATABASE_URL": url,
            "PODO_SERVER_ROLES": "worker",
            "PODO_SEAL_KEYS": KEY,
            "PYTHONPATH": os.pathsep.join([str(source), str(TREE)]),
        }
        words = ["-c", PROGRAM, str(self.folder), str(self.port), ",".join(CLUSTERS)]
        with (self.folder / "workers.log").open("ab") as said:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *words, env=environ, cwd=TREE, stdout=said, stderr=said
            )
        self.workers[process.pid] = made = Worker(process, wire)
        ready = self.folder / f"ready-{process.pid}"
        await self.until(lambda: ready.exists() and ready.read_text() != "", 240)
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

    async def until(self, is_so: Any, seconds: float = 120) -> None:
        """Wait until it is so."""
        try:
            async with asyncio.timeout(seconds):
                while not is_so():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError((self.folder / "workers.log").read_text()[-6000:]) from None

    async def settled(self, of: Deployment, seconds: float = 180) -> None:
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

    async def processes(self, workflow: str, *states: str) -> list[tuple[str, str]]:
        """(process, run) of the runs of a workflow in these states, or in any."""
        async with self.shop.living.reading() as r:
            rows = await r.session.execute(
                text("SELECT executor_id, workflow_uuid, status FROM dbos.workflow_status WHERE name = :name"), {"name": workflow}
            )
            return [(row[0], row[1]) for row in rows if not states or row[2] in states]

    def shares(self, of: Deployment) -> dict[int, set[str]]:
        """Which worker made steps of which of its rollouts."""
        found: dict[int, set[str]] = {}
        for line in (self.folder / "steps").read_text().splitlines():
            pid, _, _, run = line.split()
            found.setdefault(int(pid), set()).update(r.id for r in of.rollouts if run.startswith(f"rollout:{r.id}:"))
        return {pid: rollouts for pid, rollouts in found.items() if rollouts}

    async def said(self, of: Deployment, region: str) -> Counter[str]:
        """How often each word about a rollout was told."""
        async with self.shop.living.reading() as r:
            wanted = log.Wanted(project=PROJECT, region=region, subject=f"deployment/{PROJECT}/{of.number}")
            entries, _ = await log.history(r, wanted, limit=200)
        return Counter(e.code.removeprefix("delivery.rollout_") for e in entries if e.code.startswith("delivery.rollout_"))

    def fault(self, phase: str, step: str, kind: str) -> None:
        """What shall befall whoever comes there first."""
        for name in ("fault", "met", "victim", "cut"):
            (self.folder / name).unlink(missing_ok=True)
        (self.folder / "fault").write_text(json.dumps({"phase": phase, "step": step, "kind": kind}))

    async def victim(self) -> int:
        """Whom it befell."""
        path = self.folder / "victim"
        await self.until(lambda: path.exists() and path.read_text() != "")
        return int(path.read_text())

    async def drain(self, pid: int) -> None:
        """Let a worker end, as before its machine is switched off."""
        worker = self.workers.pop(pid)
        worker.process.terminate()
        assert await asyncio.wait_for(worker.process.wait(), 15) == 0

    async def lead(self, pid: int) -> None:
        """Let this worker be the one that hears the events."""
        async with self.shop.living.house.database.note() as session:
            change = "UPDATE leases SET holder = :name, until = until + 5 WHERE name = 'events.handlers'"
            await session.execute(text(change), {"name": self.workers[pid].name})
        # The other one believes in its lease until it renews it.
        await asyncio.sleep(DEAD_AFTER / 2)
        assert await self.leader() == pid

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
        async with asyncio.timeout(120):
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
        wire, webs = await wired(wires, url)
        found = Fleet(folder, url, Shop(Living(None, folder)), 0, wires, wire)  # type: ignore[arg-type]
        found.port = await stack.enter_async_context(served(twins, found.heard))
        roles = {"PODO_DATABASE_URL": webs, "PODO_SEAL_KEYS": KEY, "PODO_SERVER_ROLES": "web"}
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


async def wired(wires: contextlib.AsyncExitStack, url: str) -> tuple[Wire, str]:
    """A way of one's own to the database, and its address."""
    host, _, rest = url.rpartition(":")
    port, _, name = rest.partition("/")
    wire = await wires.enter_async_context(Wire(int(port)).laid())
    return wire, f"{host}:{wire.port}/{name}"


def _loaded(name: str, folder: Path) -> Twin:
    twin = Twin(name, pace=PACE, before_call=outside)
    twin.load((folder / f"{name}.twin").read_bytes())
    return twin
