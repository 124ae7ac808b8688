"""What happens to what projects say of themselves, to scorecards, and to retired projects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from podo.kernel.errors import N_
from podo.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectDescribed(Event):
    """A project says something else of itself; `fields` names what, `was` and `now` hold the values by field."""

    code: ClassVar[str] = "catalog.project_described"
    sentence: ClassVar[str] = N_("{actor} changed {fields} of {project}")
    fields: str
    was: dict[str, Any] = field(default_factory=dict[str, Any])
    now: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRetired(Event):
    """A project is retired; `until` is the day up to which it can be brought back."""

    code: ClassVar[str] = "catalog.project_retired"
    sentence: ClassVar[str] = N_("{actor} retired {project}")
    why: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectUnretired(Event):
    """A retired project lives again."""

    code: ClassVar[str] = "catalog.project_unretired"
    sentence: ClassVar[str] = N_("{actor} brought {project} back")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectClosed(Event):
    """The time to bring a retired project back is over; `clusters`, with commas, lose its namespaces."""

    code: ClassVar[str] = "catalog.project_closed"
    sentence: ClassVar[str] = N_("{project} was retired for long enough; its namespaces are removed")
    clusters: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectsImported(Event):
    """Projects were taken from a spreadsheet or from descriptors; each of them has events of its own."""

    code: ClassVar[str] = "catalog.projects_imported"
    sentence: ClassVar[str] = N_("{actor} imported projects: {made} new, {changed} changed")
    made: int
    changed: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRuleChanged(Event):
    """A rule of the scorecards was written, changed or switched off; `was` and `now` hold the values by field."""

    code: ClassVar[str] = "catalog.score_rule_changed"
    sentence: ClassVar[str] = N_("{actor} changed the scorecards’ rule {rule}: {fields}")
    rule: str
    fields: str
    was: dict[str, Any] = field(default_factory=dict[str, Any])
    now: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRuleReset(Event):
    """A rule is as Podo brings it again, or is gone where Podo brings none; `was` holds what it said."""

    code: ClassVar[str] = "catalog.score_rule_reset"
    sentence: ClassVar[str] = N_("{actor} took back what the organisation said of the scorecards’ rule {rule}")
    rule: str
    was: dict[str, Any] = field(default_factory=dict[str, Any])
