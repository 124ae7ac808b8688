"""From a Dockerfile's bytes to its instructions' lines, as BuildKit takes them apart: directives, comments, continued lines,
heredocs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from podo.clients.buildah.words import WordUnreadable, expand, words

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_CONTINUED = {
    "\\": re.compile(r"(?:(?<=[^\\])|^)\\[ \t]*$"),
    "`": re.compile(r"(?:(?<=[^`])|^)`[ \t]*$"),
}
_HEREDOC = re.compile(r"\d*<<(-?)([^<]+)")
_HOLDS_HEREDOCS = re.compile(r"\s*(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s", re.IGNORECASE)


class Unreadable(Exception):
    """The text cannot be read at this line; the message says why."""

    def __init__(self, line: int, why: str) -> None:
        self.line = line
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A text that stands in the Dockerfile itself. `expand` is false where the name was quoted."""

    name: str
    content: str
    expand: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One instruction: the line where it starts (from 1), its text on one line, and the heredocs behind it."""

    number: int
    text: str
    heredocs: tuple[Heredoc, ...] = ()


def escape_of(lines: list[str]) -> str:
    """The escape character that the directives at the top name. Raises `Unreadable`."""
    seen: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        found = _DIRECTIVE.match(line.strip())
        if not found:
            break
        name, value = found[1].lower(), found[2]
        if name == "escape" and name in seen:
            raise Unreadable(number, "the directive escape stands twice")
        if name == "escape" and value not in _CONTINUED:
            raise Unreadable(number, f"the escape character can be \\ or `, not “{value[:20]}”")
        if name not in ("escape", "syntax", "check"):
            break
        seen[name] = value
    return seen.get("escape", "\\")


def split(text: str) -> list[str]:
    """The lines, by line feeds alone."""
    return [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]


def logical(lines: list[str], escape: str) -> Iterator[Line]:
    """The instructions in order. Raises `Unreadable` for a heredoc that does not end."""
    continued = _CONTINUED[escape]
    at = 0
    while at < len(lines):
        number, text = at + 1, lines[at].lstrip()
        at += 1
        if not text or text.startswith("#"):
            continue
        parts = [continued.sub("", text)]
        more = parts[0] != text
        while more and at < len(lines):
            line = lines[at]
            at += 1
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            parts.append(continued.sub("", line))
            more = parts[-1] != line
        whole = "".join(parts).strip()
        if not whole:
            continue
        heredocs, at = _heredocs(lines, at, Line(number, whole), escape)
        yield Line(number, whole, heredocs)


def _heredocs(lines: list[str], at: int, opening: Line, escape: str) -> tuple[tuple[Heredoc, ...], int]:
    """The heredocs that an instruction opens, and the line behind them."""
    if "<<" not in opening.text or not _HOLDS_HEREDOCS.match(opening.text):
        return (), at
    found: list[Heredoc] = []
    for chomp, name, expanded in _opened(opening.text, escape):
        content: list[str] = []
        while True:
            if at >= len(lines):
                raise Unreadable(opening.number, f"the text that <<{name[:60]} begins does not end with a line “{name[:60]}”")
            line = lines[at].lstrip("\t") if chomp else lines[at]
            at += 1
            if line == name:
                break
            content.append(line)
        found.append(Heredoc(name, "".join(f"{line}\n" for line in content), expanded))
    return tuple(found), at


def _opened(text: str, escape: str) -> Iterator[tuple[bool, str, bool]]:
    """Of each heredoc that a line opens: whether tabs are cut, its name, and whether variables are filled in."""
    for word in words(text, escape):
        opened = _HEREDOC.fullmatch(word)
        if not opened:
            continue
        try:
            name = expand(opened[2], {}, escape, keep=True)
        except WordUnreadable:
            continue
        if name:
            yield bool(opened[1]), name, name == opened[2]
