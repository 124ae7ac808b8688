"""The Activity tab of a project, what happened everywhere, and one event."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from starlette.responses import Response

from podo.activity import rules, service
from podo.activity.types import READ, Happening
from podo.catalog import service as catalog
from podo.kernel import clock
from podo.kernel.db import Reading
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import Head, languages, page

routes = Routes("activity", tag="Activity")


@dataclass(frozen=True, slots=True)
class Told:
    """A happening in the reader's language; `icon` and `tone` follow from its code."""

    happening: Happening
    sentence: str
    icon: str
    tone: str


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on one day, newest first."""

    at: datetime
    told: Sequence[Told]


@page("activity/activity.html")
@dataclass(frozen=True, slots=True)
class ActivityPage:
    """A timeline by days; `project` is None for everything. `list` is where its newest part is read again."""

    project: str | None
    query: str
    path: str
    days: Sequence[Day]
    trouble: str
    newer: str
    older: str
    list: str


@page("activity/_days.html")
@dataclass(frozen=True, slots=True)
class DaysPiece:
    """The timeline alone, for live pages."""

    project: str | None
    query: str
    days: Sequence[Day]
    trouble: str
    newer: str
    older: str


@page("activity/event.html")
@dataclass(frozen=True, slots=True)
class EventPage:
    """One event, with everything the log has of it, and what it caused."""

    told: Told
    facts: str
    caused: Sequence[Told]


async def _days(w: Web, project: str | None, q: str, cursor: str | None) -> DaysPiece:
    """The timeline; a question that cannot be understood is said in its place."""
    path = _path(project)
    trouble, items, older = "", list[Happening](), ""
    try:
        question = rules.question(q, me=w.person, now=clock.now(), project=project)
        async with w.reading() as r:
            found = await service.happenings(r, question, cursor=cursor)
        items = list(found.items)
        older = f"{path}?{urlencode({'q': q, 'cursor': found.next})}" if found.next else ""
    except PodoError as error:
        if error.kind not in ("invalid", "missing"):
            raise
        trouble = " ".join(error.said(languages.translator(w.lang)))
    days: dict[str, list[Told]] = {}
    for h in items:
        days.setdefault(h.at.date().isoformat(), []).append(_told(w, h))
    return DaysPiece(
        project=project,
        query=q,
        days=[Day(told[0].happening.at, told) for told in days.values()],
        trouble=trouble,
        newer=f"{path}?{urlencode({'q': q})}" if cursor else "",
        older=older,
    )


def _told(w: Web, h: Happening) -> Told:
    icon, tone = rules.look(h.code)
    return Told(h, h.told(languages.translator(w.lang)), icon, tone)


def _path(project: str | None) -> str:
    return f"/{project}/activity" if project else "/activity"


async def _head(w: Web, r: Reading, project: str | None) -> Head | None:
    return await catalog.head(r, w.house.slots, project, "activity", w.lang) if project else None


async def _shown(w: Web, project: str | None, q: str, cursor: str | None) -> Response:
    async with w.reading() as r:
        head = await _head(w, r, project)
    found = await _days(w, project, q, cursor)
    made = ActivityPage(
        project=project,
        query=q,
        path=_path(project),
        days=found.days,
        trouble=found.trouble,
        newer=found.newer,
        older=found.older,
        list="" if cursor else f"{_path(project)}/list?{urlencode({'q': q})}",
    )
    said = languages.say(w.lang, N_("Activity"))
    status = 422 if found.trouble else 200
    title = f"{said} · {project}" if project else said
    return await w.page(made, title=title, head=head, live=f"project:{project}" if project else "all", status=status)


@routes.page("/activity", permission=READ.id)
async def everywhere(q: str = "", cursor: str | None = None, w: Web = WebIn) -> Response:
    """What happened everywhere."""
    return await _shown(w, None, q, cursor)


@routes.page("/activity/list", permission=READ.id)
async def everywhere_list(q: str = "", w: Web = WebIn) -> Response:
    """The newest part alone, read again when something happened."""
    return await w.fragment(await _days(w, None, q, None))


@routes.page("/activity/{event}", permission=READ.id)
async def event(event: str, w: Web = WebIn) -> Response:
    """One event."""
    async with w.reading() as r:
        found, caused = await service.happening(r, event)
        head = await _head(w, r, found.project if found.project and await catalog.by_slugs(r, [found.project]) else None)
    facts = json.dumps(dict(found.facts), indent=2, ensure_ascii=False, sort_keys=True)
    made = EventPage(told=_told(w, found), facts=facts, caused=[_told(w, h) for h in caused])
    return await w.page(made, title=made.told.sentence, head=head)


@routes.page("/{project}/activity", permission=READ.id)
async def of_project(project: str, q: str = "", cursor: str | None = None, w: Web = WebIn) -> Response:
    """The Activity tab."""
    return await _shown(w, project, q, cursor)


@routes.page("/{project}/activity/list", permission=READ.id)
async def of_project_list(project: str, q: str = "", w: Web = WebIn) -> Response:
    """The newest part of the tab alone."""
    return await w.fragment(await _days(w, project, q, None))
