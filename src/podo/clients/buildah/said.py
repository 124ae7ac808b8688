"""Read what buildah says: a log for people, and what its complaints mean."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

from podo.clients.buildah.dockerfile import Dockerfile
from podo.clients.buildah.errors import BaseImageMissing, BuildFailed, DiskFull, PushRefused
from podo.clients.buildah.instructions import Instruction
from podo.clients.registry import Reference, ReferenceInvalid, RegistryBroken, RegistryUnreachable, parse
from podo.kernel.errors import PodoError

_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_STEP = re.compile(r"(?:\[(\d+)/\d+\] )?STEP (\d+)/\d+: (.*)")
_NOISE = re.compile(r"subprocess exited|process (?:exited|failed)|Error: |time=\"|-->|WARN\[|ERRO\[")
_AT_STEP = re.compile(r'building at STEP ".*?": (?P<why>.*)')
_NOT_STARTED = re.compile(r"process failed to start with error: (?P<why>.*?)(?:process exited|subprocess exited|$)")
_SOURCE = re.compile(r"(?:initializing source|parsing image configuration from|reading config from) docker://(\S+?): (.*)")
_NO_SOURCE = re.compile(r"--from=(\S+): no stage or image found")
_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_AUTH = re.compile(r"unauthorized|authentication required|denied|forbidden|\b40[13]\b|invalid username/password", re.IGNORECASE)
_SILENT = re.compile(
    r"connection (?:refused|reset|timed out)|no such host|i/o timeout|timeout|network is unreachable|no route to host|\bEOF\b"
    r"|server gave HTTP response|tls:|x509|certificate|broken pipe|temporary failure|toomanyrequests|too many requests"
    r"|\b(?:429|5\d\d)\b",
    re.IGNORECASE,
)
_WRAPPING = re.compile(r"^(?:checking on sources under \"[^\"]*\": |copier: |stat: )+")
_TAIL = 40
_LITTLE = 64 << 20


class Log:
    """Cleans each line and hands it on, the first `most` of them, and remembers what tells of a failure.

    `hidden` is the folder's path on this machine, which concerns nobody; `free` says how many bytes the disk has left.
    """

    def __init__(self, on_line: Callable[[str], None], hidden: str, free: Callable[[], int], most: int) -> None:
        self._on_line, self._hidden, self._free, self._left = on_line, hidden, free, most
        self._tail: deque[str] = deque(maxlen=_TAIL)
        self.full = False
        self.step: tuple[int, int] | None = None
        self.complaint = ""

    def take(self, line: str) -> None:
        """The next line."""
        line = _CONTROL.sub("", line.rpartition("\r")[2]).replace(self._hidden, ".")
        if found := _STEP.match(line):
            self.step = int(found[1] or 1), int(found[2])
            self._tail.clear()
        elif line.startswith(("Error: ", "panic: ")):
            self.complaint = line.removeprefix("Error: ")
        elif line.strip():
            self._tail.append(line)
        # What a program says of a full disk may be about another disk.
        if _FULL.search(line) and self._free() < _LITTLE:
            self.full = True
        self._left -= 1
        if self._left >= 0:
            self._on_line(line)
        if self._left == 0:
            self._on_line("… the log is longer than Podo keeps; the rest is left out")

    @property
    def last(self) -> str:
        """The last line that the step itself wrote."""
        return next((line.strip() for line in reversed(self._tail) if not _NOISE.match(line)), "")

    @property
    def not_started(self) -> str:
        """Why a RUN could not be started; empty where it was."""
        return next((found["why"] for line in self._tail if (found := _NOT_STARTED.match(line))), "")


def build_failed(log: Log, code: int, file: Dockerfile) -> PodoError:
    """The error that a failed build stands for."""
    told = log.complaint or log.last
    if _FULL.search(log.complaint) or log.full:
        return DiskFull(what="buildah", why="no space left on device")
    at = _at(log, file)
    if found := _SOURCE.search(told):
        return _no_base(found[1], found[2], file, at)
    if found := _NO_SOURCE.search(told):
        return _no_base(found[1], "its registry does not hand it out", file, at)
    if at.keyword == "FROM" and told.startswith("creating build container"):
        return _no_base(at.text.split()[0], told.partition(": ")[2], file, at)
    return BuildFailed(line=at.line, step=at.original[:120], why=_why(log, code, at, told), exit=code, fields={})


def _why(log: Log, code: int, at: Instruction, told: str) -> str:
    if at.keyword == "RUN" and log.not_started:
        return f"it cannot be started: {log.not_started}"
    if at.keyword == "RUN":
        return f"exit code {code}" + (f", after “{log.last[:300]}”" if log.last else "")
    found = _AT_STEP.search(told)
    return _WRAPPING.sub("", found["why"] if found else told).rstrip(".")[:500] or f"exit code {code}"


def push_failed(log: Log, code: int, image: Reference) -> PodoError:
    """The error that a failed push stands for."""
    # A name may hold any word; what is said about it is what counts.
    told = (log.complaint or log.last).rpartition(f'{image.repository}:{image.tag}": ')[2].replace(image.repository, image.host)
    why = _end(told) or f"exit code {code}"
    if _AUTH.search(told):
        return PushRefused(host=image.host, image=str(image), why=why)
    if _SILENT.search(told):
        return RegistryUnreachable(host=image.host, what=image.host, why=why)
    if _FULL.search(told) and log.full:
        return DiskFull(what="buildah", why="no space left on device")
    return RegistryBroken(host=image.host, why=why)


def _no_base(name: str, why: str, file: Dockerfile, at: Instruction) -> PodoError:
    line = dict(file.images).get(name, at.line)
    if _SILENT.search(why) and not _AUTH.search(why):
        host = _host(name)
        return RegistryUnreachable(host=host, what=host, why=_end(why))
    return BaseImageMissing(image=name, line=line, why=_end(why), what="image", name=name)


def _host(name: str) -> str:
    try:
        return parse(name).host
    except ReferenceInvalid:
        return name


def _at(log: Log, file: Dockerfile) -> Instruction:
    """The instruction that the last STEP names; what follows the file's last one are the labels that Podo adds."""
    stage, step = log.step or (1, 1)
    told = file.stages[min(stage, len(file.stages)) - 1].instructions
    return told[min(step, len(told)) - 1]


def _end(why: str) -> str:
    """The end of a chain of complaints, which says most, without a full stop."""
    parts = why.strip().rstrip(".").split(": ")
    kept = parts[-2:] if len(parts) > 1 and len(parts[-1]) < 40 else parts[-1:]
    return ": ".join(dict.fromkeys(kept))[:300]
