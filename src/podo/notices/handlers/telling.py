"""What starts by itself: the mail of a sign-in link, and sending what is in the outbox."""

from __future__ import annotations

from collections import Counter

from podo.catalog import service as catalog
from podo.catalog.types import (
    CustodyEscalated,
    OfferAccepted,
    OfferDeclined,
    OfferMade,
    OffersDue,
    OffersLapsed,
    TeamSettled,
)
from podo.kernel import traces
from podo.kernel.db import Tx
from podo.kernel.domains import House
from podo.kernel.events import Entry, Handling
from podo.kernel.nouns import PODO
from podo.notices import messages, service
from podo.notices.workflows import send


async def mail_sign_in_link(entry: Entry, at: Handling) -> None:
    """Somebody asked for a link: it goes into the outbox."""
    async with at.transaction() as tx:
        await service.mail_sign_in_link(tx, entry.facts["link"])


async def send_at_once(entry: Entry, at: Handling) -> None:
    """A mail was queued: a run sends it."""
    mail = entry.facts["mail"]
    await at.start(send, f"mail:{mail}:0", mail)


async def send_due(house: House) -> None:
    """Mails that could not leave are tried again when their pause is over."""
    async with house.database.reading(PODO) as r:
        due = await service.due_mails(r)
    for mail, attempts, trace in due:
        with traces.under(traces.parse(trace)):
            await house.durable.start(send, f"mail:{mail}:{attempts}", mail)


async def tell_of_owners(entry: Entry, at: Handling) -> None:
    """Who leads a team hears what it got, keeps, is offered or was answered; one notice for all that one event is about."""
    async with at.transaction() as tx:
        match entry.code:
            case TeamSettled.code:
                await _tell_settled(tx, entry)
            case OfferMade.code:
                await _tell_leads(tx, entry, entry.facts["team"], messages.OFFERED)
            case CustodyEscalated.code:
                await _tell_leads(tx, entry, entry.facts["team"], messages.HANDED_UP)
            case OfferAccepted.code:
                await _tell_leads(tx, entry, entry.facts["holder"], messages.ACCEPTED)
            case OfferDeclined.code:
                await _tell_leads(tx, entry, entry.facts["holder"], messages.DECLINED)
            case OffersDue.code:
                told = messages.of_owners(entry.code, messages.OFFERS_DUE, "/offers", entry.facts)
                await service.tell(tx, await catalog.leads(tx, entry.facts["team"]), told)
            case _:
                await _tell_leads(tx, entry, entry.facts["holder"], messages.LAPSED)


async def _tell_leads(tx: Tx, entry: Entry, team: str, sentence: str) -> None:
    facts = {**entry.facts, "project": entry.project}
    people = [p for p in await catalog.leads(tx, team) if p != entry.actor.id]
    await service.tell(tx, people, messages.of_owners(entry.code, sentence, f"/{entry.project}/owners", facts, entry.project))


async def _tell_settled(tx: Tx, entry: Entry) -> None:
    facts, to = entry.facts, entry.facts["to"]
    counts = Counter([offer.team for offer in await catalog.open_offers(tx, of=facts["team"])])
    leads = await catalog.leads_of(tx, {to, *counts})
    sentence = messages.KEPT if facts["custody"] else messages.GOT
    await service.tell(tx, leads[to], messages.of_owners(entry.code, sentence, f"/teams/{to}", facts))
    for team, count in sorted(counts.items()):
        what = {**facts, "count": count}
        told = messages.of_owners(entry.code, messages.OFFERED_MANY, "/offers", what)
        await service.tell(tx, leads[team], told)


OWNERS_CHANGE = frozenset(
    event.code for event in (TeamSettled, OfferMade, OfferAccepted, OfferDeclined, OffersDue, OffersLapsed, CustodyEscalated)
)
