"""A project's settings: what it says of itself, its repository, where it runs, its namespaces, its owner, and its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import NotAllowed, On, Permission
from podo.catalog import reads, service
from podo.catalog.pages import parts
from podo.catalog.pages.parts import Source, Stage
from podo.catalog.pages.wrong import WHOLE, by_field, say, so
from podo.catalog.ports import RepositoryReader
from podo.catalog.types import (
    CHANGE,
    DELETE,
    READ,
    Answer,
    DeletionObjection,
    Found,
    Namespace,
    NoSuchProject,
    Project,
)
from podo.kernel.db import Reading
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import Form, form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import Tab, languages, page

routes = Routes("catalog", tag="Projects")


@dataclass(frozen=True, slots=True)
class Rights:
    """Why the reader may not change or delete; an empty sentence lets."""

    change: str
    delete: str


@page("catalog/settings.html")
@dataclass(frozen=True, slots=True)
class SettingsPage:
    """The page; `typed` is what a refused form held, `wrong` maps fields to sentences, `part` is the form it came from."""

    project: Project
    source: Source
    typed: Mapping[str, str]
    wrong: Mapping[str, str]
    part: str
    menu: Sequence[Tab]
    stages: Sequence[Stage]
    namespaces: Sequence[Namespace]
    owner: Answer
    rights: Rights


@page("catalog/_namespaces.html")
@dataclass(frozen=True, slots=True)
class NamespacesPiece:
    """The namespaces alone, read again when something happened."""

    project: Project
    namespaces: Sequence[Namespace]
    rights: Rights


@page("catalog/_source.html")
@dataclass(frozen=True, slots=True)
class SourcePiece:
    """The repository's fields alone, for a script that looks into it; `look` is where, `target` what it replaces."""

    source: Source
    wrong: Mapping[str, str]
    look: str
    target: str
    has_credential: bool


@routes.page("/{project}/settings", permission=READ.id)
async def settings(project: str, w: Web = WebIn) -> Response:
    """The page."""
    return await _show(w, project)


@routes.page("/{project}/namespaces", permission=READ.id)
async def namespaces(project: str, w: Web = WebIn) -> Response:
    """The namespaces alone."""
    async with w.reading() as r:
        found = await service.project(r, project)
        piece = NamespacesPiece(found, await service.namespaces(r, project), await _rights(w, r, found))
    return await w.fragment(piece)


@routes.form("/{project}/settings/general", verb="catalog.change", permission=CHANGE.id)
async def change_general(project: str, w: Web = WebIn) -> Response:
    """Title, description, tier and Slack."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            await service.change(
                tx,
                w.house.seal,
                project,
                title=f["title"],
                description=f["description"],
                tier=int(f["tier"]) if f["tier"].isdecimal() else 0,
                slack=f["slack"],
            )
    except PodoError as error:
        return await _again(w, project, "general", f, error)
    return w.go(f"/{project}/settings#general", said=say(w, N_("Saved.")))


@routes.form("/{project}/settings/repository", verb="catalog.change", permission=CHANGE.id)
async def change_repository(project: str, w: Web = WebIn) -> Response:
    """Address, branch, Dockerfile, port and credential."""
    f = await form(w)
    credential = f["credential"] or parts.kept(w, f["kept"]) or None
    try:
        await reads.check_repository(w.house.ports[RepositoryReader], f["repository"])
        async with w.transaction() as tx:
            await service.change(
                tx,
                w.house.seal,
                project,
                repository=f["repository"],
                branch=f["branch"],
                dockerfile=f["dockerfile"],
                port=int(f["port"]) if f["port"].isdecimal() else 0,
                credential="" if f["forget"] else credential,
            )
    except PodoError as error:
        return await _again(w, project, "repository", f, error)
    return w.go(f"/{project}/settings#repository", said=say(w, N_("Saved.")))


@routes.form("/{project}/settings/look", verb="catalog.look", permission=CHANGE.id)
async def look(project: str, w: Web = WebIn) -> Response:
    """Look into the repository as it is typed, with the project's own credential where no other is given."""
    f = await form(w)
    async with w.reading() as r:
        mine = await service.project(r, project)
        await access.require(r, CHANGE, On(project=project, team=mine.team))
        sealed = await service.sealed_credential(r, project)
    credential = f["credential"] or parts.kept(w, f["kept"])
    if not credential and sealed and f["repository"] == mine.repository.url:
        credential = w.house.seal.open(sealed)
    found: Found | None = None
    wrong: dict[str, str] = {}
    try:
        found = await reads.look(w.house.ports[RepositoryReader], f["repository"], credential, f["branch"])
    except PodoError as error:
        wrong = by_field(w, [error])
    if w.wants_fragment:
        source, at = _source(w, mine, f, found), f"/{project}/settings/look"
        return await w.fragment(SourcePiece(source, wrong, at, "#source", mine.repository.has_credential))
    return await _show(w, project, part="repository", typed=f, found=found, wrong=wrong)


@routes.form("/{project}/settings/targets", verb="catalog.targets", permission=CHANGE.id)
async def set_targets(project: str, w: Web = WebIn) -> Response:
    """Environment × region."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            await service.set_targets(tx, project, parts.places(f.every("at")))
    except PodoError as error:
        return await _again(w, project, "targets", f, error)
    return w.go(f"/{project}/settings#targets", said=say(w, N_("Saved. Namespaces of new places are being made.")))


@routes.form("/{project}/settings/retry-namespace", verb="catalog.retry_namespace", permission=CHANGE.id)
async def retry_namespace(project: str, w: Web = WebIn) -> Response:
    """Try a namespace again."""
    f = await form(w)
    async with w.transaction() as tx:
        await service.retry_namespace(tx, project, f["cluster"])
    return w.go(f"/{project}/settings#namespaces", said=say(w, N_("Asked {cluster} again."), cluster=f["cluster"]))


@routes.form("/{project}/settings/delete", verb="catalog.delete", permission=DELETE.id)
async def delete(project: str, w: Web = WebIn) -> Response:
    """Delete a project that never ran."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            await service.delete(tx, project, f["confirm"], w.house.slots[DeletionObjection])
    except PodoError as error:
        return await _again(w, project, "danger", f, error)
    return w.go("/projects", said=say(w, N_("{project} is deleted. Its namespaces are being removed."), project=project))


async def _again(w: Web, project: str, part: str, typed: Form, error: PodoError) -> Response:
    wrong = by_field(w, [error])
    if isinstance(error, NotAllowed | NoSuchProject) or (error.kind in ("missing", "refused") and WHOLE in wrong):
        raise error
    return await _show(w, project, part=part, typed=typed, wrong=wrong)


async def _show(
    w: Web,
    slug: str,
    *,
    part: str = "",
    typed: Form | None = None,
    wrong: Mapping[str, str] | None = None,
    found: Found | None = None,
) -> Response:
    async with w.reading() as r:
        head = await service.head(r, w.house.slots, slug, "settings", w.lang)
        project = await service.project(r, slug)
        ticked = parts.places(typed.every("at")) if typed and part == "targets" else project.places
        made = SettingsPage(
            project=project,
            source=_source(w, project, typed if part == "repository" else None, found),
            typed=parts.texts(typed) if typed else {},
            wrong=wrong or {},
            part=part,
            menu=service.settings_menu(w.house.slots, slug, part or "general"),
            stages=await parts.grid(w, r, ticked),
            namespaces=await service.namespaces(r, slug),
            owner=(await service.answers(r, [slug]))[0],
            rights=await _rights(w, r, project),
        )
    title = f"{say(w, N_('Settings'))} · {slug}"
    return await w.page(made, title=title, head=head, live=f"project:{slug}", status=422 if wrong else 200)


def _source(w: Web, project: Project, typed: Form | None, found: Found | None) -> Source:
    if typed is None:
        repository = project.repository
        return Source(repository.url, repository.branch, project.dockerfile, str(project.port), "", found)
    credential = typed["credential"] or parts.kept(w, typed["kept"])
    branch = found.branch if found else typed["branch"]
    return Source(typed["repository"], branch, typed["dockerfile"], typed["port"], parts.keep(w, credential), found)


async def _rights(w: Web, r: Reading, project: Project) -> Rights:
    on = On(project=project.slug, team=project.team)
    objection = await service.objection(r, project.slug, w.house.slots[DeletionObjection])
    return Rights(
        change=await _refusal(w, r, CHANGE, on),
        delete=await _refusal(w, r, DELETE, on) or languages.say(w.lang, objection),
    )


async def _refusal(w: Web, r: Reading, permission: Permission, on: On) -> str:
    try:
        await access.require(r, permission, on)
    except NotAllowed as error:
        return so(w, error)
    return ""
