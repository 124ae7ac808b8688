"""Read what git says: its lists, and what its complaints mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from podo.clients.git.errors import AuthFailed, DiskFull, GitFailed, Moved, NotARepository, TooLarge, Unreachable
from podo.clients.git.types import Commit, Entry, EntryKind, Refs
from podo.kernel.errors import PodoError

LOG_FORMAT = "%H%x00%P%x00%an%x00%ae%x00%at%x00%s%x00%b"
_FIELDS = LOG_FORMAT.count("%x00") + 1
_KINDS = {"100755": EntryKind.executable, "120000": EntryKind.link, "160000": EntryKind.submodule}

_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_LARGE = re.compile(r"died of signal 25|file too large", re.IGNORECASE)
# In this order: what git adds last ("could not read from remote repository") says the least.
_AUTH = re.compile(
    r"authentication failed|could not read (username|password)|terminal prompts disabled|error: (401|403)|permission denied"
    r"|access denied|host key verification failed|invalid format|error in libcrypto|too many authentication failures",
    re.IGNORECASE,
)
_MOVED = re.compile(r"error: 30[12378]\b|unable to update url base from redirection", re.IGNORECASE)
_NONE = re.compile(
    r"does not appear to be a git repository|repository .* not found|repository not found|is this a git repository"
    r"|error: 404|error: 410|not a git repository|dubious ownership",
    re.IGNORECASE,
)
_SILENT = re.compile(
    r"could not resolve host|name or service not known|connection (refused|timed out|reset|closed)|failed to connect"
    r"|couldn't connect|network is unreachable|no route to host|timed out|early eof|hung up|rpc failed|error: (429|5\d\d)"
    r"|ssl|tls|certificate|empty reply|transfer closed|unexpected disconnect|too slow",
    re.IGNORECASE,
)


def refs(out: bytes) -> Refs:
    """What `git ls-remote --symref` printed; a tag stands for the commit that it was put on."""
    default, shas = None, {}
    for line in out.decode(errors="replace").splitlines():
        left, _, name = line.partition("\t")
        if name == "HEAD" and left.startswith("ref: refs/heads/"):
            default = left.removeprefix("ref: refs/heads/")
        if name.startswith(("refs/heads/", "refs/tags/")):
            shas[name.removesuffix("^{}")] = left
    return Refs(default if f"refs/heads/{default}" in shas else None, shas)


def commits(out: bytes) -> tuple[Commit, ...]:
    """What `git log -z` printed in `LOG_FORMAT`."""
    fields = out.decode(errors="replace").split("\0")
    rows = (fields[at : at + _FIELDS] for at in range(0, len(fields) - _FIELDS + 1, _FIELDS))
    return tuple(
        Commit(sha, tuple(parents.split()), author, email, datetime.fromtimestamp(int(at), UTC), subject, body.strip())
        for sha, parents, author, email, at, subject, body in rows
    )


def entries(out: bytes) -> Iterator[tuple[Entry, str]]:
    """What `git ls-tree -r -z -l` printed: each file and the id of its content."""
    for line in out.split(b"\0"):
        if line:
            head, _, path = line.partition(b"\t")
            mode, _, oid, size = head.decode().split()
            kind = _KINDS.get(mode, EntryKind.file)
            yield Entry(path.decode(errors="surrogateescape"), kind, 0 if size == "-" else int(size)), oid


def complaint(url: str, code: int, err: str, max_file: int) -> PodoError:
    """The error that git's exit code and complaint stand for."""
    if _LARGE.search(err):
        return TooLarge(what=url, size="more", limit=f"{max_file >> 20} MiB")
    # The address may hold any word; what git says about it is what counts.
    plain = err.replace(url, "")
    for pattern, error in (
        (_FULL, DiskFull),
        (_MOVED, Moved),
        (_AUTH, AuthFailed),
        (_NONE, NotARepository),
        (_SILENT, Unreachable),
    ):
        if pattern.search(plain):
            return error(url=url, why=sentence(err), what="git", name=url)
    return failure(url, code, err)


def failure(url: str, code: int, err: str) -> PodoError:
    """The error for a complaint about our own mirror."""
    if _FULL.search(err):
        return DiskFull(url=url, what="git")
    return GitFailed(url=url, why=sentence(err) or f"exit code {code}")


def sentence(err: str) -> str:
    """The line that says most: git's last `fatal:` or `error:`, or else the last line, without its full stop."""
    lines = [line.strip() for line in err.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("fatal:", "error:", "remote:", "ssh:")) or "denied" in line]
    first = (told or lines or [""])[0]
    return first.removeprefix("fatal: ").removeprefix("error: ").rstrip(".")[:300]
