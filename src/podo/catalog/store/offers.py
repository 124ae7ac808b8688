"""SQL of offers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select, update

from podo.catalog.models import OfferRow
from podo.catalog.types import Evidence, Offer, OfferKind, OfferState
from podo.kernel.db import Reading, Tx

_BATCH = 5000
_FIELDS = [f.name for f in fields(Offer)]
_OPEN = OfferRow.state == OfferState.open


async def add_offers(tx: Tx, offers: Iterable[Offer]) -> None:
    """New ones."""
    rows = [
        {**{n: getattr(o, n) for n in _FIELDS}, "reminded_at": None, "evidence": [_plain(e) for e in o.evidence]} for o in offers
    ]
    for first in range(0, len(rows), _BATCH):
        await tx.session.execute(insert(OfferRow), rows[first : first + _BATCH])


async def offer(r: Reading, id_: str) -> Offer | None:
    """By id."""
    found = await _all(r, OfferRow.id == id_)
    return found[0] if found else None


async def offers_of(r: Reading, subject: str) -> list[Offer]:
    """Of one subject, open ones first, the likeliest first; then the newest."""
    found = await _all(r, OfferRow.subject == subject)
    return sorted(found, key=lambda o: (o.state is not OfferState.open, -o.offered_at.timestamp(), o.rank))


async def open_offers(
    r: Reading,
    *,
    subjects: Collection[str] | None = None,
    teams: Collection[str] | None = None,
    of: str | None = None,
    due: datetime | None = None,
    limit: int | None = None,
) -> list[Offer]:
    """Those that wait for an answer, the first due first: of subjects, to teams, of a team's things, due by then."""
    if subjects is not None:
        wanted = list(subjects)
        parts = [wanted[first : first + _BATCH] for first in range(0, len(wanted), _BATCH)]
        return [o for part in parts for o in await _all(r, _OPEN, OfferRow.subject.in_(part))]
    conditions: list[ColumnElement[bool]] = [_OPEN]
    if teams is not None:
        conditions.append(OfferRow.team.in_(teams))
    if of is not None:
        conditions.append(OfferRow.of == of)
    if due is not None:
        conditions.append(OfferRow.due_at <= due)
    return await _all(r, *conditions, limit=limit)


async def offers_to_remind(r: Reading, now: datetime, until: datetime) -> list[Offer]:
    """Open ones of which nobody was reminded, and that are over between now and then."""
    return await _all(r, _OPEN, OfferRow.due_at > now, OfferRow.due_at <= until, OfferRow.reminded_at.is_(None))


async def note_offers_reminded(tx: Tx, ids: Collection[str], at: datetime) -> None:
    """Those who were asked were reminded. Leaves an event, which whoever calls says."""
    wanted = list(ids)
    for first in range(0, len(wanted), _BATCH):
        mine = OfferRow.id.in_(wanted[first : first + _BATCH])
        await tx.session.execute(update(OfferRow).where(mine).values(reminded_at=at))


async def count_offers(r: Reading, teams: Collection[str]) -> int:
    """How many wait for these teams."""
    return await r.session.scalar(select(func.count()).select_from(OfferRow).where(_OPEN, OfferRow.team.in_(teams))) or 0


async def _all(r: Reading, *where: ColumnElement[bool], limit: int | None = None) -> list[Offer]:
    query = select(*OfferRow.__table__.columns).where(*where).order_by(OfferRow.due_at, OfferRow.subject, OfferRow.rank)
    return [_offer(row) for row in await r.session.execute(query.limit(limit))]


async def answer(tx: Tx, ids: Collection[str], state: OfferState, *, at: datetime, by: str, why: str = "") -> None:
    """Open offers are answered, withdrawn or lapsed."""
    values = {"state": state, "answered_at": at, "answered_by": by, "answer": why}
    wanted = list(ids)
    for first in range(0, len(wanted), _BATCH):
        mine = OfferRow.id.in_(wanted[first : first + _BATCH])
        await tx.session.execute(update(OfferRow).where(mine, _OPEN).values(values))


async def hold(tx: Tx, holders: Mapping[str, str]) -> None:
    """Another team keeps what is offered: by subject, for open offers."""
    by_team: dict[str, list[str]] = {}
    for subject, team in holders.items():
        by_team.setdefault(team, []).append(subject)
    for team, subjects in by_team.items():
        for first in range(0, len(subjects), _BATCH):
            mine = OfferRow.subject.in_(subjects[first : first + _BATCH])
            await tx.session.execute(update(OfferRow).where(mine, _OPEN).values(holder=team))


def _plain(e: Evidence) -> dict[str, Any]:
    return {"team": e.team, "points": e.points, "reason": e.reason, "facts": dict(e.facts)}


def _offer(row: Any) -> Offer:
    return Offer(
        id=row.id,
        subject=row.subject,
        kind=OfferKind(row.kind),
        team=row.team,
        holder=row.holder,
        of=row.of,
        rank=row.rank,
        evidence=tuple([Evidence(**e) for e in row.evidence]),
        state=OfferState(row.state),
        offered_at=row.offered_at,
        due_at=row.due_at,
        by=row.by,
        why=row.why,
        answered_at=row.answered_at,
        answered_by=row.answered_by,
        answer=row.answer,
    )
