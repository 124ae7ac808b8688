"""What happens to webhooks. Neither an address nor a secret is ever among it: an address may hold a key of its owner's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from podo.kernel.errors import N_
from podo.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAdded(Event):
    """Podo sends events to an address from now on; `scope` is site, team or project, `team` is empty but for a team's."""

    code: ClassVar[str] = "notices.webhook_added"
    sentence: ClassVar[str] = N_("{actor} added the webhook “{title}” to {host}")
    webhook: str
    title: str
    host: str
    scope: str
    team: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChanged(Event):
    """A webhook's title, address or events are others; `fields` names which, with commas."""

    code: ClassVar[str] = "notices.webhook_changed"
    sentence: ClassVar[str] = N_("{actor} changed {fields} of the webhook “{title}” to {host}")
    webhook: str
    title: str
    host: str
    fields: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRotated(Event):
    """A webhook has a new secret; the former one signs as well for `hours`."""

    code: ClassVar[str] = "notices.webhook_rotated"
    sentence: ClassVar[str] = N_("{actor} gave the webhook “{title}” a new secret; the former one signs for {hours} hours more")
    webhook: str
    title: str
    hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEnabled(Event):
    """A webhook sends again."""

    code: ClassVar[str] = "notices.webhook_enabled"
    sentence: ClassVar[str] = N_("{actor} switched the webhook “{title}” to {host} on")
    webhook: str
    title: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDisabled(Event):
    """A webhook sends no more, by somebody's wish or because its receiver does not take anything."""

    code: ClassVar[str] = "notices.webhook_disabled"
    sentence: ClassVar[str] = N_("{actor} switched the webhook “{title}” to {host} off: {why}")
    webhook: str
    title: str
    host: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRemoved(Event):
    """A webhook is no more, with its secret and what it sent."""

    code: ClassVar[str] = "notices.webhook_removed"
    sentence: ClassVar[str] = N_("{actor} removed the webhook “{title}” to {host}")
    webhook: str
    title: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPinged(Event):
    """Somebody tries a webhook."""

    code: ClassVar[str] = "notices.webhook_pinged"
    sentence: ClassVar[str] = N_("{actor} sent a ping by the webhook “{title}”")
    webhook: str
    title: str
    delivery: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRedelivered(Event):
    """Somebody lets a delivery be sent again, under its own id."""

    code: ClassVar[str] = "notices.webhook_redelivered"
    sentence: ClassVar[str] = N_("{actor} sent {kind} again by the webhook “{title}”")
    webhook: str
    title: str
    delivery: str
    kind: str
