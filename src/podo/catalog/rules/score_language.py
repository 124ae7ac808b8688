"""The language of scorecards' rules: read, checked, and decided for a project; values only.

`tier <= 2 and not lifecycle = deprecated`: names of facts, compared by = != < <= > >= or `in (a, b)`, joined by and, or, not and
parentheses. A name alone asks whether it is so, or said at all. What nobody knows is neither true nor false.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from podo.catalog.types import FactKind, Known, Reason, Value, Word, WrongRule
from podo.kernel.errors import N_

_LONGEST = 500
_DEEPEST = 20
_TOKEN = re.compile(r'\s*(?:(<=|>=|!=|[=<>(),])|"([^"]*)"|([\w./:+-]+))', re.UNICODE)
_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_YES, _NO = frozenset({"yes", "true"}), frozenset({"no", "false"})
_UNKNOWN = Known(None)


@dataclass(frozen=True, slots=True)
class Atom:
    """A fact, compared: `op` is empty for a name alone, `in`, or one of `= != < <= > >=`."""

    fact: str
    op: str = ""
    values: tuple[str, ...] = ()

    @property
    def wanted(self) -> str:
        """What the fact should be, as it is written; empty for a name alone."""
        return f"{self.op} {', '.join(self.values)}".strip()


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    part: Node


@dataclass(frozen=True, slots=True)
class Joined:
    """Several, of which `every` one has to be true, or any."""

    every: bool
    parts: tuple[Node, ...]


Node = Atom | Not | Joined
Outcome = tuple[bool | None, tuple[Reason, ...]]


# -- reading


def read(text: str, words: Mapping[str, Word], *, field: str, what: str) -> Node | None:
    """What a rule says; None for an empty text. Raises `WrongRule`, naming the word that cannot be understood."""
    if not text.strip():
        return None
    try:
        if len(text) > _LONGEST:
            raise _Unread(N_("this is too long"))
        node = _Reader(text).whole()
        for atom in _atoms(node):
            _check(atom, words)
    except _Unread as error:
        raise WrongRule(field=field, what=what, why=error.why, word=error.word) from None
    return node


class _Unread(Exception):
    def __init__(self, why: str, word: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.word = f" “{word}”" if word else ""


class _Reader:
    """A rule's text, read from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        """All of it."""
        node = self._either()
        if self._at < len(self._tokens):
            raise _Unread(N_("there is more than one rule before"), self._tokens[self._at][1])
        return node

    def _next(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _take(self) -> tuple[str, str]:
        found = self._next()
        self._at += 1
        return found

    def _word(self, *wanted: str) -> bool:
        kind, text = self._next()
        if kind == "word" and text.lower() in wanted:
            self._at += 1
            return True
        return False

    def _sign(self, wanted: str) -> bool:
        if self._next() == ("sign", wanted):
            self._at += 1
            return True
        return False

    def _either(self) -> Node:
        parts = [self._both()]
        while self._word("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Joined(False, tuple(parts))

    def _both(self) -> Node:
        parts = [self._part()]
        while self._word("and"):
            parts.append(self._part())
        return parts[0] if len(parts) == 1 else Joined(True, tuple(parts))

    def _part(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Unread(N_("too much stands inside one another"))
        try:
            if self._word("not"):
                return Not(self._part())
            if self._sign("("):
                node = self._either()
                if not self._sign(")"):
                    raise _Unread(N_("a ) is missing before"), self._next()[1] or "…")
                return node
            return self._atom()
        finally:
            self._depth -= 1

    def _atom(self) -> Atom:
        kind, name = self._take()
        if kind != "word":
            raise _Unread(N_("a fact's name should stand in place of"), name or "…")
        if self._word("in"):
            return Atom(name.lower(), "in", self._list())
        kind, sign = self._next()
        if kind == "sign" and sign in _COMPARE:
            self._at += 1
            return Atom(name.lower(), sign, (self._value(),))
        return Atom(name.lower())

    def _list(self) -> tuple[str, ...]:
        if not self._sign("("):
            raise _Unread(N_("a ( should stand behind in, before"), self._next()[1] or "…")
        values = [self._value()]
        while self._sign(","):
            values.append(self._value())
        if not self._sign(")"):
            raise _Unread(N_("a ) is missing before"), self._next()[1] or "…")
        return tuple(values)

    def _value(self) -> str:
        kind, text = self._take()
        if kind not in ("word", "text"):
            raise _Unread(N_("a value should stand in place of"), text or "…")
        return text


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise _Unread(N_("this sign means nothing here:"), text[at:].strip()[:1])
        sign, quoted, word = found.groups()
        yield ("sign", sign) if sign else ("text", quoted) if quoted is not None else ("word", word)
        at = found.end()


def _atoms(node: Node) -> Iterator[Atom]:
    match node:
        case Atom():
            yield node
        case Not(part):
            yield from _atoms(part)
        case Joined(_, parts):
            for part in parts:
                yield from _atoms(part)


def _check(atom: Atom, words: Mapping[str, Word]) -> None:
    word = words.get(atom.fact)
    if word is None:
        raise _Unread(N_("nobody knows the fact"), atom.fact)
    ordered = atom.op not in ("", "in", "=", "!=")
    counts = word.kind is FactKind.number or (word.kind is FactKind.words and ordered)
    if ordered and not counts:
        raise _Unread(N_("this is no number:"), atom.fact)
    if counts and any(not re.fullmatch(r"-?\d{1,9}", value) for value in atom.values):
        raise _Unread(N_("a number should stand behind"), atom.fact)
    if word.kind is FactKind.flag and any(value.lower() not in _YES | _NO for value in atom.values):
        raise _Unread(N_("yes or no should stand behind"), atom.fact)


# -- deciding


def decide(node: Node | None, known: Mapping[str, Known]) -> Outcome:
    """Whether it is so (None: nobody knows), and the facts that made it so. An empty rule is true of everything."""
    match node:
        case None:
            return True, ()
        case Atom():
            return _atom(node, known.get(node.fact, _UNKNOWN))
        case Not(part):
            value, reasons = decide(part, known)
            return (None if value is None else not value), tuple(_denied(reason) for reason in reasons)
        case Joined(every, parts):
            return _joined(every, [decide(part, known) for part in parts])


def _joined(every: bool, outcomes: Sequence[Outcome]) -> Outcome:
    decisive = not every
    values = [value for value, _ in outcomes]
    value = decisive if decisive in values else None if None in values else every
    return value, tuple(reason for found, reasons in outcomes if found is value for reason in reasons)


def _denied(reason: Reason) -> Reason:
    wanted = f"not {reason.wanted}" if reason.wanted else "no"
    return Reason(reason.fact, reason.value, wanted, reason.why, reason.link)


def _atom(atom: Atom, found: Known) -> Outcome:
    value = None if found.value is None else _holds(atom, found.value)
    return value, (Reason(atom.fact, found.value, atom.wanted, found.why, found.link),)


def _holds(atom: Atom, value: Value) -> bool:
    if not atom.op:
        return bool(value)
    if isinstance(value, bool):
        yes = atom.values[0].lower() in _YES if len(atom.values) == 1 else value
        return (value is yes) == (atom.op != "!=")
    if isinstance(value, int):
        if atom.op == "in":
            return value in {int(v) for v in atom.values}
        return _COMPARE[atom.op](value, int(atom.values[0]))
    wanted = {v.casefold() for v in atom.values}
    if isinstance(value, tuple):
        if atom.op in ("=", "in", "!="):
            return bool(wanted & {v.casefold() for v in value}) == (atom.op != "!=")
        return _COMPARE[atom.op](len(value), int(atom.values[0]))
    return (str(value).casefold() in wanted) == (atom.op != "!=")
