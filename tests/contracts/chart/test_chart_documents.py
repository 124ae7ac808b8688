"""The chart's papers: schema, defaults and README say the same, and lint is content."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from podo.clients.helm import HelmBinary, HelmRenderer, HelmSdk, chart_folder
from tests import needs
from tests.contracts.chart.conftest import IMAGE

CHART = chart_folder()
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
README = (CHART / "README.md").read_text()


def leaves(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, inner in schema["properties"].items():
        if "properties" in inner:
            yield from leaves(inner, f"{path}{name}.")
        else:
            yield f"{path}{name}", inner


def value(path: str) -> Any:
    found = VALUES
    for name in path.split("."):
        found = found[name]
    return found


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for inner in schema.values():
            yield from objects(inner)


def test_every_value_is_described_and_nothing_else_is_taken() -> None:
    for schema in objects(SCHEMA):
        assert schema["additionalProperties"] is False
        for name, inner in schema["properties"].items():
            assert inner["description"].endswith("."), name


def test_defaults_and_schema_name_the_same_values() -> None:
    named = {path for path, _ in leaves(SCHEMA)} - {"global"}
    assert {path for path in named if value(path) is ...} == set()

    def flat(values: dict[str, Any], path: str = "") -> Iterator[str]:
        for name, inner in values.items():
            if path + name in named:
                yield path + name
            elif isinstance(inner, dict):
                yield from flat(inner, f"{path}{name}.")
            else:
                yield f"{path}{name}?"

    assert set(flat(VALUES)) == named


def test_the_readme_tells_each_value_with_its_default() -> None:
    rows = {row[0]: row[1:] for row in re.findall(r"^\| `([\w.]+)` \| `(.*?)` \| (.*) \|$", README, re.MULTILINE)}
    for path, inner in leaves(SCHEMA):
        if path != "global":
            assert rows[path] == (json.dumps(value(path)), inner["description"])
    for name in ("workers", "cron"):
        for path, inner in leaves(SCHEMA["properties"][name]["items"]):
            assert f"| `{path}` |" in README
            assert inner["description"] in README


def test_lint_has_nothing_against_it() -> None:
    helm_python = pytest.importorskip("helm_python", reason="the package helm-python-sdk is not installed")
    report = helm_python.lint(str(CHART), IMAGE, strict=True)
    assert report["errors"] == []
    assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


@needs.part("helm")
def test_the_helm_program_lints_it_too() -> None:
    program = HelmBinary.built()
    assert program
    command = [program, "lint", "--strict", "--set", "image.repository=a,image.tag=b", CHART]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 chart(s) failed" in done.stdout


@needs.part("helm")
async def test_both_engines_render_it_alike() -> None:
    program = HelmBinary.built()
    assert program
    everything = IMAGE | {
        "podo": {"project": "hello", "release": "rel_1"},
        "env": {"A": "true", "B": "one\ntwo", "C": "0x1F", "D": '"{{ .Values }}"'},
        "secrets": {"keys": ["T"], "fingerprint": "1e5"},
        "ingress": {"enabled": True, "hosts": ["a.example.com"]},
        "autoscaling": {"enabled": True},
        "workers": [{"name": "b", "replicas": 2}, {"name": "a"}],
        "cron": [{"name": "b", "schedule": "* * * * *"}, {"name": "a", "schedule": "@daily"}],
        "security": {"readOnlyRootFilesystem": True},
    }
    sdk, binary = HelmRenderer(HelmSdk(children=1, seconds=20)), HelmRenderer(HelmBinary(program, seconds=30))
    one, other = [await helm.render(CHART, everything, release="hello", namespace="hello") for helm in (sdk, binary)]
    await sdk.close()
    assert (one.manifests, one.texts, one.chart) == (other.manifests, other.texts, other.chart)
    assert len(one.manifests) == 12
