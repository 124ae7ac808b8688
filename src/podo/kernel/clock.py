"""The only source of time. All times are aware, in UTC, and cut to microseconds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from time import monotonic as monotonic

_shift: ContextVar[timedelta] = ContextVar("clock_shift", default=timedelta())
_fixed: ContextVar[datetime | None] = ContextVar("clock_fixed", default=None)


def now() -> datetime:
    """The present moment, UTC."""
    return (_fixed.get() or datetime.now(UTC)) + _shift.get()


@contextlib.contextmanager
def shifted(by: timedelta) -> Iterator[None]:
    """For tests and the seed: within this context the clock shows `by` later (or earlier)."""
    token = _shift.set(_shift.get() + by)
    try:
        yield
    finally:
        _shift.reset(token)


@contextlib.contextmanager
def fixed(at: datetime) -> Iterator[None]:
    """For tests and the seed: within this context the clock stands at `at`."""
    token = _fixed.set(at)
    try:
        yield
    finally:
        _fixed.reset(token)
