"""Namespaces: what they limit, and how they go."""

from __future__ import annotations

import pytest

from podo.clients.kubernetes import errors, kinds
from podo.clients.kubernetes.types import Manifest
from tests.contracts.cluster.world import BY, World, condition, eventually


async def _quota(world: World, **hard: str) -> None:
    spec = {"hard": {name.replace("_", "."): amount for name, amount in hard.items()}}
    await world.apply(world.manifest(kinds.RESOURCE_QUOTA, "room", spec=spec))
    await world.until(kinds.RESOURCE_QUOTA, "room", lambda q: (q.get("status") or {}).get("hard") == spec["hard"])


def _sized(world: World, name: str, cpu: str = "100m", memory: str = "64Mi") -> Manifest:
    return world.pod(name, resources={"requests": {"cpu": cpu, "memory": memory}})


async def test_a_quota_of_pods(world: World) -> None:
    await _quota(world, pods="1")
    await world.running_pod("one")
    with pytest.raises(errors.QuotaExceeded) as refusal:
        await world.apply(world.pod("two"))
    assert "exceeded quota: room, requested: pods=1, used: pods=1, limited: pods=1" in refusal.value.data["message"]
    assert await world.names(kinds.POD) == ["one"]
    await world.cluster.delete(world.ref(kinds.POD, "one"), grace_seconds=0)
    await world.until_gone(world.ref(kinds.POD, "one"))

    async def has_room() -> bool:
        try:
            return bool(await world.apply(world.pod("two")))
        except errors.QuotaExceeded:
            return False

    await eventually(has_room)


async def test_a_quota_of_processors_and_memory(world: World) -> None:
    await _quota(world, requests_cpu="1", requests_memory="1Gi")
    await world.apply(_sized(world, "one", cpu="600m"))
    with pytest.raises(errors.QuotaExceeded) as refusal:
        await world.apply(_sized(world, "two", cpu="600m"))
    message = refusal.value.data["message"]
    assert "requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1" in message
    with pytest.raises(errors.QuotaExceeded):
        await world.apply(_sized(world, "two", cpu="100m", memory="2Gi"))
    with pytest.raises(errors.QuotaExceeded) as refusal:
        await world.apply(world.pod("silent"))
    assert "must specify requests.cpu for: app; requests.memory for: app" in refusal.value.data["message"]
    await world.apply(_sized(world, "two", cpu="400m"))
    used = await world.until(kinds.RESOURCE_QUOTA, "room", lambda q: q["status"]["used"].get("requests.cpu") == "1")
    assert used["status"]["used"]["requests.memory"] == "128Mi"


async def test_a_quota_counts_other_things_too(world: World) -> None:
    await _quota(world, secrets="1", **{"count/deployments.apps": "1"})
    await world.apply(world.manifest(kinds.SECRET, "one", stringData={"a": "1"}))
    with pytest.raises(errors.QuotaExceeded):
        await world.apply(world.manifest(kinds.SECRET, "two", stringData={"a": "1"}))
    await world.apply(world.deployment("one", replicas=0))
    with pytest.raises(errors.QuotaExceeded):
        await world.apply(world.deployment("two", replicas=0))


async def test_a_deployment_without_room_says_so(world: World) -> None:
    await _quota(world, pods="1")
    await world.apply(world.deployment("web", replicas=2))
    stuck = await world.until(kinds.DEPLOYMENT, "web", lambda d: condition(d, "ReplicaFailure").get("status") == "True")
    assert "exceeded quota" in condition(stuck, "ReplicaFailure")["message"]
    await _quota(world, pods="5")
    await world.cluster.patch(
        world.ref(kinds.DEPLOYMENT, "web"),
        {"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}},
        field_manager=BY,
    )
    await world.until_rolled_out("web")


async def test_limits_are_filled_in_and_hold(world: World) -> None:
    limit = {
        "type": "Container",
        "default": {"cpu": "500m"},
        "defaultRequest": {"cpu": "200m"},
        "max": {"cpu": "1"},
        "min": {"cpu": "50m"},
    }
    await world.apply(world.manifest(kinds.LIMIT_RANGE, "sizes", spec={"limits": [limit]}))

    async def filled() -> bool:
        made = await world.apply(world.pod("one"), dry_run=True)
        return made["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "500m"}, "requests": {"cpu": "200m"}}

    await eventually(filled)
    big = world.pod("big", resources={"limits": {"cpu": "2"}})
    with pytest.raises(errors.AdmissionRefused) as refusal:
        await world.apply(big)
    assert "maximum cpu usage per Container is 1, but limit is 2" in refusal.value.data["message"]
    assert not isinstance(refusal.value, errors.QuotaExceeded)


async def test_a_namespace_goes_with_all_it_holds(world: World) -> None:
    held = world.config_map("held", a="1")
    held["metadata"]["finalizers"] = ["podo.example/hold"]
    await world.apply(held)
    await world.apply(world.deployment("web", replicas=2))
    await world.until_rolled_out("web")
    place = kinds.NAMESPACE.ref(world.namespace)
    await world.cluster.delete(place)
    assert (await world.cluster.get(place))["status"]["phase"] == "Terminating"
    with pytest.raises(errors.NamespaceTerminating):
        await world.apply(world.config_map("late", a="1"))
    await world.cluster.patch(world.ref(kinds.CONFIG_MAP, "held"), {"metadata": {"finalizers": None}}, field_manager=BY)
    await world.until_gone(place)
    with pytest.raises(errors.NotFound):
        await world.apply(world.config_map("late", a="1"))
    assert await world.names(kinds.CONFIG_MAP) == await world.names(kinds.POD) == await world.names(kinds.DEPLOYMENT) == []


async def test_a_namespace_waits_for_what_is_held(twin_world: World) -> None:
    """As on a true cluster, whose controller takes a quarter of a minute over it."""
    world = twin_world
    held = world.config_map("held", a="1")
    held["metadata"]["finalizers"] = ["podo.example/hold"]
    await world.apply(held)
    await world.apply(world.deployment("web", replicas=2))
    place = kinds.NAMESPACE.ref(world.namespace)
    await world.cluster.delete(place)

    async def emptied() -> bool:
        return not await world.names(kinds.POD) and not await world.names(kinds.DEPLOYMENT)

    await eventually(emptied)
    assert (await world.cluster.get(place))["status"]["phase"] == "Terminating"
    await world.cluster.patch(world.ref(kinds.CONFIG_MAP, "held"), {"metadata": {"finalizers": None}}, field_manager=BY)
    await world.until_gone(place)


async def test_a_namespace_is_labelled_with_its_name(world: World) -> None:
    found = await world.cluster.get(kinds.NAMESPACE.ref(world.namespace))
    assert found["metadata"]["labels"]["kubernetes.io/metadata.name"] == world.namespace
    assert found["status"]["phase"] == "Active"
    named = await world.cluster.list(kinds.NAMESPACE, label_selector=f"kubernetes.io/metadata.name={world.namespace}")
    assert len(named.items) == 1
