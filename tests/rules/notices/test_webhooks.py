"""Signatures by the specification's own vector, pauses, what an address may be, and the receiver of the docs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from podo.catalog.types import OwnershipChanged
from podo.notices import rules
from podo.notices.types import EventKind, Verdict, WebhookAdded, WebhookWish, WrongWebhook, WrongWebhookAddress
from tests.house import tree

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AT = datetime(2026, 11, 26, 4, tzinfo=UTC)


def test_the_signature_is_that_of_the_reference_libraries() -> None:
    """The vector that the libraries of Standard Webhooks are tested with."""
    body = b'{"test": 2432232314}'
    signed = rules.signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_every_secret_signs_and_a_new_one_is_one() -> None:
    other = rules.secret_from(b"x" * 32)
    assert 24 <= len(base64.b64decode(other.removeprefix("whsec_"))) <= 64
    headers = rules.headers([other, SECRET], "msg_1", AT, b"{}")
    assert headers["webhook-timestamp"] == str(int(AT.timestamp()))
    expected = []
    for key in (b"x" * 32, base64.b64decode(SECRET.removeprefix("whsec_"))):
        digest = hmac.new(key, f"msg_1.{int(AT.timestamp())}.".encode() + b"{}", hashlib.sha256).digest()
        expected.append(f"v1,{base64.b64encode(digest).decode()}")
    assert headers["webhook-signature"].split() == expected


def receiver() -> Any:
    """The function of the docs."""
    names: dict[str, Any] = {}
    exec(rules.VERIFY, names)
    return names["is_from_podo"]


def test_the_receiver_of_the_docs_takes_what_is_ours_alone() -> None:
    check, body, now = receiver(), '{"type":"podo.ping","data":"포도"}'.encode(), datetime.now(UTC)
    headers = rules.headers([rules.secret_from(b"y" * 32), SECRET], "msg_1", now, body)
    assert check(SECRET, headers, body)
    assert not check(SECRET, headers, body + b" ")
    assert not check(SECRET, {**headers, "webhook-id": "msg_2"}, body)
    assert not check(rules.secret_from(b"z" * 32), headers, body)
    assert not check(SECRET, {**headers, "webhook-signature": "v1,"}, body)
    old = rules.headers([SECRET], "msg_1", now - timedelta(minutes=6), body)
    assert not check(SECRET, old, body)


def test_the_docs_show_that_receiver() -> None:
    blocks = re.findall(r"```python\n(.*?)```", tree.text("docs/webhooks.md"), re.DOTALL)
    assert blocks == [rules.VERIFY]


def test_pauses_grow_threefold_to_a_day_and_differ() -> None:
    pauses = [rules.pause("msg_1", n).total_seconds() for n in range(1, rules.MOST_ATTEMPTS)]
    assert 4 <= pauses[0] <= 6
    for before, after in pairwise(pauses):
        assert before < after
    assert timedelta(days=1) < timedelta(seconds=sum(pauses)) < timedelta(days=3)
    assert rules.pause("msg_1", 40) <= timedelta(days=1)
    spread = {rules.pause(f"msg_{n}", 5) for n in range(50)}
    assert len(spread) > 40
    assert rules.pause("msg_1", 3) == rules.pause("msg_1", 3)
    rests = [rules.rest(n) for n in range(1, 30)]
    assert rests == sorted(rests)
    assert rests[-1] == timedelta(minutes=10)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("99999999999999999999", 86400),
        ("Thu, 26 Nov 2026 04:02:00 GMT", 120),
        ("Thu, 26 Nov 2026 03:00:00 GMT", 0),
        ("Thu, 26 Nov 2099 03:00:00 GMT", 86400),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e3", None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_bounded(header: str, seconds: int | None) -> None:
    assert rules.retry_after(header, AT) == seconds


def test_only_two_hundreds_are_taken_and_410_is_the_end() -> None:
    assert {rules.verdict(status) for status in (200, 201, 204, 299)} == {Verdict.taken}
    assert {rules.verdict(status) for status in (None, 100, 301, 302, 400, 404, 429, 500, 503)} == {Verdict.again}
    assert rules.verdict(410) is Verdict.gone


@pytest.mark.parametrize(
    "address",
    [
        *("", "hooks.example.com", "ftp://hooks.example.com", "https://", "https:///x", "https://u:p@hooks.example.com/x"),
        *("https://hooks.example.com\\@127.0.0.1/x", "https://hooks.example.com/a b", "https://hooks.example.com/\r\nx: y"),
        *("https://hooks.example.com/#part", "https://１２７.0.0.1/x", "https://훅.example/x", "https://[::1%25eth0]/x"),
        *("https://hooks.example.com:port/x", "https://h/" + "x" * 2000, "https://%31%32%37.0.0.1/x", "https://h/\u202e"),
    ],
)
def test_what_is_no_address_is_told_so(address: str) -> None:
    with pytest.raises(WrongWebhookAddress):
        rules.host_of(address)


def test_hosts_are_read_from_addresses() -> None:
    assert rules.host_of("https://Hooks.Example.com:8443/a/b?key=x") == "hooks.example.com"
    assert rules.host_of("http://[2001:db8::1]:80/") == "[2001:db8::1]"
    assert rules.host_of("https://xn--o39a.example") == "xn--o39a.example"
    assert rules.host_of("https://hooks.example.com?key=x") == "hooks.example.com"


KNOWN = ("catalog.ownership_changed", "catalog.custody_taken", "access.person_left")


def test_a_wish_is_brought_into_form_or_told_what_is_wrong() -> None:
    wish = rules.checked(WebhookWish(" https://hooks.example.com/x ", "  a   b ", ("catalog.*", "access.person_left")), KNOWN)
    assert (wish.address, wish.title, wish.kinds) == ("https://hooks.example.com/x", "a b", ("access.person_left", "catalog.*"))
    assert rules.checked(WebhookWish("https://h.example", "", ("*", "catalog.*")), KNOWN).kinds == ("*",)
    assert rules.checked(WebhookWish("https://h.example", "", ("*",)), KNOWN).title == "h.example"
    for kinds in ((), ("catalog.nothing",), ("nowhere.*",), ("catalog",), ("*.*",)):
        with pytest.raises(WrongWebhook):
            rules.checked(WebhookWish("https://h.example", "", kinds), KNOWN)
    with pytest.raises(WrongWebhook):
        rules.checked(WebhookWish("https://h.example", "x" * 81, ("*",)), KNOWN)


def test_a_choice_holds_codes_domains_or_all() -> None:
    assert rules.is_wanted(("catalog.*",), "catalog.custody_taken")
    assert not rules.is_wanted(("catalog.*",), "catalogue.x")
    assert rules.is_wanted(("*",), "access.person_left")
    assert rules.is_wanted(("access.person_left",), "access.person_left")
    assert not rules.is_wanted(("access.person_left",), "access.person_joined")


def test_kinds_of_events_are_told_with_open_places() -> None:
    kind = EventKind("x.y", "{actor} gave {project} to {team_name}", ("team_name",))
    assert kind.told() == "… gave … to …"
    kinds = rules.known_kinds()
    assert {k.code for k in kinds} >= {OwnershipChanged.code, WebhookAdded.code}
    assert all(k.told() for k in kinds)
    assert [domain for domain, _ in rules.by_domain(kinds)] == sorted({k.code.partition(".")[0] for k in kinds})
