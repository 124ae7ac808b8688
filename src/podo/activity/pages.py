"""The Activity tab of a project, and what happened everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from starlette.responses import Response

from podo.activity import rules, service
from podo.activity.types import READ, Happening
from podo.catalog import service as catalog
from podo.kernel import clock
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
    """A timeline by days; `project` is None for everything."""

    project: str | None
    query: str
    path: str
    days: Sequence[Day]
    older: str


async def _shown(w: Web, project: str | None, q: str, cursor: str | None) -> Response:
    question = rules.question(q, me=w.person, now=clock.now(), project=project)
    head: Head | None = None
    async with w.reading() as r:
        page_ = await service.happenings(r, question, cursor=cursor)
        if project:
            head = await catalog.head(r, w.house.slots, project, "activity", w.lang)
    translate = languages.translator(w.lang)
    path = f"/{project}/activity" if project else "/activity"
    days: dict[str, list[Told]] = {}
    for h in page_.items:
        icon, tone = rules.look(h.code)
        days.setdefault(h.at.date().isoformat(), []).append(Told(h, h.told(translate), icon, tone))
    made = ActivityPage(
        project=project,
        query=q,
        path=path,
        days=[Day(told[0].happening.at, told) for told in days.values()],
        older=f"{path}?{urlencode({'q': q, 'cursor': page_.next})}" if page_.next else "",
    )
    title = f"{translate('Activity')} · {project}" if project else translate("Activity")
    return await w.page(made, title=title, head=head, live=f"project:{project}" if project else "all")


@routes.page("/activity", permission=READ.id)
async def everywhere(q: str = "", cursor: str | None = None, w: Web = WebIn) -> Response:
    """What happened everywhere."""
    return await _shown(w, None, q, cursor)


@routes.page("/{project}/activity", permission=READ.id)
async def of_project(project: str, q: str = "", cursor: str | None = None, w: Web = WebIn) -> Response:
    """The Activity tab."""
    return await _shown(w, project, q, cursor)
