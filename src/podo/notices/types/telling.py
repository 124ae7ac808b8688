"""Nouns, events and slots of telling people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from podo.access.types import Permission, Team
from podo.catalog.types import Project
from podo.kernel.db import Reading
from podo.kernel.errors import N_, Invalid, Missing, Refused
from podo.kernel.events import Event
from podo.kernel.settings import setting

SECTIONS = ("waiting", "red", "recent")
READ_INBOX = Permission("notices.read", "read", N_("Read the own inbox"))
PREFER = Permission("notices.prefer", "read", N_("Choose what comes by mail"))
READ_OUTBOX = Permission("notices.read_outbox", "administer", N_("Read the mails that Podo sent"))


MAIL_STATES = (N_("queued"), N_("sent"), N_("failed"), N_("kept"))


class MailState(StrEnum):
    """Where a mail is on its way."""

    queued = "queued"
    sent = "sent"
    failed = "failed"
    kept = "kept"


@dataclass(frozen=True, slots=True)
class Message:
    """Something to tell: a template over `facts`, translated for each reader; `link` is where to go. Never a secret."""

    kind: str
    sentence: str
    link: str
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    project: str | None = None

    def told(self, translate: Any = str) -> str:
        """The sentence in the reader's language."""
        facts = {key: translate(value) if key == "why" and value else value for key, value in self.facts.items()}
        return translate(self.sentence).format(**facts)


@dataclass(frozen=True, slots=True)
class Notice:
    """A message in one person's inbox."""

    id: str
    person: str
    message: Message
    at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail in the outbox. `sealed` mails carry a link that signs in; the link is shown to nobody."""

    id: str
    to: str
    subject: str
    state: MailState
    at: datetime
    sent_at: datetime | None
    attempts: int
    why: str | None
    sealed: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as it is sent: plain text."""

    id: str
    to: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail in the outbox: `{podo}` in its body is this Podo's address, `{link}` what `sealed` opens to (a path that signs in).

    It is sent until `until`, None means whenever.
    """

    to: str
    subject: str
    body: str
    sealed: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Chip:
    """A region and the state of something there."""

    region: str
    state: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of home: what it is, where it leads, and what to press. `icon` is an octicon's name, `tone` a colour's word."""

    icon: str
    tone: str
    project: str
    title: str
    sentence: str
    link: str
    at: datetime
    action: str = ""
    number: int | None = None
    state: str = ""
    mark: str = ""
    chips: Sequence[Chip] = ()


@dataclass(frozen=True, slots=True)
class HomeSource:
    """Slot: rows for home. `section` is `waiting`, `red` or `recent`.

    `lines(r, person, projects, lang)` gives the rows of the person, newest first; `projects` are those of the person's
    teams, and `r.observing()` shows what was observed. `count(r, person)` counts what waits, for the head of every page;
    None for sections that are not counted. It `follows` from what these domains say, and may be remembered until they say more.
    """

    section: str
    lines: Callable[[Reading, str, Sequence[str], str], Awaitable[Sequence[Line]]]
    count: Callable[[Reading, str], Awaitable[int]] | None = None
    follows: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Home:
    """A person's teams and their projects, and the rows of each section of home."""

    teams: Sequence[Team]
    projects: Sequence[Project]
    lines: Mapping[str, Sequence[Line]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Event):
    """People were told something, in their inbox."""

    code: ClassVar[str] = "notices.told"
    sentence: ClassVar[str] = N_("{actor} told people: {kind} ({count})")
    count: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailQueued(Event):
    """A mail was put into the outbox."""

    code: ClassVar[str] = "notices.mail_queued"
    sentence: ClassVar[str] = N_("A mail to {to} is on its way")
    mail: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesPreferred(Event):
    """A person chose whether to be told by mail, too."""

    code: ClassVar[str] = "notices.preferred"
    sentence: ClassVar[str] = N_("{actor} chose what comes by mail: {mail}")
    mail: str


class MailChoice(StrEnum):
    """What a person is told by mail beside the inbox."""

    nothing = "nothing"
    everything = "everything"


class NoSuchNotice(Missing):
    """The inbox has no such notice."""

    code = "notices.no_such_notice"
    so = N_("There is no such notice in your inbox.")
    do = N_("It may have been removed; open the inbox again.")


class NoSuchMail(Missing):
    """The outbox has no such mail."""

    code = "notices.no_such_mail"
    so = N_("There is no mail “{name}” in the outbox.")
    do = N_("Look at the list of mails.")


class MailRefused(Refused):
    """The mail server will never take this letter."""

    code = "notices.mail_refused"
    so = N_("The mail server {what} refuses the letter: {why}.")
    do = N_("Check the address and the sender.")


class NoSuchChoice(Invalid):
    """A way of being told that there is not."""

    code = "notices.no_such_choice"
    so = N_("Mails come for “nothing” or “everything”, not for “{choice}”.")
    do = N_("Choose one of the two.")


@dataclass(frozen=True, slots=True)
class NoticesSettings:
    """How people are told."""

    smtp: str = setting(
        "", "Mail server, `smtp://user:password@host:port` or `smtps://…`; empty: mails stay in the outbox", secret=True
    )
    sender: str = setting("podo@localhost", "From address of Podo's mails")
    local_webhooks: bool = setting(
        False, "Let webhooks go to this machine's own addresses and without TLS; for demo and trusted people only"
    )
    webhook_seconds: float = setting(10.0, "Seconds within which the receiver of a webhook has to answer")
