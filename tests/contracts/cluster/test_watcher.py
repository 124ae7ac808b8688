"""Podo's watcher over a true API server that no longer keeps what it knows, and over one that has too much to do."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from podo.clients.kubernetes import errors, kinds, local
from podo.clients.kubernetes.client import Cluster
from podo.clients.kubernetes.pods import PodPage
from podo.clients.kubernetes.real import RealCluster, connect
from podo.kernel.clock import monotonic
from podo.workloads.adapters.kubernetes import KubernetesWorkloads
from podo.workloads.types import Pod, Reach
from tests import needs
from tests.contracts.cluster.conftest import fresh
from tests.contracts.cluster.planes import Jail, another, counted, forget, jailed
from tests.contracts.cluster.proxy import before
from tests.contracts.cluster.world import World, eventually

pytestmark = [needs.part("kubernetes"), needs.part("kwok"), pytest.mark.serial]
_PODS = r"/api/v1/pods\?.*watch=true"
_REFUSED = "apiserver_flowcontrol_rejected_requests_total"


class Ways:
    """Leads whoever asks to `client`; who asks while it is not `open` waits."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.open = asyncio.Event()
        self.open.set()

    async def of(self, cluster: str) -> Cluster:
        """See `Connections`."""
        assert cluster == "seoul"
        await self.open.wait()
        return self.client


class SecondPages:
    """An API server that is asked for pods only after another has given the first page of them."""

    def __init__(self, server: RealCluster, first: PodPage) -> None:
        self._server = server
        self._first: PodPage | None = first

    def __getattr__(self, name: str) -> Any:
        return getattr(self._server, name)

    async def list_pods(self, **options: Any) -> PodPage:
        """See `Cluster`."""
        first, self._first = self._first, None
        return first or await self._server.list_pods(**options)


class Seen:
    """What a watcher told of the pods of a namespace, how often it told of all, and how far it ever saw."""

    def __init__(self, namespace: str) -> None:
        self.pods: dict[str, Pod] = {}
        self.lists = 0
        self.reaches: set[Reach] = set()
        self._namespace = namespace

    async def follow(self, reader: KubernetesWorkloads) -> None:
        """All that it tells."""
        async with contextlib.aclosing(reader.watch("seoul")) as sightings:
            async for news in sightings:
                self.reaches.add(news.reach)
                if "Pod" in news.whole:
                    self.pods.clear()
                    self.lists += 1
                self.pods.update({pod.name: pod for pod in news.pods if pod.namespace == self._namespace})
                for kind, namespace, name in news.gone:
                    if (kind, namespace) == ("Pod", self._namespace):
                        self.pods.pop(name, None)

    async def until(self, *ready: str) -> None:
        """Wait until exactly these pods are there, and ready."""

        async def is_so() -> bool:
            return sorted(self.pods) == sorted(ready) and all(pod.state == "ready" for pod in self.pods.values())

        await eventually(is_so)


@contextlib.asynccontextmanager
async def watching(ways: Ways, world: World) -> AsyncIterator[Seen]:
    """A watcher that goes these ways, once it has seen all pods."""
    seen = Seen(world.namespace)
    # It asks once for a sign of life, and for nothing but its kinds afterwards.
    task = asyncio.create_task(seen.follow(KubernetesWorkloads(ways, beat=3600)))

    async def has_begun() -> bool:
        return seen.lists > 0 and Reach.seen in seen.reaches

    try:
        await eventually(has_begun)
        yield seen
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def world(seoul: local.LocalCluster) -> AsyncIterator[World]:
    """A namespace, for its administrator."""
    client = connect(seoul.kubeconfig)
    async with fresh(client) as made:
        yield made
    await client.close()


async def test_what_the_next_api_server_never_had_is_listed_once(seoul: local.LocalCluster, world: World) -> None:
    for name in ("stays", "goes"):
        await world.running_pod(name)
    page = await world.cluster.list_pods(limit=1)
    async with before(seoul) as (proxy, first):
        # Its second line is not told any more.
        proxy.add("cut", path=_PODS)
        ways = Ways(first)
        async with watching(ways, world) as seen:
            await seen.until("goes", "stays")
            ways.open.clear()
            await world.running_pod("comes")
            await world.cluster.delete(world.ref(kinds.POD, "goes"), grace_seconds=0)
            await forget(seoul)
            async with another(seoul) as second:
                await _expired(second, page)
                ways.client = second
                ways.open.set()
                await seen.until("comes", "stays")
                await world.running_pod("later")
                await seen.until("comes", "later", "stays")
                assert seen.lists == 2
                assert seen.reaches <= {Reach.waiting, Reach.seen}
                async with watching(Ways(SecondPages(second, page)), world) as anew:
                    await anew.until("comes", "later", "stays")
                    assert anew.lists == 1


async def _expired(server: RealCluster, page: PodPage) -> None:
    """It gives neither what came after a page of another's nor the page behind it."""
    for call in (
        anext(server.watch_pods(resource_version=page.resource_version)),
        server.list_pods(limit=1, continue_=page.continue_),
    ):
        with pytest.raises(errors.Expired):
            await call


async def test_a_watcher_comes_later_when_it_is_told_to_and_lists_nothing(
    seoul: local.LocalCluster, world: World, tmp_path: Path
) -> None:
    async with jailed(seoul, world) as jail:
        file = tmp_path / "kubeconfig"
        file.write_text(yaml.safe_dump(jail.kubeconfig))
        async with before(dataclasses.replace(seoul, kubeconfig=file)) as (proxy, client):
            proxy.add("cut", path=_PODS)
            async with watching(Ways(client), world) as seen:
                async with jail.full():
                    refused, began = await counted(seoul, _REFUSED, jail.name), monotonic()
                    await world.running_pod("comes")
                    await _refused(seoul, jail, refused + 2)
                    # Between the two lies the second that the API server asks for.
                    assert monotonic() - began >= 1
                await seen.until("comes")
                assert seen.lists == 1
                assert seen.reaches <= {Reach.waiting, Reach.seen}


async def _refused(seoul: local.LocalCluster, jail: Jail, times: float) -> None:
    """Wait until the API server has told the account to come later so often."""

    async def is_so() -> bool:
        return await counted(seoul, _REFUSED, jail.name) >= times

    await eventually(is_so)


async def test_a_call_comes_later_when_it_is_told_to(seoul: local.LocalCluster, world: World) -> None:
    async with jailed(seoul, world) as jail:
        impatient, patient = jail.client(patience=0.5), jail.client()
        async with jail.full():
            began = monotonic()
            with pytest.raises(errors.Throttled) as refusal:
                await impatient.list_pods(limit=1)
            assert refusal.value.data["after"] == 1
            listing = asyncio.create_task(patient.list_pods(limit=1))
            await _refused(seoul, jail, 2)
        await listing
        assert monotonic() - began >= 1
        await impatient.close()
        await patient.close()
