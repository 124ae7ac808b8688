"""Processes that outlive whoever started them, and that are known again without mistake.

Each runs in the cluster's own folder and names that folder on its command line; its pid lies in `<folder>/pids/<name>`. A pid
counts only while the process behind it still names the folder: one that was given to another program is never touched.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from podo.kernel import clock

# The shell ends at once, so that what it started belongs to init: nobody here has to wait for it, ever.
_LAUNCH = 'pid=$1 log=$2; shift 2; "$@" </dev/null >"$log" 2>&1 & echo $! >"$pid"'

_LOOKS = 100


def launch(folder: Path, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Start `command` in `folder`, away from the terminal, its output in `<folder>/logs/<name>.log`."""
    for kept in ("pids", "logs"):
        (folder / kept).mkdir(mode=0o700, exist_ok=True)
    arguments = [str(folder / "pids" / name), str(folder / "logs" / f"{name}.log"), *command]
    subprocess.run(
        ["/bin/sh", "-c", _LAUNCH, "sh", *arguments],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        check=True,
    )


def alive(folder: Path) -> dict[str, int]:
    """The pids of the cluster in `folder` that still run, by name."""
    return {name: pid for name, pid in _written(folder).items() if _names(pid, folder)}


def dead(folder: Path) -> list[str]:
    """The names of those that were started and run no more."""
    return sorted(_written(folder).keys() - alive(folder).keys())


def end(folder: Path, patience: float = 10.0) -> None:
    """Kill what runs, and return when it is gone. Raises TimeoutError when it is not after `patience` seconds.

    Kill and not ask: what they hold goes away with the cluster.
    """
    until = clock.monotonic() + patience
    while running := alive(folder):
        if clock.monotonic() > until:
            raise TimeoutError(f"{', '.join(running)} of {folder} did not end within {patience:.0f} s")
        for pid in running.values():
            _kill(pid, folder)
        time.sleep(0.02)


def memory(pids: Sequence[int]) -> int:
    """Bytes of memory that these processes hold; those that cannot be asked count nothing."""
    return sum(_resident(pid) for pid in pids)


def _written(folder: Path) -> dict[str, int]:
    found = {}
    for file in sorted((folder / "pids").glob("*")):
        with contextlib.suppress(OSError, ValueError):
            found[file.name] = int(file.read_text())
    return found


def _names(pid: int, folder: Path) -> bool:
    return any(f"{folder}/" in argument for argument in _command(pid))


def _command(pid: int) -> list[str]:
    """The command line of a process; empty when there is none, or when only its exit code is left."""
    if Path("/proc/self/cmdline").exists():
        return _command_in_proc(Path(f"/proc/{pid}"))
    said = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return said.stdout.split()


def _command_in_proc(entry: Path) -> list[str]:
    with contextlib.suppress(OSError, IndexError):
        for _ in range(_LOOKS):
            if command := (entry / "cmdline").read_bytes():
                return command.decode(errors="replace").split("\0")
            # What is just becoming another program has none for a moment; one that is only waited for has none any more.
            if (entry / "stat").read_bytes().rpartition(b")")[2].split()[0] in (b"Z", b"X"):
                return []
            time.sleep(0.002)
    return []


def _kill(pid: int, folder: Path) -> None:
    """Kill `pid` if it is ours. Where the system has handles to processes, it cannot become another's in between."""
    with contextlib.suppress(ProcessLookupError):
        if not hasattr(os, "pidfd_open"):
            os.kill(pid, signal.SIGKILL)
            return
        handle = os.pidfd_open(pid)
        try:
            if _names(pid, folder):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0
