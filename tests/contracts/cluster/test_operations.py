"""What people and Podo do with what runs: restart, prune, start by the clock, keep within bounds, guard against drains."""

from __future__ import annotations

from datetime import timedelta

import pytest

from podo.clients.kubernetes import errors, kinds
from podo.clients.kubernetes.types import Kind, Manifest, Ref
from podo.kernel import clock
from tests.contracts.cluster.world import BY, World, condition, eventually

SET = "podo.example/set"


async def test_a_restart_exchanges_every_pod_and_keeps_the_service_up(world: World) -> None:
    await world.apply(world.deployment("web", replicas=3, strategy={"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}))
    await world.until_rolled_out("web")
    before = set(await world.names(kinds.POD))
    now = clock.now().isoformat(timespec="seconds")
    body = {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": now}}}}}
    await world.cluster.patch(world.ref(kinds.DEPLOYMENT, "web"), body, field_manager=BY, type="strategic")
    least = 3

    async def exchanged() -> bool:
        nonlocal least
        pods = (await world.cluster.list_pods(namespace=world.namespace)).items
        least = min(least, sum(pod.ready for pod in pods))
        return len(pods) == 3 and not before & {pod.name for pod in pods}

    await eventually(exchanged)
    assert least == 3
    assert (await world.until_rolled_out("web"))["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"


async def _set(world: World, *manifests: Manifest, number: str) -> None:
    for manifest in manifests:
        manifest["metadata"].setdefault("labels", {})[SET] = number
        await world.apply(manifest)


async def _prune(world: World, kinds_: list[Kind], keep: set[Ref]) -> list[str]:
    """Delete what bears the label and is not to be kept, each only if it is still the one that was listed."""
    gone: list[str] = []
    for kind in kinds_:
        page = await world.cluster.list(kind, namespace=world.namespace, label_selector=SET)
        for found in page.items:
            if (ref := Ref.of(found)) not in keep:
                await world.cluster.delete(ref, uid=found["metadata"]["uid"])
                gone.append(str(ref.name))
    return sorted(gone)


async def test_what_is_no_longer_wanted_is_pruned_by_its_label(world: World) -> None:
    await _set(
        world, world.config_map("kept", a="1"), world.config_map("old", a="1"), world.deployment("web", replicas=1), number="1"
    )
    await world.apply(world.config_map("of-others", a="1"))
    await world.until_rolled_out("web")
    await _set(world, world.config_map("kept", a="2"), number="2")
    keep = {world.ref(kinds.CONFIG_MAP, "kept")}
    assert await _prune(world, [kinds.CONFIG_MAP, kinds.DEPLOYMENT], keep) == ["old", "web"]
    await world.until_gone(world.ref(kinds.DEPLOYMENT, "web"))

    async def emptied() -> bool:
        return not await world.names(kinds.POD) and not await world.names(kinds.REPLICA_SET)

    await eventually(emptied)
    assert {"kept", "of-others"} <= set(await world.names(kinds.CONFIG_MAP))
    assert "old" not in await world.names(kinds.CONFIG_MAP)
    assert await _prune(world, [kinds.CONFIG_MAP, kinds.DEPLOYMENT], keep) == []


async def test_pruning_spares_what_somebody_has_made_anew(world: World) -> None:
    seen = await world.apply(world.config_map("old", labels={SET: "1"}, a="1"))
    ref = world.ref(kinds.CONFIG_MAP, "old")
    await world.cluster.delete(ref)
    await world.cluster.create(world.config_map("old", a="2"), field_manager="somebody")
    with pytest.raises(errors.ResourceVersionConflict):
        await world.cluster.delete(ref, uid=seen["metadata"]["uid"])
    assert (await world.cluster.get(ref))["data"] == {"a": "2"}


def _cron_job(world: World, command: str = "sleep 0", **spec: object) -> Manifest:
    pod = world.pod("x", command=["sh", "-c", command])["spec"] | {"restartPolicy": "Never"}
    job = {"template": {"spec": pod}}
    return world.manifest(
        kinds.CRON_JOB, "tick", spec={"schedule": "* * * * *", "suspend": True, "jobTemplate": {"spec": job}, **spec}
    )


async def _make_due(world: World) -> None:
    """The last start was two minutes ago, so that the next one is due now."""
    ref, then = world.ref(kinds.CRON_JOB, "tick"), clock.now() - timedelta(minutes=2)
    status = {"status": {"lastScheduleTime": then.strftime("%Y-%m-%dT%H:%M:%SZ")}}
    await world.cluster.patch(ref, status, field_manager="tests", subresource="status")
    await world.cluster.patch(ref, {"spec": {"suspend": False}}, field_manager=BY)


async def test_a_cron_job_starts_a_job_when_it_is_due(world: World) -> None:
    made = await world.apply(_cron_job(world))
    assert await world.names(kinds.JOB) == []
    await _make_due(world)

    async def started() -> Manifest | None:
        return next(iter((await world.cluster.list(kinds.JOB, namespace=world.namespace)).items), None)

    job = await eventually(started)
    assert job is not None
    owner = job["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("CronJob", "tick", made["metadata"]["uid"])
    assert job["metadata"]["name"].startswith("tick-")
    assert "batch.kubernetes.io/cronjob-scheduled-timestamp" in job["metadata"]["annotations"]
    await world.until(kinds.JOB, job["metadata"]["name"], lambda j: condition(j, "Complete").get("status") == "True")
    ended = await world.until(kinds.CRON_JOB, "tick", lambda c: c["status"].get("lastSuccessfulTime"))
    assert not ended["status"].get("active")
    await world.cluster.delete(world.ref(kinds.CRON_JOB, "tick"))
    await world.until_gone(world.ref(kinds.JOB, job["metadata"]["name"]))


async def test_a_cron_job_that_forbids_it_starts_no_second_job(world: World) -> None:
    earlier = (clock.now() - timedelta(minutes=1)).minute
    await world.apply(_cron_job(world, "sleep 600", concurrencyPolicy="Forbid", schedule=f"{earlier} * * * *"))
    await _make_due(world)

    async def starts() -> bool:
        return len(await world.names(kinds.JOB)) == 1

    await eventually(starts)
    active = await world.until(kinds.CRON_JOB, "tick", lambda c: c["status"].get("active"))
    assert [a["kind"] for a in active["status"]["active"]] == ["Job"]
    await world.apply(_cron_job(world, "sleep 600", concurrencyPolicy="Forbid"), force=True)
    await _make_due(world)

    async def told() -> bool:
        found = await world.cluster.list(kinds.EVENT, namespace=world.namespace, field_selector="involvedObject.name=tick")
        return "JobAlreadyActive" in {event["reason"] for event in found.items}

    await eventually(told)
    assert len(await world.names(kinds.JOB)) == 1


async def test_an_autoscaler_keeps_its_target_within_its_bounds(world: World) -> None:
    bare = world.deployment("web")
    del bare["spec"]["replicas"]
    assert (await world.apply(bare))["spec"]["replicas"] == 1
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 4}
    await world.apply(world.manifest(kinds.HORIZONTAL_POD_AUTOSCALER, "web", spec=spec))
    await world.until(kinds.DEPLOYMENT, "web", lambda d: d["spec"]["replicas"] == 2)
    await world.until_rolled_out("web")
    scaler = await world.until(
        kinds.HORIZONTAL_POD_AUTOSCALER,
        "web",
        lambda h: h["status"].get("currentReplicas") == h["status"]["desiredReplicas"] == 2,
    )
    assert condition(scaler, "AbleToScale")["status"] == "True"
    # Whoever leaves the number out leaves it to the autoscaler.
    assert (await world.apply(bare))["spec"]["replicas"] == 2
    spec |= {"minReplicas": 1, "maxReplicas": 1}
    await world.apply(world.manifest(kinds.HORIZONTAL_POD_AUTOSCALER, "web", spec=spec))
    await world.until(kinds.DEPLOYMENT, "web", lambda d: d["spec"]["replicas"] == 1)


async def test_a_budget_counts_the_pods_it_means(world: World) -> None:
    spec = {"maxUnavailable": "50%", "selector": {"matchLabels": {"app": "web"}}}
    await world.apply(world.manifest(kinds.POD_DISRUPTION_BUDGET, "web", spec=spec))
    await world.apply(world.deployment("web", replicas=3))
    await world.until_rolled_out("web")

    def counted(budget: Manifest) -> bool:
        status = budget["status"]
        numbers = [status.get(n) for n in ("expectedPods", "currentHealthy", "desiredHealthy", "disruptionsAllowed")]
        return numbers == [3, 3, 1, 2]

    budget = await world.until(kinds.POD_DISRUPTION_BUDGET, "web", counted)
    assert condition(budget, "DisruptionAllowed")["reason"] == "SufficientPods"
    with pytest.raises(errors.InvalidManifest):
        both = {**spec, "minAvailable": 1}
        await world.apply(world.manifest(kinds.POD_DISRUPTION_BUDGET, "both", spec=both))
