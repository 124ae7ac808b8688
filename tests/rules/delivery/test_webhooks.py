"""Webhooks: genuine or not, what they say, and whose repository they are about."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.delivery.rules.webhooks import read, same_repository
from podo.delivery.types import WebhookForged, WebhookUnreadable

SECRET = "우리끼리"
SHA = "1f" * 20
REPOSITORY = {
    "clone_url": "https://github.com/acme/chat-api.git",
    "ssh_url": "git@github.com:acme/chat-api.git",
    "html_url": "https://github.com/acme/chat-api",
    "git_url": "git://github.com/acme/chat-api.git",
}
PUSH: dict[str, Any] = {
    "ref": "refs/heads/main",
    "before": "0" * 40,
    "after": SHA,
    "deleted": False,
    "repository": REPOSITORY,
    "head_commit": {
        "id": SHA,
        "message": "Say hello\n\nIn Korean.",
        "timestamp": "2026-03-01T18:00:00+09:00",
        "author": {"name": "김하늘", "email": "haneul@example.com", "username": "haneul"},
    },
}


def signed(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def taken(said: Any) -> Any:
    body = json.dumps(said).encode()
    return read(body, signed(body), SECRET)


def test_a_push_is_read() -> None:
    pushed = taken(PUSH)
    assert pushed.branch == "main"
    assert pushed.addresses == tuple(REPOSITORY.values())
    assert pushed.commit.sha == SHA
    assert pushed.commit.subject == "Say hello"
    assert pushed.commit.author == "김하늘"
    assert pushed.commit.at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert taken(PUSH).id == pushed.id
    assert taken({**PUSH, "before": SHA}).id != pushed.id


def test_a_deleted_branch_a_tag_and_a_ping_name_no_commit() -> None:
    assert taken({**PUSH, "deleted": True, "after": "0" * 40, "head_commit": None}).commit is None
    assert taken({**PUSH, "ref": "refs/heads/feature/a"}).branch == "feature/a"
    tag = taken({**PUSH, "ref": "refs/tags/v1"})
    assert (tag.branch, tag.commit) == ("", None)
    ping = taken({"zen": "Keep it logically awesome.", "hook_id": 1, "repository": REPOSITORY})
    assert (ping.branch, ping.commit) == ("", None)
    assert ping.addresses


BODY = json.dumps(PUSH).encode()


@pytest.mark.parametrize(
    ("signature", "secret"),
    [
        ("", SECRET),
        ("sha256=", SECRET),
        (signed(BODY)[:-1], SECRET),
        (signed(BODY).upper(), SECRET),
        (signed(BODY, "other"), SECRET),
        (signed(BODY + b" "), SECRET),
        ("sha1=" + hmac.new(SECRET.encode(), BODY, "sha1").hexdigest(), SECRET),
        ("서명", SECRET),
        ("\udcff", SECRET),
        (signed(BODY, ""), ""),
        ("", ""),
    ],
)
def test_a_signature_that_does_not_fit_is_refused_and_none_fits_without_a_secret(signature: str, secret: str) -> None:
    assert read(BODY, signed(BODY), SECRET).branch == "main"
    with pytest.raises(WebhookForged):
        read(BODY, signature, secret)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"payload=%7B%7D", "no JSON"),
        (b"", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no JSON object"),
        (b"\xff\xfe", "no JSON"),
        (json.dumps({**PUSH, "repository": None}).encode(), "no repository"),
        (json.dumps({**PUSH, "repository": {}}).encode(), "neither a push nor a ping"),
        (json.dumps({"action": "opened", "repository": REPOSITORY}).encode(), "neither a push nor a ping"),
        (json.dumps({**PUSH, "after": "main"}).encode(), "no commit's full name"),
        (json.dumps({**PUSH, "after": 7}).encode(), "no commit's full name"),
        (json.dumps({**PUSH, "head_commit": None}).encode(), "no head_commit"),
        (json.dumps({**PUSH, "after": "2" * 40}).encode(), "two commits"),
        (json.dumps({**PUSH, "head_commit": {**PUSH["head_commit"], "timestamp": "soon"}}).encode(), "no time"),
        (json.dumps({**PUSH, "head_commit": {**PUSH["head_commit"], "author": None}}).encode(), "no author"),
    ],
)
def test_what_cannot_be_read_is_said(body: bytes, why: str) -> None:
    with pytest.raises(WebhookUnreadable, match=why):
        read(body, signed(body), SECRET)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_any_json_in_any_field_is_read_or_refused(odd: Any) -> None:
    for field in PUSH:
        try:
            taken({**PUSH, field: odd})
        except WebhookUnreadable:
            continue
    for field in PUSH["head_commit"]:
        try:
            taken({**PUSH, "head_commit": {**PUSH["head_commit"], field: odd}})
        except WebhookUnreadable:
            continue


SAME = (
    *REPOSITORY.values(),
    "https://GitHub.com/acme/chat-api/",
    "https://x-access-token@github.com:443/acme/chat-api.git/",
    "ssh://git@github.com/acme/chat-api.git",
    "ssh://git@github.com:22/acme/chat-api",
    "ssh://git@github.com:2222/acme/chat-api",
    "github.com:acme/chat-api.git",
    "git@github.com:/acme/chat-api",
    " https://github.com/acme/chat-api ",
)


@pytest.mark.parametrize("address", SAME)
def test_addresses_of_one_repository_are_the_same(address: str) -> None:
    assert same_repository(address) == "github.com/acme/chat-api"


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/acme/chat-api-2",
        "https://github.com/acme/chat",
        "https://github.com:8443/acme/chat-api",
        "https://gitlab.com/acme/chat-api",
        "https://github.com.evil.com/acme/chat-api",
        "https://evil.com/github.com/acme/chat-api",
        "https://github.com/Acme/chat-api",
        "/acme/chat-api",
        "file:///acme/chat-api",
        "",
    ],
)
def test_addresses_of_others_are_not(address: str) -> None:
    assert same_repository(address) != "github.com/acme/chat-api"


def test_a_folder_is_the_same_by_path_and_by_file_address() -> None:
    assert same_repository("/srv/git/hello.git") == same_repository("file:///srv/git/hello") == "/srv/git/hello"
    assert same_repository("https://[::1]:3000/a/b.git") == "[::1]:3000/a/b"
