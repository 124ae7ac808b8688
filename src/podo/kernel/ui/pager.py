"""Which pages a pagination offers."""

from __future__ import annotations


def steps(current: int, last: int) -> list[int | None]:
    """Page numbers around `current` of 1 to `last`, the ends included; None is a gap: 1 … 4 5 6 … 23."""
    shown = sorted({1, last, *range(max(1, current - 1), min(last, current + 1) + 1)})
    found: list[int | None] = []
    for number in shown:
        if found and number - (found[-1] or 0) > 1:
            found.append(None)
        found.append(number)
    return found
