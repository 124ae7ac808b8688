"""Environments, regions and clusters: data that SREs edit; kubeconfigs are sealed, checked, and taken when they change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from podo.catalog import reads, service
from podo.catalog.adapters import clusters as pools
from podo.catalog.adapters.clusters import ClusterPool, Way
from podo.catalog.handlers import look_at_clusters
from podo.catalog.ports import NamespaceReader
from podo.catalog.types import (
    ClusterKind,
    Environment,
    NoKubeconfig,
    NoSuchPlace,
    NoSuchTimezone,
    PlaceInUse,
    Region,
    ServedAlready,
    ServesNothing,
    WrongEnvironment,
    WrongPlaceName,
)
from podo.clients.kubernetes.connections import Connections
from podo.clients.kubernetes.real.cluster import RealCluster
from podo.clients.kubernetes.twin import AT_ONCE, Twin
from podo.kernel import clock
from podo.kernel.db import outside
from podo.kernel.errors import PodoError
from tests.domains.catalog import town
from tests.domains.catalog.town import EMMA
from tests.houses import Living


def kubeconfig(port: int, token: str = "t") -> str:
    """A kubeconfig for a server on this machine that nobody runs."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "me"}}],
            "clusters": [{"name": "it", "cluster": {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}}],
            "users": [{"name": "me", "user": {"token": token}}],
        }
    )


async def _set(
    house: Living, what: Any, name: str = "prod-uk", kind: ClusterKind = ClusterKind.kubeconfig, config: str = ""
) -> None:
    async with house.transaction(EMMA) as tx:
        match what:
            case Environment():
                await service.set_environment(tx, what)
            case Region():
                await service.set_region(tx, what)
            case (region, served):
                await service.add_cluster(tx, house.house.seal, name, region, served, kind, config)
            case _:
                raise AssertionError(what)


WRONG: list[tuple[Any, type[PodoError]]] = [
    (Environment("Stage", 1), WrongPlaceName),
    (Environment("stage", 1, approvals=7), WrongEnvironment),
    (Environment("stage", -1), WrongEnvironment),
    (Environment("stage", 1, soak_seconds=90_000), WrongEnvironment),
    (Region("UK", "United Kingdom", "UTC", 0), WrongPlaceName),
    (Region("uk", "United Kingdom", "Mars/Olympus", 0), NoSuchTimezone),
    (("uk", ["prod"]), NoSuchPlace),
    (("kr", ["stage"]), NoSuchPlace),
    (("kr", []), ServesNothing),
    (("kr", ["prod"]), NoKubeconfig),
]


async def test_what_cannot_be_a_place_is_refused(house: Living) -> None:
    for what, error in WRONG:
        with pytest.raises(error):
            await _set(house, what)
    with pytest.raises(ServedAlready, match="prod-kr serves prod kr already"):
        await _set(house, ("kr", ["prod"]), kind=ClusterKind.twin)
    async with house.reading() as r:
        assert [c.name for c in await service.clusters(r)] == sorted(town.CLUSTERS)
        assert [e.name for e in await service.environments(r)] == ["alpha", "prod"]


async def test_places_are_ordered_changed_and_removed_when_nothing_uses_them(house: Living) -> None:
    await _set(house, Environment("stage", 1))
    await _set(house, Environment("prod", 2, approvals=2, soak_seconds=60))
    await _set(house, Region("uk", "United Kingdom", "Europe/London", 2))
    async with house.reading() as r:
        assert [(e.name, e.approvals) for e in await service.environments(r)] == [("alpha", 0), ("stage", 0), ("prod", 2)]
        assert await service.default_places(r) == [("alpha", "kr"), ("prod", "kr")]
    await town.register(house, places=[("prod", "kr")])
    async with house.transaction(EMMA) as tx:
        await service.remove_environment(tx, "stage")
        await service.remove_region(tx, "uk")
        await service.remove_cluster(tx, "prod-jp")
    for removing, users in (
        (service.remove_environment, ("prod", "prod-kr")),
        (service.remove_region, ("kr", "alpha-kr, prod-kr")),
        (service.remove_cluster, ("prod-kr", "chat-api")),
    ):
        with pytest.raises(PlaceInUse, match=f"{users[1]} still use it"):
            async with house.transaction(EMMA) as tx:
                await removing(tx, users[0])
    async with house.reading() as r:
        assert [g.code for g in await service.regions(r)] == ["kr", "jp"]


async def test_a_kubeconfig_is_sealed_kept_and_never_shown(house: Living) -> None:
    await _set(house, Region("uk", "United Kingdom", "Europe/London", 2))
    await _set(house, ("uk", ["prod"]), config=kubeconfig(1, "very-secret"))
    await _set(house, ("uk", ["alpha", "prod"]))
    async with house.reading() as r:
        sealed = await service.sealed_kubeconfig(r, "prod-uk")
        assert [c.environments for c in await service.clusters(r) if c.name == "prod-uk"] == [("alpha", "prod")]
    assert "very-secret" not in sealed
    assert json.loads(house.house.seal.open(sealed))["users"][0]["user"]["token"] == "very-secret"
    written = await house.written()
    assert sealed.encode() in written
    assert b"very-secret" not in written


async def test_a_kubeconfig_that_cannot_be_used_is_refused_before_it_is_kept(house: Living) -> None:
    reader = house.house.ports[NamespaceReader]
    reads.check_kubeconfig(reader, "prod-uk", kubeconfig(1))
    program = json.loads(kubeconfig(1))
    program["users"][0]["user"] = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "touch"}}
    for bad in ("{", "just words", "users: 3", "", json.dumps(program)):
        with pytest.raises(PodoError) as refused:
            reads.check_kubeconfig(reader, "prod-uk", bad)
        assert refused.value.code == "kubernetes.kubeconfig"


async def test_a_kubeconfig_that_changed_is_taken_by_the_pool(house: Living) -> None:
    await _set(house, Region("uk", "United Kingdom", "Europe/London", 2))
    await _set(house, ("uk", ["prod"]), config=kubeconfig(1))
    pool = house.house.ports[Connections]
    first = await pool.of("prod-uk")
    assert await pool.of("prod-uk") is first
    await _set(house, ("uk", ["prod"]))
    await asyncio.sleep(pools._FRESH + 0.1)
    assert await pool.of("prod-uk") is first
    await _set(house, ("uk", ["prod"]), config=kubeconfig(2))
    await asyncio.sleep(pools._FRESH + 0.1)
    second = await pool.of("prod-uk")
    assert second is not first
    assert isinstance(first, RealCluster)
    with pytest.raises(PodoError, match="closed"):
        await first.version()
    async with house.transaction(EMMA) as tx:
        await service.remove_cluster(tx, "prod-uk")
    await asyncio.sleep(pools._FRESH + 0.1)
    with pytest.raises(NoSuchPlace):
        await pool.of("prod-uk")


async def test_one_slow_cluster_does_not_hide_the_others(house: Living) -> None:
    house.twins["prod-kr"].faults.add("slow", seconds=60)
    house.twins["prod-jp"].faults.add("down")
    reader, begun = house.house.ports[NamespaceReader], clock.monotonic()
    assert await reads.foreign(reader, town.CLUSTERS, "chat-api") == ([], ["prod-kr", "prod-jp"])
    await look_at_clusters(house.house)
    assert clock.monotonic() - begun < 20
    async with house.reading() as r:
        known = {c.name: c for c in await service.clusters(r)}
    assert {name: c.state for name, c in known.items()} == {
        "alpha-kr": "connected",
        "prod-jp": "unreachable",
        "prod-kr": "unreachable",
    }
    assert "within 5 seconds" in known["prod-kr"].why
    assert known["prod-kr"].version
    assert known["prod-kr"].seen_at is not None


@pytest.fixture
async def twin_pool(tmp_path: Path) -> AsyncIterator[ClusterPool]:
    async def lookup(name: str) -> Way:
        return ("twin", "")

    pool = ClusterPool(lookup, tmp_path / "twins")
    yield pool
    await pool.close()


async def test_twins_survive_the_end_of_the_process(twin_pool: ClusterPool, tmp_path: Path) -> None:
    twin = await twin_pool.of("alpha-kr")
    await twin.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "chat-api"}}, field_manager="podo")
    assert isinstance(twin, Twin)
    await twin.settle()
    await twin_pool.keep()
    written = (tmp_path / "twins/alpha-kr.twin").stat().st_mtime_ns
    await twin_pool.keep()
    assert (tmp_path / "twins/alpha-kr.twin").stat().st_mtime_ns == written
    again = Twin("alpha-kr", pace=AT_ONCE, before_call=outside)
    again.load((tmp_path / "twins/alpha-kr.twin").read_bytes())
    assert (await again.get(town.NAMESPACE.ref("chat-api")))["metadata"]["name"] == "chat-api"
    await again.close()
