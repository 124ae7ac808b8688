"""Run a program: an own process group, a deadline, bounded output, nothing left behind when the caller is cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1 << 16
_ERROR_TAIL = 1 << 16
_LINE = 1 << 14


class TimedOut(Exception):
    """The program ran longer than it may; it was killed."""


class TooMuchOutput(Exception):
    """The program wrote more than it may; it was killed."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended: exit code (negative: the signal), all it wrote to stdout, the end of what it wrote to stderr."""

    code: int
    out: bytes
    err: str


async def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    timeout: float,
    cwd: Path | None = None,
    stdin: bytes = b"",
    max_output: int = 1 << 26,
    limits: Mapping[int, int] | None = None,
) -> Finished:
    """Run `command` to its end and return what it said. `limits` are of `resource.RLIMIT_…`; they hold on Linux.

    Raises `TimedOut`, `TooMuchOutput`, and OSError when it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE if stdin else DEVNULL, stdout=PIPE, stderr=PIPE, env=dict(env), cwd=cwd, start_new_session=True
    )
    _bound(process, limits or {})
    err = asyncio.create_task(_tail(process.stderr))
    fed = asyncio.create_task(_feed(process, stdin))
    try:
        async with asyncio.timeout(timeout):
            out = await _read(process.stdout, max_output)
            await process.wait()
    except TimeoutError:
        raise TimedOut from None
    finally:
        await end(process)
        tail, _ = await asyncio.gather(err, fed)
    return Finished(process.returncode or 0, out, tail.decode(errors="replace"))


async def follow(
    command: Sequence[str], *, env: Mapping[str, str], timeout: float, on_line: Callable[[str], None], cwd: Path | None = None
) -> int:
    """Run `command`, hand each line of stdout and stderr to `on_line` as it comes, and return the exit code.

    Lines longer than 16 KiB are cut. Raises `TimedOut`, and OSError when it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, env=dict(env), cwd=cwd, start_new_session=True
    )
    try:
        async with asyncio.timeout(timeout):
            await _lines(process.stdout, on_line)
            await process.wait()
    except TimeoutError:
        raise TimedOut from None
    finally:
        await end(process)
    return process.returncode or 0


async def end(process: Process) -> None:
    """Kill the program with all its children, if it still runs."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await asyncio.shield(process.wait())


def _bound(process: Process, limits: Mapping[int, int]) -> None:
    for limit, value in limits.items() if hasattr(resource, "prlimit") else ():
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(process.pid, limit, (value, value))


async def _feed(process: Process, stdin: bytes) -> None:
    if process.stdin is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(stdin)
        await process.stdin.drain()
    process.stdin.close()


async def _read(stream: asyncio.StreamReader | None, limit: int) -> bytes:
    out = bytearray()
    while stream and (chunk := await stream.read(_CHUNK)):
        out += chunk
        if len(out) > limit:
            raise TooMuchOutput
    return bytes(out)


async def _tail(stream: asyncio.StreamReader | None) -> bytes:
    out = bytearray()
    while stream and (chunk := await stream.read(_CHUNK)):
        out += chunk
        del out[:-_ERROR_TAIL]
    return bytes(out)


async def _lines(stream: asyncio.StreamReader | None, on_line: Callable[[str], None]) -> None:
    rest = b""
    while stream and (chunk := await stream.read(_CHUNK)):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            on_line(line[:_LINE].decode(errors="replace").rstrip("\r"))
        rest = rest[:_LINE]
    if rest:
        on_line(rest.decode(errors="replace"))
