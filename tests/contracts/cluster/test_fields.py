"""Server-side apply: who owns which field, and what that means for others."""

from __future__ import annotations

import pytest

from podo.clients.kubernetes import errors, kinds
from podo.clients.kubernetes.types import Manifest
from tests.contracts.cluster.world import BY, IMAGE, OTHER, SOON, World, eventually


def managers(manifest: Manifest) -> dict[tuple[str, str], Manifest]:
    """What each manager owns, by its name and manner."""
    entries = manifest["metadata"]["managedFields"]
    return {(e["manager"], e["operation"]): e["fieldsV1"] for e in entries}


async def test_the_manager_owns_exactly_what_it_sent(world: World) -> None:
    made = await world.apply(world.config_map("words", labels={"x": "y"}, a="1"))
    assert managers(made) == {(BY, "Apply"): {"f:data": {"f:a": {}}, "f:metadata": {"f:labels": {"f:x": {}}}}}


async def test_fields_of_a_deployment_are_owned_item_by_item(world: World) -> None:
    manifest = world.deployment("web", replicas=0)
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    container |= {
        "env": [{"name": "A", "value": "1"}],
        "ports": [{"containerPort": 80}],
        "resources": {"limits": {"cpu": "1"}},
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }
    manifest["spec"]["template"]["spec"] |= {"volumes": [{"name": "tmp", "emptyDir": {}}], "nodeSelector": {"a": "b"}}
    made = await world.apply(manifest)
    owned = managers(made)[BY, "Apply"]["f:spec"]
    assert owned["f:selector"] == {}
    pod = owned["f:template"]["f:spec"]
    assert pod["f:nodeSelector"] == {}
    assert pod["f:volumes"] == {'k:{"name":"tmp"}': {".": {}, "f:emptyDir": {}, "f:name": {}}}
    assert pod["f:containers"]['k:{"name":"app"}'] == {
        ".": {},
        "f:command": {},
        "f:env": {'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}}},
        "f:image": {},
        "f:name": {},
        "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
        "f:resources": {"f:limits": {"f:cpu": {}}},
        "f:volumeMounts": {'k:{"mountPath":"/tmp"}': {".": {}, "f:mountPath": {}, "f:name": {}}},
    }


async def test_what_is_no_longer_sent_is_removed(world: World) -> None:
    await world.apply(world.config_map("words", labels={"x": "y"}, a="1", b="2"))
    changed = await world.apply(world.config_map("words", a="1"))
    assert changed["data"] == {"a": "1"}
    assert "labels" not in changed["metadata"]
    manifest = world.deployment("web", replicas=0)
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    manifest["spec"]["template"]["spec"]["containers"].append({"name": "side", "image": IMAGE})
    await world.apply(manifest)
    after = await world.apply(world.deployment("web", replicas=0))
    (left,) = after["spec"]["template"]["spec"]["containers"]
    assert left["name"] == "app"
    assert "env" not in left


async def test_what_others_own_stays(world: World) -> None:
    await world.apply(world.config_map("words", a="1"), field_manager="one")
    await world.apply(world.config_map("words", b="2"), field_manager="two")
    assert (await world.get(kinds.CONFIG_MAP, "words"))["data"] == {"a": "1", "b": "2"}
    await world.apply(world.config_map("words"), field_manager="two")
    assert (await world.get(kinds.CONFIG_MAP, "words"))["data"] == {"a": "1"}


async def test_what_two_own_goes_with_the_second(world: World) -> None:
    for manager in ("one", "two"):
        await world.apply(world.config_map("words", a="1", b="2"), field_manager=manager)
    await world.apply(world.config_map("words", a="1"), field_manager="one")
    assert (await world.get(kinds.CONFIG_MAP, "words"))["data"] == {"a": "1", "b": "2"}
    await world.apply(world.config_map("words", a="1"), field_manager="two")
    assert (await world.get(kinds.CONFIG_MAP, "words"))["data"] == {"a": "1"}


async def test_a_field_of_another_is_not_taken_without_force(world: World) -> None:
    await world.apply(world.config_map("words", a="1", b="1"), field_manager="one")
    with pytest.raises(errors.FieldConflict) as refusal:
        await world.apply(world.config_map("words", a="2", b="1"), field_manager="two")
    assert refusal.value.data["managers"] == "one"
    (cause,) = refusal.value.data["causes"]
    assert cause == {"field": ".data.a", "reason": "FieldManagerConflict", "message": 'conflict with "one"'}
    assert (await world.get(kinds.CONFIG_MAP, "words"))["data"] == {"a": "1", "b": "1"}
    taken = await world.apply(world.config_map("words", a="2", b="1"), field_manager="two", force=True)
    assert managers(taken)["one", "Apply"] == {"f:data": {"f:b": {}}}
    assert managers(taken)["two", "Apply"] == {"f:data": {"f:a": {}, "f:b": {}}}
    with pytest.raises(errors.FieldConflict):
        await world.apply(world.config_map("words", a="3", b="1"), field_manager="one")


async def test_an_item_of_a_list_is_named_by_its_key(world: World) -> None:
    await world.apply(world.deployment("web", replicas=0), field_manager="one")
    with pytest.raises(errors.FieldConflict) as refusal:
        await world.apply(world.deployment("web", replicas=1, image=OTHER), field_manager="two")
    fields = {c["field"] for c in refusal.value.data["causes"]}
    assert fields == {".spec.replicas", '.spec.template.spec.containers[name="app"].image'}


async def test_a_scale_or_a_patch_takes_the_field_over(world: World) -> None:
    await world.apply(world.deployment("web", replicas=0))
    await world.cluster.scale(world.ref(kinds.DEPLOYMENT, "web"), 1, field_manager="autoscaler")
    with pytest.raises(errors.FieldConflict) as refusal:
        await world.apply(world.deployment("web", replicas=0))
    assert refusal.value.data["managers"] == "autoscaler"
    without = world.deployment("web")
    del without["spec"]["replicas"]
    assert (await world.apply(without))["spec"]["replicas"] == 1
    await world.cluster.patch(world.ref(kinds.DEPLOYMENT, "web"), {"spec": {"minReadySeconds": 1}}, field_manager="somebody")
    with pytest.raises(errors.FieldConflict) as refusal:
        await world.apply(world.deployment("web", replicas=1, minReadySeconds=2))
    assert refusal.value.data["managers"] == "somebody"
    assert (".spec.minReadySeconds") in {c["field"] for c in refusal.value.data["causes"]}


async def test_the_same_value_is_shared(world: World) -> None:
    await world.cluster.create(world.config_map("words", a="1"), field_manager="maker")
    shared = await world.apply(world.config_map("words", a="1"))
    assert managers(shared) == {("maker", "Update"): {"f:data": {".": {}, "f:a": {}}}, (BY, "Apply"): {"f:data": {"f:a": {}}}}


async def test_what_the_server_filled_in_can_be_set_by_anyone(world: World) -> None:
    await world.apply(world.deployment("web", replicas=0))
    changed = await world.apply(world.deployment("web", replicas=0, revisionHistoryLimit=3), field_manager="other")
    assert changed["spec"]["revisionHistoryLimit"] == 3


async def test_a_restart_is_a_patch_that_apply_leaves_alone(world: World) -> None:
    await world.apply(world.deployment("web", replicas=1))
    await world.until_rolled_out("web")
    (before,) = await world.names(kinds.POD)
    note = {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}
    body = {"spec": {"template": {"metadata": {"annotations": note}}}}
    await world.cluster.patch(world.ref(kinds.DEPLOYMENT, "web"), body, field_manager="restarter", type="strategic")
    await world.until_rolled_out("web")

    async def another() -> bool:
        return len(await world.names(kinds.POD)) == 1

    await eventually(another)
    assert await world.names(kinds.POD) != [before]
    again = await world.apply(world.deployment("web", replicas=1))
    assert again["spec"]["template"]["metadata"]["annotations"] == SOON | note
