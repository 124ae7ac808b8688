"""What a podo.yaml may say: the line of what is wrong, and nothing that hangs, explodes or runs code."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from podo.clients.helm import chart_folder
from podo.delivery.adapters.podo_yaml import read
from podo.delivery.rules import chart_values
from podo.delivery.rules.podo_yaml import checked
from podo.delivery.types import PodoYamlInvalid, ValueInvalid

SCHEMA: dict[str, Any] = json.loads((chart_folder() / "values.schema.json").read_text())
DEFAULTS: dict[str, Any] = yaml.safe_load((chart_folder() / "values.yaml").read_text())


def said(text: str | bytes) -> dict[str, Any]:
    return checked(*read(text if isinstance(text, bytes) else text.encode()), SCHEMA)


def refused(text: str | bytes) -> tuple[int, str]:
    with pytest.raises(PodoYamlInvalid) as caught:
        said(text)
    return caught.value.data["line"], caught.value.data["why"]


WHOLE = """\
# A service
port: 8080
health: {http: /healthz}
resources:
  cpu: 250m
  memory: 256Mi
env:
  LOG_LEVEL: info
  SINCE: 2026-01-01
  TEXT: |
    two
    lines
cron:
- name: tidy
  schedule: "30 3 * * *"
security: {runAsUser: null}
environments:
  prod:
    replicas: 6
    regions:
      jp: {replicas: 2}
      kr:
  alpha:
"""


def test_a_whole_file_is_plain_json() -> None:
    found = said(WHOLE)
    assert found["values"]["env"] == {"LOG_LEVEL": "info", "SINCE": "2026-01-01", "TEXT": "two\nlines\n"}
    assert found["values"]["security"] == {"runAsUser": None}
    assert "environments" not in found["values"]
    assert found["environments"] == {"prod": {"replicas": 6, "regions": {"jp": {"replicas": 2}, "kr": None}}, "alpha": None}
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", "~", "\ufeff"])
def test_an_empty_file_says_nothing(text: str) -> None:
    assert said(text) == {"values": {}, "environments": {}}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("port: 8080\nreplcas: 3\n", 2, "no “replcas” here; perhaps “replicas” is meant"),
        ("environment:\n  prod: {}\n", 1, "perhaps “environments” is meant"),
        ("health:\n  htpp: /\n", 2, "perhaps “http” is meant"),
        ("xyzzy: 1\n", 1, "there is no “xyzzy” here"),
        ("a: 1\nport: abc\n", 1, "there is no “a” here"),
        ("port: abc\n", 1, "port: it must be a whole number, not “abc”"),
        ("port: 99999\n", 1, "it is at most 65535"),
        ("port:\n", 1, "it is empty, and must be a whole number"),
        ("env:\n  OK: x\n  COUNT: 1\n", 3, "COUNT: it must be text, not 1: put quotes around it"),
        ("env:\n  ON: yes\n", 2, "the key ON is read as no text: put quotes around it"),
        ("env:\n  FLAG: yes\n", 2, "it must be text, not true: put quotes around it"),
        ("env:\n  a-b: x\n", 2, "“a-b” cannot be a name here"),
        ("env:\n  PORT: '1'\n", 2, "it comes from port"),
        ("env:\n  PODO_REGION: kr\n", 2, "names that begin with PODO_ are Podo's own"),
        ("resources:\n  cpu: lots\n", 2, "cpu: “lots” does not fit"),
        ("spread:\n  whenUnsatisfiable: Never\n", 2, "it is one of ScheduleAnyway, DoNotSchedule, not “Never”"),
        ("workers:\n- name: a\n- replicas: 2\n", 3, "“name” is missing"),
        ("workers:\n- name: a\n  resources: {limits: {cpu: [1]}}\n", 3, "it must be text or a number, not a list"),
        ("image:\n  tag: v1\n", 1, "“image” cannot be set: Podo puts in the image that it built"),
        ("name: x\n", 1, "“name” cannot be set"),
        ("podo: {region: kr}\n", 1, "“podo” cannot be set"),
        ("secrets:\n  fingerprint: x\n", 1, "“secrets” cannot be set"),
        ("secrets:\n  keys: [A]\n", 1, "“secrets” cannot be set"),
        ("environments:\n  prod:\n    image: {}\n", 3, "“image” cannot be set"),
        ("environments:\n  prod:\n    regions:\n      jp:\n        replicas: many\n", 5, "must be a whole number"),
        ("environments:\n  prod:\n    regions:\n      jp:\n        regions: {}\n", 5, "there is no “regions” here"),
        ("environments:\n  prod:\n    environments: {}\n", 3, "there is no “environments” here"),
        ("regions: {}\n", 1, "there is no “regions” here"),
        ("environments: [prod]\n", 1, "it must be a map of environments"),
        ("environments:\n  prod: 3\n", 2, "“prod” must be a map of keys"),
        ("environments:\n  Prod: {}\n", 2, "“Prod” cannot be one of environments"),
        ("environments:\n  prod:\n    regions: 3\n", 3, "it must be a map of regions"),
        ("port: 1\n\nport: 2\n", 3, "“port” stands here for the second time"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, line: int, words: str) -> None:
    at, why = refused(text)
    assert at == line
    assert words in why


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: &x 1\nb: *x\n", 1, "anchors"),
        ("a: [1]\nb: *a\n", 2, "anchors"),
        ("port: !!int '1'\n", 1, "tags"),
        ("port: !!python/object/apply:os.system [id]\n", 1, "tags"),
        ("env: !custom {}\n", 1, "tags"),
        ("env:\n  <<: {A: b}\n", 2, "“<<” is not taken"),
        ("port: 1\n---\nport: 2\n", 2, "second document"),
        ("a:\n\tb: 1\n", 2, "it is no YAML"),
        ("a: [1\n", 2, "it is no YAML"),
        ("a: 'x\n", 2, "it is no YAML"),
        ("- 1\n", 1, "it must be a map of keys"),
        ("just text\n", 1, "it must be a map of keys"),
        ("port: 1\n? [a]\n: 1\n", 2, "a key must be a word"),
        ("8080: x\n", 1, "put quotes around it"),
        ("port: 1\nenv: {A: \x07}\n", 2, "a character that YAML does not allow"),
        (b"port: 1\nenv: {A: \xff}\n", 2, "not written in UTF-8"),
        ('podAnnotations:\n  a: "x\\0y"\n', 2, "a character that no value may have"),
        ('podAnnotations:\n  a: "\\ud800"\n', 2, "a character that no value may have"),
        ("affinity: {a: .inf}\n", 1, "it is no number"),
        ("affinity: {a: .nan}\n", 1, "it is no number"),
        ("affinity:\n  a: 99999999999999999999\n", 2, "the number is too large"),
        ("port: " + "9" * 5000 + "\n", 1, "cannot be read as a number"),
        ("env: {A: b}\n" * 10_000, 0, "KiB"),
        ("a: " + "[" * 20_000, 1, "deeper than 20"),
        ("".join("{'a': " for _ in range(9_000)), 1, "deeper than 20"),
        ("\n".join("  " * n + f"k{n}:" for n in range(40)), 21, "deeper than 20"),
    ],
)
def test_what_yaml_has_beside_plain_values_is_refused(text: str | bytes, line: int, words: str) -> None:
    at, why = refused(text)
    assert words in why
    assert at == line


def test_the_first_wrong_line_is_told() -> None:
    assert refused("port: x\nreplicas: y\n")[0] == 1
    assert refused("environments:\n  prod:\n    port: x\nreplicas: y\n")[0] == 3
    assert refused("replicas: 1\nimage: {}\nport: x\n")[0] == 2


def test_the_chart_s_own_values_are_taken_but_for_podo_s() -> None:
    values = {key: value for key, value in DEFAULTS.items() if key not in chart_values.OWN}
    assert chart_values.problems(values, SCHEMA) == []
    assert said(yaml.safe_dump(values))["values"] == values
    assert chart_values.OWN.keys() <= SCHEMA["properties"].keys()


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"port": "x"}, "port"),
        ({"workers": [{"name": "a"}, {"name": "B!"}]}, "workers.1.name"),
        ({"resources": {"limits": {"cpu": True}}}, "resources.limits.cpu"),
        ({"image": {"digest": "sha256:" + "0" * 64}}, "image"),
        ({"podAnnotations": {"a": "x" * 70_000}}, "values"),
        ({"affinity": {"a": float("nan")}}, "affinity.a"),
    ],
)
def test_values_from_settings_are_held_to_the_same(values: dict[str, Any], path: str) -> None:
    chart_values.check({"replicas": 3, "env": {"A": "b"}}, SCHEMA)
    with pytest.raises(ValueInvalid) as caught:
        chart_values.check(values, SCHEMA)
    assert caught.value.data["path"] == path


WORDS = st.sampled_from([*SCHEMA["properties"], "environments", "regions", "prod", "jp", "cpu", "http", "A", "name"])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.sampled_from(["100m", "/x", "yes", "22:30"])
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS | st.text(max_size=5), inner)),
    max_leaves=20,
)


def outcome(text: str | bytes) -> dict[str, Any] | int:
    """What it says, or the line that is wrong."""
    try:
        return said(text)
    except PodoYamlInvalid as error:
        return error.data["line"]


@given(st.dictionaries(WORDS, TREES, max_size=6))
def test_any_document_is_taken_as_it_is_or_refused_at_a_line_of_it(document: dict[str, Any]) -> None:
    text = yaml.safe_dump(document, allow_unicode=True)
    found = outcome(text)
    if isinstance(found, int):
        assert 1 <= found <= text.count("\n") + 1
        return
    environments = document.pop("environments", None) or {}
    assert found == {"values": document, "environments": environments}


@given(st.one_of(st.text(max_size=300).map(str.encode), st.binary(max_size=300)))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    assert isinstance(outcome(content), int | dict)


@given(st.text(alphabet="&*!<>[]{}:-?|'\"#%@`, \n\tab0~.", max_size=120))
def test_any_mix_of_yaml_s_signs_is_read_or_refused(text: str) -> None:
    assert isinstance(outcome(text), int | dict)
