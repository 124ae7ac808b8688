"""Import and export of projects, as JSON and as files."""

from __future__ import annotations

import base64
from typing import Literal

from pydantic import BaseModel, Field
from starlette.responses import Response

from podo.catalog import reads, service
from podo.catalog.ports import DescriptorReader, RepositoryReader
from podo.catalog.service import ExportFormat
from podo.catalog.types import IMPORT, READ, ImportPlan, PlannedProject, ReadRows, Unreadable
from podo.kernel.errors import N_
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages

routes = Routes("catalog", tag="Projects")


class ImportIn(BaseModel):
    """What to import: a text, or a file's bytes in base64, or for Backstage a repository with an optional path in it."""

    format: Literal["csv", "backstage"] = "csv"
    text: str = ""
    content: str = Field(default="", description="A file's bytes in base64; UTF-8, UTF-16 with its mark, or CP949")
    repository: str = ""
    branch: str = ""
    path: str = ""
    credential: str = Field(default="", description="A token or deploy key, used once and not kept")


class TakeIn(ImportIn):
    """What to take; `digest` is that of the plan that was looked at, so that nothing else is done."""

    digest: str = ""


class FieldChangeOut(BaseModel):
    """A field, what it says now and what it would say."""

    field: str
    was: str
    now: str


class PlannedOut(BaseModel):
    """A line: made, changed, same or bad, with what changes, or why it cannot be taken; `notes` have no place here."""

    line: int
    slug: str
    fate: str
    changes: list[FieldChangeOut]
    wrong: list[str]
    notes: list[str]

    @classmethod
    def of(cls, p: PlannedProject, lang: str) -> PlannedOut:
        """From the noun, in the reader's language."""
        wrong = [error.said(languages.translator(lang))[0] for error in p.wrong]
        changes = [FieldChangeOut(field=c.field, was=c.was, now=c.now) for c in p.changes]
        return cls(line=p.line, slug=p.slug, fate=p.fate, changes=changes, wrong=wrong, notes=list(p.notes))


class PlanOut(BaseModel):
    """What an import would do, or did, line by line."""

    about: str
    digest: str
    made: int
    changed: int
    same: int
    bad: int
    notes: list[str]
    rows: list[PlannedOut]

    @classmethod
    def of(cls, p: ImportPlan, lang: str) -> PlanOut:
        """From the noun."""
        counts = {fate: sum(row.fate == fate for row in p.rows) for fate in ("made", "changed", "same", "bad")}
        rows = [PlannedOut.of(row, lang) for row in p.rows]
        return cls(about=p.about, digest=p.digest, notes=list(p.notes), rows=rows, **counts)


async def _read(w: Web, wanted: ImportIn) -> ReadRows:
    text, encoding = wanted.text, "UTF-8"
    if wanted.content:
        try:
            text, encoding = reads.decoded(base64.b64decode(wanted.content, validate=True))
        except ValueError:
            # binascii's own error among them.
            raise Unreadable(why=N_("its content is no base64")) from None
    if wanted.format == "csv":
        return reads.spreadsheet(text, encoding)
    if wanted.repository:
        reader = w.house.ports[RepositoryReader]
        text = await reads.descriptor(reader, wanted.repository, wanted.credential, wanted.branch, wanted.path)
    return reads.entities(w.house.ports[DescriptorReader], text)


@routes.api("POST", "/api/v1/imports/plan", verb="catalog.plan_import", permission=IMPORT.id)
async def plan(wanted: ImportIn, w: Web = WebIn) -> PlanOut:
    """What an import would do: made, changed, the same, and bad lines with the reason. Changes nothing."""
    async with w.reading() as r:
        await service.may_import(r)
    found = await _read(w, wanted)
    async with w.reading() as r:
        return PlanOut.of(await service.plan_import(r, found), w.lang)


@routes.api("POST", "/api/v1/imports", verb="catalog.take_import", permission=IMPORT.id)
async def take(wanted: TakeIn, w: Web = WebIn) -> PlanOut:
    """Take all lines that can be taken, in one transaction."""
    async with w.reading() as r:
        await service.may_import(r)
    found = await _read(w, wanted)
    async with w.transaction() as tx:
        return PlanOut.of(await service.take_import(tx, found, wanted.digest), w.lang)


async def _file(w: Web, form: ExportFormat, slugs: list[str] | None, name: str) -> Response:
    async with w.reading() as r:
        found = await service.exported(r, form, slugs)
    text = found if isinstance(found, str) else w.house.ports[DescriptorReader].text(found)
    named, media = service.file_name(form, name)
    return Response(text, media_type=media, headers={"content-disposition": f'attachment; filename="{named}"'})


@routes.api("GET", "/api/v1/export", verb="catalog.export", permission=READ.id, response_class=Response)
async def export(format: ExportFormat = ExportFormat.csv, w: Web = WebIn) -> Response:
    """All living projects as a file: `csv`, `backstage` (entities in YAML) or `datadog` (service definitions v2.2 in YAML)."""
    return await _file(w, format, None, "")


@routes.api("GET", "/api/v1/projects/{project}/export", verb="catalog.export_one", permission=READ.id, response_class=Response)
async def export_one(project: str, format: ExportFormat = ExportFormat.backstage, w: Web = WebIn) -> Response:
    """One project as a file."""
    return await _file(w, format, [project], project)
