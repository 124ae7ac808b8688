"""What this domain asks of clusters."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
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


class WorkloadReader(Protocol):
    """Reads what runs. Everything raises an `Unavailable` when the cluster does not answer."""

    def watch(self, cluster: str) -> AsyncGenerator[Sighting, None]:
        """News without end: everything first, then what changes; out of reach is news too, never an error."""
        ...

    async def events(self, cluster: str, namespace: str, name: str) -> Sequence[Happened]:
        """Kubernetes events about objects whose name begins with `name`, newest first; empty name: of the namespace."""
        ...

    def logs(
        self,
        cluster: str,
        namespace: str,
        pod: str,
        *,
        container: str | None,
        previous: bool,
        tail: int,
        follow: bool,
    ) -> AsyncGenerator[str, None]:
        """Lines of a container, each `time text`; with `follow` until it ends. Raises `NoSuchWorkload`."""
        ...

    async def manifest(self, cluster: str, namespace: str, kind: str, name: str) -> dict[str, Any]:
        """The object as the cluster has it, without managed fields and without a Secret's data. Raises `NoSuchWorkload`."""
        ...
