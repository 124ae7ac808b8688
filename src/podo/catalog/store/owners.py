"""SQL of ownership."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, and_, insert, literal, or_, select, update
from sqlalchemy.orm import aliased

from podo.catalog.models import FactsRow, OwnershipRow, ProjectRow
from podo.catalog.types import Contact, Ownership, ProjectState, Spoken
from podo.kernel import ids
from podo.kernel.db import Reading, Tx, UtcTime

_BATCH = 5000
_OPEN = (OwnershipRow.until.is_(None), OwnershipRow.superseded_at.is_(None))
_FIELDS = [f.name for f in fields(Ownership)]
_TABLE = cast(Table, OwnershipRow.__table__)
_COLUMNS = [c for c in OwnershipRow.__table__.columns if c.name not in ("id", "project")]


async def own(tx: Tx, wanted: Iterable[Ownership]) -> None:
    """The first owners of subjects that had none."""
    await _write(tx, wanted)


async def owners(
    r: Reading, subjects: Collection[str], at: datetime | None = None, known: datetime | None = None
) -> dict[str, Ownership]:
    """Who owns, or owned at a time, as known now or then."""
    found: dict[str, Ownership] = {}
    wanted = list(subjects)
    for first in range(0, len(wanted), _BATCH):
        part = OwnershipRow.subject.in_(wanted[first : first + _BATCH])
        rows = await r.session.execute(select(*_COLUMNS).where(part, *_valid(at), *_believed(at, known)))
        found.update({row.subject: _ownership(row) for row in rows})
    return found


def _valid(at: datetime | None) -> tuple[ColumnElement[bool], ...]:
    if at is None:
        return (OwnershipRow.until.is_(None),)
    return OwnershipRow.since <= at, or_(OwnershipRow.until.is_(None), OwnershipRow.until > at)


def _believed(at: datetime | None, known: datetime | None) -> tuple[ColumnElement[bool], ...]:
    if known is None:
        return (OwnershipRow.superseded_at.is_(None),)
    return OwnershipRow.recorded_at <= known, or_(OwnershipRow.superseded_at.is_(None), OwnershipRow.superseded_at > known)


async def spoken(r: Reading, slugs: Collection[str]) -> dict[str, Spoken]:
    """What projects say to whoever needs somebody; who is no project is missing."""
    said = (ProjectRow.slug, ProjectRow.title, ProjectRow.slack, FactsRow.on_call, FactsRow.contacts)
    query = select(*said, OwnershipRow.team, OwnershipRow.custody, OwnershipRow.of)
    query = query.join(OwnershipRow, and_(OwnershipRow.project == ProjectRow.slug, *_OPEN))
    query = query.outerjoin(FactsRow, FactsRow.project == ProjectRow.slug)
    found: dict[str, Spoken] = {}
    wanted = list(slugs)
    for first in range(0, len(wanted), _BATCH):
        rows = await r.session.execute(query.where(ProjectRow.slug.in_(wanted[first : first + _BATCH])))
        for slug, title, slack, on_call, contacts, team, custody, of in rows:
            named = tuple([Contact(**c) for c in contacts]) if contacts else ()
            found[slug] = Spoken(title, slack, on_call or "", named, team, custody, of)
    return found


async def ownerships(r: Reading, subject: str, known: datetime | None = None) -> list[Ownership]:
    """All intervals as believed now or then, newest first."""
    query = select(*_COLUMNS).where(OwnershipRow.subject == subject, *_believed(None, known))
    return [_ownership(row) for row in await r.session.execute(query.order_by(OwnershipRow.since.desc()))]


async def record(r: Reading, subject: str) -> list[Ownership]:
    """All that was ever believed, the newest belief first."""
    query = select(*_COLUMNS).where(OwnershipRow.subject == subject)
    order = (OwnershipRow.recorded_at.desc(), OwnershipRow.since.desc(), OwnershipRow.id.desc())
    return [_ownership(row) for row in await r.session.execute(query.order_by(*order))]


async def owned_by(r: Reading, teams: Collection[str]) -> list[Ownership]:
    """What these teams own or keep now."""
    query = select(*_COLUMNS).where(OwnershipRow.team.in_(teams), *_OPEN).order_by(OwnershipRow.subject)
    return [_ownership(row) for row in await r.session.execute(query)]


async def owned_projects(r: Reading) -> list[tuple[Ownership, str]]:
    """Every project that is not retired with its owner and title, by slug."""
    join = and_(OwnershipRow.project == ProjectRow.slug, *_OPEN)
    query = select(*_COLUMNS, ProjectRow.title).join(ProjectRow, join).where(ProjectRow.state == ProjectState.active)
    return [(_ownership(row), row.title) for row in await r.session.execute(query.order_by(ProjectRow.slug))]


async def owned_once(r: Reading, team: str, limit: int) -> list[Ownership]:
    """Intervals of a team that are over, the newest first."""
    over = (OwnershipRow.team == team, OwnershipRow.superseded_at.is_(None), OwnershipRow.until.is_not(None))
    query = select(*_COLUMNS).where(*over).order_by(OwnershipRow.until.desc()).limit(limit)
    return [_ownership(row) for row in await r.session.execute(query)]


async def owning_teams(r: Reading) -> list[str]:
    """The ids of all teams that own or keep something now."""
    return list(await r.session.scalars(select(OwnershipRow.team).where(*_OPEN).distinct()))


async def moved_away(r: Reading, team: str, by: str) -> list[tuple[Ownership, Ownership]]:
    """Of things that `by` moved from a team to where they are now: the team's interval, and the one that followed."""
    before = aliased(OwnershipRow)
    follows = and_(before.subject == OwnershipRow.subject, before.until == OwnershipRow.since)
    of_team = and_(before.team == team, before.superseded_at.is_(None), OwnershipRow.by == by, *_OPEN)
    subjects = list(await r.session.scalars(select(OwnershipRow.subject).join(before, follows).where(of_team)))
    now = await owners(r, subjects)
    earlier = select(*_COLUMNS).where(OwnershipRow.team == team, OwnershipRow.superseded_at.is_(None))
    over = {(row.subject, row.until): _ownership(row) for row in await r.session.execute(earlier)}
    return [(over[o.subject, o.since], o) for o in now.values()]


async def pass_on(tx: Tx, pairs: Sequence[tuple[Ownership, Ownership]]) -> None:
    """From what is open to what follows it: the first ends when the second begins. All are recorded at one moment."""
    if not pairs:
        return
    at = pairs[0][1].recorded_at
    ends: dict[datetime, list[str]] = {}
    for was, now in pairs:
        ends.setdefault(now.since, []).append(was.subject)
    for until, subjects in ends.items():
        for first in range(0, len(subjects), _BATCH):
            part = OwnershipRow.subject.in_(subjects[first : first + _BATCH])
            await _close(tx, part, until, at)
    # Rows as they are, without a look at each as an object: a merge may move ten thousand.
    rows = _rows([now for _, now in pairs])
    for first in range(0, len(rows), _BATCH):
        await tx.session.execute(insert(_TABLE), rows[first : first + _BATCH])


async def _close(tx: Tx, part: ColumnElement[bool], until: datetime, at: datetime) -> None:
    """What is open is written once more, with an end, where that is after its beginning; the open row is superseded."""
    was = OwnershipRow
    taken: dict[str, Any] = {c.name: c for c in was.__table__.columns}
    taken |= {"id": was.id + "e", "until": literal(until, UtcTime), "recorded_at": literal(at, UtcTime)}
    columns = [c.label(name) for name, c in taken.items()]
    ended = select(*columns).where(part, *_OPEN, was.since < until)
    await tx.session.execute(insert(was).from_select(list(taken), ended, include_defaults=False))
    await tx.session.execute(_superseded(at, part, *_OPEN))


async def end(tx: Tx, was: Sequence[Ownership], at: datetime) -> None:
    """What is open has nobody after it."""
    for first in range(0, len(was), _BATCH):
        part = OwnershipRow.subject.in_([o.subject for o in was[first : first + _BATCH]])
        await _close(tx, part, at, at)


async def revise(tx: Tx, gone: Sequence[Ownership], written: Sequence[Ownership], at: datetime) -> None:
    """Of one subject: what is no longer believed, and what is instead."""
    subject = gone[0].subject
    begun = OwnershipRow.since.in_([o.since for o in gone])
    await tx.session.execute(_superseded(at, OwnershipRow.subject == subject, begun, OwnershipRow.superseded_at.is_(None)))
    await _write(tx, written)


def _superseded(at: datetime, *where: ColumnElement[bool]) -> Any:
    return update(OwnershipRow).where(*where).values(superseded_at=at).execution_options(synchronize_session=False)


async def _write(tx: Tx, wanted: Iterable[Ownership]) -> None:
    rows = _rows(wanted)
    for first in range(0, len(rows), _BATCH):
        await tx.session.execute(insert(OwnershipRow), rows[first : first + _BATCH])


def _rows(wanted: Iterable[Ownership]) -> list[dict[str, Any]]:
    # Not `asdict`, which copies deeply.
    return [{"id": ids.new("own"), "project": o.project or None, **{n: getattr(o, n) for n in _FIELDS}} for o in wanted]


def _ownership(row: Any) -> Ownership:
    return Ownership(
        subject=row.subject,
        team=row.team,
        since=row.since,
        until=row.until,
        recorded_at=row.recorded_at,
        by=row.by,
        why=row.why,
        superseded_at=row.superseded_at,
        custody=row.custody,
        of=row.of,
    )
