"""Reading settings into frozen dataclasses, one a section.

A section is a frozen dataclass whose fields are made by `setting(default, doc)`. `[deploy] soak = 300` in the file and
`PODO_DEPLOY_SOAK=300` in the environment mean the same; the environment wins.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, field, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from podo.kernel.errors import N_, Invalid

S = TypeVar("S")

# Read by the process itself before there are settings.
_NOT_SETTINGS = frozenset({"PODO_CONFIG", "PODO_PARTS", "PODO_URL", "PODO_TOKEN"})


class UnknownSetting(Invalid):
    """A key that no section knows."""

    code = "settings.unknown"
    so = N_("{where} sets “{name}”, which Podo does not know.")
    do = N_("Did you mean “{nearest}”? docs/reference/settings.md lists every key.")


class WrongSetting(Invalid):
    """A value of the wrong type."""

    code = "settings.wrong"
    so = N_("{where} sets “{name}” to “{value}”, but it is {wanted}.")
    do = N_("Correct the value; docs/reference/settings.md lists every key.")


def setting(default: Any, doc: str) -> Any:
    """A documented field of a section."""
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata={"doc": doc})
    return field(default=default, metadata={"doc": doc})


class Settings:
    """All sections, found by their class: `settings[DeploySettings]`."""

    def __init__(self, sections: dict[type[Any], Any]) -> None:
        self._sections = sections

    def __getitem__(self, section: type[S]) -> S:
        return self._sections[section]

    def but(self, *sections: Any) -> Settings:
        """The same settings with these sections in place of those of their classes."""
        return Settings({**self._sections, **{type(section): section for section in sections}})


def load(sections: Mapping[str, type[Any]], path: Path | None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read `path` (TOML) and `environ` into `sections`, a map of section name to class.

    Raises `UnknownSetting` or `WrongSetting`, naming the file or variable.
    """
    given: dict[tuple[str, str], tuple[str, Any]] = {}
    known = {(name, f.name): f for name, cls in sections.items() for f in fields(cls)}
    if path is not None and path.exists():
        for name, body in tomllib.loads(path.read_text()).items():
            if not isinstance(body, dict) or name not in sections:
                raise _unknown(str(path), name, sections)
            for key, value in body.items():
                if (name, key) not in known:
                    raise _unknown(str(path), f"{name}.{key}", (".".join(k) for k in known))
                given[name, key] = (str(path), value)
    variables = {f"PODO_{name}_{key}".upper(): (name, key) for name, key in known}
    for variable, text in (os.environ if environ is None else environ).items():
        if not variable.startswith("PODO_") or variable in _NOT_SETTINGS or variable.startswith("PODO_TEST_"):
            continue
        if variable not in variables:
            raise _unknown("the environment", variable, variables)
        given[variables[variable]] = (f"the variable {variable}", text)
    return Settings({cls: _section(name, cls, given) for name, cls in sections.items()})


def _section(name: str, cls: type[S], given: Mapping[tuple[str, str], tuple[str, Any]]) -> S:
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    for f in fields(cls):  # type: ignore[arg-type]
        if (name, f.name) in given:
            where, value = given[name, f.name]
            values[f.name] = _convert(where, f"{name}.{f.name}", value, hints[f.name])
    return cls(**values)


def _convert(where: str, name: str, value: Any, wanted: Any) -> Any:
    options = get_args(wanted) if get_origin(wanted) is UnionType else (wanted,)
    kind = next(o for o in options if o is not NoneType)
    try:
        if get_origin(kind) is list:
            return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else list(value)
        if kind is bool:
            return value if isinstance(value, bool) else {"true": True, "1": True, "false": False, "0": False}[value.lower()]
        if kind is Path:
            return Path(value).expanduser()
        if isinstance(value, bool):
            raise ValueError(value)
        return kind(value)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise WrongSetting(where=where, name=name, value=value, wanted=getattr(kind, "__name__", str(kind))) from None


def _unknown(where: str, name: str, known: Iterable[str]) -> UnknownSetting:
    names = list(known)
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0)
    return UnknownSetting(where=where, name=name, nearest=(nearest or names)[0])


def documented(section: str, cls: type[Any]) -> list[tuple[str, str, Any, str]]:
    """(key, type, default, doc) of every field, for the reference page and its test."""
    hints = get_type_hints(cls)
    return [(f"{section}.{f.name}", _name(hints[f.name]), _default(f), f.metadata["doc"]) for f in fields(cls)]


def _name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and get_origin(hint) is None else str(hint).replace("pathlib.", "")


def _default(f: Field[Any]) -> Any:
    return f.default_factory() if f.default_factory is not MISSING else f.default
