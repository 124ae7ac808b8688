"""Rows of assets: what was seen, and what was decided of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Bookkeeping, Record

_GONE, _QUARANTINED = text("gone_at IS NOT NULL"), text("quarantined_at IS NOT NULL")


def _partly(name: str, *columns: str, said: str) -> Index:
    """An index over those rows alone of which this is said."""
    where = text(f"{said} <> ''")
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


class AssetRow(Bookkeeping):
    """A thing in a cloud as it was last seen; `id` follows from its ARN. What is decided of it is in `asset_decisions`.

    `turn` is the number of the run that saw it last; `digest` tells whether anything about it changed. `stack`, `network` and
    `prefix` are worked out from name and tags, for finding owners by neighbours.
    """

    __tablename__ = "assets"
    __table_args__ = (
        Index("ix_assets_name", "name", "id"),
        Index("ix_assets_holder", "holder", "name", "id"),
        Index("ix_assets_place", "account", "provider", "region", "kind", "trouble", "gone_at", "quarantined_at", "holder"),
        Index("ix_assets_gone", "name", "id", sqlite_where=_GONE, postgresql_where=_GONE),
        Index("ix_assets_quarantined", "name", "id", sqlite_where=_QUARANTINED, postgresql_where=_QUARANTINED),
        Index("ix_assets_kind", "kind", "name", "id"),
        _partly("ix_assets_trouble", "name", "id", said="trouble"),
        _partly("ix_assets_said_project", "said_project", said="said_project"),
        _partly("ix_assets_said_team", "said_team", said="said_team"),
        _partly("ix_assets_stack", "account", "stack", said="stack"),
        _partly("ix_assets_network", "account", "network", said="network"),
        _partly("ix_assets_prefix", "account", "prefix", said="prefix"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    provider: Mapped[str] = mapped_column(String(8))
    account: Mapped[str] = mapped_column(String(80))
    region: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(400))
    arn: Mapped[str] = mapped_column(Text)
    tags: Mapped[dict[str, Any]]
    creator: Mapped[str] = mapped_column(String(400))
    created_at: Mapped[datetime | None]
    found_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]
    turn: Mapped[int]
    digest: Mapped[str] = mapped_column(String(20))
    holder: Mapped[str] = mapped_column(String(140))
    proof: Mapped[str] = mapped_column(String(12))
    trouble: Mapped[str] = mapped_column(String(12))
    said_project: Mapped[str] = mapped_column(String(120))
    said_team: Mapped[str] = mapped_column(String(120))
    quarantined_at: Mapped[datetime | None]
    stack: Mapped[str] = mapped_column(String(200))
    network: Mapped[str] = mapped_column(String(120))
    prefix: Mapped[str] = mapped_column(String(120))


class AssetTurnRow(Bookkeeping):
    """The newest run over a source of an account and region, and its number: runs are told apart by numbers, never by clocks."""

    __tablename__ = "asset_turns"

    provider: Mapped[str] = mapped_column(String(8), primary_key=True)
    account: Mapped[str] = mapped_column(String(80), primary_key=True)
    region: Mapped[str] = mapped_column(String(40), primary_key=True)
    source: Mapped[str] = mapped_column(String(120), primary_key=True)
    run: Mapped[str] = mapped_column(String(120))
    turn: Mapped[int] = mapped_column(index=True)
    is_doubted: Mapped[bool]


class AssetDecisionRow(Record):
    """Somebody, or a rule, decided something of an asset: whose it is (`assign`), or that it is in quarantine.

    `batch` is common to what was decided at once; `before` is what an assignment replaced (holder, team, custody). A withdrawn
    decision is no longer so.
    """

    __tablename__ = "asset_decisions"
    __table_args__ = (Index("ix_asset_decisions_asset", "asset", "withdrawn_at"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    batch: Mapped[str] = mapped_column(String(40), index=True)
    asset: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(12))
    owner: Mapped[str] = mapped_column(String(140))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    why: Mapped[str] = mapped_column(Text)
    before: Mapped[dict[str, Any]]
    clues: Mapped[list[Any]]
    confidence: Mapped[float]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str] = mapped_column(String(80))


class OrphanCaseRow(Bookkeeping):
    """An asset of which nobody is known: since when, until when somebody has time, and what speaks for whom.

    `best` is the likeliest owner (`project:<slug>` or `team:<id>`), `because` the kind of its first clue; empty where nothing
    speaks for anybody. `heard_at` is when clues were last looked for.
    """

    __tablename__ = "orphan_cases"
    __table_args__ = (
        Index("ix_orphan_cases_queue", "skipped_at", "confidence", "asset"),
        Index("ix_orphan_cases_heard_at", "heard_at"),
        Index("ix_orphan_cases_due_at", "due_at"),
        Index("ix_orphan_cases_best", "best", "skipped_at"),
        Index("ix_orphan_cases_because", "because", "best"),
    )

    asset: Mapped[str] = mapped_column(String(40), primary_key=True)
    account: Mapped[str] = mapped_column(String(140), index=True)
    trouble: Mapped[str] = mapped_column(String(12))
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    # When the likeliest owners were reminded that the time is nearly over.
    reminded_at: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]
    best: Mapped[str] = mapped_column(String(140))
    because: Mapped[str] = mapped_column(String(12))
    confidence: Mapped[float]
    candidates: Mapped[list[Any]]
    skipped_at: Mapped[datetime | None]
    skipped_by: Mapped[str] = mapped_column(String(80))


class CoverageRow(Bookkeeping):
    """How many assets had an owner on a day (its first moment), by provider, account and owning team (empty: nobody is known)."""

    __tablename__ = "asset_coverage"

    day: Mapped[datetime] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(String(8), primary_key=True)
    account: Mapped[str] = mapped_column(String(80), primary_key=True)
    team: Mapped[str] = mapped_column(String(80), primary_key=True)
    assets: Mapped[int]
    custody: Mapped[int]
    orphans: Mapped[int]
    quarantined: Mapped[int]
