"""What fits its column. PostgreSQL refuses texts that are too long, numbers that are too large, and the sign NUL; SQLite none.

Here both refuse them, with the same error and before the database is asked: what goes through on one goes through on the other,
and what is in the one can be moved to the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import JSON, BigInteger, Engine, Integer, String, event

from podo.kernel.errors import N_, Invalid

_SMALL = 2**31
_LARGE = 2**63
_NUL = "\x00"
# Where the database alone knows which column it is.
UNNAMED = "?"


class DoesNotFit(Invalid):
    """A value that its column cannot hold."""

    code = "db.does_not_fit"
    so = N_("What was given for {column} cannot be kept: {why}.")
    do = N_("Make it shorter, or leave out what cannot be kept. Nothing was changed.")


# (the parameter, its most signs or its bound; which of the three it is)
_Limit = tuple[str, int, str]


def heed(engine: Engine) -> None:
    """From now on what is put into a table through this engine fits."""
    limits: WeakKeyDictionary[Any, Sequence[_Limit]] = WeakKeyDictionary()

    def check(_: Any, __: Any, ___: str, ____: Any, context: Any, _____: bool) -> None:
        if context is None or not (context.isinsert or context.isupdate) or context.compiled is None:
            return
        if getattr(context, "is_fitting", False):
            # A large one is sent in parts, each time with all its rows.
            return
        context.is_fitting = True
        known = limits.get(context.compiled)
        if known is None:
            known = limits[context.compiled] = _limits(context.compiled)
        for row in context.compiled_parameters:
            _check(known, row)

    event.listen(engine, "before_cursor_execute", check)


def _limits(compiled: Any) -> Sequence[_Limit]:
    found: list[_Limit] = []
    columns = {column.name for column in compiled.statement.table.columns}
    for parameter, name in compiled.bind_names.items():
        # Rows that are listed in the statement have numbers behind their columns' names; what is only compared has not to fit.
        if name.rpartition("_m")[0] not in columns and name not in columns:
            continue
        match parameter.type:
            case JSON():
                found.append((name, 0, "json"))
            case String(length=length):
                found.append((name, length or 0, "text"))
            case BigInteger():
                found.append((name, _LARGE, "number"))
            case Integer():
                found.append((name, _SMALL, "number"))
            case _:
                pass
    return found


def _check(limits: Sequence[_Limit], row: dict[str, Any]) -> None:
    for name, most, kind in limits:
        value = row.get(name)
        if value is None:
            continue
        if kind == "text":
            if most and len(value) > most:
                raise DoesNotFit(column=name, why=f"it has {len(value)} signs, and {most} is the most")
            if _NUL in value:
                raise DoesNotFit(column=name, why="it holds the sign NUL")
        elif kind == "number":
            if not -most <= value < most:
                raise DoesNotFit(column=name, why=f"{value} is too large")
        elif _holds_nul(value):
            raise DoesNotFit(column=name, why="it holds the sign NUL")


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return _NUL in value
    if isinstance(value, dict):
        return any(_holds_nul(k) or _holds_nul(v) for k, v in value.items())
    if isinstance(value, list | tuple):
        return any(_holds_nul(v) for v in value)
    return False
