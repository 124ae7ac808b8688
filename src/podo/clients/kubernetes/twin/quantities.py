"""Quantities such as `500m` and `1Gi` as exact numbers, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
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
