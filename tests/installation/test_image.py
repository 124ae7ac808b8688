"""The container image, run by crun as a cluster would: not root, a root file system that cannot be written to, no shell."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from podo import __version__
from podo.clients.buildah import read
from tests import needs
from tests.installation.served import page, until
from tests.journeys.programs import free_port
from tools import image

# A cgroup tree of its own: the one of a sandbox may be of a mixture that crun refuses.
_APART = (
    'umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec crun --cgroup-manager=disabled run --bundle "$0" "$1"'
)
SHELLS = ("usr/bin/sh", "usr/bin/dash", "usr/bin/bash")


def test_the_recipe_ends_as_a_user_that_is_not_root_and_calls_no_shell() -> None:
    recipe = read(image.CONTAINERFILE.read_bytes(), {})
    assert (recipe.user, recipe.final.ports) == ("10001:10001", (8080,))
    # The form with brackets: no shell starts it.
    assert recipe.final.entrypoint == ("/opt/podo/bin/python", "-m", "podo.cli.main")
    assert recipe.final.command == ("serve",)
    # No digest and no address of ours: what it stands on is the user's to choose.
    assert re.search(r"^ARG BASE=docker\.io/library/python:[\w.-]+$", image.CONTAINERFILE.read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def unpacked(wheel: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The image that was made of this wheel: its root file system and configuration."""
    built = image.built(wheel)
    if built is None:
        pytest.skip('there is no image of this very wheel: `make image ARGS="--debian"` builds it (root, minutes)')
    with image.opened(built) as (root, configuration):
        yield root, configuration


@contextlib.contextmanager
def container(
    unpacked: tuple[Path, dict[str, Any]], folder: Path, *words: str, without: Sequence[str] = (), **variables: str
) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """What the image says, run with `words` as its arguments and `without` some programs; the file of what it prints, and the
    runtime's process."""
    root, configuration = unpacked
    folder.mkdir()
    hidden = [f"/{path}" for path in without if (root / path).is_file() and not (root / path).is_symlink()]
    (folder / "config.json").write_text(json.dumps(_bundle(root, configuration, words, variables, hidden)))
    said, name = folder / "said", f"podo-{folder.name}-{free_port()}"
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _APART, str(folder), name]
    with said.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        yield said, process
    finally:
        # The runtime hands signals on to the container's first process.
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        process.wait(30)
        subprocess.run(["crun", "delete", "--force", name], check=False, capture_output=True)


def _bundle(
    root: Path, configuration: dict[str, Any], words: tuple[str, ...], variables: dict[str, str], hidden: list[str]
) -> dict[str, Any]:
    user, group = configuration["User"].split(":")
    own = ["nosuid", "nodev", f"uid={user}", f"gid={group}", "mode=0700"]
    mounts = [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
        {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777"]},
        {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777"]},
        *({"destination": at, "type": "tmpfs", "source": "tmpfs", "options": own} for at in configuration["Volumes"]),
        *({"destination": at, "type": "bind", "source": "/dev/null", "options": ["bind", "ro"]} for at in hidden),
    ]
    return {
        "ociVersion": "1.0.0",
        "root": {"path": str(root), "readonly": True},
        "process": {
            "user": {"uid": int(user), "gid": int(group)},
            "args": [*configuration["Entrypoint"], *(words or configuration["Cmd"])],
            "env": [*configuration["Env"], *(f"{name}={value}" for name, value in variables.items())],
            "cwd": configuration["WorkingDir"],
            "capabilities": {of: [] for of in ("bounding", "effective", "inheritable", "permitted", "ambient")},
            "noNewPrivileges": True,
        },
        "mounts": mounts,
        "linux": {"namespaces": [{"type": of} for of in ("mount", "pid", "ipc", "uts")]},
    }


@needs.program("buildah")
@needs.program("crun")
@pytest.mark.serial
def test_it_serves_as_nobody_in_particular_on_a_root_that_cannot_be_written_to(
    unpacked: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    assert unpacked[1]["User"] == "10001:10001"
    at = f"127.0.0.1:{(port := free_port())}"
    given = {"PODO_SERVER_HOST": "127.0.0.1", "PODO_SERVER_PORT": str(port)}
    with container(unpacked, tmp_path / "one", without=SHELLS, **given) as (said, process):
        assert "<h1" in page(f"http://{at}/", process, said)
        assert (page(f"http://{at}/healthz", process, said), page(f"http://{at}/readyz", process, said)) == ("ok", "ok")
        process.terminate()
        assert process.wait(60) == 0, said.read_text()
    python = [*unpacked[1]["Entrypoint"][:1], "-c"]
    try_it = (
        "import os,subprocess;print(os.getuid(),os.getgid(),os.listdir('/root') if os.access('/root',os.R_OK) else 'closed');"
        "open('/var/lib/podo/x','w').close();open('/tmp/x','w').close();"
        "\ntry: open('/x','w')\nexcept OSError as e: print(e.strerror)"
        "\ntry: open('/opt/podo/x','w')\nexcept OSError as e: print(e.strerror)"
        "\ntry: subprocess.run(['/bin/sh','-c','true'])\nexcept OSError as e: print('no shell')"
        "\nprint([l.split()[1] for l in open('/proc/self/status') if l.startswith(('CapEff','NoNewPrivs'))])"
        "\ngit=subprocess.run(['git','--version'],capture_output=True,text=True)"
        "\nprint(git.stdout.split()[0], os.path.exists('/usr/bin/ssh'))"
    )
    changed = unpacked[0], {**unpacked[1], "Entrypoint": python}
    with container(changed, tmp_path / "two", try_it, without=SHELLS) as (said, process):
        assert process.wait(60) == 0, said.read_text()
        lines = said.read_text().splitlines()
    assert lines == [
        "10001 10001 closed",
        *["Read-only file system"] * 2,
        "no shell",
        "['0000000000000000', '1']",
        "git True",
    ]


@needs.program("buildah")
@needs.program("crun")
@pytest.mark.serial
def test_it_does_the_main_job_with_what_is_in_it(unpacked: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    # With its shell: git wants one for repositories in files, and for those behind ssh.
    port = str(free_port())
    given = {"PODO_SERVER_HOST": "127.0.0.1", "PODO_SERVER_PORT": port, "PODO_DELIVERY_BUILDER": "twin"}
    with container(unpacked, tmp_path / "job", "up", "--empty", **given) as (said, process):
        until("Now it is your turn", process, said)
        assert f"Podo {__version__} is at" in said.read_text()
