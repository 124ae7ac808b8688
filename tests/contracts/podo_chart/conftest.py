"""The chart of Podo itself, rendered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from podo.clients.helm import HelmRenderer, HelmSdk
from podo.clients.kubernetes import local
from podo.clients.kubernetes.client import Cluster
from podo.clients.kubernetes.real import connect
from tests.contracts.cluster.conftest import fresh
from tests.contracts.cluster.world import World, unique
from tests.house import tree

CHART = tree.ROOT / "charts/podo"
IMAGE = {"image": {"repository": "registry.example.com/podo"}}
SEVERAL = IMAGE | {"database": {"secret": "podo-database"}, "seal": {"secret": "podo-seal"}}
EVERYTHING = SEVERAL | {
    "url": "https://podo.example.com",
    "config": '[access]\ndirectory = "/etc/podo/people.yaml"\n',
    "files": {"people.yaml": "people: []\nteams: []\n"},
    "secretFiles": "podo-issuers",
    "env": [{"name": "PODO_NOTICES_SENDER", "value": "podo@example.com"}],
    "ingress": {"enabled": True, "host": "podo.example.com", "tlsSecret": "podo-tls", "className": "nginx"},
    "network": {"from": [{"namespaceSelector": {}}], "metricsFrom": [{"podSelector": {}}]},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "priorityClassName": "system-cluster-critical",
    "podLabels": {"example.com/cost": "platform"},
}
Objects = dict[tuple[str, str], dict[str, Any]]
Render = Callable[..., Awaitable[Objects]]


@pytest.fixture
async def helm() -> AsyncIterator[HelmRenderer]:
    renderer = HelmRenderer(HelmSdk(children=1, seconds=20))
    yield renderer
    await renderer.close()


@pytest.fixture
def render(helm: HelmRenderer) -> Render:
    async def rendered(given: dict[str, Any], namespace: str = "podo", **values: Any) -> Objects:
        """The objects by kind and name, of a release called podo, in the order in which Helm installs them."""
        found = await helm.render(CHART, given | values, release="podo", namespace=namespace)
        return {(o["kind"], o["metadata"]["name"]): o for o in found.objects}

    return rendered


@pytest.fixture
async def admin(seoul: local.LocalCluster) -> AsyncIterator[Cluster]:
    made = connect(seoul.kubeconfig)
    yield made
    await made.close()


@pytest.fixture
async def home(admin: Cluster) -> AsyncIterator[World]:
    """The namespace that the account lies in."""
    async with fresh(admin, unique("podo")) as made:
        yield made
