"""What a rendering is, and who makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

KUBE_VERSION = "1.36.0"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One Kubernetes object, and the template that it comes from (`service/templates/deployment.yaml`)."""

    template: str
    object: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered chart: manifests in the order in which Helm would install them, the text of each template that gave any
    (documents parted by `---`), the digest of the chart, and the engine with its version (`helm v4.3.1`)."""

    manifests: tuple[Manifest, ...]
    texts: Mapping[str, str]
    chart: str
    engine: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The manifests' objects alone, in the same order."""
        return [manifest.object for manifest in self.manifests]


class HelmEngine(Protocol):
    """What turns a chart on disk into text."""

    async def version(self) -> str:
        """The engine's name and version. Raises `HelmUnavailable`."""
        ...

    async def texts(
        self, chart: Path, values: Mapping[str, Any], release: str, namespace: str, kube_version: str
    ) -> Mapping[str, str]:
        """Each template's text, notes and empty ones included. Raises what `Helm.render` raises, but reads no YAML."""
        ...

    async def close(self) -> None:
        """End what runs."""
        ...


class Helm(Protocol):
    """Rendering; asks no cluster (`lookup` finds nothing) and no network."""

    async def render(
        self,
        chart: Path,
        values: Mapping[str, Any],
        *,
        release: str,
        namespace: str,
        kube_version: str = KUBE_VERSION,
    ) -> Rendered:
        """Render the chart in folder `chart`, as for a first installation.

        The same arguments give the same manifests; the caller may change what it gets. Raises `ChartMissing`, `ChartInvalid`,
        `ValuesInvalid`, `TemplateFailed`, `RenderTooHeavy`, `HelmUnavailable`.
        """
        ...

    async def close(self) -> None:
        """End what runs."""
        ...
