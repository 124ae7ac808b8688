"""Accounts, looks into them and plans of tags, as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from podo.catalog.types import AccountKind, CloudAccount, Inventory, Provider, TagChange, TagPlan


class AccountIn(BaseModel):
    """An account of AWS or a project of GCP."""

    name: str = Field(description="What people call it.")
    regions: list[str] = Field(default=[], description="Regions of AWS that are asked; GCP needs none.")
    role: str = Field(default="", description="ARN of the role that Podo takes on; empty: its own rights.")
    external_id: str = Field(default="", description="The external id that the role asks for.")
    team: str = Field(default="", description="Id or handle of the team that keeps what nobody owns; empty: the custodian.")
    kind: AccountKind = Field(default=AccountKind.real, description="`twin` is a simulated account in Podo's process.")


class AccountOut(BaseModel):
    """An account; `failing` counts the lists that were not read to their end the last time."""

    provider: Provider
    id: str
    name: str
    regions: list[str]
    role: str
    team: str
    kind: AccountKind
    failing: int
    done_at: datetime | None

    @classmethod
    def of(cls, account: CloudAccount, looks: list[Inventory]) -> AccountOut:
        """From the noun and the last looks into it; `done_at` is the oldest list's."""
        done = [look.done_at for look in looks]
        return cls(
            provider=account.provider,
            id=account.id,
            name=account.name,
            regions=list(account.regions),
            role=account.role,
            team=account.team,
            kind=account.kind,
            failing=sum(bool(look.why) for look in looks),
            done_at=min((at for at in done if at), default=None) if all(done) else None,
        )


class InventoryOut(BaseModel):
    """The last look at one list; `why` and `do` say what went wrong the last time and what to do."""

    region: str
    source: str
    state: str
    began_at: datetime
    ended_at: datetime | None
    done_at: datetime | None
    pages: int
    seen: int
    gone: int
    unsupported: list[str]
    why: str
    do: str

    @classmethod
    def of(cls, look: Inventory) -> InventoryOut:
        """From the noun."""
        return cls(
            region=look.region,
            source=look.source,
            state=look.state.value,
            began_at=look.began_at,
            ended_at=look.ended_at,
            done_at=look.done_at,
            pages=look.pages,
            seen=look.seen,
            gone=look.gone,
            unsupported=list(look.unsupported),
            why=look.why,
            do=look.do,
        )


class TagPlanIn(BaseModel):
    """What a plan is about; everything, where nothing is said."""

    provider: str = ""
    account: str = ""
    team: str = Field(default="", description="Id or handle.")


class TagPlanOut(BaseModel):
    """A plan of tags and how far it is; `left` counts assets that it leaves out, by why."""

    id: str
    kind: str
    state: str
    at: datetime
    by: str
    assets: int
    calls: int
    waiting: int
    written: int
    failed: int
    gone: int
    undoes: str
    why: str
    ended_at: datetime | None
    left: dict[str, int]

    @classmethod
    def of(cls, plan: TagPlan) -> TagPlanOut:
        """From the noun."""
        return cls(
            id=plan.id,
            kind=plan.kind.value,
            state=plan.state.value,
            at=plan.at,
            by=plan.by,
            assets=plan.assets,
            calls=plan.calls,
            waiting=plan.waiting,
            written=plan.written,
            failed=plan.failed,
            gone=plan.gone,
            undoes=plan.undoes,
            why=plan.why,
            ended_at=plan.ended_at,
            left=dict(plan.left),
        )


class TagChangeOut(BaseModel):
    """What a plan does to one asset: `set` and `drop`, and what stood there before (null: nothing)."""

    asset: str
    arn: str
    name: str
    account: str
    region: str
    kind: str
    batch: int
    set: dict[str, str]
    drop: list[str]
    former: dict[str, str | None]
    state: str
    trouble: str
    why: str
    attempts: int

    @classmethod
    def of(cls, it: TagChange) -> TagChangeOut:
        """From the noun."""
        return cls(
            asset=it.asset,
            arn=it.arn,
            name=it.name,
            account=it.account,
            region=it.region,
            kind=it.kind,
            batch=it.batch,
            set=dict(it.set),
            drop=list(it.drop),
            former=dict(it.former),
            state=it.state.value,
            trouble=it.trouble,
            why=it.why,
            attempts=it.attempts,
        )


class TagChangesOut(BaseModel):
    """A page of changes; `next` is the cursor of the next one."""

    items: list[TagChangeOut]
    next: str | None


class DriftOut(BaseModel):
    """How many assets bear other tags than Podo wrote, and how many calls repaired such today."""

    assets: int
    calls_today: int
    calls_a_day: int
