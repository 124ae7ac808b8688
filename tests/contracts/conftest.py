"""What several ports' contracts are tested on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from podo.clients.kubernetes import local


@pytest.fixture(scope="session")
def seoul(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.LocalCluster]:
    """One control plane on this machine, with four nodes, for all tests of this process: work in a namespace of your own."""
    with local.started("seoul", tmp_path_factory.mktemp("clusters"), nodes=4, region="ap-northeast-2") as cluster:
        yield cluster
