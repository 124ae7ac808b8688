"""Signatures as the Standard Webhooks specification (1.0) has them: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"

# What a receiver needs. It stands in docs/webhooks.md and on the pages, and a test runs it.
VERIFY = '''\
import base64, hashlib, hmac, time


def is_from_podo(secret: str, headers, body: bytes) -> bool:
    """Whether Podo sent this body within the last five minutes; `headers` are looked up in lower case."""
    if abs(time.time() - int(headers["webhook-timestamp"])) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(wanted, given) for given in headers["webhook-signature"].split())
'''


def secret_from(noise: bytes) -> str:
    """`whsec_…` of random bytes, 24 to 64 of them."""
    return PREFIX + base64.b64encode(noise).decode()


def signature(secret: str, id_: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the signature in base64. `timestamp` are seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    found = hmac.digest(key, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(found).decode()}"


def headers(secrets: Sequence[str], id_: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of one try, signed with each of the secrets."""
    timestamp = int(at.timestamp())
    return {
        "content-type": "application/json",
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(secret, id_, timestamp, body) for secret in secrets),
    }
