"""A project's end: what speaks against it, what happens, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import NotAllowed, On
from podo.catalog import service
from podo.catalog.pages.wrong import by_field, say, so
from podo.catalog.types import READ, RETIRE, CatalogSettings, NoSuchProject, Retirement, RetirementObjection
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import Form, form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import Tab, page

routes = Routes("catalog", tag="Projects")


@page("catalog/retire.html")
@dataclass(frozen=True, slots=True)
class RetirePage:
    """The page; `days` are those in which it can come back, `by` who retired it."""

    retirement: Retirement
    days: int
    by: str
    by_id: str
    namespaces: int
    menu: Sequence[Tab]
    refusal: str
    why: str
    wrong: Mapping[str, str]


@routes.page("/{project}/settings/retire", permission=READ.id)
async def ending(project: str, w: Web = WebIn) -> Response:
    """The page."""
    return await _show(w, project)


@routes.form("/{project}/settings/retire", verb="catalog.retire", permission=RETIRE.id)
async def retire(project: str, w: Web = WebIn) -> Response:
    """End it."""
    f = await form(w)
    days = w.house.settings[CatalogSettings].retired_days
    try:
        async with w.transaction() as tx:
            await service.retire(tx, project, f["confirm"], f["why"], w.house.slots[RetirementObjection], w.lang, days)
    except PodoError as error:
        return await _again(w, project, f, error)
    told = say(w, N_("{project} is retired. It can come back for {days} days."), project=project, days=days)
    return w.go(f"/{project}/settings/retire", said=told)


@routes.form("/{project}/settings/unretire", verb="catalog.unretire", permission=RETIRE.id)
async def unretire(project: str, w: Web = WebIn) -> Response:
    """Bring it back."""
    try:
        async with w.transaction() as tx:
            await service.unretire(tx, project)
    except PodoError as error:
        return await _again(w, project, None, error)
    return w.go(f"/{project}", said=say(w, N_("{project} is back."), project=project))


async def _again(w: Web, project: str, typed: Form | None, error: PodoError) -> Response:
    if isinstance(error, NotAllowed | NoSuchProject):
        raise error
    return await _show(w, project, typed["why"] if typed else "", by_field(w, [error]))


async def _show(w: Web, slug: str, why: str = "", wrong: Mapping[str, str] | None = None) -> Response:
    days = w.house.settings[CatalogSettings].retired_days
    async with w.reading() as r:
        head = await service.head(r, w.house.slots, slug, "settings", w.lang)
        found = await service.retirement(r, slug, w.house.slots[RetirementObjection], w.lang, days)
        known = await access.people(r, [found.project.retired_by])
        refusal = ""
        try:
            await access.require(r, RETIRE, On(project=slug, team=found.project.team))
        except NotAllowed as error:
            refusal = so(w, error)
        made = RetirePage(
            retirement=found,
            days=days,
            by=known[found.project.retired_by].name if known else found.project.retired_by,
            by_id=found.project.retired_by if known else "",
            namespaces=len(await service.namespaces(r, slug)),
            menu=service.settings_menu(w.house.slots, slug, "retire"),
            refusal=refusal,
            why=why,
            wrong=wrong or {},
        )
    title = f"{say(w, N_('Retire'))} · {slug}"
    return await w.page(made, title=title, head=head, live=f"project:{slug}", status=422 if wrong else 200)
