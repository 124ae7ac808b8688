"""Whose is it, and whom to call: the page for three in the morning; and what waits for an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import On
from podo.catalog import rules, service
from podo.catalog.pages.owners import WAYS
from podo.catalog.pages.wrong import say
from podo.catalog.types import ACCEPT, READ, Answer, Offer, OnCallSource, WrongTime
from podo.kernel.errors import N_
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages, page

routes = Routes("catalog", tag="Owners")
_MOST = 50


@page("catalog/answers.html")
@dataclass(frozen=True, slots=True)
class AnswersPage:
    """The page; `rows` are answers, and how each was found where it is not the owner's own team."""

    query: str
    at: str
    wrong: str
    rows: Sequence[tuple[Answer, str]]


@dataclass(frozen=True, slots=True)
class OfferLine:
    """An offer with the names of its teams."""

    offer: Offer
    team: str
    holder: str
    of: str
    because: Sequence[str]
    may_answer: bool


@page("catalog/offers.html")
@dataclass(frozen=True, slots=True)
class OffersPage:
    """Offers that wait: the reader's, or all."""

    mine: bool
    rows: Sequence[OfferLine]


@routes.page("/owners", permission=READ.id)
async def answers(q: str = "", namespace: str = "", at: str = "", w: Web = WebIn) -> Response:
    """Whose namespaces these are; `q` holds names with blanks or commas."""
    query = q or namespace
    names = list(dict.fromkeys(query.replace(",", " ").split()))[:_MOST]
    found: Sequence[Answer] = ()
    wrong = ""
    async with w.reading() as r:
        try:
            sources = w.house.slots[OnCallSource]
            found = await service.answers(r, names, on_call_sources=sources, at=rules.moment(at)) if names else ()
        except WrongTime as error:
            wrong = " ".join(error.said(languages.translator(w.lang)))
    made = AnswersPage(query=query, at=at, wrong=wrong, rows=[(a, WAYS[a.way]) for a in found])
    return await w.page(made, title=say(w, N_("Whose is it?")), status=422 if wrong else 200)


@routes.page("/offers", permission=READ.id)
async def offers(every: bool = False, w: Web = WebIn) -> Response:
    """Offers that wait for the reader, or with `every` all."""
    translate = languages.translator(w.lang)
    async with w.reading() as r:
        org = await service.organisation(r)
        found = await service.open_offers(r) if every else await service.offers_waiting(r, w.person)
        may = await access.allowed_many(r, [(ACCEPT, On(project=o.project, team=o.team)) for o in found])
    rows = [
        OfferLine(o, org.name(o.team), org.name(o.holder), org.name(o.of), [e.told(translate) for e in o.evidence], ok)
        for o, ok in zip(found, may, strict=True)
    ]
    return await w.page(OffersPage(mine=not every, rows=rows), title=say(w, N_("Offers")))
