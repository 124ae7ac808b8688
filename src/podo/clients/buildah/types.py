"""What is built, and the verbs that buildah and its twin both answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from podo.clients.registry import Reference


@dataclass(frozen=True, slots=True)
class Built:
    """An image in its registry: the digest that the registry answers for its tag (`sha256:…`), what a node fetches in bytes, whom
    it runs as (empty: root), and the numbers of the ports that it says it listens on."""

    digest: str
    size: int
    user: str
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether images can be built here; `why` says why not. True where they can."""

    why: str = ""

    def __bool__(self) -> bool:
        """Whether they can."""
        return not self.why


class Builder(Protocol):
    """Builds images and pushes them."""

    @property
    def name(self) -> str:
        """What it calls itself: `buildah 1.28` (without a number until `available` was asked), `twin`."""
        ...

    @property
    def simulated(self) -> bool:
        """Whether its images are made up."""
        ...

    async def available(self) -> Availability:
        """Whether it can build on this machine now."""
        ...

    async def build(
        self,
        folder: Path,
        *,
        dockerfile: str,
        image: Reference,
        labels: Mapping[str, str],
        args: Mapping[str, str],
        on_line: Callable[[str], None],
        timeout: float,
    ) -> Built:
        """Build the final stage of `dockerfile` (a path below `folder`) and push it as `image`, which bears a tag.

        `labels` win over the Dockerfile's; `args` fill its ARGs, and stand in the image's history: no secrets. `on_line` gets
        each line of the log as it comes: without control characters, at most 16 KiB long. `timeout` bounds build and push
        together (seconds). Cancelled, it ends every process that it began before it returns. May be called again after any end.

        Raises `BuilderMissing`, `FolderUnsafe`, `DockerfileMissing`, `DockerfileInvalid`, `ImageMissing`, `BuildFailed`,
        `BuildTimedOut`, `DiskFull`, `PushRefused`, `RegistryUnreachable`, `RegistryBroken`.
        """
        ...

    async def tidy(self) -> bool:
        """Remove what ended builds left behind, and cached layers that are old or take the room of others.

        False where a build is running, in this process or another, so that nothing was touched.
        """
        ...
