"""Several processes over one PostgreSQL database: each does its part, and all know what one of them heard or saw."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from podo.app import house as houses
from podo.app.roles import NoSharedKey, OneProcess, UnknownRole, roles_of
from podo.app.settings import DatabaseSettings, SealSettings, ServerSettings
from podo.catalog import service as catalog
from podo.catalog.adapters.clusters import ClusterPool
from podo.catalog.types import NamespaceState
from podo.clients.kubernetes.connections import Connections
from podo.kernel import clock, traces
from podo.kernel.db import holds
from podo.kernel.settings import load
from podo.workloads import service as workloads
from podo.workloads.handlers import Watchers
from podo.workloads.types import OperationState, Reach
from tests import needs, postgres
from tests.collector import collecting
from tests.company import DOMAINS, JP, KR, LEAD, PROJECT, open_shop, person, settle_in
from tests.domains.workloads.conftest import Shop, deployment, of
from tests.houses import Living, living

pytestmark = needs.program("initdb")
KEY = Fernet.generate_key().decode()


@contextlib.asynccontextmanager
async def process(folder: Path, url: str, roles: str, twins: Living | None = None, **settings: str) -> AsyncIterator[Living]:
    """A house that stands for a process with these roles; it reaches the clusters of another one."""
    chosen = {"PODO_DATABASE_URL": url, "PODO_SERVER_ROLES": roles, "PODO_SEAL_KEYS": KEY, **settings}
    async with living(folder, DOMAINS, clusters=() if twins else (KR, JP), **chosen) as house:
        if twins:
            house.twins = twins.twins
            pool = house.house.ports[Connections]  # type: ignore[type-abstract]
            assert isinstance(pool, ClusterPool)
            for twin in twins.twins.values():
                pool.put(twin)
        yield house


async def until(is_so: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(seconds):
        while not await is_so():  # noqa: ASYNC110 - what is waited for is a row
            await asyncio.sleep(0.05)


class Page:
    """An open page of a process: what its stream is told of a topic."""

    def __init__(self, of: Living, topic: str) -> None:
        self._open = contextlib.ExitStack()
        self._told = self._open.enter_context(of.running.app.state.hub.listening(frozenset({topic})))

    async def hears(self, seconds: float) -> None:
        """Wait for news; then it is closed."""
        with self._open:
            async with asyncio.timeout(seconds):
                await self._told.get()


async def test_a_trace_goes_on_in_the_process_that_does_the_work(tmp_path: Path) -> None:
    asked = traces.Point("c" * 32, "d" * 16, True)
    with collecting() as found:
        async with (
            postgres.database_url() as url,
            process(tmp_path / "work", url, "worker,watcher", PODO_TRACES_ENDPOINT=found.url) as work,
            process(tmp_path / "web", url, "web", work) as web,
        ):
            await settle_in(web)
            with traces.span("click", under=asked):
                await open_shop(web)
            await work.settled()
    applied = next(s for s in found.of(asked.trace) if s.name == "apply Namespace" and s.facts["k8s.cluster.name"] == KR)
    names = [s.name for s in found.above(applied)]
    assert names[-4:] == ["handler catalog.namespaces", "event catalog.project_registered", "transaction", "click"], names
    assert any(name.startswith("run ") for name in names)


async def test_a_web_process_shows_what_a_worker_did_and_a_watcher_saw(tmp_path: Path) -> None:
    async with (
        postgres.database_url() as url,
        process(tmp_path / "work", url, "worker,watcher") as work,
        process(tmp_path / "web", url, "web", work) as web,
    ):
        await settle_in(web)
        await open_shop(web)

        async def ready() -> bool:
            async with web.reading() as r:
                there = await catalog.namespaces(r, PROJECT)
            return len(there) == 2 and all(n.state is NamespaceState.ready for n in there)

        await until(ready)
        await work.house.ports[Watchers].keep(work.house)
        page = Page(web, f"observed:{PROJECT}")
        await Shop(work).run(deployment())
        await page.hears(5)
        seen = await Shop(web).until(lambda views: of(views) and of(views).ready == 2, seconds=20)
        assert seen["kr"].reach is Reach.seen
        async with web.signed_in(LEAD) as browser:
            assert PROJECT in await browser.get(f"/{PROJECT}/workloads")

        # Asked of the web process, done by the worker; and the page of the one hears what the other said, within a second or so.
        page = Page(web, f"project:{PROJECT}")
        async with web.transaction(person(LEAD)) as tx:
            asked = await workloads.restart(tx, PROJECT, "prod", "kr", "Deployment", PROJECT)
        begun = clock.monotonic()

        async def done() -> bool:
            async with web.reading() as r:
                return (await workloads.operation(r, asked.id)).state is OperationState.done

        await until(done)
        await page.hears(2)
        assert clock.monotonic() - begun < 5
        answer = await work.client().get(f"/{PROJECT}")
        assert answer.status_code == 404, "a worker shows pages"
        assert (await work.client().get("/readyz")).text == "ok"
        assert not await asyncio.to_thread(lambda: list(tmp_path.glob("*/*.db"))), "something lives in a file of one process"


async def test_watchers_share_the_clusters_and_take_over_those_of_one_that_died(tmp_path: Path) -> None:
    async with postgres.database_url() as url, process(tmp_path / "a", url, "web,worker,watcher") as one:
        await settle_in(one)
        await open_shop(one)
        mine = one.house.ports[Watchers]
        await mine.keep(one.house)
        assert mine.watched() == {KR, JP}
        async with process(tmp_path / "b", url, "watcher", one) as other:
            theirs = other.house.ports[Watchers]
            for _ in range(2):
                await theirs.keep(other.house)
                await mine.keep(one.house)
                await asyncio.sleep(0)
            assert len(mine.watched()) == len(theirs.watched()) == 1
            assert mine.watched() | theirs.watched() == {KR, JP}
            assert not holds(one.house.database, f"watch:{theirs.watched().pop()}", one.house.durable.process)
        # It ended, and gave back what it had: the next round takes it.
        await mine.keep(one.house)
        assert mine.watched() == {KR, JP}


async def test_a_process_that_cannot_be_one_of_several_says_why(tmp_path: Path) -> None:
    for environ, error in (
        ({"PODO_SERVER_ROLES": "web,cook"}, UnknownRole),
        ({"PODO_SERVER_ROLES": "web"}, OneProcess),
        ({"PODO_SERVER_ROLES": "web", "PODO_DATABASE_URL": "postgresql://127.0.0.1:1/podo"}, NoSharedKey),
    ):
        sections = {"server": ServerSettings, "database": DatabaseSettings, "seal": SealSettings}
        house = houses.build(load(sections, None, {"PODO_SERVER_DIRECTORY": str(tmp_path), **environ}), [])
        with pytest.raises(error):
            roles_of(house)
