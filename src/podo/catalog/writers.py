"""What this domain changes in clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class NamespaceWriter(Protocol):
    """Makes and removes namespaces; each may be sent twice."""

    async def make(self, cluster: str, project: str, manifests: Sequence[dict[str, Any]]) -> None:
        """Apply the namespace, its quota and limits. Raises `NamespaceForeign` when it is there and not Podo's."""
        ...

    async def remove(self, cluster: str, project: str) -> None:
        """Delete the namespace if it is Podo's, and see it gone; one that is gone is fine. Raises `NamespaceLeaving`."""
        ...
