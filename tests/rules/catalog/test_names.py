"""Names of projects and places: what a namespace can be called, and what is proposed instead."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.catalog import rules
from podo.catalog.types import NameInvalid, NameReserved, WrongPlaceName

# RFC 1123's label, which is what Kubernetes takes for a namespace.
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def is_taken(name: str) -> bool:
    try:
        rules.check_name(name)
    except (NameInvalid, NameReserved):
        return False
    return True


@given(st.text(alphabet="abcxyz019-_. A한", max_size=64))
def test_every_name_that_passes_is_a_namespace_and_an_address(name: str) -> None:
    if is_taken(name):
        assert LABEL.fullmatch(name)
        assert 3 <= len(name) <= 40
        assert name[0].isalpha()


@given(st.from_regex(r"[a-z][a-z0-9]{2,19}(-[a-z0-9]{1,9}){0,2}", fullmatch=True))
def test_plain_names_pass_unless_they_are_reserved(name: str) -> None:
    assert is_taken(name) != rules.is_reserved(name)


@given(st.text(max_size=120))
def test_what_is_proposed_instead_passes(name: str) -> None:
    better = rules.better_name(name)
    assert is_taken(better)
    assert rules.better_name(better) == better


@pytest.mark.parametrize(
    ("typed", "better"),
    [
        ("Refund-Worker", "refund-worker"),
        ("refund_worker!", "refund-worker"),
        ("42-answers", "answers"),
        ("Café API", "cafe-api"),
        ("동네생활", "my-service"),
        ("a", "a-service"),
        ("settings", "settings-service"),
        ("kube-proxy", "proxy"),
        ("podo-podo-new", "new-service"),
        ("", "my-service"),
        ("PODO", "my-service"),
        ("kube", "kube"),
    ],
)
def test_the_proposal_is_near(typed: str, better: str) -> None:
    assert rules.better_name(typed) == better


@pytest.mark.parametrize("name", ["api", "new", "settings", "clusters", "search", "default", "kube-system", "podo-web"])
def test_addresses_of_the_site_and_namespaces_of_kubernetes_are_reserved(name: str) -> None:
    with pytest.raises(NameReserved) as refused:
        rules.check_name(name)
    assert rules.better_name(name) in refused.value.said()[1]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://git.example.com/payments/refund-worker.git", "refund-worker"),
        ("git@git.example.com:payments/Refund_Worker", "refund-worker"),
        ("ssh://git@host:2222/a/b/", "b-service"),
        ("/srv/git/hello", "hello"),
        ("https://git.example.com/팀/서비스", ""),
        ("", ""),
    ],
)
def test_a_repositorys_address_suggests_a_name(url: str, name: str) -> None:
    assert rules.name_of_repository(url) == name


@pytest.mark.parametrize(
    ("name", "passes"),
    [
        ("kr", True),
        ("a", True),
        ("us-east-1", True),
        ("KR", False),
        ("-a", False),
        ("a--b", False),
        ("", False),
        ("x" * 13, False),
    ],
)
def test_names_of_places_can_be_labels(name: str, passes: bool) -> None:
    if passes:
        rules.check_place_name(name, "region", 12)
        return
    with pytest.raises(WrongPlaceName):
        rules.check_place_name(name, "region", 12)
