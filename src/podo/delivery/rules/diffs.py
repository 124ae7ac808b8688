"""What differs between two texts, line by line, for people to read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_CONTEXT = 3
_TOKEN = re.compile(r"\w+|\s+|.")
# Below this likeness two lines are two lines, and not one that was changed.
_ALIKE = 0.4
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line; `changed` marks the words that differ from the line's counterpart."""

    text: str
    changed: bool = False


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line: `kind` is same, add, del, or hunk (a gap; its text is the YAML path of what follows). Numbers count from 1."""

    kind: str
    old: int | None
    new: int | None
    parts: tuple[Part, ...]


def unified(was: str, now: str) -> list[DiffLine]:
    """The lines that differ with three lines around them; a gap between two places is a hunk line."""
    before, after = was.splitlines(), now.splitlines()
    found: list[DiffLine] = []
    for group in SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(_CONTEXT):
        if found or group[0][1] > 0 or group[0][3] > 0:
            first = next(place for tag, _, _, place, _ in group if tag != "equal")
            found.append(DiffLine("hunk", None, None, (Part(path_at(after, first)),)))
        for tag, a, b, c, d in group:
            found += _lines(tag, before[a:b], after[c:d], a, c)
    return found


def counts(lines: Sequence[DiffLine]) -> tuple[int, int]:
    """How many lines were added, and how many removed."""
    return sum(line.kind == "add" for line in lines), sum(line.kind == "del" for line in lines)


def path_at(lines: Sequence[str], index: int) -> str:
    """The keys that a line of a YAML text stands under: `spec.containers[chat-api]`; empty at the top."""
    found: list[str] = []
    depth, inside = _depth(lines[index]) if index < len(lines) else 0, False
    for line in reversed(lines[: index + 1]):
        at, key, item = _depth(line), line.strip(), line.lstrip().startswith("- ")
        if item and not inside and (at < depth or line is lines[index]):
            # A list may stand as deep as the key that it belongs to.
            found.append(f"[{key.partition(': ')[2]}]" if key.startswith("- name: ") else "[]")
            depth, inside = at, True
        elif not item and ":" in line and (at < depth or (inside and at == depth)):
            found.append(key.partition(":")[0])
            depth, inside = at, False
    return ".".join(reversed(found)).replace(".[", "[")


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _lines(tag: str, before: Sequence[str], after: Sequence[str], a: int, c: int) -> Iterator[DiffLine]:
    if tag == "equal":
        for n, text in enumerate(before):
            yield DiffLine("same", a + n + 1, c + n + 1, (Part(text),))
        return
    pairs = [_words(x, y) for x, y in zip(before, after, strict=False)]
    for n, text in enumerate(before):
        yield DiffLine("del", a + n + 1, None, pairs[n][0] if n < len(pairs) else (Part(text),))
    for n, text in enumerate(after):
        yield DiffLine("add", None, c + n + 1, pairs[n][1] if n < len(pairs) else (Part(text),))


def _words(was: str, now: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Two lines that stand for each other, with the words marked that differ; nothing is marked where all does."""
    if len(was) + len(now) > _LONGEST:
        return (Part(was),), (Part(now),)
    left, right = _TOKEN.findall(was), _TOKEN.findall(now)
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return (Part(was),), (Part(now),)
    old: list[Part] = []
    new: list[Part] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        old += [Part("".join(left[a:b]), tag != "equal")] if a < b else []
        new += [Part("".join(right[c:d]), tag != "equal")] if c < d else []
    return tuple(old), tuple(new)
