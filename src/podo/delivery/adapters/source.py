"""Projects' repositories, by git."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from podo.clients.git import Git, NoSuchPath, NoSuchRef, Remote, TooLarge, credential_of
from podo.delivery.adapters import podo_yaml
from podo.delivery.ports import ChartReader
from podo.delivery.rules.podo_yaml import MOST_BYTES, checked
from podo.delivery.types import Commit, PodoYamlInvalid, Source

_FILE = "podo.yaml"
_REMEMBERED = 5000


class GitSources:
    """`SourceReader`. Which addresses may be asked is the git client's business; `charts` says which values there are."""

    def __init__(self, git: Git, charts: ChartReader) -> None:
        self._git = git
        self._charts = charts
        self._heads: OrderedDict[tuple[str, str], Commit] = OrderedDict()

    async def head(self, source: Source) -> Commit:
        """See `SourceReader.head`. One question to the repository; a commit that was seen before is not read again."""
        remote = _remote(source)
        sha = (await self._git.ls_remote(remote)).shas.get(f"refs/heads/{source.branch}")
        if sha is None:
            raise NoSuchRef(url=source.url, ref=source.branch)
        if (source.url, sha) not in self._heads:
            self._heads[source.url, sha] = await self._read(remote, sha)
        self._heads.move_to_end((source.url, sha))
        while len(self._heads) > _REMEMBERED:
            self._heads.popitem(last=False)
        return self._heads[source.url, sha]

    async def commit(self, source: Source, ref: str) -> Commit:
        """See `SourceReader.commit`."""
        remote = _remote(source)
        return await self._read(remote, await self._git.fetch(remote, ref))

    async def values(self, source: Source, sha: str) -> Mapping[str, Any]:
        """See `SourceReader.values`."""
        try:
            content = await self._git.read(_remote(source), sha, _FILE, MOST_BYTES)
        except NoSuchPath:
            return {}
        except TooLarge as error:
            raise PodoYamlInvalid(line=0, why=f"it has {error.data['size']}, and may have {MOST_BYTES >> 10} KiB") from None
        schema = await self._charts.schema()
        return await asyncio.to_thread(lambda: checked(*podo_yaml.read(content), schema))

    async def has(self, source: Source, sha: str, path: str) -> bool:
        """See `SourceReader.has`."""
        try:
            await self._git.read(_remote(source), sha, path)
        except NoSuchPath:
            return False
        except TooLarge:
            return True
        return True

    async def _read(self, remote: Remote, sha: str) -> Commit:
        found = (await self._git.log(remote, sha, 1))[0]
        return Commit(found.sha, found.subject, found.author, found.at)


def _remote(source: Source) -> Remote:
    return Remote(source.url.strip(), credential_of(source.credential))
