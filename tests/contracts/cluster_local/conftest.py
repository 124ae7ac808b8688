"""One local cluster for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from podo.clients.kubernetes import local
from tests.contracts.cluster_local.api import Api


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.LocalCluster]:
    """A cluster of four nodes."""
    with local.started("seoul", tmp_path_factory.mktemp("clusters"), nodes=4, region="ap-northeast-2") as cluster:
        yield cluster


@pytest.fixture(scope="session")
def api(started: local.LocalCluster) -> Iterator[Api]:
    """Its API."""
    found = Api(started)
    yield found
    found.http.close()
