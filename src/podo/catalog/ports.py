"""What this domain asks of outside."""

from __future__ import annotations

from typing import Protocol

from podo.catalog.types import Found


class RepositoryReader(Protocol):
    """Looks into a git repository. Raises errors of git, which say what is so and what to do."""

    async def look(self, url: str, credential: str, branch: str = "") -> Found:
        """Branch (the default one for an empty text), newest commit, Dockerfiles and README; `credential` is a token or a deploy key."""
        ...


class NamespaceReader(Protocol):
    """Asks clusters about namespaces."""

    async def taken_by(self, cluster: str, name: str) -> str:
        """Empty when the name is free or Podo's own; else who has it. Raises an `Unavailable`."""
        ...

    async def version(self, cluster: str) -> str:
        """The version of the API server. Raises an `Unavailable`."""
        ...
