"""The timeline as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from podo.activity import rules, service
from podo.activity.types import READ, Happening
from podo.kernel import clock
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages

routes = Routes("activity", tag="Activity")


class HappeningOut(BaseModel):
    """One event. `sentence` is told in the language of `Accept-Language`."""

    id: str
    position: int | None
    at: datetime
    code: str
    sentence: str
    actor: str
    actor_name: str
    via: str | None
    project: str | None
    environment: str | None
    region: str | None
    subject: str | None
    cause: str | None
    request_id: str | None
    facts: dict[str, Any]

    @classmethod
    def of(cls, h: Happening, lang: str) -> HappeningOut:
        """From the noun."""
        return cls(
            id=h.id,
            position=h.position,
            at=h.at,
            code=h.code,
            sentence=h.told(languages.translator(lang)),
            actor=h.actor_id,
            actor_name=h.actor_name,
            via=h.actor_via,
            project=h.project,
            environment=h.environment,
            region=h.region,
            subject=h.subject,
            cause=h.cause,
            request_id=h.request_id,
            facts=dict(h.facts),
        )


class HappeningDetail(HappeningOut):
    """One event, and what it caused, oldest first."""

    caused: list[HappeningOut]


class HappeningsOut(BaseModel):
    """A page of events, newest first."""

    items: list[HappeningOut]
    next: str | None


@routes.api("GET", "/api/v1/activity", verb="activity.list", permission=READ.id)
async def list_activity(
    q: str = "", project: str | None = None, cursor: str | None = None, limit: int = 50, w: Web = WebIn
) -> HappeningsOut:
    """What happened, newest first. `q` takes words such as `env:prod by:@me since:7d is:delivery`."""
    question = rules.question(q, me=w.person, now=clock.now(), project=project)
    async with w.reading() as r:
        page = await service.happenings(r, question, cursor=cursor, limit=max(1, min(limit, 200)))
    return HappeningsOut(items=[HappeningOut.of(h, w.lang) for h in page.items], next=page.next)


@routes.api("GET", "/api/v1/activity/{event}", verb="activity.show", permission=READ.id)
async def show(event: str, w: Web = WebIn) -> HappeningDetail:
    """One event, and what it caused."""
    async with w.reading() as r:
        found, caused = await service.happening(r, event)
    return HappeningDetail(**HappeningOut.of(found, w.lang).model_dump(), caused=[HappeningOut.of(h, w.lang) for h in caused])
