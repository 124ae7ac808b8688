"""Builds: the list, and one with its log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from starlette.responses import Response, StreamingResponse

from podo.access import service as access
from podo.access.types import On
from podo.catalog import service as catalog
from podo.delivery import reads, service
from podo.delivery.pages import words
from podo.delivery.pages.rights import Refusal, Rights, rights
from podo.delivery.pages.words import Who, say
from podo.delivery.ports import BuilderReader, BuildLogReader, SourceReader
from podo.delivery.service import views
from podo.delivery.types import BUILD, READ, UNFINISHED, Build, BuilderNote, BuildState, LogLine
from podo.kernel.db import Reading
from podo.kernel.errors import N_, PodoError, SignIn
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import page

routes = Routes("delivery", tag="Builds")
_SIZE = 30
_MOST = 5000


@dataclass(frozen=True, slots=True)
class Row:
    """A build, and who asked for it."""

    build: Build
    asker: Who


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of builds; `newest` and `older` are addresses of other pages."""

    project: str
    rows: Sequence[Row]
    total: int
    newest: str
    older: str
    read_again: str


@page("delivery/builds.html")
@dataclass(frozen=True, slots=True)
class BuildsPage:
    """All builds of a project. `trouble` says why the last wish was not taken; `ref` is what was typed."""

    listing: Listing
    branch: str
    ref: str
    note: BuilderNote
    rights: Rights
    trouble: str


@page("delivery/_builds.html")
@dataclass(frozen=True, slots=True)
class BuildsPiece:
    """The list alone, for live pages."""

    listing: Listing


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a build: how far it is, and where its image went as (deployment, environment)."""

    build: Build
    asker: Who
    is_open: bool
    deployments: Sequence[tuple[int, str]]
    refusal: Refusal | None
    may_build: bool
    may_deploy: bool


@page("delivery/build.html")
@dataclass(frozen=True, slots=True)
class BuildPage:
    """One build with its log; `follow` streams further lines, empty at its end."""

    project: str
    facts: Facts
    note: BuilderNote
    lines: Sequence[LogLine]
    later: str
    follow: str
    trouble: str


@page("delivery/_build.html")
@dataclass(frozen=True, slots=True)
class BuildPiece:
    """What of it moves, without its log."""

    project: str
    facts: Facts
    note: BuilderNote


@page("delivery/_line.html")
@dataclass(frozen=True, slots=True)
class LinePiece:
    """One line of a followed log."""

    line: LogLine


async def _listing(r: Reading, project: str, cursor: str) -> Listing:
    found = await service.builds.builds(r, project, cursor or None, _SIZE)
    askers = await words.people(r, {b.by for b in found.items})
    path = f"/{project}/builds"
    return Listing(
        project=project,
        rows=[Row(b, askers[b.by]) for b in found.items],
        total=found.total or 0,
        newest=path if cursor else "",
        older=f"{path}?cursor={found.next}" if found.next else "",
        read_again=f"{path}/list?cursor={cursor}",
    )


async def _list(w: Web, project: str, cursor: str = "", ref: str = "", error: PodoError | None = None) -> Response:
    async with w.reading() as r:
        about = await catalog.project(r, project)
        listing = await _listing(r, project, cursor)
        may = await rights(w, r, project)
        head = await catalog.head(r, w.house.slots, project, "deployments", w.lang)
    note = await reads.builder(w.house.ports[BuilderReader], about.repository.url)
    trouble = words.sentence(w, error) if error else ""
    made = BuildsPage(listing, about.repository.branch, ref, note, may, trouble)
    title = f"{say(w, N_('Builds'))} · {project}"
    return await w.page(made, title=title, head=head, live=f"project:{project}", status=422 if error else 200)


@routes.page("/{project}/builds", permission=READ.id)
async def builds(project: str, cursor: str = "", w: Web = WebIn) -> Response:
    """The list."""
    return await _list(w, project, cursor)


@routes.page("/{project}/builds/list", permission=READ.id)
async def builds_list(project: str, cursor: str = "", w: Web = WebIn) -> Response:
    """The list alone."""
    async with w.reading() as r:
        return await w.fragment(BuildsPiece(await _listing(r, project, cursor)))


@routes.form("/{project}/builds/new", verb="delivery.build", permission=BUILD.id)
async def new(project: str, w: Web = WebIn) -> Response:
    """Build a commit, branch or tag; the branch's newest commit when nothing is typed."""
    f = await form(w)
    try:
        async with w.reading() as r:
            owner = await catalog.owner(r, project)
            await access.require(r, BUILD, On(project=project, team=owner.team))
            source = await service.builds.source_of(r, w.house.seal, project)
        commit = await reads.newest_commit(w.house.ports[SourceReader], source, f["ref"])
        async with w.transaction() as tx:
            made = await service.builds.ask(tx, project, commit, f["ref"] or source.branch)
    except PodoError as error:
        if isinstance(error, SignIn):
            raise
        return await _list(w, project, ref=f["ref"], error=error)
    return w.go(f"/{project}/builds/{made.number}")


async def _facts(w: Web, r: Reading, build: Build) -> Facts:
    may = await rights(w, r, build.project)
    asker = (await words.people(r, [build.by]))[build.by]
    went = await views.of_build(r, build)
    return Facts(
        build=build,
        asker=asker,
        is_open=build.state in UNFINISHED,
        deployments=[(d.number, d.environment) for d in went],
        refusal=may.refusal,
        may_build=may.build,
        may_deploy=may.deploy and build.state is BuildState.succeeded,
    )


async def _one(w: Web, project: str, number: int) -> tuple[Facts, BuilderNote]:
    async with w.reading() as r:
        about = await catalog.project(r, project)
        facts = await _facts(w, r, await service.builds.build(r, project, number))
    return facts, await reads.builder(w.house.ports[BuilderReader], about.repository.url)


@routes.page("/{project}/builds/{number}", permission=READ.id)
async def build(project: str, number: int, after: int = 0, w: Web = WebIn) -> Response:
    """One build; `after` is the number of the line behind which the log is shown."""
    facts, note = await _one(w, project, number)
    async with w.reading() as r:
        head = await catalog.head(r, w.house.slots, project, "deployments", w.lang)
    lines: Sequence[LogLine] = ()
    trouble = ""
    try:
        lines = await reads.log(w.house.ports[BuildLogReader], facts.build.id, after, _MOST)
    except PodoError as error:
        trouble = words.sentence(w, error)
    last = lines[-1].number if lines else after
    path = f"/{project}/builds/{number}"
    whole = len(lines) < _MOST
    made = BuildPage(
        project=project,
        facts=facts,
        note=note,
        lines=lines,
        later="" if whole else f"{path}?after={last}",
        follow=f"{path}/follow?after={last}" if facts.is_open and whole else "",
        trouble=trouble,
    )
    title = f"{say(w, N_('Build #{number}'), number=number)} · {project}"
    return await w.page(made, title=title, head=head, live=f"build/{project}/{number} project:{project}")


@routes.page("/{project}/builds/{number}/facts", permission=READ.id)
async def facts(project: str, number: int, w: Web = WebIn) -> Response:
    """What of it moves, read again when something happened."""
    found, note = await _one(w, project, number)
    return await w.fragment(BuildPiece(project, found, note))


@routes.page("/{project}/builds/{number}/follow", permission=READ.id)
async def follow(project: str, number: int, after: int = 0, w: Web = WebIn) -> Response:
    """Further lines of the log as server-sent events, each a piece of HTML; behind `Last-Event-ID` after a cut."""
    async with w.reading() as r:
        found = await service.builds.build(r, project, number)
    resumed = w.request.headers.get("last-event-id", "")
    lines = w.house.ports[BuildLogReader].follow(found.id, int(resumed) if resumed.isdecimal() else after)

    hub = w.request.app.state.hub

    async def pieces() -> AsyncIterator[str]:
        async with aclosing(hub.until_closing(lines)) as open_:
            async for line in open_:
                body = bytes((await w.fragment(LinePiece(line))).body).decode()
                yield f"id: {line.number}\n" + "".join(f"data: {part}\n" for part in body.splitlines()) + "\n"
        if not hub.closing.is_set():
            # The log has ended: who follows need not ask again.
            yield "event: end\ndata: end\n\n"

    return StreamingResponse(pieces(), media_type="text/event-stream", headers={"cache-control": "no-store"})


@routes.form("/{project}/builds/{number}/cancel", verb="delivery.cancel_build", permission=BUILD.id)
async def cancel(project: str, number: int, w: Web = WebIn) -> Response:
    """End it."""
    async with w.transaction() as tx:
        await service.builds.cancel(tx, project, number)
    return w.go(f"/{project}/builds/{number}", said=say(w, N_("Cancelled.")))
