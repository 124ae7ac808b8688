"""Git in process: repositories are made by calls and answer the same verbs in the same way."""

from __future__ import annotations

import asyncio
import hashlib
import io
import posixpath
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from podo.clients.git import export
from podo.clients.git.address import PROTOCOLS, normal
from podo.clients.git.errors import AuthFailed, NoSuchPath, NoSuchRef, NotARepository, TooLarge, Unreachable
from podo.clients.git.types import Commit, Comparison, Credential, Entry, EntryKind, Export, Limits, Refs, Remote, Tree
from podo.kernel import clock, ids

_HOPS = 8


@dataclass(frozen=True, slots=True)
class TwinFile:
    """A file's content; for a link, the bytes of its target."""

    content: bytes
    kind: EntryKind = EntryKind.file


@dataclass(frozen=True, slots=True)
class TwinCommit:
    """A commit with all its files."""

    commit: Commit
    files: Mapping[str, TwinFile]


@dataclass(slots=True)
class TwinRepository:
    """A repository that is written by calls. `credential` is what it wants; `up` is whether it answers."""

    default: str = "main"
    credential: Credential | None = None
    up: bool = True
    shas: dict[str, str] = field(default_factory=dict)
    commits: dict[str, TwinCommit] = field(default_factory=dict)

    def commit(
        self,
        files: Mapping[str, bytes | TwinFile | None],
        message: str,
        *,
        branch: str = "main",
        start: str | None = None,
        author: str = "Grape",
        email: str = "grape@example.com",
        at: datetime | None = None,
    ) -> str:
        """Change `files` (None removes one) on top of the branch (or of commit `start`), and return the new sha."""
        parent = start or self.shas.get(f"refs/heads/{branch}")
        before = dict(self.commits[parent].files) if parent else {}
        changed = {path: TwinFile(file) if isinstance(file, bytes) else file for path, file in files.items()}
        after = {path: file for path, file in (before | changed).items() if file is not None}
        when = (at or clock.now()).replace(microsecond=0)
        subject, _, body = message.partition("\n")
        parents = (parent,) if parent else ()
        content = {path: [file.kind, hashlib.sha256(file.content).hexdigest()] for path, file in after.items()}
        said = [content, parents, author, email, when.isoformat(), message]
        sha = hashlib.sha1(ids.canonical(said), usedforsecurity=False).hexdigest()
        commit = Commit(sha, parents, author, email, when, subject, body.strip())
        self.commits[sha] = TwinCommit(commit, after)
        self.shas[f"refs/heads/{branch}"] = sha
        return sha

    def tag(self, name: str, sha: str) -> None:
        """Put a tag on a commit."""
        self.shas[f"refs/tags/{name}"] = sha

    def drop(self, branch: str) -> None:
        """Delete a branch; its commits stay."""
        del self.shas[f"refs/heads/{branch}"]


class GitTwin:
    """Answers `Git`. `made(url)` puts a repository at an address; what was seen once is answered without it, as from a mirror."""

    def __init__(self, *, protocols: frozenset[str] = PROTOCOLS, before_call: Callable[[], None] | None = None) -> None:
        self._protocols = protocols
        self._before_call = before_call
        self._repositories: dict[str, TwinRepository] = {}
        self._seen: dict[Remote, set[str]] = {}

    def made(self, url: str, credential: Credential | None = None) -> TwinRepository:
        """A new empty repository at `url`."""
        return self._repositories.setdefault(normal(url), TwinRepository(credential=credential))

    async def ls_remote(self, remote: Remote) -> Refs:
        """See `Git`."""
        repository = self._reach(remote)
        default = repository.default if f"refs/heads/{repository.default}" in repository.shas else None
        return Refs(default, dict(repository.shas))

    async def fetch(self, remote: Remote, ref: str) -> str:
        """See `Git`."""
        seen = self._seen.setdefault(remote, set())
        if ref in seen:
            return ref
        repository = self._reach(remote)
        sha = ref if ref in repository.commits else Refs(None, repository.shas).find(ref)
        if sha is None:
            raise NoSuchRef(url=normal(remote.url), ref=ref)
        seen.update(_ancestors(repository, sha))
        return sha

    async def read(self, remote: Remote, sha: str, path: str, max_bytes: int = 1 << 20) -> bytes:
        """See `Git`."""
        _, at = await self._at(remote, sha)
        place = posixpath.normpath(path)
        for _ in range(_HOPS):
            file = at.files.get(place)
            if file is None or file.kind is EntryKind.submodule:
                break
            if len(file.content) > max_bytes:
                raise TooLarge(what=path, size=f"{len(file.content)} bytes", limit=f"{max_bytes} bytes")
            if file.kind is not EntryKind.link:
                return file.content
            place = posixpath.normpath(posixpath.join(posixpath.dirname(place), file.content.decode()))
        raise NoSuchPath(path=path, sha=at.commit.sha[:12])

    async def tree(self, remote: Remote, sha: str, path: str = "", limit: int = 10_000) -> Tree:
        """See `Git`."""
        _, at = await self._at(remote, sha)
        below = f"{posixpath.normpath(path).strip('/')}/" if path else ""
        found = [entry for entry in _entries(at) if entry.path.startswith(below)]
        if below and not found:
            raise NoSuchPath(path=path, sha=at.commit.sha[:12])
        return Tree(tuple(found[:limit]), len(found) > limit)

    async def log(self, remote: Remote, ref: str, limit: int = 50) -> tuple[Commit, ...]:
        """See `Git`."""
        repository, at = await self._at(remote, ref)
        return _newest(repository, _ancestors(repository, at.commit.sha))[:limit]

    async def compare(self, remote: Remote, base: str, head: str, limit: int = 250) -> Comparison:
        """See `Git`."""
        repository, at = await self._at(remote, base)
        _, to = await self._at(remote, head)
        ours, theirs = _ancestors(repository, at.commit.sha), _ancestors(repository, to.commit.sha)
        shared = [sha for sha in theirs if sha in ours]
        ahead = _newest(repository, [sha for sha in theirs if sha not in ours])
        behind = sum(sha not in theirs for sha in ours)
        return Comparison(ahead[:limit], len(ahead), behind, shared[0] if shared else None)

    async def checkout(self, remote: Remote, sha: str, into: Path, limits: Limits = Limits()) -> Export:
        """See `Git`."""
        _, at = await self._at(remote, sha)
        entries = _entries(at)
        export.check(at.commit.sha, entries, limits)
        return await asyncio.to_thread(_write, at, entries, into)

    async def _at(self, remote: Remote, ref: str) -> tuple[TwinRepository, TwinCommit]:
        sha = await self.fetch(remote, ref)
        repository = self._repositories[normal(remote.url)]
        return repository, repository.commits[sha]

    def _reach(self, remote: Remote) -> TwinRepository:
        if self._before_call:
            self._before_call()
        url = normal(remote.url, self._protocols)
        repository = self._repositories.get(url)
        if repository is None:
            raise NotARepository(url=url, why="the address is not known", what="repository", name=url)
        if not repository.up:
            raise Unreachable(url=url, why="connection refused", what="git")
        if repository.credential not in (None, remote.credential):
            raise AuthFailed(url=url, why="authentication failed")
        return repository


def _ancestors(repository: TwinRepository, sha: str) -> dict[str, None]:
    """The commit and all before it, each once, nearest first."""
    found: dict[str, None] = {}
    waiting = [sha]
    while waiting:
        if (one := waiting.pop(0)) not in found:
            found[one] = None
            waiting.extend(repository.commits[one].commit.parents)
    return found


def _newest(repository: TwinRepository, shas: Mapping[str, None] | list[str]) -> tuple[Commit, ...]:
    return tuple(sorted((repository.commits[sha].commit for sha in shas), key=lambda commit: commit.at, reverse=True))


def _entries(at: TwinCommit) -> list[Entry]:
    sizes = (
        (path, file.kind, 0 if file.kind is EntryKind.submodule else len(file.content)) for path, file in sorted(at.files.items())
    )
    return [Entry(path, kind, size) for path, kind, size in sizes]


def _write(at: TwinCommit, entries: list[Entry], into: Path) -> Export:
    export.fresh(into)
    try:
        placed: dict[str, str] = {}
        for entry in entries:
            content = at.files[entry.path].content
            match entry.kind:
                case EntryKind.submodule:
                    (into / entry.path).mkdir(parents=True, exist_ok=True)
                case EntryKind.link:
                    placed[entry.path] = content.decode()
                case _:
                    export.write(into, entry.path, entry.kind, io.BytesIO(content), len(content))
        export.links(at.commit.sha, into, placed)
        export.stamp(into, int(at.commit.at.timestamp()))
    except BaseException:
        shutil.rmtree(into, ignore_errors=True)
        raise
    submodules = tuple(entry.path for entry in entries if entry.kind is EntryKind.submodule)
    return Export(len(entries) - len(submodules), sum(entry.size for entry in entries), submodules)
