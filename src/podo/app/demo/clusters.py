"""Twins of the example's clusters, with what the history says runs there, and what became of it since."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from podo.clients.kubernetes.twin import AT_ONCE, Twin
from podo.kernel import clock

_NODES = 9
# How long a twin runs before it is kept, so that what breaks after a while has broken.
_RUN = 3.0

Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Filling:
    """What stands in one cluster: groups of objects, each with the moment since when, in any order."""

    cluster: str
    region: str
    groups: Sequence[tuple[datetime, Sequence[Manifest]]]


async def fill(fillings: Sequence[Filling], folder: Path) -> None:
    """Write a file for each twin into `folder`, as the pool of clusters keeps them; two at a time, in processes of their own."""
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        dumps = await asyncio.gather(*(loop.run_in_executor(processes, _filled, filling) for filling in fillings))
    await asyncio.to_thread(_write, folder, {filling.cluster: dump for filling, dump in zip(fillings, dumps, strict=True)})


def _write(folder: Path, dumps: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for cluster, dump in dumps.items():
        (folder / f"{cluster}.twin").write_bytes(dump)


def _filled(filling: Filling) -> bytes:
    return asyncio.run(_run(filling))


async def _run(filling: Filling) -> bytes:
    zones = [f"{filling.region}-{letter}" for letter in "abc"]
    twin = Twin(filling.cluster, nodes=_NODES, zones=zones, pace=AT_ONCE)
    for at, manifests in sorted(filling.groups, key=lambda group: group[0]):
        with clock.fixed(at):
            twin.seed(manifests)
    twin.wake()
    await asyncio.sleep(_RUN)
    dump = twin.dump()
    await twin.close()
    return dump
