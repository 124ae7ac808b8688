"""Rows of charts that may come true, and of what SCIM clients wrote."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update

from podo.access.models import DraftRow, EntryRow, FeedTroubleRow, PersonRow, RemovalRow, TeamRow
from podo.access.store.people import read_person
from podo.access.types import Draft, Entry, EntryKind, FeedTrouble, Person, Removal
from podo.kernel.db import Reading, Tx

# What every push asks stands ready, and reads columns.
_ENTRIES = select(*(getattr(EntryRow, column.name) for column in EntryRow.__table__.columns)).where(
    EntryRow.draft == bindparam("draft"), EntryRow.kind == bindparam("kind")
)
_ENTRY, _NAMED = _ENTRIES.where(EntryRow.id == bindparam("id")), _ENTRIES.where(EntryRow.named == bindparam("named"))
_WAITING = select(*(getattr(RemovalRow, column.name) for column in RemovalRow.__table__.columns)).where(
    RemovalRow.of == bindparam("of"), RemovalRow.decided_at.is_(None)
)


async def drafts(r: Reading) -> list[Draft]:
    """All, the newest first."""
    rows = await r.session.scalars(select(DraftRow).order_by(DraftRow.made_at.desc(), DraftRow.id.desc()))
    return [_draft(row) for row in rows]


async def draft(r: Reading, id_: str) -> Draft | None:
    """By id."""
    row = (await r.session.scalars(select(DraftRow).where(DraftRow.id == id_))).first()
    return _draft(row) if row else None


async def put_draft(tx: Tx, draft_: Draft) -> None:
    """Add or change one."""
    names = ("id", "name", "by", "made_at", "changed_at", "taken_at", "closed_at")
    await tx.session.merge(DraftRow(**{name: getattr(draft_, name) for name in names}))
    await tx.session.flush()


async def touch_draft(tx: Tx, id_: str, at: datetime) -> None:
    """Something in it changed."""
    await tx.session.execute(update(DraftRow).where(DraftRow.id == id_).values(changed_at=at))


# -- entries


async def entries(r: Reading, draft_: str, kind: EntryKind) -> list[Entry]:
    """All of a draft, or of what is so; in the order in which they came."""
    query = select(EntryRow).where(EntryRow.draft == draft_, EntryRow.kind == kind).order_by(EntryRow.made_at, EntryRow.id)
    return [_entry(row) for row in await r.session.scalars(query)]


async def entries_by(r: Reading, draft_: str, kind: EntryKind, ids: Collection[str]) -> dict[str, Entry]:
    """Some, by id."""
    query = select(EntryRow).where(EntryRow.draft == draft_, EntryRow.kind == kind, EntryRow.id.in_(ids))
    return {row.id: _entry(row) for row in await r.session.scalars(query)}


async def entry(r: Reading, draft_: str, kind: EntryKind, id_: str) -> Entry | None:
    """By id."""
    row = (await r.session.execute(_ENTRY, {"draft": draft_, "kind": kind.value, "id": id_})).first()
    return _entry(row) if row else None


async def entries_named(r: Reading, draft_: str, kind: EntryKind, named: str) -> list[Entry]:
    """By userName or displayName in small letters."""
    return [_entry(row) for row in await r.session.execute(_NAMED, {"draft": draft_, "kind": kind.value, "named": named})]


async def entries_external(r: Reading, draft_: str, kind: EntryKind, external: str) -> list[Entry]:
    """By externalId."""
    query = select(EntryRow).where(EntryRow.draft == draft_, EntryRow.kind == kind, EntryRow.external == external)
    return [_entry(row) for row in await r.session.scalars(query)]


async def entry_ids(r: Reading, draft_: str, kind: EntryKind) -> list[str]:
    """The ids of all, in the order in which they came."""
    query = select(EntryRow.id).where(EntryRow.draft == draft_, EntryRow.kind == kind).order_by(EntryRow.made_at, EntryRow.id)
    return list(await r.session.scalars(query))


async def unwritten_people(r: Reading) -> list[Person]:
    """Active people of the directory whom no client wrote."""
    written = select(EntryRow.id).where(EntryRow.draft == "", EntryRow.kind == EntryKind.user, EntryRow.id == PersonRow.id)
    query = select(PersonRow).where(PersonRow.active.is_(True), PersonRow.source == "", ~written.exists())
    return [read_person(row) for row in await r.session.scalars(query.order_by(PersonRow.name, PersonRow.id))]


async def due_entries(r: Reading, now: datetime) -> list[Entry]:
    """Those of what is so whose moment has come; groups behind users."""
    query = select(EntryRow).where(EntryRow.draft == "", EntryRow.due_at <= now).order_by(EntryRow.kind.desc(), EntryRow.due_at)
    return [_entry(row) for row in await r.session.scalars(query)]


async def put_entry(tx: Tx, entry_: Entry, *, is_new: bool = False) -> None:
    """Add or change one; one of which it is known that there is no row is not looked for."""
    row = EntryRow(**_columns(entry_))
    if is_new:
        tx.session.add(row)
    else:
        await tx.session.merge(row)
    await tx.session.flush()


async def put_entries(tx: Tx, draft_: str, wanted: Collection[Entry]) -> None:
    """These and no others."""
    await tx.session.execute(delete(EntryRow).where(EntryRow.draft == draft_))
    if wanted:
        await tx.session.execute(EntryRow.__table__.insert(), [_columns(e) for e in wanted])  # pyright: ignore[reportAttributeAccessIssue]


async def drop_entry(tx: Tx, draft_: str, kind: EntryKind, id_: str) -> None:
    """It is gone."""
    await tx.session.execute(delete(EntryRow).where(EntryRow.draft == draft_, EntryRow.kind == kind, EntryRow.id == id_))


def _columns(entry_: Entry) -> dict[str, Any]:
    names = ("draft", "id", "named", "external", "document", "made_at", "changed_at", "due_at")
    return {"kind": entry_.kind.value, **{name: getattr(entry_, name) for name in names}}


def _draft(row: DraftRow) -> Draft:
    return Draft(row.id, row.name, row.by, row.made_at, row.changed_at, row.taken_at, row.closed_at)


def _entry(row: Any) -> Entry:
    return Entry(
        draft=row.draft,
        kind=EntryKind(row.kind),
        id=row.id,
        named=row.named,
        external=row.external,
        document=row.document,
        made_at=row.made_at,
        changed_at=row.changed_at,
        due_at=row.due_at,
    )


# -- removals


async def put_removal(tx: Tx, removal: Removal) -> None:
    """Add or change one."""
    await tx.session.merge(RemovalRow(**{**asdict(removal), "kind": removal.kind.value}))
    await tx.session.flush()


async def waiting_removals(r: Reading) -> list[Removal]:
    """Those that nobody has decided, the oldest first."""
    query = select(RemovalRow).where(RemovalRow.decided_at.is_(None)).order_by(RemovalRow.asked_at, RemovalRow.id)
    return [_removal(row) for row in await r.session.scalars(query)]


async def waiting_removal(r: Reading, of: str) -> Removal | None:
    """The undecided one of a person or team."""
    row = (await r.session.execute(_WAITING, {"of": of})).first()
    return _removal(row) if row else None


async def removed_since(r: Reading, moment: datetime) -> int:
    """How many went by themselves since then."""
    query = select(func.count()).select_from(RemovalRow)
    return await r.session.scalar(query.where(RemovalRow.asked_at > moment, RemovalRow.taken, RemovalRow.decided_by == "")) or 0


async def known_count(r: Reading) -> int:
    """How many active people of the directory and living teams there are."""
    people = select(func.count()).select_from(PersonRow).where(PersonRow.active.is_(True), PersonRow.source == "")
    teams = select(func.count()).select_from(TeamRow).where(TeamRow.ended_at.is_(None))
    return (await r.session.scalar(people) or 0) + (await r.session.scalar(teams) or 0)


def _removal(row: Any) -> Removal:
    return Removal(row.id, EntryKind(row.kind), row.of, row.name, row.asked_at, row.decided_at, row.decided_by, row.taken)


# -- a directory that is not taken over


async def feed_trouble(r: Reading) -> FeedTrouble | None:
    """Why; None while it is taken over."""
    row = (await r.session.scalars(select(FeedTroubleRow))).first()
    return FeedTrouble(row.code, row.so, row.data, row.since) if row else None


async def put_feed_trouble(tx: Tx, trouble: FeedTrouble | None) -> None:
    """This, or none any more."""
    await tx.session.execute(delete(FeedTroubleRow))
    if trouble is not None:
        tx.session.add(FeedTroubleRow(id="feed", **asdict(trouble)))
    await tx.session.flush()
