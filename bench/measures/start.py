"""From the command to the first page, with the example company, and the memory it then takes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from bench import machine
from bench.figures import Figure, Limit
from bench.measures import LeftOut
from bench.sizes import Size

_PATIENCE = 120


async def measure(size: Size) -> list[Figure]:
    """The first start of a fresh installation whose example is made already, again and again."""
    if not size.is_seeded:
        raise LeftOut("the example company takes a minute to make: this is for the whole size")
    _made()
    seconds, memory = [], []
    for _ in range(size.rounds):
        with tempfile.TemporaryDirectory(prefix="podo-bench-") as folder:
            took, held = _start(Path(folder))
            seconds.append(took)
            memory.append(held)
    return [
        Figure("start", "first page of a first start", "s", seconds, Limit(5)),
        Figure("start", "memory then", "MB", memory, Limit(400)),
    ]


def _made() -> None:
    subprocess.run([sys.executable, "-m", "podo.app.demo"], check=True, stdout=sys.stderr)


def _start(folder: Path) -> tuple[float, float]:
    port = machine.free_port()
    chosen = {"PODO_SERVER_DIRECTORY": str(folder), "PODO_SERVER_PORT": str(port), "PODO_DELIVERY_BUILDER": "twin"}
    env = {k: v for k, v in os.environ.items() if not k.startswith("PODO_")} | chosen
    begun = time.perf_counter()
    with (folder / "said").open("w") as said:
        server = subprocess.Popen([sys.executable, "-m", "podo.app", "up"], env=env, stdout=said, stderr=said)
    try:
        while True:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/sign-in", timeout=_PATIENCE).status_code == 200:
                    break
            except httpx.TransportError:
                if server.poll() is not None or time.perf_counter() - begun > _PATIENCE:
                    raise RuntimeError((folder / "said").read_text()[-2000:]) from None
                time.sleep(0.02)
        took = time.perf_counter() - begun
        return took, machine.resident(server.pid)
    finally:
        server.terminate()
        server.wait(30)
