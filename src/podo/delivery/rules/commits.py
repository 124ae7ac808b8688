"""A commit's words as they may be kept."""

from __future__ import annotations

import re
from dataclasses import replace

from podo.delivery.types import Commit

LONGEST_REF = 200
_SUBJECT = 500
_AUTHOR = 200
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def storable(commit: Commit) -> Commit:
    """The commit, its subject and author without what no database keeps, and not endless."""
    return replace(commit, subject=_cut(commit.subject, _SUBJECT), author=_cut(commit.author, _AUTHOR))


def _cut(text: str, most: int) -> str:
    plain = _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"
