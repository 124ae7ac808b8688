"""A project's owners: who answers now, who did when, to whom it is offered; and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import NotAllowed, On
from podo.catalog import rules, service
from podo.catalog.pages import parts
from podo.catalog.pages.parts import Option
from podo.catalog.pages.wrong import WHOLE, by_field, say, so
from podo.catalog.service import Organisation
from podo.catalog.types import (
    ACCEPT,
    READ,
    TRANSFER,
    Answer,
    NoSuchProject,
    Offer,
    OnCallSource,
    Ownership,
    Way,
    WrongTime,
)
from podo.kernel.db import Reading
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import Form, form
from podo.kernel.http.web import WebIn
from podo.kernel.nouns import PODO
from podo.kernel.ui import languages, page

routes = Routes("catalog", tag="Owners")
WAYS = {
    Way.owner: "",
    Way.successor: N_("The recorded team is no more; this one followed it."),
    Way.ancestor: N_("The recorded team is no more; this is the nearest above it."),
    Way.custodian: N_("Nobody is recorded; the custodian answers."),
    Way.anybody: N_("No team is left; whoever is there answers."),
}


@dataclass(frozen=True, slots=True)
class Known:
    """A team as a page shows it; `handle` is empty where it cannot be opened."""

    id: str
    name: str
    handle: str


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of ownership with names; `of` is the name of the team that it came from, `until` None while it lasts."""

    team: Known
    since: datetime
    until: datetime | None
    recorded_at: datetime
    superseded_at: datetime | None
    custody: bool
    of: str
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class OfferRow:
    """An offer with names, and whether the reader may answer for the team."""

    offer: Offer
    team: Known
    holder: Known
    because: Sequence[str]
    may_answer: bool


@dataclass(frozen=True, slots=True)
class Then:
    """What was asked for a time: the texts as typed, and the owner then as known then; None without one."""

    at: str
    known: str
    owner: Interval | None


@page("catalog/owners.html")
@dataclass(frozen=True, slots=True)
class OwnersPage:
    """The page; `refusal` is why the reader may not give it away, empty lets; `wrong` maps fields to sentences."""

    slug: str
    answer: Answer
    way: str
    then: Then
    intervals: Sequence[Interval]
    superseded: Sequence[Interval]
    standing: Sequence[OfferRow]
    answered: Sequence[OfferRow]
    teams: Sequence[Option]
    refusal: str
    part: str
    typed: Mapping[str, str]
    wrong: Mapping[str, str]


@routes.page("/{project}/owners", permission=READ.id)
async def owners(project: str, at: str = "", known: str = "", w: Web = WebIn) -> Response:
    """The page; `at` and `known` ask for a time, and as it was known then."""
    return await _show(w, project, at=at, known=known)


async def _show(
    w: Web,
    slug: str,
    *,
    at: str = "",
    known: str = "",
    part: str = "",
    typed: Form | None = None,
    wrong: Mapping[str, str] | None = None,
) -> Response:
    faults = dict(wrong or {})
    async with w.reading() as r:
        head = await service.head(r, w.house.slots, slug, "", w.lang)
        project = await service.project(r, slug)
        org = await service.organisation(r)
        named = await _Names.of(w, r, org, slug)
        (answer,) = await service.answers(r, [slug], on_call_sources=w.house.slots[OnCallSource])
        then = await _then(w, r, named, slug, at, known, faults)
        record = await service.record(r, slug)
        offers = [await named.offer(r, o) for o in await service.offers(r, slug)]
        made = OwnersPage(
            slug=slug,
            answer=answer,
            way=WAYS[answer.way],
            then=then,
            intervals=[named.interval(o) for o in await service.history(r, slug)],
            superseded=[named.interval(o) for o in record if o.superseded_at is not None],
            standing=[row for row in offers if row.offer.state.value == "open"],
            answered=[row for row in offers if row.offer.state.value != "open"],
            teams=[t for t in (await parts.teams(w, r, READ))[0] if t[0] != project.team],
            refusal=await _refusal(w, r, slug, project.team),
            part=part,
            typed=parts.texts(typed) if typed else {},
            wrong=faults,
        )
    title = f"{say(w, N_('Owners'))} · {slug}"
    return await w.page(made, title=title, head=head, live=f"project:{slug}", status=422 if faults else 200)


async def _then(w: Web, r: Reading, named: _Names, slug: str, at: str, known: str, wrong: dict[str, str]) -> Then:
    found: Ownership | None = None
    if at or known:
        try:
            found = await service.owner(r, slug, rules.moment(at), rules.moment(known))
        except WrongTime as error:
            wrong["at"] = " ".join(error.said(languages.translator(w.lang)))
        except NoSuchProject:
            wrong["at"] = say(w, N_("Nothing was known of an owner at that time."))
    return Then(at, known, named.interval(found) if found else None)


async def _refusal(w: Web, r: Reading, slug: str, team: str) -> str:
    try:
        await access.require(r, TRANSFER, On(project=slug, team=team))
    except NotAllowed as error:
        return so(w, error)
    return ""


@dataclass(frozen=True, slots=True)
class _Names:
    """What ids are called in a page."""

    w: Web
    org: Organisation
    people: Mapping[str, str]

    @classmethod
    async def of(cls, w: Web, r: Reading, org: Organisation, slug: str) -> _Names:
        """For a project's owners."""
        by = {o.by for o in await service.record(r, slug)}
        return cls(w, org, {p.id: p.name for p in (await access.people(r, by)).values()})

    def team(self, id_: str) -> Known:
        """A team."""
        found = self.org.teams.get(id_)
        return Known(id_, found.name if found else id_, found.handle if found else "")

    def interval(self, o: Ownership) -> Interval:
        """With names; a reason of Podo's own in the reader's language."""
        by = "Podo" if o.by == PODO.id else self.people.get(o.by, "")
        of = self.org.name(o.of) if o.of and o.of != o.team else ""
        why = languages.translator(self.w.lang)(o.why) if o.why else ""
        return Interval(self.team(o.team), o.since, o.until, o.recorded_at, o.superseded_at, o.custody, of, by, why)

    async def offer(self, r: Reading, o: Offer) -> OfferRow:
        """With names, and whether the reader may answer."""
        translate = languages.translator(self.w.lang)
        may = (await access.may(r, ACCEPT, On(project=o.project, team=o.team))).allowed
        because = [e.told(translate) for e in o.evidence]
        return OfferRow(o, self.team(o.team), self.team(o.holder), because, may)


# -- what can be done


@routes.form("/{project}/owners/transfer", verb="catalog.transfer", permission=TRANSFER.id)
async def transfer(project: str, w: Web = WebIn) -> Response:
    """Give it to another team at once."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            await service.transfer(tx, project, f["team"], f["why"])
            team = await access.team(tx, f["team"])
    except PodoError as error:
        return await _again(w, project, "give", f, error)
    return _back(w, project, say(w, N_("{team} owns {project} now."), team=team.name, project=project))


@routes.form("/{project}/owners/offer", verb="catalog.offer", permission=TRANSFER.id)
async def make_offer(project: str, w: Web = WebIn) -> Response:
    """Offer it to another team."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            await service.make_offer(tx, project, f["team"], f["why"])
            team = await access.team(tx, f["team"])
    except PodoError as error:
        return await _again(w, project, "give", f, error)
    return _back(w, project, say(w, N_("{project} is offered to {team}."), team=team.name, project=project))


@routes.form("/{project}/owners/give-back", verb="catalog.give_back", permission=TRANSFER.id)
async def give_back(project: str, w: Web = WebIn) -> Response:
    """Undo the last change."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            await service.give_back(tx, project, f["why"])
    except PodoError as error:
        return await _again(w, project, "back", f, error)
    return _back(w, project, say(w, N_("{project} is where it was before."), project=project))


@routes.form("/{project}/owners/escalate", verb="catalog.escalate", permission=TRANSFER.id)
async def escalate(project: str, w: Web = WebIn) -> Response:
    """Hand it up."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            await service.escalate(tx, project, f["why"])
    except PodoError as error:
        return await _again(w, project, "up", f, error)
    return _back(w, project, say(w, N_("The team above keeps {project} now."), project=project))


@routes.form("/{project}/owners/correct", verb="catalog.correct", permission=TRANSFER.id)
async def correct(project: str, w: Web = WebIn) -> Response:
    """Set the past right."""
    f = await form(w)
    try:
        since, until = rules.needed_moment(f["since"]), rules.moment(f["until"])
        async with w.transaction() as tx:
            await service.correct(tx, project, f["of"], since, f["because"], until)
    except PodoError as error:
        return await _again(w, project, "correct", f, error)
    return _back(w, project, say(w, N_("Set right. What was known before stays on record.")))


@routes.form("/{project}/offers/{team}/accept", verb="catalog.accept", permission=ACCEPT.id)
async def accept(project: str, team: str, w: Web = WebIn) -> Response:
    """Take it."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            await service.accept(tx, project, team)
            name = (await access.team(tx, team)).name
    except PodoError as error:
        return await _again(w, project, "offers", f, error)
    return _back(w, project, say(w, N_("{team} owns {project} now."), team=name, project=project))


@routes.form("/{project}/offers/{team}/decline", verb="catalog.decline", permission=ACCEPT.id)
async def decline(project: str, team: str, w: Web = WebIn) -> Response:
    """Do not take it."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            await service.decline(tx, project, team, f["why"])
    except PodoError as error:
        return await _again(w, project, "offers", f, error)
    return _back(w, project, say(w, N_("Declined; {project} stays where it is."), project=project))


@routes.form("/{project}/offers/{team}/withdraw", verb="catalog.withdraw_offer", permission=TRANSFER.id)
async def withdraw_offer(project: str, team: str, w: Web = WebIn) -> Response:
    """Take the offer back."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            await service.withdraw_offer(tx, project, team, f["why"])
    except PodoError as error:
        return await _again(w, project, "offers", f, error)
    return _back(w, project, say(w, N_("The offer is withdrawn.")))


def _back(w: Web, project: str, said: str) -> Response:
    return w.go(f"/{project}/owners", said=said)


async def _again(w: Web, project: str, part: str, typed: Form, error: PodoError) -> Response:
    if isinstance(error, NoSuchProject):
        raise error
    found = by_field(w, [error])
    field = next(iter(found))
    at = "since" if isinstance(error, WrongTime) else "why" if error.code == "catalog.no_reason" else field
    shown = {at: found[field]} if part in ("give", "correct") else {WHOLE: found[field]}
    return await _show(w, project, part=part, typed=typed, wrong=shown)
