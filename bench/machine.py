"""What a machine says of a process and of itself."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.figures import Figure

_TICKS = os.sysconf("SC_CLK_TCK")
_TURNS = 1_500_000


@dataclass(slots=True)
class Noise:
    """A fixed piece of work, timed now and then: how much of a core it got, and the load beside it."""

    shares: list[float] = field(default_factory=list[float])
    loads: list[float] = field(default_factory=list[float])
    took: list[float] = field(default_factory=list[float])

    def listen(self) -> None:
        """Once more."""
        wall, own = time.perf_counter(), time.process_time()
        _spin()
        spent = time.process_time() - own
        self.shares.append(100 * spent / (time.perf_counter() - wall))
        self.took.append(1000 * spent)
        self.loads.append(os.getloadavg()[0])

    def figures(self) -> list[Figure]:
        """For the table."""
        cores = os.cpu_count() or 1
        return [
            Figure("machine", "share of a core that fixed work got", "%", self.shares, beside=f"{cores} cores"),
            Figure("machine", "the same work, its CPU time", "ms", self.took),
            Figure("machine", "load", "", self.loads, beside=f"over {cores} means that others work here, too"),
        ]


def _spin() -> int:
    total = 0
    for turn in range(_TURNS):
        total += turn & 7
    return total


def cpu(pid: int, *, waited: bool = False) -> float:
    """Seconds of CPU that a process has used; with `waited` those of its children, too, that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11 : 15 if waited else 13])) / _TICKS


def resident(pid: int, key: str = "VmRSS") -> float:
    """MB that a process holds; `VmHWM`: that it ever held."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def children(pid: int) -> list[int]:
    """The processes that a process started, and theirs."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if parent == pid:
            found += [int(path.parent.name), *children(int(path.parent.name))]
    return found


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
