"""Who owns what, as JSON; and the door for whoever needs somebody."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel

from podo.catalog import rules, service
from podo.catalog.service import Organisation
from podo.catalog.types import READ, TRANSFER, Answer, OnCallSource, Ownership, TooManyNames
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn

routes = Routes("catalog", tag="Owners")
MOST = 2000


class OwnershipOut(BaseModel):
    """Who owned a project, from when to when, and since when that is known; with `custody` it is only kept, for `of`."""

    team: str
    team_name: str
    since: datetime
    until: datetime | None
    recorded_at: datetime
    superseded_at: datetime | None
    custody: bool
    of: str
    by: str
    why: str

    @classmethod
    def shown(cls, o: Ownership, org: Organisation) -> OwnershipOut:
        """From the noun."""
        return cls(
            team=o.team,
            team_name=org.name(o.team),
            since=o.since,
            until=o.until,
            recorded_at=o.recorded_at,
            superseded_at=o.superseded_at,
            custody=o.custody,
            of=o.of,
            by=o.by,
            why=o.why,
        )


class PersonOut(BaseModel):
    """A person who answers."""

    id: str
    name: str
    email: str
    leads: bool


class ReachOut(BaseModel):
    """A contact, or who is on call: a person by id, a text to show, an address; empty where it is not known."""

    person: str
    text: str
    link: str = ""
    about: str = ""


class AnswerOut(BaseModel):
    """What is known of a namespace. `people` answer for it, leads first, of the team `page`; `way` says how they were found.

    `former` are those who were in the team `of` when it ended, as contacts.
    """

    namespace: str
    project: str
    title: str
    team: str
    team_name: str
    handle: str
    recorded: str
    custody: bool
    of: str
    way: str
    page: str
    people: list[PersonOut]
    contacts: list[ReachOut]
    slack: str
    on_call: list[ReachOut]
    former: list[ReachOut]
    reachable: bool

    @classmethod
    def shown(cls, a: Answer) -> AnswerOut:
        """From the noun."""
        return cls(
            namespace=a.namespace,
            project=a.project,
            title=a.title,
            team=a.team,
            team_name=a.team_name,
            handle=a.handle,
            recorded=a.recorded,
            custody=a.custody,
            of=a.of,
            way=a.way.value,
            page=a.page,
            people=[PersonOut(id=p.id, name=p.name, email=p.email, leads=p.leads) for p in a.people],
            contacts=[ReachOut(person=c.person, text=c.text, about=c.about) for c in a.contacts],
            slack=a.slack,
            on_call=[ReachOut(person=c.person, text=c.text, link=c.link) for c in a.on_call],
            former=[ReachOut(person=c.person, text=c.text) for c in a.former],
            reachable=a.reachable,
        )


class TransferIn(BaseModel):
    """The next owner (id or handle), and why."""

    team: str
    why: str = ""


class WhyIn(BaseModel):
    """A reason."""

    why: str = ""


class CorrectIn(BaseModel):
    """Who owned it since when, until when (empty: to this day), and why what was known is wrong."""

    team: str
    since: str
    until: str = ""
    why: str = ""


@routes.api("GET", "/api/v1/owners", verb="catalog.answers", permission=READ.id)
async def answers(namespace: Annotated[list[str], Query()], at: str = "", known: str = "", w: Web = WebIn) -> list[AnswerOut]:
    """Whose namespaces these are, and whom to call: at most 2,000 at once, in the order asked; now or then."""
    if len(namespace) > MOST:
        raise TooManyNames(count=len(namespace), most=MOST)
    async with w.reading() as r:
        found = await service.answers(
            r,
            namespace,
            on_call_sources=w.house.slots[OnCallSource],
            at=rules.moment(at),
            known=rules.moment(known),
        )
    return [AnswerOut.shown(a) for a in found]


@routes.api("GET", "/api/v1/projects/{project}/owners", verb="catalog.owners", permission=READ.id)
async def owners(project: str, at: str = "", known: str = "", w: Web = WebIn) -> list[OwnershipOut]:
    """All owners, newest first, as known now or at `known`; with `at`, the one of that moment alone."""
    async with w.reading() as r:
        await service.project(r, project)
        org = await service.organisation(r)
        if at:
            found = [await service.owner(r, project, rules.moment(at), rules.moment(known))]
        else:
            found = await service.history(r, project, rules.moment(known))
    return [OwnershipOut.shown(o, org) for o in found]


@routes.api("GET", "/api/v1/projects/{project}/owners/record", verb="catalog.record", permission=READ.id)
async def record(project: str, w: Web = WebIn) -> list[OwnershipOut]:
    """All that was ever believed of a project's owners, the newest belief first; superseded ones included."""
    async with w.reading() as r:
        await service.project(r, project)
        org = await service.organisation(r)
        return [OwnershipOut.shown(o, org) for o in await service.record(r, project)]


@routes.api("POST", "/api/v1/projects/{project}/transfer", verb="catalog.transfer", permission=TRANSFER.id)
async def transfer(project: str, wanted: TransferIn, w: Web = WebIn) -> OwnershipOut:
    """Give the project to another team at once, for whoever leads both, with a reason; `offer` asks the other team first."""
    async with w.transaction() as tx:
        given = await service.transfer(tx, project, wanted.team, wanted.why)
        return OwnershipOut.shown(given, await service.organisation(tx))


@routes.api("POST", "/api/v1/projects/{project}/give-back", verb="catalog.give_back", permission=TRANSFER.id)
async def give_back(project: str, wanted: WhyIn, w: Web = WebIn) -> OwnershipOut:
    """Undo the last change of owner: back to the team before."""
    async with w.transaction() as tx:
        given = await service.give_back(tx, project, wanted.why)
        return OwnershipOut.shown(given, await service.organisation(tx))


@routes.api("POST", "/api/v1/projects/{project}/escalate", verb="catalog.escalate", permission=TRANSFER.id)
async def escalate(project: str, wanted: WhyIn, w: Web = WebIn) -> OwnershipOut:
    """Hand a project in custody to the nearest living team above."""
    async with w.transaction() as tx:
        kept = await service.escalate(tx, project, wanted.why)
        return OwnershipOut.shown(kept, await service.organisation(tx))


@routes.api("POST", "/api/v1/projects/{project}/owners/correct", verb="catalog.correct", permission=TRANSFER.id)
async def correct(project: str, wanted: CorrectIn, w: Web = WebIn) -> list[OwnershipOut]:
    """Set right who owned a project in the past; what was known before stays on record. Gives the history as known now."""
    async with w.transaction() as tx:
        # Who may not is told so, before what is wrong with a time.
        await service.may_give(tx, project)
        since, until = rules.needed_moment(wanted.since), rules.moment(wanted.until)
        found = await service.correct(tx, project, wanted.team, since, wanted.why, until)
        org = await service.organisation(tx)
    return [OwnershipOut.shown(o, org) for o in found]
