"""Looking into repositories by git."""

from __future__ import annotations


from podo.catalog.types import Dockerfile, Found, WrongProject
from podo.clients.buildah import dockerfile as reading
from podo.clients.git import Credential, DeployKey, Git, NoSuchPath, NoSuchRef, Remote, Token
from podo.kernel.errors import N_, Refused

_MOST = 5


class RepositoryForbidden(Refused):
    """An address on Podo's own machine, where that is not allowed."""

    code = "catalog.repository_forbidden"
    so = N_("Podo does not read repositories of its own machine: {url}.")
    do = N_("Use the address of a git server; loopback and files are for the demo alone.")


def credential_of(text: str) -> Credential | None:
    """A deploy key when it looks like a private key, else a token; None for an empty text."""
    if not text.strip():
        return None
    return DeployKey(text) if "PRIVATE KEY" in text else Token(text.strip())


class GitRepositories:
    """`RepositoryReader`. `local` allows files and loopback addresses."""

    def __init__(self, git: Git, *, local: bool) -> None:
        self._git = git
        self._local = local

    async def look(self, url: str, credential: str, branch: str = "") -> Found:
        """See `RepositoryReader.look`."""
        allow(url, local=self._local)
        remote = Remote(url.strip(), credential_of(credential))
        refs = await self._git.ls_remote(remote)
        wanted = branch or refs.default or "main"
        if refs.find(wanted) is None:
            raise NoSuchRef(url=url, ref=wanted)
        sha = await self._git.fetch(remote, wanted)
        commit = (await self._git.log(remote, sha, 1))[0]
        tree = await self._git.tree(remote, sha)
        names = [e.path for e in tree.entries if e.path.rpartition("/")[2] in ("Dockerfile", "Containerfile")]
        files = [await self._dockerfile(remote, sha, path) for path in sorted(names, key=lambda n: (n.count("/"), n))[:_MOST]]
        return Found(wanted, sha, commit.subject, commit.author, commit.at, tuple(files), await self._readme(remote, sha))

    async def _dockerfile(self, remote: Remote, sha: str, path: str) -> Dockerfile:
        text = (await self._git.read(remote, sha, path, 200_000)).decode(errors="replace")
        found = reading.read(text)
        return Dockerfile(path, len(found.stages), found.user or "", tuple(found.ports))

    async def _readme(self, remote: Remote, sha: str) -> str:
        try:
            return (await self._git.read(remote, sha, "README.md", 200_000)).decode(errors="replace")
        except NoSuchPath:
            return ""


def allow(url: str, *, local: bool) -> None:
    """Raises `RepositoryForbidden` for files and loopback addresses unless `local`, `WrongProject` for an empty one."""
    if not url.strip():
        raise WrongProject(field="repository", why="give the address of a git repository")
    lowered = url.strip().lower()
    near = lowered.startswith(("/", "file:", ".")) or any(h in lowered for h in ("//localhost", "//127.", "//[::1]", "//169.254."))
    if near and not local:
        raise RepositoryForbidden(url=url)


