"""Deployments, releases and what runs where as JSON."""

from __future__ import annotations

from fastapi import Query

from podo.access import service as access
from podo.access.types import On
from podo.catalog import service as catalog
from podo.delivery import reads, service
from podo.delivery.api.nouns import (
    ChangesOut,
    CommentIn,
    CommentOut,
    DeployIn,
    DeploymentOut,
    DeploymentsOut,
    HaltIn,
    ManifestOut,
    ManifestsOut,
    PlaceOut,
    ReleaseOut,
    ReviewIn,
    RollBackIn,
    ValueOut,
)
from podo.delivery.ports import ChartReader
from podo.delivery.rules import queries
from podo.delivery.rules.addresses import addresses
from podo.delivery.service import views
from podo.delivery.types import (
    APPROVE,
    COMMENT,
    DEPLOY,
    HALT,
    READ,
    ROLL_BACK,
    Decision,
    Deployment,
    NothingBuilt,
    Search,
)
from podo.kernel import clock
from podo.kernel.db import Reading
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn

routes = Routes("delivery", tag="Deployments")
_PROJECT = "/api/v1/projects/{project}"
_ROOT = _PROJECT + "/deployments"
_ONE = _ROOT + "/{number}"


async def _listed(w: Web, project: str | None, q: str, cursor: str | None, limit: int) -> DeploymentsOut:
    wanted = queries.search(q, me=w.person, now=clock.now(), project=project)
    every = Search(**{name: getattr(wanted, name) for name in Search.__slots__ if name != "state"})
    async with w.reading() as r:
        if project:
            await catalog.project(r, project)
        found = await service.deployments.deployments(r, wanted, cursor=cursor, limit=limit)
        is_open, finished = await service.deployments.counts(r, every)
    items = [DeploymentOut.of(d, w.lang) for d in found.items]
    return DeploymentsOut(items=items, next=found.next, open=is_open, finished=finished)


async def _whole(w: Web, r: Reading, of: Deployment) -> DeploymentOut:
    people = await access.people(r, {a.person for x in of.rollouts for a in x.approvals})
    gates = await service.rollouts.gates_of(r, of, {p.id: p.name for p in people.values()})
    return DeploymentOut.of(of, w.lang, gates)


@routes.api("GET", "/api/v1/deployments", verb="delivery.all_deployments", permission=READ.id)
async def all_deployments(
    q: str = "", cursor: str | None = None, limit: int = Query(30, ge=1, le=200), w: Web = WebIn
) -> DeploymentsOut:
    """Deployments of all projects, newest first; `q` is a filter such as `project:chat-api env:prod is:failed author:@me`."""
    return await _listed(w, None, q, cursor, limit)


@routes.api("GET", _ROOT, verb="delivery.deployments", permission=READ.id)
async def list_deployments(
    project: str, q: str = "", cursor: str | None = None, limit: int = Query(30, ge=1, le=200), w: Web = WebIn
) -> DeploymentsOut:
    """Deployments of a project, newest first; `q` is a filter such as `env:prod region:kr is:failed author:@me since:7d`."""
    return await _listed(w, project, q, cursor, limit)


@routes.api("POST", _ROOT, verb="delivery.deploy", permission=DEPLOY.id, status=201)
async def deploy(project: str, wanted: DeployIn, w: Web = WebIn) -> DeploymentOut:
    """Seal a build for an environment and ask for it: one rollout a region, each with its own approval where one is needed."""
    async with w.reading() as r:
        owner = await catalog.owner(r, project)
        await access.require(r, DEPLOY, On(project=project, team=owner.team, environment=wanted.environment))
        number = wanted.build
        if number is None:
            newest = await service.builds.newest_image(r, project)
            if newest is None:
                raise NothingBuilt(project=project)
            number = newest.number
        made_from = await service.releases.ingredients(r, project, number, wanted.environment, wanted.regions)
    draft = await reads.draft(w.house.ports[ChartReader], made_from)
    async with w.transaction() as tx:
        made = await service.deployments.request(
            tx, draft, wanted.environment, title=wanted.title, description=wanted.description
        )
        return await _whole(w, tx, made)


@routes.api("GET", _ONE, verb="delivery.deployment", permission=READ.id)
async def deployment(project: str, number: int, w: Web = WebIn) -> DeploymentOut:
    """One deployment with the gates of what has not started."""
    async with w.reading() as r:
        return await _whole(w, r, await service.deployments.deployment(r, project, number))


@routes.api("POST", _ONE + "/review", verb="delivery.review", permission=APPROVE.id)
async def review(project: str, number: int, wanted: ReviewIn, w: Web = WebIn) -> DeploymentOut:
    """Approve, ask for changes, or reject. Nothing is recorded when one of the bundles is not the rollout's any more."""
    decision = Decision(wanted.decision.replace("_", " "))
    async with w.transaction() as tx:
        return await _whole(w, tx, await service.approvals.review(tx, project, number, wanted.bundles, decision, wanted.comment))


@routes.api("POST", _ONE + "/halt", verb="delivery.halt", permission=HALT.id)
async def halt(project: str, number: int, wanted: HaltIn, w: Web = WebIn) -> DeploymentOut:
    """Stop everything that has not finished; what is healthy stays."""
    async with w.transaction() as tx:
        return await _whole(w, tx, await service.stopping.halt(tx, project, number, wanted.why))


@routes.api("POST", _ONE + "/retry", verb="delivery.retry", permission=DEPLOY.id)
async def retry(project: str, number: int, w: Web = WebIn) -> DeploymentOut:
    """Try again what ended badly, with the same release; where approval is asked for, it is asked for again."""
    async with w.transaction() as tx:
        return await _whole(w, tx, await service.deployments.retry(tx, project, number))


@routes.api("POST", _ONE + "/reseal", verb="delivery.reseal", permission=DEPLOY.id)
async def reseal(project: str, number: int, w: Web = WebIn) -> DeploymentOut:
    """Seal the release anew with today's configuration; approvals of regions in which something changed are void."""
    async with w.reading() as r:
        was = await service.deployments.deployment(r, project, number)
        regions = [x.region for x in was.rollouts]
        made_from = await service.releases.ingredients(r, project, was.build, was.environment, regions)
    draft = await reads.draft(w.house.ports[ChartReader], made_from)
    async with w.transaction() as tx:
        return await _whole(w, tx, await service.deployments.reseal(tx, draft, number))


@routes.api("POST", _PROJECT + "/roll-back", verb="delivery.roll_back", permission=ROLL_BACK.id, status=201)
async def roll_back(project: str, wanted: RollBackIn, w: Web = WebIn) -> DeploymentOut:
    """Bring back what was healthy in a target, without a build and without an approval."""
    async with w.transaction() as tx:
        made = await service.stopping.roll_back(tx, project, wanted.environment, wanted.region, to=wanted.to)
        return await _whole(w, tx, made)


@routes.api("GET", _ONE + "/comments", verb="delivery.comments", permission=READ.id)
async def comments(project: str, number: int, w: Web = WebIn) -> list[CommentOut]:
    """What was said, oldest first."""
    async with w.reading() as r:
        await service.deployments.deployment(r, project, number)
        return [CommentOut.of(c) for c in await service.deployments.comments(r, project, number)]


@routes.api("POST", _ONE + "/comments", verb="delivery.comment", permission=COMMENT.id, status=201)
async def comment(project: str, number: int, wanted: CommentIn, w: Web = WebIn) -> CommentOut:
    """Say something about a deployment, in Markdown."""
    async with w.transaction() as tx:
        return CommentOut.of(await service.deployments.comment(tx, project, number, wanted.text))


@routes.api("GET", _ONE + "/changes", verb="delivery.changes", permission=READ.id)
async def changes(project: str, number: int, region: str | None = None, w: Web = WebIn) -> list[ChangesOut]:
    """What a deployment changes in each region, or in one: in words, keys and manifests."""
    async with w.reading() as r:
        of = await service.deployments.deployment(r, project, number)
        found = [await views.sides(r, of, g) for g in ([region] if region else [x.region for x in of.rollouts])]
    charts = w.house.ports[ChartReader]
    return [ChangesOut.of(s.rollout.region, s.against, reads.changes(charts, s.was, s.now), w.lang) for s in found]


@routes.api("GET", _ONE + "/manifests", verb="delivery.manifests", permission=READ.id)
async def manifests(project: str, number: int, region: str, w: Web = WebIn) -> ManifestsOut:
    """What a rollout consists of: manifests as they are applied, and where each value came from."""
    async with w.reading() as r:
        of = await service.deployments.deployment(r, project, number)
        bundle = await views.bundle(r, of, region)
    charts = w.house.ports[ChartReader]
    return ManifestsOut(
        region=region,
        bundle=bundle.hash,
        manifests=[ManifestOut(title=name, text=text) for name, text in reads.texts(charts, bundle).items()],
        values=[ValueOut(path=p, value=v, source=s) for p, v, s in await reads.value_rows(charts, bundle)],
        secrets=sorted(bundle.fingerprints),
        addresses=addresses(bundle.manifests, project),
    )


@routes.api("GET", _PROJECT + "/places", verb="delivery.places", permission=READ.id)
async def places(project: str, w: Web = WebIn) -> list[PlaceOut]:
    """Every target of a project: what runs there and what is on its way, in promotion order."""
    async with w.reading() as r:
        await catalog.project(r, project)
        return [PlaceOut.of(p, w.lang) for p in await service.deployments.places(r, project)]


@routes.api("GET", _PROJECT + "/releases/{release}", verb="delivery.release", permission=READ.id)
async def release(project: str, release: str, w: Web = WebIn) -> ReleaseOut:
    """A sealed release."""
    async with w.reading() as r:
        return ReleaseOut.of(await service.releases.release(r, project, release))
