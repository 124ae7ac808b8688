"""What texts are compared by: no case, no accents, and Hangul taken apart, so that a syllable that is still being typed fits."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

LONGEST = 400
_FINAL = 0x11A8
# The letters at the end of a syllable, each as those that begin one: ‘서랍’ is found while it reads ‘설’.
_BEGINNING = "ᄀ ᄁ ᄀᄉ ᄂ ᄂᄌ ᄂᄒ ᄃ ᄅ ᄅᄀ ᄅᄆ ᄅᄇ ᄅᄉ ᄅᄐ ᄅᄑ ᄅᄒ ᄆ ᄇ ᄇᄉ ᄉ ᄊ ᄋ ᄌ ᄎ ᄏ ᄐ ᄑ ᄒ"
_ALIKE = {_FINAL + n: letters for n, letters in enumerate(_BEGINNING.split())}
_SILENT = "'\u2019`"
_GAP = re.compile(r"[\s\x00-\x1f\x7f_/.:@|-]+")


def fold(text: str) -> str:
    """`text` for comparing: words with single spaces between them, at most 400 signs."""
    # Twice: what is small only after it was taken apart (mathematical letters), and what falls apart only once it is small.
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(sign for sign in apart if not unicodedata.combining(sign) and sign not in _SILENT).translate(_ALIKE)
    return _GAP.sub(" ", plain).strip()[:LONGEST]


def grams(folded: str) -> Counter[str]:
    """Every three signs that follow each other."""
    return Counter(folded[at : at + 3] for at in range(len(folded) - 2))
