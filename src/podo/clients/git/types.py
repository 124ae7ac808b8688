"""Nouns of git, and the verbs that the program and its twin both answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Token:
    """An access token or password, sent as HTTP Basic with `user`. GitHub and GitLab take any user with a token."""

    secret: str = field(repr=False)
    user: str = "x-access-token"


@dataclass(frozen=True, slots=True)
class DeployKey:
    """An SSH private key as text, without a passphrase.

    `known_hosts` are lines of ssh's known_hosts file; without them a host's key is taken on first sight and kept.
    """

    private: str = field(repr=False)
    known_hosts: str = ""


Credential = Token | DeployKey


def credential_of(text: str) -> Credential | None:
    """What somebody pasted: a deploy key when it looks like a private key, else a token; None for an empty text."""
    if not text.strip():
        return None
    return DeployKey(text) if "PRIVATE KEY" in text else Token(text.strip())


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository's address (`https:`, `http:`, `ssh:`, `file:`, `host:path` or an absolute path) and how to be let in."""

    url: str
    credential: Credential | None = None


@dataclass(frozen=True, slots=True)
class Refs:
    """What a repository offers: full names (`refs/heads/main`, `refs/tags/v1`) → commit's sha; an empty repository has none.

    `default` is the default branch's short name, None where the repository does not say (or is empty).
    """

    default: str | None
    shas: Mapping[str, str]

    def find(self, name: str) -> str | None:
        """The sha of a branch, a tag or a full name; a branch wins over a tag of the same name."""
        return next((self.shas[ref] for ref in candidates(name) if ref in self.shas), None)


def candidates(name: str) -> tuple[str, ...]:
    """The full names that `name` may mean, in the order in which they win."""
    return (name,) if name.startswith("refs/") else (f"refs/heads/{name}", f"refs/tags/{name}")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: its 40-digit sha, its parents' shas, its author and the author's time (UTC), and its message in two parts."""

    sha: str
    parents: tuple[str, ...]
    author: str
    email: str
    at: datetime
    subject: str
    body: str


class EntryKind(StrEnum):
    """What stands at a path."""

    file = "file"
    executable = "executable"
    link = "link"
    submodule = "submodule"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a tree; `size` in bytes (0 for a submodule)."""

    path: str
    kind: EntryKind
    size: int


@dataclass(frozen=True, slots=True)
class Tree:
    """All files below a folder, sorted by path; `truncated` when there are more than were asked for."""

    entries: tuple[Entry, ...]
    truncated: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """How `head` stands to `base`: commits that head has and base has not (newest first, at most the limit; `ahead` counts all),
    how many base has and head has not, and the commit where they parted (None: they share none)."""

    commits: tuple[Commit, ...]
    ahead: int
    behind: int
    merge_base: str | None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be written out of one commit: number of files, and bytes in all."""

    files: int = 50_000
    size: int = 1 << 30


@dataclass(frozen=True, slots=True)
class Export:
    """What was written: number of files, bytes, and paths of submodules, which stay empty folders."""

    files: int
    size: int
    submodules: tuple[str, ...]


class Git(Protocol):
    """Git's verbs. `ref` is a branch, a tag, a full name or a 40-digit sha; where a sha is known already, nothing is fetched.

    All raise `AddressInvalid`, `CredentialInvalid`, `Unreachable`, `DiskFull`, `AuthFailed`, `NotARepository`, `Moved`,
    `GitFailed`; those that take a ref or sha raise `NoSuchRef`.
    """

    async def ls_remote(self, remote: Remote) -> Refs:
        """Ask the repository for its branches and tags now."""
        ...

    async def fetch(self, remote: Remote, ref: str) -> str:
        """Bring the mirror up to date and return the sha that `ref` means; a sha that is there already is not fetched again."""
        ...

    async def read(self, remote: Remote, sha: str, path: str, max_bytes: int = 1 << 20) -> bytes:
        """A file's content at a commit, following links inside the tree. Raises `NoSuchPath`, `TooLarge`."""
        ...

    async def tree(self, remote: Remote, sha: str, path: str = "", limit: int = 10_000) -> Tree:
        """The files below `path` (all for "") at a commit. Raises `NoSuchPath`."""
        ...

    async def log(self, remote: Remote, ref: str, limit: int = 50) -> tuple[Commit, ...]:
        """The last commits that lead to `ref`, newest first."""
        ...

    async def compare(self, remote: Remote, base: str, head: str, limit: int = 250) -> Comparison:
        """What lies between two commits."""
        ...

    async def checkout(self, remote: Remote, sha: str, into: Path, limits: Limits = Limits()) -> Export:
        """Write a commit's files into `into`, which must be missing or empty: bytes as committed, times of the commit, no `.git`.

        Raises `UnsafeTree` (a link out of the tree, a path that is no plain path) and `TooLarge`; then nothing is left.
        """
        ...
