"""Offers of ownership: made, accepted, declined, withdrawn, lapsed; and custody handed up."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from podo.access import service as access
from podo.access.types import On, Team
from podo.catalog import rules, store
from podo.catalog.service.charts import custody_lasts, led_by, organisation
from podo.catalog.service.owners import living_team, may_give, moment, owner, withdraw_all
from podo.catalog.service.projects import project
from podo.catalog.types import (
    ACCEPT,
    READ,
    CustodyEscalated,
    NoCustody,
    NoSuchOffer,
    NothingAbove,
    Offer,
    OfferAccepted,
    OfferDeclined,
    OfferedAlready,
    OfferKind,
    OfferMade,
    OfferOver,
    OffersLapsed,
    OfferState,
    OfferToOwner,
    OfferWithdrawn,
    Ownership,
    OwnershipChanged,
    WrongTime,
    of_project,
)
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.errors import N_


async def offer(r: Reading, id_: str) -> Offer:
    """One, answered or not. Raises `NoSuchOffer`."""
    await access.require(r, READ, On())
    found = await store.offer(r, id_)
    if found is None:
        raise NoSuchOffer(project=id_, team="?")
    return found


async def offers(r: Reading, slug: str) -> list[Offer]:
    """All of a project, those that stand first, the likeliest first."""
    return await store.offers_of(r, of_project(slug))


async def open_offers(r: Reading, *, teams: Collection[str] | None = None, of: str | None = None) -> list[Offer]:
    """Those that wait for an answer, the first due first: all, to these teams, or of what one team left behind."""
    await access.require(r, READ, On())
    return await store.open_offers(r, teams=teams, of=of)


async def offers_waiting(r: Reading, person: str) -> list[Offer]:
    """Those that wait for a person: to the teams that the person leads, and to those below them."""
    led = await led_by(r, person)
    return await store.open_offers(r, teams=led) if led else []


async def count_waiting(r: Reading, person: str) -> int:
    """How many wait for a person."""
    led = await led_by(r, person)
    return await store.count_offers(r, led) if led else 0


async def make_offer(tx: Tx, slug: str, team: str, why: str = "", due_at: datetime | None = None) -> Offer:
    """Offer a project to another team, which may accept until then; it stays with its owner meanwhile.

    Raises `NoSuchTeam`, `TeamEnded`, `OfferToOwner`, `OfferedAlready`, `WrongTime` for a time that is over.
    """
    found = await may_give(tx, slug)
    to = await living_team(tx, team)
    if to.id == found.team:
        raise OfferToOwner(team=to.name, project=slug)
    now = clock.now()
    if due_at is not None and due_at <= now:
        raise WrongTime(value=due_at.isoformat(), why="it is over")
    if any(o.team == to.id for o in await store.open_offers(tx, subjects=[of_project(slug)])):
        raise OfferedAlready(project=slug, team=to.name)
    was = await owner(tx, slug)
    kind = OfferKind.custody if was.custody else OfferKind.transfer
    made = Offer(
        id=ids.new("off"),
        subject=was.subject,
        kind=kind,
        team=to.id,
        holder=was.team,
        of=was.of if was.custody else "",
        rank=1,
        evidence=(),
        state=OfferState.open,
        offered_at=now,
        due_at=due_at or now + custody_lasts(),
        by=tx.actor.id,
        why=why.strip(),
    )
    await store.add_offers(tx, [made])
    tx.say(OfferMade(project=slug, offer=made.id, team=to.id, team_name=to.name, why=made.why))
    return made


async def accept(tx: Tx, slug: str, team: str) -> Ownership:
    """A team takes what it was offered; other offers of it are withdrawn. A second time does nothing.

    Raises `NoSuchOffer`, `OfferOver`, `TeamEnded`.
    """
    found = await _offered(tx, slug, team)
    was = await owner(tx, slug)
    if found.state is OfferState.accepted and was.team == found.team:
        return was
    _check_open(found)
    taking = await living_team(tx, found.team)
    now = moment([was])
    of = was.of if was.custody else was.team
    taken = Ownership(was.subject, taking.id, now, None, now, tx.actor.id, N_("accepted"), of=of)
    await store.pass_on(tx, [(was, taken)])
    await store.answer(tx, [found.id], OfferState.accepted, at=clock.now(), by=tx.actor.id)
    await withdraw_all(tx, [found.subject], N_("another team took it"), but=found.id)
    tx.say(OfferAccepted(project=slug, offer=found.id, team=taking.id, team_name=taking.name, holder=was.team))
    tx.say(OwnershipChanged(project=slug, team=taking.id, team_name=taking.name, why=taken.why))
    return taken


async def decline(tx: Tx, slug: str, team: str, why: str = "") -> Offer:
    """A team does not want it; it stays where it is. A second time does nothing. Raises `NoSuchOffer`, `OfferOver`."""
    found = await _offered(tx, slug, team)
    if found.state is OfferState.declined:
        return found
    _check_open(found)
    named = await access.team(tx, found.team)
    await store.answer(tx, [found.id], OfferState.declined, at=clock.now(), by=tx.actor.id, why=why.strip())
    said = {"offer": found.id, "team": named.id, "team_name": named.name, "holder": found.holder, "why": why.strip()}
    tx.say(OfferDeclined(project=slug, **said))
    return await offer(tx, found.id)


async def withdraw_offer(tx: Tx, slug: str, team: str, why: str = "") -> Offer:
    """Whoever holds a project takes an offer of it back. A second time does nothing. Raises `NoSuchOffer`, `OfferOver`."""
    await may_give(tx, slug)
    found = await _newest(tx, slug, await access.team(tx, team))
    if found.state is OfferState.withdrawn:
        return found
    _check_open(found)
    named = await access.team(tx, found.team)
    await store.answer(tx, [found.id], OfferState.withdrawn, at=clock.now(), by=tx.actor.id, why=why.strip())
    tx.say(OfferWithdrawn(project=slug, offer=found.id, team=named.id, team_name=named.name))
    return await offer(tx, found.id)


async def _offered(tx: Tx, slug: str, team: str) -> Offer:
    await project(tx, slug)
    named = await access.team(tx, team)
    await access.require(tx, ACCEPT, On(project=slug, team=named.id))
    return await _newest(tx, slug, named)


async def _newest(r: Reading, slug: str, team: Team) -> Offer:
    """The offer that stands, else the last that did."""
    found = next((o for o in await offers(r, slug) if o.team == team.id), None)
    if found is None:
        raise NoSuchOffer(project=slug, team=team.name)
    return found


async def escalate(tx: Tx, slug: str, why: str) -> Ownership:
    """Who keeps a project and cannot hands it to the nearest living team above; offers of it stand.

    Raises `NoCustody`, `NothingAbove`.
    """
    await may_give(tx, slug)
    was = await owner(tx, slug)
    if not was.custody:
        raise NoCustody(project=slug)
    org = await organisation(tx)
    above = rules.above(org.chart(), was.team)
    if not above:
        raise NothingAbove(team=org.name(was.team), project=slug)
    now = moment([was])
    reason = why.strip() or N_("handed up")
    kept = replace(was, team=above, since=now, recorded_at=now, by=tx.actor.id, why=reason)
    await store.pass_on(tx, [(was, kept)])
    await store.hold(tx, {was.subject: above})
    tx.say(CustodyEscalated(project=slug, team=above, team_name=org.name(above), why=reason))
    return kept


async def lapse(tx: Tx, limit: int = 500) -> int:
    """Offers that nobody answered in time are over; what was offered stays with who holds it. How many there were."""
    due = await store.open_offers(tx, due=clock.now(), limit=limit)
    if not due:
        return 0
    org = await organisation(tx)
    await store.answer(tx, [o.id for o in due], OfferState.lapsed, at=clock.now(), by=tx.actor.id)
    by_project: dict[str, list[Offer]] = {}
    for o in due:
        by_project.setdefault(o.project, []).append(o)
    for slug, lapsed in by_project.items():
        holder, teams = lapsed[0].holder, ", ".join(org.name(o.team) for o in lapsed)
        tx.say(OffersLapsed(project=slug, holder=holder, holder_name=org.name(holder), teams=teams))
    return len(due)


async def has_due_offers(r: Reading) -> bool:
    """Whether an offer is over by now."""
    return bool(await store.open_offers(r, due=clock.now(), limit=1))


def _check_open(found: Offer) -> None:
    if found.state is not OfferState.open:
        raise OfferOver(project=found.project, state=found.state.value)
    if found.due_at <= clock.now():
        raise OfferOver(project=found.project, state=OfferState.lapsed.value)
