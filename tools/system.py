"""Install the system packages that some tests use, where that is ours to do: as root, on Debian. Elsewhere say what is missing.

Never fails: a test whose program is missing is skipped and names its reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

# program that shows the package is there → package
PACKAGES = {
    "git": "git",
    "ssh": "openssh-client",
    "chromium": "chromium",
    "buildah": "buildah",
    "crun": "crun",
    "docker-registry": "docker-registry",
    "busybox": "busybox-static",
    "redis-server": "redis-server",
    "initdb": "postgresql",
    "fc-list": "fontconfig",
    "promtool": "prometheus",
    "zsh": "zsh",
    "fish": "fish",
}
FONTS = "fonts-noto-cjk"
ATTEMPTS = 4


def program(name: str) -> str | None:
    """Where a program is; Debian keeps those of PostgreSQL's server beside PATH, a folder for each version."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4].partition(".")[0]))
    return shutil.which(name) or (str(versions[-1]) if versions else None)


def missing() -> list[str]:
    """The packages that are not installed, by their programs (and the one font, by its package)."""
    packages = [package for name, package in PACKAGES.items() if program(name) is None]
    return packages if _has_font() else [*packages, FONTS]


def _has_font() -> bool:
    if shutil.which("fc-list") is None:
        return False
    listed = subprocess.run(["fc-list", ":lang=ko", "family"], capture_output=True, text=True, check=False)
    return bool(listed.stdout.strip())


def install(packages: list[str]) -> bool:
    """Install by apt, again when it is busy or the network stutters; whether it went well."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # Debian starts a server when it installs it; the tests start their own, on free ports.
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3"]
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(5 * attempt)
        updated = subprocess.run([*apt, "update"], env=quiet, stdout=subprocess.DEVNULL, check=False)
        done = subprocess.run(
            [*apt, "install", "--yes", "--no-install-recommends", *packages], env=quiet, stdout=subprocess.DEVNULL, check=False
        )
        if done.returncode == 0:
            return True
        print(f"apt-get did not install them (update {updated.returncode}, install {done.returncode}).", flush=True)
    return False


def main() -> None:
    """Install or name what is missing."""
    packages = missing()
    if not packages:
        return
    names = " ".join(packages)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"Some tests will be skipped, each with its reason. To run them too: apt-get install {names}")
        return
    print(f"Installing Debian packages that the tests use: {names}", flush=True)
    if not install(packages):
        print(f"Going on without {names}: the tests that need them are skipped, each with its reason.", file=sys.stderr)


if __name__ == "__main__":
    main()
