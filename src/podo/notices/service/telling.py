"""Telling people, and what they do with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from podo.access import service as access
from podo.access.types import On
from podo.catalog import service as catalog
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.events import log
from podo.kernel.nouns import Page
from podo.kernel.ui import languages
from podo.notices import messages, store
from podo.notices.types import (
    PREFER,
    READ_INBOX,
    READ_OUTBOX,
    SECTIONS,
    Draft,
    Home,
    HomeSource,
    Line,
    Mail,
    MailChoice,
    MailQueued,
    MailState,
    Message,
    NoSuchChoice,
    NoSuchMail,
    NoSuchNotice,
    Notice,
    NoticesPreferred,
    Told,
)

_ATTEMPTS = 8
_MINUTE = 60


async def tell(tx: Tx, people: Iterable[str], message: Message) -> None:
    """Put `message` into the inbox of each person; the actor is not told of the own act. Who wants it gets a mail, too."""
    to = sorted({p for p in people if p != tx.actor.id})
    if not to:
        return
    await store.add(tx, to, message, clock.now())
    tx.say(Told(project=message.project, count=len(to), kind=message.kind))
    wanting = [p for p, choice in (await store.choices(tx, to)).items() if choice is MailChoice.everything]
    for person in (await access.people(tx, wanting)).values():
        if person.active:
            subject, body = messages.told(message, person.lang or languages.DEFAULT)
            mail(tx, Draft(person.email, subject, body))


async def inbox(
    r: Reading, person: str, *, unread: bool | None = None, cursor: str | None = None, limit: int = 50
) -> Page[Notice]:
    """A person's notices, newest first."""
    await access.require(r, READ_INBOX, On())
    return await store.inbox(r, person, unread=unread, cursor=cursor, limit=limit)


async def unread(r: Reading, person: str) -> int:
    """How many notices a person has not read."""
    return await store.unread(r, person)


async def read(tx: Tx, id_: str) -> None:
    """The actor has read one notice. Raises `NoSuchNotice`; reading it again does nothing."""
    await access.require(tx, READ_INBOX, On())
    if await store.notice(tx, tx.actor.id, id_) is None:
        raise NoSuchNotice()
    await store.read(tx, tx.actor.id, id_, clock.now())


async def notice(r: Reading, id_: str) -> Notice:
    """One notice of the actor. Raises `NoSuchNotice`."""
    await access.require(r, READ_INBOX, On())
    found = await store.notice(r, r.actor.id, id_)
    if found is None:
        raise NoSuchNotice()
    return found


async def read_all(tx: Tx) -> int:
    """The actor has read everything; how much that was."""
    await access.require(tx, READ_INBOX, On())
    return await store.read(tx, tx.actor.id, None, clock.now())


async def mail_choice(r: Reading, person: str) -> MailChoice:
    """What a person is told by mail, too."""
    return (await store.choices(r, [person])).get(person, MailChoice.nothing)


async def choose_mail(tx: Tx, choice: str) -> None:
    """What the actor is told by mail from now on. Raises `NoSuchChoice`."""
    await access.require(tx, PREFER, On())
    if choice not in [c.value for c in MailChoice]:
        raise NoSuchChoice(choice=choice)
    if await mail_choice(tx, tx.actor.id) != choice:
        await store.choose(tx, tx.actor.id, MailChoice(choice))
        tx.say(NoticesPreferred(mail=choice, subject=f"person/{tx.actor.id}"))


def mail(tx: Tx, draft: Draft) -> str:
    """Put a mail into the outbox; it leaves at once, by a run. Returns its id."""
    id_ = ids.new("mail")
    store.queue(tx, id_, replace(draft, subject=" ".join(draft.subject.split())[:300]), clock.now())
    tx.say(MailQueued(mail=id_, to=draft.to, subject=_subject(id_)))
    return id_


async def mail_sign_in_link(tx: Tx, link: str) -> None:
    """Put the mail with a sign-in link into the outbox; nothing when the link is over."""
    found = await access.sealed_link(tx, link)
    if found is None:
        return
    person, sealed, until = found
    minutes = max(1, round((until - clock.now()).total_seconds() / 60))
    subject, body = messages.sign_in(person.name, minutes, person.lang or languages.DEFAULT)
    mail(tx, Draft(person.email, subject, body, sealed, until))


async def due_mails(r: Reading, limit: int = 50) -> list[tuple[str, int, str | None]]:
    """The ids of mails to send now, how often that was tried, and where in which trace each was queued."""
    found = await store.due(r, clock.now(), limit)
    known = await log.traced(r, {_subject(mail) for mail, _ in found}) if found else {}
    return [(mail, tried, known.get((_subject(mail), None))) for mail, tried in found]


def _subject(mail: str) -> str:
    return f"mail/{mail}"


async def waiting_draft(tx: Tx, mail_id: str) -> Draft | None:
    """A mail that is still to be sent; one that is too late is given up here."""
    found = await store.waiting_draft(tx, mail_id)
    if found is not None and found.until is not None and found.until <= clock.now():
        await store.failed(tx, mail_id, "what it says is no longer so", None)
        return None
    return found


async def mail_left(tx: Tx, mail_id: str, *, state: MailState) -> None:
    """A letter was handed over (`sent`), or stays in the outbox because nothing sends mail here (`kept`)."""
    await store.sent(tx, mail_id, state, clock.now())


async def mail_delayed(tx: Tx, mail_id: str, why: str) -> None:
    """A letter could not be handed over; it is tried again with growing pauses, eight times."""
    tried = await store.attempts(tx, mail_id) + 1
    again = clock.now() + timedelta(seconds=15 * 2**tried) if tried < _ATTEMPTS else None
    await store.failed(tx, mail_id, why, again)


async def mail_failed(tx: Tx, mail_id: str, why: str) -> None:
    """A letter will never be taken."""
    await store.failed(tx, mail_id, why, None)


async def outbox(r: Reading, limit: int = 100) -> list[Mail]:
    """The newest mails, for administrators."""
    await access.require(r, READ_OUTBOX, On())
    return await store.outbox(r, limit)


async def mail_in_outbox(r: Reading, mail_id: str, podo: str) -> tuple[Mail, str]:
    """One mail and what it says, for administrators; a link that signs in is never part of it. Raises `NoSuchMail`."""
    await access.require(r, READ_OUTBOX, On())
    found = await store.mail(r, mail_id)
    if found is None:
        raise NoSuchMail(name=mail_id)
    shown, body = found
    return shown, messages.filled(body, podo if not shown.sealed else "", "•••")


async def home(r: Reading, sources: Sequence[HomeSource], person: str, lang: str) -> Home:
    """What is on a person's home, the rows of each section newest first."""
    await access.require(r, READ_INBOX, On())
    teams = await access.teams(r, [m.team for m in await access.teams_of(r, person)])
    projects = await catalog.projects_of(r, [t.id for t in teams])
    found: dict[str, list[Line]] = {section: [] for section in SECTIONS}
    for source in sources:
        found[source.section] += await source.lines(r, person, [p.slug for p in projects], lang)
    lines = {section: sorted(lines, key=lambda x: x.at, reverse=True) for section, lines in found.items()}
    return Home(teams, projects, lines)


async def waiting(r: Reading, sources: Sequence[HomeSource], person: str) -> int:
    """How much waits for a person, as of the last minute: every page tells it."""

    async def count() -> int:
        return sum([await source.count(r, person) for source in sources if source.count])

    # All of it follows from what domains say; and a team that begins, or ends, does so at a time.
    of = frozenset(domain for source in sources for domain in source.follows)
    return await r.recall(of, ("waiting", person, int(clock.now().timestamp()) // _MINUTE), count)
