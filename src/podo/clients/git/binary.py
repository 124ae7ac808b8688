"""Git's verbs by the `git` program, on bare mirrors in a folder."""

from __future__ import annotations

import asyncio
import os
import posixpath
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from podo.clients.git import export, said
from podo.clients.git.address import PROTOCOLS, normal
from podo.clients.git.errors import GitFailed, NoSuchPath, NoSuchRef, TooLarge
from podo.clients.git.mirror import Mirror, is_sha, unknown
from podo.clients.git.program import Guard, Program
from podo.clients.git.types import Commit, Comparison, Entry, EntryKind, Export, Limits, Refs, Remote, Tree

_HOPS = 8


class GitBinary:
    """Answers `Git`. `folder` (made when missing, mode 0700) holds the mirrors; several processes may share it.

    `protocols` are those that may be asked for (`file` reads this machine's disk: for demo and tests). `git` and `ssh` are
    the programs; `timeout` bounds a call that stays here, `remote_timeout` one that reaches out (seconds), `max_file` a
    mirror's pack (bytes). `before_call` is called before each run of git; `guard` before each that reaches out, with the address
    in its normal form: it refuses by raising, or answers the addresses (`host:port:address`) that git is held to.
    """

    def __init__(
        self,
        folder: Path,
        *,
        protocols: frozenset[str] = PROTOCOLS - {"file"},
        git: str = "git",
        ssh: str = "ssh",
        timeout: float = 30,
        remote_timeout: float = 300,
        max_file: int = 4 << 30,
        before_call: Callable[[], None] | None = None,
        guard: Guard | None = None,
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder.resolve()
        self._program = Program(self._folder, protocols, git, ssh, timeout, remote_timeout, max_file, before_call, guard)
        self._mirrors: dict[Remote, Mirror] = {}

    async def ls_remote(self, remote: Remote) -> Refs:
        """See `Git`."""
        url = normal(remote.url, self._program.protocols)
        return said.refs(await self._program.remote(url, remote.credential, "ls-remote", "--quiet", "--symref", "--", url))

    async def fetch(self, remote: Remote, ref: str) -> str:
        """See `Git`."""
        mirror = self._mirror(remote)
        if is_sha(ref) and (found := await mirror.resolve(ref)):
            return found
        await mirror.update()
        if found := await mirror.resolve(ref):
            return found
        if not is_sha(ref):
            raise NoSuchRef(url=mirror.url, ref=ref)
        try:
            await mirror.bring(ref)
        except GitFailed as error:
            if unknown(error):
                raise NoSuchRef(url=mirror.url, ref=ref) from None
            raise
        return ref

    async def read(self, remote: Remote, sha: str, path: str, max_bytes: int = 1 << 20) -> bytes:
        """See `Git`."""
        mirror, sha = await self._at(remote, sha)
        at = posixpath.normpath(path)
        for _ in range(_HOPS):
            entry, oid = await self._entry(mirror, sha, at, path)
            if entry.size > max_bytes:
                raise TooLarge(what=path, size=f"{entry.size} bytes", limit=f"{max_bytes} bytes")
            content = await mirror.run("cat-file", "blob", oid)
            if entry.kind is not EntryKind.link:
                return content
            at = posixpath.normpath(posixpath.join(posixpath.dirname(at), content.decode(errors="replace")))
        raise NoSuchPath(path=path, sha=sha[:12])

    async def tree(self, remote: Remote, sha: str, path: str = "", limit: int = 10_000) -> Tree:
        """See `Git`."""
        mirror, sha = await self._at(remote, sha)
        below = posixpath.normpath(path).strip("/") if path else ""
        listed = said.entries(await self._list(mirror, sha, below))
        found = [replace(entry, path=os.fsencode(entry.path).decode(errors="replace")) for entry, _ in listed]
        if below and (not found or found[0].path == below):
            raise NoSuchPath(path=path, sha=sha[:12])
        return Tree(tuple(sorted(found, key=lambda entry: entry.path)[:limit]), len(found) > limit)

    async def log(self, remote: Remote, ref: str, limit: int = 50) -> tuple[Commit, ...]:
        """See `Git`."""
        mirror, sha = await self._at(remote, ref)
        return await self._log(mirror, sha, limit)

    async def compare(self, remote: Remote, base: str, head: str, limit: int = 250) -> Comparison:
        """See `Git`."""
        mirror, base = await self._at(remote, base)
        _, head = await self._at(remote, head)
        counted = await mirror.run("rev-list", "--left-right", "--count", f"{base}...{head}")
        behind, ahead = (int(count) for count in counted.split())
        parted = await self._program.local(mirror.folder, "merge-base", base, head)
        commits = await self._log(mirror, f"{base}..{head}", limit)
        return Comparison(commits, ahead, behind, parted.out.decode().split()[0] if parted.code == 0 else None)

    async def checkout(self, remote: Remote, sha: str, into: Path, limits: Limits = Limits()) -> Export:
        """See `Git`."""
        mirror, sha = await self._at(remote, sha)
        listed = list(said.entries(await self._list(mirror, sha, "")))
        export.check(sha, [entry for entry, _ in listed], limits)
        at = int(await mirror.run("log", "-1", "--format=%ct", sha))
        command, env = self._program.batch(mirror.folder)
        writing = export.Writing(sha, listed, into, at)
        task = asyncio.create_task(asyncio.to_thread(writing.run, command, env))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            writing.stop()
            await asyncio.gather(task, return_exceptions=True)
            raise

    def _mirror(self, remote: Remote) -> Mirror:
        if remote not in self._mirrors:
            url = normal(remote.url, self._program.protocols)
            self._mirrors[remote] = Mirror(self._program, self._folder, url, remote.credential)
        return self._mirrors[remote]

    async def _at(self, remote: Remote, ref: str) -> tuple[Mirror, str]:
        return self._mirror(remote), await self.fetch(remote, ref)

    async def _list(self, mirror: Mirror, sha: str, path: str) -> bytes:
        below = ["--", path] if path else []
        return await mirror.run("ls-tree", "-r", "-z", "-l", "--full-tree", sha, *below)

    async def _entry(self, mirror: Mirror, sha: str, at: str, path: str) -> tuple[Entry, str]:
        if at.startswith(("/", "../")) or at in {".", ".."}:
            raise NoSuchPath(path=path, sha=sha[:12])
        found = [pair for pair in said.entries(await self._list(mirror, sha, at)) if pair[0].path == at]
        if not found or found[0][0].kind is EntryKind.submodule:
            raise NoSuchPath(path=path, sha=sha[:12])
        return found[0]

    async def _log(self, mirror: Mirror, span: str, limit: int) -> tuple[Commit, ...]:
        return said.commits(await mirror.run("log", "-z", f"--format={said.LOG_FORMAT}", f"--max-count={limit}", span, "--"))
