"""What controllers make of wishes: rollouts that succeed, stand still, are undone; jobs and schedules."""

from __future__ import annotations

import pytest

from podo.clients.kubernetes import errors, kinds
from podo.clients.kubernetes.types import Manifest
from tests.contracts.cluster.world import IMAGE, OTHER, World, condition, eventually, is_ready, rolled_out

REVISION = "deployment.kubernetes.io/revision"


async def _images(world: World) -> dict[str, int]:
    page = await world.cluster.list_pods(namespace=world.namespace, label_selector="app=web")
    images = [p.spec.containers[0].image for p in page.items if not p.metadata.deletion_timestamp]
    return {image: images.count(image) for image in images}


async def test_a_deployment_rolls_out(world: World) -> None:
    await world.apply(world.deployment("web", replicas=3))
    done = await world.until_rolled_out("web")
    assert done["status"]["readyReplicas"] == 3
    assert condition(done, "Available")["status"] == "True"
    done = await world.until(kinds.DEPLOYMENT, "web", lambda d: condition(d, "Progressing")["reason"] == "NewReplicaSetAvailable")
    assert condition(done, "Progressing")["status"] == "True"
    assert done["metadata"]["annotations"][REVISION] == "1"
    (replica_set,) = (await world.cluster.list(kinds.REPLICA_SET, namespace=world.namespace)).items
    assert replica_set["metadata"]["name"] == f"web-{replica_set['metadata']['labels']['pod-template-hash']}"
    assert replica_set["metadata"]["ownerReferences"][0]["name"] == "web"
    assert await _images(world) == {IMAGE: 3}


async def test_a_new_image_takes_the_place_of_the_old(world: World) -> None:
    await world.apply(world.deployment("web", replicas=3))
    await world.until_rolled_out("web")
    await world.apply(world.deployment("web", replicas=3, image=OTHER))
    done = await world.until_rolled_out("web")
    assert done["metadata"]["annotations"][REVISION] == "2"
    assert await _images(world) == {OTHER: 3}
    sets = (await world.cluster.list(kinds.REPLICA_SET, namespace=world.namespace)).items
    assert sorted(s["spec"]["replicas"] for s in sets) == [0, 3]


async def test_going_back_is_a_new_revision_of_an_old_set(world: World) -> None:
    for image in (IMAGE, OTHER, IMAGE):
        await world.apply(world.deployment("web", replicas=1, image=image))
        done = await world.until_rolled_out("web")
    assert done["metadata"]["annotations"][REVISION] == "3"
    assert len(await world.names(kinds.REPLICA_SET)) == 2
    assert await _images(world) == {IMAGE: 1}


async def test_old_revisions_are_forgotten(world: World) -> None:
    for n in range(4):
        manifest = world.deployment("web", replicas=1, revisionHistoryLimit=1)
        manifest["spec"]["template"]["metadata"]["annotations"]["revision"] = str(n)
        await world.apply(manifest)
        await world.until_rolled_out("web")

    async def few() -> bool:
        return len(await world.names(kinds.REPLICA_SET)) == 2

    await eventually(few)


@pytest.mark.parametrize("image", ["nowhere.invalid/app:2", "unready"])
async def test_a_rollout_that_fails_stands_still_and_says_so(world: World, image: str) -> None:
    await world.apply(world.deployment("web", replicas=4, progressDeadlineSeconds=600))
    await world.until_rolled_out("web")
    bad = world.deployment("web", replicas=4, progressDeadlineSeconds=1, image=OTHER)
    if image == "unready":
        container = bad["spec"]["template"]["spec"]["containers"][0]
        container["readinessProbe"] = {"exec": {"command": ["false"]}}
    else:
        bad["spec"]["template"]["spec"]["containers"][0]["image"] = image
    await world.apply(bad)

    def stands_still(deployment: Manifest) -> bool:
        # A quarter may be missing, a quarter more may be there.
        counts = [deployment["status"].get(name) for name in ("availableReplicas", "updatedReplicas")]
        return condition(deployment, "Progressing").get("reason") == "ProgressDeadlineExceeded" and counts == [3, 2]

    stuck = await world.until(kinds.DEPLOYMENT, "web", stands_still)
    assert condition(stuck, "Progressing")["status"] == "False"
    assert "has timed out progressing" in condition(stuck, "Progressing")["message"]
    assert condition(stuck, "Available")["status"] == "True"
    await world.apply(world.deployment("web", replicas=4, progressDeadlineSeconds=600))
    mended = await world.until_rolled_out("web")
    assert await _images(world) == {IMAGE: 4}
    assert mended["metadata"]["annotations"][REVISION] == "3"
    await world.until(kinds.DEPLOYMENT, "web", lambda d: condition(d, "Progressing")["reason"] == "NewReplicaSetAvailable")


async def test_a_recreate_never_has_two_at_once(world: World) -> None:
    strategy = {"type": "Recreate"}
    await world.apply(world.deployment("web", replicas=2, strategy=strategy))
    await world.until_rolled_out("web")
    await world.apply(world.deployment("web", replicas=2, strategy=strategy, image="nowhere.invalid/app:2"))

    async def only_new() -> bool:
        return await _images(world) == {"nowhere.invalid/app:2": 2}

    await eventually(only_new)
    down = await world.until(kinds.DEPLOYMENT, "web", lambda d: condition(d, "Available").get("status") == "False")
    assert down["status"].get("availableReplicas", 0) == 0


async def test_a_paused_deployment_waits(world: World) -> None:
    await world.apply(world.deployment("web", replicas=1))
    await world.until_rolled_out("web")
    await world.apply(world.deployment("web", replicas=2, image=OTHER, paused=True))
    await world.until(kinds.DEPLOYMENT, "web", lambda d: d["status"].get("availableReplicas") == 2)
    assert await _images(world) == {IMAGE: 2}
    await world.apply(world.deployment("web", replicas=2, image=OTHER))
    await world.until_rolled_out("web")
    assert await _images(world) == {OTHER: 2}


async def test_scaling_up_and_down(world: World) -> None:
    await world.apply(world.deployment("web", replicas=1))
    await world.until_rolled_out("web")
    ref = world.ref(kinds.DEPLOYMENT, "web")
    for replicas in (3, 1, 0):
        await world.cluster.scale(ref, replicas, field_manager="podo")
        await world.until_rolled_out("web")
        assert sum((await _images(world)).values()) == replicas
    assert (await world.get(kinds.DEPLOYMENT, "web"))["metadata"]["annotations"][REVISION] == "1"


async def test_a_pod_that_is_deleted_comes_again(world: World) -> None:
    await world.apply(world.deployment("web", replicas=1))
    await world.until_rolled_out("web")
    (before,) = await world.names(kinds.POD)
    await world.cluster.delete(world.ref(kinds.POD, before), grace_seconds=1)

    async def another() -> bool:
        pods = (await world.cluster.list_pods(namespace=world.namespace)).items
        return [p.ready for p in pods if p.name != before] == [True] and before not in {p.name for p in pods}

    await eventually(another)


async def test_no_room_leaves_pods_pending_with_a_reason(world: World) -> None:
    manifest = world.deployment("web", replicas=1, progressDeadlineSeconds=1)
    manifest["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "5000"}}
    await world.apply(manifest)
    await world.until(kinds.DEPLOYMENT, "web", lambda d: condition(d, "Progressing").get("reason") == "ProgressDeadlineExceeded")
    (pod,) = (await world.cluster.list_pods(namespace=world.namespace)).items
    assert pod.phase == "Pending"
    assert pod.node == ""
    (scheduled,) = [c for c in pod.status.conditions if c.type == "PodScheduled"]
    assert (scheduled.status, scheduled.reason) == ("False", "Unschedulable")
    assert "Insufficient cpu" in scheduled.message


async def test_a_pod_whose_image_is_not_there(world: World) -> None:
    await world.apply(world.pod("one", image="nowhere.invalid/app:1"))

    def waits(pod: Manifest) -> bool:
        statuses = pod.get("status", {}).get("containerStatuses") or [{}]
        return statuses[0].get("state", {}).get("waiting", {}).get("reason") == "ImagePullBackOff"

    pod = await world.until(kinds.POD, "one", waits)
    assert pod["status"]["phase"] == "Pending"
    with pytest.raises(errors.NotStarted) as refusal:
        async for _ in world.cluster.logs(world.ref(kinds.POD, "one")):
            pass
    assert "trying and failing to pull image" in refusal.value.data["message"]


async def test_a_container_that_crashes(world: World) -> None:
    await world.apply(world.pod("one", command=["sh", "-c", "echo going; exit 3"]))

    def crashed(pod: Manifest) -> bool:
        statuses = pod.get("status", {}).get("containerStatuses") or [{}]
        return statuses[0].get("state", {}).get("waiting", {}).get("reason") == "CrashLoopBackOff"

    await world.until(kinds.POD, "one", crashed)
    (pod,) = (await world.cluster.list_pods(namespace=world.namespace)).items
    (container,) = pod.status.container_statuses
    assert container.last_exit_code == 3
    assert container.last_state.terminated
    assert container.last_state.terminated.reason == "Error"
    assert not pod.ready
    lines = [line async for line in world.cluster.logs(world.ref(kinds.POD, "one"), previous=True)]
    assert lines == ["going"]


async def test_a_container_that_takes_too_much_memory(world: World) -> None:
    manifest = world.pod("one")
    manifest["metadata"]["annotations"] = {"simulate.podo.dev/failure": "OOMKilled"}
    if not await world.is_simulated():
        pytest.skip("a real kubelet knows nothing of the annotation")
    await world.apply(manifest)

    async def killed() -> bool:
        (pod,) = (await world.cluster.list_pods(namespace=world.namespace)).items
        ended = [c.last_state.terminated for c in pod.status.container_statuses]
        return bool(ended and ended[0] and ended[0].reason == "OOMKilled" and ended[0].exit_code == 137)

    await eventually(killed)


async def test_a_stateful_set_goes_in_order(world: World) -> None:
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    spec = {"replicas": 3, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}}, "template": world.template("db")}
    await world.apply(world.manifest(kinds.STATEFUL_SET, "db", spec={**spec}))

    def done(manifest: Manifest) -> bool:
        status = manifest.get("status") or {}
        wished = manifest["spec"]["replicas"]
        counts = [status.get(name, 0) for name in ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas")]
        same = status.get("observedGeneration") == manifest["metadata"]["generation"]
        return same and counts == [wished] * 4 and status["currentRevision"] == status["updateRevision"]

    first = await world.until(kinds.STATEFUL_SET, "db", done)
    assert await world.names(kinds.POD) == ["db-0", "db-1", "db-2"]
    spec["template"] = world.template("db", image=OTHER)
    await world.apply(world.manifest(kinds.STATEFUL_SET, "db", spec={**spec}))
    second = await world.until(kinds.STATEFUL_SET, "db", done)
    assert second["status"]["updateRevision"] != first["status"]["updateRevision"]
    pods = (await world.cluster.list_pods(namespace=world.namespace)).items
    assert {p.spec.containers[0].image for p in pods} == {OTHER}
    await world.cluster.scale(world.ref(kinds.STATEFUL_SET, "db"), 1, field_manager="podo")
    await world.until(kinds.STATEFUL_SET, "db", done)
    assert await world.names(kinds.POD) == ["db-0"]
    with pytest.raises(errors.InvalidManifest):
        await world.apply(
            world.manifest(kinds.STATEFUL_SET, "db", spec={**spec, "replicas": 1, "volumeClaimTemplates": [claim]}), force=True
        )


async def test_a_daemon_set_is_on_every_node(world: World) -> None:
    nodes = {n["metadata"]["name"] for n in (await world.cluster.list(kinds.NODE)).items}
    spec = {"selector": {"matchLabels": {"app": "agent"}}, "template": world.template("agent")}
    await world.apply(world.manifest(kinds.DAEMON_SET, "agent", spec=spec))

    def done(manifest: Manifest) -> bool:
        status = manifest.get("status") or {}
        counts = [
            status.get(n, 0) for n in ("desiredNumberScheduled", "numberReady", "updatedNumberScheduled", "numberAvailable")
        ]
        return status.get("observedGeneration") == manifest["metadata"]["generation"] and set(counts) == {len(nodes)}

    await world.until(kinds.DAEMON_SET, "agent", done)
    assert {p.node for p in (await world.cluster.list_pods(namespace=world.namespace)).items} == nodes
    spec["template"] = world.template("agent", image=OTHER)
    await world.apply(world.manifest(kinds.DAEMON_SET, "agent", spec=spec))
    await world.until(kinds.DAEMON_SET, "agent", done, seconds=60)
    images = {p.spec.containers[0].image for p in (await world.cluster.list_pods(namespace=world.namespace)).items}
    assert images == {OTHER}


def _job(world: World, name: str, command: str = "sleep 0", **spec: object) -> Manifest:
    pod = world.pod("x", command=["sh", "-c", command])["spec"] | {"restartPolicy": "Never"}
    return world.manifest(kinds.JOB, name, spec={"template": {"spec": pod}, **spec})


async def test_a_job_completes(world: World) -> None:
    await world.apply(_job(world, "once", completions=2, parallelism=2))
    done = await world.until(kinds.JOB, "once", lambda j: condition(j, "Complete").get("status") == "True")
    assert done["status"]["succeeded"] == 2
    assert done["status"]["completionTime"] >= done["status"]["startTime"]
    pods = (await world.cluster.list_pods(namespace=world.namespace, label_selector="batch.kubernetes.io/job-name=once")).items
    assert [p.phase for p in pods] == ["Succeeded", "Succeeded"]
    await world.cluster.delete(world.ref(kinds.JOB, "once"))
    await world.until_gone(world.ref(kinds.POD, pods[0].name))


async def test_a_job_fails_when_it_may_try_no_more(world: World) -> None:
    await world.apply(_job(world, "once", "echo no; exit 4", backoffLimit=0))
    failed = await world.until(kinds.JOB, "once", lambda j: condition(j, "Failed").get("status") == "True")
    assert condition(failed, "Failed")["reason"] == "BackoffLimitExceeded"
    (pod,) = (await world.cluster.list_pods(namespace=world.namespace)).items
    assert (pod.phase, pod.status.container_statuses[0].last_exit_code) == ("Failed", 4)


async def test_a_job_may_not_take_longer_than_it_says(world: World) -> None:
    await world.apply(_job(world, "once", "sleep 600", activeDeadlineSeconds=1))
    failed = await world.until(kinds.JOB, "once", lambda j: condition(j, "Failed").get("status") == "True")
    assert condition(failed, "Failed")["reason"] == "DeadlineExceeded"


async def test_a_job_is_forgotten_after_a_while(world: World) -> None:
    await world.apply(_job(world, "once", ttlSecondsAfterFinished=1))
    await world.until_gone(world.ref(kinds.JOB, "once"))


async def test_a_suspended_job_waits(world: World) -> None:
    await world.apply(_job(world, "once", suspend=True))
    await world.cluster.patch(world.ref(kinds.JOB, "once"), {"metadata": {"labels": {"a": "b"}}}, field_manager="podo")
    assert await world.names(kinds.POD) == []
    await world.cluster.patch(world.ref(kinds.JOB, "once"), {"spec": {"suspend": False}}, field_manager="podo")
    await world.until(kinds.JOB, "once", lambda j: condition(j, "Complete").get("status") == "True")


async def test_an_autoscaler_is_taken_as_it_is(world: World) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "maxReplicas": 5}
    made = await world.apply(world.manifest(kinds.HORIZONTAL_POD_AUTOSCALER, "web", spec=spec))
    assert made["spec"]["minReplicas"] == 1
    with pytest.raises(errors.InvalidManifest):
        await world.apply(world.manifest(kinds.HORIZONTAL_POD_AUTOSCALER, "web", spec={**spec, "minReplicas": 9}))


async def test_a_bare_pod_stays_where_it_is(world: World) -> None:
    ref = await world.running_pod("one")
    before = await world.cluster.get(ref)
    assert is_ready(before)
    assert before["status"]["qosClass"] == "BestEffort"
    assert before["spec"]["serviceAccountName"] == "default"
    assert not rolled_out({"metadata": {"generation": 1}, "spec": {"replicas": 1}})
