"""A worker as a process of its own: `python -c "…" <folder> <port of the twins> <clusters>`, settings from the environment.

Before and after each step of a rollout it looks whether `<folder>/fault` tells it to die or to stand still there.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path

from podo.app import garbage
from podo.app import house as houses
from podo.catalog.adapters.clusters import ClusterPool
from podo.clients.kubernetes.connections import Connections
from tests.sweeps.far import Far

DEAD_AFTER = 2.0
# As in the server's own program, garbage is not looked for while all of it loads.
PROGRAM = "import gc; gc.disable(); from tests.sweeps import worker; worker.begin()"


class Fate:
    """`Durable.interference`: what `<folder>/fault` says, once, whichever process comes there first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def __call__(self, phase: str, step: str, run: str) -> None:
        if not run.startswith("rollout:"):
            return
        with (self._folder / "steps").open("a") as steps:
            steps.write(f"{os.getpid()} {phase} {step} {run}\n")
        await self._meet(phase, step)

    async def _meet(self, phase: str, step: str) -> None:
        fault = self._folder / "fault"
        try:
            wanted = json.loads(fault.read_text())
            if [phase, step] != [wanted["phase"], wanted["step"]]:
                return
            # One of all processes alone can take it away.
            fault.rename(self._folder / "met")
        except FileNotFoundError:
            return
        (self._folder / "victim").write_text(str(os.getpid()))
        match wanted["kind"]:
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "frozen":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "held":
                await asyncio.Event().wait()
            case _:
                while not (self._folder / "cut").exists():  # noqa: ASYNC110 - another process makes it
                    await asyncio.sleep(0.01)


async def main(folder: Path, port: int, clusters: list[str]) -> None:
    """Work until SIGTERM."""
    house = houses.build(houses.settings_of(None))
    house.durable.pauses = (0.05, 0.1, 0.2)
    house.durable.dead_after = DEAD_AFTER
    house.durable.interference = Fate(folder)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with houses.running(house):
        pool = house.ports[Connections]  # type: ignore[type-abstract]
        assert isinstance(pool, ClusterPool)
        for cluster in clusters:
            pool.put(Far(cluster, port, os.getpid()))  # type: ignore[arg-type]
        (folder / f"ready-{os.getpid()}").write_text(house.durable.process)
        await ended.wait()


def begin() -> None:
    """The program."""
    garbage.settle()
    logging.basicConfig(level="INFO", format="%(asctime)s %(process)d %(name)s %(message)s")
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split(",")))
