"""Pods of a local cluster live, fail and speak as those of a cluster that runs containers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests import needs
from tests.contracts.cluster_local.api import DEPLOYMENTS, JOBS, PODS, Api, condition, eventually

pytestmark = [needs.part("kubernetes"), needs.part("kwok"), pytest.mark.serial]


def deployment(image: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "app", "image": image}]}}
    return {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template}


def job(code: int) -> dict[str, Any]:
    container = {"name": "app", "image": "registry.example/app:1", "command": ["sh", "-c", f"echo done; exit {code}"]}
    return {"backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}


def test_nodes_are_ready_in_the_zones_of_the_region(api: Api) -> None:
    nodes = api.get("/api/v1/nodes")["items"]
    assert [condition(node, "Ready") for node in nodes] == ["True"] * 4
    labels = [node["metadata"]["labels"] for node in nodes]
    assert {each["topology.kubernetes.io/region"] for each in labels} == {"ap-northeast-2"}
    zones = sorted(each["topology.kubernetes.io/zone"] for each in labels)
    assert zones == ["ap-northeast-2a", "ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c"]
    assert len({node["spec"]["podCIDR"] for node in nodes}) == 4


def test_deployment_becomes_available_and_rolls_to_another_image(api: Api) -> None:
    api.create(DEPLOYMENTS, "web", spec=deployment("registry.example/web:1"))
    eventually(lambda: api.get(f"{DEPLOYMENTS}/web")["status"].get("availableReplicas") == 3)
    patch = {"spec": deployment("registry.example/web:2")}
    headers = {"Content-Type": "application/merge-patch+json"}
    api.http.patch(f"{DEPLOYMENTS}/web", json=patch, headers=headers).raise_for_status()

    def rolled() -> bool:
        status = api.get(f"{DEPLOYMENTS}/web")["status"]
        return status["observedGeneration"] == 2 and status.get("updatedReplicas") == status.get("availableReplicas") == 3

    eventually(rolled)
    eventually(lambda: len(api.get(PODS, labelSelector="app=web")["items"]) == 3)
    pods = api.get(PODS, labelSelector="app=web")["items"]
    assert {pod["spec"]["containers"][0]["image"] for pod in pods} == {"registry.example/web:2"}
    assert len({pod["status"]["podIP"] for pod in pods}) == 3
    assert len({pod["spec"]["nodeName"] for pod in pods}) == 3


def test_image_that_cannot_be_pulled_stops_the_rollout(api: Api) -> None:
    api.create(DEPLOYMENTS, "stuck", spec={**deployment("registry.invalid/web:1"), "progressDeadlineSeconds": 2})
    eventually(lambda: condition(api.get(f"{DEPLOYMENTS}/stuck"), "Progressing") == "False")
    assert api.get(f"{DEPLOYMENTS}/stuck")["status"].get("availableReplicas") is None


def test_job_completes_or_fails_as_its_command_says(api: Api) -> None:
    api.create(JOBS, "good", spec=job(0))
    api.create(JOBS, "bad", spec=job(3))
    eventually(lambda: condition(api.get(f"{JOBS}/good"), "Complete") == "True")
    eventually(lambda: condition(api.get(f"{JOBS}/bad"), "Failed") == "True")
    (pod,) = api.get(PODS, labelSelector="job-name=bad")["items"]
    assert pod["status"]["phase"] == "Failed"
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3
    assert api.log(pod["metadata"]["name"]).text == "done\n"
    propagation = {"propagationPolicy": "Background"}
    api.http.delete(f"{JOBS}/bad", params=propagation).raise_for_status()
    eventually(lambda: api.get(PODS, labelSelector="job-name=bad")["items"] == [])


def test_image_host_that_cannot_be(api: Api) -> None:
    api.pod("no-image", image="registry.invalid/app:1")
    eventually(lambda: api.waiting("no-image") == "ImagePullBackOff")
    assert api.get(f"{PODS}/no-image")["status"]["phase"] == "Pending"
    refused = api.log("no-image")
    assert (refused.status_code, "trying and failing to pull image" in refused.text) == (400, True)
    reasons = {
        e["reason"] for e in api.get("/api/v1/namespaces/default/events")["items"] if e["involvedObject"]["name"] == "no-image"
    }
    assert {"Scheduled", "Failed", "BackOff"} <= reasons


def test_command_that_exits_crashes_and_starts_again(api: Api) -> None:
    api.pod("crash", command=["sh", "-c", "echo no database; exit 7"])
    eventually(lambda: api.waiting("crash") == "CrashLoopBackOff")
    last = api.container("crash")["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (7, "Error")
    assert not api.ready("crash")
    eventually(lambda: api.container("crash")["restartCount"] == 1, seconds=20)
    assert api.log("crash", previous=True).text == "no database\n"


def test_annotations_fail_a_pod_after_a_while(api: Api) -> None:
    api.pod("leak", annotations={"simulate.podo.dev/failure": "OOMKilled", "simulate.podo.dev/failure-after": "2s"})
    eventually(lambda: api.ready("leak"))
    eventually(lambda: api.waiting("leak") == "CrashLoopBackOff")
    last = api.container("leak")["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (137, "OOMKilled")


def test_probes_decide_readiness(api: Api) -> None:
    api.pod("unready", readinessProbe={"exec": {"command": ["false"]}})
    api.pod("slow", readinessProbe={"exec": {"command": ["true"]}, "initialDelaySeconds": 3})
    eventually(lambda: api.container("slow").get("started"))
    assert not api.ready("slow")
    eventually(lambda: api.ready("slow"))
    assert api.get(f"{PODS}/unready")["status"]["phase"] == "Running"
    assert not api.ready("unready")


def test_deleted_pod_goes(api: Api) -> None:
    api.pod("brief")
    eventually(lambda: api.ready("brief"))
    api.http.delete(f"{PODS}/brief").raise_for_status()
    eventually(lambda: api.http.get(f"{PODS}/brief").status_code == 404)


def test_log_is_what_the_command_writes(api: Api) -> None:
    api.pod("talk", command=["sh", "-c", "echo begin; i=0; while true; do i=$((i+1)); echo tick $i; sleep 1; done"])
    eventually(lambda: api.ready("talk"))
    eventually(lambda: "tick 3\n" in api.log("talk").text)
    assert api.log("talk").text.startswith("begin\ntick 1\ntick 2\ntick 3\n")
    assert len(api.log("talk", tailLines=2).text.splitlines()) == 2
    assert api.log("talk", limitBytes=8).text == "begin\nti"
    assert "begin" not in api.log("talk", sinceSeconds=1).text
    assert api.log("talk", timestamps=True, tailLines=1).text[:4].isdigit()
    assert api.log("talk", previous=True).status_code == 400
    began = time.monotonic()
    with api.http.stream("GET", f"{PODS}/talk/log", params={"follow": True, "tailLines": 1}) as followed:
        lines = followed.iter_lines()
        first, second, third = (int(next(lines).split()[1]) for _ in range(3))
    assert (second, third) == (first + 1, first + 2)
    assert 0.5 < time.monotonic() - began < 10


def test_followed_log_ends_with_the_pod(api: Api) -> None:
    api.pod("leaving", command=["sh", "-c", "echo here; sleep 3600"])
    eventually(lambda: api.ready("leaving"))
    with api.http.stream("GET", f"{PODS}/leaving/log", params={"follow": True}) as followed:
        lines = followed.iter_lines()
        assert next(lines) == "here"
        api.http.delete(f"{PODS}/leaving").raise_for_status()
        assert list(lines) == []


def test_unknown_programs_write_the_same_lines_each_time_and_say_what_they_are(api: Api) -> None:
    api.pod("service", ports=[{"containerPort": 8080}])
    eventually(lambda: api.ready("service"))
    eventually(lambda: "GET " in api.log("service").text)
    first = api.log("service").text
    assert first.splitlines()[0].endswith("the lines of this log are made up")
    assert "listening on :8080" in first
    assert api.log("service").text.startswith(first)


async def test_command_sees_the_pod(api: Api) -> None:
    api.create("/api/v1/namespaces/default/configmaps", "settings", data={"GREETING": "hello there"})
    api.create("/api/v1/namespaces/default/secrets", "keys", stringData={"KEY": "s3cret"})
    api.pod(
        "shell",
        envFrom=[{"configMapRef": {"name": "settings"}}],
        env=[
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "KEY"}}},
            {"name": "SAYS", "value": "$(GREETING), $(KEY)"},
        ],
    )
    eventually(lambda: api.ready("shell"))
    assert await api.exec("shell", "printenv", "SAYS") == (0, "hello there, s3cret\n")
    assert await api.exec("shell", "sh", "-c", "hostname; cd /etc && ls hostname; exit 5") == (5, "shell\nhostname\n")
    assert await api.exec("shell", "sh", "-c", "echo kept > /tmp/x; for w in a b; do echo $w; done; cat /tmp/x") == (
        0,
        "a\nb\nkept\n",
    )
    assert await api.exec("shell", "false") == (1, "")


async def test_command_sees_nothing_of_the_machine(api: Api, tmp_path: Path) -> None:
    here = tmp_path / "file"
    here.write_text("of the machine")
    api.pod("sealed")
    eventually(lambda: api.ready("sealed"))
    for script in (f"cat {here}", f"read line < {here}", f"test -e {here}", f". {here}", f"cd {tmp_path}", f"ls {tmp_path}/*"):
        code, written = await api.exec("sealed", "sh", "-c", script)
        assert code != 0, script
        assert "of the machine" not in written
    await api.exec("sealed", "sh", "-c", f"echo gone > {here}; rm {here}; /bin/rm {here}; kill -9 $$")
    assert here.read_text() == "of the machine"
