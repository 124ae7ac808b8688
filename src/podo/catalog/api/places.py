"""Environments, regions and clusters as JSON."""

from __future__ import annotations

from typing import Any

from podo.catalog import reads, service
from podo.catalog.api.shapes import ClusterIn, ClusterOut, EnvironmentIn, RegionIn
from podo.catalog.ports import NamespaceReader
from podo.catalog.types import GOVERN, READ, Environment, Region
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn

routes = Routes("catalog", tag="Places")


@routes.api("GET", "/api/v1/environments", verb="catalog.environments", permission=READ.id)
async def environments(w: Web = WebIn) -> list[EnvironmentIn]:
    """In promotion order."""
    async with w.reading() as r:
        found = await service.environments(r)
    return [
        EnvironmentIn(
            name=e.name, order=e.order, approvals=e.approvals, soak_seconds=e.soak_seconds, self_approval=e.self_approval
        )
        for e in found
    ]


@routes.api("PUT", "/api/v1/environments/{name}", verb="catalog.set_environment", permission=GOVERN.id, status=204)
async def set_environment(name: str, wanted: EnvironmentIn, w: Web = WebIn) -> None:
    """Add or change the environment of the address."""
    facts: dict[str, Any] = {**wanted.model_dump(), "name": name}
    async with w.transaction() as tx:
        await service.set_environment(tx, Environment(**facts))


@routes.api("DELETE", "/api/v1/environments/{name}", verb="catalog.remove_environment", permission=GOVERN.id, status=204)
async def remove_environment(name: str, w: Web = WebIn) -> None:
    """Remove an environment that nothing uses."""
    async with w.transaction() as tx:
        await service.remove_environment(tx, name)


@routes.api("GET", "/api/v1/regions", verb="catalog.regions", permission=READ.id)
async def regions(w: Web = WebIn) -> list[RegionIn]:
    """In the order of the train."""
    async with w.reading() as r:
        return [RegionIn(code=g.code, name=g.name, timezone=g.timezone, order=g.order) for g in await service.regions(r)]


@routes.api("PUT", "/api/v1/regions/{code}", verb="catalog.set_region", permission=GOVERN.id, status=204)
async def set_region(code: str, wanted: RegionIn, w: Web = WebIn) -> None:
    """Add or change the region of the address."""
    async with w.transaction() as tx:
        await service.set_region(tx, Region(code, wanted.name, wanted.timezone, wanted.order))


@routes.api("DELETE", "/api/v1/regions/{code}", verb="catalog.remove_region", permission=GOVERN.id, status=204)
async def remove_region(code: str, w: Web = WebIn) -> None:
    """Remove a region that nothing uses."""
    async with w.transaction() as tx:
        await service.remove_region(tx, code)


@routes.api("GET", "/api/v1/clusters", verb="catalog.clusters", permission=READ.id)
async def clusters(w: Web = WebIn) -> list[ClusterOut]:
    """With what is known of each."""
    async with w.reading() as r:
        return [ClusterOut.of(c) for c in await service.clusters(r)]


@routes.api("POST", "/api/v1/clusters", verb="catalog.add_cluster", permission=GOVERN.id, status=204)
async def add_cluster(wanted: ClusterIn, w: Web = WebIn) -> None:
    """Add or change a cluster. A new kubeconfig is taken within seconds."""
    if wanted.kubeconfig.strip():
        reads.check_kubeconfig(w.house.ports[NamespaceReader], wanted.name, wanted.kubeconfig)
    async with w.transaction() as tx:
        await service.add_cluster(
            tx, w.house.seal, wanted.name, wanted.region, wanted.environments, wanted.kind, wanted.kubeconfig
        )


@routes.api("DELETE", "/api/v1/clusters/{name}", verb="catalog.remove_cluster", permission=GOVERN.id, status=204)
async def remove_cluster(name: str, w: Web = WebIn) -> None:
    """Forget a cluster in which no project has a namespace."""
    async with w.transaction() as tx:
        await service.remove_cluster(tx, name)
