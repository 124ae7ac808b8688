"""What stands around every page: who reads it, in which language, the head, and where to go. Values only."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from podo import __version__

_HUES = ("purple", "teal", "coral", "blue", "orange", "pine", "auburn", "pink", "indigo")
_HANGUL = re.compile(r"[가-힣]{2,}")


def hue(id: str) -> str:
    """One of nine colours, always the same for a stable id."""
    return _HUES[zlib.crc32(id.encode()) % len(_HUES)]


def initials(name: str, kind: str = "person") -> str:
    """서연 for 이서연, TY for Tanaka Yuki, C for team Chat."""
    words = name.split()
    if not words:
        return "?"
    if kind == "team":
        return words[0][0].upper()
    if _HANGUL.fullmatch(words[0]) and len(words) == 1:
        return name[-2:] if len(name) > 2 else name[-1]
    return (words[0][0] + words[-1][0]).upper() if len(words) > 1 else name[:2].upper()


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person who reads."""

    id: str
    name: str
    photo: str | None = None


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the bar on top of every page, the least `order` first. `label` is a message, translated when shown."""

    label: str
    href: str
    order: int = 50


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab under the head. `label` is a message, translated when shown; `count` is shown when it is more than 0.

    It is read again at `src` when there is news of `topic`.
    """

    label: str
    href: str
    icon: str
    count: int = 0
    current: bool = False
    src: str = ""
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A pill: `text` as it is shown, `tone` one of secondary, success, attention, severe, danger, accent, done, purple."""

    text: str
    tone: str = "secondary"
    icon: str | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """A button in the head. `label` is a message; with `post`, it sends a form there, else it is a link."""

    label: str
    href: str
    icon: str
    post: bool = False
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """What a page is about: `owner / name`, marks, actions, tabs. `owner` and `name` are shown as they are."""

    name: str
    href: str
    owner: str = ""
    owner_href: str = ""
    icon: str = "package"
    marks: Sequence[Mark] = ()
    actions: Sequence[Action] = ()
    tabs: Sequence[Tab] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Everything around a page.

    `theme` is auto (as the reader's system has it), light or dark. `title` and `said` are messages, translated when the
    catalogue has them. `live` is the topic whose news refresh the page's pieces, `position` the place in the log up to which
    the page was read. `demo` is a sentence for the banner of a place that is not real.
    """

    lang: str
    theme: str
    title: str
    path: str
    viewer: Viewer | None = None
    csrf: str = ""
    request_id: str = ""
    nav: Sequence[NavItem] = ()
    waiting: int = 0
    head: Head | None = None
    live: str | None = None
    position: int | None = None
    said: str = ""
    demo: str = ""
    version: str = __version__
