"""Rows of what became of teams."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select, update

from podo.access.models import SuccessionRow
from podo.access.types import Succession, SuccessionKind
from podo.kernel.db import Reading, Tx


def add_succession(tx: Tx, succession: Succession) -> None:
    """A new one."""
    tx.session.add(
        SuccessionRow(**{**asdict(succession), "successors": list(succession.successors), "people": list(succession.people)})
    )


async def successions(r: Reading, team: str | None = None) -> list[Succession]:
    """All, or those of a team; the newest by valid time first."""
    query = select(SuccessionRow).order_by(SuccessionRow.at.desc(), SuccessionRow.id.desc())
    if team is not None:
        query = query.where(SuccessionRow.team == team)
    return [_succession(row) for row in await r.session.scalars(query)]


async def succession(r: Reading, id_: str) -> Succession | None:
    """By id."""
    row = await r.session.get(SuccessionRow, id_)
    return _succession(row) if row else None


async def withdraw_succession(tx: Tx, id_: str, at: datetime, why: str) -> None:
    """It did not happen after all."""
    await tx.session.execute(update(SuccessionRow).where(SuccessionRow.id == id_).values(withdrawn_at=at, withdrawn_why=why))


def _succession(row: SuccessionRow) -> Succession:
    return Succession(
        id=row.id,
        kind=SuccessionKind(row.kind),
        team=row.team,
        successors=tuple(row.successors),
        at=row.at,
        recorded_at=row.recorded_at,
        by=row.by,
        why=row.why,
        was=row.was,
        now=row.now,
        withdrawn_at=row.withdrawn_at,
        withdrawn_why=row.withdrawn_why,
        people=tuple(row.people),
    )
