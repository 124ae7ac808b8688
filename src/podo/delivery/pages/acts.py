"""What the buttons of a deployment send. What is refused is told on the deployment's own page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from podo.delivery import reads, service
from podo.delivery.pages.deployment import shown
from podo.delivery.pages.top import routes
from podo.delivery.pages.words import say
from podo.delivery.ports import ChartReader
from podo.delivery.types import APPROVE, COMMENT, DEPLOY, HALT, ROLL_BACK, Decision, Deployment
from podo.kernel.db import Tx
from podo.kernel.errors import N_, Missing, PodoError, SignIn
from podo.kernel.http import Web
from podo.kernel.http.routes import form
from podo.kernel.http.web import WebIn

_DECIDED = {
    Decision.approve: N_("Approved: {regions}."),
    Decision.request_changes: N_("Asked for changes: {regions}."),
    Decision.reject: N_("Rejected: {regions}."),
}


async def _do(
    w: Web, project: str, number: int, act: Callable[[Tx], Awaitable[Deployment]], said: str, **fields: object
) -> Response:
    try:
        async with w.transaction() as tx:
            now = await act(tx)
    except (SignIn, Missing):
        raise
    except PodoError as error:
        return await shown(w, project, number, trouble=error)
    return w.go(f"/{project}/deployments/{now.number}", said=say(w, said, number=now.number, **fields))


@routes.form("/{project}/deployments/{number}/review", verb="delivery.review", permission=APPROVE.id)
async def review(project: str, number: int, w: Web = WebIn) -> Response:
    """Decide on the ticked regions; each carries the hash of the bundle that was on the page."""
    f = await form(w)
    word = f["decision"].replace("_", " ")
    decision = Decision(word) if word in tuple(Decision) else Decision.request_changes
    seen = {region: f[f"seen-{region}"] for region in f.every("region")}
    if not seen:
        return w.go(f"/{project}/deployments/{number}", said=say(w, N_("Nothing was decided: tick a region first.")))

    async def act(tx: Tx) -> Deployment:
        return await service.approvals.review(tx, project, number, seen, decision, f["comment"])

    return await _do(w, project, number, act, _DECIDED[decision], regions=", ".join(seen))


@routes.form("/{project}/deployments/{number}/halt", verb="delivery.halt", permission=HALT.id)
async def halt(project: str, number: int, w: Web = WebIn) -> Response:
    """Stop everything that has not finished; it never asks twice."""
    f = await form(w)

    async def act(tx: Tx) -> Deployment:
        return await service.stopping.halt(tx, project, number, f["why"])

    return await _do(w, project, number, act, N_("Halt asked: nothing of it goes further."))


@routes.form("/{project}/deployments/{number}/retry", verb="delivery.retry", permission=DEPLOY.id)
async def retry(project: str, number: int, w: Web = WebIn) -> Response:
    """Try again what ended badly."""

    async def act(tx: Tx) -> Deployment:
        return await service.deployments.retry(tx, project, number)

    return await _do(w, project, number, act, N_("It is tried again, with the same release."))


@routes.form("/{project}/deployments/{number}/reseal", verb="delivery.reseal", permission=DEPLOY.id)
async def reseal(project: str, number: int, w: Web = WebIn) -> Response:
    """Seal the release anew with today's configuration."""
    try:
        async with w.reading() as r:
            was = await service.deployments.deployment(r, project, number)
            regions = [x.region for x in was.rollouts]
            made_from = await service.releases.ingredients(r, project, was.build, was.environment, regions)
        draft = await reads.draft(w.house.ports[ChartReader], made_from)
    except (SignIn, Missing):
        raise
    except PodoError as error:
        return await shown(w, project, number, trouble=error)

    async def act(tx: Tx) -> Deployment:
        return await service.deployments.reseal(tx, draft, number)

    return await _do(w, project, number, act, N_("Sealed anew; where something changed, approvals start over."))


@routes.form("/{project}/deployments/{number}/roll-back", verb="delivery.roll_back", permission=ROLL_BACK.id)
async def roll_back(project: str, number: int, w: Web = WebIn) -> Response:
    """Bring a region back to an earlier deployment."""
    f = await form(w)
    to = int(f["to"]) if f["to"].isdecimal() else None

    async def act(tx: Tx) -> Deployment:
        was = await service.stopping.rollout_in(tx, project, number, f["region"])
        return await service.stopping.roll_back(tx, project, was.environment, was.region, to=to)

    return await _do(w, project, number, act, N_("#{number} brings it back."))


@routes.form("/{project}/deployments/{number}/comment", verb="delivery.comment", permission=COMMENT.id)
async def comment(project: str, number: int, w: Web = WebIn) -> Response:
    """Say something."""
    f = await form(w)
    async with w.transaction() as tx:
        await service.deployments.comment(tx, project, number, f["text"])
    return w.go(f"/{project}/deployments/{number}#say")
