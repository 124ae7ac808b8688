"""Whether values are ones that the paved-road chart takes, by its JSON schema, in a person's words."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from podo.delivery.types import ValueInvalid
from podo.kernel.errors import N_

Path = tuple[str | int, ...]

# What only Podo says, and why.
OWN = {
    "name": "Podo names what it deploys after the project",
    "global": "it is for charts that contain this one",
    "image": "Podo puts in the image that it built",
    "podo": "Podo says itself where a release belongs",
    "secrets": "Podo puts in the secrets that are set in Settings",
}
MOST_BYTES = 64 << 10
_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map of keys",
    "null": "null",
}
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """What cannot be so, and where: keys and places in lists, from the outside in."""

    path: Path
    why: str

    @property
    def at(self) -> str:
        """The path as people write it: `workers.0.command`."""
        return ".".join(map(str, self.path))


def check(values: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Raises `ValueInvalid` for the first problem, or for values that are too many."""
    for found in problems(values, schema):
        raise ValueInvalid(path=found.at or "values", why=found.why)
    if len(json.dumps(values)) > MOST_BYTES:
        raise ValueInvalid(path="values", why=N_("they have more than {most_bytes} KiB").format(most_bytes=MOST_BYTES >> 10))


def problems(values: Mapping[str, Any], schema: Mapping[str, Any], also: Sequence[str] = ()) -> list[Problem]:
    """All that is wrong. Values may be few: what is missing comes from elsewhere. `also` are further keys to think of."""
    unstorable = list(_unstorable(values, ()))
    if unstorable:
        return unstorable
    own = [Problem((key,), f"“{key}” cannot be set: {why}") for key, why in OWN.items() if key in values]
    rest = {key: value for key, value in values.items() if key not in OWN}
    return [*own, *_names(rest), *_by_schema(rest, schema, also)]


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant; empty when none is near."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), "")


def unknown(key: str, known: Iterable[str]) -> str:
    """A sentence about a key that nobody knows."""
    meant = nearest(key, known)
    return f"there is no “{key}” here" + (f"; perhaps “{meant}” is meant" if meant else "")


def _names(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Variables that Podo sets itself."""
    for key in values["env"] if isinstance(values.get("env"), Mapping) else ():
        if key == "PORT":
            yield Problem(("env", key), "“PORT” cannot be set: it comes from port")
        if str(key).startswith("PODO_"):
            yield Problem(("env", key), f"“{key}” cannot be set: names that begin with PODO_ are Podo's own")


def _by_schema(values: Mapping[str, Any], schema: Mapping[str, Any], also: Sequence[str]) -> list[Problem]:
    # Late: it costs a tenth of a second, which a start needs for something else.
    from jsonschema import Draft7Validator
    from jsonschema.exceptions import ValidationError

    properties: dict[str, Any] = {key: about for key, about in schema.get("properties", {}).items() if key not in OWN}
    partial: dict[str, Any] = {**schema, "properties": properties, "required": []}
    found: list[Problem] = []
    error: ValidationError
    for error in Draft7Validator(partial).iter_errors(values):  # pyright: ignore[reportUnknownMemberType]
        at: Path = tuple(error.absolute_path)
        if "propertyNames" in error.absolute_schema_path:
            found.append(Problem((*at, str(error.instance)), f"“{error.instance}” cannot be a name here"))
        elif error.validator == "additionalProperties":
            found += _unknown(at, error, also if not at else ())
        else:
            found.append(Problem(at, _why(error)))
    return found


def _unknown(at: Path, error: Any, also: Sequence[str]) -> list[Problem]:
    known = [*error.schema.get("properties", {}), *also]
    return [Problem((*at, key), unknown(str(key), known)) for key in error.instance if key not in known]


def _why(error: Any) -> str:
    wanted, about = error.validator_value, str(error.schema.get("description", "")).rstrip(".")
    match error.validator:
        case "type":
            return _type(error.instance, [wanted] if isinstance(wanted, str) else list(wanted))
        case "enum":
            return f"it is one of {', '.join(str(option) or '“”' for option in wanted)}, not {_shown(error.instance)}"
        case "minimum":
            return f"it is at least {wanted}, not {_shown(error.instance)}"
        case "maximum":
            return f"it is at most {wanted}, not {_shown(error.instance)}"
        case "maxLength":
            return f"it has at most {wanted} characters"
        case "uniqueItems":
            return "nothing in it may stand twice"
        case "required":
            missing = [key for key in wanted if key not in error.instance]
            return f"“{missing[0]}” is missing"
        case _:
            return f"{_shown(error.instance)} does not fit" + (f" ({about})" if about else "")


def _type(value: Any, wanted: Sequence[str]) -> str:
    options = " or ".join(_TYPES.get(name, name) for name in wanted)
    if value is None:
        return f"it is empty, and must be {options}"
    quotes = ": put quotes around it" if "string" in wanted and isinstance(value, bool | int | float) else ""
    return f"it must be {options}, not {_shown(value)}{quotes}"


def _shown(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str():
            return f"“{value}”" if len(value) <= 60 else f"“{value[:60]}…”"
        case None:
            return "nothing"
        case _:
            return "a list" if isinstance(value, list) else "a map of keys"


def _unstorable(value: Any, at: Path) -> Iterator[Problem]:
    """What JSON or a database cannot hold."""
    if len(at) > _DEEPEST:
        yield Problem(at, f"it stands deeper than {_DEEPEST} keys")
        return
    match value:
        case str():
            if _UNSTORABLE.search(value):
                yield Problem(at, "it holds a character that no value may have (NUL, or half of a pair)")
        case float():
            if value in (float("inf"), float("-inf")) or value != value:
                yield Problem(at, "it is no number")
        case int():
            if abs(value) > 2**63:
                yield Problem(at, "the number is too large")
        case _:
            for key, below in _inside(value):
                yield from _unstorable(key, (*at, _clean(key)))
                yield from _unstorable(below, (*at, key))


def _inside(value: Any) -> Sequence[tuple[str | int, Any]]:
    if isinstance(value, Mapping):
        return list(cast("Mapping[str, Any]", value).items())
    return list(enumerate(cast("list[Any]", value))) if isinstance(value, list) else []


def _clean(key: str | int) -> str | int:
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", key) if isinstance(key, str) else key
