"""Telling people: reviewers when they are asked, requesters how it went, a team whose build failed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from podo.access import service as access
from podo.catalog import service as catalog
from podo.delivery import messages
from podo.delivery.service import approvals, builds, deployments
from podo.delivery.types import (
    BuildFailed,
    ChangesRequested,
    Deployment,
    DeploymentAsked,
    DeploymentKind,
    DeploymentResealed,
    DeploymentRetried,
    HaltAsked,
    RolloutFailed,
    RolloutHealthy,
    RolloutRejected,
    RolloutRolledBack,
    RolloutState,
    RolloutStuck,
)
from podo.kernel.db import Reading, Tx
from podo.kernel.events import Entry, Handler, Handling
from podo.kernel.nouns import PODO
from podo.notices import service as notices
from podo.notices.types import Message

# Who else wants to write waits for no more than these.
_TOGETHER = 40
_ASKED = frozenset(e.code for e in (DeploymentAsked, DeploymentRetried, DeploymentResealed))
# What the team is told of, where Podo itself was the requester.
_TROUBLE = frozenset(e.code for e in (RolloutFailed, RolloutRolledBack, RolloutStuck))
_WENT = frozenset(
    e.code
    for e in (
        *(RolloutHealthy, RolloutFailed, RolloutRolledBack, RolloutStuck),
        *(HaltAsked, RolloutRejected, ChangesRequested),
    )
)


async def tell(entry: Entry, at: Handling) -> None:
    """Tell whom it concerns, but for who did it."""
    await tell_together([entry], at)


async def tell_together(entries: Sequence[Entry], at: Handling) -> None:
    """The same for several."""
    for first in range(0, len(entries), _TOGETHER):
        async with at.transaction() as tx:
            for entry in entries[first : first + _TOGETHER]:
                with at.hearing(entry), tx.following(entry.whence):
                    await _tell(tx, entry)


async def _tell(tx: Tx, entry: Entry) -> None:
    if entry.code == BuildFailed.code:
        await _build(tx, entry)
        return
    of = await deployments.deployment(tx, entry.project or "", int(entry.facts["number"]))
    if entry.code in _ASKED:
        await _reviewers(tx, entry, of)
        return
    message = await _message(tx, entry, of)
    people = [of.by] if of.by != PODO.id else await _team(tx, of.project) if entry.code in _TROUBLE else []
    if message is not None:
        await notices.tell(tx, _others(people, entry), message)


async def _reviewers(tx: Tx, entry: Entry, of: Deployment) -> None:
    waits = [x.region for x in of.rollouts if x.state is RolloutState.waiting]
    if entry.code == DeploymentResealed.code:
        anew = str(entry.facts.get("regions", "")).split(", ")
        waits = [region for region in waits if region in anew]
    if not waits:
        return
    message = messages.approval_asked(of, await _name(tx, of.by), waits)
    await notices.tell(tx, _others(await approvals.reviewers(tx, of), entry), message)


async def _message(r: Reading, entry: Entry, of: Deployment) -> Message | None:
    region, why = entry.region or "", str(entry.facts.get("why", ""))
    match entry.code:
        case RolloutHealthy.code:
            return messages.healthy(of, region)
        case RolloutFailed.code:
            return messages.failed(of, region, why)
        case RolloutStuck.code:
            return messages.stuck(of, region, why)
        case HaltAsked.code:
            return messages.halted(of, region, await _name(r, entry.actor.id))
        case RolloutRejected.code:
            return messages.rejected(of, region, await _name(r, entry.actor.id))
        case ChangesRequested.code:
            return messages.changes_asked(of, region, await _name(r, entry.actor.id))
        case _:
            return await _put_back(r, of, region, int(entry.facts["back_to"]), why)


async def _put_back(r: Reading, of: Deployment, region: str, back_to: int, why: str) -> Message | None:
    """Podo put it back because it failed, or somebody asked for what was there before."""
    other = await deployments.deployment(r, of.project, back_to)
    if other.kind is not DeploymentKind.rollback or other.number < of.number:
        return messages.rolled_back(of, region, back_to, why)
    return messages.replaced(of, region, back_to, await _name(r, other.by)) if other.by != of.by else None


async def _build(tx: Tx, entry: Entry) -> None:
    build = await builds.build(tx, entry.project or "", int(entry.facts["number"]))
    people = [build.by] if build.by != PODO.id else await _team(tx, build.project)
    await notices.tell(tx, _others(people, entry), messages.build_failed(build))


def _others(people: Collection[str], entry: Entry) -> list[str]:
    return [p for p in people if p != entry.actor.id]


async def _team(r: Reading, project: str) -> list[str]:
    owner = await catalog.owner(r, project)
    return [person.id for person, _ in await access.members(r, owner.team)]


async def _name(r: Reading, person: str) -> str:
    if person == PODO.id:
        return "Podo"
    found = await access.people(r, [person])
    return found[person].name if person in found else person


HANDLERS = (Handler("delivery.notices", _ASKED | _WENT | {BuildFailed.code}, tell, tell_together),)
