"""What delivery changes outside. Everything may be sent twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from podo.delivery.types import Built, LogLine, Manifest, Source


class Builder(Protocol):
    """Builds a commit into an image and pushes it."""

    async def build(self, build: str, source: Source, sha: str, dockerfile: str, image: str) -> Built:
        """Build, with the log kept under the id `build`; `image` bears a tag.

        An image that the registry has already for this build is not built again. Raises `NoDockerfile`, what the builder says of
        a bad Dockerfile (`Invalid`), or an `Unavailable`.
        """
        ...

    async def cancel(self, build: str) -> None:
        """End it, if it runs in this process."""
        ...


class BuildLogWriter(Protocol):
    """Keeps logs of builds."""

    async def write(self, build: str, text: str) -> LogLine:
        """A further line."""
        ...

    async def end(self, build: str) -> None:
        """No line comes any more; who follows is let go."""
        ...


class TargetWriter(Protocol):
    """Changes the namespace of a project in a cluster, as field manager `podo`."""

    async def apply(self, cluster: str, project: str, manifests: Sequence[Manifest]) -> None:
        """Apply all, in this order, by server-side apply. Raises what the cluster refuses, or an `Unavailable`."""
        ...

    async def secret(self, cluster: str, project: str, name: str, labels: Mapping[str, str], values: Mapping[str, str]) -> None:
        """Apply a Secret with these plain values; without any, there is none afterwards."""
        ...

    async def prune(self, cluster: str, project: str, environment: str, keep: Sequence[Manifest]) -> Sequence[str]:
        """Delete what Podo applied for this environment and is not in `keep`; what others made stays. Names what went."""
        ...

    async def pause(self, cluster: str, project: str, manifests: Sequence[Manifest]) -> None:
        """Let the Deployments among them go no further, where they stand."""
        ...
