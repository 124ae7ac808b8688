"""Two real control planes for `podo up --clusters local`; they end with Podo, and so does what it knows of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path

from podo.app.demo.founding import Place
from podo.clients.kubernetes import local
from podo.clients.kubernetes.local import ClusterMissing, LocalCluster

REGIONS = ("kr", "jp")
ENVIRONMENTS = ("alpha", "prod")


async def started(folder: Path, undone: contextlib.AsyncExitStack) -> Sequence[LocalCluster]:
    """A cluster for each region, both at once; `undone` ends them. Raises `PartMissing`, `ClusterNotStarted`."""
    up = [undone.enter_async_context(local.running(f"local-{region}", folder, region=region)) for region in REGIONS]
    return await asyncio.gather(*up)


def end_what_is_left(folder: Path) -> None:
    """Of a Podo that was killed."""
    for cluster in local.list(folder):
        with contextlib.suppress(ClusterMissing):
            local.down(cluster.name, folder)


def place(cluster: LocalCluster) -> Place:
    """A cluster as the catalogue takes it."""
    return Place(cluster.name, cluster.region, ENVIRONMENTS, cluster.kubeconfig.read_text())
