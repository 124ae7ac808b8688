"""A bare Debian 12 in a folder, made by debootstrap, and programs run in it as in a machine of its own. Needs root.

The machine's own way to packages is kept: its mirror, its resolver, its certificates. Nothing else of it is seen inside.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

RELEASE = "bookworm"
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
# Where programs of different makers look for the machine's certificates.
_TRUST = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
_CARRIED = (
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "PIP_INDEX_URL",
    "PIP_DEFAULT_TIMEOUT",
)
# Mounts of its own, which end with it; `exec`, so that signals reach the program itself.
_ENTER = """
set -e
# A root that is no mount of its own cannot be one for the namespaces of who builds images inside.
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount -t tmpfs tmpfs "$1/tmp"
chmod 1777 "$1/tmp"
root=$1 user=$2
shift 2
exec chroot --userspec="$user" "$root" "$@"
"""


def obstacle() -> str | None:
    """Why no such root can be made here; None when it can."""
    if os.geteuid() != 0:
        return "making a Debian root needs root"
    missing = [name for name in ("debootstrap", "unshare", "chroot", "mount") if shutil.which(name) is None]
    if missing:
        return f"{missing[0]} is not installed (Debian: apt-get install {missing[0]})"
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], check=False, capture_output=True).returncode:
        return "this sandbox allows no namespaces of one's own"
    return None


def make(root: Path, packages: Sequence[str]) -> None:
    """Debian's smallest system with these packages, and the machine's way to more. Raises CalledProcessError."""
    mirror = _mirror()
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(packages)}", RELEASE, str(root), *mirror]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    # Others than root go in, wherever it was made.
    root.chmod(0o755)
    for name in ("etc/resolv.conf", "etc/hosts", CERTIFICATES):
        theirs = Path("/", name)
        if theirs.exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).unlink(missing_ok=True)
            shutil.copyfile(theirs, root / name)


def _mirror() -> list[str]:
    """Where this machine's apt gets Debian from; debootstrap's own default elsewhere."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", f"Codename: {RELEASE}", "Created-By: Packages"]
    try:
        found = subprocess.run(asked, check=False, capture_output=True, text=True).stdout.split()
    except FileNotFoundError:
        return []
    return found[:1]


def entering(root: Path, user: str, command: Sequence[str]) -> list[str]:
    """The command line that runs `command` in `root` as `user` (`0:0`, or a name), in namespaces that end with it."""
    return [
        *("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"),
        *("sh", "-c", _ENTER, "enter", str(root), user, *command),
    ]


def surroundings(root: Path, home: str) -> dict[str, str]:
    """The variables of somebody who has just signed in there, and those by which this machine reaches its packages."""
    found = {name: os.environ[name] for name in _CARRIED if name in os.environ}
    if (root / CERTIFICATES).exists():
        found |= {name: f"/{CERTIFICATES}" for name in _TRUST if name in os.environ}
    return {**found, "HOME": home, "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM": "dumb"}
