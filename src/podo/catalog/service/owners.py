"""Who owns what: asked at a time and as known then, given away, set right."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from podo.access import service as access
from podo.access.types import On, Team
from podo.catalog import rules, store
from podo.catalog.service.charts import organisation
from podo.catalog.service.projects import project
from podo.catalog.types import (
    TRANSFER,
    AssetsOwned,
    NoReason,
    NoSuchProject,
    NothingToGiveBack,
    OfferState,
    OfferWithdrawn,
    Ownership,
    OwnershipChanged,
    OwnershipCorrected,
    Project,
    TeamEnded,
    WrongTime,
    of_project,
)
from podo.kernel import clock
from podo.kernel.db import Reading, Tx
from podo.kernel.errors import N_


async def owner(r: Reading, slug: str, at: datetime | None = None, known: datetime | None = None) -> Ownership:
    """Who owns a project, or owned it at a time, as known now or then. Raises `NoSuchProject`, also where nothing was so yet."""
    found = await owners(r, [slug], at, known)
    if slug not in found:
        raise NoSuchProject(name=slug)
    return found[slug]


async def owners(
    r: Reading, slugs: Collection[str], at: datetime | None = None, known: datetime | None = None
) -> dict[str, Ownership]:
    """`owner` for many, in one question."""
    found = await owners_of(r, [of_project(slug) for slug in slugs], at, known)
    return {ownership.project: ownership for ownership in found.values()}


async def owners_of(
    r: Reading, subjects: Collection[str], at: datetime | None = None, known: datetime | None = None
) -> dict[str, Ownership]:
    """By subject, what is recorded; a subject that has no interval then is missing."""
    if known is not None and at is None:
        at = clock.now()
    return await store.owners(r, subjects, at, known)


async def history(r: Reading, slug: str, known: datetime | None = None) -> list[Ownership]:
    """All owners as known now or then, newest first."""
    return await store.ownerships(r, of_project(slug), known)


async def record(r: Reading, slug: str) -> list[Ownership]:
    """All that was ever believed of a project's owners, the newest belief first."""
    return await store.record(r, of_project(slug))


async def owned_once(r: Reading, team: str, limit: int = 50) -> list[Ownership]:
    """What a team owned and does not any more, the newest first."""
    return await store.owned_once(r, team, limit)


async def may_give(r: Reading, slug: str) -> Project:
    """The project, for who may give it away. Raises `NoSuchProject`, `NotAllowed`."""
    found = await project(r, slug)
    await access.require(r, TRANSFER, On(project=slug, team=found.team))
    return found


async def transfer(tx: Tx, slug: str, team: str, why: str) -> Ownership:
    """Give a project to another team at once, for whoever leads both, with a reason; to who keeps it: it is its own from now on.

    Raises `NoSuchTeam`, `TeamEnded`, `NoReason`. To its owner: nothing changes. Open offers of it are withdrawn.
    """
    await may_give(tx, slug)
    receiving = await living_team(tx, team)
    await access.require(tx, TRANSFER, On(project=slug, team=receiving.id))
    was = await owner(tx, slug)
    if was.team == receiving.id and not was.custody:
        return was
    if not why.strip():
        raise NoReason(project=slug)
    return await _give(tx, was, receiving, why.strip())


async def give_back(tx: Tx, slug: str, why: str) -> Ownership:
    """Undo the last change of owner: back to the team before, if it lives. Raises `NothingToGiveBack`."""
    await may_give(tx, slug)
    now, *earlier = await history(tx, slug)
    if not earlier:
        raise NothingToGiveBack(project=slug, why="nobody owned it before")
    before = earlier[0]
    receiving = await access.team(tx, before.team)
    if receiving.ended_at is not None:
        raise NothingToGiveBack(project=slug, why="the team that owned it before has ended")
    return await _give(tx, now, receiving, why.strip() or "given back", custody=before.custody, of=before.of)


async def correct(tx: Tx, slug: str, team: str, since: datetime, why: str, until: datetime | None = None) -> Sequence[Ownership]:
    """Set right who owned a project from `since` to `until` (None: to this day); what was known before stays on record.

    For whoever leads both the owner and that team. A team that has ended may have owned it while it lived. Gives the history as
    it is known now. Raises `NoReason`, and `WrongTime`: before the project was registered, in the future, or ended before begun.
    """
    found = await may_give(tx, slug)
    named = await access.team(tx, team)
    await access.require(tx, TRANSFER, On(project=slug, team=named.id))
    if not why.strip():
        raise NoReason(project=slug)
    believed = await history(tx, slug)
    now = moment(believed)
    _check_time(named, believed[-1].since, since, until, now)
    wanted = Ownership(of_project(slug), named.id, since, until, now, tx.actor.id, why.strip())
    gone, written = rules.revised(believed, wanted)
    await store.revise(tx, gone, written, now)
    said = {"since": since.isoformat(), "until": until.isoformat() if until else ""}
    tx.say(OwnershipCorrected(project=slug, team=named.id, team_name=named.name, why=why.strip(), **said))
    if (after := await owner(tx, slug)).team != found.team:
        await withdraw_all(tx, [after.subject], N_("it has another owner"))
        team_now = await access.team(tx, after.team)
        tx.say(OwnershipChanged(project=slug, team=team_now.id, team_name=team_now.name, why=why.strip()))
    return await history(tx, slug)


def _check_time(team: Team, first: datetime, since: datetime, until: datetime | None, now: datetime) -> None:
    if since < first:
        raise WrongTime(value=since.isoformat(), why="the project was registered later")
    if since > now or (until is not None and until > now):
        raise WrongTime(value=(until or since).isoformat(), why="it has not come yet")
    if until is not None and until <= since:
        raise WrongTime(value=until.isoformat(), why="it is not after the beginning")
    if team.ended_at is not None and (until is None or until > team.ended_at):
        raise WrongTime(value=(until or now).isoformat(), why="the team had ended by then")


async def living_team(r: Reading, team: str) -> Team:
    """By id or handle. Raises `NoSuchTeam`, `TeamEnded`."""
    found = await access.team(r, team)
    if found.ended_at is not None:
        raise TeamEnded(team=found.name)
    return found


async def _give(tx: Tx, was: Ownership, team: Team, why: str, *, custody: bool = False, of: str = "") -> Ownership:
    now = moment([was])
    given = Ownership(was.subject, team.id, now, None, now, tx.actor.id, why, custody=custody, of=of or was.team)
    await store.pass_on(tx, [(was, given)])
    await withdraw_all(tx, [was.subject], N_("it has another owner"))
    tx.say(OwnershipChanged(project=was.project, team=team.id, team_name=team.name, why=why))
    return given


async def withdraw_all(tx: Tx, subjects: Sequence[str], why: str, *, but: str = "") -> None:
    """Open offers of these things do not stand any more, but for one."""
    gone = [o for o in await store.open_offers(tx, subjects=subjects) if o.id != but]
    if not gone:
        return
    await store.answer(tx, [o.id for o in gone], OfferState.withdrawn, at=clock.now(), by=tx.actor.id, why=why)
    org = await organisation(tx)
    for o in gone:
        tx.say(OfferWithdrawn(project=o.project, offer=o.id, team=o.team, team_name=org.name(o.team)))


async def own_assets(tx: Tx, teams: Mapping[str, str], why: str, *, custody: bool = False, of: str = "") -> int:
    """From now on these subjects belong to these teams; how many had another owner, or none. Who may is asked by who calls it."""
    was = await store.owners(tx, teams.keys())
    now = moment(was.values())
    wanted = {s: Ownership(s, t, now, None, now, tx.actor.id, why, custody=custody, of=of) for s, t in teams.items()}
    moved = [(was[s], o) for s, o in wanted.items() if s in was and (was[s].team, was[s].custody) != (o.team, o.custody)]
    new = [o for s, o in wanted.items() if s not in was]
    await store.own(tx, new)
    await store.pass_on(tx, moved)
    changed = [*new, *(o for _, o in moved)]
    if changed:
        owning = {o.team for o in changed}
        team = await access.team(tx, changed[0].team) if len(owning) == 1 else None
        name = team.name if team else ""
        tx.say(AssetsOwned(team=team.id if team else "", team_name=name, count=len(changed), why=why))
    return len(changed)


async def release_assets(tx: Tx, subjects: Collection[str]) -> int:
    """These subjects have no owner of their own from now on, such as an asset that belongs to a project; how many had one.

    Who calls it says what happened.
    """
    was = list((await store.owners(tx, subjects)).values())
    now = moment(was)
    await store.end(tx, was, now)
    return len(was)


def moment(was: Collection[Ownership]) -> datetime:
    """Now; but never before what is recorded already, whatever the clock says."""
    return max([clock.now(), *(o.since for o in was), *(o.recorded_at for o in was)])
