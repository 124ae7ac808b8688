"""Run the `buildah` program so that nothing of this machine or of Podo leaks into a build, and nothing of a build outlives it.

Each run has process and mount namespaces of its own: when it ends, however it ends, the kernel ends all that it began and takes
away what it mounted; it ends with Podo, too. Its storage, its configuration and its temporary files are ours. A login is in a
file of mode 0600 for as long as the run lasts. A `RUN` is confined to its folder by chroot alone, is root there and may use this
machine's network: build what is trusted.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from podo.clients.registry import Login

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy")
_KEPT = ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", *_PROXIES)
# The first dies with Podo, the second takes all others with it.
_ALONE = ("setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc", "--")
TOOLS = ("setpriv", "unshare")
_PATIENCE = 5.0
_POLL = 0.02


@dataclass(frozen=True, slots=True)
class Call:
    """One build's own folder, mode 0700, and how buildah is started in it."""

    folder: Path
    storage: Path
    program: str

    def command(self, *arguments: str) -> list[str]:
        """A command of buildah on our storage."""
        places = ("--root", str(self.storage / "root"), "--runroot", str(self.storage / "run"), "--storage-driver", "vfs")
        return [*_ALONE, self.program, *places, *arguments]

    def env(self) -> dict[str, str]:
        """The environment, made anew: nothing of Podo's is in it."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return kept | {
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.folder),
            "TMPDIR": str(self.folder / "tmp"),
            "LC_ALL": "C.UTF-8",
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
            "CONTAINERS_REGISTRIES_CONF": str(self.folder / "registries.conf"),
        }

    @contextlib.contextmanager
    def logins(self, logins: Mapping[str, Login]) -> Iterator[Path]:
        """The file that tells buildah the logins (by host), while it is needed."""
        known = {host: {"auth": _basic(login)} for host, login in logins.items()}
        place = self.folder / "auth.json"
        _write(place, json.dumps({"auths": known}))
        try:
            yield place
        finally:
            place.unlink(missing_ok=True)

    async def gone(self) -> None:
        """Wait until no process of this call is left, after it was killed; the kernel takes some milliseconds."""
        mark = os.fsencode(self.folder)
        for _ in range(int(_PATIENCE / _POLL)):
            if not await asyncio.to_thread(_running, mark):
                return
            await asyncio.sleep(_POLL)


@contextlib.asynccontextmanager
async def call(folder: Path, program: str, insecure: Iterable[str]) -> AsyncIterator[Call]:
    """A new call below `folder`; `insecure` are the hosts (with port) that are spoken to without TLS."""
    made = Path(tempfile.mkdtemp(prefix="call-", dir=folder / "calls"))
    try:
        (made / "tmp").mkdir()
        storage = folder / "storage"
        plain = "".join(f"\n[[registry]]\nlocation = {json.dumps(host)}\ninsecure = true\n" for host in insecure)
        _write(made / "registries.conf", f'unqualified-search-registries = ["docker.io"]\nshort-name-mode = "disabled"\n{plain}')
        places = f'graphroot = "{storage / "root"}"\nrunroot = "{storage / "run"}"\n'
        _write(made / "storage.conf", f'[storage]\ndriver = "vfs"\n{places}')
        _write(made / "containers.conf", "")
        yield Call(made, storage, program)
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, made, ignore_errors=True))


def proxies_hold_a_password() -> bool:
    """Whether this machine's proxies are written with a login, which a RUN must not see."""
    return any("@" in os.environ.get(name, "") for name in _PROXIES)


def _running(mark: bytes) -> bool:
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if mark in place.read_bytes():
                return True
    return False


def _basic(login: Login) -> str:
    return base64.b64encode(f"{login.user}:{login.secret}".encode()).decode()


def _write(place: Path, text: str) -> None:
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
