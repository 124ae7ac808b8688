"""Finding: what has the name, what begins with it, what holds it, and what is nearly it.

No question reads more than some thousand entries closely, however many there are and however many of them fit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from podo.kernel.db import Reading
from podo.kernel.search.entries import ROWS
from podo.kernel.search.folding import fold, grams

# How many are ranked; how many that have the parts are read to see whether they hold the words; and how many may have a part that
# is to lead to what is nearly meant.
_CLOSER = 200
_READ = 10_000
_MOST = 3000
_NEAR = 68.0
# How many parts of what was sought are looked up, and of those that lead to what is nearly meant at least (each up to `_MOST`).
_PARTS = 48
_LEADING = 3
_COLUMNS = "e.ref, e.name, e.folded"
_OF = select(ROWS.c.ref, ROWS.c.name, ROWS.c.folded)
_HOLDING = "SELECT rowid AS id FROM search_{kind} WHERE search_{kind} MATCH :match"


@dataclass(frozen=True, slots=True)
class Found:
    """A thing that fits, 0 to 100 well; 100 is its name."""

    ref: str
    score: float


async def find(r: Reading, kind: str, sought: str, limit: int) -> list[Found]:
    """At most `limit` things, the best first: by name, its beginning, or a part of anything; where there is none, nearly so."""
    wanted = fold(sought)
    if not wanted:
        return []
    of = _OF.where(ROWS.c.kind == kind)
    rows = list(await r.session.execute(of.where(*_begins(r, wanted)).order_by(ROWS.c.name).limit(_CLOSER)))
    if len(rows) < limit:
        rows += await (_holding(r, kind, wanted) if _is_sqlite(r) else _containing(r, of, wanted.split()))
    best = _ranked(rows, wanted)
    if not best and len(wanted) > 2:
        near = _ranked(await (_nearly(r, kind, wanted) if _is_sqlite(r) else _similar(r, of, wanted)), wanted)
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


def _ranked(rows: Sequence[Any], wanted: str) -> dict[str, float]:
    """What is the name comes first, then what begins with it, holds it, and is near it; of those the shortest."""
    found: dict[str, float] = {}
    words = wanted.split()
    for ref, name, folded in rows:
        if name == wanted:
            found[ref] = 100.0
        elif name.startswith(wanted):
            found[ref] = 95.0 + 4.0 * len(wanted) / len(name)
        elif wanted in name:
            found[ref] = 90.0 + 4.0 * len(wanted) / len(name)
        elif all(word in folded for word in words):
            found[ref] = 85.0 + 4.0 * len(wanted) / len(folded)
        else:
            # Where a sign is missing, a name that ends otherwise holds as much of it: the whole name decides between them.
            found[ref] = 0.8 * fuzz.partial_ratio(wanted, folded) + 0.04 * fuzz.ratio(wanted, name)
    return found


async def holding(r: Reading, kind: str, sought: str, most: int) -> list[str] | None:
    """All things that hold every word, in no order; None where they may be more than `most`, or the words are too short."""
    words = [word for word in map(fold, sought.split()) if word]
    parts = list(dict.fromkeys(part for word in words for part in grams(word)))[:_PARTS]
    if not parts:
        return None
    if _is_sqlite(r):
        rows = await _entries(r, _HOLDING.format(kind=kind), {"match": _every(parts)}, most=most + 1)
    else:
        rows = await _containing(r, _OF.where(ROWS.c.kind == kind), words, most=most + 1)
    return [row.ref for row in rows if all(word in row.folded for word in words)] if len(rows) <= most else None


# -- SQLite. The index knows which entries have a part of three signs; whether they hold a word is seen in the entry itself.


async def _holding(r: Reading, kind: str, wanted: str) -> Sequence[Any]:
    """Those that hold every word; of words of one or two signs alone, what they begin with or hold so far as the index tells."""
    words = list(dict.fromkeys(wanted.split()))
    parts = list(dict.fromkeys(part for word in words for part in grams(word)))[:_PARTS]
    if parts:
        match = _every(parts)
    else:
        # The longest is held by the fewest. Single signs are looked for where words begin.
        longest = max(words, key=len)
        match = _any(await _parts_from(r, kind, longest if len(longest) == 2 else f" {longest}"))
    if not match:
        return []
    holds = " AND ".join(f"instr(e.folded, :word{n})" for n in range(len(words)))
    held = f"{_HOLDING.format(kind=kind)} LIMIT {_READ}"
    return await _entries(r, held, {"match": match, **{f"word{n}": word for n, word in enumerate(words)}}, f"WHERE {holds}")


async def _parts_from(r: Reading, kind: str, beginning: str) -> list[str]:
    """Parts that entries have and that begin with these two signs."""
    query = f"SELECT term FROM search_{kind}_terms WHERE term >= :first AND term < :last LIMIT {_PARTS}"  # noqa: S608
    return list(await r.session.scalars(text(query), {"first": beginning, "last": beginning + "\U0010ffff"}))


async def _nearly(r: Reading, kind: str, wanted: str) -> Sequence[Any]:
    """Those that share the rarest parts with what was sought: an error in typing leaves most of them."""
    often = await _counted(r, kind, list(grams(wanted))[:_PARTS])
    if not often:
        return []
    if often[0][0] > _MOST:
        # The error left parts that nobody has, and what is left is right.
        match = {"match": _every([part for _, part in often])}
        rows = await _entries(r, _HOLDING.format(kind=kind), match)
        if rows:
            return rows
    total, each, values = 0, list[str](), dict[str, str]()
    for n, (count, part) in enumerate(often):
        total += count
        if n >= _LEADING and total > 2 * _MOST:
            break
        one = f"SELECT rowid AS id, {math.log(1e7 / count):.2f} AS weight FROM search_{kind} WHERE search_{kind} MATCH :part{n}"  # noqa: S608
        each.append(f"SELECT * FROM ({one} LIMIT {_MOST})")  # noqa: S608
        values[f"part{n}"] = _quoted(part)
    shared = f"SELECT id FROM ({' UNION ALL '.join(each)}) GROUP BY id ORDER BY sum(weight) DESC"  # noqa: S608
    return await _entries(r, f"{shared} LIMIT {_CLOSER}", values)


async def _counted(r: Reading, kind: str, parts: Sequence[str]) -> list[tuple[int, str]]:
    """The parts that entries have, the rarest first, with how many have it: no further than to see that they are too many."""
    many = f"SELECT 1 FROM search_{kind} WHERE search_{kind} MATCH :part{{n}} LIMIT {_MOST + 1}"  # noqa: S608 - kind is ours
    each = " UNION ALL ".join(f"SELECT {n}, count(*) FROM ({many.format(n=n)})" for n in range(len(parts)))  # noqa: S608
    query = f"WITH counted AS ({each}) SELECT * FROM counted"  # noqa: S608
    rows = await r.session.execute(text(query), {f"part{n}": _quoted(part) for n, part in enumerate(parts)})
    counts: dict[int, int] = {n: count for n, count in rows if count}
    return sorted((count, parts[n]) for n, count in counts.items())


async def _entries(r: Reading, ids: str, values: dict[str, str], where: str = "", *, most: int = _CLOSER) -> Sequence[Any]:
    # CROSS JOIN, which SQLite takes at its word: it would read all entries of the kind, and look for each among the ids.
    # WITH, and not SELECT, goes to the connection's thread at once: how long an index of parts takes cannot be seen from outside.
    query = f"WITH held AS ({ids}) SELECT {_COLUMNS} FROM held CROSS JOIN search_entries AS e ON e.id = held.id {where}"  # noqa: S608
    return list(await r.session.execute(text(f"{query} LIMIT {most}"), values))


def _every(parts: Sequence[str]) -> str:
    return " AND ".join(map(_quoted, parts))


def _any(parts: Sequence[str]) -> str:
    return " OR ".join(map(_quoted, parts))


def _quoted(part: str) -> str:
    return '"' + part.replace('"', '""') + '"'


# -- PostgreSQL


async def _containing(r: Reading, of: Any, words: Sequence[str], *, most: int = _CLOSER) -> Sequence[Any]:
    """Those that hold every word."""
    holds = [ROWS.c.folded.contains(word, autoescape=True) for word in words]
    return list(await r.session.execute(of.where(*holds).limit(most)))


async def _similar(r: Reading, of: Any, wanted: str) -> Sequence[Any]:
    """Those that share most parts with what was sought; none without pg_trgm."""
    near = of.where(text("CAST(:wanted AS text) <% folded").bindparams(wanted=wanted))
    try:
        async with r.session.begin_nested():
            rows = await r.session.execute(near.order_by(func.word_similarity(wanted, ROWS.c.folded).desc()).limit(_CLOSER))
            return list(rows)
    except DBAPIError:
        return []
