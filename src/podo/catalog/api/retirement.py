"""The end of projects, as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from podo.catalog import service
from podo.catalog.api.shapes import ProjectOut
from podo.catalog.types import READ, RETIRE, CatalogSettings, RetirementObjection
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn

routes = Routes("catalog", tag="Projects")


class RetireIn(BaseModel):
    """The project's name, typed, and why it ends."""

    typed: str
    why: str = ""


class RetirementOut(BaseModel):
    """A project's end: what speaks against it while it lives; after that since when, why, and until when it can come back."""

    state: str
    objections: list[str]
    retired_at: datetime | None
    retired_by: str
    why: str
    until: datetime | None
    closed_at: datetime | None


@routes.api("GET", "/api/v1/projects/{project}/retirement", verb="catalog.retirement", permission=READ.id)
async def retirement(project: str, w: Web = WebIn) -> RetirementOut:
    """Whether the project can be retired now, or until when it can be brought back."""
    days = w.house.settings[CatalogSettings].retired_days
    async with w.reading() as r:
        found = await service.retirement(r, project, w.house.slots[RetirementObjection], w.lang, days)
    of = found.project
    return RetirementOut(
        state=of.state,
        objections=list(found.objections),
        retired_at=of.retired_at,
        retired_by=of.retired_by,
        why=of.retired_why,
        until=found.until,
        closed_at=of.closed_at,
    )


@routes.api("POST", "/api/v1/projects/{project}/retire", verb="catalog.retire", permission=RETIRE.id)
async def retire(project: str, wanted: RetireIn, w: Web = WebIn) -> ProjectOut:
    """End a project of which nothing runs: it is no longer listed, built or deployed, and can come back for some weeks."""
    days = w.house.settings[CatalogSettings].retired_days
    async with w.transaction() as tx:
        made = await service.retire(tx, project, wanted.typed, wanted.why, w.house.slots[RetirementObjection], w.lang, days)
    return ProjectOut.of(made)


@routes.api("POST", "/api/v1/projects/{project}/unretire", verb="catalog.unretire", permission=RETIRE.id)
async def unretire(project: str, w: Web = WebIn) -> ProjectOut:
    """Bring a retired project back, as it was."""
    async with w.transaction() as tx:
        return ProjectOut.of(await service.unretire(tx, project))
