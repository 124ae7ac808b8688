"""The API of the local cluster that all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from podo.clients.kubernetes import local
from tests.contracts.cluster_local.api import Api


@pytest.fixture(scope="session")
def api(seoul: local.LocalCluster) -> Iterator[Api]:
    """Its API."""
    found = Api(seoul)
    yield found
    found.http.close()
