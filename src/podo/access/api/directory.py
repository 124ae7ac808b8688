"""Taking over the directory, what became of teams, what waits of removals, and drafts of charts, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from podo.access import reads, service
from podo.access.adapters.file import written
from podo.access.ports import DirectoryReader
from podo.access.types import (
    READ,
    REORGANISE,
    SYNC,
    Draft,
    KeptTeam,
    On,
    Pulled,
    Removal,
    Succession,
    SuccessionKind,
    SyncPlan,
)
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn

routes = Routes("access", tag="People and rights")


class ForeseenOut(BaseModel):
    """What would become of a team; `successors` are ids of teams."""

    kind: str
    team: str
    name: str
    successors: list[str]
    was: str
    now: str


class LineOut(BaseModel):
    """A user or group that would join, change or leave."""

    kind: str
    id: str
    name: str
    what: str


class PlanOut(BaseModel):
    """What taking over the directory would change, or has changed: names; and the share of people and teams that are lost.

    `lines` are the same with ids, `successions` what would become of teams.
    """

    joined: list[str]
    changed: list[str]
    left: list[str]
    share: float
    lines: list[LineOut]
    successions: list[ForeseenOut]

    @classmethod
    def of(cls, p: SyncPlan) -> PlanOut:
        """From the noun."""
        lines = [LineOut(kind=x.kind.value, id=x.id, name=x.name, what=x.what) for x in p.lines]
        became = [
            ForeseenOut(kind=s.kind, team=s.team, name=s.name, successors=list(s.successors), was=s.was, now=s.now)
            for s in p.successions
        ]
        named = {"joined": list(p.joined), "changed": list(p.changed), "left": list(p.left)}
        return cls(**named, share=p.share, lines=lines, successions=became)


class SyncIn(BaseModel):
    """The largest share of people and teams that may go at once."""

    most_gone: float = Field(default=service.MOST_GONE, ge=0, le=1)


class SuccessionOut(BaseModel):
    """What became of a team: rename, move, merge, split or dissolve; `successors` are ids of teams."""

    id: str
    kind: str
    team: str
    successors: list[str]
    at: datetime
    recorded_at: datetime
    by: str
    why: str
    was: str
    now: str
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, s: Succession) -> SuccessionOut:
        """From the noun."""
        said = {"by": s.by, "why": s.why, "was": s.was, "now": s.now, "withdrawn_at": s.withdrawn_at}
        return cls(id=s.id, kind=s.kind, team=s.team, successors=list(s.successors), at=s.at, recorded_at=s.recorded_at, **said)


class SuccessionIn(BaseModel):
    """What became of a team: a rename has `name`, a move `parent` (or none), a merge one of `successors`, a split several."""

    kind: SuccessionKind
    successors: list[str] = []
    name: str = ""
    parent: str = ""
    why: str = ""
    at: datetime | None = Field(default=None, description="When it happened; now where it is left out")


class WhyIn(BaseModel):
    """Why."""

    why: str = ""


class RemovalOut(BaseModel):
    """Somebody or a team that a pushed directory takes away, and that waits for an administrator."""

    id: str
    kind: str
    of: str
    name: str
    asked_at: datetime

    @classmethod
    def of_(cls, r: Removal) -> RemovalOut:
        """From the noun."""
        return cls(id=r.id, kind=r.kind.value, of=r.of, name=r.name, asked_at=r.asked_at)


class RemovalsIn(BaseModel):
    """Which of those that wait."""

    ids: list[str]


class DraftOut(BaseModel):
    """A chart that may come true."""

    id: str
    name: str
    by: str
    made_at: datetime
    changed_at: datetime
    taken_at: datetime | None
    closed_at: datetime | None

    @classmethod
    def of(cls, d: Draft) -> DraftOut:
        """From the noun."""
        times = {"made_at": d.made_at, "changed_at": d.changed_at, "taken_at": d.taken_at, "closed_at": d.closed_at}
        return cls(id=d.id, name=d.name, by=d.by, **times)


class DraftDetail(DraftOut):
    """A draft, and what would change if it came true."""

    plan: PlanOut


class DraftIn(BaseModel):
    """A new draft."""

    name: str


class FileIn(BaseModel):
    """A file of people and teams: its text, and its name, which says by `.csv` that it is a table."""

    name: str = "directory.yaml"
    text: str


@routes.api("GET", "/api/v1/directory/plan", verb="access.plan", permission=SYNC.id)
async def plan(w: Web = WebIn) -> PlanOut:
    """What taking over the directory would change now."""
    async with w.reading() as r:
        await service.require(r, SYNC, On())
    feed = await reads.directory(w.house.ports)
    async with w.reading() as r:
        return PlanOut.of(await service.plan(r, feed))


@routes.api("POST", "/api/v1/directory/sync", verb="access.sync", permission=SYNC.id)
async def sync(wanted: SyncIn, w: Web = WebIn) -> PlanOut:
    """Take people and teams over from the directory."""
    async with w.reading() as r:
        await service.require(r, SYNC, On())
    feed = await reads.directory(w.house.ports)
    async with w.transaction() as tx:
        return PlanOut.of(await service.take_over(tx, feed, most_gone=wanted.most_gone, keeps=w.house.slots[KeptTeam]))


@routes.api("GET", "/api/v1/successions", verb="access.successions", permission=READ.id)
async def list_successions(team: str = "", w: Web = WebIn) -> list[SuccessionOut]:
    """What became of teams, or of one by id or handle; the newest first, withdrawn ones included."""
    async with w.reading() as r:
        found = (await service.team(r, team)).id if team else None
        return [SuccessionOut.of(s) for s in await service.successions(r, found)]


@routes.api("POST", "/api/v1/teams/{team}/successions", verb="access.succeed", permission=REORGANISE.id, status=201)
async def succeed(team: str, wanted: SuccessionIn, w: Web = WebIn) -> SuccessionOut:
    """Record what became of a team; it stays until the directory says something new of it."""
    async with w.transaction() as tx:
        made = await service.succeed(
            tx,
            wanted.kind,
            team,
            wanted.successors,
            wanted.why,
            wanted.at,
            name=wanted.name,
            parent=wanted.parent,
            keeps=w.house.slots[KeptTeam],
        )
    return SuccessionOut.of(made)


@routes.api("POST", "/api/v1/successions/{succession}/withdraw", verb="access.withdraw", permission=REORGANISE.id)
async def withdraw(succession: str, wanted: WhyIn, w: Web = WebIn) -> SuccessionOut:
    """Take back what people recorded of a team."""
    async with w.transaction() as tx:
        return SuccessionOut.of(await service.withdraw(tx, succession, wanted.why))


@routes.api("GET", "/api/v1/directory/removals", verb="access.removals", permission=SYNC.id)
async def list_removals(w: Web = WebIn) -> list[RemovalOut]:
    """What a pushed directory takes away beyond the share of a day, and what waits because of that."""
    async with w.reading() as r:
        return _removals(await service.removals(r))


@routes.api("POST", "/api/v1/directory/removals/take", verb="access.removals_take", permission=SYNC.id)
async def take_removals(wanted: RemovalsIn, w: Web = WebIn) -> list[RemovalOut]:
    """Let these people leave and these teams end."""
    async with w.transaction() as tx:
        return _removals(await service.take_removals(tx, wanted.ids))


@routes.api("POST", "/api/v1/directory/removals/keep", verb="access.removals_keep", permission=SYNC.id)
async def keep_removals(wanted: RemovalsIn, w: Web = WebIn) -> list[RemovalOut]:
    """Keep these people and teams, whatever the directory said."""
    async with w.transaction() as tx:
        return _removals(await service.keep_removals(tx, wanted.ids))


def _removals(found: Sequence[Removal]) -> list[RemovalOut]:
    return [RemovalOut.of_(r) for r in found]


@routes.api("GET", "/api/v1/directory/drafts", verb="access.drafts", permission=READ.id)
async def list_drafts(w: Web = WebIn) -> list[DraftOut]:
    """Charts that may come true, and those that did."""
    async with w.reading() as r:
        return [DraftOut.of(d) for d in await service.drafts(r)]


@routes.api("GET", "/api/v1/directory/drafts/{draft}", verb="access.draft", permission=READ.id)
async def get_draft(draft: str, w: Web = WebIn) -> DraftDetail:
    """A draft, and what would change if it came true."""
    async with w.reading() as r:
        found = await service.draft(r, draft)
        plan = PlanOut.of(await service.foreseen(r, draft))
    return DraftDetail(**DraftOut.of(found).model_dump(), plan=plan)


@routes.api("POST", "/api/v1/directory/drafts", verb="access.draft_make", permission=REORGANISE.id, status=201)
async def make_draft(wanted: DraftIn, w: Web = WebIn) -> DraftOut:
    """A new draft that says what is so now; SCIM clients write into it at /scim/v2/drafts/{id}."""
    async with w.transaction() as tx:
        return DraftOut.of(await service.make_draft(tx, wanted.name))


@routes.api("PUT", "/api/v1/directory/drafts/{draft}/file", verb="access.draft_fill", permission=REORGANISE.id)
async def fill_draft(draft: str, wanted: FileIn, w: Web = WebIn) -> DraftOut:
    """Let a draft say exactly what a file of people and teams says."""
    async with w.reading() as r:
        await service.require(r, REORGANISE, On())
    feed = written(wanted.text, is_table=wanted.name.lower().endswith(".csv"))
    async with w.transaction() as tx:
        return DraftOut.of(await service.fill_draft(tx, draft, feed))


@routes.api("POST", "/api/v1/directory/drafts/{draft}/take", verb="access.draft_take", permission=SYNC.id)
async def take_draft(draft: str, wanted: SyncIn, w: Web = WebIn) -> PlanOut:
    """Let a draft come true."""
    async with w.reading() as r:
        await service.require(r, SYNC, On())
    if DirectoryReader in w.house.ports:
        raise Pulled()
    async with w.transaction() as tx:
        taken = await service.take_draft(tx, draft, most_gone=wanted.most_gone, keeps=w.house.slots[KeptTeam])
    return PlanOut.of(taken)


@routes.api("DELETE", "/api/v1/directory/drafts/{draft}", verb="access.draft_close", permission=REORGANISE.id, status=204)
async def close_draft(draft: str, w: Web = WebIn) -> None:
    """Throw a draft away."""
    async with w.transaction() as tx:
        await service.close_draft(tx, draft)
