"""Three kinds of cluster: the twin, a control plane on this machine, and whatever PODO_TEST_KUBECONFIG names.

A given cluster that pulls images needs two that have `sh` in PODO_TEST_IMAGES, and more time in PODO_TEST_PATIENCE (seconds).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from podo.clients.kubernetes import kinds, local
from podo.clients.kubernetes.client import Cluster
from podo.clients.kubernetes.errors import NotFound
from podo.clients.kubernetes.real import RealCluster, connect
from podo.clients.kubernetes.twin import AT_ONCE, Twin
from tests import needs
from tests.contracts.cluster.world import World, eventually, unique

# What else there is to test with; where it is not set, nothing is missing.
GIVEN = "PODO_TEST_KUBECONFIG"
LOCAL = pytest.param("local", marks=[needs.part("kubernetes"), needs.part("kwok"), pytest.mark.serial])
REAL = [LOCAL, *([pytest.param("given", marks=pytest.mark.serial)] if GIVEN in os.environ else [])]


@pytest.fixture(params=["twin", *REAL])
async def cluster(request: pytest.FixtureRequest) -> AsyncIterator[Cluster]:
    """A cluster of each kind."""
    made = Twin(pace=AT_ONCE) if request.param == "twin" else _real(request)
    yield made
    await made.close()


@pytest.fixture(params=REAL)
async def real(request: pytest.FixtureRequest) -> AsyncIterator[RealCluster]:
    """A cluster of each kind with a true API server."""
    made = _real(request)
    yield made
    await made.close()


def _real(request: pytest.FixtureRequest) -> RealCluster:
    if request.param == "given":
        return connect(Path(os.environ[GIVEN]), name="given")
    seoul: local.LocalCluster = request.getfixturevalue("seoul")
    return connect(seoul.kubeconfig)


@pytest.fixture
async def twin() -> AsyncIterator[Twin]:
    """A twin alone."""
    made = Twin(pace=AT_ONCE)
    yield made
    await made.close()


@pytest.fixture
async def world(cluster: Cluster) -> AsyncIterator[World]:
    """A fresh namespace in a cluster of each kind."""
    async with fresh(cluster) as made:
        yield made


@pytest.fixture
async def real_world(real: RealCluster) -> AsyncIterator[World]:
    """A fresh namespace in a cluster of each kind with a true API server."""
    async with fresh(real) as made:
        yield made


@pytest.fixture
async def twin_world(twin: Twin) -> AsyncIterator[World]:
    """A fresh namespace in the twin."""
    async with fresh(twin) as made:
        yield made


@contextlib.asynccontextmanager
async def fresh(cluster: Cluster, name: str = "") -> AsyncIterator[World]:
    """A namespace that is ready for pods. Afterwards it is deleted, unless the whole cluster goes away soon.

    A control plane asks for each of its kinds when a namespace goes: more work than the test itself was.
    """
    world = World(cluster, name or unique("contract"))
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": world.namespace}}
    await cluster.create(manifest, field_manager="tests")

    async def is_equipped() -> bool:
        account, authority = await world.names(kinds.SERVICE_ACCOUNT), await world.names(kinds.CONFIG_MAP)
        return "default" in account and "kube-root-ca.crt" in authority

    # Before that a pod would be refused.
    await eventually(is_equipped)
    yield world
    if cluster.name == "given":
        with contextlib.suppress(NotFound):
            await cluster.delete(kinds.NAMESPACE.ref(world.namespace))
