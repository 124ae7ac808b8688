"""A project's first page: the guide to production, where it runs, and about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import On, Team
from podo.catalog import reads, service
from podo.catalog.pages.about import Said, said
from podo.catalog.pages.wrong import say, sentence
from podo.catalog.ports import RepositoryReader
from podo.catalog.types import (
    CHANGE,
    READ,
    NamespaceState,
    PlaceCard,
    Project,
    ProjectPlaces,
    Step,
)
from podo.kernel.db import Reading
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import page

routes = Routes("catalog", tag="Projects")


@dataclass(frozen=True, slots=True)
class Guided:
    """The steps to production; `kind` of each is done, next or todo. Without steps left, nothing is shown."""

    steps: Sequence[tuple[str, Step]]
    done: int
    percent: int


@dataclass(frozen=True, slots=True)
class About:
    """What stands beside: the owner, how many people that is, who registered the project, its repository in short."""

    project: Project
    team: Team
    people: int
    by: str
    by_id: str
    short: str
    web: str


@page("catalog/overview.html")
@dataclass(frozen=True, slots=True)
class OverviewPage:
    """The page; `assets` is how many things in clouds are the project's."""

    slug: str
    guide: Guided
    cards: Sequence[PlaceCard]
    about: About
    said: Said
    can_change: bool
    assets: int


@page("catalog/_running.html")
@dataclass(frozen=True, slots=True)
class RunningPiece:
    """What moves: the guide and the places."""

    slug: str
    guide: Guided
    cards: Sequence[PlaceCard]
    about: About
    can_change: bool


@page("catalog/readme.html")
@dataclass(frozen=True, slots=True)
class ReadmePage:
    """The repository's README.md."""

    slug: str
    branch: str
    text: str
    trouble: str


@page("catalog/_readme.html")
@dataclass(frozen=True, slots=True)
class ReadmePiece(ReadmePage):
    """The same as a part of the overview."""


async def _moving(w: Web, r: Reading, slug: str) -> RunningPiece:
    project = await service.project(r, slug)
    may = await access.may(r, CHANGE, On(project=slug, team=project.team))
    return RunningPiece(
        slug=slug,
        guide=_guided(await service.guide(r, w.house.slots, project, w.lang)),
        cards=await _cards(w, r, project),
        about=await _about(w, r, project),
        can_change=may.allowed,
    )


@routes.page("/{project}", permission=READ.id)
async def overview(project: str, w: Web = WebIn) -> Response:
    """The overview."""
    async with w.reading() as r:
        head = await service.head(r, w.house.slots, project, "overview", w.lang)
        piece = await _moving(w, r, project)
        told = await said(w, r, piece.about.project)
        assets = await service.count_assets_of(r, project)
    made = OverviewPage(piece.slug, piece.guide, piece.cards, piece.about, told, piece.can_change, assets)
    return await w.page(made, title=f"{head.owner} / {project}", head=head, live=f"project:{project}")


@page("catalog/_count.html")
@dataclass(frozen=True, slots=True)
class CountPiece:
    """The number beside a tab; nothing for 0."""

    number: int


@routes.page("/{project}/tabs/{key}", permission=READ.id)
async def tab(project: str, key: str, w: Web = WebIn) -> Response:
    """The number beside a tab alone, read again when something happened."""
    async with w.reading() as r:
        number = await service.tab_count(r, w.house.slots, project, key)
    return await w.fragment(CountPiece(number))


@routes.page("/{project}/running", permission=READ.id)
async def running(project: str, w: Web = WebIn) -> Response:
    """The guide and the places alone, read again when something happened."""
    async with w.reading() as r:
        made = await _moving(w, r, project)
    return await w.fragment(made)


@routes.page("/{project}/readme", permission=READ.id)
async def readme(project: str, w: Web = WebIn) -> Response:
    """The README of the repository, by a script as a part of the overview, else as a page of its own."""
    async with w.reading() as r:
        head = await service.head(r, w.house.slots, project, "overview", w.lang)
        found = await service.project(r, project)
        sealed = await service.sealed_credential(r, project)
    text = trouble = ""
    branch = found.repository.branch
    try:
        credential = w.house.seal.open(sealed) if sealed else ""
        text = await reads.readme(w.house.ports[RepositoryReader], found.repository.url, credential, branch)
    except PodoError as error:
        trouble = sentence(w, error)
    if w.wants_fragment:
        return await w.fragment(ReadmePiece(project, branch, text, trouble))
    return await w.page(ReadmePage(project, branch, text, trouble), title=f"README · {project}", head=head)


def _guided(steps: Sequence[Step]) -> Guided:
    next_one = next((i for i, step in enumerate(steps) if not step.done), len(steps))
    kinds = ["done" if s.done else "next" if i == next_one else "todo" for i, s in enumerate(steps)]
    done = sum(s.done for s in steps)
    shown = list(zip(kinds, steps, strict=True)) if done < len(steps) else []
    return Guided(shown, done, round(100 * done / max(1, len(steps))))


async def _cards(w: Web, r: Reading, project: Project) -> list[PlaceCard]:
    """What other domains know of each place; the namespace's state where they know nothing."""
    known: dict[tuple[str, str], PlaceCard] = {}
    for slot in w.house.slots[ProjectPlaces]:
        known |= {(c.environment, c.region): c for c in await slot.cards(r, project.slug, w.lang)}
    spaces = {n.cluster: n for n in await service.namespaces(r, project.slug)}
    served = await service.served(r)
    made: list[PlaceCard] = []
    for pair in project.places:
        if pair in known:
            made.append(known[pair])
            continue
        cluster = served.get(pair, "")
        space = spaces.get(cluster)
        ready = space is not None and space.state is NamespaceState.ready
        facts = say(w, N_("its place is ready on {cluster}"), cluster=cluster) if ready else ""
        note = "" if ready else say(w, N_("its place waits for {cluster}"), cluster=cluster)
        note = note if cluster else say(w, N_("no cluster serves this place"))
        made.append(
            PlaceCard(
                environment=pair[0],
                region=pair[1],
                href=f"/{project.slug}/settings#{'namespaces' if cluster else 'targets'}",
                health="Missing",
                version=say(w, N_("nothing yet")),
                number=None,
                at=None,
                facts=facts,
                bar="never",
                note=note,
                note_icon="clock" if cluster else "alert",
                note_tone="muted" if cluster else "fg-attention",
            )
        )
    return made


async def _about(w: Web, r: Reading, project: Project) -> About:
    team = await access.team(r, project.team)
    known = await access.people(r, [project.created_by])
    url = project.repository.url
    short = "/".join(url.removesuffix(".git").rstrip("/").replace(":", "/").split("/")[-2:])
    return About(
        project=project,
        team=team,
        people=len(await access.members(r, team.id)),
        by=known[project.created_by].name if project.created_by in known else say(w, N_("Podo")),
        by_id=project.created_by if project.created_by in known else "",
        short=short,
        web=url.removesuffix(".git") if url.startswith(("https://", "http://")) else "",
    )
