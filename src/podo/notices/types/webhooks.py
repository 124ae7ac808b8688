"""Webhooks out: who is sent what, and how sending went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from podo.access.types import Permission
from podo.kernel.errors import N_

WEBHOOKS = Permission("notices.webhooks", "operate", N_("Read, add, change, test and remove webhooks of a project or team"))
SITE_WEBHOOKS = Permission("notices.site_webhooks", "govern", N_("Read, add, change, test and remove webhooks for everything"))
EVENT_KINDS = Permission("notices.event_kinds", "read", N_("See which events webhooks can send"))

ALL_KINDS = "*"
PING = "podo.ping"
# Whose is it now? What a webhook sends unless it is told otherwise.
OWNERSHIP_KINDS = (
    "catalog.assets_owned",
    "catalog.custody_escalated",
    "catalog.custody_taken",
    "catalog.ownership_changed",
    "catalog.ownership_corrected",
    "catalog.project_registered",
    "catalog.team_restored",
    "catalog.team_settled",
)


class WebhookScope(StrEnum):
    """What a webhook hears of: everything, one team and what it owns, or one project."""

    site = "site"
    team = "team"
    project = "project"


@dataclass(frozen=True, slots=True)
class WebhookPlace:
    """Whose a webhook is: a project by slug, a team by id, or everybody's."""

    scope: WebhookScope = WebhookScope.site
    project: str = ""
    team: str = ""


@dataclass(frozen=True, slots=True)
class WebhookWish:
    """What somebody wants of a webhook: where to, its title, and kinds of events: codes, `catalog.*`, or `*` for all."""

    address: str = field(repr=False)
    title: str = ""
    kinds: tuple[str, ...] = OWNERSHIP_KINDS


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address to which Podo posts what happens, signed. `sealed` is the address, which may hold a key of its owner's.

    While it is off nothing is queued, and what waits goes on waiting; `off_why` says why. Until `former_until` the former secret
    signs as well. `failing_since` is when it failed first since it last took something; until `rests_until` it is left alone.
    """

    id: str
    title: str
    sealed: str = field(repr=False)
    host: str
    place: WebhookPlace
    kinds: tuple[str, ...]
    is_on: bool
    off_why: str
    off_at: datetime | None
    by: str
    at: datetime
    former_until: datetime | None
    failing_since: datetime | None = None
    rests_until: datetime | None = None
    delivered_at: datetime | None = None
    waiting: int = 0


class DeliveryState(StrEnum):
    """Where a webhook's delivery is on its way."""

    waiting = "waiting"
    delivered = "delivered"
    failed = "failed"


DELIVERY_STATES = (N_("waiting"), N_("delivered"), N_("failed"))


@dataclass(frozen=True, slots=True)
class Try:
    """One time it was posted: the answer's status (None without an answer), milliseconds, why it was not taken, first words."""

    at: datetime
    status: int | None
    ms: int
    why: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One event on its way to one webhook. Its id is the `webhook-id` of every try; `event` is empty for a ping.

    `due_at` is when it is tried next, while it waits; `attempts` counts since it was last asked for.
    """

    id: str
    webhook: str
    event: str
    kind: str
    state: DeliveryState
    at: datetime
    due_at: datetime
    attempts: int
    tries: tuple[Try, ...]
    body: str = ""

    @property
    def last(self) -> Try | None:
        """The newest try."""
        return self.tries[-1] if self.tries else None


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said between two positions of the log, as deliveries that are not queued yet, and projects that are gone.

    `has_more` says that it was read in part.
    """

    since: int
    until: int
    deliveries: tuple[WebhookDelivery, ...]
    gone: frozenset[str]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is posted together to one webhook: the sealed address, sealed secrets (the newest first), and the letters.

    Of each letter: its id, its body, and where in which trace its event was said.
    """

    address: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    letters: tuple[tuple[str, str, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """How a post ended. `after` is for how many seconds the receiver wants to be left alone, None where it said nothing."""

    status: int | None
    ms: int
    why: str = ""
    answer: str = ""
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """One that was posted: how often it was tried before, when it was posted, and how it ended."""

    id: str
    attempts: int
    at: datetime
    answered: Answered


class Verdict(StrEnum):
    """What follows from an answer: it was taken, is tried again, or nobody wants any more of it (410)."""

    taken = "taken"
    again = "again"
    gone = "gone"


@dataclass(frozen=True, slots=True)
class EventKind:
    """A kind of event that webhooks can send; `sentence` is what is told of it, with {places} of its fields."""

    code: str
    sentence: str
    fields: Sequence[str]

    def told(self, translate: Callable[[str], str] = str) -> str:
        """The sentence in the reader's language, its places left open."""
        return translate(self.sentence).format_map(_Open())


class _Open(dict[str, str]):
    """Places that nothing fills."""

    def __missing__(self, key: str) -> str:
        return "…"
