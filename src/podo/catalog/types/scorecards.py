"""Scorecards: rules over what is known of projects, and how each project stands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from podo.kernel.db import Reading

# What a fact's value can be; None is: nobody knows.
Value = bool | int | str | tuple[str, ...] | None


class FactKind(StrEnum):
    """How a fact is asked about: yes or no, a number, a text, or several words."""

    flag = "flag"
    number = "number"
    text = "text"
    words = "words"


@dataclass(frozen=True, slots=True)
class Known:
    """A fact's value for one project; `why` is a sentence about it, `link` the address where it is seen or mended."""

    value: Value
    why: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class ScorecardFact:
    """Slot: a fact that rules may ask about, of many projects in one question: slug → what is known; missing: nobody knows.

    `name` is the word in rules (`paved`), `title` what it is called for people, `about` one sentence.
    """

    name: str
    kind: FactKind
    title: str
    about: str
    values: Callable[[Reading, Sequence[str]], Awaitable[Mapping[str, Known]]]


class Verdict(StrEnum):
    """What came of a rule for a project; `aside` when the rule does not concern it."""

    passed = "passed"
    failed = "failed"
    unknown = "unknown"
    aside = "aside"


@dataclass(frozen=True, slots=True)
class ScoreRule:
    """A rule: for projects that `concerns` is true of (empty: all), `holds` has to be true. `level` counts from 1; 0 is off.

    `shipped` says that Podo brings a rule of this id, `changed` that the organisation wrote it or changed it.
    """

    id: str
    title: str
    why: str
    concerns: str
    holds: str
    level: int
    place: int
    shipped: bool = False
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a rule holds or does not: the fact, its value, and what it should be (`>= 2`; empty: said at all)."""

    fact: str
    value: Value
    wanted: str = ""
    why: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's outcome for one project, with the reasons."""

    rule: ScoreRule
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Scorecard:
    """How a project stands: `level` is the highest of which every rule holds, as do those below; 0 is none.

    `asked` counts rules that concern it and whose facts are known, `passed` those of them that hold. `most` is the highest level
    there is.
    """

    project: str
    level: int
    most: int
    passed: int
    asked: int
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """How a project stood when it was last worked out; `failed` are ids of rules."""

    project: str
    level: int
    passed: int
    asked: int
    failed: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A score, and whose the project is."""

    score: Score
    team: str


@dataclass(frozen=True, slots=True)
class ScoreDay:
    """How several projects stood at the end of a day: how many there were, and how many were on each level from 0."""

    day: date
    projects: int
    levels: tuple[int, ...]
    passed: int
    asked: int


@dataclass(frozen=True, slots=True)
class TeamScore:
    """A team's projects: how many are on each level from 0, and how many rules hold of those asked."""

    team: str
    levels: tuple[int, ...]
    passed: int
    asked: int


@dataclass(frozen=True, slots=True)
class ScoreQuery:
    """Which scores: parts of a project's name, its owners, a tier, a level, a rule that fails; None and empty ask for nothing."""

    text: str = ""
    team: str = ""
    tier: int = 0
    level: int | None = None
    fails: str = ""
    mine: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """A word that rules may use, with its kind, for the page on which they are written."""

    name: str
    kind: FactKind
    title: str
    about: str
    examples: tuple[str, ...] = field(default=())
