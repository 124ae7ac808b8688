"""Decisions about webhooks, from values alone."""

from podo.notices.rules.pace import (
    DISABLED_AFTER,
    MOST_ATTEMPTS,
    MOST_REST,
    pause,
    rest,
    retry_after,
    verdict,
)
from podo.notices.rules.signing import VERIFY, headers, secret_from, signature
from podo.notices.rules.wishes import LONGEST_ADDRESS, by_domain, checked, host_of, is_wanted, known_kinds, letter, ping

__all__ = [
    "DISABLED_AFTER",
    "LONGEST_ADDRESS",
    "MOST_ATTEMPTS",
    "MOST_REST",
    "VERIFY",
    "by_domain",
    "checked",
    "headers",
    "host_of",
    "is_wanted",
    "known_kinds",
    "letter",
    "pause",
    "ping",
    "rest",
    "retry_after",
    "secret_from",
    "signature",
    "verdict",
]
