"""What this domain changes in clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from podo.catalog.types import CloudAccount, TagFailure


class NamespaceWriter(Protocol):
    """Makes and removes namespaces; each may be sent twice."""

    async def make(self, cluster: str, project: str, manifests: Sequence[dict[str, Any]]) -> None:
        """Apply the namespace, its quota and limits. Raises `NamespaceForeign` when it is there and not Podo's."""
        ...

    async def remove(self, cluster: str, project: str) -> None:
        """Delete the namespace if it is Podo's, and see it gone; one that is gone is fine. Raises `NamespaceLeaving`."""
        ...


class TagWriter(Protocol):
    """Writes tags; each may be sent twice."""

    async def write(
        self, account: CloudAccount, region: str, arns: Sequence[str], wanted: Mapping[str, str], drop: Sequence[str]
    ) -> Mapping[str, TagFailure]:
        """Set `wanted` and remove `drop` on at most 20 assets; what failed, by ARN. Raises an `Unavailable` or a `Refused`."""
        ...
