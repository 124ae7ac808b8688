"""Rehearsals of charts, as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from podo.catalog import service
from podo.catalog.api.owners import PersonOut
from podo.catalog.types import READ, Call, Move, Rehearsal, RehearsalPart
from podo.kernel.errors import Translate
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages

routes = Routes("catalog", tag="Owners")


class CallOut(BaseModel):
    """Whom a page would wake."""

    team: str
    people: list[PersonOut]

    @classmethod
    def of(cls, c: Call) -> CallOut:
        """From the noun."""
        return cls(team=c.team, people=[PersonOut(id=p.id, name=p.name, email=p.email, leads=p.leads) for p in c.people])


class CandidateOut(BaseModel):
    """To whom a project would be offered, and why."""

    team: str
    team_name: str
    because: list[str]


class MoveOut(BaseModel):
    """A project that would have another owner; with `custody` it would only be kept, and offered to `candidates`."""

    project: str
    title: str
    of: str
    from_name: str
    to: str
    to_name: str
    custody: bool
    kind: str
    is_left: bool
    offered: list[CandidateOut]
    candidates: list[str]
    before: CallOut
    after: CallOut

    @classmethod
    def shown(cls, m: Move, found: Rehearsal, translate: Translate) -> MoveOut:
        """From the noun."""
        names = found.names
        offered = [
            CandidateOut(team=t, team_name=names.get(t, t), because=[e.told(translate) for e in es]) for t, es in m.candidates
        ]
        return cls(
            project=m.project,
            title=m.title,
            of=m.of,
            from_name=names.get(m.of, m.of),
            to=m.to,
            to_name=names.get(m.to, m.to),
            custody=m.custody,
            kind=m.kind.value,
            is_left=m.is_left,
            offered=offered,
            candidates=[c.team_name for c in offered],
            before=CallOut.of(m.before),
            after=CallOut.of(m.after),
        )


class RepagedOut(BaseModel):
    """A project that would keep its owner, and whose pages would wake others."""

    project: str
    team: str
    before: CallOut
    after: CallOut


class PartOut(BaseModel):
    """What else would move, by another part of Podo."""

    title: str
    lines: list[str]


class RehearsalOut(BaseModel):
    """What would follow if a draft came true: `moved` of `projects`, `left` with nobody likely to take them."""

    draft: str
    name: str
    at: datetime
    projects: int
    moved: int
    left: int
    assets: int
    silent: list[str]
    moves: list[MoveOut]
    repaged: list[RepagedOut]
    parts: list[PartOut]


@routes.api("GET", "/api/v1/rehearsals/{draft}", verb="catalog.rehearse", permission=READ.id)
async def rehearse(draft: str, w: Web = WebIn) -> RehearsalOut:
    """What a draft of the chart of teams would move, whom pages would wake, and what nobody would take. Nothing happens."""
    say = languages.translator(w.lang)
    async with w.reading() as r:
        found = await service.rehearse(r, draft)
        pairs = {m.project: (m.of, m.to) for m in found.moves}
        parts = [(part, await part.lines(r, pairs)) for part in w.house.slots[RehearsalPart]]
    return RehearsalOut(
        draft=found.draft,
        name=found.name,
        at=found.at,
        projects=found.projects,
        moved=len(found.moves),
        left=len(found.left),
        assets=found.assets,
        silent=list(found.silent),
        moves=[MoveOut.shown(m, found, say) for m in found.moves],
        repaged=[
            RepagedOut(project=c.project, team=c.team, before=CallOut.of(c.before), after=CallOut.of(c.after))
            for c in found.repaged
        ],
        parts=[PartOut(title=say(p.title), lines=[" · ".join(filter(None, (t, note))) for t, _, note in ls]) for p, ls in parts],
    )
