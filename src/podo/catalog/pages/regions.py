"""Regions, in the order of the train: data that SREs edit, and everybody may read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import On
from podo.catalog import service
from podo.catalog.pages import parts
from podo.catalog.pages.clusters import tabs
from podo.catalog.pages.wrong import by_field, say
from podo.catalog.types import GOVERN, READ, Region
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import Form, form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import Tab, page

routes = Routes("catalog", tag="Places")


@page("catalog/regions.html")
@dataclass(frozen=True, slots=True)
class RegionsPage:
    """Regions with the names of their clusters; the form for one of them, or a new one, at the side."""

    tabs: Sequence[Tab]
    rows: Sequence[tuple[Region, Sequence[str]]]
    can_govern: bool
    editing: str
    typed: Mapping[str, str]
    timezones: Sequence[str]
    wrong: Mapping[str, str]


@routes.page("/regions", permission=READ.id)
async def regions(edit: str = "", w: Web = WebIn) -> Response:
    """The page; `edit` is the region whose facts stand in the form."""
    return await _show(w, edit)


@routes.form("/regions", verb="catalog.set_region", permission=GOVERN.id)
async def set_region(w: Web = WebIn) -> Response:
    """Add or change a region."""
    f = await form(w)
    order = int(f["place"]) - 1 if f["place"].isdecimal() else -1
    try:
        async with w.transaction() as tx:
            await service.set_region(tx, Region(f["name"], f["title"], f["timezone"], order))
    except PodoError as error:
        return await _again(w, f["edit"], f, error)
    return w.go("/regions", said=say(w, N_("{name} is set."), name=f["name"]))


@routes.form("/regions/remove", verb="catalog.remove_region", permission=GOVERN.id)
async def remove_region(w: Web = WebIn) -> Response:
    """Remove a region that nothing uses."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            await service.remove_region(tx, f["name"])
    except PodoError as error:
        return await _again(w, f["name"], None, error)
    return w.go("/regions", said=say(w, N_("{name} is removed."), name=f["name"]))


async def _again(w: Web, edit: str, typed: Form | None, error: PodoError) -> Response:
    if error.kind in ("missing", "refused"):
        raise error
    return await _show(w, edit, typed, by_field(w, [error]))


async def _show(w: Web, edit: str, typed: Form | None = None, wrong: Mapping[str, str] | None = None) -> Response:
    async with w.reading() as r:
        known = await service.regions(r)
        clusters = await service.clusters(r)
        can = (await access.may(r, GOVERN, On())).allowed
        around = await tabs(w, r, "regions")
    was = next((g for g in known if g.code == edit), None)
    facts = {"place": str(max((g.order for g in known), default=-1) + 2), "timezone": "UTC"}
    if was:
        facts = {"name": was.code, "title": was.name, "timezone": was.timezone, "place": str(was.order + 1)}
    made = RegionsPage(
        tabs=around,
        rows=[(g, [c.name for c in clusters if c.region == g.code]) for g in known],
        can_govern=can,
        editing=was.code if was else "",
        typed=parts.texts(typed) if typed else facts,
        timezones=sorted(service.timezones()),
        wrong=wrong or {},
    )
    return await w.page(made, title=N_("Regions"), status=422 if wrong else 200)
