"""A bare mirror of a repository in a folder. It is a cache: it may be deleted at any time and comes back by itself."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

from podo.clients.git import said
from podo.clients.git.errors import GitFailed
from podo.clients.git.program import Program
from podo.clients.git.types import Credential, DeployKey, Token, candidates

_SHA = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"(?!.*(\.\.|@\{))[^\s~^:?*\[\\\x00-\x1f\x7f]+")
_REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_POLL = 0.05


def is_sha(ref: str) -> bool:
    """Whether `ref` is a commit's full name."""
    return _SHA.fullmatch(ref) is not None


class Mirror:
    """The mirror of one address *as one credential sees it*: who knows only the address does not read what a token brought in."""

    def __init__(self, program: Program, folder: Path, url: str, credential: Credential | None) -> None:
        self.url = url
        self.folder = folder / f"{_key(url, credential)}.git"
        self._program = program
        self._credential = credential
        self._busy = asyncio.Lock()

    async def run(self, *arguments: str, max_output: int = 1 << 26) -> bytes:
        """Run git on the mirror and return what it printed. Raises `GitFailed`."""
        finished = await self._program.local(self.folder, *arguments, max_output=max_output)
        if finished.code:
            raise said.failure(self.url, finished.code, finished.err)
        return finished.out

    async def resolve(self, ref: str) -> str | None:
        """The commit that `ref` means by what was fetched last, None when it is not here."""
        if not (self.folder / "HEAD").exists() or not _NAME.fullmatch(ref):
            return None
        for name in (ref,) if is_sha(ref) else candidates(ref):
            found = await self._program.local(
                self.folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
            )
            if found.code == 0:
                return found.out.decode().strip()
        return None

    async def update(self) -> None:
        """Bring all branches and tags up to date; one at a time, in this process and in others that share the folder."""
        async with self._alone():
            await self._fetch(*_REFSPECS)

    async def bring(self, sha: str) -> None:
        """Bring one commit that no branch or tag leads to. Servers that do not hand out such commits raise `GitFailed`."""
        async with self._alone():
            await self._fetch(f"{sha}:refs/podo/{sha}")

    async def _fetch(self, *refspecs: str) -> None:
        if not (self.folder / "HEAD").exists():
            await self.run("init", "--quiet", "--bare", "--template=", str(self.folder))
        # A killed git leaves its locks behind; we hold the mirror alone, so they are nobody's.
        await asyncio.to_thread(_unlock, self.folder)
        options = ("--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
        prune = ("--prune",) if refspecs == _REFSPECS else ()
        await self._program.remote(
            self.url, self._credential, "--git-dir", str(self.folder), "fetch", *options, *prune, "--", self.url, *refspecs
        )

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        async with self._busy:
            descriptor = os.open(self.folder.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                while not _locked(descriptor):  # noqa: ASYNC110 - another process holds it, and flock tells nobody
                    await asyncio.sleep(_POLL)
                yield
            finally:
                os.close(descriptor)


def _key(url: str, credential: Credential | None) -> str:
    match credential:
        case None:
            secret = ""
        case Token(secret=token, user=user):
            secret = f"token {user}:{token}"
        case DeployKey(private=private):
            secret = f"key {private}"
    return hashlib.sha256(f"{url}\n{secret}".encode()).hexdigest()[:40]


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unlock(folder: Path) -> None:
    for lock in folder.rglob("*.lock"):
        lock.unlink(missing_ok=True)


def unknown(error: GitFailed) -> bool:
    """Whether git failed because the server knows no such commit, or hands none out by name."""
    why = str(error.data.get("why", "")).lower()
    return any(words in why for words in ("not our ref", "unadvertised object", "couldn't find remote ref", "remote error"))
