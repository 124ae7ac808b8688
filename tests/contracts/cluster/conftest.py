"""Three kinds of cluster: the twin, a control plane on this machine, and whatever PODO_TEST_KUBECONFIG names."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from podo.clients.kubernetes import kinds, local
from podo.clients.kubernetes.client import Cluster
from podo.clients.kubernetes.errors import NotFound
from podo.clients.kubernetes.real import connect
from podo.clients.kubernetes.twin import AT_ONCE, Twin
from tests import needs
from tests.contracts.cluster.world import World, eventually, unique

# What else there is to test with; where it is not set, nothing is missing.
GIVEN = "PODO_TEST_KUBECONFIG"
LOCAL = [needs.part("kubernetes"), needs.part("kwok"), pytest.mark.serial]
CLUSTERS = ["twin", pytest.param("local", marks=LOCAL), *(["given"] if GIVEN in os.environ else [])]


@pytest.fixture(scope="session")
def local_kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The kubeconfig of a control plane that runs for all tests of this process."""
    running = local.running("contract", tmp_path_factory.mktemp("clusters"))
    # On a loop of its own: it outlives those of the tests.
    with ThreadPoolExecutor(1) as thread:
        runner = asyncio.Runner()
        cluster = thread.submit(runner.run, running.__aenter__()).result()
        yield cluster.kubeconfig
        thread.submit(runner.run, running.__aexit__(None, None, None)).result()
        thread.submit(runner.close).result()


@pytest.fixture(params=CLUSTERS)
async def cluster(request: pytest.FixtureRequest) -> AsyncIterator[Cluster]:
    """A cluster of each kind."""
    made = _cluster(request)
    yield made
    await made.close()


def _cluster(request: pytest.FixtureRequest) -> Cluster:
    match request.param:
        case "twin":
            return Twin(pace=AT_ONCE)
        case "local":
            return connect(request.getfixturevalue("local_kubeconfig"))
    return connect(Path(os.environ[GIVEN]))


@pytest.fixture
async def world(cluster: Cluster) -> AsyncIterator[World]:
    """A fresh namespace in a cluster of each kind."""
    async with _fresh(cluster) as made:
        yield made


@pytest.fixture
async def twin() -> AsyncIterator[Twin]:
    """A twin alone."""
    made = Twin(pace=AT_ONCE)
    yield made
    await made.close()


@pytest.fixture
async def twin_world(twin: Twin) -> AsyncIterator[World]:
    """A fresh namespace in the twin."""
    async with _fresh(twin) as made:
        yield made


@contextlib.asynccontextmanager
async def _fresh(cluster: Cluster) -> AsyncIterator[World]:
    world = World(cluster, unique("contract"))
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": world.namespace}}
    await cluster.create(manifest, field_manager="tests")

    async def has_account() -> bool:
        return "default" in await world.names(kinds.SERVICE_ACCOUNT)

    # Before that a pod would be refused.
    await eventually(has_account)
    yield world
    with contextlib.suppress(NotFound):
        await cluster.delete(kinds.NAMESPACE.ref(world.namespace))
