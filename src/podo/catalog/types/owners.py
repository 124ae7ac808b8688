"""Who owns what, in two times; and the door that answers for a namespace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from podo.catalog.types.facts import Contact, OnCall
from podo.kernel.errors import N_, Conflict, Invalid
from podo.kernel.events import Event

_PROJECT, _ASSET = "project:", "asset:"


def of_project(slug: str) -> str:
    """A project as the subject of ownership."""
    return _PROJECT + slug


def of_asset(asset: str) -> str:
    """An asset, by id, as the subject of ownership."""
    return _ASSET + asset


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who owned a subject (`project:<slug>` or `asset:<id>`), from when to when, and between which moments that was believed.

    `until` is None while it lasts, `superseded_at` while nothing else was recorded. With `custody` the team only keeps it until
    somebody takes it; `of` is the team that it came from, empty where it came from nobody.
    """

    subject: str
    team: str
    since: datetime
    until: datetime | None
    recorded_at: datetime
    by: str
    why: str
    superseded_at: datetime | None = None
    custody: bool = False
    of: str = ""

    @property
    def project(self) -> str:
        """The slug, empty where it is not about a project."""
        return self.subject.removeprefix(_PROJECT) if self.subject.startswith(_PROJECT) else ""

    @property
    def asset(self) -> str:
        """The asset's id, empty where it is not about one."""
        return self.subject.removeprefix(_ASSET) if self.subject.startswith(_ASSET) else ""


class Way(StrEnum):
    """How the one who answers was found: the owner itself, what became of it, a team above, the custodian, or nobody's team."""

    owner = "owner"
    successor = "successor"
    ancestor = "ancestor"
    custodian = "custodian"
    anybody = "anybody"


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who answers for a subject: `team` lives; `people` are the ids of active people to page, leads first, of the team `page`.

    `ownership` is what is recorded, None where nothing was; the two differ between a feed and what follows from it. `team` and
    `page` are empty only where no team lives, `people` only where nobody is active.
    """

    subject: str
    ownership: Ownership | None
    team: str
    way: Way
    page: str
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Responder:
    """A person who answers: where to write, and whether the person leads the team."""

    id: str
    name: str
    email: str
    leads: bool


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a project says of itself to whoever needs somebody, and the team that the record names now."""

    title: str
    slack: str
    on_call: str
    contacts: tuple[Contact, ...]
    team: str
    custody: bool
    of: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of a namespace for whoever needs somebody: everything but the ownership is as of now.

    `project` is empty where nobody registered the namespace: the custodian's people answer then. `team` lives; `recorded` is the
    team that the record names. `people` are those of the team `page`, leads first; `contacts` and `on_call` are what the project
    says of itself and what else is known of duty. `former` are those who were in the team `of` when it ended, and are still here.
    """

    namespace: str
    project: str
    title: str
    team: str
    team_name: str
    handle: str
    recorded: str
    custody: bool
    of: str
    way: Way
    page: str
    people: tuple[Responder, ...]
    contacts: tuple[Contact, ...]
    slack: str
    on_call: tuple[OnCall, ...]
    former: tuple[Contact, ...] = ()

    @property
    def reachable(self) -> bool:
        """Whether there is a person to call."""
        return bool(self.people or self.on_call)


# -- events


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipChanged(Event):
    """A project has another owner."""

    code: ClassVar[str] = "catalog.ownership_changed"
    sentence: ClassVar[str] = N_("{actor} gave {project} to {team_name}")
    team: str
    team_name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyTaken(Event):
    """A team keeps a project until somebody takes it; `of` is the team that ended."""

    code: ClassVar[str] = "catalog.custody_taken"
    sentence: ClassVar[str] = N_("{team_name} keeps {project} for now: {of_name} is no more")
    team: str
    team_name: str
    of: str
    of_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipCorrected(Event):
    """What is known of a project's owners in the past is something else now; what was known before stays on record."""

    code: ClassVar[str] = "catalog.ownership_corrected"
    sentence: ClassVar[str] = N_("{actor} set right that {project} was {team_name}’s since {since}")
    team: str
    team_name: str
    since: str
    until: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamSettled(Event):
    """What a team owned that is no more has other owners: `count` things, of which `custody` are only kept."""

    code: ClassVar[str] = "catalog.team_settled"
    sentence: ClassVar[str] = N_("{count} things of {name} went to {to_name}")
    team: str
    name: str
    to: str
    to_name: str
    count: int
    custody: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRestored(Event):
    """A team lives again, and has back what Podo had moved away from it."""

    code: ClassVar[str] = "catalog.team_restored"
    sentence: ClassVar[str] = N_("{name} has {count} things back")
    team: str
    name: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetsOwned(Event):
    """Assets have other owners; `team` is empty where they went to several."""

    code: ClassVar[str] = "catalog.assets_owned"
    sentence: ClassVar[str] = N_("{actor} gave {count} assets to {team_name}")
    team: str
    team_name: str
    count: int
    why: str


# -- errors


class NoReason(Invalid):
    """A change of ownership at once needs a reason."""

    code = "catalog.no_reason"
    so = N_("Giving {project} away at once needs a reason, and there is none.")
    do = N_("Say why; it stays with the history. Or offer it, and let the team accept.")


class WrongTime(Invalid):
    """A time that ownership cannot be asked for or set at."""

    code = "catalog.wrong_time"
    so = N_("“{value}” is no time at which this can be so: {why}.")
    do = N_("Write it as 2026-05-03 or 2026-05-03T09:00:00Z.")


class TooManyNames(Invalid):
    """More namespaces than are answered for at once."""

    code = "catalog.too_many_names"
    so = N_("{count} namespaces are too many at once; {most} are the most.")
    do = N_("Ask in several parts.")


class NothingToGiveBack(Conflict):
    """There is nobody to whom a project could go back."""

    code = "catalog.nothing_to_give_back"
    so = N_("{project} cannot be given back: {why}.")
    do = N_("Offer it to a team instead.")


class NoCustody(Conflict):
    """A project that a team owns, and does not only keep."""

    code = "catalog.no_custody"
    so = N_("{project} is not in custody.")
    do = N_("Offer it to another team if it should move.")


class NothingAbove(Conflict):
    """Custody cannot be handed on upwards."""

    code = "catalog.nothing_above"
    so = N_("There is no living team above {team} that could keep {project}.")
    do = N_("Offer it to a team.")
