"""Questions that ask a cluster now: events, logs, manifests; and health of what somebody else read."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from typing import Any

from podo.workloads import rules
from podo.workloads.ports import LogsOf, WorkloadReader
from podo.workloads.types import Happened, Health, View


def health_of(manifest: Mapping[str, Any]) -> Health | None:
    """The health of one object as a cluster shows it, by Argo CD's rules; None for kinds that have none of their own."""
    return rules.health_of(manifest)


def worst(found: Iterable[Health | None]) -> Health:
    """The worst of several, Healthy when there are none."""
    return rules.worst(found)


async def events(reader: WorkloadReader, view: View, project: str, name: str = "") -> Sequence[Happened]:
    """Kubernetes events in a target, newest first; of objects whose names begin with `name`."""
    return await reader.events(view.cluster, project, name)


def logs(reader: WorkloadReader, view: View, project: str, pod: str, which: LogsOf) -> AsyncGenerator[str, None]:
    """A container's lines, each with its time in front."""
    return reader.logs(view.cluster, project, pod, which)


async def manifest(reader: WorkloadReader, view: View, project: str, kind: str, name: str) -> dict[str, Any]:
    """The object as the cluster has it; a Secret without its data."""
    return await reader.manifest(view.cluster, project, kind, name)


async def autoscaler(reader: WorkloadReader, view: View, project: str, kind: str, name: str) -> str | None:
    """The name of what sets this workload's replicas by itself; None when people do."""
    return await reader.autoscaler(view.cluster, project, kind, name)
