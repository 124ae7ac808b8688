"""Halting, and going back."""

from __future__ import annotations

from podo.access import service as access
from podo.access.types import On
from podo.catalog import service as catalog
from podo.delivery.rules import states
from podo.delivery.service import releases
from podo.delivery.service.deployments import about, deployment, new_rollout
from podo.delivery.store import deployments as rows
from podo.delivery.store import rollouts as parts
from podo.delivery.types import (
    HALT,
    HELD,
    OPEN,
    ROLL_BACK,
    Deployment,
    DeploymentKind,
    HaltAsked,
    NoSuchRollout,
    NothingToGoBackTo,
    NotOpen,
    RollbackAsked,
    Rollout,
    RolloutHalted,
    RolloutState,
)
from podo.kernel import clock
from podo.kernel.db import Reading, Tx

# What a target may be left from: nothing of the others is there.
_THERE = (*(RolloutState.rolling, RolloutState.soaking, RolloutState.stuck, RolloutState.halted, RolloutState.healthy),)


async def halt(tx: Tx, project: str, number: int, why: str = "") -> Deployment:
    """Stop everything of a deployment that has not finished; what is healthy stays. Raises `NotOpen`.

    What moves in a cluster is paused where it stands by the run that moves it; everything else is halted at once.
    """
    was = await deployment(tx, project, number)
    owner = await catalog.owner(tx, project)
    await access.require(tx, HALT, On(project=project, team=owner.team, environment=was.environment))
    unfinished = [r for r in was.rollouts if r.state in OPEN | HELD]
    if not unfinished:
        raise NotOpen(region=was.environment, state=was.state.value, verb="halt")
    for rollout in unfinished:
        await _halt(tx, rollout, why.strip()[:1000], was.release)
    await rows.settle(tx, project, number)
    return await deployment(tx, project, number)


async def _halt(tx: Tx, rollout: Rollout, why: str, release: str) -> None:
    tx.say(HaltAsked(**about(rollout), release=release, why=why))
    if rollout.state is RolloutState.rolling:
        await parts.change(tx, rollout.id, halt_asked=True, why=why)
        await parts.watch(tx, rollout.id, due_at=clock.now())
        return
    await _halted(tx, rollout, why)
    tx.say(RolloutHalted(**about(rollout), release=release))


async def _halted(tx: Tx, rollout: Rollout, why: str) -> None:
    states.check(rollout.state, RolloutState.halted, region=rollout.region, verb="halt")
    # A new epoch: a run that is about to begin finds that it is not the newest any more.
    await parts.change(tx, rollout.id, state=RolloutState.halted, why=why, ended_at=clock.now(), halt_asked=False)
    await parts.watch(tx, rollout.id, due_at=None, epoch=rollout.epoch + 1)


async def roll_back(tx: Tx, project: str, environment: str, region: str, *, to: int | None = None) -> Deployment:
    """Bring back what was healthy in a target before, without a build and without an approval.

    `to` names the deployment to go back to; None: the last one that was healthy before what is there or on its way now.
    What still moves there is halted first. Raises `NothingToGoBackTo`, `NotAllowed`.
    """
    owner = await catalog.owner(tx, project)
    await access.require(tx, ROLL_BACK, On(project=project, team=owner.team, environment=environment))
    here = await _here(tx, project, environment, region)
    back = await _target(tx, here, project, environment, region, to)
    old = await deployment(tx, project, back.number)
    bundle = await releases.bundle_of(tx, project, back.number, environment, region)
    assert bundle is not None
    number = await rows.next_number(tx, project)
    target = await catalog.resolve(tx, environment, region)
    made = Deployment(
        project=project,
        number=number,
        environment=environment,
        kind=DeploymentKind.rollback,
        release=old.release,
        build=old.build,
        commit=old.commit,
        ref=old.ref,
        title=f"↩ #{old.number}: {old.title}",
        description="",
        by=tx.actor.id,
        at=clock.now(),
        rollouts=(
            new_rollout(
                project=project,
                number=number,
                place=(environment, region, target.cluster),
                order=0,
                needs=0,
                bundle=bundle.hash,
                previous=here.number if here.healthy_at else here.previous,
            ),
        ),
    )
    await rows.add(tx, made, once=None)
    tx.say(
        RollbackAsked(
            project=project,
            environment=environment,
            region=region,
            subject=made.subject,
            number=number,
            release=old.release,
            short=old.commit[:7],
            regions=region,
            back_to=old.number,
        )
    )
    if here.state in OPEN | HELD:
        await _halt(tx, here, f"#{number} goes back to #{old.number}", old.release)
        await rows.settle(tx, project, here.number)
    return made


async def _here(r: Reading, project: str, environment: str, region: str) -> Rollout:
    """What is to be left: the newest that is there, whole or half-way."""
    for rollout, _, _ in await parts.there(r, [project], _THERE):
        begun = rollout.started_at is not None or rollout.healthy_at is not None
        if (rollout.environment, rollout.region) == (environment, region) and begun:
            return rollout
    raise NothingToGoBackTo(project=project, environment=environment, region=region, number="-")


async def _target(r: Reading, here: Rollout, project: str, environment: str, region: str, to: int | None) -> Rollout:
    if to is None:
        found = await parts.healthy_before(r, project, environment, region, here.number, other_than=here.bundle)
    else:
        found = await parts.healthy_before(r, project, environment, region, to + 1)
    if found is None or (to is not None and found.number != to):
        raise NothingToGoBackTo(project=project, environment=environment, region=region, number=to or here.number)
    return found


async def way_back(r: Reading, rollout: Rollout) -> int | None:
    """The deployment that `roll_back` would go to from this rollout; None where there is none."""
    place = rollout.project, rollout.environment, rollout.region
    found = await parts.healthy_before(r, *place, rollout.number, other_than=rollout.bundle)
    return found.number if found else None


async def rollout_in(r: Reading, project: str, number: int, region: str) -> Rollout:
    """One rollout of a deployment. Raises `NoSuchRollout`."""
    of = await deployment(r, project, number)
    for rollout in of.rollouts:
        if rollout.region == region:
            return rollout
    raise NoSuchRollout(project=project, number=number, region=region, regions=", ".join(x.region for x in of.rollouts))
