"""What becomes of the things of a team that is no more: moved, or kept and offered; and back, where it was a mistake.

Each verb looks at what is so now, not at what was heard: any order, twice, or late, the end is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from podo.access import service as access
from podo.access.types import SuccessionKind
from podo.catalog import rules, store
from podo.catalog.service.charts import Organisation, custody_lasts, organisation
from podo.catalog.service.owners import moment, withdraw_all
from podo.catalog.service.suggestions import suggested
from podo.catalog.types import (
    CustodyTaken,
    Evidence,
    Offer,
    OfferKind,
    OfferState,
    OfferWithdrawn,
    Ownership,
    OwnershipChanged,
    TeamRestored,
    TeamSettled,
)
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.errors import N_
from podo.kernel.events import Event
from podo.kernel.nouns import PODO

_WHY = {
    SuccessionKind.merge: N_("its team merged into this one"),
    SuccessionKind.split: N_("its team was split"),
    SuccessionKind.dissolve: N_("its team was dissolved"),
}


async def unsettled_teams(r: Reading) -> list[str]:
    """The ids of teams that ended and still own something, or are still offered something."""
    holding = {*await store.owning_teams(r), *[o.team for o in await store.open_offers(r)]}
    at = clock.now()
    plain = {t.id for t in await access.teams(r) if t.ended_at is None and (t.began_at is None or t.began_at <= at)}
    if not (doubtful := holding - plain):
        # Seldom otherwise, and asked after every change of the directory: everybody need not be read for it.
        return []
    now = (await organisation(r)).chart()
    return sorted(t for t in doubtful if rules.fate(now, t) is not None)


async def settle(tx: Tx, team: str) -> int:
    """What a team owned goes on, if it ended: to its one successor, else into custody with offers. How many things moved.

    What it had only in custody stays in custody, whoever keeps it from now on; offers of it stand. Offers to the team itself go
    to its successor, or are withdrawn. Does nothing for a team that lives, and nothing where no team lives.
    """
    was = await store.owned_by(tx, [team])
    if not was and not await store.open_offers(tx, teams=[team]):
        # A directory's first push brings hundreds of teams: everybody need not be read for each.
        return 0
    org = await organisation(tx)
    fate = rules.fate(org.chart(), team)
    if fate is None:
        return 0
    await _readdress(tx, org, team, fate)
    if not was:
        return 0
    moved = _moved(org, team, fate, was)
    await store.pass_on(tx, moved)
    await store.hold(tx, {now.subject: now.team for _, now in moved})
    fresh = [now for old, now in moved if now.custody and not old.custody and now.project]
    if fresh:
        await _offer(tx, org, team, fate, fresh)
    _tell(tx, org, team, fate, moved)
    return len(moved)


def _moved(org: Organisation, team: str, fate: rules.Fate, was: Sequence[Ownership]) -> list[tuple[Ownership, Ownership]]:
    now, ended = moment(was), org.teams[team].ended_at
    since = ended if ended is not None and ended <= now else now
    why = _WHY[fate.kind]
    found: list[tuple[Ownership, Ownership]] = []
    for o in was:
        of, custody = (o.of, True) if o.custody else (team, fate.custody)
        begun = max(since, o.since)
        found.append((o, Ownership(o.subject, fate.to, begun, None, now, PODO.id, why, custody=custody, of=of)))
    return found


def _tell(tx: Tx, org: Organisation, team: str, fate: rules.Fate, moved: Sequence[tuple[Ownership, Ownership]]) -> None:
    to_name, why = org.name(fate.to), _WHY[fate.kind]
    for _, now in moved:
        if now.project:
            tx.say(_told(org, now, why))
    kept = sum(now.custody for _, now in moved)
    tx.say(
        TeamSettled(
            team=team,
            name=org.name(team),
            to=fate.to,
            to_name=to_name,
            count=len(moved),
            custody=kept,
            kind=fate.kind.value,
            subject=f"team/{org.teams[team].handle}",
        )
    )


def _told(org: Organisation, now: Ownership, why: str) -> Event:
    name = org.name(now.team)
    if now.custody:
        return CustodyTaken(project=now.project, team=now.team, team_name=name, of=now.of, of_name=org.name(now.of))
    return OwnershipChanged(project=now.project, team=now.team, team_name=name, why=why)


async def _offer(tx: Tx, org: Organisation, team: str, fate: rules.Fate, fresh: Sequence[Ownership]) -> None:
    found = await suggested(tx, [o.project for o in fresh], org.teams[team], fate, org)
    there = {(o.subject, o.team) for o in await store.open_offers(tx, subjects=[o.subject for o in fresh])}
    now = clock.now()
    made: list[Offer] = []
    for ownership in fresh:
        new = [(to, why) for to, why in found.get(ownership.project, ()) if (ownership.subject, to) not in there]
        made += [_custody_offer(ownership, to, rank, why, now) for rank, (to, why) in enumerate(new, start=1)]
    await store.add_offers(tx, made)


def _custody_offer(ownership: Ownership, to: str, rank: int, why: Sequence[Evidence], now: datetime) -> Offer:
    return Offer(
        id=ids.new("off"),
        subject=ownership.subject,
        kind=OfferKind.custody,
        team=to,
        holder=ownership.team,
        of=ownership.of,
        rank=rank,
        evidence=tuple(why),
        state=OfferState.open,
        offered_at=now,
        due_at=now + custody_lasts(),
        by=PODO.id,
    )


async def _readdress(tx: Tx, org: Organisation, team: str, fate: rules.Fate) -> None:
    """Offers to a team that ended: to its one successor, unless that has one already, or holds it; else withdrawn."""
    mine = await store.open_offers(tx, teams=[team])
    if not mine:
        return
    now = clock.now()
    await store.answer(tx, [o.id for o in mine], OfferState.withdrawn, at=now, by=PODO.id, why=_WHY[fate.kind])
    for o in mine:
        tx.say(OfferWithdrawn(project=o.project, offer=o.id, team=team, team_name=org.name(team)))
    if fate.custody:
        return
    there = {(o.subject, o.team) for o in await store.open_offers(tx, subjects=[o.subject for o in mine])}
    follow = [o for o in mine if (o.subject, fate.to) not in there and o.holder != fate.to]
    await store.add_offers(tx, [replace(o, id=ids.new("off"), team=fate.to, offered_at=now) for o in follow])


async def restore(tx: Tx, team: str) -> int:
    """A team lives again that Podo took for ended: what Podo moved away from it comes back. How many things did.

    What people accepted, gave away or set right since then stays where it is.
    """
    org = await organisation(tx)
    if team not in org.chart().living:
        return 0
    pairs = await store.moved_away(tx, team, PODO.id)
    if not pairs:
        return 0
    now = moment([o for _, o in pairs])
    why = N_("its team is not at an end after all")
    back = [(o, replace(before, since=now, until=None, recorded_at=now, by=PODO.id, why=why)) for before, o in pairs]
    await store.pass_on(tx, back)
    await withdraw_all(tx, [o.subject for _, o in pairs], why)
    for _, o in back:
        if o.project:
            tx.say(OwnershipChanged(project=o.project, team=team, team_name=org.name(team), why=why))
    tx.say(TeamRestored(team=team, name=org.name(team), count=len(back), subject=f"team/{org.teams[team].handle}"))
    return len(back)
