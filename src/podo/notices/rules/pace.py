"""When something is tried again, and when it is given up."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from podo.notices.types import Verdict

# 5 s, 15 s, 45 s … 9 h, a day: eleven tries in about two days.
MOST_ATTEMPTS = 11
MOST_REST = timedelta(days=1)
DISABLED_AFTER = timedelta(days=5)
_FIRST = 5.0
_GROWS = 3
_SHORTEST_REST = timedelta(seconds=5)
_LONGEST_REST = timedelta(minutes=10)
_GONE = 410


def verdict(status: int | None) -> Verdict:
    """What follows from the status of an answer; None: there was none. What leads elsewhere was not taken."""
    if status is not None and 200 <= status < 300:
        return Verdict.taken
    return Verdict.gone if status == _GONE else Verdict.again


def pause(delivery: str, attempts: int) -> timedelta:
    """How long to wait after so many attempts: three times as long each time, up to a day, and up to a fifth more or less.

    By how much depends on the delivery, so that those that failed together do not come back together.
    """
    seconds = min(_FIRST * _GROWS ** (attempts - 1), MOST_REST.total_seconds())
    share = zlib.crc32(f"{delivery}:{attempts}".encode()) / 2**32
    return timedelta(seconds=min(seconds * (0.8 + 0.4 * share), MOST_REST.total_seconds()))


def rest(failures: int) -> timedelta:
    """How long a receiver that did not answer at all is left alone, after so many turns in vain."""
    return min(_SHORTEST_REST * 2 ** min(failures - 1, 10), _LONGEST_REST)


def retry_after(header: str, now: datetime) -> int | None:
    """The seconds that a `Retry-After` asks for, a day at most; None where it says nothing that can be read."""
    text = header.strip()
    if text.isascii() and text.isdecimal():
        return min(int(text[:9]), int(MOST_REST.total_seconds()))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return int(min(max(seconds, 0), MOST_REST.total_seconds()))
