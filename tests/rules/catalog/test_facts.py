"""What a project may say of itself, how it is filtered, and where it runs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.catalog import rules
from podo.catalog.types import BadQuery, ProjectQuery

GOOD: dict[str, Any] = {
    "title": "Chat API",
    "tier": 2,
    "port": 8080,
    "dockerfile": "Dockerfile",
    "repository": "https://git.example.com/chat/api.git",
    "branch": "main",
    "slack": "chat-alerts",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "  "),
        ("title", "x" * 201),
        ("tier", 0),
        ("tier", 4),
        ("port", 0),
        ("port", 65536),
        ("dockerfile", "/etc/passwd"),
        ("dockerfile", "../Dockerfile"),
        ("dockerfile", "a/../../b"),
        ("dockerfile", ""),
        ("repository", " "),
        ("branch", "a b"),
        ("branch", "-x"),
        ("branch", "a..b"),
        ("branch", "x.lock"),
        ("branch", ""),
        ("slack", "two words"),
    ],
)
def test_what_is_wrong_names_its_field(field: str, value: Any) -> None:
    wrong: dict[str, Any] = {**GOOD, field: value}
    assert [error.field for error in rules.wrong_facts(**wrong)] == [field]
    assert rules.wrong_facts(**GOOD) == []


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = rules.wrong_facts(title="", tier=9, port=0, dockerfile="", repository="", branch="", slack="#")
    assert [error.field for error in wrong] == ["title", "tier", "port", "repository", "branch", "dockerfile", "slack"]


@pytest.mark.parametrize("branch", ["main", "release/1.9", "feature/동네", "v1.2.3", "a_b-c"])
def test_usual_branches_pass(branch: str) -> None:
    good: dict[str, Any] = {**GOOD, "branch": branch}
    assert rules.wrong_facts(**good) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ProjectQuery()),
        ("refund worker", ProjectQuery(text="refund worker")),
        ("team:chat env:prod region:jp refund", ProjectQuery("refund", "chat", "prod", "jp")),
        ("environment:alpha tier:1 is:mine", ProjectQuery(environment="alpha", tier=1, mine=True)),
    ],
)
def test_a_filter_is_read(text: str, found: ProjectQuery) -> None:
    assert rules.project_query(text) == found


@pytest.mark.parametrize("word", ["owner:me", "team:", "tier:4", "tier:x", "is:red", ":x"])
def test_a_word_that_means_nothing_is_named(word: str) -> None:
    with pytest.raises(BadQuery) as refused:
        rules.project_query(f"chat {word}")
    assert word in refused.value.said()[0]


def test_narrowing_replaces_a_word_and_taking_it_away_leaves_the_rest() -> None:
    query = rules.with_word("team:chat refund env:prod", "team", "search")
    assert query == "refund env:prod team:search"
    assert rules.with_word(query, "team", "") == "refund env:prod"
    assert rules.with_word("", "is", "mine") == "is:mine"


PAIRS = st.tuples(st.sampled_from(["alpha", "stage", "prod", "odd"]), st.sampled_from(["kr", "jp", "uk", "xx"]))


@given(st.lists(PAIRS, max_size=20))
def test_places_stand_in_promotion_order_and_the_order_of_the_train(places: list[tuple[str, str]]) -> None:
    stages, train = ["alpha", "stage", "prod"], ["kr", "jp", "uk"]
    ordered = rules.in_order(places, stages, train)
    assert sorted(ordered) == sorted(set(places))
    known = [(e, g) for e, g in ordered if e in stages and g in train]
    assert known == sorted(known, key=lambda p: (stages.index(p[0]), train.index(p[1])))
    strange = [e == "odd" for e, _ in ordered]
    assert strange == sorted(strange)


def test_a_namespace_has_labels_a_quota_and_limits() -> None:
    namespace, quota, limits = rules.namespace_manifests("chat-api", "team-1002", ["alpha", "prod"])
    assert namespace["metadata"] == {
        "name": "chat-api",
        "labels": {
            "podo.dev/project": "chat-api",
            "podo.dev/team": "team-1002",
            "app.kubernetes.io/managed-by": "podo",
            "podo.dev/environment-alpha": "true",
            "podo.dev/environment-prod": "true",
        },
    }
    assert {quota["metadata"]["namespace"], limits["metadata"]["namespace"]} == {"chat-api"}
    assert quota["spec"]["hard"]["pods"] == "200"
    assert limits["spec"]["limits"][0]["default"] == {"memory": "512Mi"}
