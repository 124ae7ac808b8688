"""Putting entries, and taking them away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from podo.kernel.db import Database, Reading, Tx
from podo.kernel.nouns import PODO
from podo.kernel.search.folding import fold
from podo.kernel.search.models import SearchEntryRow

ROWS: Any = SearchEntryRow.__table__
_BATCH = 500
_LAST = select(func.max(ROWS.c.id))
_KNOWN = select(ROWS.c.id, ROWS.c.ref, ROWS.c.name, ROWS.c.folded).where(
    ROWS.c.kind == bindparam("kind"), ROWS.c.ref.in_(bindparam("refs", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A thing: whoever put it knows it by `ref`; `words` are what else it is found by."""

    ref: str
    name: str
    words: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Searchable:
    """Slot: a kind of things, a plain word; `everything(r)` brings all entries, some at a time."""

    kind: str
    everything: Callable[[Reading], AsyncIterator[Sequence[Entry]]]


async def fill(database: Database, kinds: Collection[Searchable]) -> None:
    """Put what is there of kinds that have no entry yet: rows that came by another way than through their verbs."""
    async with database.reading(PODO) as r:
        empty = [k for k in kinds if await r.session.scalar(select(ROWS.c.id).where(ROWS.c.kind == k.kind).limit(1)) is None]
    for kind in empty:
        async with database.transaction(PODO) as tx:
            async for entries in kind.everything(tx):
                await put(tx, kind.kind, entries)


async def put(tx: Tx, kind: str, entries: Collection[Entry]) -> None:
    """Let these be found by what they say now; those that say what they said cost a look alone."""
    wanted = {e.ref: (fold(e.name), fold(" ".join((e.name, *e.words)))) for e in entries}
    known: dict[str, Any] = {}
    refs = sorted(wanted)
    for at in range(0, len(refs), _BATCH):
        rows = await tx.session.execute(_KNOWN, {"kind": kind, "refs": refs[at : at + _BATCH]})
        known.update({row.ref: row for row in rows})
    moved = [
        {"of": row.id, "v_name": wanted[ref][0], "v_folded": wanted[ref][1]}
        for ref, row in known.items()
        if (row.name, row.folded) != wanted[ref]
    ]
    if moved:
        change = update(ROWS).where(ROWS.c.id == bindparam("of"))
        await tx.session.execute(change.values(name=bindparam("v_name"), folded=bindparam("v_folded")), moved)
    if new := [ref for ref in refs if ref not in known]:
        # Writers queue, on PostgreSQL too: nobody else takes these numbers meanwhile.
        last = await tx.session.scalar(_LAST) or 0
        rows_ = [
            {"id": last + n, "kind": kind, "ref": ref, "name": wanted[ref][0], "folded": wanted[ref][1]}
            for n, ref in enumerate(new, 1)
        ]
        await tx.session.execute(insert(ROWS), rows_)


async def drop(tx: Tx, kind: str, refs: Collection[str]) -> None:
    """They are not found any more."""
    listed = sorted(refs)
    for at in range(0, len(listed), _BATCH):
        await tx.session.execute(delete(ROWS).where(ROWS.c.kind == kind, ROWS.c.ref.in_(listed[at : at + _BATCH])))
