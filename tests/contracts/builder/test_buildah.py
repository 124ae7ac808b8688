"""What only the program has: processes, files, a storage on disk, secrets that must not leak, and its own complaints."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from podo.clients.buildah import (
    BuildahBinary,
    BuilderMissing,
    BuildFailed,
    DiskFull,
    DockerfileInvalid,
)
from podo.clients.registry import Reference, RegistryBroken, RegistryHttp
from tests.contracts.builder.conftest import REAL
from tests.contracts.builder.worlds import BuildahWorld, Work
from tests.contracts.registry.servers import LOGIN

pytestmark = [*REAL]

# Buildah 1.28 does not wait for what a RUN wrote last before it ends, so on a busy machine a RUN that ends at once may be mute.
HEARD = "; sleep 1"


@pytest.fixture
def world(buildah: BuildahWorld) -> BuildahWorld:
    return buildah


@pytest.fixture
def work(world: BuildahWorld, tmp_path: Path) -> Work:
    folder = tmp_path / "commit"
    folder.mkdir()
    return Work(world, folder)


def running(mark: str) -> list[str]:
    """Processes with this text in their command line."""
    found: list[str] = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            command = place.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if mark in command:
                found.append(command)
    return found


def mounts() -> str:
    return Path("/proc/mounts").read_text()


def secrets(folder: Path) -> str:
    """Files below a folder that hold the login's secret."""
    return subprocess.run(["grep", "-r", "-l", LOGIN.secret, str(folder)], check=False, capture_output=True, text=True).stdout


def storage(world: BuildahWorld, *arguments: str) -> str:
    """What buildah says of its storage."""
    places = ["--root", f"{world.folder}/storage/root", "--runroot", f"{world.folder}/storage/run", "--storage-driver", "vfs"]
    return subprocess.run(["buildah", *places, *arguments], check=True, capture_output=True, text=True).stdout


async def test_a_cancelled_build_leaves_no_process_and_no_mount(world: BuildahWorld, work: Work) -> None:
    work.with_shell("RUN setsid sleep 86123 & sleep 1; echo begun; sleep 86124")
    task = work.begin()
    await work.until("begun")
    assert running("86123")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert running(str(world.folder)) == []
    # Whoever left the group dies with its namespace, which on a busy machine takes the kernel a moment.
    for _ in range(30):
        if running("8612"):
            await asyncio.sleep(0.1)
    assert running("8612") == []
    assert str(world.folder) not in mounts()
    assert list((world.folder / "calls").iterdir()) == []
    assert storage(world, "containers", "--quiet")
    assert await world.builder.tidy()
    assert storage(world, "containers", "--quiet") == ""


async def test_a_build_dies_with_podo_and_is_tidied_by_the_next(world: BuildahWorld, work: Work) -> None:
    work.with_shell("RUN echo begun; sleep 86125")
    script = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom podo.clients.buildah import BuildahBinary\n"
        "from podo.clients.registry import Login, Reference, RegistryHttp\n"
        "host, builds, commit = sys.argv[1:]\nlogins = {host: Login('podo', 's3cret')}\n"
        "builder = BuildahBinary(Path(builds), RegistryHttp(logins), logins=logins, room=0)\n"
        "asyncio.run(builder.build(Path(commit), dockerfile='Dockerfile', image=Reference(host, 'a', '1'), labels={}, args={},"
        " on_line=lambda line: print(line, flush=True), timeout=60))\n"
    )
    command = [sys.executable, "-c", script, world.host, str(world.folder), str(work.folder)]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert process.stdout
    async with asyncio.timeout(40):
        while (await process.stdout.readline()).strip() != b"begun":
            pass
    assert not await world.builder.tidy()
    process.send_signal(signal.SIGKILL)
    await process.wait()
    async with asyncio.timeout(10):
        while running("86125") or running(f"{world.folder}/storage"):  # noqa: ASYNC110 - the kernel ends them
            await asyncio.sleep(0.02)
    assert len(list((world.folder / "calls").iterdir())) == 1
    work.has(Dockerfile="FROM scratch\nCOPY programs/busybox /\n")
    await work.build()
    assert list((world.folder / "calls").iterdir()) == []
    assert storage(world, "containers", "--quiet") == ""


async def test_nothing_of_podo_is_seen_by_a_build(world: BuildahWorld, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODO_KEY", "t0p-s3cret")
    monkeypatch.setenv("BUILDAH_ISOLATION", "oci")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:t0p-s3cret@127.0.0.1:1")
    work.with_shell(f"RUN export; cat /proc/*/environ | tr '\\0' '\\n' | sh -c 'while read l; do echo $l; done'; ls /proc{HEARD}")
    await work.build()
    log = "\n".join(work.lines)
    assert "PATH=" in log
    assert "PODO" not in log
    assert str(work.folder) not in log
    # Of buildah's own environment the proxy may be read by a root that looks for it; so it is told to the RUN by no variable.
    assert "export HTTPS_PROXY" not in log
    assert f"\n{os.getpid()}\n" not in log


async def test_a_login_is_in_a_file_while_it_is_needed_and_nowhere_else(world: BuildahWorld, work: Work) -> None:
    work.with_shell("USER 7")
    await work.build(image=work.image("1", "team/base"))
    work.with_shell("RUN echo begun; sleep 1")
    task = work.begin()
    await work.until("begun")
    [login] = (world.folder / "calls").glob("*/auth.json")
    assert login.read_text() == '{"auths": {}}'
    await task
    work.has(Dockerfile=f"FROM {world.host}/team/base:1\nUSER 0\nRUN echo begun; sleep 1\n")
    task = work.begin()
    await work.until("begun")
    [login] = (world.folder / "calls").glob("*/auth.json")
    assert stat.S_IMODE(login.stat().st_mode) == 0o600
    assert stat.S_IMODE(login.parent.stat().st_mode) == stat.S_IMODE(world.folder.stat().st_mode) == 0o700
    assert world.host in login.read_text()
    assert running(LOGIN.secret) == []
    await task
    assert list((world.folder / "calls").iterdir()) == []
    assert LOGIN.secret not in "\n".join(work.lines)
    assert secrets(world.folder) == ""


async def test_shell_is_heeded_and_the_image_is_an_oci_image(world: BuildahWorld, work: Work) -> None:
    work.with_shell('SHELL ["/bin/sh", "-x", "-c"]', f"RUN true{HEARD}")
    await work.build()
    assert "+ true" in work.lines
    manifest = await world.registry.manifest(work.image())
    assert manifest.media_type == "application/vnd.oci.image.manifest.v1+json"


async def test_layers_are_kept_for_the_next_build_and_go_when_they_are_old(world: BuildahWorld, work: Work) -> None:
    work.with_shell(f"RUN echo slow{HEARD}")
    await work.build()
    assert [line for line in storage(world, "images", "--all").splitlines()[1:] if not line.startswith("<none>")] == []
    work.write("Dockerfile", (work.folder / "Dockerfile").read_text() + "USER 7\n")
    await work.build()
    assert "slow" not in work.lines
    assert any(line.startswith("--> Using cache") for line in work.lines)
    assert await world.builder.tidy()
    assert storage(world, "images", "--all", "--quiet")
    assert await world.other(keep=timedelta(seconds=-5)).tidy()
    assert storage(world, "images", "--all", "--quiet") == ""
    await work.build()
    assert "slow" in work.lines


async def test_layers_go_when_the_disk_gets_full(world: BuildahWorld, work: Work) -> None:
    work.with_shell()
    await work.build()
    assert await world.other(room=1 << 60).tidy()
    assert storage(world, "images", "--all", "--quiet") == ""


async def test_tidying_waits_for_no_build_and_disturbs_none(world: BuildahWorld, work: Work) -> None:
    work.with_shell("RUN echo begun; sleep 2; echo done")
    task = work.begin()
    await work.until("begun")
    assert not await world.builder.tidy()
    assert not await world.other(keep=timedelta(seconds=-5)).tidy()
    await task
    assert "done" in work.lines
    assert await world.builder.tidy()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 40 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(place)], check=False, capture_output=True)
    if made.returncode:
        pytest.skip("a small disk cannot be mounted here: that needs root with CAP_SYS_ADMIN")
    yield place
    subprocess.run(["umount", str(place)], check=True)


async def test_a_full_disk_is_told_as_such_and_does_not_last(world: BuildahWorld, work: Work, small: Path) -> None:
    builder = BuildahBinary(small / "builds", world.registry, logins={world.host: LOGIN}, room=0)
    work.has(big=os.urandom(30 << 20), Dockerfile="FROM scratch\nCOPY big /\n")
    with pytest.raises(DiskFull):
        await work.build(builder=builder)
    work.has(big="small")
    await work.build(builder=builder)
    work.with_shell(f"RUN dd if=/dev/zero of=/x bs=65536 count=1000{HEARD}; false")
    with pytest.raises(DiskFull):
        await work.build(builder=builder)
    assert any("No space left on device" in line for line in work.lines)


async def test_what_a_program_says_of_a_full_disk_is_not_believed(work: Work) -> None:
    work.with_shell(f"RUN echo no space left on device >&2{HEARD}; exit 28")
    with pytest.raises(BuildFailed, match=r"exit code 28, after “no space left on device”"):
        await work.build()


async def test_a_heredoc_is_built_or_refused_with_its_line(world: BuildahWorld, work: Work) -> None:
    work.with_shell("RUN <<EOF", "echo from the heredoc", "EOF")
    minor = int(world.builder.name.rpartition(".")[2])
    if minor < 33:
        with pytest.raises(DockerfileInvalid, match=r"line 3: buildah 1.*<<EOF"):
            await work.build()
        return
    await work.build()
    assert "from the heredoc" in work.lines


async def test_an_image_comes_from_a_registry_and_not_from_this_machine(work: Work) -> None:
    for source in ("dir:x", "docker-archive:x.tar", "oci:x", "containers-storage:x"):
        for text, line in ((f"FROM {source}\n", 1), (f"FROM scratch\nCOPY --from={source} /a /b\n", 2)):
            work.has(Dockerfile=text)
            with pytest.raises(DockerfileInvalid, match=f"line {line}: .*no image"):
                await work.build()


async def test_a_run_that_cannot_start_says_why(work: Work) -> None:
    work.has(hello="x", Dockerfile="FROM scratch\nCOPY hello /\nRUN ls\n")
    heard: list[str] = []
    while len(heard) < 5 and not any("cannot be started" in why for why in heard):
        with pytest.raises(BuildFailed, match="line 3 ") as error:
            await work.build()
        heard.append(error.value.data["why"])
    assert heard[-1] == "it cannot be started: fork/exec /bin/sh: no such file or directory"


async def test_a_log_is_clean_and_has_an_end(world: BuildahWorld, work: Work) -> None:
    colours = r"printf 'a\033[31mred\033[0m\007\n10%%\r100%%\n'"
    work.with_shell(f"RUN {colours}; for i in 1 2 3 4 5 6 7 8 9; do echo $i; done{HEARD}; exit 4")
    with pytest.raises(BuildFailed, match="exit code 4, after “9”"):
        await work.build()
    assert "ared" in work.lines
    assert "100%" in work.lines
    assert len(work.lines) > 10
    with pytest.raises(BuildFailed, match="exit code 4, after “9”"):
        await work.build(builder=world.other(most_lines=7))
    assert len(work.lines) == 8
    assert work.lines[-1] == "… the log is longer than Podo keeps; the rest is left out"


async def test_what_the_program_resolves_differently_is_told_with_its_line(work: Work) -> None:
    work.has(Dockerfile="FROM scratch\nENV A=1\nUSER ${B+no}\nUSER ${A#x}\n")
    with pytest.raises(BuildFailed) as error:
        await work.build()
    assert error.value.data["line"] in {3, 4}
    assert "0x" not in error.value.data["why"]


async def test_without_the_program_nothing_is_built(world: BuildahWorld, work: Work, tmp_path: Path) -> None:
    builder = world.other(program="buildah-that-is-not-there")
    assert (await builder.available()).why == "buildah-that-is-not-there is not installed"
    work.has(Dockerfile="FROM scratch\nCOPY Dockerfile /\n")
    with pytest.raises(BuilderMissing, match="apt-get install buildah"):
        await work.build(builder=builder)
    for said, why in (("echo buildah version 1.20.1", "too old"), ("exit 1", "does not start")):
        broken = tmp_path / "broken"
        broken.write_text(f"#!/bin/sh\n{said}\n")
        broken.chmod(0o755)
        assert why in (await world.other(program=str(broken)).available()).why


async def test_a_registry_that_answers_another_digest_is_not_believed(world: BuildahWorld, work: Work) -> None:
    class Moved(RegistryHttp):
        async def resolve(self, image: Reference) -> str:
            return "sha256:" + "0" * 64

    registry: Any = Moved({world.host: LOGIN})
    world.registries.append(registry)
    work.has(Dockerfile="FROM scratch\nCOPY Dockerfile /\n")
    with pytest.raises(RegistryBroken, match="was pushed"):
        await work.build(builder=BuildahBinary(world.folder, registry, logins={world.host: LOGIN}, room=0))
