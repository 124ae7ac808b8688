"""Values put together with where each came from; hashes that change with what reaches a target, and with nothing else."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from podo.delivery.rules import releases, values
from podo.delivery.types import Bundle, Choices, Scope, SealedConfig

Json = dict[str, Any]
_LEAVES = st.one_of(st.integers(0, 9), st.text("abc", max_size=3), st.lists(st.integers(0, 3), max_size=2))
_TREES: st.SearchStrategy[Json] = st.dictionaries(
    st.sampled_from("abcd"),
    st.recursive(_LEAVES, lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)),
    max_size=4,
)


@given(st.lists(st.tuples(st.sampled_from(["one", "two", "three"]), _TREES), max_size=4))
def test_the_last_word_counts_and_bears_its_source(layers: list[tuple[str, Json]]) -> None:
    made, sources = values.together(layers, {})
    for path, word in sources.items():
        said = [w for w, layer in layers if values.get(layer, path, ...) is not ...]
        assert said, path
        assert word in {w for w, _ in layers}
        assert values.get(made, path, ...) is not ...
    if layers:
        word, last = layers[-1]
        for path in (p for p in values._paths(last) if values.get(last, p) != {}):
            assert values.get(made, path) == values.get(last, path)
            assert sources[path] == word


def test_the_narrowest_wins_and_says_so() -> None:
    declared = {
        "values": {"replicas": 2, "health": {"http": "/healthz"}},
        "environments": {"prod": {"replicas": 3, "regions": {"jp": {"replicas": 4}}}},
    }
    choices = Choices("chat-api", values={Scope("prod"): {"resources": {"cpu": "200m"}}, Scope(): {"resources": {"cpu": "50m"}}})

    def seen(environment: str, region: str) -> tuple[Any, ...]:
        made, sources = values.together(values.layers(declared, choices, environment, region), {"replicas": 1, "port": 8080})
        return made["replicas"], sources["replicas"], made["resources"]["cpu"], sources["resources.cpu"], sources["port"]

    assert seen("alpha", "kr") == (2, "podo.yaml", "50m", "Settings", values.DEFAULT)
    assert seen("prod", "kr") == (3, "podo.yaml prod", "200m", "Settings prod", values.DEFAULT)
    assert seen("prod", "jp") == (4, "podo.yaml prod jp", "200m", "Settings prod", values.DEFAULT)


def test_secrets_reach_the_values_as_a_fingerprint_that_changes_with_them() -> None:
    facts = values.Facts("chat-api", "prod", "jp", 8080, "r.test/chat-api", "sha256:1", "chat-api")

    def fingerprint(of: dict[str, str]) -> Any:
        return values.of_podo(facts, SealedConfig({}, dict.fromkeys(of, "sealed"), of), "b-1").get("secrets")

    assert fingerprint({}) is None
    assert fingerprint({"A": "1"})["keys"] == ["A"]
    assert fingerprint({"A": "1"}) != fingerprint({"A": "2"})


def bundle(**given: Any) -> Bundle:
    """A bundle for prod jp."""
    fields: Json = {
        "environment": "prod",
        "region": "jp",
        "hash": "h",
        "label": "b-1",
        "name": "chat-api",
        "values": {"replicas": 2, "image": {"digest": "sha256:" + "1" * 64}},
        "sources": {},
        "manifests": (),
        "variables": {"LEVEL": "info"},
        "fingerprints": {"TOKEN": "f1"},
        "sealed": {"TOKEN": "x"},
    }
    return Bundle(**{**fields, **given})


def test_a_bundles_hash_is_over_what_reaches_the_target() -> None:
    manifest: Json = {"kind": "Service", "metadata": {"name": "a"}}
    same = releases.bundle_hash([manifest], {"a": 1}, "c", {"T": "1"}, ("prod", "jp"))
    assert same == releases.bundle_hash([dict(manifest)], {"a": 1}, "c", {"T": "1"}, ("prod", "jp"))
    others = [
        releases.bundle_hash([{**manifest, "spec": {}}], {"a": 1}, "c", {"T": "1"}, ("prod", "jp")),
        releases.bundle_hash([manifest], {"a": 2}, "c", {"T": "1"}, ("prod", "jp")),
        releases.bundle_hash([manifest], {"a": 1}, "d", {"T": "1"}, ("prod", "jp")),
        releases.bundle_hash([manifest], {"a": 1}, "c", {"T": "2"}, ("prod", "jp")),
        releases.bundle_hash([manifest], {"a": 1}, "c", {"T": "1"}, ("prod", "kr")),
    ]
    assert len({same, *others}) == 6
    one = releases.root_hash({("prod", "jp"): "1", ("prod", "kr"): "2"})
    assert one == releases.root_hash({("prod", "kr"): "2", ("prod", "jp"): "1"})
    assert releases.called(one).startswith("r-")


def test_changes_name_keys_and_never_a_secrets_value() -> None:
    was = bundle()
    now = bundle(
        values={"replicas": 3, "image": {"digest": "sha256:" + "2" * 64}},
        variables={"LEVEL": "debug", "NEW": "1"},
        fingerprints={"OTHER": "f2"},
    )
    found = releases.changes(was, now, {"Deployment chat-api": "b"}, {"Deployment chat-api": "a", "Service chat-api": "s"})
    said = [template.format(**facts) for template, facts in found.words]
    assert said == [
        "Image 111111111111 → 222222222222",
        "Pods: 2 → 3",
        "LEVEL changes",
        "NEW is new",
        "The secret OTHER is new",
        "The secret TOKEN is removed",
    ]
    assert [(f.kind.value, f.title) for f in found.files] == [("changed", "Deployment chat-api"), ("removed", "Service chat-api")]
    assert all(k.was == k.now == "" for k in found.keys if k.secret)
    assert releases.changes(None, now, {}, {}).words[0][0].startswith("The first release here")
    assert not any(releases.changes(was, was, {"a": "1"}, {"a": "1"}).words)


def test_a_deployments_number_stands_on_workloads_and_never_on_pods_or_on_what_stays() -> None:
    manifest: Json = {
        "kind": "Deployment",
        "metadata": {"name": "a", "labels": {"x": "y"}},
        "spec": {"template": {"metadata": {"labels": {}}}},
    }
    service: Json = {"kind": "Service", "metadata": {"name": "a"}}
    [numbered, steady] = releases.numbered([manifest, service], 214)
    assert numbered["metadata"]["labels"] == {"x": "y", "podo.dev/deployment": "214"}
    assert numbered["spec"] == manifest["spec"]
    assert "podo.dev/deployment" not in manifest["metadata"]["labels"]
    assert steady == service
