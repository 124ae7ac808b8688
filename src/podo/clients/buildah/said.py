"""Read what buildah says: a log for people, and what its complaints mean."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Sequence

from podo.clients.buildah.dockerfile import Dockerfile
from podo.clients.buildah.errors import BuildFailed, DiskFull, ImageMissing, PushRefused
from podo.clients.buildah.instructions import Instruction
from podo.clients.registry import Reference, ReferenceInvalid, RegistryBroken, RegistryUnreachable, parse
from podo.kernel.errors import PodoError

_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_STEP = re.compile(r"(?:\[(\d+)/\d+\] )?STEP (\d+)/\d+: (.*)")
_NOISE = re.compile(r"subprocess exited|process (?:exited|failed)|Error: |time=\"|-->|WARN\[|ERRO\[")
_RESOLVING = re.compile(r"resolving step \{.*StartLine:(?P<line>\d+) EndLine:\d+\}: (?P<why>.*)")
_COMMITTING = re.compile(r"committing container for step \{.*\}: (?P<why>.*)")
_AT_STEP = re.compile(r'building at STEP ".*?": (?P<why>.*)')
_NOT_STARTED = re.compile(r"process failed to start with error: (?P<why>.*?)(?:process exited|subprocess exited|$)")
_SOURCE = re.compile(r"(?:initializing source|parsing image configuration from|reading config from) docker://(\S+?): (.*)")
_NO_SOURCE = re.compile(r"--from=(\S+): no stage or image found")
_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_CUT = re.compile(r"closed pipe|short write|unexpected EOF|input/output error", re.IGNORECASE)
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
_PAUSE = 0.25


class Log:
    """Cleans each line and hands it on, the first `most` of them, and remembers what tells of a failure.

    `hidden` are paths of this machine, which concern nobody; `free` says how many bytes the disk has left.
    """

    def __init__(self, on_line: Callable[[str], None], hidden: Sequence[str], free: Callable[[], int], most: int) -> None:
        self._on_line, self._hidden, self._free, self._left = on_line, hidden, free, most
        self.tail: deque[str] = deque(maxlen=_TAIL)
        # Whether there was next to no room at some time.
        self.full = False
        self.step: tuple[int, int] | None = None
        self.complaint = ""

    async def watch(self) -> None:
        """Look at the disk until cancelled: what failed for want of room has often made room again when it says so."""
        while True:
            self._look()
            await asyncio.sleep(_PAUSE)

    def take(self, line: str) -> None:
        """The next line."""
        line = _CONTROL.sub("", line.rpartition("\r")[2])
        for path in self._hidden:
            line = line.replace(path, ".")
        if found := _STEP.match(line):
            self.step = int(found[1] or 1), int(found[2])
            self.tail.clear()
        elif line.startswith(("Error: ", "panic: ")):
            self.complaint = line.removeprefix("Error: ")
        elif line.strip():
            self.tail.append(line)
        if _FULL.search(line):
            self._look()
        self._left -= 1
        if self._left >= 0:
            self._on_line(line)
        if self._left == 0:
            self._on_line("… the log is longer than Podo keeps; the rest is left out")

    def _look(self) -> None:
        self.full = self.full or self._free() < _LITTLE

    @property
    def last(self) -> str:
        """The last line that the step itself wrote."""
        return next((line.strip() for line in reversed(self.tail) if not _NOISE.match(line)), "")

    @property
    def not_started(self) -> str:
        """Why a RUN could not be started; empty where it was."""
        return next((found["why"] for line in self.tail if (found := _NOT_STARTED.match(line))), "")


def build_failed(log: Log, code: int, file: Dockerfile) -> PodoError:
    """The error that a failed build stands for."""
    told = log.complaint or log.last
    at = _at(log, file)
    if _is_full(log, at, told):
        return DiskFull(what="buildah", why="no space left on device")
    if found := _SOURCE.search(told):
        return _no_base(found[1], found[2], file, at)
    if found := _NO_SOURCE.search(told):
        return _no_base(found[1], "its registry does not hand it out", file, at)
    if at.keyword == "FROM" and told.startswith("creating build container"):
        return _no_base(at.text.split()[0], told.partition(": ")[2], file, at)
    return BuildFailed(line=at.line, step=at.original[:120], why=_why(log, code, at, told), exit=code, fields={})


def _is_full(log: Log, at: Instruction, told: str) -> bool:
    """Whether there was no room. What a RUN says of it may be about another disk, or about nothing."""
    if at.keyword == "RUN" and _AT_STEP.search(told):
        return log.full and any(_FULL.search(line) for line in log.tail)
    return bool(_FULL.search(_own(told))) or (log.full and bool(_CUT.search(_own(told))))


def _own(told: str) -> str:
    """What buildah says itself, without the step that it names."""
    found = _AT_STEP.search(told) or _RESOLVING.search(told) or _COMMITTING.search(told)
    return found["why"] if found else told


def _why(log: Log, code: int, at: Instruction, told: str) -> str:
    ran = at.keyword == "RUN" and (not log.complaint or bool(_AT_STEP.search(told)))
    if ran and log.not_started:
        return f"it cannot be started: {log.not_started}"
    if ran:
        return f"exit code {code}" + (f", after “{log.last[:300]}”" if log.last else "")
    return _WRAPPING.sub("", _own(told)).rstrip(".")[:500] or f"exit code {code}"


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
    try:
        image = parse(name)
    except ReferenceInvalid:
        return ImageMissing(image=name, line=line, why=_end(why), what="image", name=name)
    plain = why.replace(image.repository, image.host)
    if _SILENT.search(plain) and not _AUTH.search(plain):
        return RegistryUnreachable(host=image.host, what=image.host, why=_end(why))
    return ImageMissing(image=name, line=line, why=_end(why), what="image", name=name)


def _at(log: Log, file: Dockerfile) -> Instruction:
    """The instruction that the last STEP names; what follows the file's last one are the labels that Podo adds."""
    if found := _RESOLVING.search(log.complaint):
        line = int(found["line"])
        return next(
            (told for stage in file.stages for told in stage.instructions if told.line == line), file.final.instructions[-1]
        )
    stage, step = log.step or (1, 1)
    told = file.stages[min(stage, len(file.stages)) - 1].instructions
    return told[min(step, len(told)) - 1]


def _end(why: str) -> str:
    """The end of a chain of complaints, which says most, without a full stop."""
    parts = why.strip().rstrip(".").split(": ")
    kept = parts[-2:] if len(parts) > 1 and len(parts[-1]) < 40 else parts[-1:]
    return ": ".join(dict.fromkeys(kept))[:300]
