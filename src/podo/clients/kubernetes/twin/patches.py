"""The three manners of a patch: RFC 7386 (merge), RFC 6902 (json), and Kubernetes' strategic merge."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from podo.clients.kubernetes.twin.schema import ANYTHING, Shape
from podo.clients.kubernetes.types import Manifest, PatchType


class Unfitting(Exception):
    """The patch cannot be laid on this object; says why."""


def patched(live: Manifest, body: Mapping[str, Any] | Sequence[Mapping[str, Any]], manner: PatchType, shape: Shape) -> Manifest:
    """`live` with the patch laid on it; `live` itself stays as it is. Raises `Unfitting`."""
    if manner == "json":
        if isinstance(body, Mapping):
            raise Unfitting("a JSON patch is a list of operations")
        return _json(copy.deepcopy(live), body)
    if not isinstance(body, Mapping):
        raise Unfitting("this patch must be an object")
    return _merge(live, body) if manner == "merge" else _strategic(live, body, shape)


def _merge(live: Any, body: Any) -> Any:
    if not isinstance(body, Mapping):
        return body
    out = dict(live) if isinstance(live, dict) else {}
    for name, item in body.items():
        if item is None:
            out.pop(name, None)
            continue
        out[name] = _merge(out.get(name), item)
    return out


def _strategic(live: Any, body: Any, shape: Shape) -> Any:
    if isinstance(body, Mapping):
        return _strategic_map(live if isinstance(live, dict) else {}, body, shape)
    if isinstance(body, list) and shape.merge == "keyed":
        return _strategic_list(live or [], body, shape)
    return body


def _strategic_map(live: dict[str, Any], body: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    if body.get("$patch") == "replace":
        return {name: item for name, item in body.items() if name != "$patch"}
    out = dict(live)
    for name, item in body.items():
        if name.startswith("$"):
            continue
        if item is None:
            out.pop(name, None)
            continue
        out[name] = _strategic(out.get(name), item, shape.child(name) or ANYTHING)
    return out


def _strategic_list(live: list[Any], body: list[Any], shape: Shape) -> list[Any]:
    if any(item.get("$patch") == "replace" for item in body):
        return [item for item in body if "$patch" not in item]
    # Strategic merge knows one key a list, where apply may know two: the first of them.
    key = shape.keys[0]
    here = {item.get(key): item for item in live}
    deleted = {item.get(key) for item in body if item.get("$patch") == "delete"}
    laid = {
        item.get(key): _strategic(here.get(item.get(key), {}), item, shape.item or ANYTHING)
        for item in body
        if item.get(key) not in deleted
    }
    rest = [item for item in live if item.get(key) not in laid and item.get(key) not in deleted]
    return _zipped(rest, list(laid.values()), [item.get(key) for item in live], key)


def _zipped(rest: list[Any], laid: list[Any], order: list[Any], key: str) -> list[Any]:
    """Both lists in one: what the patch names comes before what it does not, unless both were there the other way round."""
    out: list[Any] = []
    rest, laid = list(rest), list(laid)
    while rest and laid:
        one, other = rest[0].get(key), laid[0].get(key)
        first = rest if other in order and order.index(one) < order.index(other) else laid
        out.append(first.pop(0))
    return [*out, *rest, *laid]


def _json(live: Any, operations: Sequence[Mapping[str, Any]]) -> Any:
    for operation in operations:
        steps = [s.replace("~1", "/").replace("~0", "~") for s in str(operation.get("path", "")).split("/")[1:]]
        match operation.get("op"):
            case "add" | "replace" as op:
                _put(live, steps, copy.deepcopy(operation.get("value")), op)
            case "remove":
                _take(live, steps)
            case "test":
                _test(live, steps, operation)
            case "move" | "copy" as op:
                origin = [s.replace("~1", "/").replace("~0", "~") for s in str(operation.get("from", "")).split("/")[1:]]
                value = _take(live, origin) if op == "move" else copy.deepcopy(_at(live, origin))
                _put(live, steps, value, "add")
            case other:
                raise Unfitting(f"unknown operation {other!r}")
    return live


def _test(live: Any, steps: list[str], operation: Mapping[str, Any]) -> None:
    if _at(live, steps) != operation.get("value"):
        raise Unfitting(f"testing value {operation.get('path')} failed")


def _at(place: Any, steps: list[str]) -> Any:
    for step in steps:
        place = _inside(place, step)
    return place


def _inside(place: Any, step: str) -> Any:
    try:
        return place[int(step)] if isinstance(place, list) else place[step]
    except (KeyError, IndexError, ValueError, TypeError):
        raise Unfitting(f"path has no {step!r}") from None


def _put(live: Any, steps: list[str], value: Any, op: str) -> None:
    place, last = _at(live, steps[:-1]), steps[-1]
    if isinstance(place, dict):
        if op == "replace" and last not in place:
            raise Unfitting(f"replace of {last!r}, which is not there")
        place[last] = value
        return
    if last == "-":
        place.append(value)
        return
    _inside([*place, None] if op == "add" else place, last)
    place[int(last) : int(last) + (op == "replace")] = [value]


def _take(live: Any, steps: list[str]) -> Any:
    place, last = _at(live, steps[:-1]), steps[-1]
    found = _inside(place, last)
    if isinstance(place, list):
        del place[int(last)]
        return found
    del place[last]
    return found
