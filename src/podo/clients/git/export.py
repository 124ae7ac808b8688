"""Write a commit's files into a folder, so that nothing can be written or read outside of it.

Files go into fresh folders, never through a link: links are made last, and each must end inside the tree.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from podo.clients.git.errors import GitFailed, TooLarge, UnsafeTree
from podo.clients.git.types import Entry, EntryKind, Export, Limits

_CHUNK = 1 << 20


def check(sha: str, entries: Sequence[Entry], limits: Limits) -> None:
    """Refuse what is too much (`TooLarge`) or names a path that is no plain path (`UnsafeTree`), before anything is written."""
    size = sum(entry.size for entry in entries)
    if len(entries) > limits.files:
        raise TooLarge(what=f"commit {sha[:12]}", size=f"{len(entries)} files", limit=f"{limits.files} files")
    if size > limits.size:
        raise TooLarge(what=f"commit {sha[:12]}", size=f"{size >> 20} MiB", limit=f"{limits.size >> 20} MiB")
    paths = {entry.path for entry in entries}
    for entry in entries:
        if not is_plain(entry.path):
            raise UnsafeTree(sha=sha[:12], path=_shown(entry.path), why="is not a plain path")
        if any(str(folder) in paths for folder in PurePosixPath(entry.path).parents) or len(paths) < len(entries):
            raise UnsafeTree(sha=sha[:12], path=_shown(entry.path), why="is both a file and a folder")


def is_plain(path: str) -> bool:
    """Whether a path has only ordinary names in it: none empty, none that points up, none that is git's own."""
    parts = path.split("/")
    return bool(path) and all(part not in {"", ".", ".."} and part.lower() != ".git" and "\0" not in part for part in parts)


def links(sha: str, into: Path, placed: Mapping[str, str]) -> None:
    """Make links (path → target) and look where each ends. Raises `UnsafeTree`; the caller removes what was written."""
    places = {path: _place(into, path) for path in placed}
    for path, target in placed.items():
        os.symlink(target, places[path])
    root = os.path.realpath(into)
    for path in placed:
        end = os.path.realpath(into / path)
        if end != root and not end.startswith(root + os.sep):
            raise UnsafeTree(sha=sha[:12], path=_shown(path), why="is a link that leaves the repository")


def stamp(into: Path, at: int) -> None:
    """Give everything the commit's time (seconds since 1970), so that the same commit looks the same each time."""
    for folder, folders, files in os.walk(into, topdown=False):
        for name in (*files, *folders):
            os.utime(os.path.join(folder, name), (at, at), follow_symlinks=False)
    os.utime(into, (at, at))


def write(into: Path, path: str, kind: EntryKind, source: IO[bytes], size: int) -> None:
    """Write `size` bytes of `source` to a new file."""
    mode = 0o755 if kind is EntryKind.executable else 0o644
    descriptor = os.open(_place(into, path), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        while size:
            chunk = source.read(min(size, _CHUNK))
            if not chunk:
                raise EOFError
            file.write(chunk)
            size -= len(chunk)


def fresh(into: Path) -> None:
    """Make the folder; it may be there when it is empty. Raises FileExistsError."""
    into.mkdir(parents=True, exist_ok=True)
    if any(into.iterdir()):
        raise FileExistsError(f"{into} is not empty")


def _shown(path: str) -> str:
    return os.fsencode(path).decode(errors="replace")


def _place(into: Path, path: str) -> Path:
    place = into / path
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


class Writing:
    """One checkout on a thread: `run` writes, `stop` ends it early from another thread; either way no half tree is left."""

    def __init__(self, sha: str, listed: Sequence[tuple[Entry, str]], into: Path, at: int) -> None:
        self._sha, self._listed, self._into, self._at = sha, listed, into, at
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def stop(self) -> None:
        """Let `run` fail soon."""
        self._stopped = True
        if self._process:
            self._process.kill()

    def run(self, command: Sequence[str], env: Mapping[str, str]) -> Export:
        """Write all; `command` prints objects in the form of `git cat-file --batch`."""
        fresh(self._into)
        try:
            with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as self._process:
                try:
                    self._write(self._process)
                finally:
                    self._process.kill()
            stamp(self._into, self._at)
        except (EOFError, BrokenPipeError):
            shutil.rmtree(self._into, ignore_errors=True)
            raise GitFailed(url=self._sha, why="git cat-file ended early") from None
        except BaseException:
            shutil.rmtree(self._into, ignore_errors=True)
            raise
        submodules = tuple(entry.path for entry, _ in self._listed if entry.kind is EntryKind.submodule)
        return Export(len(self._listed) - len(submodules), sum(entry.size for entry, _ in self._listed), submodules)

    def _write(self, process: subprocess.Popen[bytes]) -> None:
        placed: dict[str, str] = {}
        for entry, oid in self._listed:
            if entry.kind is EntryKind.submodule:
                (self._into / entry.path).mkdir(parents=True, exist_ok=True)
                continue
            with self._object(process, oid, entry.size) as content:
                if entry.kind is EntryKind.link:
                    placed[entry.path] = os.fsdecode(content.read(entry.size))
                    continue
                write(self._into, entry.path, entry.kind, content, entry.size)
        links(self._sha, self._into, placed)

    @contextlib.contextmanager
    def _object(self, process: subprocess.Popen[bytes], oid: str, size: int) -> Iterator[IO[bytes]]:
        """The stream, standing at the content of one object."""
        if self._stopped or process.stdin is None or process.stdout is None:
            raise EOFError
        process.stdin.write(f"{oid}\n".encode())
        process.stdin.flush()
        head = process.stdout.readline().split()
        if len(head) != 3 or int(head[2]) != size:
            raise EOFError
        yield process.stdout
        process.stdout.read(1)
