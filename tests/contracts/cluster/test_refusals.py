"""What cannot be is refused with the field that is wrong, and nothing is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from podo.clients.kubernetes import errors, kinds
from podo.clients.kubernetes.types import Manifest, Ref
from tests.contracts.cluster.world import BY, OTHER, World

Change = Callable[[Manifest], Any]


def _container(manifest: Manifest) -> Manifest:
    return manifest["spec"]["template"]["spec"]["containers"][0]


DEPLOYMENTS: dict[str, tuple[Change, str]] = {
    "capital letters in a name": (lambda m: m["metadata"].update(name="Web"), "metadata.name"),
    "an underscore in a name": (lambda m: m["metadata"].update(name="a_b"), "metadata.name"),
    "a label that is none": (lambda m: m["metadata"].update(labels={"a": "b c"}), "metadata.labels"),
    "fewer than no replicas": (lambda m: m["spec"].update(replicas=-1), "spec.replicas"),
    "a selector of others": (
        lambda m: m["spec"].update(selector={"matchLabels": {"app": "other"}}),
        "spec.template.metadata.labels",
    ),
    "no containers": (lambda m: m["spec"]["template"]["spec"].update(containers=[]), "spec.template.spec.containers"),
    "no image": (lambda m: _container(m).update(image=""), "spec.template.spec.containers[0].image"),
    "a port that is none": (
        lambda m: _container(m).update(ports=[{"containerPort": 70000}]),
        "spec.template.spec.containers[0].ports[0].containerPort",
    ),
    "a request beyond its limit": (
        lambda m: _container(m).update(resources={"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}),
        "spec.template.spec.containers[0].resources.requests",
    ),
    "a volume that is not there": (
        lambda m: _container(m).update(volumeMounts=[{"name": "none", "mountPath": "/x"}]),
        "spec.template.spec.containers[0].volumeMounts[0].name",
    ),
    "a policy that a Deployment cannot have": (
        lambda m: m["spec"]["template"]["spec"].update(restartPolicy="Never"),
        "spec.template.spec.restartPolicy",
    ),
    "no room to roll": (
        lambda m: m["spec"].update(strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}),
        "spec.strategy.rollingUpdate.maxUnavailable",
    ),
}


async def test_a_deployment_that_cannot_be(world: World, subtests: pytest.Subtests) -> None:
    for name, (change, field) in DEPLOYMENTS.items():
        with subtests.test(name):
            manifest = world.deployment("web")
            change(manifest)
            for call in (world.apply, world.cluster.create):
                with pytest.raises(errors.InvalidManifest) as refusal:
                    await call(manifest, field_manager=BY)
                assert field in {c["field"] for c in refusal.value.data["causes"]}, refusal.value.data
                assert refusal.value.data["message"]
            with pytest.raises(errors.NotFound):
                await world.cluster.get(Ref.of(manifest))


SHAPES: dict[str, Change] = {
    "a field that is unknown": lambda m: m["spec"].update(replica=3),
    "an unknown field deep inside": lambda m: _container(m).update(imagee="x"),
    "a word where a number is wanted": lambda m: m["spec"].update(replicas="three"),
    "a list where an object is wanted": lambda m: m["spec"].update(template=[]),
    "a number where a text is wanted": lambda m: _container(m).update(image=5),
}


async def test_a_manifest_of_another_shape(world: World, subtests: pytest.Subtests) -> None:
    for name, change in SHAPES.items():
        with subtests.test(name):
            manifest = world.deployment("web")
            change(manifest)
            for call in (world.apply, world.cluster.create):
                with pytest.raises(errors.InvalidManifest):
                    await call(manifest, field_manager=BY)
            with pytest.raises(errors.NotFound):
                await world.get(kinds.DEPLOYMENT, "web")


async def test_an_unknown_field_is_named(world: World) -> None:
    manifest = world.deployment("web")
    manifest["spec"]["replica"] = 3
    with pytest.raises(errors.InvalidManifest) as refusal:
        await world.apply(manifest)
    assert ".spec.replica: field not declared in schema" in refusal.value.data["message"]


async def test_required_fields_that_are_missing(world: World) -> None:
    bare = world.manifest(kinds.DEPLOYMENT, "web", spec={})
    with pytest.raises(errors.InvalidManifest):
        await world.apply(bare)
    with pytest.raises(errors.InvalidManifest):
        await world.apply(world.manifest(kinds.DEPLOYMENT, "web"))
    with pytest.raises(errors.InvalidManifest):
        await world.apply(world.manifest(kinds.CRON_JOB, "tick", spec={"schedule": "* * * * *"}))
    scaler = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}
    with pytest.raises(errors.InvalidManifest):
        await world.apply(world.manifest(kinds.HORIZONTAL_POD_AUTOSCALER, "web", spec=scaler))


async def test_a_selector_does_not_change(world: World) -> None:
    await world.apply(world.deployment("web", replicas=0))
    other = world.deployment("web", replicas=0)
    other["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    other["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    with pytest.raises(errors.InvalidManifest) as refusal:
        await world.apply(other)
    assert {c["field"] for c in refusal.value.data["causes"]} == {"spec.selector"}
    assert "field is immutable" in refusal.value.data["message"]


async def test_a_pod_changes_its_image_and_little_else(world: World) -> None:
    ref = await world.running_pod("one")
    image = {"spec": {"containers": [{"name": "app", "image": OTHER}]}}
    assert await world.cluster.patch(ref, image, field_manager=BY, type="strategic")
    command = {"spec": {"containers": [{"name": "app", "command": ["sleep", "1"]}]}}
    with pytest.raises(errors.InvalidManifest) as refusal:
        await world.cluster.patch(ref, command, field_manager=BY, type="strategic")
    assert {c["field"] for c in refusal.value.data["causes"]} == {"spec"}


async def test_what_is_said_to_be_immutable_is(world: World) -> None:
    await world.apply(world.config_map("words", a="1") | {"immutable": True})
    with pytest.raises(errors.InvalidManifest):
        await world.apply(world.config_map("words", a="2") | {"immutable": True})
    job = world.manifest(kinds.JOB, "once", spec={"template": {"spec": world.pod("x")["spec"] | {"restartPolicy": "Never"}}})
    await world.apply(job)
    job["spec"]["template"]["spec"]["containers"][0]["image"] = OTHER
    with pytest.raises(errors.InvalidManifest):
        await world.apply(job)


async def test_names_of_other_kinds(world: World) -> None:
    with pytest.raises(errors.InvalidManifest):
        await world.apply(world.manifest(kinds.SERVICE, "a.b", spec={"ports": [{"port": 80}]}))
    with pytest.raises(errors.InvalidManifest):
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "Not_A_Name"}}
        await world.cluster.apply(space, field_manager=BY)
    with pytest.raises(errors.InvalidManifest):
        await world.apply(world.manifest(kinds.CONFIG_MAP, "words", data={"not a key": "1"}))
    with pytest.raises(errors.InvalidManifest):
        await world.apply(world.pod("one", env=[{"name": "A=B", "value": "1"}]))


async def test_an_address_has_a_namespace_where_its_kind_lies_in_one(world: World) -> None:
    nowhere = world.config_map("words")
    del nowhere["metadata"]["namespace"]
    for call in (world.apply(nowhere), world.cluster.get(kinds.POD.ref("a")), world.cluster.get(kinds.NODE.ref("a", "b"))):
        with pytest.raises(errors.InvalidManifest):
            await call


async def test_a_schedule_that_cannot_be(world: World) -> None:
    job = {"template": {"spec": world.pod("x")["spec"] | {"restartPolicy": "Never"}}}
    for spec in ({"schedule": "every day"}, {"schedule": "61 * * * *"}, {"schedule": "* * * * *", "timeZone": "Moon/Sea"}):
        with pytest.raises(errors.InvalidManifest):
            await world.apply(world.manifest(kinds.CRON_JOB, "tick", spec={"jobTemplate": {"spec": job}, **spec}))
    kept = await world.apply(
        world.manifest(
            kinds.CRON_JOB, "tick", spec={"jobTemplate": {"spec": job}, "schedule": "0 5 * * 1-5", "timeZone": "Asia/Seoul"}
        )
    )
    assert kept["spec"]["concurrencyPolicy"] == "Allow"


async def test_nobody_scales_what_has_no_scale(world: World) -> None:
    await world.apply(world.config_map("words"))
    with pytest.raises(errors.NotFound):
        await world.cluster.scale(world.ref(kinds.CONFIG_MAP, "words"), 1, field_manager=BY)
    await world.apply(world.deployment("web", replicas=0))
    with pytest.raises(errors.InvalidManifest):
        await world.cluster.scale(world.ref(kinds.DEPLOYMENT, "web"), -1, field_manager=BY)
