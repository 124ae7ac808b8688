"""Import of projects, shown before it is taken; and projects as files to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.responses import Response

from podo.access import service as access
from podo.access.types import On, Team
from podo.catalog import reads, service
from podo.catalog.pages.facts import OTHERS
from podo.catalog.pages.wrong import say, sentence, so
from podo.catalog.ports import DescriptorReader, RepositoryReader
from podo.catalog.rules import facts as saying
from podo.catalog.service import ExportFormat
from podo.catalog.types import IMPORT, READ, Fate, ImportPlan, ReadRows, Unreadable
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import Form, form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import page

routes = Routes("catalog", tag="Projects")
_SHOWN = 500
_MOST_BYTES = 1_500_000


@dataclass(frozen=True, slots=True)
class Line:
    """A line in words: what is new in it, why it cannot be taken, and what is passed over."""

    number: int
    slug: str
    fate: str
    changes: Sequence[tuple[str, str, str]]
    wrong: Sequence[str]
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """What taking it would do; `rows` are the first of `total`, the bad ones before all others."""

    about: str
    digest: str
    counts: Mapping[str, int]
    rows: Sequence[Line]
    total: int
    notes: Sequence[str]


@page("catalog/import.html")
@dataclass(frozen=True, slots=True)
class ImportPage:
    """The form, and what was read; `text` travels along until it is taken, so that nothing is uploaded twice."""

    form: str
    text: str
    source: Mapping[str, str]
    preview: Preview | None
    wrong: str
    can_import: bool
    example: str


EXAMPLE = (
    "name,team,tier,lifecycle,slack,repository,runbook\nchat-api,chat,1,production,#chat,https://git.example.com/chat/api.git,"
)


@routes.page("/projects/import", permission=READ.id)
async def importing(format: str = "csv", w: Web = WebIn) -> Response:
    """The form; `format` is csv or backstage."""
    return await _show(w, "backstage" if format == "backstage" else "csv")


@routes.form("/projects/import/plan", verb="catalog.plan_import", permission=IMPORT.id)
async def plan(w: Web = WebIn) -> Response:
    """Show what it would do."""
    async with w.reading() as r:
        await service.may_import(r)
    f = await form(w)
    text = f["text"]
    try:
        text, encoding = await _text(w, f)
        found = _read(w, f["format"], text, encoding)
        async with w.reading() as r:
            planned = await service.plan_import(r, found)
            teams = {t.id: t for t in await access.teams(r)}
    except PodoError as error:
        return await _show(w, f["format"], text, f, error=error)
    return await _show(w, f["format"], text, f, preview=_preview(w, planned, teams))


@routes.form("/projects/import", verb="catalog.take_import", permission=IMPORT.id)
async def take(w: Web = WebIn) -> Response:
    """Take what was shown."""
    f = await form(w)
    text = f["text"]
    try:
        found = _read(w, f["format"], text, "UTF-8")
        async with w.transaction() as tx:
            done = await service.take_import(tx, found, f["digest"])
    except PodoError as error:
        if error.kind == "refused":
            raise
        return await _show(w, f["format"], text, f, error=error)
    counts = {fate.value: done.count(fate) for fate in Fate}
    told = N_("Taken: {made} new, {changed} changed; {same} were so already, {bad} could not be taken.")
    return w.go("/projects", said=say(w, told, **counts))


async def _text(w: Web, f: Form) -> tuple[str, str]:
    sent = (await w.request.form()).get("file")
    if isinstance(sent, UploadFile) and sent.filename:
        content = await sent.read(_MOST_BYTES + 1)
        await sent.close()
        if len(content) > _MOST_BYTES:
            raise Unreadable(why=N_("it is too long; divide it"))
        return reads.decoded(content)
    if f["format"] == "backstage" and f["repository"]:
        reader = w.house.ports[RepositoryReader]
        return await reads.descriptor(reader, f["repository"], f["credential"], f["branch"], f["path"]), "UTF-8"
    return f["text"], "UTF-8"


def _read(w: Web, kind: str, text: str, encoding: str) -> ReadRows:
    if kind == "backstage":
        return reads.entities(w.house.ports[DescriptorReader], text)
    return reads.spreadsheet(text, encoding)


def _preview(w: Web, planned: ImportPlan, teams: Mapping[str, Team]) -> Preview:
    order = (Fate.bad, Fate.made, Fate.changed, Fate.same)
    rows = sorted(planned.rows, key=lambda row: (order.index(row.fate), row.line))
    lines = [
        Line(
            row.line,
            row.slug,
            row.fate.value,
            [(_title(w, c.field), c.was, teams[c.now].name if c.field == "team" else c.now) for c in row.changes],
            [so(w, error) for error in row.wrong],
            row.notes,
        )
        for row in rows[:_SHOWN]
    ]
    counts = {fate.value: planned.count(fate) for fate in Fate}
    return Preview(planned.about, planned.digest, counts, lines, len(rows), planned.notes)


def _title(w: Web, field: str) -> str:
    named = {"team": N_("Owning team"), "places": N_("Where it runs"), **OTHERS, **saying.TITLES}
    return say(w, named.get(field, field))


async def _show(
    w: Web,
    kind: str,
    text: str = "",
    typed: Form | None = None,
    *,
    preview: Preview | None = None,
    error: PodoError | None = None,
) -> Response:
    async with w.reading() as r:
        can = (await access.may(r, IMPORT, On())).allowed
    source = {name: typed[name] if typed else "" for name in ("repository", "branch", "path")}
    made = ImportPage(
        form="backstage" if kind == "backstage" else "csv",
        text=text,
        source=source,
        preview=preview,
        wrong=sentence(w, error) if error else "",
        can_import=can,
        example=EXAMPLE,
    )
    return await w.page(made, title=N_("Import projects"), status=422 if error else 200)


# -- files to keep


async def _file(w: Web, kind: str, slugs: list[str] | None, name: str) -> Response:
    form = ExportFormat(kind) if kind in list(ExportFormat) else ExportFormat.csv
    async with w.reading() as r:
        found = await service.exported(r, form, slugs)
    text = found if isinstance(found, str) else w.house.ports[DescriptorReader].text(found)
    named, media = service.file_name(form, name)
    return Response(text, media_type=media, headers={"content-disposition": f'attachment; filename="{named}"'})


@routes.page("/projects/export", permission=READ.id)
async def export(format: str = "csv", w: Web = WebIn) -> Response:
    """All living projects as a file."""
    return await _file(w, format, None, "")


@routes.page("/{project}/export", permission=READ.id)
async def export_one(project: str, format: str = "backstage", w: Web = WebIn) -> Response:
    """One project as a file."""
    return await _file(w, format, [project], project)
