"""What this domain asks of outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from podo.access.types import Membership, Person, Team


class DirectoryReader(Protocol):
    """A directory of people and teams: a file now, SCIM and HR systems later."""

    async def read(self) -> tuple[Sequence[Person], Sequence[Team], Sequence[Membership], Sequence[str]]:
        """Everybody, all teams, who is where, and the ids of administrators. Raises `WrongDirectory` or an `Unavailable`."""
        ...
