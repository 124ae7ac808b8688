"""Clusters that end with whoever uses them: an own process waits for that one's end, however it comes."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from podo.clients.kubernetes.local import cluster
from podo.clients.kubernetes.local.cluster import ClusterMissing, LocalCluster


@contextlib.contextmanager
def started(name: str, directory: Path, *, nodes: int = 3, region: str | None = None) -> Iterator[LocalCluster]:
    """The cluster `name`, up within this context and gone after it, with its state in `directory`.

    It ends as well when this process is killed in between. Raises what `up` raises.
    """
    # The guard holds the other end of a pipe, which closes when this process ends.
    guard = [sys.executable, "-m", "podo.clients.kubernetes.local", name, str(directory)]
    with subprocess.Popen(guard, stdin=subprocess.PIPE, start_new_session=True) as process:
        try:
            yield cluster.up(name, directory, nodes=nodes, region=region)
        finally:
            process.kill()
            with contextlib.suppress(ClusterMissing):
                cluster.down(name, directory)


@contextlib.asynccontextmanager
async def running(name: str, directory: Path, *, nodes: int = 3, region: str | None = None) -> AsyncIterator[LocalCluster]:
    """`started` for async code: the loop goes on while the cluster starts and ends."""
    context = started(name, directory, nodes=nodes, region=region)
    found = await asyncio.to_thread(context.__enter__)
    try:
        yield found
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)
