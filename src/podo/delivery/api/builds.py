"""Builds as JSON, their logs as lines of text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

from fastapi import Query
from starlette.responses import StreamingResponse

from podo.access import service as access
from podo.access.types import On
from podo.catalog import service as catalog
from podo.delivery import reads, service
from podo.delivery.api.shapes import BuildIn, BuildOut, BuildsOut
from podo.delivery.ports import BuildLogReader, SourceReader
from podo.delivery.types import BUILD, READ, LogLine
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn

routes = Routes("delivery", tag="Builds")
_ROOT = "/api/v1/projects/{project}/builds"


@routes.api("GET", _ROOT, verb="delivery.builds", permission=READ.id)
async def list_builds(project: str, cursor: str | None = None, limit: int = Query(30, ge=1, le=200), w: Web = WebIn) -> BuildsOut:
    """Builds of a project, newest first."""
    async with w.reading() as r:
        await catalog.project(r, project)
        found = await service.builds.builds(r, project, cursor, limit)
    return BuildsOut(items=[BuildOut.of(b) for b in found.items], next=found.next, total=found.total)


@routes.api("POST", _ROOT, verb="delivery.build", permission=BUILD.id, status=202)
async def build(project: str, wanted: BuildIn, w: Web = WebIn) -> BuildOut:
    """Have a commit built. One that is being built, or was with success, is not built twice: that build is the answer."""
    async with w.reading() as r:
        owner = await catalog.owner(r, project)
        await access.require(r, BUILD, On(project=project, team=owner.team))
        source = await service.builds.source_of(r, w.house.seal, project)
    commit = await reads.newest_commit(w.house.ports[SourceReader], source, wanted.ref)
    async with w.transaction() as tx:
        return BuildOut.of(await service.builds.ask(tx, project, commit, wanted.ref or source.branch))


@routes.api("GET", _ROOT + "/{number}", verb="delivery.show_build", permission=READ.id)
async def show_build(project: str, number: int, w: Web = WebIn) -> BuildOut:
    """One build."""
    async with w.reading() as r:
        return BuildOut.of(await service.builds.build(r, project, number))


@routes.api("POST", _ROOT + "/{number}/cancel", verb="delivery.cancel_build", permission=BUILD.id)
async def cancel_build(project: str, number: int, w: Web = WebIn) -> BuildOut:
    """End a build that has not ended."""
    async with w.transaction() as tx:
        return BuildOut.of(await service.builds.cancel(tx, project, number))


@routes.api("GET", _ROOT + "/{number}/log", verb="delivery.build_log", permission=READ.id, response_class=StreamingResponse)
async def build_log(project: str, number: int, after: int = 0, follow: bool = False, w: Web = WebIn) -> StreamingResponse:
    """Lines of a build's log as plain text, each with its time in front, behind line `after`.

    With `follow` further lines come until the build ends.
    """
    async with w.reading() as r:
        found = await service.builds.build(r, project, number)
    logs = w.house.ports[BuildLogReader]

    async def text() -> AsyncIterator[str]:
        last = after
        while lines := await reads.log(logs, found.id, last):
            for line in lines:
                yield _text(line)
            last = lines[-1].number
        if not follow:
            return
        async with aclosing(w.request.app.state.hub.until_closing(logs.follow(found.id, last))) as open_:
            async for line in open_:
                yield _text(line)

    return StreamingResponse(text(), media_type="text/plain; charset=utf-8")


def _text(line: LogLine) -> str:
    return f"{line.at.isoformat(timespec='milliseconds')} {line.text}\n"
