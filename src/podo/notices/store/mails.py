"""All SQL of telling people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, insert, select, update

from podo.kernel import ids
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Page
from podo.notices.models import MailChoiceRow, MailRow, NoticeRow
from podo.notices.types import Draft, Mail, MailChoice, MailState, Message, Notice


async def add(tx: Tx, people: Sequence[str], message: Message, at: datetime) -> None:
    """One notice a person."""
    rows = [
        {
            "id": ids.new("ntc"),
            "person": person,
            "kind": message.kind,
            "sentence": message.sentence,
            "facts": dict(message.facts),
            "link": message.link,
            "project": message.project,
            "at": at,
        }
        for person in people
    ]
    if rows:
        await tx.session.execute(insert(NoticeRow), rows)


async def inbox(r: Reading, person: str, *, unread: bool | None, cursor: str | None, limit: int) -> Page[Notice]:
    """Newest first; the cursor is the last id seen (ids sort by time)."""
    query = select(NoticeRow).where(NoticeRow.person == person).order_by(NoticeRow.id.desc()).limit(limit + 1)
    if unread is not None:
        query = query.where(NoticeRow.read_at.is_(None) if unread else NoticeRow.read_at.is_not(None))
    if cursor:
        query = query.where(NoticeRow.id < cursor)
    rows = (await r.session.scalars(query)).all()
    more = rows[limit - 1].id if len(rows) > limit else None
    return Page([_notice(row) for row in rows[:limit]], more)


async def unread(r: Reading, person: str) -> int:
    """How many are not read."""
    query = select(func.count()).select_from(NoticeRow).where(NoticeRow.person == person, NoticeRow.read_at.is_(None))
    return await r.session.scalar(query) or 0


async def read(tx: Tx, person: str, notice: str | None, at: datetime) -> int:
    """Mark one, or all of a person, as read; how many were not read before."""
    query = update(NoticeRow).where(NoticeRow.person == person, NoticeRow.read_at.is_(None)).values(read_at=at)
    if notice is not None:
        query = query.where(NoticeRow.id == notice)
    return len((await tx.session.scalars(query.returning(NoticeRow.id))).all())


async def notice(r: Reading, person: str, id_: str) -> Notice | None:
    """The notice `id_`, if it is in this person's inbox."""
    row = await r.session.get(NoticeRow, id_)
    return _notice(row) if row and row.person == person else None


def queue(tx: Tx, id_: str, draft: Draft, at: datetime) -> None:
    """Put a mail into the outbox."""
    tx.session.add(
        MailRow(
            id=id_,
            to=draft.to,
            subject=draft.subject,
            body=draft.body,
            sealed=draft.sealed,
            until=draft.until,
            state=MailState.queued,
            at=at,
            due_at=at,
        )
    )


async def due(r: Reading, at: datetime, limit: int) -> list[tuple[str, int]]:
    """Mails to send now, and how often that was tried."""
    query = select(MailRow.id, MailRow.attempts).where(MailRow.state == MailState.queued, MailRow.due_at <= at)
    return [(id_, attempts) for id_, attempts in await r.session.execute(query.order_by(MailRow.due_at).limit(limit))]


async def waiting_draft(r: Reading, mail: str) -> Draft | None:
    """A mail that is still to be sent."""
    row = await r.session.get(MailRow, mail)
    if row is None or row.state != MailState.queued:
        return None
    return Draft(row.to, row.subject, row.body, row.sealed, row.until)


async def sent(tx: Tx, mail: str, state: MailState, at: datetime) -> None:
    """The letter left, or is kept because nothing sends mail here."""
    values = {"state": state, "sent_at": at, "attempts": MailRow.attempts + 1, "why": None}
    await tx.session.execute(update(MailRow).where(MailRow.id == mail).values(values))


async def failed(tx: Tx, mail: str, why: str, due_at: datetime | None) -> None:
    """The letter did not leave: again at `due_at`, or never (None)."""
    row = await tx.session.get_one(MailRow, mail)
    row.attempts += 1
    row.why = why
    row.due_at = due_at or row.due_at
    row.state = row.state if due_at else MailState.failed


async def attempts(r: Reading, mail: str) -> int:
    """How often it was tried."""
    return (await r.session.get_one(MailRow, mail)).attempts


async def outbox(r: Reading, limit: int) -> list[Mail]:
    """The newest mails, without bodies."""
    return [_mail(row) for row in await r.session.scalars(select(MailRow).order_by(MailRow.id.desc()).limit(limit))]


async def mail(r: Reading, id_: str) -> tuple[Mail, str] | None:
    """One mail and its body, whose placeholders stay as they are."""
    row = await r.session.get(MailRow, id_)
    return (_mail(row), row.body) if row else None


async def choices(r: Reading, people: Sequence[str]) -> dict[str, MailChoice]:
    """What these people want by mail; who chose nothing is missing."""
    rows = await r.session.scalars(select(MailChoiceRow).where(MailChoiceRow.person.in_(people)))
    return {row.person: MailChoice(row.choice) for row in rows}


async def choose(tx: Tx, person: str, choice: MailChoice) -> None:
    """From now on."""
    await tx.session.merge(MailChoiceRow(person=person, choice=choice))


def _mail(row: MailRow) -> Mail:
    return Mail(
        row.id, row.to, row.subject, MailState(row.state), row.at, row.sent_at, row.attempts, row.why, row.sealed is not None
    )


def _notice(row: NoticeRow) -> Notice:
    message = Message(row.kind, row.sentence, row.link, row.facts, row.project)
    return Notice(row.id, row.person, message, row.at, row.read_at)
