"""Environments, regions and clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from zoneinfo import available_timezones

from podo.access import service as access
from podo.access.types import On
from podo.catalog import rules, store
from podo.catalog.types import (
    GOVERN,
    Cluster,
    ClusterKind,
    Environment,
    NoKubeconfig,
    NoSuchPlace,
    NoSuchTimezone,
    NotServed,
    PlaceChanged,
    PlaceInUse,
    PlaceRemoved,
    Project,
    Region,
    ServedAlready,
    ServesNothing,
    Target,
    WrongEnvironment,
    WrongRegion,
)
from podo.kernel import clock
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Page
from podo.kernel.settings import Seal

LONGEST_ENVIRONMENT, LONGEST_REGION, LONGEST_CLUSTER = 20, 12, 60
_SOME = 5


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
    rules.check_place_name(environment.name, "environment", LONGEST_ENVIRONMENT)
    bounds = 0 <= environment.approvals <= 6 and 0 <= environment.soak_seconds <= 86_400 and 0 <= environment.order <= 1000
    if not bounds:
        raise WrongEnvironment(what="environment", name=environment.name, why="")
    if environment in await store.environments(tx):
        return
    await store.put_environment(tx, environment)
    about = f"environment/{environment.name}"
    tx.say(PlaceChanged(what="environment", name=environment.name, environment=environment.name, subject=about))


async def remove_environment(tx: Tx, name: str) -> None:
    """Remove an environment that nothing uses. Raises `NoSuchPlace`, `PlaceInUse`."""
    await access.require(tx, GOVERN, On())
    _known("environment", name, [e.name for e in await store.environments(tx)])
    serving = [c.name for c in await store.clusters(tx) if name in c.environments]
    users = serving or [p.slug for p in (await _projects(tx, store.Filter(environment=name))).items]
    if users:
        raise PlaceInUse(name=name, users=_some(users))
    await store.drop_environment(tx, name)
    tx.say(PlaceRemoved(what="environment", name=name, environment=name, subject=f"environment/{name}"))


async def set_region(tx: Tx, region: Region) -> None:
    """Add or change a region. Raises `WrongPlace`."""
    await access.require(tx, GOVERN, On())
    rules.check_place_name(region.code, "region", LONGEST_REGION)
    if not region.name.strip() or len(region.name) > 120 or not 0 <= region.order <= 1000:
        raise WrongRegion(what="region", name=region.code, why="")
    if region.timezone not in timezones():
        raise NoSuchTimezone(what="region", name=region.code, why="", timezone=region.timezone)
    if region in await store.regions(tx):
        return
    await store.put_region(tx, region)
    tx.say(PlaceChanged(what="region", name=region.code, region=region.code, subject=f"region/{region.code}"))


@cache
def timezones() -> frozenset[str]:
    """The names of all time zones."""
    return frozenset(available_timezones()) | {"UTC"}


async def remove_region(tx: Tx, code: str) -> None:
    """Remove a region that nothing uses. Raises `NoSuchPlace`, `PlaceInUse`."""
    await access.require(tx, GOVERN, On())
    _known("region", code, [g.code for g in await store.regions(tx)])
    serving = [c.name for c in await store.clusters(tx) if c.region == code]
    users = serving or [p.slug for p in (await _projects(tx, store.Filter(region=code))).items]
    if users:
        raise PlaceInUse(name=code, users=_some(users))
    await store.drop_region(tx, code)
    tx.say(PlaceRemoved(what="region", name=code, region=code, subject=f"region/{code}"))


async def add_cluster(
    tx: Tx,
    seal: Seal,
    name: str,
    region: str,
    served: Sequence[str],
    kind: ClusterKind,
    kubeconfig: str = "",
) -> None:
    """Add or change a cluster; its kubeconfig is sealed, an empty one leaves what is there.

    Raises `NoSuchPlace`, `WrongPlace`.
    """
    await access.require(tx, GOVERN, On())
    rules.check_place_name(name, "cluster", LONGEST_CLUSTER)
    _known("region", region, [g.code for g in await store.regions(tx)])
    stages = [e.name for e in await store.environments(tx)]
    for wanted in served:
        _known("environment", wanted, stages)
    about = {"what": "cluster", "name": name, "why": ""}
    if not served:
        raise ServesNothing(**about)
    sealed = seal.seal(kubeconfig) if kubeconfig.strip() else await store.kubeconfig(tx, name)
    if kind is ClusterKind.kubeconfig and not sealed:
        raise NoKubeconfig(**about)
    for other in await store.clusters(tx):
        both = set(other.environments) & set(served)
        if other.name != name and other.region == region and both:
            raise ServedAlready(**about, other=other.name, pairs=", ".join(f"{e} {region}" for e in sorted(both)))
    ordered = [e for e in stages if e in served]
    await store.put_cluster(tx, name, region, ordered, kind, sealed if kind is ClusterKind.kubeconfig else "")
    tx.say(PlaceChanged(what="cluster", name=name, region=region, subject=f"cluster/{name}"))


async def remove_cluster(tx: Tx, name: str) -> None:
    """Forget a cluster in which no project has a namespace. Raises `NoSuchPlace`, `PlaceInUse`."""
    await access.require(tx, GOVERN, On())
    known = {c.name: c for c in await store.clusters(tx)}
    _known("cluster", name, list(known))
    if users := await store.projects_in_cluster(tx, name, _SOME + 1):
        raise PlaceInUse(name=name, users=_some(users))
    await store.drop_cluster(tx, name)
    tx.say(PlaceRemoved(what="cluster", name=name, region=known[name].region, subject=f"cluster/{name}"))


def _known(what: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise NoSuchPlace(what=what, name=name, known=", ".join(known) or "–")


async def _projects(r: Reading, wanted: store.Filter) -> Page[Project]:
    return await store.projects(r, wanted, cursor=None, skip=0, limit=_SOME + 1)


def _some(users: Sequence[str]) -> str:
    return ", ".join(users[:_SOME]) + ("…" if len(users) > _SOME else "")


async def sealed_kubeconfig(r: Reading, cluster: str) -> str:
    """For the pool of connections."""
    return await store.kubeconfig(r, cluster)


async def note_clusters(tx: Tx, seen: Mapping[str, tuple[str, str]]) -> None:
    """What was seen of clusters: name → (version, why it does not answer), one of the two empty."""
    await store.note_clusters(tx, seen, clock.now())


async def resolve(r: Reading, environment: str, region: str) -> Target:
    """The cluster that serves a pair. Raises `NotServed`."""
    known = await store.clusters(r)
    for cluster in known:
        if cluster.region == region and environment in cluster.environments:
            return Target(environment, region, cluster.name)
    pairs = ", ".join(f"{e} {c.region}" for c in known for e in c.environments)
    raise NotServed(what="cluster", name=f"{environment} {region}", known=pairs or "–")


async def served(r: Reading) -> dict[tuple[str, str], str]:
    """Every pair of environment and region that can be run in, and its cluster; in promotion order and that of the train."""
    by_pair = {(e, c.region): c.name for c in await store.clusters(r) for e in c.environments}
    stages = [e.name for e in await store.environments(r)]
    train = [g.code for g in await store.regions(r)]
    return {pair: by_pair[pair] for pair in rules.in_order(list(by_pair), stages, train)}


async def default_places(r: Reading) -> list[tuple[str, str]]:
    """Where a project runs when nobody says more: every environment of the home region, the train's first that is served."""
    pairs = list(await served(r))
    train = [g.code for g in await store.regions(r)]
    home = next((code for code in train if any(region == code for _, region in pairs)), "")
    return [pair for pair in pairs if pair[1] == home]


async def targets(r: Reading, project: str) -> list[Target]:
    """Where a project runs, in promotion order and the order of the train; pairs without a cluster are left out."""
    found = await store.project(r, project)
    if found is None:
        return []
    return [Target(*pair, cluster) for pair, cluster in (await served(r)).items() if pair in found.places]
