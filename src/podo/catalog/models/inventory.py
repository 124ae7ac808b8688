"""Rows of accounts, looks into them, and plans of tags."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Bookkeeping, Record


class AccountRow(Record):
    """An account of a cloud."""

    __tablename__ = "cloud_accounts"

    provider: Mapped[str] = mapped_column(String(8), primary_key=True)
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    regions: Mapped[list[str]]
    role: Mapped[str] = mapped_column(String(300), default="")
    external_id: Mapped[str] = mapped_column(String(200), default="")
    team: Mapped[str] = mapped_column(String(80), default="")
    kind: Mapped[str] = mapped_column(String(8))


class InventoryRow(Bookkeeping):
    """The last look at a source of an account and region; `done_at` is when one was last read to its end."""

    __tablename__ = "inventories"

    provider: Mapped[str] = mapped_column(String(8), primary_key=True)
    account: Mapped[str] = mapped_column(String(80), primary_key=True)
    region: Mapped[str] = mapped_column(String(40), primary_key=True)
    source: Mapped[str] = mapped_column(String(80), primary_key=True)
    run: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(12))
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    pages: Mapped[int] = mapped_column(default=0)
    seen: Mapped[int] = mapped_column(default=0)
    gone: Mapped[int] = mapped_column(default=0)
    why: Mapped[str] = mapped_column(Text, default="")
    do: Mapped[str] = mapped_column(Text, default="")
    unsupported: Mapped[list[str]]


class TagPlanRow(Record):
    """A plan of tags. `left` counts what cannot be tagged, by why."""

    __tablename__ = "tag_plans"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(12), index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    assets: Mapped[int]
    calls: Mapped[int]
    undoes: Mapped[str] = mapped_column(String(40), default="")
    run: Mapped[str] = mapped_column(String(200), default="")
    why: Mapped[str] = mapped_column(Text, default="")
    ended_at: Mapped[datetime | None]
    left: Mapped[dict[str, Any]]


class TagChangeRow(Bookkeeping):
    """What a plan does to one asset, and how far that is. `former` is what stood there; None: nothing."""

    __tablename__ = "tag_changes"
    __table_args__ = (
        Index("ix_tag_changes_plan_state", "plan", "state", "attempts", "batch"),
        Index("ix_tag_changes_asset", "asset", "state"),
    )

    plan: Mapped[str] = mapped_column(String(40), ForeignKey("tag_plans.id"), primary_key=True)
    asset: Mapped[str] = mapped_column(String(40), primary_key=True)
    batch: Mapped[int]
    arn: Mapped[str] = mapped_column(Text)
    provider: Mapped[str] = mapped_column(String(8))
    account: Mapped[str] = mapped_column(String(80))
    region: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(120))
    wanted: Mapped[dict[str, Any]]
    dropped: Mapped[list[str]]
    former: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(8))
    trouble: Mapped[str] = mapped_column(String(12), default="")
    why: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(default=0)


class TagCallsRow(Bookkeeping):
    """How many calls repaired drift on a day."""

    __tablename__ = "tag_calls"

    day: Mapped[date] = mapped_column(primary_key=True)
    calls: Mapped[int] = mapped_column(default=0)
