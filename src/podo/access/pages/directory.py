"""Taking people and teams from the directory, for administrators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from podo.access import reads, service
from podo.access.pages.site import reading, routes, say
from podo.access.ports import DirectoryReader
from podo.access.types import SYNC, KeptTeam, NoDirectory, Removal, SyncPlan
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Web
from podo.kernel.http.routes import form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages, page


@page("access/directory.html")
@dataclass(frozen=True, slots=True)
class DirectoryPage:
    """What the directory would change now, or why it cannot be read; and what waits of removals that were pushed."""

    plan: SyncPlan | None
    names: Mapping[str, str]
    too_many: bool
    limit: float
    trouble: str
    removals: Sequence[Removal]
    is_pulled: bool
    address: str


@routes.page("/-/directory", permission=SYNC.id)
async def directory(w: Web = WebIn) -> Response:
    """What the directory would change."""
    async with reading(w, SYNC) as r:
        removals = await service.removals(r)
        names = {t.id: t.name for t in await service.teams(r)}
    plan: SyncPlan | None = None
    trouble = ""
    try:
        feed = await reads.directory(w.house.ports)
        async with w.reading() as r:
            plan = await service.plan(r, feed)
            names |= {t.id: t.name for t in feed.teams}
    except NoDirectory:
        pass
    except PodoError as error:
        trouble = " ".join(error.said(languages.translator(w.lang)))
    made = DirectoryPage(
        plan=plan,
        names=names,
        too_many=bool(plan and plan.share > service.MOST_GONE),
        limit=service.MOST_GONE,
        trouble=trouble,
        removals=removals,
        is_pulled=DirectoryReader in w.house.ports,
        address=f"{str(w.request.base_url).rstrip('/')}/scim/v2",
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
        await service.take_over(tx, feed, most_gone=1.0 if f["all"] else service.MOST_GONE, keeps=w.house.slots[KeptTeam])
    return w.go("/-/directory", said=say(w, N_("Taken over.")))


@routes.form("/-/directory/take", verb="access.removals_take", permission=SYNC.id)
async def take(w: Web = WebIn) -> Response:
    """Let what waits happen."""
    f = await form(w)
    async with w.transaction() as tx:
        await service.take_removals(tx, f.every("removal"))
    return w.go("/-/directory", said=say(w, N_("They are gone; sessions and tokens ended at once.")))


@routes.form("/-/directory/keep", verb="access.removals_keep", permission=SYNC.id)
async def keep(w: Web = WebIn) -> Response:
    """Keep whom the directory took away."""
    f = await form(w)
    async with w.transaction() as tx:
        await service.keep_removals(tx, f.every("removal"))
    return w.go("/-/directory", said=say(w, N_("They stay, whatever the directory said.")))
