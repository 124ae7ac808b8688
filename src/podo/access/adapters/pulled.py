"""Directories that are read over the network: a SCIM server, and a JSON document of the file's shape."""

from __future__ import annotations

from podo.access import rules
from podo.access.adapters.file import taken
from podo.access.types import Feed, WrongDirectory
from podo.clients.directory import Document, Scim
from podo.kernel import clock


class Every:
    """A stamp that is another one each `minutes`: a server does not say by itself that something changed."""

    def __init__(self, minutes: int) -> None:
        self._step = max(1, minutes) * 60

    async def stamp(self) -> str:
        """See `DirectoryReader.stamp`."""
        return str(int(clock.now().timestamp()) // self._step)


class ScimDirectory(Every):
    """A SCIM 2.0 server. Its ids are ours."""

    def __init__(self, server: Scim, minutes: int) -> None:
        super().__init__(minutes)
        self._server = server

    async def read(self) -> Feed:
        """See `DirectoryReader.read`."""
        users, groups = await self._server.everything()
        for one in (*users, *groups):
            if not rules.is_id(str(one["id"])):
                raise WrongDirectory(why=f"the id {one['id']!r} cannot stand in an address")
        return rules.feed_of(((str(u["id"]), u) for u in users), ((str(g["id"]), g) for g in groups))


class JsonDirectory(Every):
    """A JSON document of the shape of the file."""

    def __init__(self, document: Document, minutes: int) -> None:
        super().__init__(minutes)
        self._document = document

    async def read(self) -> Feed:
        """See `DirectoryReader.read`."""
        return taken(await self._document.read())
