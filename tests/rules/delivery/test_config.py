"""Keys, values, scopes; and who is trusted to be built on Podo's machine."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.delivery.rules.config import check_alone, check_key, check_room, check_scope, check_value, for_target
from podo.delivery.rules.trust import is_trusted
from podo.delivery.types import ConfigInvalid, ConfigKind, Scope


@dataclass(frozen=True)
class Entry:
    kind: ConfigKind
    key: str
    scope: Scope
    value: str = ""


VARIABLE, SECRET = ConfigKind.variable, ConfigKind.secret
ALL, PROD, PROD_JP, ALPHA = Scope(), Scope("prod"), Scope("prod", "jp"), Scope("alpha")


@pytest.mark.parametrize("key", ["A", "_", "LOG_LEVEL", "lower_case9", "PODO", "PORTS", "x" * 200])
def test_keys_that_are_taken(key: str) -> None:
    check_key(key)


@pytest.mark.parametrize(
    "key", ["", "9A", "A-B", "A B", "A.B", "É", "한글", "A\n", "A=B", "x" * 201, "PORT", "PODO_REGION", "PODO_"]
)
def test_keys_that_are_not(key: str) -> None:
    with pytest.raises(ConfigInvalid):
        check_key(key)


@pytest.mark.parametrize("value", ["", "plain", "two\nlines\n", "비밀 🍇", "x" * 65536, "\t\x01"])
def test_values_that_are_taken(value: str) -> None:
    check_value("A", value)


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "x" * 65537, "김" * 21846])
def test_values_that_are_not(value: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        check_value("A", value)
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("scope", "why"),
    [(Scope("", "jp"), "within an environment"), (Scope("test"), "no environment test"), (Scope("prod", "de"), "no region de")],
)
def test_scopes_that_are_nowhere(scope: Scope, why: str) -> None:
    for fine in (ALL, PROD, PROD_JP):
        check_scope("A", fine, ["alpha", "prod"], ["kr", "jp"])
    with pytest.raises(ConfigInvalid, match=why):
        check_scope("A", scope, ["alpha", "prod"], ["kr", "jp"])


def test_a_key_is_a_variable_or_a_secret_in_one_scope() -> None:
    entries = [Entry(VARIABLE, "A", PROD), Entry(SECRET, "B", ALL)]
    check_alone(SECRET, "A", ALL, entries)
    check_alone(SECRET, "A", PROD_JP, entries)
    check_alone(VARIABLE, "A", PROD, entries)
    with pytest.raises(ConfigInvalid, match="a variable for prod already"):
        check_alone(SECRET, "A", PROD, entries)
    with pytest.raises(ConfigInvalid, match="a secret for all already"):
        check_alone(VARIABLE, "B", ALL, entries)


def test_a_target_gets_no_more_than_kubernetes_holds() -> None:
    many = [(f"K{n}", 60_000) for n in range(15)]
    check_room("A", 10_000, many)
    check_room("K0", 60_000, [*many, ("K0", 50_000), ("K1", 1)])
    with pytest.raises(ConfigInvalid, match="900"):
        check_room("A", 30_000, many)


def test_the_narrowest_wins_whatever_its_kind() -> None:
    entries = [
        Entry(VARIABLE, "A", ALL, "wide"),
        Entry(SECRET, "A", PROD, "sealed"),
        Entry(VARIABLE, "A", PROD_JP, "narrow"),
        Entry(VARIABLE, "B", ALPHA, "alpha"),
    ]
    assert for_target(entries, "prod", "kr") == {"A": entries[1]}
    assert for_target(entries, "prod", "jp") == {"A": entries[2]}
    assert for_target(entries, "alpha", "jp") == {"A": entries[0], "B": entries[3]}


PLACES = st.sampled_from([ALL, ALPHA, PROD, PROD_JP, Scope("prod", "kr"), Scope("alpha", "jp")])
ENTRIES = st.lists(
    st.builds(Entry, st.sampled_from(ConfigKind), st.sampled_from("ABC"), PLACES, st.text(max_size=3)),
    unique_by=lambda e: (e.key, e.scope),
)


@given(ENTRIES, st.randoms(use_true_random=False))
def test_for_every_target_each_key_has_the_narrowest_of_its_entries_in_any_order(entries: list[Entry], mix: object) -> None:
    for environment in ("alpha", "prod"):
        for region in ("kr", "jp"):
            found = for_target(entries, environment, region)
            holding = [e for e in entries if e.scope.covers(environment, region)]
            assert found.keys() == {e.key for e in holding}
            for entry in holding:
                assert found[entry.key].scope.width >= entry.scope.width
            mix.shuffle(entries)  # type: ignore[attr-defined]
            assert for_target(entries, environment, region) == found


TRUSTED = ["https://git.example.com/platform/", "git@github.com:acme", "https://GitHub.com/acme/one"]


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com/platform/a.git",
        "HTTPS://Git.Example.com/platform/a/b",
        "git@github.com:acme/any.git",
        "https://github.com/acme/one",
        "https://github.com/acme/one.git",
        "https://github.com/acme/one/",
    ],
)
def test_who_is_trusted(url: str) -> None:
    assert is_trusted(url, TRUSTED)
    assert is_trusted(url, [])


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com/platform-evil/a.git",
        "https://git.example.com/platform",
        "https://git.example.com/other/platform/",
        "https://git.example.com/platform/../evil/a",
        "https://git.example.com/platform/%2e%2e/evil/a",
        "https://git.example.com/platform/.%2E/evil/a",
        "https://git.example.com/platform/..%2fevil/a",
        "https://git.example.com/platform/..\\evil",
        "https://git.example.com@evil.com/platform/a",
        "http://git.example.com/platform/a",
        "git@github.com:acme-evil/any.git",
        "https://github.com/acme/one-two",
        "https://github.com/acme",
        "",
    ],
)
def test_who_is_not(url: str) -> None:
    assert not is_trusted(url, TRUSTED)
    assert not is_trusted(url, [""])
