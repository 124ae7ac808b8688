"""Telling people, and what they do with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from podo.access import service as access
from podo.access.types import On
from podo.catalog import service as catalog
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Page
from podo.kernel.settings import Seal
from podo.notices import store
from podo.notices.types import (
    READ_OUTBOX,
    SECTIONS,
    HomeSource,
    Letter,
    Line,
    Mail,
    MailQueued,
    MailState,
    Message,
    NoSuchNotice,
    Notice,
    Told,
)

_ATTEMPTS = 8


async def tell(tx: Tx, people: Iterable[str], message: Message) -> None:
    """Put `message` into the inbox of each person; the actor is not told of the own act."""
    to = sorted({p for p in people if p != tx.actor.id})
    if not to:
        return
    await store.add(tx, to, message, clock.now())
    tx.say(Told(project=message.project, count=len(to), kind=message.kind))


async def inbox(
    r: Reading, person: str, *, unread: bool | None = None, cursor: str | None = None, limit: int = 50
) -> Page[Notice]:
    """A person's notices, newest first."""
    return await store.inbox(r, person, unread=unread, cursor=cursor, limit=limit)


async def unread(r: Reading, person: str) -> int:
    """How many notices a person has not read."""
    return await store.unread(r, person)


async def read(tx: Tx, notice: str) -> None:
    """The actor has read one notice. Raises `NoSuchNotice`; reading it again does nothing."""
    if not await store.has(tx, tx.actor.id, notice):
        raise NoSuchNotice()
    await store.read(tx, tx.actor.id, notice, clock.now())


async def read_all(tx: Tx) -> int:
    """The actor has read everything; how much that was."""
    return await store.read(tx, tx.actor.id, None, clock.now())


async def mail(tx: Tx, seal: Seal, to: str, subject: str, body: str, *, secret: bool = False) -> str:
    """Queue a plain-text mail; `secret` bodies (links that sign in) are never shown. Returns the mail's id."""
    letter = Letter(ids.new("mail"), to, subject.replace("\n", " "), seal.seal(body))
    store.queue(tx, letter, sealed=secret, at=clock.now())
    tx.say(MailQueued(to=to))
    return letter.id


async def due_letters(r: Reading, seal: Seal, limit: int = 20) -> list[Letter]:
    """Letters to send now, opened."""
    return [Letter(x.id, x.to, x.subject, seal.open(x.body)) for x in await store.due(r, clock.now(), limit)]


async def mail_left(tx: Tx, mail_id: str, *, state: MailState) -> None:
    """A letter was handed over (`sent`), or stays in the outbox because nothing sends mail here (`kept`)."""
    await store.sent(tx, mail_id, state, clock.now())


async def mail_failed(tx: Tx, mail_id: str, why: str) -> None:
    """A letter could not be handed over; it is tried again with growing pauses, eight times."""
    await store.failed(tx, mail_id, why, clock.now(), _ATTEMPTS)


async def outbox(r: Reading, limit: int = 100) -> list[Mail]:
    """The newest mails, for administrators."""
    await access.require(r, READ_OUTBOX, On())
    return await store.outbox(r, limit)


async def mail_body(r: Reading, seal: Seal, mail_id: str) -> str | None:
    """What a mail says, for administrators; None for mails that carry a link that signs in."""
    await access.require(r, READ_OUTBOX, On())
    sealed = await store.body(r, mail_id)
    return seal.open(sealed) if sealed else None


async def home(r: Reading, sources: Sequence[HomeSource], person: str, lang: str) -> dict[str, list[Line]]:
    """The rows of each section of a person's home, newest first."""
    teams = [m.team for m in await access.teams_of(r, person)]
    projects = [p.slug for p in await catalog.projects_of(r, teams)]
    found: dict[str, list[Line]] = {section: [] for section in SECTIONS}
    for source in sources:
        found[source.section] += await source.lines(r, person, projects, lang)
    return {section: sorted(lines, key=lambda x: x.at, reverse=True) for section, lines in found.items()}


async def waiting(r: Reading, sources: Sequence[HomeSource], person: str) -> int:
    """How much waits for a person."""
    return sum([await source.count(r, person) for source in sources if source.count])
