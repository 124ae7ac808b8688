"""This machine: the server's folder, its disk, and the programs that Podo calls."""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
from collections.abc import Sequence
from pathlib import Path

from podo.app.doctor.findings import Finding, Text, bad, odd, well
from podo.app.settings import ServerSettings
from podo.clients.helm.binary import HelmBinary
from podo.clients.helm.sdk import HelmSdk
from podo.delivery.types import DeliverySettings
from podo.kernel import clock
from podo.kernel.errors import N_
from podo.kernel.settings import Settings

_LEAST, _FEW = 500 << 20, 2 << 30
_SLOW = 0.05


async def folder(settings: Settings) -> Sequence[Finding]:
    """Whether the server's folder takes files, how much, and how fast they are safe there."""
    at = settings[ServerSettings].directory
    about = "folder"
    if not await asyncio.to_thread(at.is_dir):
        do = N_("PODO_SERVER_DIRECTORY or --config names another place; `podo up` or `podo serve` begins one.")
        return [bad(about, Text(N_("There is no folder {folder}."), folder=at), do)]
    try:
        seconds = await asyncio.to_thread(_fsync, at)
    except OSError as error:
        return [
            bad(
                about,
                Text(N_("{folder} takes no files: {why}."), folder=at, why=error.strerror),
                N_("Give it to the account that runs Podo, or mount it for writing."),
            )
        ]
    found = [_disk(at, shutil.disk_usage(at).free)]
    if at.stat().st_mode & 0o007:
        so = Text(N_("Anybody on this machine may look into {folder}."), folder=at)
        found.append(odd(about, so, Text("chmod 700 {folder}", folder=at)))
    if seconds > _SLOW:
        do = N_("Each change waits for it. Use a local SSD, or PostgreSQL elsewhere.")
        so = Text(N_("It takes {took} ms until what was written is safe."), took=f"{seconds * 1000:.0f}")
        return [*found, odd("disk", so, do)]
    return [*found, well("disk", Text(N_("What was written is safe after {took} ms."), took=f"{seconds * 1000:.1f}"))]


def _disk(at: Path, free: int) -> Finding:
    said = Text(N_("{free} GiB are free in {folder}."), free=f"{free / (1 << 30):.1f}", folder=at)
    do = N_("Make room: finished builds' logs and mirrors of repositories can go.")
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
    found = [await _program("git", N_("apt-get install git; without it no repository can be read."))]
    if (helm := HelmBinary.on_path() or HelmBinary.built()) is not None:
        found.append(well("helm", Text(N_("The program {path}."), path=helm)))
    elif HelmSdk.available():
        found.append(well("helm", N_("Its engine comes with Podo (helm-python-sdk).")))
    else:
        do = N_("Install Helm, or Podo's own dependencies anew.")
        found.append(bad("helm", N_("There is neither a helm program nor helm-python-sdk."), do))
    return [*found, *await _buildah(settings[DeliverySettings])]


async def _buildah(chosen: DeliverySettings) -> Sequence[Finding]:
    if chosen.builder in ("off", "twin") or not chosen.build_on_host:
        if chosen.builder == "twin":
            return [well("buildah", N_("It is not needed: images are simulated (delivery.builder)."))]
        return [well("buildah", N_("It is not needed: images are not built on this machine (delivery.build_on_host)."))]
    if shutil.which("buildah") is None and chosen.builder == "auto":
        do = N_("apt-get install buildah, or set delivery.builder to say what is meant.")
        return [odd("buildah", N_("It is not installed, so that images are simulated."), do)]
    return [await _program("buildah", N_("apt-get install buildah; without it no image can be built."))]


async def _program(name: str, do: str) -> Finding:
    path = shutil.which(name)
    if path is None:
        return bad(name, Text(N_("The program {name} is not installed."), name=name), do)
    process = await asyncio.create_subprocess_exec(
        path, "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, stdin=asyncio.subprocess.DEVNULL
    )
    said = (await process.communicate())[0].decode(errors="replace").strip().partition("\n")[0]
    if process.returncode:
        so = Text(N_("{path} --version ended with {code}: {said}"), path=path, code=process.returncode, said=said)
        return bad(name, so, do)
    return well(name, Text("{said}.", said=said))
