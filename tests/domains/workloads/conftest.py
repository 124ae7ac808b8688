"""The company's project runs on two twins, and is watched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from podo.clients.kubernetes.twin import Twin
from podo.kernel import clock
from podo.workloads import service
from podo.workloads.handlers import Watchers
from podo.workloads.types import View
from tests.company import KR, PROJECT, shop
from tests.houses import Living, person


@dataclass
class Shop:
    """The house, and what runs in it."""

    house: Living

    def twin(self, cluster: str = KR) -> Twin:
        """A cluster."""
        return self.house.twins[cluster]

    async def run(self, *manifests: dict[str, Any], cluster: str = KR) -> None:
        """Apply these and let everything that follows happen."""
        for manifest in manifests:
            await self.twin(cluster).apply(manifest, field_manager="podo")
        await self.twin(cluster).settle()

    async def views(self, reader: str = "viewer") -> dict[str, View]:
        """What is known now, by region."""
        house = self.house.house
        found = await service.look(
            lambda: house.database.reading(person(reader)), lambda: house.observed.reading(person(reader)), PROJECT
        )
        return {v.region: v for v in found}

    async def until(self, is_so: Callable[[dict[str, View]], Any], seconds: float = 10) -> dict[str, View]:
        """What is known, once it is so."""
        end = clock.monotonic() + seconds
        while True:
            found = await self.views()
            if is_so(found):
                return found
            assert clock.monotonic() < end, found
            await asyncio.sleep(0.05)

    async def eventually(self, look: Callable[[], Awaitable[Any]], seconds: float = 10) -> Any:
        """What `look` gives once it gives something."""
        end = clock.monotonic() + seconds
        while not (found := await look()):
            assert clock.monotonic() < end, found
            await asyncio.sleep(0.05)
        return found


def deployment(
    name: str = PROJECT, *, replicas: int = 2, image: str = "registry.example/chat:1", **container: Any
) -> dict[str, Any]:
    """A Deployment of the project."""
    made = {"name": "app", "image": image, "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}}, **container}
    labels = {"podo.dev/deployment": "214", "podo.dev/release": "a1b2c3d"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": PROJECT, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name, **labels}}, "spec": {"containers": [made]}},
        },
    }


def of(views: dict[str, View], name: str = PROJECT, region: str = "kr") -> Any:
    """A workload of a view, None while it is not seen."""
    return next((w for w in views[region].workloads if w.name == name), None)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Shop]:
    """The shop, its clusters watched."""
    async with shop(tmp_path) as house:
        await house.house.ports[Watchers].keep(house.house)
        made = Shop(house)
        await made.until(lambda v: all(x.reach == "seen" for x in v.values()))
        yield made
