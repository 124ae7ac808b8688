"""What Podo's own chart says and refuses: schema, defaults and README agree, lint is content, pods are held tight."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from podo import __version__
from podo.app import house
from podo.clients.helm import HelmBinary, HelmRenderer, HelmSdk, TemplateFailed, ValuesInvalid
from podo.kernel.settings import load
from tests import needs
from tests.contracts.podo_chart.conftest import CHART, EVERYTHING, IMAGE, SEVERAL, Render

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())


def leaves(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every value by its path."""
    for name, inner in schema["properties"].items():
        if "properties" in inner:
            assert inner["additionalProperties"] is False
            yield from leaves(inner, f"{path}{name}.")
        else:
            yield f"{path}{name}", inner


def flat(values: dict[str, Any], named: set[str], path: str = "") -> Iterator[tuple[str, Any]]:
    """The defaults, by the same paths."""
    for name, inner in values.items():
        if path + name in named or not isinstance(inner, dict):
            yield path + name, inner
        else:
            yield from flat(inner, named, f"{path}{name}.")


def test_schema_defaults_and_readme_say_the_same() -> None:
    readme = (CHART / "README.md").read_text()
    told = {row[0]: row[1:] for row in re.findall(r"^\| `([\w.]+)` \| `(.*?)` \| (.*) \|$", readme, re.MULTILINE)}
    described = {path: inner["description"] for path, inner in leaves(SCHEMA) if path != "global"}
    defaults = dict(flat(VALUES, set(described)))
    assert SCHEMA["additionalProperties"] is False
    assert defaults.keys() == described.keys()
    assert told == {path: (json.dumps(defaults[path]), about) for path, about in described.items()}


def test_its_version_is_podos() -> None:
    about = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (about["appVersion"], about["version"]) == (__version__, __version__)


def test_lint_has_nothing_against_it() -> None:
    helm_python = pytest.importorskip("helm_python", reason="the package helm-python-sdk is not installed")
    for values in (IMAGE, EVERYTHING):
        report = helm_python.lint(str(CHART), values, strict=True)
        assert report["errors"] == []
        assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


@needs.part("helm")
def test_the_helm_program_lints_it_too() -> None:
    program = HelmBinary.built()
    assert program
    command = [program, "lint", "--strict", "--set", "image.repository=a,database.secret=b,seal.secret=c", CHART]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "0 chart(s) failed" in done.stdout) == (0, True), done.stdout


@needs.part("helm")
async def test_both_engines_render_it_alike() -> None:
    program = HelmBinary.built()
    assert program
    engines = HelmRenderer(HelmSdk(children=1, seconds=20)), HelmRenderer(HelmBinary(program, seconds=30))
    values = EVERYTHING | {"monitoring": {"enabled": True}}
    one, other = [await helm.render(CHART, values, release="podo", namespace="podo") for helm in engines]
    await engines[0].close()
    assert (one.manifests, one.texts) == (other.manifests, other.texts)
    assert {m.object["kind"] for m in one.manifests} >= {"Job", "Deployment", "PodMonitor", "Ingress", "NetworkPolicy"}


async def test_with_a_database_there_are_three_kinds_of_process(render: Render) -> None:
    objects = await render(SEVERAL)
    deployments = {name: o for (kind, name), o in objects.items() if kind == "Deployment"}
    assert {name: variables(o)["PODO_SERVER_ROLES"] for name, o in deployments.items()} == {
        "podo-web": "web",
        "podo-worker": "worker",
        "podo-watcher": "watcher",
    }
    for deployment in deployments.values():
        assert deployment["spec"]["replicas"] == 2
        assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
        assert variables(deployment)["PODO_DATABASE_URL"] == {"secretKeyRef": {"name": "podo-database", "key": "url"}}
        assert variables(deployment)["PODO_SEAL_KEYS"] == {"secretKeyRef": {"name": "podo-seal", "key": "keys"}}
    assert {name for kind, name in objects if kind == "PodDisruptionBudget"} == set(deployments)
    assert not [name for kind, name in objects if kind == "PersistentVolumeClaim"]
    job = objects["Job", "podo-migration"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert container(job)["args"] == ["database", "migrate"]
    # What selects pods is narrower than the release: a migration is no web.
    assert objects["Service", "podo"]["spec"]["selector"]["app.kubernetes.io/component"] == "web"


async def test_without_one_there_is_one_process_with_a_volume(render: Render) -> None:
    objects = await render(IMAGE)
    (name,) = [name for kind, name in objects if kind == "Deployment"]
    deployment = objects["Deployment", name]
    assert (deployment["spec"]["replicas"], deployment["spec"]["strategy"]) == (1, {"type": "Recreate"})
    assert variables(deployment)["PODO_SERVER_ROLES"] == "web,worker,watcher"
    claim = objects["PersistentVolumeClaim", "podo"]
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    volumes = {v["name"]: v for v in deployment["spec"]["template"]["spec"]["volumes"]}
    assert volumes["data"]["persistentVolumeClaim"] == {"claimName": "podo"}
    assert not [kind for kind, _ in objects if kind in ("Job", "PodDisruptionBudget")]


@pytest.mark.parametrize("values", [IMAGE, SEVERAL, EVERYTHING], ids=["one", "several", "everything"])
async def test_every_pod_is_held_tight(render: Render, values: dict[str, Any]) -> None:
    objects = await render(values)
    for manifest in (o for (kind, _), o in objects.items() if kind in ("Deployment", "Job")):
        spec, only = manifest["spec"]["template"]["spec"], container(manifest)
        assert spec["automountServiceAccountToken"] is spec["enableServiceLinks"] is False
        assert (spec["securityContext"]["runAsNonRoot"], spec["securityContext"]["runAsUser"]) == (True, 10001)
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert only["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert only["resources"]["limits"].keys() == {"memory"}
        assert not {v["hostPath"] for v in spec["volumes"] if "hostPath" in v}
        assert "command" not in only


async def test_podo_takes_the_settings_that_the_chart_gives_it(render: Render) -> None:
    sections = dict(house.SECTIONS)
    for domain in house.DOMAINS:
        sections.update(domain.settings)
    for values in (IMAGE, EVERYTHING):
        objects = await render(values)
        for (kind, _), manifest in objects.items():
            if kind in ("Deployment", "Job"):
                given = {name: v if isinstance(v, str) else "postgresql://x/y" for name, v in variables(manifest).items()}
                settings = load(sections, None, given)
                assert settings[house.ServerSettings].host == "0.0.0.0"
    data = objects["ConfigMap", "podo"]["data"]
    assert tomllib.loads(data["podo.toml"]) == {"access": {"directory": "/etc/podo/people.yaml"}}
    assert yaml.safe_load(data["people.yaml"]) == {"people": [], "teams": []}


async def test_changed_settings_roll_the_pods(render: Render) -> None:
    async def annotations(**values: Any) -> dict[str, str]:
        return (await render(SEVERAL, **values))["Deployment", "podo-web"]["spec"]["template"]["metadata"]["annotations"]

    before = await annotations()
    assert await annotations() == before
    assert await annotations(web={"replicas": 5}) == before
    assert await annotations(config="[server]\n") != before
    assert await annotations(files={"a": "b"}) != before


async def test_prometheus_gets_the_rules_and_the_job_they_name(render: Render) -> None:
    objects = await render(SEVERAL, monitoring={"enabled": True, "labels": {"release": "prometheus"}})
    rules = yaml.safe_load((CHART / "observability/podo.rules.yaml").read_text())
    assert objects["PrometheusRule", "podo"]["spec"] == rules
    assert {objects[kind, "podo"]["metadata"]["labels"]["release"] for kind in ("PrometheusRule", "PodMonitor")} == {"prometheus"}
    pods = objects["Deployment", "podo-worker"]["spec"]["template"]["metadata"]["labels"]
    monitor = objects["PodMonitor", "podo"]["spec"]
    assert pods[monitor["jobLabel"]] == "podo"
    assert monitor["selector"]["matchLabels"].items() <= pods.items()
    dashboard = json.loads(objects["ConfigMap", "podo-dashboard"]["data"]["podo.json"])
    assert dashboard == json.loads((CHART / "observability/podo.dashboard.json").read_text())
    assert not [kind for kind, _ in await render(SEVERAL) if kind in ("PrometheusRule", "PodMonitor")]


async def test_elsewhere_only_the_account_is_made(render: Render) -> None:
    objects = await render({"server": {"enabled": False}})
    assert {kind for kind, _ in objects} == {
        *("ServiceAccount", "Secret", "ClusterRole", "ClusterRoleBinding"),
        *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
    }
    assert {name for kind, name in objects if kind == "ServiceAccount"} == {"podo-clusters"}
    none = await render(IMAGE, access={"create": False})
    assert not [kind for kind, _ in none if kind.startswith(("ClusterRole", "Validating", "Secret"))]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "image.repository is missing"),
        (IMAGE | {"database": {"secret": "db"}}, "seal.secret is missing"),
        (IMAGE | {"ingress": {"enabled": True}}, "ingress.host is missing"),
    ],
)
async def test_what_is_missing_is_said(render: Render, values: dict[str, Any], said: str) -> None:
    with pytest.raises(TemplateFailed, match=said):
        await render(values)


@pytest.mark.parametrize(
    "wrong",
    [
        {"databse": {"secret": "x"}},
        {"database": {"url": "postgresql://user:secret@db/podo"}},
        {"web": {"replicas": 0}},
        {"files": {"podo.toml": ""}},
        {"files": {"../x": ""}},
        {"url": "podo.example.com"},
        {"image": {"digest": "latest"}},
    ],
    ids=str,
)
async def test_what_it_does_not_know_is_refused(render: Render, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValuesInvalid):
        await render(SEVERAL | wrong)


def container(manifest: dict[str, Any]) -> dict[str, Any]:
    """The one container of a Deployment or Job."""
    (only,) = manifest["spec"]["template"]["spec"]["containers"]
    return only


def variables(manifest: dict[str, Any]) -> dict[str, Any]:
    """Its PODO_… variables: values, or where they come from."""
    return {v["name"]: v.get("value", v.get("valueFrom")) for v in container(manifest)["env"] if v["name"].startswith("PODO_")}
