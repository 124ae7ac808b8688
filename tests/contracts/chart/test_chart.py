"""What a service gets from the paved road."""

from __future__ import annotations

from typing import Any

import pytest

from podo.clients.helm import TemplateFailed, ValuesInvalid
from tests.contracts.chart.conftest import DIGEST, Objects, Render

pytestmark = pytest.mark.asyncio(loop_scope="module")
PLACE = {"project": "hello", "environment": "prod", "region": "kr", "release": "rel_1", "deployment": "214"}


def pod(objects: Objects, kind: str = "Deployment", name: str = "hello") -> dict[str, Any]:
    spec = objects[kind, name]["spec"]
    return (spec["jobTemplate"]["spec"] if kind == "CronJob" else spec)["template"]


def container(objects: Objects, kind: str = "Deployment", name: str = "hello") -> dict[str, Any]:
    (only,) = pod(objects, kind, name)["spec"]["containers"]
    return only


async def test_a_service_that_says_nothing_gets_the_paved_road(render: Render) -> None:
    objects = await render()
    assert set(objects) == {
        ("Deployment", "hello"),
        ("Service", "hello"),
        ("ServiceAccount", "hello"),
        ("PodDisruptionBudget", "hello"),
    }
    assert {o["metadata"]["namespace"] for o in objects.values()} == {"hello"}
    spec, only = pod(objects)["spec"], container(objects)
    assert only["image"] == f"registry.example.com/team/hello@{DIGEST}"
    assert objects["Deployment", "hello"]["spec"]["replicas"] == 2
    assert objects["Deployment", "hello"]["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": 0}
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 65532
    assert spec["automountServiceAccountToken"] is spec["enableServiceLinks"] is False
    assert only["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert only["resources"] == {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}}
    assert [c["topologyKey"] for c in spec["topologySpreadConstraints"]] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    assert only["readinessProbe"]["tcpSocket"] == {"port": "http"}
    assert {"name": "PORT", "value": "8080"} in only["env"]


async def test_a_pod_is_drained_before_it_is_stopped(render: Render) -> None:
    new, old = await render(), await render(kube_version="1.29.4")
    assert container(new)["lifecycle"]["preStop"] == {"sleep": {"seconds": 10}}
    assert container(old)["lifecycle"]["preStop"] == {"exec": {"command": ["sleep", "10"]}}
    assert pod(new)["spec"]["terminationGracePeriodSeconds"] == 45
    assert "lifecycle" not in container(await render(shutdown={"drainSeconds": 0}))
    with pytest.raises(TemplateFailed, match=r"graceSeconds \(10\) must be more than shutdown.drainSeconds \(10\)"):
        await render(shutdown={"graceSeconds": 10})


async def test_labels_say_where_it_belongs_and_a_new_number_rolls_no_pod(render: Render) -> None:
    objects = await render(podo=PLACE, env={"A": "1"}, replicas=1, cron=[{"name": "tidy", "schedule": "@daily"}])
    steady = {key: value for key, value in PLACE.items() if key not in ("release", "deployment")}
    for o in objects.values():
        labels = o["metadata"]["labels"]
        told = {key.removeprefix("podo.dev/"): value for key, value in labels.items() if key.startswith("podo.dev/")}
        assert told == (PLACE if o["kind"] in ("Deployment", "CronJob") else steady)
        assert labels["app.kubernetes.io/managed-by"] == "podo"
        assert labels["app.kubernetes.io/part-of"] == "hello"
    for kind, name in (("Deployment", "hello"), ("CronJob", "hello-tidy")):
        labels = pod(objects, kind, name)["metadata"]["labels"]
        assert labels["podo.dev/release"] == "rel_1"
        assert "podo.dev/deployment" not in labels
    next_one = await render(podo=PLACE | {"deployment": "215"}, env={"A": "1"}, replicas=1)
    assert pod(next_one) == pod(objects)
    # Nor does another release touch what it does not change.
    another = await render(podo=PLACE | {"release": "rel_2", "deployment": "216"}, env={"A": "1"}, replicas=1)
    assert {o["kind"] for key, o in another.items() if o != objects[key]} == {"Deployment"}
    assert "podo.dev/release" not in pod(await render())["metadata"]["labels"]


async def test_configuration_rolls_the_pods_and_secrets_never_pass_through(render: Render) -> None:
    env = {"URL": "http://a", "NUMBER": "08", "YES": "yes", "LINES": "one\ntwo\n", "한글": "포도"}
    with pytest.raises(ValuesInvalid):
        await render(env=env)
    del env["한글"]
    objects = await render(env=env, secrets={"keys": ["TOKEN"], "fingerprint": "f1"})
    assert objects["ConfigMap", "hello-config"]["data"] == env
    assert container(objects)["envFrom"] == [
        {"configMapRef": {"name": "hello-config"}},
        {"secretRef": {"name": "hello-secrets"}},
    ]
    assert not [kind for kind, _ in objects if kind == "Secret"]
    annotations = pod(objects)["metadata"]["annotations"]
    changed = pod(await render(env=env | {"URL": "http://b"}, secrets={"keys": ["TOKEN"], "fingerprint": "f1"}))
    rotated = pod(await render(env=env, secrets={"keys": ["TOKEN"], "fingerprint": "f2"}))
    assert changed["metadata"]["annotations"]["podo.dev/config-checksum"] != annotations["podo.dev/config-checksum"]
    assert (
        rotated["metadata"]["annotations"]["podo.dev/secrets-fingerprint"] == "f2" != annotations["podo.dev/secrets-fingerprint"]
    )
    assert pod(await render(env=dict(reversed(env.items())), secrets={"keys": ["TOKEN"], "fingerprint": "f1"})) == pod(objects)
    with pytest.raises(ValuesInvalid, match=r"env\.NUMBER"):
        await render(env={"NUMBER": 8})


async def test_health_is_asked_by_path_by_port_or_by_command(render: Render) -> None:
    by_path = container(await render(health={"http": "/healthz", "startSeconds": 300, "periodSeconds": 20}))
    assert by_path["readinessProbe"]["httpGet"] == by_path["startupProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert by_path["startupProbe"]["failureThreshold"] * by_path["startupProbe"]["periodSeconds"] == 300
    assert by_path["livenessProbe"]["failureThreshold"] == 3
    by_command = container(await render(port=0, health={"command": ["/app", "check"], "restart": False}))
    assert by_command["readinessProbe"]["exec"] == {"command": ["/app", "check"]}
    assert "livenessProbe" not in by_command
    assert not {"readinessProbe", "ports"} & set(container(await render(port=0)))


async def test_a_service_without_a_port_gets_no_address(render: Render) -> None:
    assert ("Service", "hello") not in await render(port=0)
    assert ("Service", "hello") not in await render(service={"enabled": False})
    with pytest.raises(TemplateFailed, match=r"ingress\.enabled wants something to send traffic to"):
        await render(port=0, ingress={"enabled": True})


async def test_an_ingress_serves_each_host(render: Render) -> None:
    ingress = {"enabled": True, "className": "nginx", "hosts": ["a.example.com", "b.example.com"], "tlsSecret": "cert"}
    spec = (await render(ingress=ingress))["Ingress", "hello"]["spec"]
    assert spec["ingressClassName"] == "nginx"
    assert spec["tls"] == [{"secretName": "cert", "hosts": ingress["hosts"]}]
    assert [rule["host"] for rule in spec["rules"]] == ingress["hosts"]
    backend = {"service": {"name": "hello", "port": {"name": "http"}}}
    assert spec["rules"][0]["http"]["paths"] == [{"path": "/", "pathType": "Prefix", "backend": backend}]
    (rule,) = (await render(ingress={"enabled": True}))["Ingress", "hello"]["spec"]["rules"]
    assert "host" not in rule


async def test_autoscaling_takes_the_number_of_pods_over(render: Render) -> None:
    objects = await render(replicas=1, autoscaling={"enabled": True, "min": 3, "max": 9, "memory": 80})
    assert "replicas" not in objects["Deployment", "hello"]["spec"]
    spec = objects["HorizontalPodAutoscaler", "hello"]["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 9)
    assert [(m["resource"]["name"], m["resource"]["target"]["averageUtilization"]) for m in spec["metrics"]] == [
        ("cpu", 70),
        ("memory", 80),
    ]
    assert ("PodDisruptionBudget", "hello") in objects
    for wrong, words in (({"min": 3, "max": 2}, "must not be less"), ({"cpu": 0}, "wants a measure")):
        with pytest.raises(TemplateFailed, match=words):
            await render(autoscaling={"enabled": True} | wrong)


async def test_one_pod_alone_may_be_taken_away(render: Render) -> None:
    assert ("PodDisruptionBudget", "hello") not in await render(replicas=1)
    assert ("PodDisruptionBudget", "hello") not in await render(disruption={"enabled": False})
    half = await render(replicas=4, disruption={"maxUnavailable": "50%"})
    assert half["PodDisruptionBudget", "hello"]["spec"]["maxUnavailable"] == "50%"


async def test_workers_and_cron_jobs_run_the_same_image_with_the_same_configuration(render: Render) -> None:
    objects = await render(
        env={"A": "1"},
        secrets={"keys": ["T"]},
        health={"http": "/healthz"},
        workers=[
            {"name": "mailer", "command": ["/app", "mail"], "replicas": 3, "resources": {"memory": "1Gi"}},
            {"name": "idle"},
        ],
        cron=[
            {"name": "tidy", "schedule": "30 3 * * *", "timeZone": "Asia/Seoul", "args": ["--all"], "retries": 2, "suspend": True}
        ],
    )
    web, mailer, tidy = container(objects), container(objects, name="hello-mailer"), container(objects, "CronJob", "hello-tidy")
    assert web["image"] == mailer["image"] == tidy["image"]
    assert web["envFrom"] == mailer["envFrom"] == tidy["envFrom"]
    assert (mailer["command"], tidy["args"]) == (["/app", "mail"], ["--all"])
    assert mailer["resources"] == {"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}
    assert not {"ports", "readinessProbe", "lifecycle"} & set(mailer)
    assert objects["Deployment", "hello-idle"]["spec"]["replicas"] == 1
    assert [name for kind, name in objects if kind == "PodDisruptionBudget"] == ["hello", "hello-mailer"]
    job = objects["CronJob", "hello-tidy"]["spec"]
    assert (job["schedule"], job["timeZone"], job["suspend"], job["concurrencyPolicy"]) == (
        "30 3 * * *",
        "Asia/Seoul",
        True,
        "Forbid",
    )
    assert job["jobTemplate"]["spec"]["backoffLimit"] == 2
    assert pod(objects, "CronJob", "hello-tidy")["spec"]["restartPolicy"] == "Never"


async def test_nobody_selects_the_pods_of_another(render: Render) -> None:
    objects = await render(
        workers=[{"name": "a", "replicas": 2}, {"name": "web", "replicas": 2}], cron=[{"name": "a", "schedule": "@daily"}]
    )
    pods = {key: pod(objects, *key)["metadata"]["labels"] for key in objects if key[0] in {"Deployment", "CronJob"}}
    for key, o in objects.items():
        match o["kind"]:
            case "Service":
                selector = o["spec"]["selector"]
            case "Deployment" | "PodDisruptionBudget":
                selector = o["spec"]["selector"]["matchLabels"]
            case _:
                continue
        assert [found for found, labels in pods.items() if selector.items() <= labels.items()] == [("Deployment", key[1])]


async def test_two_of_one_name_are_refused(render: Render) -> None:
    with pytest.raises(TemplateFailed, match="two of workers are called a"):
        await render(workers=[{"name": "a"}, {"name": "a"}])
    with pytest.raises(TemplateFailed, match="two of cron are called a"):
        await render(cron=[{"name": "a", "schedule": "@daily"}, {"name": "a", "schedule": "@hourly"}])


async def test_the_road_may_be_left(render: Render) -> None:
    objects = await render(
        security={"runAsUser": None, "readOnlyRootFilesystem": True, "writable": ["/tmp", "/var/cache"]},
        resources={"limits": {"cpu": "2", "memory": "1Gi"}},
        volumes=[{"name": "v", "emptyDir": {}}],
        volumeMounts=[{"name": "v", "mountPath": "/v"}],
        tolerations=[{"key": "spot", "operator": "Exists"}],
        nodeSelector={"pool": "spot"},
        serviceAccount={"create": False},
        spread={"zones": False, "hosts": False},
        podAnnotations={"a": "b"},
        podLabels={"c": "d"},
        name="other",
    )
    spec, only = pod(objects, name="other")["spec"], container(objects, name="other")
    assert "runAsUser" not in spec["securityContext"]
    assert [m["mountPath"] for m in only["volumeMounts"]] == ["/tmp", "/var/cache", "/v"]
    assert [v["name"] for v in spec["volumes"]] == ["writable-0", "writable-1", "v"]
    assert only["resources"]["limits"] == {"cpu": "2", "memory": "1Gi"}
    assert spec["tolerations"] == [{"key": "spot", "operator": "Exists"}]
    assert spec["nodeSelector"] == {"pool": "spot"}
    assert spec["serviceAccountName"] == "default"
    assert "topologySpreadConstraints" not in spec
    assert pod(objects, name="other")["metadata"]["labels"]["c"] == "d"
    assert ("ServiceAccount", "other") not in objects


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"replica": 3}, "replica is not known"),
        ({"replicas": -1}, "replicas is -1, the minimum is 0"),
        ({"image": {"repository": "a", "digest": "sha256:short"}}, r"image\.digest"),
        ({"resources": {"cpu": "much"}}, r"resources\.cpu"),
        ({"resources": {"gpu": 1}}, r"resources\.gpu is not known"),
        ({"cron": [{"name": "a", "schedule": "sometimes"}]}, r"cron\[0\]\.schedule"),
        ({"cron": [{"name": "A b", "schedule": "@daily"}]}, r"cron\[0\]\.name"),
        ({"workers": [{"command": ["x"]}]}, r"workers\[0\]\.name is missing"),
        ({"env": {"1A": "x"}}, "1A is no name that it may have"),
        ({"health": {"http": "healthz"}}, r"health\.http"),
        ({"podo": {"project": "not a label"}}, r"podo\.project"),
        ({"regions": ["kr"]}, "regions is not known"),
    ],
)
async def test_a_wrong_value_is_named(render: Render, values: dict[str, Any], path: str) -> None:
    with pytest.raises(ValuesInvalid, match=path):
        await render(**values)


async def test_an_image_without_a_version_is_refused(render: Render) -> None:
    with pytest.raises(TemplateFailed, match=r"image\.digest and image\.tag are both missing"):
        await render(image={"repository": "a"})
    assert container(await render(image={"repository": "a", "tag": "v1"}))["image"] == "a:v1"
    with pytest.raises(ValuesInvalid, match=r"image"):
        await render(image={"repository": 3})


async def test_a_cron_jobs_name_that_kubernetes_would_refuse_is_refused_here(render: Render) -> None:
    with pytest.raises(TemplateFailed, match="54 letters, and Kubernetes allows 52"):
        await render(name="a" * 50, cron=[{"name": "abc", "schedule": "@daily"}])
