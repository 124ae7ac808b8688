"""Environments, in promotion order: data that SREs edit, and everybody may read."""

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
from podo.catalog.types import GOVERN, READ, Environment
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import Form, form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import Tab, page

routes = Routes("catalog", tag="Places")


@page("catalog/environments.html")
@dataclass(frozen=True, slots=True)
class EnvironmentsPage:
    """Environments with their regions; the form for one of them, or a new one, at the side."""

    tabs: Sequence[Tab]
    rows: Sequence[tuple[Environment, Sequence[str]]]
    can_govern: bool
    editing: str
    typed: Mapping[str, str]
    wrong: Mapping[str, str]


@routes.page("/environments", permission=READ.id)
async def environments(edit: str = "", w: Web = WebIn) -> Response:
    """The page; `edit` is the environment whose facts stand in the form."""
    return await _show(w, edit)


@routes.form("/environments", verb="catalog.set_environment", permission=GOVERN.id)
async def set_environment(w: Web = WebIn) -> Response:
    """Add or change an environment."""
    f = await form(w)
    place, approvals, minutes = (int(f[k]) if f[k].isdecimal() else -1 for k in ("place", "approvals", "soak_minutes"))
    wanted = Environment(f["name"], place - 1, approvals, minutes * 60, self_approval=bool(f["self_approval"]))
    try:
        async with w.transaction() as tx:
            await service.set_environment(tx, wanted)
    except PodoError as error:
        return await _again(w, f["edit"], f, error)
    return w.go("/environments", said=say(w, N_("{name} is set."), name=f["name"]))


@routes.form("/environments/remove", verb="catalog.remove_environment", permission=GOVERN.id)
async def remove_environment(w: Web = WebIn) -> Response:
    """Remove an environment that nothing uses."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            await service.remove_environment(tx, f["name"])
    except PodoError as error:
        return await _again(w, f["name"], None, error)
    return w.go("/environments", said=say(w, N_("{name} is removed."), name=f["name"]))


async def _again(w: Web, edit: str, typed: Form | None, error: PodoError) -> Response:
    if error.kind in ("missing", "refused"):
        raise error
    return await _show(w, edit, typed, by_field(w, [error]))


async def _show(w: Web, edit: str, typed: Form | None = None, wrong: Mapping[str, str] | None = None) -> Response:
    async with w.reading() as r:
        known = await service.environments(r)
        served = await service.served(r)
        can = (await access.may(r, GOVERN, On())).allowed
        around = await tabs(w, r, "environments")
    was = next((e for e in known if e.name == edit), None)
    facts = {"place": str(max((e.order for e in known), default=-1) + 2), "approvals": "0", "soak_minutes": "0"}
    if was:
        facts = {"name": was.name, "place": str(was.order + 1), "approvals": str(was.approvals)}
        facts |= {"soak_minutes": str(was.soak_seconds // 60), "self_approval": "on" if was.self_approval else ""}
    made = EnvironmentsPage(
        tabs=around,
        rows=[(e, [g for stage, g in served if stage == e.name]) for e in known],
        can_govern=can,
        editing=was.name if was else "",
        typed=parts.texts(typed) if typed else facts,
        wrong=wrong or {},
    )
    return await w.page(made, title=N_("Environments"), status=422 if wrong else 200)
