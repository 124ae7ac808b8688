"""A directory file: YAML or JSON with `people`, `teams` and `admins`.

people: [{id: prs-1, name: 이서연, email: seoyeon@example.com, team: chat, lead: true}]
teams:  [{id: team-1, handle: chat, name: Chat, parent: service}]
admins: [prs-1]
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from podo.access.types import Membership, MembershipRole, Person, Team, WrongDirectory


class DirectoryFile:
    """Reads the file anew each time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> tuple[Sequence[Person], Sequence[Team], Sequence[Membership], Sequence[str]]:
        """See `DirectoryReader.read`."""
        try:
            text = await asyncio.to_thread(self._path.read_text)
            found = yaml.safe_load(text)
        except OSError as error:
            raise WrongDirectory(why=f"{self._path} cannot be read: {error.strerror}") from error
        except yaml.YAMLError as error:
            raise WrongDirectory(why=str(error)) from error
        return _taken(found)


def _taken(found: Any) -> tuple[Sequence[Person], Sequence[Team], Sequence[Membership], Sequence[str]]:
    try:
        handles = {t["handle"]: t["id"] for t in found["teams"]}
        teams = [
            Team(t["id"], t["name"], t["handle"], handles[t["parent"]] if t.get("parent") else None, slack=t.get("slack", ""))
            for t in found["teams"]
        ]
        people = [Person(p["id"], p["name"], p["email"], lang=p.get("lang"), title=p.get("title", "")) for p in found["people"]]
        memberships = [
            Membership(p["id"], handles[team], MembershipRole.lead if p.get("lead") else MembershipRole.member)
            for p in found["people"]
            for team in ([p["team"]] if isinstance(p.get("team"), str) else p.get("teams", ()))
        ]
        return people, teams, memberships, list(found.get("admins", ()))
    except (KeyError, TypeError) as error:
        raise WrongDirectory(why=f"{error} is missing or misplaced") from error
