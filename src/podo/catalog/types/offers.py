"""Offers of ownership: to whom, why to them, until when, and what was answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from podo.catalog.types.owners import of_project
from podo.kernel.db import Reading
from podo.kernel.errors import N_, Conflict, Invalid, Missing, Translate
from podo.kernel.events import Event


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a team is a likely owner: points, and a sentence over `facts`, translated for each reader."""

    team: str
    points: int
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)

    def told(self, translate: Translate = str) -> str:
        """The sentence in the reader's language."""
        return translate(self.reason).format(**self.facts)


class DeedKind(StrEnum):
    """What somebody did for a project, or is for it."""

    on_call = "on_call"
    committed = "committed"
    deployed = "deployed"
    approved = "approved"
    did = "did"


@dataclass(frozen=True, slots=True)
class Deed:
    """A person (by id) did something for a project so many times."""

    project: str
    person: str
    kind: DeedKind
    count: int


@dataclass(frozen=True, slots=True)
class OwnerEvidence:
    """Slot: who did what for projects, which speaks for the person's team as their owner.

    `deeds(r, projects, since)` gives what was done from then on; a slug may be that of a project that is no more. `codes` are the
    events that these deeds leave: they are not counted once more among all that people did.
    """

    deeds: Callable[[Reading, Sequence[str], datetime], Awaitable[Sequence[Deed]]]
    codes: Collection[str] = ()


class OfferKind(StrEnum):
    """What an offer is of: what is only kept since its team ended, or what its owner wants to give away."""

    custody = "custody"
    transfer = "transfer"


class OfferState(StrEnum):
    """How far an offer is."""

    open = "open"
    accepted = "accepted"
    declined = "declined"
    withdrawn = "withdrawn"
    lapsed = "lapsed"


OFFER_STATES = (N_("open"), N_("accepted"), N_("declined"), N_("withdrawn"), N_("lapsed"))


@dataclass(frozen=True, slots=True)
class Offer:
    """A project offered to `team` by `holder`, which owns or keeps it; `of` is the team that it came from, empty for none.

    `rank` counts from 1, the likeliest first; `evidence` says why. Silence until `due_at` leaves the project where it is.
    """

    id: str
    subject: str
    kind: OfferKind
    team: str
    holder: str
    of: str
    rank: int
    evidence: tuple[Evidence, ...]
    state: OfferState
    offered_at: datetime
    due_at: datetime
    by: str
    why: str = ""
    answered_at: datetime | None = None
    answered_by: str = ""
    answer: str = ""

    @property
    def project(self) -> str:
        """The slug."""
        return self.subject.removeprefix(of_project(""))

    @property
    def points(self) -> int:
        """All evidence together."""
        return sum(e.points for e in self.evidence)


# -- events


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMade(Event):
    """A team offers a project to another."""

    code: ClassVar[str] = "catalog.offer_made"
    sentence: ClassVar[str] = N_("{actor} offered {project} to {team_name}")
    offer: str
    team: str
    team_name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAccepted(Event):
    """A team took what it was offered."""

    code: ClassVar[str] = "catalog.offer_accepted"
    sentence: ClassVar[str] = N_("{actor} took {project} for {team_name}")
    offer: str
    team: str
    team_name: str
    holder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDeclined(Event):
    """A team does not want what it was offered."""

    code: ClassVar[str] = "catalog.offer_declined"
    sentence: ClassVar[str] = N_("{actor} declined {project} for {team_name}")
    offer: str
    team: str
    team_name: str
    holder: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferWithdrawn(Event):
    """An offer does not stand any more."""

    code: ClassVar[str] = "catalog.offer_withdrawn"
    sentence: ClassVar[str] = N_("{project} is no longer offered to {team_name}")
    offer: str
    team: str
    team_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OffersLapsed(Event):
    """Nobody answered in time; what was offered stays with the team that keeps it."""

    code: ClassVar[str] = "catalog.offers_lapsed"
    sentence: ClassVar[str] = N_("Nobody answered for {project}; it stays with {holder_name}")
    holder: str
    holder_name: str
    teams: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyEscalated(Event):
    """A team that cannot keep a project handed it to the team above."""

    code: ClassVar[str] = "catalog.custody_escalated"
    sentence: ClassVar[str] = N_("{actor} handed {project} up to {team_name}")
    team: str
    team_name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OffersDue(Event):
    """Offers to a team that nobody answered will soon be over."""

    code: ClassVar[str] = "catalog.offers_due"
    sentence: ClassVar[str] = N_("{count} offers to {team_name} are still unanswered, the first until {due}")
    team: str
    team_name: str
    count: int
    due: str


# -- errors


class NoSuchOffer(Missing):
    """There is no such offer."""

    code = "catalog.no_such_offer"
    so = N_("{project} was not offered to {team}.")
    do = N_("Look at the project's owners, or at what waits for you.")


class OfferOver(Conflict):
    """An offer was answered, withdrawn or too late already."""

    code = "catalog.offer_over"
    so = N_("This offer of {project} is {state} already.")
    do = N_("Look at the project's owners; a new offer can be made.")


class OfferToOwner(Invalid):
    """A project is offered to the team that owns it."""

    code = "catalog.offer_to_owner"
    so = N_("{team} owns {project} already.")
    do = N_("Choose another team.")


class OfferedAlready(Conflict):
    """A project is offered to that team already."""

    code = "catalog.offered_already"
    so = N_("{project} is offered to {team} already.")
    do = N_("Wait for the answer, or withdraw the offer.")
