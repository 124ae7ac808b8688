"""Places that the catalogue leaves open for the domains above it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from podo.catalog.types.facts import OnCall
from podo.catalog.types.projects import Project
from podo.kernel.db import Reading


@dataclass(frozen=True, slots=True)
class ProjectTab:
    """Slot: a tab of a project, at `/{slug}/{key}`. `count(r, slug)` is shown beside it; None: no counter."""

    key: str
    label: str
    icon: str
    order: int
    count: Callable[[Reading, str], Awaitable[int]] | None = None


@dataclass(frozen=True, slots=True)
class PlaceCard:
    """A target as the overview and lists show it."""

    environment: str
    region: str
    href: str
    health: str
    version: str
    number: int | None
    at: datetime | None
    facts: str
    bar: str
    note: str
    note_icon: str
    note_tone: str


@dataclass(frozen=True, slots=True)
class ProjectPlaces:
    """Slot: what runs in each target of a project, for its overview."""

    cards: Callable[[Reading, str, str], Awaitable[Sequence[PlaceCard]]]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the guide. `action` is a button's text; `form` is an address to post to, `link` one to go to."""

    title: str
    text: str
    done: bool
    at: datetime | None = None
    action: str = ""
    link: str = ""
    form: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class GuideSteps:
    """Slot: steps from a registered project to production, in order. `steps(r, project, lang)`."""

    order: int
    steps: Callable[[Reading, Project, str], Awaitable[Sequence[Step]]]


@dataclass(frozen=True, slots=True)
class ProjectMarks:
    """Slot: what a list shows of each project, in one question: slug → (health, sentence, address)."""

    marks: Callable[[Reading, Sequence[str], str], Awaitable[Mapping[str, tuple[str, str, str]]]]


@dataclass(frozen=True, slots=True)
class DeletionObjection:
    """Slot: why a project cannot be deleted as a mistake; an empty text is no objection."""

    object: Callable[[Reading, str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class OnCallSource:
    """Slot: who is on call at a moment, for many projects in one question: slug → who, the first to be called first.

    A project that is missing is asked of the next source; the last word has what the project says of itself.
    """

    on_call: Callable[[Reading, Collection[str], datetime], Awaitable[Mapping[str, Sequence[OnCall]]]]


@dataclass(frozen=True, slots=True)
class RetirementObjection:
    """Slot: why a project cannot be retired now, such as “it still runs in jp”, in the reader's language; empty: no objection.

    `object(r, slug, lang)`.
    """

    object: Callable[[Reading, str, str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class SettingsLink:
    """Slot: a page of a project's settings, at `/{slug}/settings/{key}`."""

    key: str
    label: str
    icon: str


@dataclass(frozen=True, slots=True)
class PlacesTab:
    """Slot: a tab beside clusters, regions and environments, for those who `may` open it."""

    label: str
    href: str
    icon: str
    may: Callable[[Reading], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class SearchHit:
    """Something found."""

    kind: str
    title: str
    sub: str
    link: str
    icon: str


@dataclass(frozen=True, slots=True)
class SearchSource:
    """Slot: things that search finds. `find(r, text, limit)`."""

    find: Callable[[Reading, str, int], Awaitable[Sequence[SearchHit]]]
