"""This machine: the server's folder, its disk, and the programs that Podo calls."""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
from collections.abc import Sequence
from pathlib import Path

from podo.app.doctor.findings import Finding, bad, odd, well
from podo.app.settings import ServerSettings
from podo.clients.helm.binary import HelmBinary
from podo.clients.helm.sdk import HelmSdk
from podo.delivery.types import DeliverySettings
from podo.kernel import clock
from podo.kernel.settings import Settings

_LEAST, _FEW = 500 << 20, 2 << 30
_SLOW = 0.05


async def folder(settings: Settings) -> Sequence[Finding]:
    """Whether the server's folder takes files, how much, and how fast they are safe there."""
    at = settings[ServerSettings].directory
    about = "folder"
    if not await asyncio.to_thread(at.is_dir):
        do = "PODO_SERVER_DIRECTORY or --config names another place; `podo up` or `podo serve` begins one."
        return [bad(about, f"There is no folder {at}.", do)]
    try:
        seconds = await asyncio.to_thread(_fsync, at)
    except OSError as error:
        return [
            bad(
                about,
                f"{at} takes no files: {error.strerror}.",
                "Give it to the account that runs Podo, or mount it for writing.",
            )
        ]
    found = [_disk(at, shutil.disk_usage(at).free)]
    if at.stat().st_mode & 0o007:
        found.append(odd(about, f"Anybody on this machine may look into {at}.", f"chmod 700 {at}"))
    if seconds > _SLOW:
        do = "Each change waits for it. Use a local SSD, or PostgreSQL elsewhere."
        return [*found, odd("disk", f"It takes {seconds * 1000:.0f} ms until what was written is safe.", do)]
    return [*found, well("disk", f"What was written is safe after {seconds * 1000:.1f} ms.")]


def _disk(at: Path, free: int) -> Finding:
    said = f"{free / (1 << 30):.1f} GiB are free in {at}."
    do = "Make room: finished builds' logs and mirrors of repositories can go."
    if free < _LEAST:
        return bad("disk", said, do)
    return odd("disk", said, do) if free < _FEW else well("disk", said)


def _fsync(at: Path) -> float:
    """Seconds until 4 kB are safe, the middle one of five."""
    path, took = at / f".doctor-{os.getpid()}", []
    try:
        with path.open("wb") as file:
            for _ in range(5):
                begun = clock.monotonic()
                file.write(b"\0" * 4096)
                file.flush()
                os.fsync(file.fileno())
                took.append(clock.monotonic() - begun)
    finally:
        path.unlink(missing_ok=True)
    return statistics.median(took)


async def programs(settings: Settings) -> Sequence[Finding]:
    """Git, Helm and, where images are built here, buildah."""
    found = [await _program("git", "apt-get install git; without it no repository can be read.")]
    if (helm := HelmBinary.on_path() or HelmBinary.built()) is not None:
        found.append(well("helm", f"The program {helm}."))
    elif HelmSdk.available():
        found.append(well("helm", "Its engine comes with Podo (helm-python-sdk)."))
    else:
        found.append(
            bad("helm", "There is neither a helm program nor helm-python-sdk.", "Install Helm, or Podo's own dependencies anew.")
        )
    return [*found, *await _buildah(settings[DeliverySettings])]


async def _buildah(chosen: DeliverySettings) -> Sequence[Finding]:
    if chosen.builder in ("off", "twin") or not chosen.build_on_host:
        how = "simulated" if chosen.builder == "twin" else "not built on this machine"
        return [well("buildah", f"It is not needed: images are {how} (delivery.builder, delivery.build_on_host).")]
    if shutil.which("buildah") is None and chosen.builder == "auto":
        do = "apt-get install buildah, or set delivery.builder to say what is meant."
        return [odd("buildah", "It is not installed, so that images are simulated.", do)]
    return [await _program("buildah", "apt-get install buildah; without it no image can be built.")]


async def _program(name: str, do: str) -> Finding:
    path = shutil.which(name)
    if path is None:
        return bad(name, f"The program {name} is not installed.", do)
    process = await asyncio.create_subprocess_exec(
        path, "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, stdin=asyncio.subprocess.DEVNULL
    )
    said = (await process.communicate())[0].decode(errors="replace").strip().partition("\n")[0]
    if process.returncode:
        return bad(name, f"{path} --version ended with {process.returncode}: {said}", do)
    return well(name, f"{said}.")
