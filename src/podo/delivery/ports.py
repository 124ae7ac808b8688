"""What delivery asks of outside."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from podo.delivery.types import BuilderNote, Commit, LogLine, Manifest, Seen, Source


class SourceReader(Protocol):
    """Reads a project's repository. Raises errors of git, which say what is so and what to do."""

    async def head(self, source: Source) -> Commit:
        """The newest commit of the branch."""
        ...

    async def commit(self, source: Source, ref: str) -> Commit:
        """The commit that a sha, branch or tag means."""
        ...

    async def values(self, source: Source, sha: str) -> Mapping[str, Any]:
        """What the commit's podo.yaml says, checked; empty where there is none. Raises `PodoYamlInvalid`."""
        ...

    async def has(self, source: Source, sha: str, path: str) -> bool:
        """Whether the commit has this file."""
        ...


class BuilderReader(Protocol):
    """Says what builds here."""

    async def note(self, url: str) -> BuilderNote:
        """The builder for a repository at `url`."""
        ...


class BuildLogReader(Protocol):
    """Reads logs of builds."""

    async def lines(self, build: str, after: int = 0, limit: int = 5000) -> Sequence[LogLine]:
        """Lines behind number `after`."""
        ...

    def follow(self, build: str, after: int = 0) -> AsyncGenerator[LogLine, None]:
        """Lines behind `after`, then further ones as they come, until the log ends."""
        ...


@dataclass(frozen=True, slots=True)
class RenderedChart:
    """A chart made into manifests."""

    manifests: Sequence[Manifest]
    chart: str


class ChartReader(Protocol):
    """Makes the paved-road chart into manifests. Asks nothing of the network."""

    async def defaults(self) -> Mapping[str, Any]:
        """The chart's own values."""
        ...

    async def schema(self) -> Mapping[str, Any]:
        """The JSON schema of its values."""
        ...

    async def digest(self) -> str:
        """What the chart is called by: a digest of its content."""
        ...

    def text(self, manifest: Manifest) -> str:
        """A manifest as YAML, for people."""
        ...

    async def render(self, name: str, namespace: str, values: Mapping[str, Any]) -> RenderedChart:
        """Manifests for these values over the chart's own. Raises what Helm says of bad values or templates."""
        ...


class TargetReader(Protocol):
    """Looks at what was applied. Raises an `Unavailable` when the cluster does not answer."""

    async def reach(self, cluster: str, project: str) -> None:
        """The cluster answers and has the project's namespace. Raises `TargetGone` when it has not."""
        ...

    async def look(self, cluster: str, project: str, label: str, manifests: Sequence[Manifest]) -> Seen:
        """How the workloads among `manifests` and the pods that bear `label` are, once: Healthy only when all are."""
        ...
