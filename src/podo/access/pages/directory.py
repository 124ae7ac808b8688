"""Taking people and teams from the directory, for administrators."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from podo.access import reads, service
from podo.access.pages.site import reading, routes, say
from podo.access.types import SYNC, SyncPlan
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Web
from podo.kernel.http.routes import form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages, page


@page("access/directory.html")
@dataclass(frozen=True, slots=True)
class DirectoryPage:
    """What the directory would change now, or why it cannot be read."""

    plan: SyncPlan | None
    too_many: bool
    limit: float
    trouble: str


@routes.page("/-/directory", permission=SYNC.id)
async def directory(w: Web = WebIn) -> Response:
    """What the directory would change."""
    async with reading(w, SYNC):
        pass
    plan: SyncPlan | None = None
    trouble = ""
    try:
        feed = await reads.directory(w.house.ports)
        async with w.reading() as r:
            plan = await service.plan(r, feed)
    except PodoError as error:
        trouble = " ".join(error.said(languages.translator(w.lang)))
    made = DirectoryPage(
        plan=plan, too_many=bool(plan and plan.share > service.MOST_GONE), limit=service.MOST_GONE, trouble=trouble
    )
    return await w.page(made, title=say(w, N_("Directory")))


@routes.form("/-/directory", verb="access.sync", permission=SYNC.id)
async def sync(w: Web = WebIn) -> Response:
    """Take it over."""
    f = await form(w)
    async with reading(w, SYNC):
        pass
    feed = await reads.directory(w.house.ports)
    async with w.transaction() as tx:
        await service.take_over(tx, feed, most_gone=1.0 if f["all"] else service.MOST_GONE)
    return w.go("/-/directory", said=say(w, N_("Taken over.")))
