"""What this domain asks of outside."""

from __future__ import annotations

from typing import Protocol

from podo.access.types import Feed


class DirectoryReader(Protocol):
    """A directory of people and teams: a file now, SCIM and HR systems later."""

    async def read(self) -> Feed:
        """All of it. Raises `WrongDirectory` or an `Unavailable`."""
        ...
