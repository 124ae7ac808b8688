"""Deployments as a list: a project's, under the grid of what runs where, and everybody's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import On
from podo.catalog import service as catalog
from podo.delivery import service
from podo.delivery.pages import words
from podo.delivery.pages.grid import Stage, grid
from podo.delivery.pages.words import Who, say
from podo.delivery.rules import queries, texts
from podo.delivery.types import DEPLOY, READ, BadQuery, Deployment, DeploymentKind, RolloutState, Search
from podo.kernel import clock
from podo.kernel.db import Reading
from podo.kernel.errors import N_
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.nouns import Page
from podo.kernel.ui import page

routes = Routes("delivery", tag="Deployments")
_SIZE = 30
_BAD = (RolloutState.stuck, RolloutState.failed, RolloutState.rolled_back, RolloutState.halted, RolloutState.cancelled)
_STATES = ("open", "waiting", "rolling", "soaking", "healthy", "failed", "rolled-back", "halted", "stuck", "finished")


@dataclass(frozen=True, slots=True)
class Row:
    """A deployment of the list; `note` says why it ended badly, `seconds` how long it took."""

    number: int
    project: str
    title: str
    href: str
    state: str
    word: str
    environment: str
    commit: str
    ref: str
    back: bool
    author: Who
    at: datetime
    seconds: float | None
    regions: Sequence[tuple[str, str]]
    comments: int
    note: str


@dataclass(frozen=True, slots=True)
class Choice:
    """An entry of a filter's menu."""

    text: str
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """The list with its filter; `project` is empty where it is everybody's. `read_again` is its own address."""

    project: str
    path: str
    query: str
    trouble: str
    rows: Sequence[Row]
    open: int
    finished: int
    menus: Sequence[tuple[str, Sequence[Choice]]]
    newest: str
    older: str
    read_again: str
    is_open: bool
    is_finished: bool


@page("delivery/deployments.html")
@dataclass(frozen=True, slots=True)
class DeploymentsPage:
    """The tab: what runs where, over the list."""

    listing: Listing
    stages: Sequence[Stage]
    may_deploy: bool


@page("delivery/all.html")
@dataclass(frozen=True, slots=True)
class AllPage:
    """Deployments of all projects."""

    listing: Listing


@page("delivery/_list.html")
@dataclass(frozen=True, slots=True)
class ListPiece:
    """The list alone, for live pages."""

    listing: Listing


@page("delivery/_grid.html")
@dataclass(frozen=True, slots=True)
class GridPiece:
    """The grid alone, for live pages."""

    project: str
    stages: Sequence[Stage]


async def listing(w: Web, r: Reading, project: str | None, q: str, cursor: str) -> Listing:
    """What the filter finds. A word that means nothing is told, and nothing is found."""
    trouble, wanted = "", Search(project=project)
    try:
        wanted = queries.search(q, me=w.person, now=clock.now(), project=project)
    except BadQuery as error:
        trouble = words.sentence(w, error)
    path = f"/{project}/deployments" if project else "/deployments"
    found: Page[Deployment] = Page(())
    if not trouble:
        found = await service.deployments.deployments(r, wanted, cursor=cursor or None, limit=_SIZE)
    counted = Search(**{name: getattr(wanted, name) for name in Search.__slots__ if name != "state"})
    is_open, finished = (0, 0) if trouble else await service.deployments.counts(r, counted)
    authors = await words.people(r, {d.by for d in found.items})
    comments = await service.deployments.comment_counts(r, found.items)
    return Listing(
        project=project or "",
        path=path,
        query=q,
        trouble=trouble,
        rows=[row(w.lang, d, authors[d.by], comments) for d in found.items],
        open=is_open,
        finished=finished,
        menus=await _menus(w, r, path, q, authors.values()),
        newest=_at(path, q) if cursor else "",
        older=f"{path}?{urlencode({'q': q, 'cursor': found.next})}" if found.next else "",
        read_again=f"{path}/list?{urlencode({'q': q, 'cursor': cursor})}",
        is_open="is:open" in q.split(),
        is_finished="is:finished" in q.split(),
    )


def row(lang: str, of: Deployment, author: Who, comments: Mapping[tuple[str, int], int]) -> Row:
    """A deployment as a row."""
    bad = next((x for state in _BAD for x in of.rollouts if x.state is state and x.why), None)
    return Row(
        number=of.number,
        project=of.project,
        title=of.title,
        href=f"/{of.project}/deployments/{of.number}",
        state=of.state.value,
        word=words.state(lang, of),
        environment=of.environment,
        commit=of.commit[:7],
        ref=of.ref,
        back=of.kind is DeploymentKind.rollback,
        author=author,
        at=of.at,
        seconds=(of.ended_at - of.at).total_seconds() if of.ended_at else None,
        regions=words.chips(of.rollouts),
        comments=comments.get((of.project, of.number), 0),
        note=f"{bad.region}: {words.reason(lang, bad)}" if bad else "",
    )


def _at(path: str, query: str) -> str:
    return f"{path}?{urlencode({'q': query})}" if query else path


async def _menus(w: Web, r: Reading, path: str, q: str, authors: Collection[Who]) -> list[tuple[str, Sequence[Choice]]]:
    def choices(key: str, values: Sequence[tuple[str, str]]) -> list[Choice]:
        on = [word.partition(":")[2] for word in q.split() if word.startswith(f"{key}:")]
        return [Choice(text, _at(path, texts.with_word(q, key, "" if v in on else v)), v in on) for v, text in values]

    environments = [(e.name, e.name) for e in await catalog.environments(r)]
    regions = [(g.code, f"{g.code} · {g.name}") for g in await catalog.regions(r)]
    everybody = [("@me", say(w, N_("Me"))), *sorted((a.id, a.name) for a in authors if a.id != w.person)]
    return [
        (say(w, N_("Environment")), choices("env", environments)),
        (say(w, N_("Region")), choices("region", regions)),
        (say(w, N_("State")), choices("is", [(s, _word(w, s)) for s in _STATES])),
        (say(w, N_("Author")), choices("author", everybody)),
    ]


def _word(w: Web, state: str) -> str:
    own = {"open": N_("open"), "finished": N_("finished")}
    return say(w, own.get(state, state.replace("-", " ")))


@routes.page("/deployments", permission=READ.id)
async def everywhere(q: str = "", cursor: str = "", w: Web = WebIn) -> Response:
    """Deployments of all projects."""
    async with w.reading() as r:
        found = await listing(w, r, None, q, cursor)
    return await w.page(AllPage(found), title=N_("Deployments"), live="all")


@routes.page("/deployments/list", permission=READ.id)
async def everywhere_list(q: str = "", cursor: str = "", w: Web = WebIn) -> Response:
    """The list alone."""
    async with w.reading() as r:
        return await w.fragment(ListPiece(await listing(w, r, None, q, cursor)))


@routes.page("/{project}/deployments", permission=READ.id)
async def of_project(project: str, q: str = "", cursor: str = "", w: Web = WebIn) -> Response:
    """The Deployments tab."""
    async with w.reading() as r:
        stages = await grid(r, project, w.lang)
        found = await listing(w, r, project, q, cursor)
        head = await catalog.head(r, w.house.slots, project, "deployments", w.lang)
        owner = await catalog.owner(r, project)
        may = await access.may(r, DEPLOY, On(project=project, team=owner.team))
    made = DeploymentsPage(found, stages, may.allowed)
    title = f"{say(w, N_('Deployments'))} · {project}"
    return await w.page(made, title=title, head=head, live=f"project:{project} observed:{project}")


@routes.page("/{project}/deployments/list", permission=READ.id)
async def of_project_list(project: str, q: str = "", cursor: str = "", w: Web = WebIn) -> Response:
    """The list alone."""
    async with w.reading() as r:
        await catalog.project(r, project)
        return await w.fragment(ListPiece(await listing(w, r, project, q, cursor)))


@routes.page("/{project}/deployments/grid", permission=READ.id)
async def of_project_grid(project: str, w: Web = WebIn) -> Response:
    """The grid alone."""
    async with w.reading() as r:
        return await w.fragment(GridPiece(project, await grid(r, project, w.lang)))
