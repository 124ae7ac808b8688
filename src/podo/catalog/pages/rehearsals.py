"""A draft of the chart of teams, played through: a picture of what would move, and the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from podo.catalog import rules, service
from podo.catalog.pages.wrong import say
from podo.catalog.rules import Picture
from podo.catalog.types import READ, Rehearsal, RehearsalPart
from podo.kernel.errors import N_
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages, page

routes = Routes("catalog", tag="Owners")


@page("catalog/rehearsal.html")
@dataclass(frozen=True, slots=True)
class RehearsalPage:
    """The page; `because` says by project and team why it would be offered there."""

    found: Rehearsal
    picture: Picture
    because: Mapping[str, Sequence[tuple[str, str]]]
    parts: Sequence[tuple[RehearsalPart, Sequence[tuple[str, str, str]]]]
    part: str


@routes.page("/rehearsals/{draft}", permission=READ.id)
async def rehearsal(draft: str, part: str = "", w: Web = WebIn) -> Response:
    """The page; `part` is `left` for those that nobody would take."""
    translate = languages.translator(w.lang)
    async with w.reading() as r:
        found = await service.rehearse(r, draft)
        pairs = {m.project: (m.of, m.to) for m in found.moves}
        more = [(part, await part.lines(r, pairs)) for part in w.house.slots[RehearsalPart]]
    because = {
        m.project: [(found.names.get(t, t), " · ".join(e.told(translate) for e in es)) for t, es in m.candidates]
        for m in found.moves
    }
    made = RehearsalPage(found=found, picture=rules.picture(found.bands, found.names), because=because, parts=more, part=part)
    return await w.page(made, title=f"{say(w, N_('Rehearsal'))} · {found.name}")
