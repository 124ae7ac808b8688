"""A Dockerfile's words: quotes, escapes and variables, as Docker's own small shell reads them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BRACED = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(:?[-+?])?")
_MOST = 1 << 16
_DEEPEST = 20


class WordUnreadable(Exception):
    """A quote or brace that does not end, or a value without bounds; the message says why."""


def words(text: str, escape: str = "\\") -> list[str]:
    """The words of a line, their quotes and escapes still on them."""
    found: list[str] = []
    word, quote, at = "", "", 0
    while at < len(text):
        char = text[at]
        if char == escape and quote != "'" and at + 1 < len(text):
            word += text[at : at + 2]
            at += 2
            continue
        if char in "\"'" and quote in ("", char):
            quote = "" if quote else char
        if char.isspace() and not quote:
            if word:
                found.append(word)
            word = ""
        else:
            word += char
        at += 1
    return [*found, word] if word else found


def array(text: str) -> tuple[str, ...] | None:
    """The exec form: a JSON array of texts; None for anything else."""
    if not text.startswith("["):
        return None
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return tuple(read) if isinstance(read, list) and all(isinstance(part, str) for part in read) else None


def pairs(text: str, escape: str = "\\") -> list[tuple[str, str]]:
    """`name=value …` or the old `name value` as pairs, quotes still on. Raises `WordUnreadable`."""
    split = words(text, escape)
    if split and "=" not in split[0]:
        name, value = split[0], text.strip()[len(split[0]) :].strip()
        if not value:
            raise WordUnreadable(f"“{_shown(name)}” has no value")
        return [(name, value)]
    found: list[tuple[str, str]] = []
    for word in split:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise WordUnreadable(f"“{_shown(word)}” is not of the form name=value")
        found.append((name, value))
    return found


def expand(text: str, values: Mapping[str, str], escape: str = "\\", *, keep: bool = False) -> str:
    """The text without quotes and escapes and with variables filled in.

    A variable without a value becomes nothing, or stays as it is written where `keep` is set. Raises `WordUnreadable`.
    """
    return _Expansion(text, values, escape, keep).until("", 0)


class _Expansion:
    def __init__(self, text: str, values: Mapping[str, str], escape: str, keep: bool) -> None:
        self.text, self.values, self.escape, self.keep = text, values, escape, keep
        self.at = 0

    def until(self, stop: str, depth: int) -> str:
        """Read on to the character `stop` (or the end for none) and take it away."""
        if depth > _DEEPEST:
            raise WordUnreadable("its ${…} stand too deep in each other")
        out: list[str] = []
        size = 0
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if stop and char == stop:
                return "".join(out)
            out.append(self._piece(char, depth, quoted=stop == '"'))
            size += len(out[-1])
            if size > _MOST:
                raise WordUnreadable(f"a value grows beyond {_MOST >> 10} KiB")
        if stop:
            raise WordUnreadable(f"the closing {stop} is missing")
        return "".join(out)

    def _piece(self, char: str, depth: int, *, quoted: bool) -> str:
        if char == self.escape:
            return self._escaped(quoted)
        if char == "'" and not quoted:
            return self._literal()
        if char == '"' and not quoted:
            return self.until('"', depth + 1)
        if char == "$":
            return self._variable(depth)
        return char

    def _escaped(self, quoted: bool) -> str:
        if self.at >= len(self.text):
            return self.escape
        following = self.text[self.at]
        if quoted and following not in ('"', "$", self.escape):
            return self.escape
        self.at += 1
        return following

    def _literal(self) -> str:
        end = self.text.find("'", self.at)
        if end < 0:
            raise WordUnreadable("the closing ' is missing")
        found, self.at = self.text[self.at : end], end + 1
        return found

    def _variable(self, depth: int) -> str:
        begun = self.at - 1
        if plain := _NAME.match(self.text, self.at):
            self.at = plain.end()
            return self._value(plain[0], begun)
        if not self.text.startswith("{", self.at):
            return "$"
        braced = _BRACED.match(self.text, self.at)
        if braced is None:
            raise WordUnreadable(f"“{_shown(self.text[begun:])}” is no variable")
        self.at = braced.end()
        rest = self.until("}", depth + 1)
        name, sign = braced[1], braced[2] or ""
        if rest and not sign:
            # ${name#pattern} and the like cut a value; what they leave is known to who builds.
            return self.text[begun : self.at] if self.keep else self.values.get(name, "")
        return self._chosen(name, sign, rest, begun)

    def _chosen(self, name: str, sign: str, word: str, begun: int) -> str:
        value = self.values.get(name)
        there = value is not None if len(sign) == 1 else bool(value)
        match sign[-1:]:
            case "-":
                return value if there and value is not None else word
            case "+":
                return word if there else ""
            case "?" if not there:
                raise WordUnreadable(f"{name}: {_shown(word) or 'it has no value'}")
        return self._value(name, begun)

    def _value(self, name: str, begun: int) -> str:
        if name in self.values:
            return self.values[name]
        return self.text[begun : self.at] if self.keep else ""


def _shown(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"
