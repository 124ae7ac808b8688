"""Environments, regions and clusters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from zoneinfo import ZoneInfo

from podo.access import service as access
from podo.access.types import On
from podo.catalog import rules, store
from podo.catalog.types import (
    GOVERN,
    Cluster,
    ClusterKind,
    ClusterState,
    Environment,
    NoSuchPlace,
    PlaceChanged,
    Region,
    Target,
    WrongPlace,
)
from podo.kernel import clock
from podo.kernel.db import Reading, Tx
from podo.kernel.settings import Seal


async def environments(r: Reading) -> list[Environment]:
    """In promotion order."""
    return await store.environments(r)


async def regions(r: Reading) -> list[Region]:
    """In the order of the train."""
    return await store.regions(r)


async def clusters(r: Reading) -> list[Cluster]:
    """With what is known of them."""
    return await store.clusters(r)


async def set_environment(tx: Tx, environment: Environment) -> None:
    """Add or change an environment. Raises `WrongPlace`."""
    await access.require(tx, GOVERN, On())
    rules.check_name(environment.name if len(environment.name) >= 3 else environment.name + "-env")
    if not 0 <= environment.approvals <= 6 or not 0 <= environment.soak_seconds <= 86_400:
        raise WrongPlace(what="Environment", name=environment.name, why="approvals are 0 to 6, a soak at most a day")
    await store.put_environment(tx, environment)
    tx.say(PlaceChanged(what="environment", name=environment.name, environment=environment.name))


async def set_region(tx: Tx, region: Region) -> None:
    """Add or change a region. Raises `WrongPlace`."""
    await access.require(tx, GOVERN, On())
    if not region.code.isalnum() or not region.code.islower() or len(region.code) > 12:
        raise WrongPlace(what="Region", name=region.code, why="a code is 1 to 12 small letters and digits")
    try:
        clock.now().astimezone(ZoneInfo(region.timezone) if region.timezone != "UTC" else UTC)
    except (KeyError, ValueError):
        raise WrongPlace(what="Region", name=region.code, why=f"there is no time zone {region.timezone}") from None
    await store.put_region(tx, region)
    tx.say(PlaceChanged(what="region", name=region.code, region=region.code, subject=f"region/{region.code}"))


async def add_cluster(
    tx: Tx,
    seal: Seal,
    name: str,
    region: str,
    served: Sequence[str],
    kind: ClusterKind,
    kubeconfig: str = "",
) -> None:
    """Add or change a cluster; its kubeconfig is sealed. Raises `NoSuchPlace`, `WrongPlace`."""
    await access.require(tx, GOVERN, On())
    rules.check_name(name)
    known = [g.code for g in await store.regions(tx)]
    if region not in known:
        raise NoSuchPlace(what="region", name=region, known=", ".join(known))
    stages = [e.name for e in await store.environments(tx)]
    for wanted in served:
        if wanted not in stages:
            raise NoSuchPlace(what="environment", name=wanted, known=", ".join(stages))
    if not served:
        raise WrongPlace(what="Cluster", name=name, why="it serves no environment")
    if kind is ClusterKind.kubeconfig and not kubeconfig.strip():
        raise WrongPlace(what="Cluster", name=name, why="it needs a kubeconfig")
    for other in await store.clusters(tx):
        both = set(other.environments) & set(served)
        if other.name != name and other.region == region and both:
            raise WrongPlace(what="Cluster", name=name, why=f"{other.name} serves {', '.join(sorted(both))} in {region} already")
    await store.put_cluster(tx, name, region, served, kind, seal.seal(kubeconfig) if kubeconfig else "")
    tx.say(PlaceChanged(what="cluster", name=name, region=region, subject=f"cluster/{name}"))


async def sealed_kubeconfig(r: Reading, cluster: str) -> str:
    """For the pool of connections."""
    return await store.kubeconfig(r, cluster)


async def note_cluster(tx: Tx, name: str, *, version: str = "", why: str = "") -> None:
    """What was seen of a cluster: its version, or why it does not answer."""
    state = ClusterState.unreachable if why else ClusterState.connected
    await store.note_cluster(tx, name, state, version, why, clock.now())


async def resolve(r: Reading, environment: str, region: str) -> Target:
    """The cluster that serves a pair. Raises `NoSuchPlace`."""
    known = await store.clusters(r)
    for cluster in known:
        if cluster.region == region and environment in cluster.environments:
            return Target(environment, region, cluster.name)
    pairs = ", ".join(f"{e} {c.region}" for c in known for e in c.environments)
    raise NoSuchPlace(what="cluster for", name=f"{environment} {region}", known=pairs)


async def targets(r: Reading, project: str) -> list[Target]:
    """Where a project runs, in promotion order and the order of the train; pairs without a cluster are left out."""
    found = await store.project(r, project)
    if found is None:
        return []
    served = {(e, c.region): c.name for c in await store.clusters(r) for e in c.environments}
    stages = [e.name for e in await store.environments(r)]
    order = [g.code for g in await store.regions(r)]
    pairs = sorted(
        (p for p in found.places if p in served and p[0] in stages and p[1] in order),
        key=lambda p: (stages.index(p[0]), order.index(p[1])),
    )
    return [Target(e, g, served[e, g]) for e, g in pairs]
