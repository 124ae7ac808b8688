"""Drafts of charts: what would change if they came true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.responses import Response

from podo.access import service
from podo.access.adapters.file import written
from podo.access.pages.site import reading, routes, say
from podo.access.ports import DirectoryReader
from podo.access.types import READ, REORGANISE, SYNC, Draft, KeptTeam, On, Pulled, SyncPlan, WrongDirectory
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Web
from podo.kernel.http.routes import form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages, page


@page("access/drafts.html")
@dataclass(frozen=True, slots=True)
class DraftsPage:
    """Those that are open, and those that came true."""

    drafts: Sequence[tuple[Draft, str]]
    may_change: bool


@page("access/draft.html")
@dataclass(frozen=True, slots=True)
class DraftPage:
    """One draft, and what would change if it came true; `trouble` says why that cannot be told."""

    draft: Draft
    by: str
    plan: SyncPlan | None
    names: Mapping[str, str]
    trouble: str
    address: str
    limit: float
    may_change: bool
    may_take: bool
    is_pulled: bool


@routes.page("/teams/drafts", permission=READ.id)
async def drafts(w: Web = WebIn) -> Response:
    """All of them."""
    async with reading(w, READ) as r:
        found = await service.drafts(r)
        people = await service.people(r, {d.by for d in found})
        may_change = (await service.may(r, REORGANISE, On())).allowed
    made = DraftsPage([(d, people[d.by].name if d.by in people else d.by) for d in found], may_change)
    return await w.page(made, title=say(w, N_("Drafts")))


@routes.page("/teams/drafts/{draft}", permission=READ.id)
async def draft(draft: str, w: Web = WebIn) -> Response:
    """One."""
    return await _shown(w, draft)


async def _shown(w: Web, id_: str, trouble: str = "") -> Response:
    plan: SyncPlan | None = None
    status = 422 if trouble else 200
    async with reading(w, READ) as r:
        found = await service.draft(r, id_)
        people = await service.people(r, [found.by])
        may_change, may_take = await service.allowed_many(r, [(REORGANISE, On()), (SYNC, On())])
        names = {t.id: t.name for t in await service.teams(r)}
        try:
            names |= {t.id: t.name for t in (await service.draft_feed(r, id_)).teams}
            plan = await service.foreseen(r, id_)
        except WrongDirectory as error:
            trouble = trouble or " ".join(error.said(languages.translator(w.lang)))
    is_open = found.taken_at is None and found.closed_at is None
    made = DraftPage(
        draft=found,
        by=people[found.by].name if found.by in people else found.by,
        plan=plan,
        names=names,
        trouble=trouble,
        address=f"{str(w.request.base_url).rstrip('/')}/scim/v2/drafts/{found.id}",
        limit=service.MOST_GONE,
        may_change=may_change and is_open,
        may_take=may_take and is_open,
        is_pulled=DirectoryReader in w.house.ports,
    )
    return await w.page(made, title=found.name, status=status)


@routes.form("/teams/drafts", verb="access.draft_make", permission=REORGANISE.id)
async def make(w: Web = WebIn) -> Response:
    """A new one."""
    f = await form(w)
    async with w.transaction() as tx:
        made = await service.make_draft(tx, f["name"])
    return w.go(f"/teams/drafts/{made.id}", said=say(w, N_("The draft says what is so now; change it.")))


@routes.form("/teams/drafts/{draft}/file", verb="access.draft_fill", permission=REORGANISE.id)
async def fill(draft: str, w: Web = WebIn) -> Response:
    """From a file."""
    async with reading(w, REORGANISE):
        pass
    sent = (await w.request.form()).get("file")
    try:
        if not isinstance(sent, UploadFile) or not sent.filename:
            raise WrongDirectory(why=N_("no file was chosen"))
        try:
            text = (await sent.read()).decode("utf-8")
        except UnicodeDecodeError as error:
            raise WrongDirectory(why=N_("it is no UTF-8 text")) from error
        feed = written(text, is_table=sent.filename.lower().endswith(".csv"))
        async with w.transaction() as tx:
            await service.fill_draft(tx, draft, feed)
    except WrongDirectory as error:
        return await _shown(w, draft, " ".join(error.said(languages.translator(w.lang))))
    return w.go(f"/teams/drafts/{draft}", said=say(w, N_("The draft says what the file says.")))


@routes.form("/teams/drafts/{draft}/take", verb="access.draft_take", permission=SYNC.id)
async def take(draft: str, w: Web = WebIn) -> Response:
    """Let it come true."""
    f = await form(w)
    async with reading(w, SYNC):
        pass
    try:
        if DirectoryReader in w.house.ports:
            raise Pulled()
        async with w.transaction() as tx:
            share = 1.0 if f["all"] else service.MOST_GONE
            await service.take_draft(tx, draft, most_gone=share, keeps=w.house.slots[KeptTeam])
    except PodoError as error:
        if error.kind not in ("invalid", "conflict"):
            raise
        return await _shown(w, draft, " ".join(error.said(languages.translator(w.lang))))
    return w.go(f"/teams/drafts/{draft}", said=say(w, N_("The draft is what is so now.")))


@routes.form("/teams/drafts/{draft}/close", verb="access.draft_close", permission=REORGANISE.id)
async def close(draft: str, w: Web = WebIn) -> Response:
    """Throw it away."""
    async with w.transaction() as tx:
        await service.close_draft(tx, draft)
    return w.go("/teams/drafts", said=say(w, N_("Thrown away.")))
