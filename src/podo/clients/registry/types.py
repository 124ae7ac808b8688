"""What an image is, and the verbs that a registry and its twin both answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from podo.clients.registry.reference import Reference


@dataclass(frozen=True, slots=True)
class Login:
    """A registry's user and password or token."""

    user: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as the registry keeps it: its digest, its media type, and its content."""

    digest: str
    media_type: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """How an image wants to be run. `size` is what a node fetches, in bytes; `user` is empty for root; `ports` are `8080/tcp`."""

    digest: str
    size: int
    user: str = ""
    ports: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    created: datetime | None = None
    os: str = "linux"
    architecture: str = "amd64"


class Registry(Protocol):
    """A registry's verbs.

    All raise `RegistryUnreachable`, `RegistryRefused` and `RegistryBroken`; those about an image raise `NoSuchImage` too.
    """

    async def ping(self, host: str) -> None:
        """Ask whether the registry is there and lets us in."""
        ...

    async def resolve(self, image: Reference) -> str:
        """The digest that the reference means now."""
        ...

    async def exists(self, image: Reference) -> bool:
        """Whether the registry has it."""
        ...

    async def manifest(self, image: Reference) -> Manifest:
        """The manifest, checked against its digest."""
        ...

    async def config(self, image: Reference, platform: str = "linux/amd64") -> ImageConfig:
        """How the image wants to be run; of an index, the image for `platform`."""
        ...

    async def tags(self, repository: Reference, limit: int = 1000) -> tuple[str, ...]:
        """The names of its tags in order, the first `limit` of them."""
        ...

    async def close(self) -> None:
        """End the connections."""
        ...
