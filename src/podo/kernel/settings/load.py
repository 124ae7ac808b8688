"""Reading settings into frozen dataclasses, one a section.

A section is a frozen dataclass whose fields are made by `setting(default, doc)`. `[deploy] soak = 300` in the file and
`PODO_DEPLOY_SOAK=300` in the environment mean the same; the environment wins.

A field of the type `dict[str, Row]`, where `Row` is another such dataclass, is a table of tables with names of one's own:
`[access.issuers.okta] url = "…"` and `PODO_ACCESS_ISSUERS_OKTA_URL=…`. A `dict[str, str]` is `a=b, c=d` in the environment.
"""

from __future__ import annotations

import difflib
import functools
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, field, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from podo.kernel.errors import N_, Invalid

S = TypeVar("S")

# Told by reading source: the same each time.
_hints = functools.cache(get_type_hints)

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


def setting(default: Any, doc: str, *, secret: bool = False) -> Any:
    """A documented field of a section; a secret one is not in the section's `repr`."""
    if isinstance(default, list | dict):
        return field(default_factory=default.copy, metadata={"doc": doc}, repr=not secret)
    return field(default=default, metadata={"doc": doc}, repr=not secret)


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
    tables = {(name, key): _Tables(f"{name}.{key}", row) for name, cls in sections.items() for key, row in _rows(cls).items()}
    if path is not None and path.exists():
        for name, body in tomllib.loads(path.read_text()).items():
            if not isinstance(body, dict) or name not in sections:
                raise _unknown(str(path), name, sections)
            for key, value in body.items():
                if (name, key) not in known:
                    raise _unknown(str(path), f"{name}.{key}", (".".join(k) for k in known))
                if (name, key) in tables:
                    tables[name, key].take(str(path), value)
                else:
                    given[name, key] = (str(path), value)
    variables = {f"PODO_{name}_{key}".upper(): (name, key) for name, key in known}
    for variable, text in (os.environ if environ is None else environ).items():
        if not variable.startswith("PODO_") or variable in _NOT_SETTINGS or variable.startswith("PODO_TEST_"):
            continue
        if any(table.take_variable(variable, text) for table in tables.values()):
            continue
        if variable not in variables or variables[variable] in tables:
            raise _unknown("the environment", variable, variables)
        given[variables[variable]] = (f"the variable {variable}", text)
    given |= {key: ("", table.made()) for key, table in tables.items()}
    return Settings({cls: _section(name, cls, given) for name, cls in sections.items()})


def _rows(cls: type[Any]) -> dict[str, type[Any]]:
    """The fields of a section that are tables with names of one's own, and the class of their rows."""
    arguments = {key: get_args(hint) for key, hint in _hints(cls).items() if get_origin(hint) is dict}
    return {key: row for key, (_, row) in arguments.items() if isinstance(row, type) and is_dataclass(row)}


class _Tables:
    """What was given for the tables of one field, by name and key."""

    def __init__(self, name: str, row: type[Any]) -> None:
        self._name = name
        self._row = row
        self._given: dict[str, dict[tuple[str, str], tuple[str, Any]]] = {}
        self._keys = [f.name for f in fields(row)]

    def take(self, where: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise WrongSetting(where=where, name=self._name, value=value, wanted="a table of tables")
        for table, body in value.items():
            if not isinstance(body, dict):
                raise _unknown(where, f"{self._name}.{table}", (f"{self._name}.{table}.{key}" for key in self._keys))
            for key, given in body.items():
                if key not in self._keys:
                    raise _unknown(where, f"{self._name}.{table}.{key}", (f"{self._name}.{table}.{k}" for k in self._keys))
                self._given.setdefault(table, {})[f"{self._name}.{table}", key] = (where, given)

    def take_variable(self, variable: str, text: str) -> bool:
        """False when the variable is none of these tables'."""
        prefix = f"PODO_{self._name}_".replace(".", "_").upper()
        rest = variable.removeprefix(prefix)
        # The longest key that fits: CLIENT_SECRET_FILE is none of a table called X_CLIENT_SECRET.
        fitting = [key for key in self._keys if rest.endswith(f"_{key}".upper())]
        if rest == variable or not fitting:
            return False
        key = max(fitting, key=len)
        said = rest[: -len(key) - 1].lower()
        table = next((name for name in self._given if name.lower().replace("-", "_") == said), said)
        self._given.setdefault(table, {})[f"{self._name}.{table}", key] = (f"the variable {variable}", text)
        return True

    def made(self) -> dict[str, Any]:
        return {table: _section(f"{self._name}.{table}", self._row, given) for table, given in self._given.items()}


def _section(name: str, cls: type[S], given: Mapping[tuple[str, str], tuple[str, Any]]) -> S:
    hints = _hints(cls)
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
        if get_origin(kind) is dict:
            return _pairs(value) if get_args(kind)[1] is str else value
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


def _pairs(value: Any) -> dict[str, str]:
    if not isinstance(value, str):
        return {str(left): str(right) for left, right in value.items()}
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if not all(sign for _, sign, _ in pairs):
        raise ValueError(value)
    return {left.strip(): right.strip() for left, _, right in pairs}


def _unknown(where: str, name: str, known: Iterable[str]) -> UnknownSetting:
    names = list(known)
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0)
    return UnknownSetting(where=where, name=name, nearest=(nearest or names)[0])


def documented(section: str, cls: type[Any]) -> list[tuple[str, str, Any, str]]:
    """(key, type, default, doc) of every field, for the reference page and its test; `NAME` stands for a name of one's own."""
    hints, rows = _hints(cls), _rows(cls)
    found = [
        (f"{section}.{f.name}", _name(hints[f.name]), _default(f), f.metadata["doc"]) for f in fields(cls) if f.name not in rows
    ]
    for key, row in rows.items():
        found += documented(f"{section}.{key}.NAME", row)
    return found


def _name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and get_origin(hint) is None else str(hint).replace("pathlib.", "")


def _default(f: Field[Any]) -> Any:
    return f.default_factory() if f.default_factory is not MISSING else f.default
