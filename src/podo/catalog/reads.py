"""Questions that ask repositories and clusters now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from podo.catalog.ports import NamespaceReader, RepositoryReader
from podo.catalog.types import Found
from podo.kernel.errors import PodoError


async def look(reader: RepositoryReader, url: str, credential: str, branch: str = "") -> Found:
    """What a repository holds."""
    return await reader.look(url, credential, branch)


async def name_taken(reader: NamespaceReader, clusters: Sequence[str], name: str) -> tuple[str, list[str]]:
    """Who has the namespace in one of the clusters (empty: nobody), and the clusters that did not answer."""
    answers = await asyncio.gather(*(reader.taken_by(c, name) for c in clusters), return_exceptions=True)
    silent = [c for c, a in zip(clusters, answers, strict=True) if isinstance(a, PodoError)]
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, PodoError):
            raise answer
    return next((a for a in answers if isinstance(a, str) and a), ""), silent
