"""Identifiers: short prefix, underscore, 26 characters that sort by time (ULID, Crockford's alphabet)."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from podo.kernel import clock

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


# Two digits at a time: ten thousand ids are made in one transaction.
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


def _base32(value: int, length: int) -> str:
    out: list[str] = []
    for _ in range(length // 2):
        value, pair = divmod(value, 1024)
        out.append(_PAIRS[pair])
    if length % 2:
        out.append(_ALPHABET[value % 32])
    return "".join(reversed(out))


def new(prefix: str) -> str:
    """A new id like `prj_01jd…`; ids made later sort later (to the millisecond)."""
    milliseconds = int(clock.now().timestamp() * 1000)
    return f"{prefix}_{_base32(milliseconds, 10)}{_base32(int.from_bytes(os.urandom(10), 'big'), 16)}"


def secret(bytes_: int = 32) -> str:
    """An unguessable token of `bytes_` random bytes, in the same alphabet."""
    return _base32(int.from_bytes(os.urandom(bytes_), "big"), bytes_ * 8 // 5 + 1)


def canonical(value: Any) -> bytes:
    """The one JSON text of `value` (sorted keys, no blanks, UTF-8) that hashes are made of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: Any) -> str:
    """SHA-256 of `canonical(value)`, 64 hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()
