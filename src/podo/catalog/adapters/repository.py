"""Looking into repositories by git, and which addresses git may be sent to."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from urllib.parse import urlsplit

from podo.catalog.types import Dockerfile, Found, NoRepository, RepositoryForbidden
from podo.clients.addresses import Resolve, is_near, resolve
from podo.clients.buildah import dockerfile as reading
from podo.clients.buildah.errors import DockerfileInvalid
from podo.clients.git import Credential, DeployKey, Git, NoSuchPath, NoSuchRef, Remote, Token, Unreachable
from podo.clients.git.address import normal
from podo.kernel import clock
from podo.kernel.errors import N_

_MOST = 5
_FRESH = 300.0
_KEPT = 500
_PORTS = {"http": 80, "https": 443, "ssh": 22}
# A proxy knows names that this machine does not, and goes there in its own place.
_PROXIES = frozenset({"http_proxy", "https_proxy"})


def credential_of(text: str) -> Credential | None:
    """A deploy key when it looks like a private key, else a token; None for an empty text."""
    if not text.strip():
        return None
    return DeployKey(text) if "PRIVATE KEY" in text else Token(text.strip())


class FarAway:
    """Lets git reach other machines only: no loopback, no link-local address, no metadata service of a cloud."""

    def __init__(self, resolve: Resolve = resolve) -> None:
        self._resolve = resolve

    async def __call__(self, url: str) -> Sequence[str]:
        """`host:port:address` of a normal address, to be held to while git asks there.

        Raises `RepositoryForbidden`, and `Unreachable` for a name that nobody knows: git would ask for it again, and might be
        told this machine.
        """
        parts = urlsplit(url)
        if parts.scheme == "file":
            raise RepositoryForbidden(url=url)
        host = parts.hostname or ""
        addresses = await self._resolve(host)
        if any(is_near(ipaddress.ip_address(address)) for address in addresses):
            raise RepositoryForbidden(url=url)
        port = parts.port or _PORTS.get(parts.scheme)
        if not addresses and (parts.scheme == "ssh" or not _PROXIES & {name.lower() for name in os.environ}):
            raise Unreachable(url=url, what="git", why=N_("nobody knows the host {host}").format(host=host))
        if port is None or not addresses:
            return []
        return [f"{host}:{port}:{','.join(f'[{a}]' if ':' in a else a for a in addresses)}"]


class GitRepositories:
    """`RepositoryReader`. `guard` is asked about every address; None lets all pass (demo)."""

    def __init__(self, git: Git, *, guard: FarAway | None) -> None:
        self._git = git
        self._guard = guard
        self._readmes: dict[tuple[Remote, str], tuple[float, str]] = {}

    async def check(self, url: str) -> None:
        """See `RepositoryReader.check`."""
        if not url.strip():
            raise NoRepository()
        address = normal(url.strip())
        if self._guard is not None:
            await self._guard(address)

    async def look(self, url: str, credential: str, branch: str = "") -> Found:
        """See `RepositoryReader.look`."""
        await self.check(url)
        remote = Remote(url.strip(), credential_of(credential))
        refs = await self._git.ls_remote(remote)
        wanted = branch or refs.default or "main"
        if refs.find(wanted) is None:
            raise NoSuchRef(url=url, ref=wanted)
        sha = await self._git.fetch(remote, wanted)
        commit = (await self._git.log(remote, sha, 1))[0]
        tree = await self._git.tree(remote, sha)
        names = [e.path for e in tree.entries if _is_dockerfile(e.path)]
        files = [await self._dockerfile(remote, sha, path) for path in sorted(names, key=lambda n: (n.count("/"), n))[:_MOST]]
        return Found(wanted, sha, commit.subject, commit.author, commit.at, tuple(files), await self._readme(remote, sha))

    async def read(self, url: str, credential: str, branch: str, path: str) -> str:
        """See `RepositoryReader.read`."""
        await self.check(url)
        remote = Remote(url.strip(), credential_of(credential))
        wanted = branch or (await self._git.ls_remote(remote)).default or "main"
        sha = await self._git.fetch(remote, wanted)
        return (await self._git.read(remote, sha, path, 1_500_000)).decode(errors="replace")

    async def readme(self, url: str, credential: str, branch: str) -> str:
        """See `RepositoryReader.readme`."""
        await self.check(url)
        remote = Remote(url, credential_of(credential))
        at, text = self._readmes.get((remote, branch), (0.0, ""))
        if not at or clock.monotonic() - at > _FRESH:
            text = await self._readme(remote, await self._git.fetch(remote, branch))
            while len(self._readmes) >= _KEPT:
                del self._readmes[next(iter(self._readmes))]
            self._readmes[remote, branch] = (clock.monotonic(), text)
        return text

    async def _dockerfile(self, remote: Remote, sha: str, path: str) -> Dockerfile:
        text = (await self._git.read(remote, sha, path, 200_000)).decode(errors="replace")
        try:
            found = reading.read(text)
        except DockerfileInvalid as error:
            return Dockerfile(path, 0, "", (), error.said()[0])
        return Dockerfile(path, len(found.stages), found.user or "", tuple(found.ports))

    async def _readme(self, remote: Remote, sha: str) -> str:
        try:
            return (await self._git.read(remote, sha, "README.md", 200_000)).decode(errors="replace")
        except NoSuchPath:
            return ""


def _is_dockerfile(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name in ("Dockerfile", "Containerfile") or name.endswith(".Dockerfile")
