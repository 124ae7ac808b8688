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


@contextlib.asynccontextmanager
async def running(name: str, directory: Path, *, nodes: int = 3, region: str | None = None) -> AsyncIterator[LocalCluster]:
    """The cluster `name`, up within this context and gone after it, with its state in `directory`.

    It ends as well when this process is killed in between. Raises what `up` raises.
    """
    with _guarded(name, directory):
        try:
            yield await asyncio.to_thread(cluster.up, name, directory, nodes=nodes, region=region)
        finally:
            await asyncio.to_thread(_down, name, directory)


@contextlib.contextmanager
def _guarded(name: str, directory: Path) -> Iterator[None]:
    """Meanwhile a process holds the other end of a pipe, which closes when we end."""
    command = [sys.executable, "-m", "podo.clients.kubernetes.local", name, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:
        yield
        process.kill()


def _down(name: str, directory: Path) -> None:
    with contextlib.suppress(ClusterMissing):
        cluster.down(name, directory)
