"""Korean sentences whose blanks are filled: particles follow from the sound that a word ends in.

A translation writes both forms where it cannot know (`{project}을(를)`). What ends in Hangul or a digit gets the right one; after
a Latin letter both stay, for nobody knows how a name is read. Podo itself is no person: it gets no honorific.
"""

from __future__ import annotations

import re
from typing import Any

_BOTH = {
    "을(를)": ("을", "를"),
    "이(가)": ("이", "가"),
    "은(는)": ("은", "는"),
    "과(와)": ("과", "와"),
    "와(과)": ("과", "와"),
    "(으)로": ("으로", "로"),
    "(이)라": ("이라", "라"),
}
_BLANK = re.compile(rf"(\w)([”\"'`)\]]*)({'|'.join(map(re.escape, _BOTH))})")
_FIRST, _LAST = 0xAC00, 0xD7A3
_RIEUL = 8
# The consonant that a digit's name ends in, as Unicode counts them: 영 일 이 삼 사 오 육 칠 팔 구.
_DIGITS = (21, 8, 0, 16, 0, 0, 1, 8, 8, 0)
_PODO = re.compile(r"\bPodo 님(이|은|을|의)?(?![가-힣])")
_PLAIN = {None: "", "이": "가", "은": "는", "을": "를", "의": "의"}


class Sentence(str):
    """A Korean text that settles its particles when it is filled."""

    __slots__ = ()

    def format(self, *args: Any, **fields: Any) -> str:
        """See `str.format`."""
        return settled(super().format(*args, **fields))

    def format_map(self, fields: Any, /) -> str:
        """See `str.format_map`."""
        return settled(super().format_map(fields))


def settled(text: str) -> str:
    """The text with one particle wherever its sound is known."""
    return _PODO.sub(lambda m: f"Podo{_PLAIN[m[1]]}", _BLANK.sub(_choose, text))


def _choose(found: re.Match[str]) -> str:
    before, marks, both = found.groups()
    sound = _end_of(before)
    if sound is None:
        return found[0]
    closed, open_ = _BOTH[both]
    is_open = sound == 0 or (both == "(으)로" and sound == _RIEUL)
    return before + marks + (open_ if is_open else closed)


def _end_of(letter: str) -> int | None:
    """The consonant that ends a syllable or the name of a digit, 0 without one; None where nobody knows."""
    if _FIRST <= ord(letter) <= _LAST:
        return (ord(letter) - _FIRST) % 28
    return _DIGITS[int(letter)] if letter in "0123456789" else None
