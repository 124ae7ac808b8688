"""The folder that is built: a commit's files, which may have been written by anybody. Nothing in it may lead out of it."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import posixpath
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from podo.clients.buildah.errors import DockerfileMissing, FolderUnsafe
from podo.kernel.errors import N_

_MOST = 1 << 20
_CHUNK = 1 << 20
_IGNORES = (".containerignore", ".dockerignore")


class Context:
    """A folder, and the path of the Dockerfile in it.

    Raises `FolderUnsafe` for what leads out of it or is no file, and `DockerfileMissing`.
    """

    def __init__(self, folder: Path, dockerfile: str) -> None:
        self.root = os.path.realpath(folder)
        self.paths = tuple(sorted(self._walk()))
        self.path = posixpath.normpath(dockerfile)
        self.dockerfile = self._read(dockerfile)
        self._ignored: list[tuple[_Pattern, bool]] | None = None

    @property
    def ignorefile(self) -> str | None:
        """The path of the list of what is not sent to the build: the Dockerfile's own, else the folder's."""
        candidates = [f"{self.path}{name}" for name in _IGNORES] + list(_IGNORES)
        return next((name for name in candidates if os.path.isfile(os.path.join(self.root, name))), None)

    def lacks(self, source: str) -> bool:
        """Whether nothing matches a source of COPY: a path or pattern below the folder."""
        if not posixpath.normpath(f"/{source}").strip("/"):
            return False
        pattern = _Pattern.of(source)
        return not any(pattern.fits(path) and not self._left_out(path) for path in self.paths)

    def digest(self) -> str:
        """64 hex digits over the paths, kinds and content of all files."""
        seen = hashlib.sha256()
        for path in self.paths:
            place = os.path.join(self.root, path)
            mode = os.lstat(place).st_mode
            seen.update(f"{path}\0{stat.S_IFMT(mode)}\0{mode & stat.S_IXUSR}\0".encode(errors="surrogateescape"))
            if stat.S_ISLNK(mode):
                seen.update(os.fsencode(os.readlink(place)))
            elif stat.S_ISREG(mode):
                seen.update(_hashed(place))
        return seen.hexdigest()

    def size(self) -> int:
        """The bytes of all files."""
        return sum(os.lstat(os.path.join(self.root, path)).st_size for path in self.paths)

    def _walk(self) -> Iterator[str]:
        """All files and folders below, by path."""
        for folder, folders, files in os.walk(self.root):
            for name in (*folders, *files):
                place = os.path.join(folder, name)
                path = os.path.relpath(place, self.root)
                mode = os.lstat(place).st_mode
                if stat.S_ISLNK(mode) and not self._inside(os.path.realpath(place)):
                    raise FolderUnsafe(path=_shown(path), why=N_("is a link that leaves the repository"), fields={})
                if not (stat.S_ISLNK(mode) or stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
                    raise FolderUnsafe(path=_shown(path), why=N_("is neither a file nor a folder"), fields={})
                yield path

    def _read(self, dockerfile: str) -> bytes:
        if not dockerfile or "\0" in dockerfile or dockerfile.startswith("/") or ".." in dockerfile.split("/"):
            raise FolderUnsafe(path=_shown(dockerfile)[:200], why=N_("is no path inside the repository"), fields={})
        place = os.path.realpath(os.path.join(self.root, dockerfile))
        if not self._inside(place):
            raise FolderUnsafe(path=_shown(dockerfile)[:200], why=N_("leaves the repository"), fields={})
        if not os.path.isfile(place):
            raise DockerfileMissing(path=_shown(dockerfile)[:200], what="Dockerfile", name=_shown(dockerfile)[:200])
        with open(place, "rb") as file:
            return file.read(_MOST)

    def _inside(self, place: str) -> bool:
        return place == self.root or place.startswith(self.root + os.sep)

    def _left_out(self, path: str) -> bool:
        """Whether .dockerignore names the path or a folder above it; the last line that fits decides."""
        if self._ignored is None:
            self._ignored = _rules(self._lines())
        parts = path.split("/")
        above = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        left_out = False
        for pattern, out in self._ignored:
            if any(pattern.fits(one) for one in above):
                left_out = out
        return left_out

    def _lines(self) -> Sequence[str]:
        if self.ignorefile is None:
            return ()
        with open(os.path.join(self.root, self.ignorefile), "rb") as file:
            return file.read(_MOST).decode(errors="replace").splitlines()


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A path's pattern, name by name; None stands for `**`, any number of folders."""

    names: tuple[re.Pattern[str] | None, ...]

    @classmethod
    def of(cls, text: str) -> _Pattern:
        """Read `src/*.py`, `**/node_modules`."""
        parts = posixpath.normpath(f"/{text}").strip("/").split("/")
        return cls(tuple(None if part == "**" else re.compile(fnmatch.translate(part.replace("[^", "[!"))) for part in parts))

    def fits(self, path: str) -> bool:
        """Whether it matches the whole path. Takes time in proportion to both, whatever the pattern."""
        parts = path.split("/")
        ends = {0}
        for name in self.names:
            if name is None:
                ends = set(range(min(ends), len(parts) + 1)) if ends else ends
            else:
                ends = {end + 1 for end in ends if end < len(parts) and name.match(parts[end])}
        return len(parts) in ends


def _rules(lines: Sequence[str]) -> list[tuple[_Pattern, bool]]:
    """The patterns of .dockerignore, each with whether it leaves out or (`!`) lets in."""
    told = [line.strip() for line in lines]
    return [(_Pattern.of(text.lstrip("!").strip()), not text.startswith("!")) for text in told if text and text[0] != "#"]


def _hashed(place: str) -> bytes:
    seen = hashlib.sha256()
    with open(place, "rb") as file:
        while chunk := file.read(_CHUNK):
            seen.update(chunk)
    return seen.digest()


def _shown(path: str) -> str:
    return os.fsencode(path).decode(errors="replace")
