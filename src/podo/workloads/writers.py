"""What this domain changes in clusters. Each may be sent twice."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class WorkloadWriter(Protocol):
    """Restart, scale, delete a pod. Raises `NoSuchWorkload`, or an `Unavailable`."""

    async def restart(self, cluster: str, namespace: str, kind: str, name: str, at: datetime) -> None:
        """Make all pods anew, by the workload's own strategy; the same `at` twice restarts once."""
        ...

    async def scale(self, cluster: str, namespace: str, kind: str, name: str, replicas: int) -> None:
        """Set the wished number of pods."""
        ...

    async def delete_pod(self, cluster: str, namespace: str, name: str, uid: str) -> None:
        """Delete the pod if it is still the one with `uid`; one that is gone is fine."""
        ...
