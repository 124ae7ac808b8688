"""All SQL of telling people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update

from podo.kernel import ids
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Page
from podo.notices.models import MailRow, NoticeRow
from podo.notices.types import Letter, Mail, MailState, Message, Notice


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


async def has(r: Reading, person: str, notice: str) -> bool:
    """Whether the inbox has this notice."""
    query = select(NoticeRow.id).where(NoticeRow.id == notice, NoticeRow.person == person)
    return await r.session.scalar(query) is not None


def queue(tx: Tx, letter: Letter, *, sealed: bool, at: datetime) -> None:
    """Put a letter, whose body is sealed already, into the outbox."""
    tx.session.add(
        MailRow(
            id=letter.id,
            to=letter.to,
            subject=letter.subject,
            body=letter.body,
            sealed=sealed,
            state=MailState.queued,
            at=at,
            due_at=at,
        )
    )


async def due(r: Reading, at: datetime, limit: int) -> list[Letter]:
    """Letters to send now, their bodies sealed."""
    query = select(MailRow).where(MailRow.state == MailState.queued, MailRow.due_at <= at).order_by(MailRow.due_at).limit(limit)
    return [Letter(row.id, row.to, row.subject, row.body) for row in await r.session.scalars(query)]


async def sent(tx: Tx, mail: str, state: MailState, at: datetime) -> None:
    """The letter left, or is kept because nothing sends mail here."""
    values = {"state": state, "sent_at": at, "attempts": MailRow.attempts + 1, "why": None}
    await tx.session.execute(update(MailRow).where(MailRow.id == mail).values(values))


async def failed(tx: Tx, mail: str, why: str, at: datetime, attempts: int) -> None:
    """The letter did not leave: later again with growing pauses, after `attempts` never."""
    row = await tx.session.get_one(MailRow, mail)
    row.attempts += 1
    row.why = why
    row.due_at = at + timedelta(seconds=15 * 2**row.attempts)
    if row.attempts >= attempts:
        row.state = MailState.failed


async def outbox(r: Reading, limit: int) -> list[Mail]:
    """The newest mails, without bodies."""
    rows = await r.session.scalars(select(MailRow).order_by(MailRow.id.desc()).limit(limit))
    return [
        Mail(row.id, row.to, row.subject, MailState(row.state), row.at, row.sent_at, row.attempts, row.why, row.sealed)
        for row in rows
    ]


async def body(r: Reading, mail: str) -> str | None:
    """The sealed body of a mail that may be shown."""
    return await r.session.scalar(select(MailRow.body).where(MailRow.id == mail, MailRow.sealed.is_(False)))


def _notice(row: NoticeRow) -> Notice:
    message = Message(row.kind, row.sentence, row.link, row.facts, row.project)
    return Notice(row.id, row.person, message, row.at, row.read_at)
