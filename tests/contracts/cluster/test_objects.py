"""Objects come, are read, change and go, whichever kind of cluster it is."""

from __future__ import annotations

import asyncio

import pytest

from podo.clients.kubernetes import errors, kinds
from podo.clients.kubernetes.client import Cluster
from podo.clients.kubernetes.types import Kind, Ref
from tests.contracts.cluster.world import BY, IMAGE, World

WIDGET = Kind("podo.example/v1", "Widget")


async def test_it_says_what_it_is_and_what_it_serves(cluster: Cluster) -> None:
    version = await cluster.version()
    assert version.git_version.startswith(f"v{version.major}.")
    served = await cluster.discover()
    for kind, info in kinds.BUILT_IN.items():
        assert served[kind].plural == info.plural, kind
        assert served[kind].namespaced == info.namespaced, kind
        assert info.subresources <= served[kind].subresources, kind


async def test_an_object_is_made_once_and_read_again(world: World) -> None:
    made = await world.cluster.create(world.config_map("words", a="1"), field_manager=BY)
    assert made["metadata"]["uid"]
    assert made["metadata"]["creationTimestamp"].endswith("Z")
    assert await world.get(kinds.CONFIG_MAP, "words") == made
    with pytest.raises(errors.AlreadyExists) as refusal:
        await world.cluster.create(world.config_map("words", a="2"), field_manager=BY)
    assert refusal.value.data["name"] == "words"
    assert (await world.get(kinds.CONFIG_MAP, "words"))["data"] == {"a": "1"}


async def test_what_is_not_there_is_said_to_be_not_there(world: World) -> None:
    for ref in (world.ref(kinds.CONFIG_MAP, "none"), kinds.NAMESPACE.ref("podo-none"), kinds.POD.ref("none", "podo-none")):
        with pytest.raises(errors.NotFound) as refusal:
            await world.cluster.get(ref)
        assert ref.name in refusal.value.data["message"]
    with pytest.raises(errors.NotFound):
        await world.cluster.delete(world.ref(kinds.CONFIG_MAP, "none"))
    with pytest.raises(errors.NotFound):
        await world.cluster.patch(world.ref(kinds.CONFIG_MAP, "none"), {"data": {"a": "1"}}, field_manager=BY)
    with pytest.raises(errors.NotFound) as refusal:
        await world.cluster.apply(world.config_map("a") | {"metadata": {"name": "a", "namespace": "podo-none"}}, field_manager=BY)
    assert "podo-none" in refusal.value.data["message"]


async def test_a_name_can_be_generated(world: World) -> None:
    manifest = world.config_map("x", a="1")
    manifest["metadata"] = {"generateName": "words-", "namespace": world.namespace}
    one, other = [await world.cluster.create(manifest, field_manager=BY) for _ in range(2)]
    assert one["metadata"]["name"].startswith("words-")
    assert one["metadata"]["name"] != other["metadata"]["name"]


async def test_each_write_is_a_new_version_and_no_change_is_no_write(world: World) -> None:
    first = await world.apply(world.config_map("words", a="1"))
    same = await world.apply(world.config_map("words", a="1"))
    assert same["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    changed = await world.apply(world.config_map("words", a="2"))
    assert int(changed["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])
    assert changed["metadata"]["uid"] == first["metadata"]["uid"]


async def test_generation_counts_changes_of_the_wish_alone(world: World) -> None:
    first = await world.apply(world.deployment("web", replicas=0))
    assert first["metadata"]["generation"] == 1
    labelled = world.deployment("web", replicas=0)
    labelled["metadata"]["labels"] = {"tier": "front"}
    assert (await world.apply(labelled))["metadata"]["generation"] == 1
    labelled["spec"]["minReadySeconds"] = 1
    assert (await world.apply(labelled))["metadata"]["generation"] == 2


@pytest.mark.parametrize("kind", ["merge", "strategic", "json"])
async def test_a_patch_changes_what_it_names(world: World, kind: str) -> None:
    await world.apply(world.config_map("words", a="1", b="2"))
    merge = {"data": {"a": "9", "b": None}, "metadata": {"labels": {"x": "y"}}}
    steps = [
        {"op": "replace", "path": "/data/a", "value": "9"},
        {"op": "remove", "path": "/data/b"},
        {"op": "add", "path": "/metadata/labels", "value": {"x": "y"}},
    ]
    body = steps if kind == "json" else merge
    patched = await world.cluster.patch(world.ref(kinds.CONFIG_MAP, "words"), body, field_manager="other", type=kind)  # type: ignore[arg-type]
    assert patched["data"] == {"a": "9"}
    assert patched["metadata"]["labels"] == {"x": "y"}


async def test_a_strategic_patch_finds_containers_by_name(world: World) -> None:
    await world.apply(world.deployment("web", replicas=0))
    ref = world.ref(kinds.DEPLOYMENT, "web")
    body = {"spec": {"template": {"spec": {"containers": [{"name": "app", "env": [{"name": "A", "value": "1"}]}]}}}}
    patched = await world.cluster.patch(ref, body, field_manager="other", type="strategic")
    (container,) = patched["spec"]["template"]["spec"]["containers"]
    assert container["image"] == IMAGE
    assert container["env"] == [{"name": "A", "value": "1"}]


async def test_a_json_patch_that_does_not_fit_is_refused(world: World) -> None:
    await world.apply(world.config_map("words", a="1"))
    ref = world.ref(kinds.CONFIG_MAP, "words")
    test = [{"op": "test", "path": "/data/a", "value": "2"}, {"op": "replace", "path": "/data/a", "value": "3"}]
    with pytest.raises(errors.InvalidManifest):
        await world.cluster.patch(ref, test, field_manager=BY, type="json")
    with pytest.raises(errors.InvalidManifest):
        await world.cluster.patch(ref, [{"op": "remove", "path": "/data/none"}], field_manager=BY, type="json")
    assert (await world.get(kinds.CONFIG_MAP, "words"))["data"] == {"a": "1"}


async def test_who_saw_an_older_version_is_told(world: World) -> None:
    seen = await world.apply(world.config_map("words", a="1"))
    await world.apply(world.config_map("words", a="2"))
    ref = world.ref(kinds.CONFIG_MAP, "words")
    version = seen["metadata"]["resourceVersion"]
    late = {"metadata": {"resourceVersion": version}, "data": {"a": "3"}}
    with pytest.raises(errors.ResourceVersionConflict):
        await world.cluster.patch(ref, late, field_manager=BY)
    with pytest.raises(errors.ResourceVersionConflict):
        stale = world.config_map("words", a="3")
        stale["metadata"]["resourceVersion"] = version
        await world.apply(stale)
    with pytest.raises(errors.ResourceVersionConflict):
        await world.cluster.delete(ref, resource_version=version)
    with pytest.raises(errors.ResourceVersionConflict):
        await world.cluster.delete(ref, uid="00000000-0000-0000-0000-000000000000")
    assert (await world.get(kinds.CONFIG_MAP, "words"))["data"] == {"a": "2"}
    await world.cluster.delete(ref, uid=seen["metadata"]["uid"])
    await world.until_gone(ref)


async def test_a_dry_run_answers_and_keeps_nothing(world: World) -> None:
    made = await world.apply(world.config_map("words", a="1"), dry_run=True)
    assert made["data"] == {"a": "1"}
    assert await world.cluster.create(world.config_map("words", a="1"), field_manager=BY, dry_run=True)
    with pytest.raises(errors.NotFound):
        await world.get(kinds.CONFIG_MAP, "words")
    kept = await world.apply(world.config_map("words", a="1"))
    tried = await world.apply(world.config_map("words", a="2"), dry_run=True)
    assert tried["data"] == {"a": "2"}
    ref = world.ref(kinds.CONFIG_MAP, "words")
    assert (await world.cluster.patch(ref, {"data": {"b": "3"}}, field_manager=BY, dry_run=True))["data"]["b"] == "3"
    await world.cluster.delete(ref, dry_run=True)
    assert await world.get(kinds.CONFIG_MAP, "words") == kept


async def test_a_dry_run_fills_in_defaults_and_refuses_like_a_true_one(world: World) -> None:
    tried = await world.apply(world.deployment("web"), dry_run=True)
    assert tried["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": "25%"}
    with pytest.raises(errors.InvalidManifest):
        await world.apply(world.deployment("web", replicas=-1), dry_run=True)


async def test_status_is_written_apart(world: World) -> None:
    await world.apply(world.deployment("web", replicas=0))
    ref = world.ref(kinds.DEPLOYMENT, "web")
    await world.until_rolled_out("web")
    said = {"status": {"collisionCount": 7}, "metadata": {"labels": {"x": "y"}}, "spec": {"replicas": 5}}
    status = await world.cluster.patch(
        ref, {"status": said["status"], "spec": said["spec"]}, field_manager=BY, subresource="status"
    )
    assert status["spec"]["replicas"] == 0
    whole = await world.cluster.patch(ref, {"status": {"collisionCount": 9}}, field_manager=BY)
    assert whole["status"].get("collisionCount") != 9


async def test_kinds_can_be_defined(world: World) -> None:
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.podo.example"},
        "spec": {
            "group": "podo.example",
            "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                                "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                            },
                        }
                    },
                }
            ],
        },
    }
    with pytest.raises(errors.UnknownKind):
        await world.apply(world.manifest(Kind("podo.example/v7", "Gadget"), "a"))
    ref = Ref.of(definition)
    await world.cluster.apply(definition, field_manager=BY)
    try:
        await _served(world)
        made = await world.apply(world.manifest(WIDGET, "one", spec={"colour": "red", "sizes": [1, 2]}))
        assert made["metadata"]["generation"] == 1
        changed = await world.apply(world.manifest(WIDGET, "one", spec={"colour": "blue"}))
        assert changed["spec"] == {"colour": "blue"}
        assert changed["metadata"]["generation"] == 2
        status = await world.cluster.patch(
            world.ref(WIDGET, "one"), {"status": {"phase": "Up"}}, field_manager=BY, subresource="status"
        )
        assert status["status"] == {"phase": "Up"}
        assert await world.names(WIDGET) == ["one"]
    finally:
        await world.cluster.delete(ref)


async def _served(world: World) -> None:
    for _ in range(200):
        try:
            await world.cluster.list(WIDGET, namespace=world.namespace)
            return
        except (errors.UnknownKind, errors.NotFound):
            await asyncio.sleep(0.05)
    raise AssertionError("the new kind is not served")


async def test_what_follows_goes_with_its_owner(world: World) -> None:
    owner = await world.apply(world.config_map("owner", a="1"))
    child = world.config_map("child", a="1")
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    child["metadata"]["ownerReferences"] = [reference]
    await world.apply(child)
    await world.cluster.delete(world.ref(kinds.CONFIG_MAP, "owner"))
    await world.until_gone(world.ref(kinds.CONFIG_MAP, "child"))


async def test_an_owner_can_go_after_its_dependents_or_without_them(world: World) -> None:
    await world.apply(world.deployment("web", replicas=1))
    await world.until_rolled_out("web")
    await world.cluster.delete(world.ref(kinds.DEPLOYMENT, "web"), propagation="Foreground")
    await world.until_gone(world.ref(kinds.DEPLOYMENT, "web"))
    assert await world.names(kinds.REPLICA_SET) == []
    await world.apply(world.deployment("free", replicas=1))
    await world.until_rolled_out("free")
    (before,) = await world.names(kinds.POD, label_selector="app=free")
    await world.cluster.delete(world.ref(kinds.DEPLOYMENT, "free"), propagation="Orphan")
    await world.until_gone(world.ref(kinds.DEPLOYMENT, "free"))
    await asyncio.sleep(0.2)
    assert await world.names(kinds.POD, label_selector="app=free") == [before]
    await world.apply(world.deployment("free", replicas=1))
    await world.until_rolled_out("free")
    assert await world.names(kinds.POD, label_selector="app=free") == [before]


async def test_a_finalizer_holds_an_object(world: World) -> None:
    held = world.config_map("held", a="1")
    held["metadata"]["finalizers"] = ["podo.example/hold"]
    await world.apply(held)
    ref = world.ref(kinds.CONFIG_MAP, "held")
    await world.cluster.delete(ref)
    assert (await world.cluster.get(ref))["metadata"]["deletionTimestamp"]
    await world.cluster.patch(ref, {"metadata": {"finalizers": None}}, field_manager=BY)
    await world.until_gone(ref)


async def test_every_call_asks_the_guard_first(world: World) -> None:
    """A guard that refuses keeps the client from calling at all."""
    from podo.clients.kubernetes.twin import Twin

    class Open(Exception):
        pass

    def refuse() -> None:
        raise Open

    guarded = Twin(before_call=refuse)
    for call in (
        guarded.get(world.ref(kinds.POD, "a")),
        guarded.apply(world.config_map("a"), field_manager=BY),
        guarded.version(),
        anext(guarded.watch(kinds.POD)),
        anext(guarded.logs(world.ref(kinds.POD, "a"))),
    ):
        with pytest.raises(Open):
            await call
