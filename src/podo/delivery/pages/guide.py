"""The guide's steps from a built commit to production."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from podo.catalog import service as catalog
from podo.catalog.types import Environment, Project, Step
from podo.delivery import service
from podo.delivery.pages import words
from podo.delivery.types import OPEN, UNFINISHED, BuildState, Deployment, Place, RolloutState, Search
from podo.kernel.db import Reading
from podo.kernel.errors import N_
from podo.kernel.ui import languages


async def steps(r: Reading, project: Project, lang: str) -> Sequence[Step]:
    """Build, the first environment, and the first protected one (asked for, approved, healthy), where the project has one."""
    places = await service.deployments.places(r, project.slug)
    stages = [e for e in await catalog.environments(r) if any(p.environment == e.name for p in places)]
    built = await _built(r, project, lang)
    if not stages:
        return [built]
    first, later = stages[0], next((e for e in stages[1:] if e.protected), None)
    found = [built, await _first(r, project, first, places, lang, ready=built.done)]
    if later is not None:
        found += await _production(r, project, first, later, places, lang)
    return found


async def _built(r: Reading, project: Project, lang: str) -> Step:
    say = partial(languages.say, lang)
    newest = await service.builds.newest_image(r, project.slug)
    if newest is not None:
        title = say(N_("Built: {commit}, image {digest}"), commit=newest.commit.short, digest=newest.digest[7:19])
        return Step(title, "", done=True, at=newest.ended_at)
    title = say(N_("Build the first image"))
    command = f"podo build {project.slug}"
    last = next(iter((await service.builds.builds(r, project.slug, limit=1)).items), None)
    link = f"/{project.slug}/builds/{last.number}" if last else ""
    names = {"number": last.number, "commit": last.commit.short} if last else {}
    if last and last.state in UNFINISHED:
        text = say(N_("Build #{number} of {commit} is on its way."), **names)
        return Step(title, text, done=False, action=say(N_("Look at its log")), link=link)
    if last and last.state is BuildState.failed:
        text = say(N_("Build #{number} of {commit} failed: {why}"), **names, why=last.why)
        return Step(title, text, done=False, action=say(N_("Look at its log")), link=link, command=command)
    branch = project.repository.branch
    text = say(N_("From {dockerfile} of the newest commit on {branch}."), dockerfile=project.dockerfile, branch=branch)
    action = say(N_("Build the newest commit"))
    return Step(title, text, done=False, action=action, form=f"/{project.slug}/builds/new", command=command)


async def _newest(r: Reading, project: str, environment: str) -> Deployment | None:
    found = await service.deployments.deployments(r, Search(project=project, environment=environment), limit=1)
    return next(iter(found.items), None)


async def _first(r: Reading, project: Project, stage: Environment, places: Sequence[Place], lang: str, *, ready: bool) -> Step:
    """Healthy in the first environment."""
    say = partial(languages.say, lang)
    title = say(N_("Healthy in {environment}"), environment=stage.name)
    running = next((p.running for p in places if p.environment == stage.name and p.running), None)
    if running is not None:
        return Step(title, "", done=True, at=running.healthy_at)
    link = f"/{project.slug}/deploy?env={stage.name}"
    command = f"podo deploy {project.slug} --env {stage.name}"
    last = await _newest(r, project.slug, stage.name) if ready else None
    if last is None:
        text = say(N_("Needs no approval. Podo watches until it answers."))
        action = say(N_("Deploy to {environment}"), environment=stage.name)
        return Step(title, text, done=False, action=action, link=link, command=command)
    there = f"/{project.slug}/deployments/{last.number}"
    text = say(N_("Deployment #{number} is {state}."), number=last.number, state=words.state(lang, last))
    if last.is_open:
        return Step(title, text, done=False, action=say(N_("Watch it")), link=there)
    return Step(title, text, done=False, action=say(N_("See why")), link=there, command=command)


async def _production(
    r: Reading, project: Project, first: Environment, stage: Environment, places: Sequence[Place], lang: str
) -> list[Step]:
    """Asked for, approved, healthy."""
    say = partial(languages.say, lang)
    names = {"environment": stage.name, "before": first.name}
    titles = [
        say(N_("Asked for {environment}"), **names),
        say(N_("Approved"), **names),
        say(N_("Healthy in {environment}"), **names),
    ]
    running = next((p.running for p in places if p.environment == stage.name and p.running), None)
    if running is not None:
        at = (running.asked_at, running.started_at, running.healthy_at)
        return [Step(title, "", done=True, at=when) for title, when in zip(titles, at, strict=True)]
    last = await _newest(r, project.slug, stage.name)
    if last is None or not last.is_open:
        later = N_("Opens when {before} is healthy with the same image; each region waits for its own approval.")
        now = N_("With the image that is healthy in {before}; each region waits for its own approval.")
        action = say(N_("Ask for {environment}"), **names)
        ask = Step(
            action,
            say(now if any(p.running for p in places if p.environment == first.name) else later, **names),
            done=False,
            action=action,
            link=f"/{project.slug}/deploy?env={stage.name}",
            command=f"podo deploy {project.slug} --env {stage.name}",
        )
        return [ask, *(Step(title, "", done=False) for title in titles[1:])]
    return [Step(titles[0], "", done=True, at=last.at), *_asked(project.slug, last, titles[1:], lang)]


def _asked(slug: str, last: Deployment, titles: Sequence[str], lang: str) -> list[Step]:
    say = partial(languages.say, lang)
    link = f"/{slug}/deployments/{last.number}"
    waits = [x.region for x in last.rollouts if x.state is RolloutState.waiting]
    begun = [x for x in last.rollouts if x.state in OPEN and x.state is not RolloutState.waiting]
    approved = next((x for x in last.rollouts if x.needs and len(x.approved_by) >= x.needs), None)
    message = N_("#{number} waits for somebody else’s approval: {regions}.")
    text = say(message, number=last.number, regions=", ".join(waits))
    approve = Step(
        titles[0],
        "" if approved else text,
        done=approved is not None,
        at=approved.approvals[-1].at if approved else None,
        action=say(N_("Review")),
        link=link,
        command=f"podo approve {slug} {last.number}",
    )
    rolls = say(N_("#{number} is {state}."), number=last.number, state=words.state(lang, last)) if begun else ""
    return [approve, Step(titles[1], rolls, done=False, action=say(N_("Watch it")), link=link)]
