"""Quantities such as `500m` and `1Gi` as exact numbers, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from lightkube.utils.quantity import parse_quantity

Amounts = dict[str, Decimal]


def number(amount: str | float) -> Decimal:
    """`1500m` as 1.5, `1Ki` as 1024. Raises ValueError."""
    return parse_quantity(str(amount)) or Decimal()


def is_quantity(amount: object) -> bool:
    """Whether `amount` can be read as a quantity."""
    try:
        parse_quantity(str(amount))
    except ValueError:
        return False
    return True


def canonical(amount: str | float) -> str:
    """How the API server writes `amount`: `1000m` as `1`, `1024Mi` as `1Gi`, `0.5` as `500m`. Raises ValueError."""
    text, value = str(amount).strip(), number(amount)
    if text.endswith("i"):
        # A fraction of a byte, or less than a Ki, is written in the other manner.
        if value == value.to_integral_value() and abs(value) >= 1024:
            return _scaled(int(value), 1024, "", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
        return _decimal(value)
    if "e" in text.lower() and not text.endswith("E"):
        return _scaled(int(value), 1000, "", "e3", "e6", "e9", "e12", "e15", "e18")
    return _decimal(value)


def _decimal(value: Decimal) -> str:
    """Down to nanos, rounded up where even they are too coarse."""
    nanos = int((value * 10**9).to_integral_value(ROUND_CEILING if value > 0 else ROUND_FLOOR))
    return _scaled(nanos, 1000, "n", "u", "m", "", "k", "M", "G", "T", "P", "E")


def _scaled(whole: int, by: int, *suffixes: str) -> str:
    rest = list(suffixes)
    if not whole:
        return "0"
    while len(rest) > 1 and whole % by == 0:
        whole //= by
        del rest[0]
    return f"{whole}{rest[0]}"


def said(amount: Decimal) -> str:
    """The shortest way to write `amount`: a whole number, whole Ki/Mi/Gi where it is one, else thousandths."""
    if amount != amount.to_integral_value():
        return f"{int(amount * 1000)}m"
    whole = int(amount)
    for power, suffix in ((4, "Ti"), (3, "Gi"), (2, "Mi"), (1, "Ki")):
        if whole and whole % 1024**power == 0:
            return f"{whole // 1024**power}{suffix}"
    return str(whole)


def requested(spec: Mapping[str, Any], what: str = "requests") -> dict[str, Decimal]:
    """What a pod's spec asks for, by resource: its containers together, or its largest init container if that is more."""
    together = _sum(c.get("resources", {}).get(what) or {} for c in spec.get("containers") or ())
    for container in spec.get("initContainers") or ():
        for resource, amount in (container.get("resources", {}).get(what) or {}).items():
            together[resource] = max(together.get(resource, Decimal()), number(amount))
    return together


def _sum(amounts: Iterable[Mapping[str, str]]) -> dict[str, Decimal]:
    out: dict[str, Decimal] = {}
    for one in amounts:
        for resource, amount in one.items():
            out[resource] = out.get(resource, Decimal()) + number(amount)
    return out
