"""Asking for deployments, and reading them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from podo.access import service as access
from podo.access.types import On
from podo.catalog import service as catalog
from podo.catalog.types import Environment
from podo.delivery.rules import gates, states
from podo.delivery.service import builds, releases
from podo.delivery.store import deployments as rows
from podo.delivery.store import releases as sealed
from podo.delivery.store import rollouts as parts
from podo.delivery.types import (
    COMMENT,
    DEPLOY,
    HELD,
    OPEN,
    READ,
    AlphaMissing,
    Bundle,
    Comment,
    Commented,
    Deployment,
    DeploymentAsked,
    DeploymentKind,
    DeploymentResealed,
    DeploymentRetried,
    Draft,
    NoSuchDeployment,
    NotOpen,
    Place,
    Release,
    Rollout,
    RolloutCancelled,
    RolloutState,
    Search,
    Seen,
    Standing,
)
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Page

_LOST = (RolloutState.failed, RolloutState.rolled_back, RolloutState.halted, RolloutState.stuck, RolloutState.cancelled)


async def request(
    tx: Tx, draft: Draft, environment: str, *, title: str = "", description: str = "", once: str | None = None
) -> Deployment:
    """Ask to bring a drafted release to an environment: one rollout a target, each with its own approval where that is asked for.

    `once` names what asks by itself: a second time the first deployment is returned. Older deployments that have not started
    there are cancelled. Raises `AlphaMissing`, `ConfigMoved`, `NotAllowed`.
    """
    project = draft.release.project
    if once and (known := await rows.by_once(tx, once)):
        return await deployment(tx, *known)
    owner = await catalog.owner(tx, (await catalog.deployable(tx, project)).slug)
    await access.require(tx, DEPLOY, On(project=project, team=owner.team, environment=environment))
    stage = await _stage(tx, environment)
    await _alpha_first(tx, draft.release, stage)
    release = await releases.seal(tx, draft)
    build = await builds.build(tx, project, release.build)
    number = await rows.next_number(tx, project)
    made = Deployment(
        project=project,
        number=number,
        environment=environment,
        kind=DeploymentKind.deploy,
        release=release.id,
        build=build.number,
        commit=build.commit.sha,
        ref=build.ref,
        title=title.strip() or build.commit.subject or f"Deploy {build.commit.short}",
        description=description.strip(),
        by=tx.actor.id,
        at=clock.now(),
        rollouts=tuple([await _rollout(tx, project, number, stage, b, n) for n, b in enumerate(release.bundles)]),
    )
    await rows.add(tx, made, once=once)
    tx.say(
        DeploymentAsked(
            project=project,
            environment=environment,
            subject=made.subject,
            number=number,
            release=release.id,
            short=build.commit.short,
            regions=", ".join(r.region for r in made.rollouts),
        )
    )
    await _supersede(tx, made)
    return made


async def _stage(r: Reading, name: str) -> Environment:
    return next(e for e in await catalog.environments(r) if e.name == name)


async def _alpha_first(r: Reading, release: Release, stage: Environment) -> None:
    """A protected environment takes only what was healthy in the one before it."""
    earlier = [e for e in await catalog.environments(r) if e.order < stage.order]
    if not earlier or not stage.protected:
        return
    before = earlier[-1].name
    if not await sealed.was_healthy(r, release.project, before, release.digest, release.chart):
        raise AlphaMissing(environment=stage.name, before=before, commit=release.commit[:7], project=release.project)


async def _rollout(r: Reading, project: str, number: int, stage: Environment, bundle: Bundle, order: int) -> Rollout:
    target = await catalog.resolve(r, bundle.environment, bundle.region)
    there = await parts.active(r, project, bundle.environment, bundle.region)
    return new_rollout(
        project=project,
        number=number,
        place=(bundle.environment, bundle.region, target.cluster),
        # Where nobody has to approve, regions do not wait for each other either.
        order=order if stage.protected else 0,
        needs=stage.approvals,
        bundle=bundle.hash,
        previous=there.number if there else None,
    )


def new_rollout(
    *, project: str, number: int, place: tuple[str, str, str], order: int, needs: int, bundle: str, previous: int | None
) -> Rollout:
    """A rollout that has not started."""
    environment, region, cluster = place
    return Rollout(
        id=ids.new("rol"),
        project=project,
        number=number,
        environment=environment,
        region=region,
        cluster=cluster,
        order=order,
        needs=needs,
        bundle=bundle,
        state=RolloutState.waiting if needs else RolloutState.queued,
        epoch=0,
        why="",
        seen=Seen(),
        previous=previous,
        asked_at=clock.now(),
        started_at=None,
        healthy_at=None,
        soak_until=None,
        ended_at=None,
        due_at=None,
    )


async def _supersede(tx: Tx, newer: Deployment) -> None:
    touched: set[int] = set()
    for rollout in newer.rollouts:
        for old in await parts.others_open(tx, newer.project, rollout.environment, rollout.region, newer.number):
            if old.state in (RolloutState.waiting, RolloutState.queued) and old.started_at is None:
                await cancel_rollout(tx, old, f"superseded by #{newer.number}")
                touched.add(old.number)
    for number in touched:
        await rows.settle(tx, newer.project, number)


async def cancel_rollout(tx: Tx, rollout: Rollout, why: str) -> None:
    """It never starts. The caller settles its deployment."""
    states.check(rollout.state, RolloutState.cancelled, region=rollout.region, verb="cancel")
    await parts.change(tx, rollout.id, state=RolloutState.cancelled, why=why, ended_at=clock.now())
    await parts.watch(tx, rollout.id, due_at=None)
    tx.say(RolloutCancelled(**about(rollout), release="", why=why))


def subject(project: str, number: int) -> str:
    """What events of a deployment are about."""
    return f"deployment/{project}/{number}"


def about(rollout: Rollout) -> dict[str, Any]:
    """What every event of a rollout names."""
    return {
        "project": rollout.project,
        "environment": rollout.environment,
        "region": rollout.region,
        "subject": subject(rollout.project, rollout.number),
        "number": rollout.number,
        "rollout": rollout.id,
    }


async def reseal(tx: Tx, draft: Draft, number: int) -> Deployment:
    """Bring another release by the same deployment; approvals of regions whose bundle changed are void. Raises `NotOpen`."""
    project = draft.release.project
    was = await deployment(tx, project, number)
    owner = await catalog.owner(tx, project)
    await access.require(tx, DEPLOY, On(project=project, team=owner.team, environment=was.environment))
    if was.kind is not DeploymentKind.deploy or any(r.started_at for r in was.rollouts) or not was.is_open:
        raise NotOpen(region=was.environment, state=was.state.value, verb="seal anew")
    await _alpha_first(tx, draft.release, await _stage(tx, was.environment))
    release = await releases.seal(tx, draft)
    changed: list[str] = []
    for rollout in was.rollouts:
        bundle = release.bundle(rollout.environment, rollout.region)
        if bundle is not None and bundle.hash != rollout.bundle:
            changed.append(rollout.region)
            state = RolloutState.waiting if rollout.needs else RolloutState.queued
            await parts.change(tx, rollout.id, bundle=bundle.hash, state=state)
    if release.id != was.release:
        await rows.reseal(tx, project, number, release.id)
        tx.say(
            DeploymentResealed(
                project=project,
                environment=was.environment,
                subject=was.subject,
                number=number,
                release=release.id,
                regions=", ".join(changed) or "-",
            )
        )
    return await deployment(tx, project, number)


async def retry(tx: Tx, project: str, number: int) -> Deployment:
    """Try again what ended badly, with the same release; where approval is asked for, it is asked for again. Raises `NotOpen`."""
    was = await deployment(tx, project, number)
    owner = await catalog.owner(tx, (await catalog.deployable(tx, project)).slug)
    await access.require(tx, DEPLOY, On(project=project, team=owner.team, environment=was.environment))
    lost = [r for r in was.rollouts if r.state in _LOST]
    if not lost:
        raise NotOpen(region=was.environment, state=was.state.value, verb="try again")
    for rollout in lost:
        await _not_overtaken(tx, rollout)
        stopped = rollout.state in {RolloutState.halted, *HELD}
        state = RolloutState.queued if (stopped and gates.is_approved(rollout)) or not rollout.needs else RolloutState.waiting
        if state is RolloutState.waiting and rollout.state is RolloutState.stuck:
            state = RolloutState.queued
        states.check(rollout.state, state, region=rollout.region, verb="try again")
        if state is RolloutState.waiting:
            await parts.drop_approvals(tx, rollout.id)
        fresh = {"why": "", "back": False, "halt_asked": False, "ended_at": None, "started_at": None, "soak_until": None}
        await parts.change(tx, rollout.id, state=state, **fresh)
        await parts.watch(tx, rollout.id, due_at=None, silent_since=None, degraded_since=None)
    await rows.settle(tx, project, number)
    tx.say(
        DeploymentRetried(
            project=project,
            environment=was.environment,
            subject=was.subject,
            number=number,
            release=was.release,
            regions=", ".join(r.region for r in lost),
        )
    )
    return await deployment(tx, project, number)


async def _not_overtaken(tx: Tx, rollout: Rollout) -> None:
    newer = [RolloutState.healthy, RolloutState.rolling, RolloutState.soaking]
    for other, _, _ in await parts.there(tx, [rollout.project], newer):
        if (other.environment, other.region) == (rollout.environment, rollout.region) and other.number > rollout.number:
            raise NotOpen(region=rollout.region, state=f"on #{other.number} by now", verb="try again")


async def comment(tx: Tx, project: str, number: int, text: str) -> Comment:
    """Say something about a deployment, in Markdown. An empty text says nothing."""
    was = await deployment(tx, project, number)
    await access.require(tx, COMMENT, On(project=project))
    made = Comment(ids.new("cmt"), project, number, tx.actor.id, text.strip()[:20_000], clock.now())
    if made.text:
        rows.add_comment(tx, made)
        tx.say(
            Commented(
                project=project,
                environment=was.environment,
                subject=was.subject,
                number=number,
                release=was.release,
                comment=made.id,
            )
        )
    return made


async def deployment(r: Reading, project: str, number: int) -> Deployment:
    """With rollouts and approvals. Raises `NoSuchDeployment`."""
    await access.require(r, READ, On(project=project))
    found = await rows.deployment(r, project, number)
    if found is None:
        raise NoSuchDeployment(project=project, number=number)
    return found


async def deployments(r: Reading, wanted: Search, *, cursor: str | None = None, limit: int = 30) -> Page[Deployment]:
    """Newest first."""
    await access.require(r, READ, On(project=wanted.project))
    return await rows.find(r, wanted, cursor=cursor, limit=limit)


async def healthy_with(r: Reading, of: Deployment, environment: str) -> list[tuple[int, str, datetime]]:
    """Where its commit was healthy in this environment when it was asked for: (number, region, since when), newest first."""
    await access.require(r, READ, On(project=of.project))
    return await parts.healthy_with(r, of.project, environment, of.commit, of.at)


async def counts(r: Reading, wanted: Search) -> tuple[int, int]:
    """How many are open, and how many finished."""
    return await rows.counts(r, wanted)


async def open_count(r: Reading, project: str) -> int:
    """How many of a project are open."""
    return (await rows.counts(r, Search(project=project)))[0]


async def waiting_in(r: Reading, projects: Collection[str] | None) -> list[Deployment]:
    """Deployments that wait for people, newest first; None: everywhere."""
    return await rows.waiting_in(r, projects)


async def projects_waiting(r: Reading) -> list[str]:
    """Projects of which something waits for people."""
    return await rows.projects_waiting(r)


async def comments(r: Reading, project: str, number: int, only: Collection[str] | None = None) -> list[Comment]:
    """Oldest first; where `only` names some, those."""
    return await rows.comments(r, project, number, only)


async def comment_counts(r: Reading, found: Sequence[Deployment]) -> dict[tuple[str, int], int]:
    """How many comments each has."""
    return await rows.comment_counts(r, [(d.project, d.number) for d in found]) if found else {}


async def places(r: Reading, project: str) -> list[Place]:
    """Every target of a project: what runs there and what wants to, in promotion order."""
    await access.require(r, READ, On(project=project))
    running = {(x.environment, x.region): (x, sha) for x, sha, _ in await parts.there(r, [project], [RolloutState.healthy])}
    coming = {(x.environment, x.region): x for x, _, _ in reversed(await parts.there(r, [project], [*OPEN, *HELD]))}
    found: list[Place] = []
    for t in await catalog.targets(r, project):
        now, sha = running.get((t.environment, t.region), (None, ""))
        found.append(Place(t.environment, t.region, t.cluster, now, sha, coming.get((t.environment, t.region))))
    return found


async def running_in(r: Reading, projects: Sequence[str]) -> dict[str, list[Standing]]:
    """What is healthy or on its way in each project, in one question."""
    found: dict[str, list[Standing]] = {}
    if projects:
        for one in await parts.standing(r, projects, [RolloutState.healthy, *OPEN, *HELD]):
            found.setdefault(one.project, []).append(one)
    return found
