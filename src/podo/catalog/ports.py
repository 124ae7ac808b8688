"""What this domain asks of outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from podo.catalog.types import AssetPage, CloudAccount, Found, Source


class RepositoryReader(Protocol):
    """Looks into a git repository. Raises errors of git, which say what is so and what to do."""

    async def check(self, url: str) -> None:
        """Whether Podo may read repositories at this address. Raises `RepositoryForbidden`, or `AddressInvalid` of git."""
        ...

    async def look(self, url: str, credential: str, branch: str = "") -> Found:
        """Branch (the default one for an empty text), newest commit, Dockerfiles and README.

        `credential` is a token or a deploy key, or empty.
        """
        ...

    async def read(self, url: str, credential: str, branch: str, path: str) -> str:
        """The text of one file on a branch (empty: the default one). Raises `NoSuchPath` of git, and what `look` raises."""
        ...

    async def readme(self, url: str, credential: str, branch: str) -> str:
        """The text of README.md on a branch, at most five minutes old; empty where there is none."""
        ...


class DescriptorReader(Protocol):
    """Reads and writes descriptors: YAML of one or several documents. Asks nothing outside."""

    def documents(self, text: str) -> Sequence[tuple[int, Any]]:
        """Each document, with the line at which it begins; empty ones are left out. Raises `Unreadable`, naming a line."""
        ...

    def text(self, documents: Sequence[Any]) -> str:
        """The documents as YAML."""
        ...


class NamespaceReader(Protocol):
    """Asks clusters about themselves and their namespaces."""

    async def is_foreign(self, cluster: str, name: str) -> bool:
        """Whether the cluster has a namespace of this name that Podo did not make. Raises an `Unavailable`."""
        ...

    async def version(self, cluster: str) -> str:
        """The version of the API server. Raises an `Unavailable`."""
        ...

    def check_kubeconfig(self, name: str, kubeconfig: str) -> None:
        """Whether a kubeconfig can be used, before it is kept. Raises `BadKubeconfig` of Kubernetes."""
        ...


class AssetReader(Protocol):
    """Lists what is in an account of a cloud. All but `sources` raise an `Unavailable` or a `Refused` that say what to do."""

    def sources(self, account: CloudAccount, region: str) -> Sequence[Source]:
        """The listings of a region (or `global`) that together show what is there, and those of kinds that cannot be listed."""
        ...

    async def read(self, account: CloudAccount, region: str, source: str, cursor: str) -> AssetPage:
        """A piece of a listing, from the beginning for an empty cursor. Raises `CursorLost` when it has to begin anew."""
        ...

    async def tags(self, account: CloudAccount, region: str, arns: Sequence[str]) -> Mapping[str, Mapping[str, str] | None]:
        """The tags of at most 100 assets as they are now; None for those that are gone or have never had any."""
        ...
