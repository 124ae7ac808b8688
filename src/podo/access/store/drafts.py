"""Rows of charts that may come true, and of what SCIM clients wrote."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update

from podo.access.models import DraftRow, EntryRow
from podo.access.types import Draft, Entry, EntryKind
from podo.kernel.db import Reading, Tx


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
    query = select(EntryRow).where(EntryRow.draft == draft_, EntryRow.kind == kind, EntryRow.id == id_)
    row = (await r.session.scalars(query.execution_options(populate_existing=True))).first()
    return _entry(row) if row else None


async def entry_named(r: Reading, draft_: str, kind: EntryKind, named: str) -> Entry | None:
    """By userName or displayName in small letters."""
    query = select(EntryRow).where(EntryRow.draft == draft_, EntryRow.kind == kind, EntryRow.named == named)
    row = (await r.session.scalars(query)).first()
    return _entry(row) if row else None


async def entry_external(r: Reading, draft_: str, kind: EntryKind, external: str) -> Entry | None:
    """By externalId."""
    query = select(EntryRow).where(EntryRow.draft == draft_, EntryRow.kind == kind, EntryRow.external == external)
    row = (await r.session.scalars(query)).first()
    return _entry(row) if row else None


async def count_entries(r: Reading, draft_: str, kind: EntryKind) -> int:
    """How many."""
    query = select(func.count()).select_from(EntryRow).where(EntryRow.draft == draft_, EntryRow.kind == kind)
    return await r.session.scalar(query) or 0


async def put_entry(tx: Tx, entry_: Entry) -> None:
    """Add or change one."""
    await tx.session.merge(EntryRow(**_columns(entry_)))
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
    names = ("draft", "id", "named", "external", "document", "version", "made_at", "changed_at")
    return {"kind": entry_.kind.value, **{name: getattr(entry_, name) for name in names}}


def _draft(row: DraftRow) -> Draft:
    return Draft(row.id, row.name, row.by, row.made_at, row.changed_at, row.taken_at, row.closed_at)


def _entry(row: EntryRow) -> Entry:
    return Entry(
        draft=row.draft,
        kind=EntryKind(row.kind),
        id=row.id,
        named=row.named,
        external=row.external,
        document=row.document,
        version=row.version,
        made_at=row.made_at,
        changed_at=row.changed_at,
    )
