"""Lists by selectors and in pages; watches that begin, go on, and tell when they cannot."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from podo.clients.kubernetes import errors, kinds
from podo.clients.kubernetes.twin import Twin
from podo.clients.kubernetes.types import Change, Kind
from tests.contracts.cluster.world import BY, IMAGE, World, eventually, said, taken


async def _three(world: World) -> None:
    for name, labels in (("a", {"app": "web", "tier": "1"}), ("b", {"app": "web", "tier": "2"}), ("c", {"app": "job"})):
        await world.apply(world.config_map(name, labels=labels, of=name))


SELECTIONS = {
    "app=web": ["a", "b"],
    "app==web,tier=2": ["b"],
    "app!=web": ["c"],
    "tier": ["a", "b"],
    "!tier": ["c"],
    "tier in (1, 3),app in (web)": ["a"],
    "tier notin (1)": ["b", "c"],
    "app=none": [],
}


async def test_labels_select(world: World, subtests: pytest.Subtests) -> None:
    await _three(world)
    # Clusters put things of their own into a namespace.
    assert set(await world.names(kinds.CONFIG_MAP)) == {"a", "b", "c", "kube-root-ca.crt"}
    for selector, expected in SELECTIONS.items():
        with subtests.test(selector):
            found = await world.names(kinds.CONFIG_MAP, label_selector=selector)
            assert [name for name in found if not name.startswith("kube-")] == expected


async def test_fields_select(world: World) -> None:
    await _three(world)
    assert await world.names(kinds.CONFIG_MAP, field_selector="metadata.name=b") == ["b"]
    await world.running_pod("one")
    await world.apply(world.pod("stuck", image="nowhere.invalid/app:1"))
    await world.until(kinds.POD, "stuck", lambda p: p["spec"].get("nodeName"))
    assert await world.names(kinds.POD, field_selector="status.phase=Running") == ["one"]
    assert await world.names(kinds.POD, field_selector="status.phase!=Running") == ["stuck"]
    node = (await world.get(kinds.POD, "one"))["spec"]["nodeName"]
    assert "one" in await world.names(kinds.POD, field_selector=f"spec.nodeName={node},metadata.name=one")
    everywhere = await world.cluster.list_pods(field_selector=f"metadata.namespace={world.namespace},spec.nodeName={node}")
    assert "one" in {pod.name for pod in everywhere.items}


async def test_events_are_found_by_what_they_are_about(world: World) -> None:
    await world.running_pod("one")

    async def reasons() -> set[str]:
        fields = "involvedObject.name=one,involvedObject.kind=Pod"
        page = await world.cluster.list(kinds.EVENT, namespace=world.namespace, field_selector=fields)
        return {"Scheduled", "Started"} & {item["reason"] for item in page.items}

    async def both() -> bool:
        return await reasons() == {"Scheduled", "Started"}

    await eventually(both)


async def test_selectors_that_cannot_be_read_are_refused(world: World) -> None:
    for labels, fields in (("a in b", ""), ("=x", ""), ("", "spec.replicas=1")):
        with pytest.raises(errors.InvalidManifest):
            await world.cluster.list(kinds.CONFIG_MAP, label_selector=labels, field_selector=fields)


async def test_items_say_what_they_are(world: World) -> None:
    await _three(world)
    page = await world.cluster.list(kinds.CONFIG_MAP, namespace=world.namespace)
    assert {(item["apiVersion"], item["kind"]) for item in page.items} == {("v1", "ConfigMap")}
    assert int(page.resource_version) > 0


async def test_pages_see_one_moment(world: World) -> None:
    for n in range(5):
        await world.apply(world.manifest(kinds.SECRET, f"s{n}", stringData={"a": "1"}))
    first = await world.cluster.list(kinds.SECRET, namespace=world.namespace, limit=2)
    assert [i["metadata"]["name"] for i in first.items] == ["s0", "s1"]
    assert first.remaining == 3
    await world.apply(world.manifest(kinds.SECRET, "s2b", stringData={"a": "1"}))
    await world.cluster.delete(world.ref(kinds.SECRET, "s4"))
    rest: list[str] = []
    page = first
    while page.continue_:
        page = await world.cluster.list(kinds.SECRET, namespace=world.namespace, limit=2, continue_=page.continue_)
        rest += [i["metadata"]["name"] for i in page.items]
        assert page.resource_version == first.resource_version
    assert rest == ["s2", "s3", "s4"]
    assert await world.names(kinds.SECRET) == ["s0", "s1", "s2", "s2b", "s3"]


async def test_pods_come_typed(world: World) -> None:
    await world.apply(world.deployment("web", replicas=2))
    await world.until_rolled_out("web")
    first = await world.cluster.list_pods(namespace=world.namespace, label_selector="app=web", limit=1)
    second = await world.cluster.list_pods(
        namespace=world.namespace, label_selector="app=web", limit=1, continue_=first.continue_
    )
    pods = [*first.items, *second.items]
    assert len({pod.name for pod in pods}) == 2
    assert second.continue_ is None
    for pod in pods:
        assert pod.namespace == world.namespace
        assert pod.phase == "Running"
        assert pod.ready
        assert pod.node
        assert pod.restarts == 0
        assert pod.owner
        assert pod.owner.kind == "ReplicaSet"
        assert pod.labels["app"] == "web"
        assert pod.created
        assert pod.status.container_statuses[0].state.running
        assert pod.spec.containers[0].image == IMAGE


async def test_a_watch_tells_what_happens_from_a_version_on(world: World) -> None:
    await world.apply(world.config_map("old", a="1"))
    since = (await world.cluster.list(kinds.CONFIG_MAP, namespace=world.namespace)).resource_version
    watch = world.cluster.watch(kinds.CONFIG_MAP, namespace=world.namespace, resource_version=since)
    await world.apply(world.config_map("new", a="1"))
    await world.apply(world.config_map("new", a="2"))
    await world.cluster.delete(world.ref(kinds.CONFIG_MAP, "new"))
    changes = await taken(watch, 3)
    assert [said(c) for c in changes] == [("ADDED", "new"), ("MODIFIED", "new"), ("DELETED", "new")]
    assert changes[1].object["data"] == {"a": "2"}
    assert changes[0].object["kind"] == "ConfigMap"
    versions = [int(c.object["metadata"]["resourceVersion"]) for c in changes]
    assert versions == sorted(set(versions))
    again = world.cluster.watch(kinds.CONFIG_MAP, namespace=world.namespace, resource_version=str(versions[0]))
    assert [said(c) for c in await taken(again, 2)] == [("MODIFIED", "new"), ("DELETED", "new")]


async def test_a_watch_without_a_version_begins_with_all_there_is(world: World) -> None:
    await _three(world)
    watch = world.cluster.watch(kinds.CONFIG_MAP, namespace=world.namespace, label_selector="app=web")
    assert sorted(said(c) for c in await taken(watch, 2)) == [("ADDED", "a"), ("ADDED", "b")]


async def test_objects_come_into_a_selection_and_go_out_of_it(world: World) -> None:
    await _three(world)
    since = (await world.cluster.list(kinds.CONFIG_MAP, namespace=world.namespace)).resource_version
    watch = world.cluster.watch(kinds.CONFIG_MAP, namespace=world.namespace, label_selector="app=web", resource_version=since)
    await world.apply(world.config_map("a", labels={"app": "job"}, of="a"))
    await world.apply(world.config_map("c", labels={"app": "web"}, of="c"))
    assert [said(c) for c in await taken(watch, 2)] == [("DELETED", "a"), ("ADDED", "c")]


async def test_a_watch_ends_by_itself(world: World) -> None:
    since = (await world.cluster.list(kinds.SECRET, namespace=world.namespace)).resource_version
    async with asyncio.timeout(20):
        found = [c async for c in world.cluster.watch(kinds.SECRET, namespace=world.namespace, resource_version=since, seconds=1)]
    assert found == []


async def _all(stream: AsyncIterator[Change]) -> list[Change]:
    return [change async for change in stream]


async def test_bookmarks_move_a_silent_watch_on(world: World) -> None:
    since = (await world.cluster.list(kinds.SECRET, namespace=world.namespace)).resource_version
    stream = world.cluster.watch(
        kinds.SECRET, namespace=world.namespace, label_selector="none=here", resource_version=since, bookmarks=True, seconds=3
    )
    watching = asyncio.create_task(_all(stream))
    await asyncio.sleep(0.3)
    # What the watcher does not see is what its bookmarks pass over.
    passed = await world.apply(world.manifest(kinds.SECRET, "unseen", stringData={"a": "1"}))
    found = await asyncio.wait_for(watching, 60)
    assert {c.type for c in found} == {"BOOKMARK"}
    assert int(found[-1].object["metadata"]["resourceVersion"]) >= int(passed["metadata"]["resourceVersion"])


async def test_pods_can_be_watched_typed(world: World) -> None:
    since = (await world.cluster.list_pods(namespace=world.namespace)).resource_version
    await world.apply(world.pod("one"))
    phases: list[str] = []
    stream = world.cluster.watch_pods(namespace=world.namespace, resource_version=since, bookmarks=False)
    async with contextlib.aclosing(stream) as changes, asyncio.timeout(30):
        async for change in changes:
            assert change.pod.name == "one"
            phases.append(f"{change.type} {change.pod.phase}")
            if change.pod.ready:
                break
    assert phases[0] == "ADDED Pending"
    assert phases[-1] == "MODIFIED Running"


async def test_versions_that_are_no_longer_kept_are_expired(twin: Twin, twin_world: World) -> None:
    """A real API server forgets after minutes; see test_wire for its words over the wire."""
    for n in range(3):
        await twin_world.apply(twin_world.config_map(f"c{n}", a="1"))
    page = await twin.list(kinds.CONFIG_MAP, namespace=twin_world.namespace, limit=1)
    twin.forget_history()
    with pytest.raises(errors.Expired):
        await anext(twin.watch(kinds.CONFIG_MAP, resource_version="1"))
    with pytest.raises(errors.Expired):
        await twin.list(kinds.CONFIG_MAP, namespace=twin_world.namespace, limit=1, continue_=page.continue_)
    now = (await twin.list(kinds.CONFIG_MAP)).resource_version
    await twin_world.apply(twin_world.config_map("later", a="1"))
    assert [said(c) for c in await taken(twin.watch(kinds.CONFIG_MAP, resource_version=now), 1)] == [("ADDED", "later")]


async def test_a_kind_that_is_not_served_is_unknown(world: World) -> None:
    gadget = Kind("podo.example/v7", "Gadget")
    for call in (
        world.cluster.list(gadget),
        world.cluster.get(gadget.ref("a", world.namespace)),
        world.apply(world.manifest(gadget, "a")),
        world.cluster.create(world.manifest(gadget, "a"), field_manager=BY),
        anext(world.cluster.watch(gadget)),
    ):
        with pytest.raises(errors.UnknownKind) as refusal:
            await call
        assert refusal.value.data["kind"] == "Gadget"
