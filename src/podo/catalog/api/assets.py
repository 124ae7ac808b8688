"""Assets, the orphan court and coverage as JSON."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel, Field

from podo.catalog import service
from podo.catalog.types import (
    ASSIGN,
    QUARANTINE,
    READ,
    Asset,
    AssetMoney,
    AssetQuery,
    Clue,
    Coverage,
    Decision,
    OrphanCase,
)
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn

routes = Routes("catalog", tag="Assets")


class AssetOut(BaseModel):
    """A thing in a cloud. `team` is the owner's id as of now; while `trouble` is set, that team only keeps it."""

    id: str
    provider: str
    account: str
    region: str
    kind: str
    name: str
    arn: str
    state: str
    project: str | None
    team: str | None
    custody: bool
    proof: str | None
    trouble: str | None
    tags: dict[str, str]
    creator: str
    created_at: datetime | None
    found_at: datetime
    seen_at: datetime
    gone_at: datetime | None
    quarantined_at: datetime | None

    @classmethod
    def of(cls, it: Asset) -> AssetOut:
        """From the noun."""
        names = [name for name in cls.model_fields if name not in ("tags", "provider")]
        return cls(provider=it.provider, tags=dict(it.tags), **{name: getattr(it, name) for name in names})


class AssetsOut(BaseModel):
    """A page of assets, by name."""

    items: list[AssetOut]
    next: str | None


class CountOut(BaseModel):
    """A value and how many assets have it."""

    value: str
    count: int


class FacetsOut(BaseModel):
    """How many assets a filter finds, and by what it can be narrowed, the most first."""

    total: int
    providers: list[CountOut]
    accounts: list[CountOut]
    regions: list[CountOut]
    kinds: list[CountOut]
    states: list[CountOut]


class ClueOut(BaseModel):
    """What speaks for an owner: `count` of `of` neighbours are theirs, where it is a count."""

    kind: str
    value: str
    confidence: float
    count: int
    of: int

    @classmethod
    def of_clue(cls, clue: Clue) -> ClueOut:
        """From the noun."""
        return cls(kind=clue.kind, value=clue.value, confidence=clue.confidence, count=clue.count, of=clue.of)


class CandidateOut(BaseModel):
    """A possible owner: `project:<slug>` or `team:<id>`."""

    owner: str
    confidence: float
    clues: list[ClueOut]


class OrphanOut(BaseModel):
    """A case of the orphan court; candidates are ranked."""

    asset: AssetOut
    trouble: str
    opened_at: datetime
    due_at: datetime
    candidates: list[CandidateOut]
    skipped_at: datetime | None

    @classmethod
    def of(cls, case: OrphanCase) -> OrphanOut:
        """From the noun."""
        return cls(
            asset=AssetOut.of(case.asset),
            trouble=case.trouble,
            opened_at=case.opened_at,
            due_at=case.due_at,
            candidates=[
                CandidateOut(owner=c.owner, confidence=c.confidence, clues=[ClueOut.of_clue(clue) for clue in c.clues])
                for c in case.candidates
            ],
            skipped_at=case.skipped_at,
        )


class OrphansOut(BaseModel):
    """A page of cases, the surest first, what was skipped last."""

    items: list[OrphanOut]
    next: str | None
    total: int | None


class DecisionOut(BaseModel):
    """What was decided of an asset, and whether it was undone."""

    id: str
    batch: str
    kind: str
    owner: str
    at: datetime
    by: str
    why: str
    confidence: float
    clues: list[ClueOut]
    withdrawn_at: datetime | None
    withdrawn_by: str

    @classmethod
    def of(cls, it: Decision) -> DecisionOut:
        """From the noun."""
        names = [name for name in cls.model_fields if name != "clues"]
        return cls(clues=[ClueOut.of_clue(c) for c in it.clues], **{name: getattr(it, name) for name in names})


class CostOut(BaseModel):
    """What an asset cost in the last 30 days."""

    amount: Decimal
    currency: str


class OneAssetOut(BaseModel):
    """An asset, its case where nobody is known, what was decided, and what it costs where that is known."""

    asset: AssetOut
    case: OrphanOut | None
    decisions: list[DecisionOut]
    cost: CostOut | None


class AssignIn(BaseModel):
    """Whose these assets are: `project:<slug>` or `team:<id or handle>`."""

    assets: list[str] = Field(min_length=1, max_length=500)
    owner: str
    why: str = Field(default="", max_length=500)


class QuarantineIn(BaseModel):
    """Which orphans are set apart, and why."""

    assets: list[str] = Field(min_length=1, max_length=500)
    why: str = Field(default="", max_length=500)


class SkipIn(BaseModel):
    """Which cases go to the end of the queue."""

    assets: list[str] = Field(min_length=1, max_length=500)


class UndoIn(BaseModel):
    """The asset whose newest standing decision is meant; or a batch, and then no asset."""

    asset: str
    batch: str = ""


class BatchOut(BaseModel):
    """By what it can be undone; empty where nothing was to be done."""

    batch: str


class DoneOut(BaseModel):
    """How many that were."""

    count: int


class CoverageOut(BaseModel):
    """How many assets had an owner; `name` is the part (an account, a team's id), empty for all of a day."""

    name: str
    day: date
    assets: int
    owned: int
    custody: int
    orphans: int
    quarantined: int
    share: float

    @classmethod
    def of(cls, it: Coverage, name: str = "") -> CoverageOut:
        """From the noun."""
        names = [field for field in cls.model_fields if field != "name"]
        return cls(name=name, **{field: getattr(it, field) for field in names})


@routes.api("GET", "/api/v1/assets", verb="catalog.assets", permission=READ.id)
async def assets(
    q: str = "",
    provider: str = "",
    account: str = "",
    region: str = "",
    kind: str = "",
    team: str = "",
    below: bool = False,
    project: str = "",
    state: str = "",
    tag: str = "",
    cursor: str = "",
    limit: int = 50,
    w: Web = WebIn,
) -> AssetsOut:
    """Assets by name; `q` holds parts of a name or ARN, `tag` is `key` or `key=value`, `below` takes teams under `team`, too."""
    query = AssetQuery(q, provider, account, region, kind, team, below, project, state, tag)
    async with w.reading() as r:
        found = await service.assets(r, query, cursor=cursor, limit=limit)
    return AssetsOut(items=[AssetOut.of(it) for it in found.items], next=found.next)


@routes.api("GET", "/api/v1/assets/counts", verb="catalog.asset_counts", permission=READ.id)
async def counts(
    q: str = "",
    provider: str = "",
    account: str = "",
    region: str = "",
    kind: str = "",
    team: str = "",
    below: bool = False,
    project: str = "",
    state: str = "",
    tag: str = "",
    w: Web = WebIn,
) -> FacetsOut:
    """How many assets a filter finds, and by what it can be narrowed."""
    query = AssetQuery(q, provider, account, region, kind, team, below, project, state, tag)
    async with w.reading() as r:
        found = await service.asset_facets(r, query)
    names = ("providers", "accounts", "regions", "kinds", "states")
    by = {name: [CountOut(value=value, count=count) for value, count in getattr(found, name)] for name in names}
    return FacetsOut(total=found.total, **by)


@routes.api("GET", "/api/v1/assets/orphans", verb="catalog.orphans", permission=READ.id)
async def orphans(
    because: str = "",
    owner: str = "",
    account: str = "",
    team: str = "",
    below: bool = False,
    state: str = "",
    mine: bool = False,
    cursor: str = "0",
    limit: int = 20,
    w: Web = WebIn,
) -> OrphansOut:
    """Cases of the orphan court; `because` and `owner` narrow to those that this evidence speaks for this owner first.

    With `mine` only those that teams which you lead, or projects of theirs, are likeliest to own.
    """
    query = AssetQuery(account=account, team=team, below=below, state=state)
    skip = int(cursor) if cursor.isdecimal() else 0
    async with w.reading() as r:
        of = w.person if mine else ""
        found = await service.orphans(r, query, because=because, owner=owner, of=of, skip=skip, limit=limit)
    return OrphansOut(items=[OrphanOut.of(case) for case in found.items], next=found.next, total=found.total)


@routes.api("GET", "/api/v1/assets/coverage", verb="catalog.coverage", permission=READ.id)
async def coverage(
    by: str = "", provider: str = "", account: str = "", team: str = "", days: int = 90, w: Web = WebIn
) -> list[CoverageOut]:
    """How many assets had an owner, by day; with `by` (provider, account, team) the newest day by part."""
    async with w.reading() as r:
        if by:
            return [CoverageOut.of(it, name) for name, it in await service.coverage_parts(r, by)]
        found = await service.coverage(r, provider=provider, account=account, team=team, days=days)
    return [CoverageOut.of(it) for it in found]


@routes.api("POST", "/api/v1/assets/assign", verb="catalog.assign_assets", permission=ASSIGN.id)
async def assign(wanted: AssignIn, w: Web = WebIn) -> BatchOut:
    """Decide whose these assets are."""
    async with w.transaction() as tx:
        return BatchOut(batch=await service.assign_assets(tx, wanted.assets, wanted.owner, wanted.why))


@routes.api("POST", "/api/v1/assets/quarantine", verb="catalog.quarantine_assets", permission=QUARANTINE.id)
async def quarantine(wanted: QuarantineIn, w: Web = WebIn) -> BatchOut:
    """Set orphans apart whose time to be claimed is over; nothing is deleted."""
    async with w.transaction() as tx:
        return BatchOut(batch=await service.quarantine_assets(tx, wanted.assets, wanted.why))


@routes.api("POST", "/api/v1/assets/skip", verb="catalog.skip_orphans", permission=ASSIGN.id)
async def skip(wanted: SkipIn, w: Web = WebIn) -> DoneOut:
    """Put cases at the end of the queue."""
    async with w.transaction() as tx:
        return DoneOut(count=await service.skip_orphans(tx, wanted.assets))


@routes.api("POST", "/api/v1/assets/unskip", verb="catalog.unskip_orphans", permission=ASSIGN.id)
async def unskip(wanted: SkipIn, w: Web = WebIn) -> DoneOut:
    """Put cases back where evidence puts them."""
    async with w.transaction() as tx:
        return DoneOut(count=await service.unskip_orphans(tx, wanted.assets))


@routes.api("POST", "/api/v1/assets/undo", verb="catalog.undo_assets", permission=ASSIGN.id)
async def undo(wanted: UndoIn, w: Web = WebIn) -> DoneOut:
    """Undo what was decided at once, or the newest standing decision about an asset."""
    async with w.transaction() as tx:
        return DoneOut(count=await service.undo_assets(tx, batch=wanted.batch, asset=wanted.asset))


@routes.api("GET", "/api/v1/assets/{asset}", verb="catalog.asset", permission=READ.id)
async def asset(asset: str, arn: str = "", w: Web = WebIn) -> OneAssetOut:
    """One asset by id; by its ARN at `/assets/arn?arn=…`."""
    async with w.reading() as r:
        found = await service.asset(r, arn if asset == "arn" else asset)
        case = await service.orphan(r, found.id)
        decided = await service.decisions(r, found.id)
        cost: CostOut | None = None
        for slot in w.house.slots[AssetMoney]:
            if (known := (await slot.monthly(r, [found.id])).get(found.id)) is not None:
                cost = CostOut(amount=known[0], currency=known[1])
    return OneAssetOut(
        asset=AssetOut.of(found),
        case=OrphanOut.of(case) if case else None,
        decisions=[DecisionOut.of(it) for it in decided],
        cost=cost,
    )
