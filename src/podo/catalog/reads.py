"""Questions that ask repositories and clusters now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from podo.catalog.ports import DescriptorReader, NamespaceReader, RepositoryReader
from podo.catalog.rules import entities as backstage
from podo.catalog.rules import tables
from podo.catalog.types import ClusterSlow, Found, NamespaceForeign, ReadRows, RepositorySlow
from podo.kernel.errors import Missing, PodoError, Unavailable

T = TypeVar("T")

_log = logging.getLogger("podo.catalog")
_SECONDS = 5.0
_TYPING_SECONDS = 2.0
_LOOK_SECONDS = 60.0


async def look(reader: RepositoryReader, url: str, credential: str, branch: str = "") -> Found:
    """What a repository holds. Raises errors of git, `RepositorySlow` after a minute."""
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            return await reader.look(url.strip(), credential, branch)
    except TimeoutError:
        raise RepositorySlow(url=url, seconds=f"{_LOOK_SECONDS:g}") from None


async def readme(reader: RepositoryReader, url: str, credential: str, branch: str) -> str:
    """The text of README.md on a branch, at most five minutes old; empty where there is none. Raises what `look` raises."""
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            return await reader.readme(url, credential, branch)
    except TimeoutError:
        raise RepositorySlow(url=url, seconds=f"{_LOOK_SECONDS:g}") from None


async def descriptor(reader: RepositoryReader, url: str, credential: str, branch: str, path: str) -> str:
    """A descriptor in a repository; an empty path is `catalog-info.yaml` or `.yml`. Raises `NoSuchPath`, and as `look`."""
    names = [path] if path else ["catalog-info.yaml", "catalog-info.yml"]
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            for name in names[:-1]:
                try:
                    return await reader.read(url.strip(), credential, branch, name)
                except Missing:
                    continue
            return await reader.read(url.strip(), credential, branch, names[-1])
    except TimeoutError:
        raise RepositorySlow(url=url, seconds=f"{_LOOK_SECONDS:g}") from None


def entities(reader: DescriptorReader, text: str) -> ReadRows:
    """Projects from Backstage's descriptors. Raises `Unreadable`."""
    return backstage.read(reader.documents(text))


def decoded(content: bytes) -> tuple[str, str]:
    """A file's text and the name of its encoding. Raises `Unreadable`."""
    return tables.decoded(content)


def spreadsheet(text: str, encoding: str = "UTF-8") -> ReadRows:
    """Projects from a spreadsheet, line by line. Raises `Unreadable`."""
    return tables.read(text, encoding)


async def check_repository(reader: RepositoryReader, url: str) -> None:
    """Whether Podo may read repositories at this address. Raises `RepositoryForbidden`, or `AddressInvalid` of git."""
    await reader.check(url)


def check_kubeconfig(reader: NamespaceReader, name: str, kubeconfig: str) -> None:
    """Whether a kubeconfig can be used, before it is kept. Raises `BadKubeconfig` of Kubernetes."""
    reader.check_kubeconfig(name, kubeconfig)


async def foreign(reader: NamespaceReader, clusters: Sequence[str], name: str) -> tuple[list[str], list[str]]:
    """The clusters in which somebody else has a namespace of this name, and those that did not answer within two seconds."""
    answers = await asyncio.gather(*(_within(_TYPING_SECONDS, c, reader.is_foreign(c, name)) for c in clusters))
    taken = [c for c, a in zip(clusters, answers, strict=True) if a is True]
    return taken, [c for c, a in zip(clusters, answers, strict=True) if isinstance(a, PodoError)]


async def branch_of_new(
    namespaces: NamespaceReader,
    repositories: RepositoryReader,
    *,
    slug: str,
    clusters: Sequence[str],
    repository: str,
    credential: str,
    branch: str,
) -> str:
    """The branch that a new project is built from, when nothing outside speaks against it: `branch`, or the default one.

    A cluster that does not answer does not stop it; the namespace waits. Raises `NamespaceForeign` and what `look` raises.
    """
    taken, _ = await foreign(namespaces, clusters, slug)
    if taken:
        raise NamespaceForeign(cluster=taken[0], project=slug)
    if branch:
        await check_repository(repositories, repository)
        return branch
    return (await look(repositories, repository, credential)).branch


async def versions(reader: NamespaceReader, clusters: Sequence[str]) -> dict[str, str | PodoError]:
    """The version of each cluster, or why it does not answer; none is waited for longer than five seconds."""
    answers = await asyncio.gather(*(_within(_SECONDS, c, reader.version(c)) for c in clusters))
    return dict(zip(clusters, answers, strict=True))


async def _within(seconds: float, cluster: str, asked: Awaitable[T]) -> T | PodoError:
    try:
        async with asyncio.timeout(seconds):
            return await asked
    except TimeoutError:
        return ClusterSlow(cluster=cluster, seconds=f"{seconds:g}")
    except PodoError as error:
        return error
    except Exception as error:
        # One cluster with a fault of ours must not hide the others.
        _log.exception("asking %s failed", cluster)
        return Unavailable(what=cluster, why=type(error).__name__)
