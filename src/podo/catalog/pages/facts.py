"""What a project says of itself: the form, and who changed what, to be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import NotAllowed, On
from podo.catalog import service
from podo.catalog.pages.wrong import by_field, say, so
from podo.catalog.rules import facts as rules
from podo.catalog.types import CHANGE, READ, FactChange, Facts, Lifecycle, NoSuchProject, Project
from podo.kernel.db import Reading
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import Form, form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import Tab, page

routes = Routes("catalog", tag="Projects")

_LISTS = ("contacts", "links", "depends_on", "annotations", "provides", "tags")
# What `change` of a project changes, as its settings call it.
OTHERS: Mapping[str, str] = {
    "title": N_("Title"),
    "description": N_("What does it do?"),
    "tier": N_("Tier"),
    "slack": N_("Slack channel"),
    "repository": N_("Git repository"),
    "branch": N_("Branch"),
    "dockerfile": N_("Dockerfile"),
    "port": N_("Port"),
    "credential": N_("Credential"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """A change, in words: for each field its title, what it said and what it said then; `can_go_back` unless nobody kept it."""

    id: str
    at: datetime
    by: str
    by_id: str
    fields: Sequence[tuple[str, str, str]]
    can_go_back: bool


@page("catalog/about.html")
@dataclass(frozen=True, slots=True)
class AboutPage:
    """The form with what was typed or is said; `lines` are the lists as they are written; why the reader may not change it."""

    project: Project
    said: Facts
    lines: Mapping[str, str]
    wrong: Mapping[str, str]
    menu: Sequence[Tab]
    refusal: str
    systems: Sequence[str]
    domains: Sequence[str]
    changes: Sequence[Change]


@routes.page("/{project}/settings/about", permission=READ.id)
async def about(project: str, w: Web = WebIn) -> Response:
    """The page."""
    return await _show(w, project)


@routes.form("/{project}/settings/about", verb="catalog.describe", permission=CHANGE.id)
async def describe(project: str, w: Web = WebIn) -> Response:
    """All that the project says, as it stands in the form."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            await service.describe(tx, project, _typed(f))
    except PodoError as error:
        return await _again(w, project, f, error)
    return w.go(f"/{project}/settings/about", said=say(w, N_("Saved.")))


@routes.form("/{project}/settings/back", verb="catalog.set_back", permission=CHANGE.id)
async def set_back(project: str, w: Web = WebIn) -> Response:
    """Take a change back."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            fields = await service.set_back(tx, w.house.seal, project, f["change"])
    except PodoError as error:
        return await _again(w, project, None, error)
    names = ", ".join(_title(w, field) for field in fields)
    return w.go(f"/{project}/settings/about#changes", said=say(w, N_("Set back: {names}."), names=names))


def _typed(f: Form) -> Facts:
    lifecycle = f["lifecycle"]
    return Facts(
        lifecycle=Lifecycle(lifecycle) if lifecycle in list(Lifecycle) else Lifecycle.unsaid,
        type=f["type"],
        system=f["system"],
        domain=f["domain"],
        docs=f["docs"],
        runbook=f["runbook"],
        on_call=f["on_call"],
        contacts=rules.contacts(f["contacts"]),
        links=rules.links(f["links"]),
        depends_on=rules.dependencies(f["depends_on"]),
        provides=rules.words(f["provides"]),
        tags=rules.words(f["tags"]),
        annotations=rules.annotated(f["annotations"]),
    )


async def _again(w: Web, project: str, typed: Form | None, error: PodoError) -> Response:
    if isinstance(error, NotAllowed | NoSuchProject):
        raise error
    return await _show(w, project, typed, by_field(w, [error]))


async def _show(w: Web, slug: str, typed: Form | None = None, wrong: Mapping[str, str] | None = None) -> Response:
    async with w.reading() as r:
        head = await service.head(r, w.house.slots, slug, "settings", w.lang)
        project = await service.project(r, slug)
        said = await service.facts(r, slug)
        changes = await service.changes(r, slug)
        everything = await service.facts_of(r)
        names = await _names(r, said, changes)
        made = AboutPage(
            project=project,
            said=replace(_typed(typed), contacts=()) if typed else said,
            lines={name: typed[name] for name in _LISTS} if typed else rules.as_lines(said, names),
            wrong=wrong or {},
            menu=service.settings_menu(w.house.slots, slug, "about"),
            refusal=await _refusal(w, r, project),
            systems=sorted({f.system for f in everything.values() if f.system}),
            domains=sorted({f.domain for f in everything.values() if f.domain}),
            changes=[_told(w, one, names) for one in changes],
        )
    title = f"{say(w, N_('About it'))} · {slug}"
    return await w.page(made, title=title, head=head, status=422 if wrong else 200)


async def _names(r: Reading, said: Facts, changes: Sequence[FactChange]) -> dict[str, str]:
    """What stands for people in lines: a name that only one person has, else the address."""
    ids = {c.person for c in said.contacts if c.person} | {c.by for c in changes}
    for one in changes:
        for values in (one.was, one.now):
            found: Any = values.get("contacts") or []
            ids |= {c["person"] for c in found if c["person"]}
    known = await access.people(r, ids)
    return {id_: p.email if id_ in {c.person for c in said.contacts} else p.name for id_, p in known.items()}


async def _refusal(w: Web, r: Reading, project: Project) -> str:
    try:
        await access.require(r, CHANGE, On(project=project.slug, team=project.team))
    except NotAllowed as error:
        return so(w, error)
    return ""


def _title(w: Web, field: str) -> str:
    return say(w, rules.TITLES.get(field) or OTHERS.get(field) or field)


def _told(w: Web, change: FactChange, names: Mapping[str, str]) -> Change:
    pairs = [
        (_title(w, f), _text(f, change.was.get(f), names), _text(f, value, names) if change.was else "")
        for f, value in change.now.items()
    ]
    by = names.get(change.by, say(w, N_("Podo")) if change.by == "podo" else change.by)
    return Change(change.id, change.at, by, change.by if change.by in names else "", pairs, bool(change.was))


def _text(field: str, value: Any, names: Mapping[str, str]) -> str:
    """A value on one line."""
    if field in _LISTS:
        lines = rules.as_lines(rules.with_plain(Facts(), {field: value or ({} if field == "annotations" else [])}), names)
        return lines[field].replace("\n", "; ")
    return "" if value is None else str(value)
