"""Build Podo's image with buildah (deploy/image/Containerfile) from the wheel in dist/, and leave it there as an OCI archive.

Needs root. `--base IMAGE` is what it stands on; `--debian` makes a base here by debootstrap, where no public registry can be
reached. The image stays in a storage in the cache, with a label that says what it was made of: tests/installation/test_image.py
tries it there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools import debian  # noqa: E402 - run as a file

CONTAINERFILE = ROOT / "deploy/image/Containerfile"
LOCK = ROOT / "requirements/run.txt"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "podo" / "image"
MADE_OF = "dev.podo.made-of"
NAME = "localhost/podo"
# What an image of Python on Debian brings, and what Podo's own adds.
PACKAGES = ("python3", "python3-venv", "git", "openssh-client", "ca-certificates")


def made_of(wheel: Path) -> str:
    """64 hex digits that change with anything that is put into the image."""
    seen = hashlib.sha256()
    for path in (CONTAINERFILE, LOCK, wheel):
        seen.update(path.read_bytes())
    return seen.hexdigest()


def buildah(*words: str) -> list[str]:
    """A command line over the storage in the cache."""
    places = ("--root", str(CACHE / "storage"), "--runroot", str(CACHE / "run"))
    return ["buildah", *places, "--storage-driver", "vfs", *words]


def ask(*words: str) -> str:
    """What buildah answers."""
    return subprocess.run(buildah(*words), check=True, capture_output=True, text=True).stdout.strip()


def obstacle() -> str | None:
    """Why no image can be built or tried here; None when it can."""
    if os.geteuid() != 0:
        return "buildah needs root here"
    return None if shutil.which("buildah") else "buildah is not installed (Debian: apt-get install buildah)"


def built(wheel: Path) -> str | None:
    """The id of the image that was made of this wheel; None when there is none."""
    if obstacle() or not (CACHE / "storage").exists():
        return None
    found = json.loads(ask("images", "--json", "--filter", f"label={MADE_OF}={made_of(wheel)}") or "null") or []
    # The first stage bears the label too, and no name.
    named = [each["id"] for each in found if any(name.startswith(f"{NAME}:") for name in each["names"] or ())]
    return named[0] if named else None


@contextmanager
def opened(image: str) -> Iterator[tuple[Path, dict[str, object]]]:
    """The root file system of an image in a folder, and its configuration; gone afterwards."""
    container = ask("from", "--pull-never", image)
    try:
        yield Path(ask("mount", container)), json.loads(ask("inspect", "--type", "image", image))["OCIv1"]["config"]
    finally:
        ask("rm", container)


def main() -> int:
    """Build; 1 with a sentence when that cannot be."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--base", help="What it stands on; default: what the Containerfile says.")
    words.add_argument("--debian", action="store_true", help="Make the base here, by debootstrap.")
    given = words.parse_args()
    wheels = sorted((ROOT / "dist").glob("podo-*.whl"))
    reason = (
        obstacle() or (debian.obstacle() if given.debian else None) or ("" if wheels else "dist/ holds no wheel: `make wheel`")
    )
    if reason:
        print(f"The image cannot be built here: {reason}.", file=sys.stderr)
        return 1
    try:
        base = _debian() if given.debian else given.base
        image = _build(wheels[-1], base)
        archive = ROOT / "dist" / f"{wheels[-1].name.partition('-py3')[0]}.oci.tar"
        archive.unlink(missing_ok=True)
        ask("push", image, f"oci-archive:{archive}:{NAME}:{_version(wheels[-1])}")
    except subprocess.CalledProcessError as error:
        print(f"The image was not built: {error.cmd[0]} ended with {error.returncode}.\n{error.stderr or ''}", file=sys.stderr)
        return 1
    print(f"{archive.relative_to(ROOT)}: {archive.stat().st_size / 1e6:.0f} MB, {image[:12]}")
    return 0


def _version(wheel: Path) -> str:
    return wheel.name.split("-")[1]


def _debian() -> str:
    """A base of Debian's own packages, made once."""
    name = f"localhost/podo-base:{debian.RELEASE}"
    if subprocess.run(buildah("inspect", "--type", "image", name), check=False, capture_output=True).returncode == 0:
        return name
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=".base-") as folder:
        print(f"Making a base of Debian {debian.RELEASE} by debootstrap (once, a minute or two)…", flush=True)
        root = Path(folder, "root")
        debian.make(root, PACKAGES)
        shutil.rmtree(root / "var/cache/apt/archives", ignore_errors=True)
        container = ask("from", "scratch")
        # `add` takes a folder's content; devices and mounts are the runtime's business.
        for path in ("dev", "proc", "sys"):
            shutil.rmtree(root / path, ignore_errors=True)
            (root / path).mkdir()
        ask("add", "--quiet", container, str(root), "/")
        ask("commit", "--quiet", container, name)
        ask("rm", container)
    return name


def _build(wheel: Path, base: str | None) -> str:
    """The image's id."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=".context-") as folder:
        context = Path(folder)
        for path, place in ((LOCK, "requirements"), (wheel, "dist")):
            (context / place).mkdir()
            shutil.copy(path, context / place)
        named = ("--build-arg", f"BASE={base}") if base else ()
        said = context.parent / "build.log"
        options = (
            *named,
            "--build-arg",
            f"VERSION={_version(wheel)}",
            "--label",
            f"{MADE_OF}={made_of(wheel)}",
            *_trust(context),
        )
        command = buildah("bud", "--isolation", "chroot", "--format", "oci", *options)
        print(f"Building {NAME}:{_version(wheel)} (some minutes; {said})…", flush=True)
        with said.open("w") as log:
            tagged = ("--file", str(CONTAINERFILE), "--tag", f"{NAME}:{_version(wheel)}", str(context))
            done = subprocess.run([*command, *tagged], stdout=log, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, "buildah", stderr=said.read_text()[-3000:])
    return ask("images", "--quiet", "--no-trunc", f"{NAME}:{_version(wheel)}").removeprefix("sha256:")


def _trust(context: Path) -> tuple[str, ...]:
    """Where this machine's own certificates are needed to reach an index, steps of the build see them; the image does not."""
    certificates = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
    if not certificates or not Path(certificates).exists():
        return ()
    # pip reads it; bud's --env would stay in the image.
    configuration = context.parent / "pip.conf"
    configuration.write_text("[global]\ncert = /run/certificates.crt\n")
    return ("--volume", f"{certificates}:/run/certificates.crt:ro", "--volume", f"{configuration}:/etc/pip.conf:ro")


if __name__ == "__main__":
    sys.exit(main())
