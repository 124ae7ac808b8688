"""What people decide on rollouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from podo.access import service as access
from podo.access.types import On
from podo.catalog import service as catalog
from podo.delivery.rules import gates, states
from podo.delivery.service.deployments import about, deployment
from podo.delivery.store import deployments as rows
from podo.delivery.store import rollouts as parts
from podo.delivery.types import (
    APPROVE,
    Approval,
    ChangesRequested,
    Decision,
    Deployment,
    NoSuchRollout,
    NothingChosen,
    NotOpen,
    ReleaseChanged,
    Rollout,
    RolloutApproved,
    RolloutCancelled,
    RolloutRejected,
    RolloutState,
)
from podo.kernel import clock
from podo.kernel.db import Reading, Tx

_ASKED = frozenset({RolloutState.waiting, RolloutState.queued})


async def review(tx: Tx, project: str, number: int, seen: Mapping[str, str], decision: Decision, comment: str = "") -> Deployment:
    """Decide on rollouts of a deployment: `seen` maps each region to the hash of the bundle that was looked at.

    Each decision is recorded for its own region. Raises `ReleaseChanged` (nothing is recorded), `NoSuchRollout`, `NotOpen`,
    `NotAllowed` (the requester alone cannot approve).
    """
    was = await deployment(tx, project, number)
    await access.require(tx, APPROVE, await _on(tx, was))
    chosen = [_pick(was, region) for region in seen]
    if not chosen:
        raise NothingChosen(regions=", ".join(r.region for r in was.rollouts))
    for rollout in chosen:
        if rollout.state not in _ASKED or rollout.started_at is not None:
            raise NotOpen(region=rollout.region, state=rollout.state.value, verb=decision.value)
        if rollout.bundle != seen[rollout.region]:
            raise ReleaseChanged(region=rollout.region, project=project, number=number)
    for rollout in chosen:
        await _decide(tx, was, rollout, decision, comment.strip()[:4000])
    if decision is Decision.reject:
        await rows.settle(tx, project, number)
    return await deployment(tx, project, number)


async def _decide(tx: Tx, was: Deployment, rollout: Rollout, decision: Decision, comment: str) -> None:
    approval = Approval(rollout.id, tx.actor.id, decision, rollout.bundle, comment, clock.now())
    await parts.put_approval(tx, approval)
    now = await parts.rollout(tx, rollout.id)
    assert now is not None
    facts: dict[str, Any] = {**about(rollout), "release": was.release, "bundle": rollout.bundle}
    match decision:
        case Decision.approve:
            if now.state is RolloutState.waiting and gates.is_approved(now):
                await parts.change(tx, now.id, state=RolloutState.queued)
            tx.say(RolloutApproved(**facts, given=len(now.approved_by), needed=now.needs))
        case Decision.request_changes:
            if now.state is RolloutState.queued:
                await parts.change(tx, now.id, state=RolloutState.waiting)
            tx.say(ChangesRequested(**facts))
        case Decision.reject:
            states.check(now.state, RolloutState.cancelled, region=now.region, verb="reject")
            await parts.change(tx, now.id, state=RolloutState.cancelled, why=comment or "rejected", ended_at=clock.now())
            tx.say(RolloutRejected(**facts))
            tx.say(RolloutCancelled(**about(rollout), release=was.release, why="rejected"))


async def _on(r: Reading, of: Deployment) -> On:
    owner = await catalog.owner(r, of.project)
    stage = next((e for e in await catalog.environments(r) if e.name == of.environment), None)
    return On(
        project=of.project,
        team=owner.team,
        environment=of.environment,
        requester=of.by,
        self_approval=bool(stage and stage.self_approval),
    )


def _pick(of: Deployment, region: str) -> Rollout:
    for rollout in of.rollouts:
        if rollout.region == region:
            return rollout
    raise NoSuchRollout(project=of.project, number=of.number, region=region, regions=", ".join(r.region for r in of.rollouts))


async def reviewers(r: Reading, of: Deployment) -> Sequence[str]:
    """Ids of those who are asked: the owning team without the requester; SREs where the team has nobody else."""
    owner = await catalog.owner(r, of.project)
    team = [p.id for p, _ in await access.members(r, owner.team) if p.id != of.by]
    return team or [p for p in await access.sres(r) if p != of.by]
