"""Laying what an apply sent over what is there, and taking away what it no longer sends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from podo.clients.kubernetes.twin.schema import ANYTHING, Shape

Path = tuple[str, ...]


def merge(live: Any, sent: Any, shape: Shape) -> Any:
    """`live` with what was `sent` laid over it, in the manner of `shape`. Neither is changed."""
    match live, sent:
        case dict(), dict() if shape.form != "scalar" and shape.merge == "granular":
            laid = {name: merge(live.get(name), item, shape.child(name) or ANYTHING) for name, item in sent.items()}
            return {**live, **{name: item for name, item in laid.items() if item is not None}}
        case list(), list() if shape.merge in ("keyed", "set"):
            return _merge_items(live, sent, shape)
    return live if sent is None else sent


def _merge_items(live: list[Any], sent: list[Any], shape: Shape) -> list[Any]:
    here, there = ({_key(item, shape): item for item in items} for items in (live, sent))
    item_shape = shape.item or ANYTHING
    return [
        merge(here.get(key), there[key], item_shape) if key in there else here[key] for key in _in_order(list(here), list(there))
    ]


def _key(item: Any, shape: Shape) -> str:
    return shape.key_of(item) if shape.merge == "keyed" else "v:" + msgspec.json.encode(item).decode()


def _in_order(here: Sequence[str], there: Sequence[str]) -> Iterator[str]:
    """All keys once: those of `there` in its order, those of `here` alone as near to where they were as that allows."""
    shared = iter([key for key in there if key in here])
    following = next(shared, None)
    done: set[str] = set()
    left = right = 0
    while left < len(here) or right < len(there):
        if left < len(here) and right < len(there):
            if here[left] == there[right]:
                done.add(here[left])
                yield here[left]
                left, right, following = left + 1, right + 1, next(shared, None)
                continue
            if here[left] in there and following not in (None, here[left]):
                left += 1
                continue
        if left < len(here) and here[left] not in there:
            yield here[left]
            left += 1
            continue
        if left < len(here) and here[left] in done:
            left += 1
        if right < len(there):
            done.add(there[right])
            yield there[right]
            following = next(shared, None) if following == there[right] else following
            right += 1


def remove(value: Any, paths: Iterable[Path], shape: Shape) -> None:
    """Take the things at `paths` out of `value`, each with all that is in it."""
    # What holds others first: an item of a list would not be found any more without its key.
    for path in sorted(paths, key=len):
        _remove(value, path, shape)


def _remove(value: Any, path: Path, shape: Shape) -> None:
    step, rest = path[0], path[1:]
    if isinstance(value, dict) and step[2:] in value and step.startswith("f:"):
        if not rest:
            del value[step[2:]]
            return
        _remove(value[step[2:]], rest, shape.child(step[2:]) or ANYTHING)
    if isinstance(value, list) and shape.merge in ("keyed", "set"):
        at = next((n for n, item in enumerate(value) if _key(item, shape) == step), None)
        if at is None:
            return
        if not rest:
            del value[at]
            return
        # An item keeps its key as long as it is there.
        if rest not in {(f"f:{key}",) for key in shape.keys}:
            _remove(value[at], rest, shape.item or ANYTHING)
