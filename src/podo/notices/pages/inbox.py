"""Home, the inbox, the outbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import On, Team
from podo.catalog import service as catalog
from podo.catalog.types import Project, ProjectMarks
from podo.kernel.db import Reading
from podo.kernel.errors import N_
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages, page
from podo.notices import service
from podo.notices.types import PREFER, READ_INBOX, READ_OUTBOX, SITE_WEBHOOKS, Home, HomeSource, Line, Mail

routes = Routes("notices", tag="Notices")
_RECENT = 8


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A team of the reader and how many projects it owns."""

    team: Team
    projects: int


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """A project of the reader's teams; `health` is one of the six words, empty where nothing is known."""

    project: Project
    team: Team
    health: str
    sentence: str


@page("notices/home.html")
@dataclass(frozen=True, slots=True)
class HomePage:
    """Everything that waits for a person, in one place."""

    projects: Sequence[ProjectLine]
    teams: Sequence[TeamLine]
    waiting: Sequence[Line]
    red: Sequence[Line]
    recent: Sequence[Line]
    total: int


@page("notices/_sections.html")
@dataclass(frozen=True, slots=True)
class SectionsPiece:
    """The moving part of home."""

    waiting: Sequence[Line]
    red: Sequence[Line]
    recent: Sequence[Line]


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A notice, told."""

    id: str
    sentence: str
    link: str
    project: str | None
    at: datetime
    read: bool


@page("notices/inbox.html")
@dataclass(frozen=True, slots=True)
class InboxPage:
    """What Podo told the reader."""

    rows: Sequence[InboxRow]
    waiting: Sequence[Line]
    unread: int
    only_unread: bool
    newer: str
    older: str
    may_outbox: bool
    may_webhooks: bool


@page("notices/outbox.html")
@dataclass(frozen=True, slots=True)
class OutboxPage:
    """The mails that left or stayed."""

    mails: Sequence[Mail]


@page("notices/mail.html")
@dataclass(frozen=True, slots=True)
class MailPage:
    """One of them, with what it says."""

    mail: Mail
    body: str


@page("notices/notifications.html")
@dataclass(frozen=True, slots=True)
class NotificationsPage:
    """What a person is told where."""

    choice: str


async def _home(w: Web, r: Reading) -> Home:
    return await service.home(r, w.house.slots[HomeSource], w.person, w.lang)


@routes.page("/", permission=READ_INBOX.id)
async def home(w: Web = WebIn) -> Response:
    """Home."""
    async with w.reading() as r:
        found = await _home(w, r)
        total = await catalog.count(r)
        marks: dict[str, tuple[str, str, str]] = {}
        for slot in w.house.slots[ProjectMarks]:
            marks.update(await slot.marks(r, [p.slug for p in found.projects], w.lang))
    teams = {t.id: t for t in found.teams}
    owned = Counter([p.team for p in found.projects])
    made = HomePage(
        projects=[ProjectLine(p, teams[p.team], *marks.get(p.slug, ("", "", ""))[:2]) for p in found.projects],
        teams=[TeamLine(t, owned[t.id]) for t in found.teams],
        waiting=found.lines["waiting"],
        red=found.lines["red"],
        recent=found.lines["recent"][:_RECENT],
        total=total,
    )
    return await w.page(made, title=_say(w, N_("Home")), live="all")


@routes.page("/-/home", permission=READ_INBOX.id)
async def sections(w: Web = WebIn) -> Response:
    """The moving part of home, read again when something happened."""
    async with w.reading() as r:
        lines = (await _home(w, r)).lines
    return await w.fragment(SectionsPiece(lines["waiting"], lines["red"], lines["recent"][:_RECENT]))


@routes.page("/inbox", permission=READ_INBOX.id)
async def inbox(unread: bool = False, cursor: str | None = None, w: Web = WebIn) -> Response:
    """The inbox."""
    translate = languages.translator(w.lang)
    async with w.reading() as r:
        found = await _home(w, r)
        listed = await service.inbox(r, w.person, unread=unread or None, cursor=cursor)
        count = await service.unread(r, w.person)
        may, may_webhooks = await access.allowed_many(r, [(READ_OUTBOX, On()), (SITE_WEBHOOKS, On())])
    rows = [
        InboxRow(n.id, n.message.told(translate), n.message.link, n.message.project, n.at, n.read_at is not None)
        for n in listed.items
    ]
    kept = {"unread": "1"} if unread else {}
    made = InboxPage(
        rows=rows,
        waiting=found.lines["waiting"],
        unread=count,
        only_unread=unread,
        newer=f"/inbox?{urlencode(kept)}" if cursor else "",
        older=f"/inbox?{urlencode({**kept, 'cursor': listed.next})}" if listed.next else "",
        may_outbox=may,
        may_webhooks=may_webhooks,
    )
    return await w.page(made, title=translate(N_("Inbox")), live="all")


@routes.page("/inbox/{notice}", permission=READ_INBOX.id)
async def open_notice(notice: str, w: Web = WebIn) -> Response:
    """Go where a notice leads; it stays as it is, since reading a page changes nothing."""
    async with w.reading() as r:
        found = await service.notice(r, notice)
    return w.go(found.message.link)


@routes.form("/inbox/{notice}/read", verb="notices.read", permission=READ_INBOX.id)
async def read(notice: str, w: Web = WebIn) -> Response:
    """Mark one as read, and go where it leads or back."""
    f = await form(w)
    async with w.transaction() as tx:
        await service.read(tx, notice)
        found = await service.notice(tx, notice)
    return w.go(found.message.link if f["open"] else "/inbox")


@routes.form("/inbox/read", verb="notices.read_all", permission=READ_INBOX.id)
async def read_all(w: Web = WebIn) -> Response:
    """Mark all as read."""
    async with w.transaction() as tx:
        await service.read_all(tx)
    return w.go("/inbox", said=_say(w, N_("All read.")))


@routes.page("/settings/notifications", permission=PREFER.id)
async def notifications(w: Web = WebIn) -> Response:
    """What I am told where."""
    async with w.reading() as r:
        choice = await service.mail_choice(r, w.person)
    return await w.page(NotificationsPage(choice.value), title=_say(w, N_("What I am told")))


@routes.form("/settings/notifications", verb="notices.prefer", permission=PREFER.id)
async def choose(w: Web = WebIn) -> Response:
    """Choose it."""
    f = await form(w)
    async with w.transaction() as tx:
        await service.choose_mail(tx, f["mail"])
    return w.go("/settings/notifications", said=_say(w, N_("Kept.")))


@routes.page("/-/outbox", permission=READ_OUTBOX.id)
async def outbox(w: Web = WebIn) -> Response:
    """The outbox, for administrators."""
    async with w.reading() as r:
        mails = await service.outbox(r)
    return await w.page(OutboxPage(mails), title=_say(w, N_("Outbox")))


@routes.page("/-/outbox/{mail}", permission=READ_OUTBOX.id)
async def one_mail(mail: str, w: Web = WebIn) -> Response:
    """One mail of the outbox."""
    async with w.reading() as r:
        found, body = await service.mail_in_outbox(r, mail, w.house.url)
    return await w.page(MailPage(found, body), title=found.subject)


def _say(w: Web, text: str) -> str:
    return languages.say(w.lang, text)
