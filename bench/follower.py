"""Watches all pods of a cluster and looks at one of them: a program of its own, that does as little as a watch can.

`python -m bench.follower KUBECONFIG NAME` watches; once it reads a number, and the pod NAME was restarted so often, it writes
when it was told of each restart: `[[restarts, time.perf_counter()], …]`.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp

from podo.clients.kubernetes.real import kubeconfig

_VERSION = re.compile(rb'"resourceVersion":"(\d+)"')
_RESTARTS = re.compile(rb'"restartCount":(\d+)')
# A pod's own name and version stand before all else that a line says.
_HEAD = 500

Told = list[tuple[int, float]]


class Follower:
    """The program."""

    def __init__(self, program: subprocess.Popen[str]) -> None:
        self._program = program

    def told(self, last: int) -> Told:
        """All that it was told until it was told of restart number `last`."""
        assert self._program.stdin
        assert self._program.stdout
        print(last, file=self._program.stdin, flush=True)
        return [(number, at) for number, at in json.loads(self._program.stdout.readline())]


@contextmanager
def following(path: Path, name: str) -> Iterator[Follower]:
    """The pods are watched within this context."""
    command = [sys.executable, "-m", "bench.follower", str(path), name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout
            if program.stdout.readline() != "begun\n":
                raise RuntimeError("the follower did not begin")
            yield Follower(program)
        finally:
            program.kill()


async def _main(path: Path, name: str) -> None:
    access = kubeconfig.read(path, None, None)
    pods, told = f"{access.server}/api/v1/pods", Told()
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=access.ssl),
        headers=await access.headers(),
        timeout=aiohttp.ClientTimeout(total=None),
        raise_for_status=True,
    ) as session:
        async with session.get(f"{pods}?limit=1") as answer:
            version = (await answer.json())["metadata"]["resourceVersion"]
        following = asyncio.create_task(_follow(session, pods, version, name, told))
        print("begun", flush=True)
        last = int(await asyncio.to_thread(sys.stdin.readline))
        while not told or told[-1][0] < last:
            if following.done():
                following.result()
            await asyncio.sleep(0.02)
        following.cancel()
    print(json.dumps(told), flush=True)


async def _follow(session: aiohttp.ClientSession, pods: str, version: str, name: str, told: Told) -> None:
    wanted = f'"name":"{name}"'.encode()
    while True:
        # An API server that has too much to do ends the watches of those it could not serve.
        async with session.get(f"{pods}?watch=true&resourceVersion={version}") as answer:
            rest = b""
            async for chunk in answer.content.iter_any():
                now = time.perf_counter()
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if found := _VERSION.search(line, 0, _HEAD):
                        version = found[1].decode()
                    if wanted in line[:_HEAD] and (restarts := _RESTARTS.search(line)):
                        told.append((int(restarts[1]), now))


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2]))
