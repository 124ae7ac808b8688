"""SQL of ownership."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import and_, or_, select, update

from podo.catalog.models import (
    OwnershipRow,
)
from podo.catalog.types import (
    Ownership,
)
from podo.kernel import ids
from podo.kernel.db import Reading, Tx


async def own(tx: Tx, ownership: Ownership) -> None:
    """End the open interval, begin this one."""
    open_ = (OwnershipRow.project == ownership.project, OwnershipRow.until.is_(None))
    await tx.session.execute(update(OwnershipRow).where(*open_).values(until=ownership.since))
    tx.session.add(OwnershipRow(id=ids.new("own"), **asdict(ownership)))
    await tx.session.flush()


async def owners(r: Reading, slugs: Collection[str], at: datetime | None) -> dict[str, Ownership]:
    """Who owns, or owned at a time."""
    valid = OwnershipRow.until.is_(None)
    if at is not None:
        valid = and_(OwnershipRow.since <= at, or_(OwnershipRow.until.is_(None), OwnershipRow.until > at))
    rows = await r.session.scalars(select(OwnershipRow).where(OwnershipRow.project.in_(slugs), valid))
    return {row.project: _ownership(row) for row in rows}


async def ownerships(r: Reading, slug: str) -> list[Ownership]:
    """All intervals, newest first."""
    rows = await r.session.scalars(select(OwnershipRow).where(OwnershipRow.project == slug).order_by(OwnershipRow.since.desc()))
    return [_ownership(row) for row in rows]


def _ownership(row: OwnershipRow) -> Ownership:
    return Ownership(row.project, row.team, row.since, row.until, row.recorded_at, row.by, row.why)
