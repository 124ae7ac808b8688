"""A hostile chart hurts nobody but the process that renders it, and the next rendering works."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from podo.clients.helm import HelmBinary, HelmEngine, HelmRenderer, HelmSdk, RenderTooHeavy, TemplateFailed
from podo.kernel import clock
from tests.contracts.helm.conftest import Chart

GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
HEAVY = {
    "memory": '{{ $x := "aaaaaaaa" }}{{ range until 40 }}{{ $x = printf "%s%s" $x $x }}{{ end }}{{ $x }}',
    "list": "{{ range until 1000000000 }}x{{ end }}",
    "text": '{{ range until 10000 }}{{ range until 3000 }}{{ "xxxxxxxxxxxxxxxxxxxxxxxx" }}{{ end }}{{ end }}',
    "time": "{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}",
}


def engines() -> list[HelmEngine]:
    program = HelmBinary.on_path() or HelmBinary.built()
    binary = [HelmBinary(program, seconds=3, memory=400)] if program else []
    return [HelmSdk(children=1, seconds=3, memory=400), *binary]


@pytest.mark.parametrize("what", HEAVY)
async def test_a_chart_that_wants_too_much_is_stopped(chart: Chart, what: str) -> None:
    good, bad = chart({"a.yaml": GOOD}, name="good"), chart({"a.yaml": HEAVY[what]}, name="bad")
    for by in engines():
        helm = HelmRenderer(by)
        begun = clock.monotonic()
        with pytest.raises(RenderTooHeavy, match="bad"):
            await helm.render(bad, {}, release="a", namespace="b")
        assert clock.monotonic() - begun < 20
        assert (await helm.render(good, {}, release="a", namespace="b")).objects
        await helm.close()


@pytest.mark.parametrize("what", ["template", "include"])
async def test_a_chart_that_calls_itself_is_stopped(chart: Chart, what: str) -> None:
    call = {"template": '{{ template "a" . }}', "include": '{{ include "a" . }}'}[what]
    bad = chart({"a.yaml": f'{{{{ define "a" }}}}{call}{{{{ end }}}}{call}'})
    for by in engines():
        with pytest.raises((TemplateFailed, RenderTooHeavy)) as error:
            await HelmRenderer(by).render(bad, {}, release="a", namespace="b")
        assert len(str(error.value)) < 1000
        await by.close()


async def test_a_chart_reads_no_environment_and_no_file_outside(chart: Chart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODO_SECRET", "s3cret")
    asked = '{{ .Files.Get "/etc/passwd" }}{{ .Files.Get "../../etc/passwd" }}{{ (lookup "v1" "Secret" "a" "b") | toJson }}'
    folder = chart({"a.yaml": GOOD + f"data:\n  x: {asked}\n"})
    env = chart({"a.yaml": '{{ env "PODO_SECRET" }}'}, name="env")
    for by in engines():
        helm = HelmRenderer(by)
        (found,) = (await helm.render(folder, {}, release="a", namespace="b")).objects
        assert found["data"] == {"x": {}}
        with pytest.raises(TemplateFailed, match='"env" not defined'):
            await helm.render(env, {}, release="a", namespace="b")
        await by.close()


async def test_a_child_that_was_killed_is_replaced(chart: Chart) -> None:
    sdk = HelmSdk(children=1)
    helm = HelmRenderer(sdk)
    folder = chart({"a.yaml": GOOD})
    await helm.render(folder, {}, release="a", namespace="b")
    (pid,) = children()
    os.kill(pid, signal.SIGKILL)
    assert (await helm.render(folder, {}, release="c", namespace="b")).objects
    assert children() != [pid]
    await helm.close()
    assert children() == []


async def test_a_warm_render_is_quick(chart: Chart) -> None:
    helm = HelmRenderer(HelmSdk(children=1))
    folder = chart({"a.yaml": GOOD + "data:\n  x: {{ .Values.n | quote }}\n"})
    times = []
    for n in range(8):
        begun = clock.monotonic()
        await helm.render(folder, {"n": n}, release="a", namespace="b")
        times.append(clock.monotonic() - begun)
    await helm.close()
    assert min(times[1:]) < 0.05


def children() -> list[int]:
    """The processes of ours that render."""
    found = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in found if b"helm/child.py" in Path(f"/proc/{pid}/cmdline").read_bytes()]
