"""A directory file: YAML or JSON with `people`, `teams` and `admins`, or a table (CSV, see `sheet`).

people: [{id: prs-1, name: 이서연, email: seoyeon@example.com, team: chat, lead: true, ends: 2027-01-31}]
teams:  [{id: team-1, handle: chat, name: Chat, parent: service, begins: 2026-01-01, ends: 2026-09-30, successors: [talk]}]
admins: [prs-1]

`ends` is the last day of a person or team (until its end in UTC), `begins` a team's first, or a moment with its zone.
`successors` are handles of the teams that a team which ended became.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import yaml

from podo.access.adapters.sheet import tabled
from podo.access.types import Feed, Membership, MembershipRole, Person, Team, WrongDirectory


class DirectoryFile:
    """Reads the file anew each time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> Feed:
        """See `DirectoryReader.read`."""
        try:
            text = await asyncio.to_thread(self._path.read_text, "utf-8")
        except OSError as error:
            raise WrongDirectory(why=f"{self._path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise WrongDirectory(why=f"{self._path} is no UTF-8 text") from error
        return written(text, is_table=self._path.suffix.lower() == ".csv")

    async def stamp(self) -> str:
        """See `DirectoryReader.stamp`."""
        try:
            about = await asyncio.to_thread(self._path.stat)
        except OSError:
            return ""
        return f"{about.st_mtime_ns} {about.st_size} {about.st_ino}"


def written(text: str, *, is_table: bool) -> Feed:
    """What a text of that shape says. Raises `WrongDirectory`."""
    if is_table:
        return taken(tabled(text))
    try:
        return taken(yaml.load(text, yaml.CSafeLoader))
    except yaml.YAMLError as error:
        raise WrongDirectory(why=str(error)) from error


def taken(found: Any) -> Feed:
    """What a document of that shape says. Raises `WrongDirectory`."""
    if not isinstance(found, dict):
        raise WrongDirectory(why="it has no people and teams")
    listed = [_entries(found, key) for key in ("teams", "people")]
    handles = {_text(t, "handle"): _text(t, "id") for t in listed[0]}
    teams = [_team(t, handles) for t in listed[0]]
    people = [
        Person(
            _text(p, "id"),
            _text(p, "name"),
            _text(p, "email"),
            lang=p.get("lang"),
            title=_text(p, "title", ""),
            ends_at=_moment(p, "ends"),
        )
        for p in listed[1]
    ]
    memberships = [
        Membership(_text(p, "id"), _handled(handles, p, team), MembershipRole.lead if p.get("lead") else MembershipRole.member)
        for p in listed[1]
        for team in _teams_of(p)
    ]
    successors = {_text(t, "id"): heirs for t in listed[0] if (heirs := [_handled(handles, t, h) for h in _heirs(t)])}
    return Feed(people, teams, memberships, [str(a) for a in found.get("admins") or ()], successors)


def _team(t: dict[str, Any], handles: dict[str, str]) -> Team:
    parent = _handled(handles, t, _text(t, "parent")) if t.get("parent") else None
    began, ended = _moment(t, "begins", is_end=False), _moment(t, "ends")
    if began and ended and ended <= began:
        raise WrongDirectory(why=f"the team {_text(t, 'id')} ends before it begins")
    return Team(_text(t, "id"), _text(t, "name"), _text(t, "handle"), parent, ended, _text(t, "slack", ""), began)


def _heirs(t: dict[str, Any]) -> list[str]:
    several = t.get("successors") or []
    if not isinstance(several, list):
        raise WrongDirectory(why=f"the successors of {_text(t, 'id')} are no list")
    return [str(heir) for heir in several]


def _teams_of(p: dict[str, Any]) -> list[str]:
    several = p.get("teams") or ([p["team"]] if p.get("team") else [])
    if not isinstance(several, list):
        raise WrongDirectory(why=f"the teams of {_text(p, 'id')} are no list")
    return [str(team) for team in several]


def _entries(found: dict[str, Any], key: str) -> list[dict[str, Any]]:
    listed = found.get(key)
    if not isinstance(listed, list) or not all(isinstance(x, dict) for x in listed):
        raise WrongDirectory(why=f"“{key}” is no list of entries")
    return listed


def _text(entry: dict[str, Any], key: str, default: str | None = None) -> str:
    value = entry.get(key, default)
    if not isinstance(value, str | int) or isinstance(value, bool) or (default is None and not str(value).strip()):
        raise WrongDirectory(why=f"“{key}” is missing or no text in {entry.get('id') or entry.get('handle') or entry}")
    return str(value)


def _moment(entry: dict[str, Any], key: str, *, is_end: bool = True) -> datetime | None:
    """The end of a day (or its beginning), or a moment; YAML may have read it already."""
    value = entry.get(key)
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else value
        if isinstance(read, datetime):
            # YAML gives a moment with a zone as one in UTC; one that has none cannot be meant for sure.
            return read if read.tzinfo else read.replace(tzinfo=UTC)
        day = date.fromisoformat(read) if isinstance(read, str) else read
    except ValueError:
        day = value
    if day is None or isinstance(day, date):
        return day and datetime.combine(day + timedelta(days=is_end), time.min, UTC)
    raise WrongDirectory(why=f"“{key}” is no day in {_text(entry, 'id')}")


def _handled(handles: dict[str, str], entry: dict[str, Any], handle: str) -> str:
    if handle not in handles:
        raise WrongDirectory(why=f"{_text(entry, 'id')} names the team {handle}, which is missing")
    return handles[handle]
