"""Putting entries, and finding them: what has the name, what begins with it, what holds it, and what is nearly it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz
from sqlalchemy import bindparam, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from podo.kernel.db import Database, Reading, Tx
from podo.kernel.nouns import PODO
from podo.kernel.search.folding import fold, grams
from podo.kernel.search.models import SearchEntryRow

ROWS: Any = SearchEntryRow.__table__
_BATCH = 500
# How many are looked at more closely; and how often a part may occur that is to lead to what is nearly meant.
_CLOSER = 200
_MOST = 6000
_NEAR = 70.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A thing: whoever put it knows it by `ref`; `words` are what else it is found by."""

    ref: str
    name: str
    words: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A thing that fits, 0 to 100 well; 100 is its name."""

    ref: str
    score: float


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
        query = select(ROWS.c.id, ROWS.c.ref, ROWS.c.name, ROWS.c.folded).where(ROWS.c.kind == kind)
        rows = await tx.session.execute(query.where(ROWS.c.ref.in_(refs[at : at + _BATCH])))
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
        last = await tx.session.scalar(select(func.max(ROWS.c.id))) or 0
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


async def find(r: Reading, kind: str, sought: str, limit: int) -> list[Found]:
    """At most `limit` things, the best first: by name, its beginning, or a part of anything; where there is none, nearly so."""
    wanted = fold(sought)
    if not wanted:
        return []
    of = select(ROWS.c.ref, ROWS.c.name, ROWS.c.folded).where(ROWS.c.kind == kind)
    rows = list(await r.session.execute(of.where(*_begins(r, wanted)).order_by(ROWS.c.name).limit(_CLOSER)))
    if len(rows) < limit:
        rows += await _holding(r, kind, of, wanted)
    best = _ranked(rows, wanted)
    if not best and len(wanted) > 2:
        near = _ranked(await _nearly(r, kind, of, wanted), wanted)
        best = {ref: score for ref, score in near.items() if score >= _NEAR}
    ordered = sorted(best.items(), key=lambda one: (-one[1], one[0]))
    return [Found(ref, score) for ref, score in ordered[:limit]]


def _begins(r: Reading, wanted: str) -> Sequence[Any]:
    if _is_sqlite(r):
        return ROWS.c.name >= wanted, ROWS.c.name < wanted + "\U0010ffff"
    # Other orders than that of bytes have no such bounds; what is folded begins with the name, and has an index of parts.
    return ROWS.c.folded.startswith(wanted, autoescape=True), ROWS.c.name.startswith(wanted, autoescape=True)


def _is_sqlite(r: Reading) -> bool:
    return r.session.get_bind().dialect.name == "sqlite"


async def _holding(r: Reading, kind: str, of: Any, wanted: str) -> Sequence[Any]:
    """Those that hold every word."""
    words = wanted.split()
    short = [ROWS.c.folded.contains(word, autoescape=True) for word in words if len(word) < 3]
    long = [word for word in words if len(word) > 2]
    if not _is_sqlite(r):
        return list(
            await r.session.execute(of.where(*(ROWS.c.folded.contains(w, autoescape=True) for w in words)).limit(_CLOSER))
        )
    if long:
        return await _matching(r, kind, " AND ".join(map(_quoted, long)), of.where(*short))
    return list(await r.session.execute(of.where(*short).limit(_CLOSER)))


async def _nearly(r: Reading, kind: str, of: Any, wanted: str) -> Sequence[Any]:
    """Those that share the rarest parts with what was sought: an error in typing leaves most of them."""
    if not _is_sqlite(r):
        near = of.where(text("CAST(:wanted AS text) <% folded").bindparams(wanted=wanted))
        try:
            async with r.session.begin_nested():
                rows = await r.session.execute(near.order_by(func.word_similarity(wanted, ROWS.c.folded).desc()).limit(_CLOSER))
                return list(rows)
        except DBAPIError:
            # Without pg_trgm.
            return []
    parts = list(grams(wanted))
    count = text(f"SELECT term, doc FROM search_{kind}_terms WHERE term IN :parts").bindparams(  # noqa: S608 - kind is ours
        bindparam("parts", parts, expanding=True)
    )
    often = sorted((doc, term) for term, doc in await r.session.execute(count))
    chosen: list[str] = []
    total = 0
    for doc, term in often:
        total += doc
        if chosen and total > _MOST:
            break
        chosen.append(term)
    return await _matching(r, kind, " OR ".join(map(_quoted, chosen)), of, order="ORDER BY rank") if chosen else []


async def _matching(r: Reading, kind: str, match: str, of: Any, order: str = "") -> Sequence[Any]:
    query = text(f"SELECT rowid FROM search_{kind} WHERE search_{kind} MATCH :match {order} LIMIT {_CLOSER}")  # noqa: S608
    ids = list(await r.session.scalars(query, {"match": match}))
    return list(await r.session.execute(of.where(ROWS.c.id.in_(ids)))) if ids else []


def _quoted(part: str) -> str:
    return '"' + part.replace('"', '""') + '"'


def _ranked(rows: Sequence[Any], wanted: str) -> dict[str, float]:
    """What is the name comes first, then what begins with it, holds it, and is near it; of those the shortest."""
    found: dict[str, float] = {}
    for ref, name, folded in rows:
        if name == wanted:
            found[ref] = 100.0
        elif name.startswith(wanted):
            found[ref] = 95.0 + 4.0 * len(wanted) / len(name)
        elif wanted in name:
            found[ref] = 90.0 + 4.0 * len(wanted) / len(name)
        elif all(word in folded for word in wanted.split()):
            found[ref] = 85.0 + 4.0 * len(wanted) / len(folded)
        else:
            found[ref] = 0.84 * fuzz.partial_ratio(wanted, folded)
    return found
