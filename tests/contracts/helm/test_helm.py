"""What rendering promises: both engines give the same manifests and the same complaints."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from podo.clients.helm import ChartInvalid, ChartMissing, HelmEngine, HelmRenderer, TemplateFailed, ValuesInvalid, chart_digest
from podo.clients.helm.types import Rendered
from podo.kernel import clock
from tests.contracts.helm.conftest import Chart

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
data:
  "n": {{ .Values.n | quote }}
  install: "{{ .Release.IsInstall }} {{ .Release.Revision }} {{ .Capabilities.KubeVersion }}"
"""
SCHEMA = """{"type": "object", "additionalProperties": false, "required": ["n"], "properties": {
  "n": {"type": "integer", "minimum": 3},
  "list": {"type": "array", "items": {"type": "object", "required": ["name"], "additionalProperties": false,
           "properties": {"name": {"type": "string", "pattern": "^a"}}}}}}"""


async def render(by: HelmEngine, chart: Path, values: Mapping[str, Any] | None = None, **more: str) -> Rendered:
    return await HelmRenderer(by).render(chart, values or {}, release="hello", namespace="team", **more)


def one(name: str, kind: str = "ConfigMap") -> str:
    return f"apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n"


async def test_values_go_over_defaults_and_names_arrive(by: HelmEngine, chart: Chart) -> None:
    folder = chart({"a.yaml": CONFIG, "NOTES.txt": "Thank you."}, values='"n": 5')
    rendered = await render(by, folder, kube_version="1.31.2")
    (manifest,) = rendered.manifests
    assert manifest.template == "demo/templates/a.yaml"
    assert manifest.object["metadata"] == {"name": "hello", "namespace": "team"}
    assert manifest.object["data"] == {"n": "5", "install": "true 1 v1.31.2"}
    assert list(rendered.texts) == ["demo/templates/a.yaml"]
    assert rendered.chart == chart_digest(folder)
    assert rendered.engine.startswith("helm")
    (other,) = (await render(by, folder, {"n": 12345678})).objects
    assert other["data"]["n"] in {"12345678", "1.2345678e+07"}


async def test_manifests_stand_in_the_order_of_installation(by: HelmEngine, chart: Chart) -> None:
    kinds = ("Ingress", "Deployment", "Zebra", "Service", "ServiceAccount", "Namespace", "ConfigMap")
    together = "\n---\n".join(one(f"x-{n}", kind) for n, kind in enumerate(kinds))
    rendered = await render(by, chart({"all.yaml": together, "b.yaml": one("b") + "---\n" + one("a")}))
    assert [(o["kind"], o["metadata"]["name"]) for o in rendered.objects] == [
        ("Namespace", "x-5"),
        ("ServiceAccount", "x-4"),
        ("ConfigMap", "a"),
        ("ConfigMap", "b"),
        ("ConfigMap", "x-6"),
        ("Service", "x-3"),
        ("Deployment", "x-1"),
        ("Ingress", "x-0"),
        ("Zebra", "x-2"),
    ]


async def test_text_is_read_as_kubernetes_reads_it(by: HelmEngine, chart: Chart) -> None:
    data = """
    - 2026-01-01
    - 12:30
    - 0644
    - 1e3
    - "yes"
    - true
    - 1_000
    - n
    - null
    - |
      one
      ---
      two
    - {a: &x [1], b: *x}
    """
    text = one("a") + f"data: {data}\n---\n# only words\n---\n\n"
    (found,) = (await render(by, chart({"a.yaml": text, "empty.yaml": "{{ if false }}x{{ end }}"}))).objects
    assert found["data"][:9] == ["2026-01-01", "12:30", 420, 1000.0, "yes", True, "1_000", False, None]
    assert found["data"][9:] == ["one\n---\ntwo\n", {"a": [1], "b": [1]}]


async def test_the_schema_names_each_value_that_it_refuses(by: HelmEngine, chart: Chart) -> None:
    folder = chart({"a.yaml": CONFIG}, schema=SCHEMA)
    assert (await render(by, folder, {"n": 3})).objects
    wrong = {"n": 1, "extra": 1, "list": [{"name": "a"}, {"name": "b"}, {"nam": "a"}]}
    with pytest.raises(ValuesInvalid) as error:
        await render(by, folder, wrong)
    fields = error.value.data["fields"]
    assert fields["n"] == "is 1, the minimum is 3"
    assert fields["extra"] == fields["list[2].nam"] == "is not known to the chart"
    assert fields["list[2].name"] == "is missing"
    assert "pattern" in fields["list[1].name"]
    assert set(fields) == {"n", "extra", "list[1].name", "list[2].nam", "list[2].name"}
    assert "demo" in str(error.value)
    with pytest.raises(ValuesInvalid, match="n is missing"):
        await render(by, folder)


@pytest.mark.parametrize(
    ("text", "template", "line", "why"),
    [
        ('a: b\n{{ fail "never, ever" }}', "demo/templates/a.yaml", 2, "never, ever"),
        ("a: b\n\n{{ .Values.a.b.c }}", "demo/templates/a.yaml", 3, "nil pointer"),
        ("a: b\n{{ if }}", "demo/templates/a.yaml", 2, "missing value for if"),
        ("a: b\n{{ nothing }}", "demo/templates/a.yaml", 2, 'function "nothing" not defined'),
        ('{{ required "n is wanted" .Values.n }}', "demo/templates/a.yaml", 1, "n is wanted"),
        ('{{ include "deep" . }}', "demo/templates/a.yaml", 1, "deep trouble"),
        ('{{ include "nil" . }}', "demo/templates/_deep.tpl", 5, "nil pointer"),
        (one("a") + "x: [1, 2\n", "demo/templates/a.yaml", 5, "YAML"),
        (one("a") + "x: 1: 2\n", "demo/templates/a.yaml", 5, "YAML"),
    ],
    ids=["fail", "nil", "parse", "function", "required", "include", "include-nil", "open", "colon"],
)
async def test_a_template_that_fails_is_named_with_its_line(
    by: HelmEngine, chart: Chart, text: str, template: str, line: int, why: str
) -> None:
    deep = '{{ define "deep" }}\n\n{{ fail "deep trouble" }}\n{{ end }}{{ define "nil" }}\n{{ .Values.a.b.c }}{{ end }}'
    with pytest.raises(TemplateFailed) as error:
        await render(by, chart({"a.yaml": text, "_deep.tpl": deep}))
    assert error.value.data["template"] == template
    # Where YAML is left open, Helm's own parser and ours name neighbouring lines.
    assert abs(error.value.data["line"] - line) <= (1 if why == "YAML" else 0)
    assert why.lower() in error.value.data["why"].lower() or why == "YAML"


@pytest.mark.parametrize("text", [one("a") + "a: 1\na: 2\n", "just words", "kind: X", "[1]", one("a") + "1: one\n"])
async def test_what_is_no_manifest_is_refused(by: HelmEngine, chart: Chart, text: str) -> None:
    with pytest.raises((TemplateFailed, ChartInvalid)) as error:
        await render(by, chart({"a.yaml": text}))
    assert "demo/templates/a.yaml" in str(error.value)


async def test_a_document_that_unfolds_without_end_is_refused(by: HelmEngine, chart: Chart) -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 9))
    with pytest.raises((TemplateFailed, ChartInvalid)):
        await render(by, chart({"a.yaml": one("a") + "l0: &l0 [x]\n" + levels + "\n"}))


async def test_what_is_no_chart_is_said_to_be_none(by: HelmEngine, tmp_path: Path) -> None:
    with pytest.raises(ChartMissing, match="nothing"):
        await render(by, tmp_path / "nothing")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "Chart.yaml").write_text("apiVersion: v2\nname: [\n")
    with pytest.raises(ChartInvalid, match="broken"):
        await render(by, tmp_path / "broken")


async def test_what_was_rendered_once_is_remembered_and_nobody_can_change_the_memory(by: HelmEngine, chart: Chart) -> None:
    helm = HelmRenderer(by, remembered=2)
    folder = chart({"a.yaml": CONFIG})
    first = await helm.render(folder, {"n": 1}, release="a", namespace="b")
    first.objects[0]["data"].clear()
    begun = clock.monotonic()
    again = await helm.render(folder, {"n": 1}, release="a", namespace="b")
    assert clock.monotonic() - begun < 0.05
    assert again.objects[0]["data"]["n"] == "1"
    (folder / "templates" / "a.yaml").write_text(CONFIG.replace("data:", "data:\n  new: x"))
    assert "new" in (await helm.render(folder, {"n": 1}, release="a", namespace="b")).objects[0]["data"]
    assert (await helm.render(folder, {"n": 1}, release="c", namespace="b")).objects[0]["metadata"]["name"] == "c"


async def test_many_at_once(by: HelmEngine, chart: Chart) -> None:
    folder = chart({"a.yaml": CONFIG})
    helm = HelmRenderer(by)
    many = await asyncio.gather(*(helm.render(folder, {"n": n}, release=f"r{n}", namespace="x") for n in range(4)))
    assert [r.objects[0]["data"]["n"] for r in many] == ["0", "1", "2", "3"]


async def test_a_call_that_may_not_go_out_does_not(by: HelmEngine, chart: Chart) -> None:
    def refuse() -> None:
        raise RuntimeError("a transaction is open")

    by._before_call = refuse  # type: ignore[attr-defined] - the composition root hands it to the constructor
    try:
        with pytest.raises(RuntimeError, match="transaction"):
            await by.texts(chart({"a.yaml": CONFIG}), {}, "a", "b", "1.36.0")
    finally:
        by._before_call = None  # type: ignore[attr-defined]
