"""When TCP itself fails between the client and a true API server: TLS over toxiproxy, which cuts, holds and slows bytes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import yaml

from podo.clients.kubernetes import errors, kinds, local
from podo.clients.kubernetes.local import parts
from podo.clients.kubernetes.real import RealCluster, connect
from podo.kernel.clock import monotonic
from tests import needs
from tests.contracts.cluster.conftest import fresh
from tests.contracts.cluster.world import World

pytestmark = [needs.part("kubernetes"), needs.part("kwok"), needs.part("toxiproxy"), pytest.mark.serial]


class Toxic:
    """A running toxiproxy with one proxy, called `api`."""

    def __init__(self, session: aiohttp.ClientSession, control: str) -> None:
        self._session = session
        self._control = control

    async def ask(self, method: str, path: str, **body: Any) -> Any:
        """One request to its control interface."""
        async with self._session.request(method, f"{self._control}{path}", json=body or None) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json() if answer.status != 204 else None

    @contextlib.asynccontextmanager
    async def with_toxic(self, type: str, **attributes: int) -> AsyncIterator[None]:
        """What comes from the server is treated so, within this context."""
        await self.ask("POST", "/proxies/api/toxics", name="it", type=type, stream="downstream", attributes=attributes)
        yield
        await self.ask("DELETE", "/proxies/api/toxics/it")


def _free_ports() -> tuple[int, int]:
    with contextlib.ExitStack() as held:
        found = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        return found[0].getsockname()[1], found[1].getsockname()[1]


@contextlib.asynccontextmanager
async def _running() -> AsyncIterator[tuple[Toxic, int]]:
    control, front = _free_ports()
    program = parts.program("toxiproxy", "toxiproxy")
    # It ends when its standard input does, so that it ends with us, however we end.
    command = ["sh", "-c", '"$@" >/dev/null 2>&1 & cat >/dev/null; kill -9 $!', "sh", program, "-host", "127.0.0.1", "-port"]
    process = await asyncio.create_subprocess_exec(*command, str(control), stdin=asyncio.subprocess.PIPE, start_new_session=True)
    try:
        async with aiohttp.ClientSession() as session:
            toxic = Toxic(session, f"http://127.0.0.1:{control}")
            async with asyncio.timeout(10):
                while True:
                    with contextlib.suppress(aiohttp.ClientConnectionError):
                        await toxic.ask("GET", "/proxies")
                        break
                    await asyncio.sleep(0.02)
            yield toxic, front
    finally:
        assert process.stdin
        process.stdin.close()
        await process.wait()


@pytest.fixture
async def toxic(seoul: local.LocalCluster) -> AsyncIterator[tuple[Toxic, RealCluster]]:
    """toxiproxy before the API server, and a client that reaches it so."""
    async with _running() as (toxic, front):
        upstream = seoul.api_url.removeprefix("https://")
        await toxic.ask("POST", "/proxies", name="api", listen=f"127.0.0.1:{front}", upstream=upstream, enabled=True)
        content = yaml.safe_load(seoul.kubeconfig.read_text())
        content["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{front}"
        client = connect(content, name="toxic", timeout=2)
        yield toxic, client
        await client.close()


@pytest.fixture
async def world(toxic: tuple[Toxic, RealCluster], seoul: local.LocalCluster) -> AsyncIterator[World]:
    """A namespace that is made and deleted without toxiproxy, and used through it."""
    direct = connect(seoul.kubeconfig)
    async with fresh(direct) as made:
        yield World(toxic[1], made.namespace)
    await direct.close()


async def test_a_long_way_takes_longer(toxic: tuple[Toxic, RealCluster], world: World) -> None:
    async with toxic[0].with_toxic("latency", latency=300, jitter=0):
        began = monotonic()
        await world.apply(world.config_map("words", a="1"))
        assert monotonic() - began > 0.3


async def test_bytes_that_stop_are_not_waited_for(toxic: tuple[Toxic, RealCluster], world: World) -> None:
    # With 0 it holds everything back, and closes nothing.
    async with toxic[0].with_toxic("timeout", timeout=0):
        began = monotonic()
        with pytest.raises(errors.Unreachable, match="took too long"):
            await world.apply(world.config_map("words", a="1"))
        assert monotonic() - began < 10
    # Whether it was done is open; to say it again does no harm.
    assert (await world.apply(world.config_map("words", a="1")))["data"] == {"a": "1"}


async def test_a_connection_that_breaks_in_an_answer(toxic: tuple[Toxic, RealCluster], world: World) -> None:
    for n in range(10):
        await world.apply(world.config_map(f"c{n}", a="x" * 5000))
    async with toxic[0].with_toxic("limit_data", bytes=12_000):
        with pytest.raises(errors.Unreachable):
            for _ in range(3):
                await world.names(kinds.CONFIG_MAP)
    assert len(await world.names(kinds.CONFIG_MAP)) >= 10


async def test_a_server_that_goes_away_cuts_its_streams(toxic: tuple[Toxic, RealCluster], world: World) -> None:
    proxy, client = toxic
    await world.apply(world.config_map("words", a="1"))
    watch = client.watch(kinds.CONFIG_MAP, namespace=world.namespace)
    await anext(watch)
    cut = asyncio.ensure_future(_to_the_end(watch))
    await proxy.ask("POST", "/proxies/api", enabled=False)
    with pytest.raises(errors.Unreachable):
        await asyncio.wait_for(cut, 10)
    with pytest.raises(errors.Unreachable, match=r"Connect call failed|refused"):
        await world.get(kinds.CONFIG_MAP, "words")
    await proxy.ask("POST", "/proxies/api", enabled=True)
    assert (await world.get(kinds.CONFIG_MAP, "words"))["data"] == {"a": "1"}


async def _to_the_end(stream: Any) -> None:
    async for _ in stream:
        pass
