"""A registry of Podo's own for the demo: Debian's docker-registry, a child process on loopback that ends with Podo."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

from podo.clients.buildah.binary import BuildahBinary
from podo.clients.registry import RegistryHttp
from podo.kernel import clock

PROGRAM = "docker-registry"
_PORT = 5000
_PATIENCE = 5.0
_log = logging.getLogger("podo.registry")


async def why_not(folder: Path) -> str:
    """Why no image can be built and kept here; empty where it can."""
    if shutil.which(PROGRAM) is None:
        return f"{PROGRAM} is not installed"
    registry = RegistryHttp({})
    try:
        return (await BuildahBinary(folder / "layers", registry).available()).why
    finally:
        await registry.close()


@contextlib.asynccontextmanager
async def running(folder: Path) -> AsyncIterator[str | None]:
    """Its address, `127.0.0.1:5000` where that port is free, while it runs; None when it does not start. It keeps `folder`."""
    port = await asyncio.to_thread(_prepare, folder)
    with open(folder / "log", "ab") as log:  # noqa: ASYNC230 - opened, and never written to from here
        process = await asyncio.create_subprocess_exec(
            *_leash(), PROGRAM, "serve", str(folder / "config.yml"), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield f"127.0.0.1:{port}" if await _answers(process, port) else None
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _PATIENCE)
            except TimeoutError:
                process.kill()
                await process.wait()


def _prepare(folder: Path) -> int:
    """Write its configuration. The port stays the same from start to start, as far as it is free: images are called by it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = folder / "port"
    wished = int(kept.read_text()) if kept.exists() else _PORT
    port = _free(wished) or _free(0)
    kept.write_text(str(port))
    config = {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "images")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    # JSON is YAML too.
    (folder / "config.yml").write_text(json.dumps(config))
    return port


def _free(port: int) -> int:
    """The port, or any for 0; 0 when it is taken."""
    try:
        with socket.create_server(("127.0.0.1", port)) as found:
            return found.getsockname()[1]
    except OSError:
        return 0


def _leash() -> list[str]:
    """On Linux the kernel ends it when Podo is killed; elsewhere it is ended by Podo alone."""
    return ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []


async def _answers(process: asyncio.subprocess.Process, port: int) -> bool:
    until = clock.monotonic() + _PATIENCE
    while process.returncode is None and clock.monotonic() < until:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return True
    _log.warning("%s did not start on port %d", PROGRAM, port)
    return False
