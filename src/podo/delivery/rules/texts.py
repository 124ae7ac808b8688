"""Texts that people type: words of a filter, and values as lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from podo.delivery.types import ValueInvalid
from podo.kernel.errors import N_


def with_word(query: str, key: str, value: str) -> str:
    """A filter with `key:value` in place of what it said of `key`; an empty value takes it away."""
    rest = [word for word in query.split() if not word.startswith(f"{key}:")]
    return " ".join([*rest, f"{key}:{value}"] if value else rest)


def values_of(text: str) -> dict[str, Any]:
    """`resources.cpu = 200m` a line as a tree; a value is JSON where it can be read so, else text. Raises `ValueInvalid`."""
    found: dict[str, Any] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        path, sign, value = (part.strip() for part in line.partition("="))
        if not sign or not path or not all(path.split(".")):
            raise ValueInvalid(
                path=f"line {number}", why=N_("“{text}” is not written as path = value").format(text=line.strip()[:60])
            )
        put(found, path, value_of(value))
    return found


def value_of(text: str) -> Any:
    """A number, true, a list or a map where the text is JSON; else the text as it stands."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def put(tree: dict[str, Any], path: str, value: Any) -> None:
    """Put a value at `a.b.c`. Raises `ValueInvalid` where something else stands on the way."""
    *way, last = path.split(".")
    at = tree
    for part in way:
        inside: Any = at.setdefault(part, {})
        if not _is_tree(inside):
            raise ValueInvalid(path=path, why=N_("“{part}” has a value of its own already").format(part=part))
        at = inside
    at[last] = value


def _is_tree(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def lines_of(values: Mapping[str, Any], without: frozenset[str] = frozenset()) -> str:
    """A tree as `path = value` lines, sorted; the paths in `without` are left out."""
    return "\n".join(f"{path} = {_shown(value)}" for path, value in sorted(leaves(values)) if path not in without)


def leaves(values: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Any]]:
    """(path, value) of everything that is no map, or one that is empty or has a point in a key."""
    for key, value in values.items():
        path = f"{at}.{key}" if at else str(key)
        inside: Mapping[str, Any] = value if isinstance(value, Mapping) else {}  # pyright: ignore[reportUnknownVariableType]
        if inside and not any("." in str(name) for name in inside):
            yield from leaves(inside, path)
        else:
            yield path, value


def _shown(value: Any) -> str:
    # Text stays as it was typed, unless it would be read as something else.
    if isinstance(value, str) and value_of(value) == value and value == value.strip():
        return value
    return json.dumps(value, ensure_ascii=False)
