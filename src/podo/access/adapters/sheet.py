"""A directory as a table (CSV): one line a person, or one a team.

The columns of people: id, name, email, team (handles with `;`), lead (yes), title, lang, ends, admin (yes).
The columns of teams: id, handle, name, parent, slack, begins, ends, successors (handles with `;`).
Both kinds of line may stand in one file: a line is a team's where `handle` is filled.
"""

from __future__ import annotations

import csv
import io
from typing import Any

from podo.access.types import WrongDirectory

_YES = frozenset({"yes", "true", "1", "y", "x", "예", "o"})


def tabled(text: str) -> dict[str, Any]:
    """The same as the YAML file would say it. Raises `WrongDirectory`, which names the line."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    names = [str(name).strip().lower() for name in reader.fieldnames or ()]
    if "id" not in names or "name" not in names:
        raise WrongDirectory(why="the first line of the table names no columns “id” and “name”")
    reader.fieldnames = names
    found: dict[str, list[Any]] = {"teams": [], "people": [], "admins": []}
    try:
        for line in reader:
            _line({k: (v or "").strip() for k, v in line.items() if k and isinstance(v, str)}, found, reader.line_num)
    except csv.Error as error:
        raise WrongDirectory(why=f"line {reader.line_num} of the table: {error}") from error
    return found


def _line(line: dict[str, str], found: dict[str, list[Any]], number: int) -> None:
    if not any(line.values()):
        return
    if not line.get("id") or not line.get("name"):
        raise WrongDirectory(why=f"line {number} of the table has no id or no name")
    if line.get("handle"):
        kept = {k: line[k] for k in ("id", "handle", "name", "parent", "slack", "begins", "ends") if line.get(k)}
        found["teams"].append({**kept, "successors": _several(line, "successors")})
        return
    kept = {k: line[k] for k in ("id", "name", "email", "title", "lang", "ends") if line.get(k)}
    found["people"].append({**kept, "teams": _several(line, "team"), "lead": line.get("lead", "").lower() in _YES})
    if line.get("admin", "").lower() in _YES:
        found["admins"].append(line["id"])


def _several(line: dict[str, str], name: str) -> list[str]:
    return [part.strip() for part in line.get(name, "").split(";") if part.strip()]
