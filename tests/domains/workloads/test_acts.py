"""Restart, scale, delete a pod: by page, API and command alike, once, and by those who may."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from podo.activity import service as activity
from podo.activity.types import Question
from podo.clients.kubernetes.kinds import DEPLOYMENT, POD
from podo.clients.kubernetes.twin import Pace
from podo.kernel import clock
from podo.workloads import service
from podo.workloads.types import AlreadyAsked, NoSuchTarget, NotScalable
from podo.workloads.workflows import operate
from tests.company import JP, LEAD, MEMBER, PROJECT, SRE, STRANGER, VIEWER, api_of, terminal_of
from tests.domains.workloads.conftest import Shop, deployment, of
from tests.houses import person

PLACE = {"environment": "prod", "region": "kr"}
WHICH = {**PLACE, "kind": "Deployment", "name": PROJECT}
ROOT = f"/api/v1/projects/{PROJECT}"


async def up(running: Shop, **options: Any) -> None:
    await running.run(deployment(**options))
    await running.until(lambda v: of(v) and of(v).ready == options.get("replicas", 2) and len(of(v).pods) == of(v).ready)


async def manifest(running: Shop) -> dict[str, Any]:
    return await running.twin().get(DEPLOYMENT.ref(PROJECT, PROJECT))


async def told(running: Shop) -> list[str]:
    async with running.house.reading() as r:
        page = await activity.happenings(r, Question(project=PROJECT, kinds=("workloads",)))
    return [h.told() for h in page.items]


async def test_a_restart_by_the_page_is_asked_then_taken_and_made_once(running: Shop) -> None:
    await up(running)
    before = await manifest(running)
    pods = {p.name for p in of(await running.views()).pods}
    async with running.house.signed_in(LEAD) as browser:
        page = await browser.get(f"/{PROJECT}/workloads")
        assert f'action="/{PROJECT}/workloads/restart"' in page
        answer = await browser.send(f"/{PROJECT}/workloads/restart", **WHICH)
        assert answer.headers["location"] == f"/{PROJECT}/workloads?q=env%3Aprod"
        await running.house.settled()
        page = await browser.get(f"/{PROJECT}/workloads")
    assert "prod-kr-1 has taken the restart that Emma Clarke asked for" in page
    await running.twin().settle()
    after = await manifest(running)
    # One change of the template, and no more: the generation counts them.
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1
    await running.until(lambda v: of(v) and of(v).ready == 2 and not pods & {p.name for p in of(v).pods})
    assert await told(running) == [
        "prod kr has taken it: restart of chat-api",
        "Emma Clarke restarts chat-api in prod kr",
    ]


async def test_a_second_delivery_of_the_same_wish_changes_nothing(running: Shop) -> None:
    """Events are delivered at least once; the run's id makes a second start harmless."""
    await up(running)
    async with running.house.transaction(person(MEMBER)) as tx:
        asked = await service.restart(tx, PROJECT, "prod", "kr", "Deployment", PROJECT)
    await running.house.settled()
    generation = (await manifest(running))["metadata"]["generation"]
    await running.house.house.durable.start(operate, f"operate:{asked.id}", asked.id)
    await running.house.settled()
    assert (await manifest(running))["metadata"]["generation"] == generation
    async with running.house.reading() as r:
        assert [o.state for o in await service.operations(r, PROJECT)] == ["done"]


async def test_scaling_by_the_api_and_what_cannot_be_scaled(running: Shop) -> None:
    await up(running)
    async with api_of(running.house, MEMBER) as api:
        answer = await api.post(f"{ROOT}/workloads/scale", json={**WHICH, "replicas": 3})
        assert answer.status_code == 202, answer.text
        asked = answer.json()
        assert (asked["kind"], asked["state"], asked["by"]) == ("scale", "asked", MEMBER)
        await running.house.settled()
        assert (await api.get(f"{ROOT}/operations/{asked['id']}")).json()["state"] == "done"
        await running.until(lambda v: of(v) and of(v).ready == 3)

        for wanted, status, code in [
            ({**WHICH, "replicas": 501}, 422, "http.unreadable"),
            ({**WHICH, "replicas": -1}, 422, "http.unreadable"),
            ({**WHICH, "name": "nobody", "replicas": 1}, 404, "workloads.no_such_workload"),
            ({**WHICH, "region": "uk", "replicas": 1}, 404, "workloads.no_such_target"),
        ]:
            refused = await api.post(f"{ROOT}/workloads/scale", json=wanted)
            assert (refused.status_code, refused.json()["code"]) == (status, code)
        assert (await api.get(f"{ROOT}/operations/op_none")).json()["code"] == "workloads.no_such_operation"
    assert (await manifest(running))["spec"]["replicas"] == 3


async def test_who_sets_the_replicas_by_itself_is_not_overruled(running: Shop) -> None:
    await up(running)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": PROJECT}
    await running.run(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "by-load", "namespace": PROJECT},
            "spec": {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 5},
        }
    )
    async with api_of(running.house, MEMBER) as api:
        refused = await api.post(f"{ROOT}/workloads/scale", json={**WHICH, "replicas": 3})
    assert (refused.status_code, refused.json()["code"]) == (422, "workloads.not_scalable")
    # The member reads Korean, reasons too.
    assert "오토스케일러 by-load" in refused.json()["title"]
    async with running.house.signed_in(LEAD) as browser:
        answer = await browser.send(f"/{PROJECT}/workloads/scale", status=422, **WHICH, replicas="3")
    assert "the autoscaler by-load sets its replicas" in answer.text
    assert (await manifest(running))["spec"]["replicas"] == 2


async def test_only_deployments_and_stateful_sets_are_scaled(running: Shop) -> None:
    async with running.house.transaction(person(MEMBER)) as tx:
        with pytest.raises(NotScalable):
            await service.scale(tx, PROJECT, "prod", "kr", "DaemonSet", "agent", 2)
        with pytest.raises(NoSuchTarget):
            await service.scale(tx, PROJECT, "alpha", "kr", "Deployment", PROJECT, 2)


async def test_a_deleted_pod_is_made_anew_and_its_successor_is_never_hit(running: Shop) -> None:
    await up(running)
    pod = of(await running.views()).pods[0]
    async with running.house.signed_in(LEAD) as browser:
        page = await browser.get(f"/{PROJECT}/workloads?pod={pod.name}&tab=summary")
        assert "Its workload makes a new one." in page
        await browser.send(f"/{PROJECT}/workloads/delete-pod", pod=pod.name)
        await running.house.settled()
        await running.until(lambda v: of(v) and of(v).ready == 2 and pod.name not in {p.name for p in of(v).pods})
        page = await browser.get(f"/{PROJECT}/workloads")
        assert f"prod-kr-1 has taken the deletion of {pod.name}" in page
        await browser.send(f"/{PROJECT}/workloads/delete-pod", status=404, pod=pod.name)

    # A pod of the same name, but another one: the wish was about the first.
    stand_in = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "debug", "namespace": PROJECT},
        "spec": {"containers": [{"name": "app", "image": "registry.example/debug:1"}]},
    }
    await running.run(stand_in)
    first = of(await running.until(lambda v: of(v, "debug")), "debug").pods[0]
    await running.twin().delete(POD.ref("debug", PROJECT), grace_seconds=0)
    await running.twin().settle()
    await running.run(stand_in)
    async with running.house.transaction(person(MEMBER)) as tx:
        await service.delete_pod(tx, PROJECT, "prod", "kr", first)
    await running.house.settled()
    second = await running.twin().get(POD.ref("debug", PROJECT))
    assert second["metadata"]["uid"] != first.uid
    async with running.house.reading() as r:
        assert (await service.operations(r, PROJECT))[0].state == "failed"


async def test_the_same_wish_twice_is_refused_while_the_first_is_under_way(running: Shop) -> None:
    await up(running)
    twin = running.twin()
    twin.faults.add("slow", verbs=["patch"], seconds=0.5)
    async with api_of(running.house, MEMBER) as api:
        assert (await api.post(f"{ROOT}/workloads/restart", json=WHICH)).status_code == 202
        again = await api.post(f"{ROOT}/workloads/restart", json=WHICH)
        assert (again.status_code, again.json()["code"]) == (409, "workloads.already_asked")
        async with running.house.signed_in(LEAD) as browser:
            page = await browser.get(f"/{PROJECT}/workloads/table")
            assert "이서연 asked for a restart; prod-kr-1 has not taken it yet" in page
        await running.house.settled()
        assert (await api.post(f"{ROOT}/workloads/restart", json=WHICH)).status_code == 202
    async with running.house.transaction(person(MEMBER)) as tx:
        with pytest.raises(AlreadyAsked):
            await service.restart(tx, PROJECT, "prod", "kr", "Deployment", PROJECT)
    await running.house.settled()


async def test_a_cluster_that_is_down_does_not_take_it_and_the_page_says_why(running: Shop) -> None:
    await up(running)
    running.twin().faults.add("down", verbs=["patch"])
    async with running.house.signed_in(LEAD) as browser:
        await browser.send(f"/{PROJECT}/workloads/restart", **WHICH)
        await running.house.settled()
        page = await browser.get(f"/{PROJECT}/workloads")
        assert "The restart that Emma Clarke asked for failed: Cluster prod-kr-1 does not answer" in page
        running.twin().faults.clear()
        with clock.shifted(timedelta(minutes=3)):
            assert "asked for failed" not in await browser.get(f"/{PROJECT}/workloads")
    generation = (await manifest(running))["metadata"]["generation"]
    assert generation == 1
    assert (await told(running))[0].startswith("restart of chat-api in prod kr failed: Cluster prod-kr-1 does not answer")


async def test_an_answer_that_was_lost_is_asked_for_again_and_restarts_once(running: Shop) -> None:
    await up(running)
    running.twin().faults.add("answer lost", verbs=["patch"], times=1)
    async with running.house.transaction(person(MEMBER)) as tx:
        await service.restart(tx, PROJECT, "prod", "kr", "Deployment", PROJECT)
    await running.house.settled()
    assert (await manifest(running))["metadata"]["generation"] == 2
    async with running.house.reading() as r:
        assert (await service.operations(r, PROJECT))[0].state == "done"


@pytest.mark.parametrize(("who", "may"), [(MEMBER, True), (LEAD, True), (SRE, True), (VIEWER, False), (STRANGER, False)])
async def test_who_may_and_who_is_told_why_not(running: Shop, who: str, may: bool) -> None:
    await up(running)
    async with running.house.signed_in(who) as browser:
        page = await browser.get(f"/{PROJECT}/workloads")
        assert (f'action="/{PROJECT}/workloads/restart"' in page) is may
        assert ("permission=workloads.restart" in page) is not may
        async with api_of(running.house, who) as api:
            pod = of(await running.views()).pods[0].name
            refused = await api.post(f"{ROOT}/workloads/delete-pod", json={"pod": pod})
            assert refused.status_code == (202 if may else 403)
        answer = await browser.send(f"/{PROJECT}/workloads/restart", status=303 if may else 403, **WHICH)
    if not may:
        assert "No policy allows it" in answer.text
        assert refused.json()["code"] == "access.not_allowed"
        async with running.house.reading() as r:
            assert await service.operations(r, PROJECT) == []


async def test_a_token_that_may_only_read_restarts_nothing(running: Shop) -> None:
    await up(running)
    async with api_of(running.house, MEMBER, "read") as api:
        refused = await api.post(f"{ROOT}/workloads/restart", json=WHICH)
        assert (refused.status_code, refused.json()["code"]) == (403, "access.not_allowed")
        assert "token-scope" in refused.json()["title"]
        assert (await api.get(f"{ROOT}/workloads")).status_code == 200
    async with api_of(running.house, MEMBER, "read", "operate", projects=["other"]) as api:
        refused = await api.get(f"{ROOT}/workloads")
        assert "token-projects" in refused.json()["title"]


async def test_the_command_asks_waits_and_says_what_became_of_it(running: Shop) -> None:
    await up(running)
    async with terminal_of(running.house, LEAD) as podo:
        said = await podo.run("restart", PROJECT, "--env", "prod", "--region", "kr")
        assert said.startswith("Asked: restart of Deployment/chat-api in prod kr (op_")
        assert said.endswith("Taken by the cluster.\n")
        await podo.run("scale", PROJECT, "1", "--env", "prod", "--region", "kr")
        await running.until(lambda v: of(v) and of(v).ready == 1 == len(of(v).pods))
        pod = of(await running.views()).pods[0].name
        assert "Taken" in await podo.run("workload", "delete-pod", PROJECT, pod)
        listed = json.loads(await podo.run("--json", "workload", "operations", PROJECT))
        assert [o["kind"] for o in listed] == ["delete_pod", "scale", "restart"]
        assert listed[0]["id"] in await podo.run("workload", "operations", PROJECT, listed[0]["id"])

        running.twin().faults.add("down", verbs=["patch"])
        said = await podo.run("restart", PROJECT, "--env", "prod", "--region", "kr", exit_code=6)
        assert "The cluster did not take it: Cluster prod-kr-1 does not answer" in said
        said = await podo.run("restart", PROJECT, "--env", "prod", "--region", "uk", exit_code=4)
        assert "chat-api does not run in prod uk." in said


async def test_what_a_person_wants_of_one_region_leaves_the_other_alone(running: Shop) -> None:
    await up(running)
    await running.run(deployment(), cluster=JP)
    await running.until(lambda v: of(v, region="jp"))
    running.twin().pace = Pace(ready=0.05, backoff=0.05)
    async with api_of(running.house, MEMBER) as api:
        await asyncio.gather(
            api.post(f"{ROOT}/workloads/scale", json={**WHICH, "replicas": 4}),
            api.post(f"{ROOT}/workloads/restart", json={**WHICH, "region": "jp"}),
        )
    await running.house.settled()
    other = await running.twin(JP).get(DEPLOYMENT.ref(PROJECT, PROJECT))
    assert (other["spec"]["replicas"], (await manifest(running))["spec"]["replicas"]) == (2, 4)
