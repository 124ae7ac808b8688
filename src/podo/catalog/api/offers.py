"""Offers of ownership, as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from podo.access import service as access
from podo.catalog import rules, service
from podo.catalog.api.owners import OwnershipOut, WhyIn
from podo.catalog.service import Organisation
from podo.catalog.types import ACCEPT, READ, TRANSFER, Offer
from podo.kernel.errors import Translate
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages

routes = Routes("catalog", tag="Owners")


class OfferOut(BaseModel):
    """A project offered to `team` by `holder`; `because` says what speaks for the team, `points` how much."""

    id: str
    project: str
    kind: str
    team: str
    team_name: str
    holder: str
    holder_name: str
    of: str
    rank: int
    points: int
    because: list[str]
    state: str
    offered_at: datetime
    due_at: datetime
    by: str
    why: str
    answered_at: datetime | None
    answered_by: str
    answer: str

    @classmethod
    def shown(cls, o: Offer, org: Organisation, translate: Translate) -> OfferOut:
        """From the noun."""
        return cls(
            id=o.id,
            project=o.project,
            kind=o.kind.value,
            team=o.team,
            team_name=org.name(o.team),
            holder=o.holder,
            holder_name=org.name(o.holder),
            of=o.of,
            rank=o.rank,
            points=o.points,
            because=[e.told(translate) for e in o.evidence],
            state=o.state.value,
            offered_at=o.offered_at,
            due_at=o.due_at,
            by=o.by,
            why=o.why,
            answered_at=o.answered_at,
            answered_by=o.answered_by,
            answer=o.answer,
        )


class OfferIn(BaseModel):
    """To which team (id or handle), why, and until when; empty: as long as the settings say."""

    team: str
    why: str = ""
    until: str = ""


@routes.api("GET", "/api/v1/offers", verb="catalog.open_offers", permission=READ.id)
async def open_offers(mine: bool = False, team: str = "", w: Web = WebIn) -> list[OfferOut]:
    """Offers that wait for an answer, the first due first: all, to one team, or to teams that the caller leads (`mine`)."""
    async with w.reading() as r:
        if mine:
            found = await service.offers_waiting(r, w.person)
        else:
            found = await service.open_offers(r, teams=[(await access.team(r, team)).id] if team else None)
        return await _shown(w, await service.organisation(r), found)


@routes.api("GET", "/api/v1/projects/{project}/offers", verb="catalog.offers", permission=READ.id)
async def offers(project: str, w: Web = WebIn) -> list[OfferOut]:
    """All offers of a project, those that stand first, the likeliest first."""
    async with w.reading() as r:
        await service.project(r, project)
        return await _shown(w, await service.organisation(r), await service.offers(r, project))


async def _shown(w: Web, org: Organisation, found: list[Offer]) -> list[OfferOut]:
    return [OfferOut.shown(o, org, languages.translator(w.lang)) for o in found]


@routes.api("POST", "/api/v1/projects/{project}/offers", verb="catalog.offer", permission=TRANSFER.id, status=201)
async def make_offer(project: str, wanted: OfferIn, w: Web = WebIn) -> OfferOut:
    """Offer a project to another team; it stays with its owner until that team accepts."""
    async with w.transaction() as tx:
        await service.may_give(tx, project)
        made = await service.make_offer(tx, project, wanted.team, wanted.why, rules.moment(wanted.until))
        return (await _shown(w, await service.organisation(tx), [made]))[0]


@routes.api("POST", "/api/v1/projects/{project}/offers/{team}/accept", verb="catalog.accept", permission=ACCEPT.id)
async def accept(project: str, team: str, w: Web = WebIn) -> OwnershipOut:
    """Take a project for the team that it is offered to."""
    async with w.transaction() as tx:
        taken = await service.accept(tx, project, team)
        return OwnershipOut.shown(taken, await service.organisation(tx))


@routes.api("POST", "/api/v1/projects/{project}/offers/{team}/decline", verb="catalog.decline", permission=ACCEPT.id)
async def decline(project: str, team: str, wanted: WhyIn, w: Web = WebIn) -> OfferOut:
    """Say for a team that it does not want a project."""
    async with w.transaction() as tx:
        found = await service.decline(tx, project, team, wanted.why)
        return (await _shown(w, await service.organisation(tx), [found]))[0]


@routes.api("POST", "/api/v1/projects/{project}/offers/{team}/withdraw", verb="catalog.withdraw_offer", permission=TRANSFER.id)
async def withdraw_offer(project: str, team: str, wanted: WhyIn, w: Web = WebIn) -> OfferOut:
    """Take an offer back."""
    async with w.transaction() as tx:
        found = await service.withdraw_offer(tx, project, team, wanted.why)
        return (await _shown(w, await service.organisation(tx), [found]))[0]
