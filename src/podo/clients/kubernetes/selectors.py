"""Label and field selectors, read as the API server reads them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Matches = Callable[[Mapping[str, str]], bool]

_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?"
_SET = re.compile(rf"^({_NAME})\s+(in|notin)\s*\(([^()]*)\)$")
_EQUAL = re.compile(rf"^({_NAME})\s*(==|=|!=)\s*((?:{_NAME})?)$")
_THERE = re.compile(rf"^(!?)\s*({_NAME})$")
_COMMA = re.compile(r",(?![^()]*\))")


class Unreadable(ValueError):
    """The text is no selector; says where."""


def labels(text: str) -> Matches:
    """`app=web,tier in (a, b),!old` as a test of labels; an empty text matches everything. Raises `Unreadable`."""
    tests = [_requirement(part.strip()) for part in _COMMA.split(text) if part.strip()]
    return lambda there: all(test(there) for test in tests)


def label_selector(selector: Mapping[str, Any] | None) -> Matches:
    """A manifest's `LabelSelector`. None matches nothing, an empty one everything."""
    if selector is None:
        return lambda _: False
    wanted = (selector.get("matchLabels") or {}).items()
    tests = [_expression(e["key"], e["operator"], e.get("values") or []) for e in selector.get("matchExpressions") or []]
    return lambda there: wanted <= there.items() and all(test(there) for test in tests)


def fields(text: str) -> list[tuple[str, bool, str]]:
    """`status.phase=Running,spec.nodeName!=a` as (path, whether equal, value). Raises `Unreadable`."""
    return [_field(part.strip()) for part in text.split(",") if part.strip()]


def _field(part: str) -> tuple[str, bool, str]:
    found = re.match(r"^([\w.]+)(==|=|!=)(.*)$", part)
    if found is None:
        raise Unreadable(f"invalid field selector: {part!r}")
    return found[1], found[2] != "!=", found[3]


def _requirement(part: str) -> Matches:
    if found := _SET.match(part):
        values = [value.strip() for value in found[4].split(",")]
        return _expression(found[1], "In" if found[3] == "in" else "NotIn", values)
    if found := _EQUAL.match(part):
        return _expression(found[1], "NotIn" if found[3] == "!=" else "In", [found[4]])
    if found := _THERE.match(part):
        return _expression(found[2], "DoesNotExist" if found[1] else "Exists", [])
    raise Unreadable(f"unable to parse requirement: {part!r}")


def _expression(key: str, operator: str, values: Sequence[str]) -> Matches:
    match operator:
        case "In":
            return lambda there: there.get(key) in values if key in there else False
        case "NotIn":
            return lambda there: key not in there or there[key] not in values
        case "Exists":
            return lambda there: key in there
        case "DoesNotExist":
            return lambda there: key not in there
    raise Unreadable(f"{operator!r} is not a valid label selector operator")
