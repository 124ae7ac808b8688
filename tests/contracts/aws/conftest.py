"""AWS as moto has it, behind our plane."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from podo.clients.aws import Access, Aws, Connection, Keys
from podo.kernel.db import outside
from tests.contracts.aws.plane import Plane, moto, plane

ACCOUNT, REGION = "123456789012", "ap-northeast-2"
KEYS = Keys("AKIATEST", "of no worth")


@pytest.fixture(scope="module")
def motos() -> Iterator[str]:
    """Moto's server; emptied by each plane."""
    with moto() as url:
        yield url


@pytest.fixture
async def wire(motos: str) -> AsyncIterator[Plane]:
    """The plane before it."""
    async with plane(motos) as made:
        yield made


@pytest.fixture
async def aws(wire: Plane) -> AsyncIterator[Aws]:
    """Our client, which reaches AWS through the plane."""
    made = Aws(Connection(endpoint=wire.url, keys=KEYS, timeout=5, pauses=(0.01, 0.02), before_call=outside))
    yield made
    await made.close()


@pytest.fixture
def access() -> Access:
    """The account of the keys."""
    return Access(ACCOUNT)
