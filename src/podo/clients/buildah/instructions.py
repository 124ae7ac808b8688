"""A Dockerfile's instructions: keyword, flags, and what follows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from podo.clients.buildah.errors import DockerfileInvalid
from podo.clients.buildah.lines import Heredoc, Line
from podo.kernel.errors import N_

KEYWORDS = frozenset(
    (
        *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD"),
        *("RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
    )
)
_FLAG = re.compile(r"--([A-Za-z][A-Za-z0-9-]*)(?:=(\S*))?(?:\s+|$)")
_FLAGGED = frozenset({"ADD", "COPY", "FROM", "HEALTHCHECK", "RUN"})


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its first line (from 1), keyword in capitals, what follows keyword and flags on one line, all of it as
    written, its flags (`--from=base`), and its heredocs."""

    line: int
    keyword: str
    text: str
    original: str
    flags: tuple[tuple[str, str], ...] = ()
    heredocs: tuple[Heredoc, ...] = ()

    def flag(self, name: str) -> str:
        """The last value of a flag; empty where it is not given."""
        return dict(self.flags).get(name, "")


def instruction(line: Line) -> Instruction:
    """Read one line. Raises `DockerfileInvalid` for a keyword that is not known."""
    word, rest = (*line.text.split(maxsplit=1), "")[:2]
    keyword = word.upper()
    if keyword not in KEYWORDS:
        raise invalid(line.number, N_("“{word}” is no instruction").format(word=word[:60]))
    flags: list[tuple[str, str]] = []
    at = 0
    while keyword in _FLAGGED and (flag := _FLAG.match(rest, at)):
        flags.append((flag[1].lower(), flag[2] or ""))
        at = flag.end()
    return Instruction(line.number, keyword, rest[at:].strip(), line.text, tuple(flags), line.heredocs)


def invalid(line: int, why: str) -> DockerfileInvalid:
    """The error for a line."""
    return DockerfileInvalid(line=line, why=why, fields={})
