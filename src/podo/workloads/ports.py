"""What this domain asks of clusters."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from podo.workloads.types import Happened, Pod, Reach, Workload


@dataclass(frozen=True, slots=True)
class Sighting:
    """News of one cluster: what is there, what is gone as (kind, namespace, name), and whether it can be seen at all.

    `whole` names the kinds of which this is everything there is: what is known beyond it is gone.
    """

    reach: Reach
    why: str = ""
    workloads: Sequence[Workload] = ()
    pods: Sequence[Pod] = ()
    gone: Sequence[tuple[str, str, str]] = ()
    whole: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LogsOf:
    """Which lines: of `container` (None: the first), of the `previous` run, from `since` on (to the second), the last `tail`."""

    container: str | None = None
    previous: bool = False
    since: datetime | None = None
    tail: int | None = None
    follow: bool = False


class WorkloadReader(Protocol):
    """Reads what runs. Everything raises an `Unavailable` when the cluster does not answer."""

    def watch(self, cluster: str) -> AsyncGenerator[Sighting, None]:
        """News without end: everything first, then what changes; out of reach is news too, never an error."""
        ...

    async def events(self, cluster: str, namespace: str, name: str) -> Sequence[Happened]:
        """Kubernetes events about objects whose name begins with `name`, newest first; empty name: of the namespace."""
        ...

    def logs(self, cluster: str, namespace: str, pod: str, which: LogsOf) -> AsyncGenerator[str, None]:
        """Lines of a container, each `time text`; with `follow` until it ends. Raises `NoSuchWorkload`, `NoEarlierRun`."""
        ...

    async def manifest(self, cluster: str, namespace: str, kind: str, name: str) -> dict[str, Any]:
        """The object as the cluster has it, without managed fields and without a Secret's data. Raises `NoSuchWorkload`."""
        ...

    async def autoscaler(self, cluster: str, namespace: str, kind: str, name: str) -> str | None:
        """The name of what sets this workload's replicas by itself; None when people do."""
        ...
