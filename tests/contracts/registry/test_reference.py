"""References are read as Docker reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.clients.registry import Reference, ReferenceInvalid, is_loopback, parse

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "wanted", "shown"),
    [
        ("nginx", Reference("docker.io", "library/nginx"), "docker.io/library/nginx"),
        ("team/app:v1", Reference("docker.io", "team/app", "v1"), "docker.io/team/app:v1"),
        ("localhost/app", Reference("localhost", "app"), None),
        ("127.0.0.1:5000/team/app:v1", Reference("127.0.0.1:5000", "team/app", "v1"), None),
        ("[::1]:5000/app", Reference("[::1]:5000", "app"), None),
        (f"r.example.com/a/b/c:v1@{DIGEST}", Reference("r.example.com", "a/b/c", "v1", DIGEST), None),
        (f"r.example.com/a__b/c-d.e@{DIGEST}", Reference("r.example.com", "a__b/c-d.e", None, DIGEST), None),
    ],
)
def test_a_reference_is_read_and_written(text: str, wanted: Reference, shown: str | None) -> None:
    assert parse(text) == wanted
    assert str(wanted) == (shown or text)
    assert parse(str(wanted)) == wanted


def test_the_digest_wins_over_the_tag() -> None:
    assert [parse(text).version for text in ("a", "a:v1", f"a:v1@{DIGEST}")] == ["latest", "v1", DIGEST]
    assert parse("r.example.com/a:v1").at(DIGEST) == parse(f"r.example.com/a:v1@{DIGEST}")
    assert parse("r.example.com/a:v1").repository == "r.example.com/a"


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "@",
        "A",
        "a b",
        "a:",
        "a@",
        "a@sha256:abc",
        "a:b c",
        "-a",
        "a/",
        "/a",
        "a//b",
        "a..b",
        "r.example.com:x/a",
        "r_.x/a",
        "a\n",
    ],
)
def test_what_names_no_image_is_refused(text: str) -> None:
    with pytest.raises(ReferenceInvalid, match="names no image"):
        parse(text)


@given(st.text(alphabet="aA0:/@.-_ ", max_size=30))
def test_what_is_read_is_read_again_the_same(text: str) -> None:
    try:
        found = parse(text)
    except ReferenceInvalid:
        return
    assert parse(str(found)) == found


def test_this_machine_is_known() -> None:
    assert all(is_loopback(host) for host in ("localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]:5000", "a.localhost"))
    assert not any(is_loopback(host) for host in ("localhost.example.com", "10.0.0.1:5000", "r.example.com", ""))
