"""Home, the inbox, the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import Team
from podo.catalog import service as catalog
from podo.catalog.types import Project
from podo.kernel.errors import N_
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages, page
from podo.notices import service
from podo.notices.types import READ_INBOX, READ_OUTBOX, HomeSource, Line, Mail

routes = Routes("notices", tag="Notices")


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A team of the reader and how many projects it owns."""

    team: Team
    projects: int


@page("notices/home.html")
@dataclass(frozen=True, slots=True)
class HomePage:
    """Everything that waits for a person, in one place."""

    projects: Sequence[Project]
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
    older: str


@page("notices/outbox.html")
@dataclass(frozen=True, slots=True)
class OutboxPage:
    """The mails that left or stayed."""

    mails: Sequence[Mail]


async def _lines(w: Web) -> dict[str, list[Line]]:
    async with w.reading() as r:
        return await service.home(r, w.house.slots[HomeSource], w.person, w.lang)


@routes.page("/", permission=READ_INBOX.id)
async def home(w: Web = WebIn) -> Response:
    """Home."""
    found = await _lines(w)
    async with w.reading() as r:
        memberships = await access.teams_of(r, w.person)
        teams = await access.teams(r, [m.team for m in memberships])
        projects = await catalog.projects_of(r, [t.id for t in teams])
        total = await catalog.count(r)
    counts = [TeamLine(t, sum(p.team == t.id for p in projects)) for t in teams]
    made = HomePage(
        projects=projects, teams=counts, waiting=found["waiting"], red=found["red"], recent=found["recent"][:8], total=total
    )
    return await w.page(made, title=languages.translator(w.lang)("Home"), live="all")


@routes.page("/-/home", permission=READ_INBOX.id)
async def sections(w: Web = WebIn) -> Response:
    """The moving part of home, read again when something happened."""
    found = await _lines(w)
    return await w.fragment(SectionsPiece(found["waiting"], found["red"], found["recent"][:8]))


@routes.page("/inbox", permission=READ_INBOX.id)
async def inbox(unread: bool = False, cursor: str | None = None, w: Web = WebIn) -> Response:
    """The inbox."""
    translate = languages.translator(w.lang)
    found = await _lines(w)
    async with w.reading() as r:
        listed = await service.inbox(r, w.person, unread=unread or None, cursor=cursor)
        count = await service.unread(r, w.person)
    rows = [
        InboxRow(n.id, n.message.told(translate), n.message.link, n.message.project, n.at, n.read_at is not None)
        for n in listed.items
    ]
    older = f"/inbox?cursor={listed.next}" if listed.next else ""
    made = InboxPage(rows=rows, waiting=found["waiting"], unread=count, only_unread=unread, older=older)
    return await w.page(made, title=translate("Inbox"))


@routes.form("/inbox/{notice}/read", verb="notices.read", permission=READ_INBOX.id)
async def read(notice: str, w: Web = WebIn) -> Response:
    """Mark one as read."""
    async with w.transaction() as tx:
        await service.read(tx, notice)
    return w.go("/inbox")


@routes.form("/inbox/read", verb="notices.read_all", permission=READ_INBOX.id)
async def read_all(w: Web = WebIn) -> Response:
    """Mark all as read."""
    async with w.transaction() as tx:
        await service.read_all(tx)
    return w.go("/inbox", said=languages.translator(w.lang)(N_("All read.")))


@routes.page("/-/outbox", permission=READ_OUTBOX.id)
async def outbox(w: Web = WebIn) -> Response:
    """The outbox, for administrators."""
    async with w.reading() as r:
        mails = await service.outbox(r)
    return await w.page(OutboxPage(mails), title=languages.translator(w.lang)("Outbox"))
