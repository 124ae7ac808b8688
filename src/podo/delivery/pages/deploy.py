"""Asking for a deployment: which build, to which targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from podo.catalog import service as catalog
from podo.delivery import reads, service
from podo.delivery.pages import words
from podo.delivery.pages.rights import Refusal, rights
from podo.delivery.pages.words import Who, say
from podo.delivery.ports import BuilderReader, ChartReader
from podo.delivery.types import DEPLOY, READ, Build, BuilderNote, BuildState, NoSuchBuild, NothingToDeploy, Search
from podo.kernel.db import Reading
from podo.kernel.errors import N_, PodoError, SignIn
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import Form, form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import page

routes = Routes("delivery", tag="Deployments")
_BUILDS = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """A build that may be deployed; `healthy` names where its commit is or was healthy: (environment, regions, number)."""

    number: int
    commit: str
    title: str
    author: str
    ref: str
    at: datetime
    simulated: bool
    healthy: Sequence[tuple[str, str, int]]
    chosen: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A region of an environment; `commit` runs there now."""

    region: str
    cluster: str
    commit: str
    number: int | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class Stage:
    """An environment with its regions and what it asks for; `before` has to be healthy first, where it says so."""

    name: str
    rule: str
    before: str
    ticks: Sequence[Tick]
    chosen: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent before and refused; empty the first time."""

    build: str = ""
    environment: str = ""
    regions: frozenset[str] = frozenset()
    title: str = ""
    description: str = ""


@page("delivery/deploy.html")
@dataclass(frozen=True, slots=True)
class DeployPage:
    """The form. `errors` are sentences by field: build, environment, or form."""

    project: str
    builds: Sequence[Choice]
    stages: Sequence[Stage]
    sent: Sent
    errors: dict[str, str]
    refusal: Refusal | None
    asker: Who
    note: BuilderNote


@routes.page("/{project}/deploy", permission=READ.id)
async def ask(project: str, build: str = "", env: str = "", region: str = "", w: Web = WebIn) -> Response:
    """The form; `build`, `env` and `region` are chosen already."""
    return await _shown(w, project, Sent(build, env, frozenset({region}) if region else frozenset()))


@routes.form("/{project}/deploy", verb="delivery.deploy", permission=DEPLOY.id)
async def deploy(project: str, w: Web = WebIn) -> Response:
    """Seal and ask. What is refused is told beside the field that it belongs to, and nothing typed is lost."""
    f = await form(w)
    sent = _sent(f)
    if not sent.regions:
        return await _shown(w, project, sent, {"environment": say(w, N_("Tick at least one region."))})
    number = int(sent.build) if sent.build.isdecimal() else 0
    try:
        async with w.reading() as r:
            made_from = await service.releases.ingredients(r, project, number, sent.environment, sent.regions)
        draft = await reads.draft(w.house.ports[ChartReader], made_from)
        async with w.transaction() as tx:
            made = await service.deployments.request(tx, draft, sent.environment, title=sent.title, description=sent.description)
    except PodoError as error:
        if isinstance(error, SignIn):
            raise
        return await _shown(w, project, sent, {_field(error): words.sentence(w, error)})
    return w.go(f"/{project}/deployments/{made.number}", said=say(w, N_("Sealed as {release}."), release=made.release))


def _sent(f: Form) -> Sent:
    """The environment is the one whose regions are ticked; of several, the chosen one."""
    environment = f["environment"]
    regions = frozenset(f.every(f"region-{environment}"))
    return Sent(f["build"], environment, regions, f["title"], f["description"])


def _field(error: PodoError) -> str:
    if isinstance(error, NoSuchBuild | NothingToDeploy):
        return "build"
    return "environment" if error.code in ("delivery.no_targets", "delivery.alpha_missing") else "form"


async def _shown(w: Web, project: str, sent: Sent, errors: dict[str, str] | None = None) -> Response:
    async with w.reading() as r:
        about = await catalog.project(r, project)
        stages = await _stages(w, r, project, sent)
        builds = await _builds(r, project, sent, next((s.before for s in stages if s.chosen), ""))
        may = await rights(w, r, project)
        asker = (await words.people(r, [w.person]))[w.person]
        head = await catalog.head(r, w.house.slots, project, "deployments", w.lang)
    made = DeployPage(
        project=project,
        builds=builds,
        stages=stages,
        sent=sent,
        errors=errors or {},
        refusal=may.refusal,
        asker=asker,
        note=await reads.builder(w.house.ports[BuilderReader], about.repository.url),
    )
    title = f"{say(w, N_('Deploy'))} · {project}"
    return await w.page(made, title=title, head=head, status=422 if errors else 200)


async def _builds(r: Reading, project: str, sent: Sent, before: str) -> list[Choice]:
    """Builds with an image. Chosen is the asked one, else the newest that was healthy in `before`, where that is wanted."""
    page_ = await service.builds.builds(r, project, limit=4 * _BUILDS)
    found = [b for b in page_.items if b.state is BuildState.succeeded]
    asked = int(sent.build) if sent.build.isdecimal() else 0
    if asked and all(b.number != asked for b in found):
        found = [b for b in await service.builds.builds_by_numbers(r, project, [asked]) if b.digest] + found
    healthy = await _healthy(r, project)
    fitting = [b.number for b in found if not before or any(e == before for e, _, _ in healthy.get(b.number, ()))]
    chosen = asked or next(iter([*fitting, *(b.number for b in found)]), 0)
    return [_choice(b, healthy.get(b.number, []), chosen=b.number == chosen) for b in found[:_BUILDS]]


def _choice(b: Build, healthy: Sequence[tuple[str, str, int]], *, chosen: bool) -> Choice:
    return Choice(
        number=b.number,
        commit=b.commit.short,
        title=b.commit.subject,
        author=b.commit.author,
        ref=b.ref,
        at=b.ended_at or b.asked_at,
        simulated=b.simulated,
        healthy=healthy,
        chosen=chosen,
    )


async def _healthy(r: Reading, project: str) -> dict[int, list[tuple[str, str, int]]]:
    """By build: where its deployments became healthy, as (environment, regions, deployment)."""
    found: dict[int, list[tuple[str, str, int]]] = {}
    for of in (await service.deployments.deployments(r, Search(project=project), limit=60)).items:
        well = [x.region for x in of.rollouts if x.healthy_at]
        known = found.setdefault(of.build, [])
        if well and all(environment != of.environment for environment, _, _ in known):
            known.append((of.environment, " ".join(well), of.number))
    return found


async def _stages(w: Web, r: Reading, project: str, sent: Sent) -> list[Stage]:
    places = await service.deployments.places(r, project)
    order = await catalog.regions(r)
    found: list[Stage] = []
    for stage in await catalog.environments(r):
        mine = [p for p in places if p.environment == stage.name]
        if not mine:
            continue
        chosen = stage.name == sent.environment or (not sent.environment and not found)
        ticks = [
            Tick(
                region=p.region,
                cluster=p.cluster,
                commit=p.running_commit[:7],
                number=p.running.number if p.running else None,
                chosen=p.region in sent.regions if chosen and sent.regions else True,
            )
            for p in mine
        ]
        before = found[-1].name if found and stage.protected else ""
        found.append(Stage(stage.name, words.rule(w.lang, stage, [p.region for p in mine], order), before, ticks, chosen))
    return found
