"""The inbox and home as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages
from podo.notices import service
from podo.notices.types import PREFER, READ_INBOX, READ_OUTBOX, SECTIONS, HomeSource, Line, Mail, MailChoice, Notice

routes = Routes("notices", tag="Notices")


class NoticeOut(BaseModel):
    """One notice, told in the reader's language."""

    id: str
    kind: str
    sentence: str
    link: str
    project: str | None
    facts: dict[str, Any]
    at: datetime
    read: bool

    @classmethod
    def of(cls, n: Notice, lang: str) -> NoticeOut:
        """From the noun."""
        m = n.message
        sentence = m.told(languages.translator(lang))
        return cls(
            id=n.id,
            kind=m.kind,
            sentence=sentence,
            link=m.link,
            project=m.project,
            facts=dict(m.facts),
            at=n.at,
            read=n.read_at is not None,
        )


class NoticesOut(BaseModel):
    """A page of notices, newest first."""

    items: list[NoticeOut]
    next: str | None


class LineOut(BaseModel):
    """A row of home."""

    project: str
    title: str
    sentence: str
    link: str
    at: datetime
    state: str
    number: int | None

    @classmethod
    def of(cls, line: Line) -> LineOut:
        """From the noun."""
        return cls(
            project=line.project,
            title=line.title,
            sentence=line.sentence,
            link=line.link,
            at=line.at,
            state=line.state,
            number=line.number,
        )


class HomeOut(BaseModel):
    """What waits for the reader, what is red, and what was deployed last."""

    waiting: list[LineOut]
    red: list[LineOut]
    recent: list[LineOut]


class ReadOut(BaseModel):
    """How many notices were marked as read."""

    read: int


class MailOut(BaseModel):
    """A mail of the outbox: queued, sent, failed, or kept because nothing sends mail here."""

    id: str
    to: str
    subject: str
    state: str
    at: datetime
    sent_at: datetime | None
    attempts: int
    why: str | None

    @classmethod
    def of(cls, m: Mail) -> MailOut:
        """From the noun."""
        return cls(
            id=m.id,
            to=m.to,
            subject=m.subject,
            state=m.state,
            at=m.at,
            sent_at=m.sent_at,
            attempts=m.attempts,
            why=m.why,
        )


class MailDetail(MailOut):
    """A mail with what it says; a link that signs in is never part of it."""

    body: str


class ChoiceOut(BaseModel):
    """What comes by mail beside the inbox."""

    mail: MailChoice


@routes.api("GET", "/api/v1/home", verb="notices.home", permission=READ_INBOX.id)
async def home(w: Web = WebIn) -> HomeOut:
    """What waits for me, what is red in my projects, what was deployed last."""
    async with w.reading() as r:
        found = await service.home(r, w.house.slots[HomeSource], w.person, w.lang)
    return HomeOut(**{section: [LineOut.of(line) for line in found.lines[section]] for section in SECTIONS})


@routes.api("GET", "/api/v1/inbox", verb="notices.list", permission=READ_INBOX.id)
async def inbox(unread: bool | None = None, cursor: str | None = None, limit: int = 50, w: Web = WebIn) -> NoticesOut:
    """The own inbox, newest first."""
    async with w.reading() as r:
        page = await service.inbox(r, w.person, unread=unread, cursor=cursor, limit=max(1, min(limit, 200)))
    return NoticesOut(items=[NoticeOut.of(n, w.lang) for n in page.items], next=page.next)


@routes.api("POST", "/api/v1/inbox/{notice}/read", verb="notices.read", permission=READ_INBOX.id, status=204)
async def read(notice: str, w: Web = WebIn) -> None:
    """Mark one notice as read."""
    async with w.transaction() as tx:
        await service.read(tx, notice)


@routes.api("POST", "/api/v1/inbox/read", verb="notices.read_all", permission=READ_INBOX.id)
async def read_all(w: Web = WebIn) -> ReadOut:
    """Mark everything as read."""
    async with w.transaction() as tx:
        return ReadOut(read=await service.read_all(tx))


@routes.api("GET", "/api/v1/me/notifications", verb="notices.preference", permission=PREFER.id)
async def preference(w: Web = WebIn) -> ChoiceOut:
    """What I am told by mail beside the inbox: nothing or everything."""
    async with w.reading() as r:
        return ChoiceOut(mail=await service.mail_choice(r, w.person))


@routes.api("PUT", "/api/v1/me/notifications", verb="notices.prefer", permission=PREFER.id)
async def prefer(wanted: ChoiceOut, w: Web = WebIn) -> ChoiceOut:
    """Choose what I am told by mail."""
    async with w.transaction() as tx:
        await service.choose_mail(tx, wanted.mail)
    return wanted


@routes.api("GET", "/api/v1/outbox", verb="notices.outbox", permission=READ_OUTBOX.id)
async def outbox(w: Web = WebIn) -> list[MailOut]:
    """The newest mails that Podo sent or keeps, for administrators."""
    async with w.reading() as r:
        return [MailOut.of(m) for m in await service.outbox(r)]


@routes.api("GET", "/api/v1/outbox/{mail}", verb="notices.mail", permission=READ_OUTBOX.id)
async def one_mail(mail: str, w: Web = WebIn) -> MailDetail:
    """One of them with what it says, for administrators."""
    async with w.reading() as r:
        found, body = await service.mail_in_outbox(r, mail, w.house.url)
    return MailDetail(**MailOut.of(found).model_dump(), body=body)
