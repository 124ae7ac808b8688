"""Where clients of clusters come from, by name."""

from __future__ import annotations

from typing import Protocol

from podo.clients.kubernetes.client import Cluster


class Connections(Protocol):
    """The clusters that can be reached."""

    async def of(self, cluster: str) -> Cluster:
        """The client of the cluster called so; kept, and closed by whoever keeps them. Raises a `Missing` where there is none."""
        ...
