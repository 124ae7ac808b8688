"""A deployment that reads like a pull request: its conversation, its box, and what stands beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from podo.activity.types import Happening
from podo.delivery import service
from podo.delivery.pages import timeline, words
from podo.delivery.pages.box import Box, box
from podo.delivery.pages.timeline import Item
from podo.delivery.pages.top import Top, head, routes, title, top
from podo.delivery.pages.words import Who, say
from podo.delivery.service import views
from podo.delivery.service.views import Around
from podo.delivery.types import READ, Build, Decision, Deployment, DeploymentKind, Release, RolloutState
from podo.kernel.db import Reading
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages, page

_SAID = 409
_MOST_ASKED = 6
_GONE = frozenset({RolloutState.inactive, RolloutState.cancelled})


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody who decided, was asked, or may not: `regions` that this person approved; `note` where there are none."""

    who: Who
    regions: str
    note: str
    tone: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where a region answers; `link`: it can be opened from outside."""

    region: str
    text: str
    link: bool


@dataclass(frozen=True, slots=True)
class Side:
    """What stands beside the conversation."""

    release: Release
    build: Build | None
    replaces: int | None
    approvers: Sequence[Approver]
    quorum: int
    order: str
    soak: int
    addresses: Sequence[Address]


@dataclass(frozen=True, slots=True)
class News:
    """What was configured since the release was sealed: a sentence, and when."""

    sentence: str
    at: datetime


@page("delivery/deployment.html")
@dataclass(frozen=True, slots=True)
class DeploymentPage:
    """The Conversation tab, `whole` or not; `trouble` is what became of what was just sent."""

    t: Top
    items: Sequence[Item]
    box: Box
    side: Side
    news: Sequence[News]
    trouble: str
    whole: bool


@page("delivery/_body.html")
@dataclass(frozen=True, slots=True)
class BodyPiece:
    """What of it moves, for live pages."""

    t: Top
    items: Sequence[Item]
    box: Box
    side: Side
    news: Sequence[News]


async def conversation(w: Web, r: Reading, of: Deployment, *, whole: bool) -> BodyPiece:
    """What is on the Conversation tab."""
    here = await views.around(r, of)
    build = next(iter(await service.builds.builds_by_numbers(r, of.project, [of.build])), None)
    told = await timeline.timeline(r, of, build, here.stages, w.lang, whole=whole)
    asked = await service.approvals.reviewers(r, of) if any(x.state is RolloutState.waiting for x in of.rollouts) else []
    ids = {of.by, *asked, *(a.person for x in of.rollouts for a in x.approvals)}
    known = await words.people(r, ids)
    release = (await service.releases.known(r, of.project, [of.release]))[of.release]
    news = await views.configured_since(r, of, release)
    return BodyPiece(
        t=await top(w, r, of, "conversation"),
        items=told,
        box=await box(w, r, of, here, {i: who.name for i, who in known.items()}),
        side=await _side(w, r, of, here, release, build, known, asked),
        news=_told(w, news),
    )


def _told(w: Web, news: Sequence[Happening]) -> list[News]:
    translate = languages.translator(w.lang)
    return [News(h.told(translate), h.at) for h in news]


async def _side(
    w: Web,
    r: Reading,
    of: Deployment,
    here: Around,
    release: Release,
    build: Build | None,
    known: dict[str, Who],
    asked: Sequence[str],
) -> Side:
    quorum = max((x.needs for x in of.rollouts), default=0)
    stage = here.stage
    own = bool(stage and stage.self_approval)
    return Side(
        release=release,
        build=build,
        replaces=next((x.previous for x in of.rollouts if x.previous), None),
        approvers=_approvers(w, of, known, asked, own=own) if quorum else [],
        quorum=quorum,
        order=" → ".join(x.region for x in of.rollouts) if quorum and len(of.rollouts) > 1 else "",
        soak=stage.soak_seconds if stage and of.kind is DeploymentKind.deploy else 0,
        addresses=_addresses(of, await views.addresses_of(r, of)),
    )


def _approvers(w: Web, of: Deployment, known: dict[str, Who], asked: Sequence[str], *, own: bool) -> list[Approver]:
    """Who decided first, then who was asked, the requester last."""
    found: list[Approver] = []
    decided = list(dict.fromkeys(a.person for x in of.rollouts for a in x.approvals))
    for person in decided:
        words_ = {x.region: views.last_word(x, person) for x in of.rollouts}
        yes = [region for region, word in words_.items() if word is Decision.approve]
        no = [region for region, word in words_.items() if word in (Decision.request_changes, Decision.reject)]
        note = say(w, N_("wants changes: {regions}"), regions=" ".join(no)) if no else say(w, N_("for an earlier release"))
        found.append(Approver(known[person], " ".join(yes), "" if yes else note, "attention" if no else "muted"))
    waits = [p for p in asked if p not in decided]
    found += [Approver(known[p], "", say(w, N_("asked")), "attention") for p in waits[:_MOST_ASKED]]
    if of.by not in decided and of.by in known:
        note = N_("requester") if own else N_("requester, cannot approve")
        found.append(Approver(known[of.by], "", say(w, note), "muted"))
    return found


def _addresses(of: Deployment, told: Mapping[str, Sequence[str]]) -> list[Address]:
    return [
        Address(x.region, text, not text.partition("://")[2].partition(":")[0].endswith(".svc"))
        for x in of.rollouts
        if x.state not in _GONE
        for text in told.get(x.region, ())
    ]


async def shown(w: Web, project: str, number: int, *, whole: bool = False, trouble: PodoError | None = None) -> Response:
    """The page; with `trouble`, what was refused just now stands on top."""
    async with w.reading() as r:
        of = await service.deployments.deployment(r, project, number)
        body = await conversation(w, r, of, whole=whole)
        around = await head(w, r, project)
    said = words.sentence(w, trouble) if trouble else ""
    made = DeploymentPage(body.t, body.items, body.box, body.side, body.news, said, whole)
    return await w.page(
        made, title=title(w, of), head=around, live=f"{body.t.topics} project:{of.project}", status=_SAID if trouble else 200
    )


@routes.page("/{project}/deployments/{number}", permission=READ.id)
async def deployment(project: str, number: int, story: str = "", w: Web = WebIn) -> Response:
    """The Conversation tab; with `story=whole` nothing of a long one is left out."""
    return await shown(w, project, number, whole=story == "whole")


@routes.page("/{project}/deployments/{number}/body", permission=READ.id)
async def body(project: str, number: int, story: str = "", w: Web = WebIn) -> Response:
    """What of it moves, read again when something happened."""
    async with w.reading() as r:
        of = await service.deployments.deployment(r, project, number)
        return await w.fragment(await conversation(w, r, of, whole=story == "whole"))
