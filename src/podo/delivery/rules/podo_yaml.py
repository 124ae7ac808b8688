"""What a podo.yaml may say.

Its keys are values of the paved-road chart. Under `environments` stand further ones for an environment, and under that
one's `regions` for a region of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from podo.delivery.rules import chart_values
from podo.delivery.rules.chart_values import Path, Problem
from podo.delivery.types import PodoYamlInvalid
from podo.kernel.errors import N_

MOST_BYTES = 64 << 10
ENVIRONMENTS, REGIONS = "environments", "regions"
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")

Values = dict[str, Any]


def checked(document: Any, lines: Mapping[Path, int], schema: Mapping[str, Any]) -> Values:
    """`{"values": …, "environments": {name: {…, "regions": {code: {…}}}}}`, plain JSON; empty for an empty document.

    `lines` has the line of each key and list item by its path; `schema` is the chart's. Raises `PodoYamlInvalid` for the first
    line that cannot be so.
    """
    if document is None:
        return {"values": {}, ENVIRONMENTS: {}}
    if not isinstance(document, dict):
        raise PodoYamlInvalid(line=lines.get((), 1), why=N_("it must be a map of keys, such as port: 8080"))
    found = cast("Values", document)
    wrong = sorted(_problems(found, schema), key=lambda problem: line_of(problem.path, lines))
    for problem in wrong:
        raise PodoYamlInvalid(line=line_of(problem.path, lines), why=_said(problem))
    return {"values": _without(found, ENVIRONMENTS), ENVIRONMENTS: found.get(ENVIRONMENTS) or {}}


def line_of(path: Path, lines: Mapping[Path, int]) -> int:
    """The line of a key, or of the nearest one around it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _said(problem: Problem) -> str:
    """The key stands in front, unless the sentence names it."""
    key = next((part for part in reversed(problem.path) if isinstance(part, str)), "")
    return problem.why if not key or f"“{key}”" in problem.why else f"{key}: {problem.why}"


def _problems(document: Values, schema: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _of_layer((), _without(document, ENVIRONMENTS), schema, ENVIRONMENTS)
    for at, stage in _below((), document, ENVIRONMENTS):
        if isinstance(stage, Problem):
            yield stage
            continue
        yield from _of_layer(at, _without(stage, REGIONS), schema, REGIONS)
        for place, here in _below(at, stage, REGIONS):
            if isinstance(here, Problem):
                yield here
                continue
            yield from _of_layer(place, here, schema, "")


def _of_layer(at: Path, values: Values, schema: Mapping[str, Any], also: str) -> Iterator[Problem]:
    for problem in chart_values.problems(values, schema, (also,) if also else ()):
        yield Problem((*at, *problem.path), problem.why)


def _below(at: Path, around: Values, key: str) -> Iterator[tuple[Path, Values | Problem]]:
    """The maps that `around` has by name under `key`, each with its path; in place of one that cannot be, what is wrong."""
    held = around.get(key)
    if held is None:
        return
    if not isinstance(held, dict):
        yield at, Problem((*at, key), f"it must be a map of {key}, each with keys of its own")
        return
    for name, inside in cast("Values", held).items():
        place = (*at, key, name)
        if not _NAME.fullmatch(name):
            yield place, Problem(place, f"“{name}” cannot be one of {key}: names have small letters, digits and hyphens")
        elif inside is not None and not isinstance(inside, dict):
            yield place, Problem(place, f"“{name}” must be a map of keys, such as replicas: 3")
        else:
            yield place, inside or {}


def _without(document: Values, key: str) -> Values:
    return {name: value for name, value in document.items() if name != key}
