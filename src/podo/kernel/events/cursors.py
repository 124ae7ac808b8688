"""Where each handler stands in the log, while processes of two versions may call it.

A version that hears more than those before it gets a place of its own for what is new: the other one, which may be called for a
while still, passes over what it does not know, and must not pass over it for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, func, or_, select

from podo.kernel.db import Database, Reading
from podo.kernel.events import log
from podo.kernel.events.models import CursorRow, EventRow
from podo.kernel.events.types import Handler
from podo.kernel.nouns import PODO

# Put together once: who waits for what was said asks this again and again.
_PLACES = select(CursorRow.handler, CursorRow.position)
_STANDING = select(CursorRow.handler, CursorRow.position, CursorRow.attempts)
_BEHIND = (
    select(EventRow.code, func.max(EventRow.position), func.count() - func.count(EventRow.position))
    .where(or_(EventRow.position > bindparam("heard"), EventRow.position.is_(None)))
    .group_by(EventRow.code)
)


async def place(database: Database, handlers: Sequence[Handler]) -> Sequence[Handler]:
    """Give what was never heard before a place, from which on it is heard: never history. Every process does, before it speaks.

    Returns the handlers as they are called: each with one place.
    """
    async with database.transaction(PODO) as tx:
        rows = list(await tx.session.scalars(select(CursorRow)))
        newest = await log.last_position(tx)
        for handler in handlers:
            mine = [row for row in rows if _is_of(row, handler)]
            if fresh := handler.codes.difference(*(row.codes for row in mine)):
                name = f"{handler.name}+{len(mine)}" if mine else handler.name
                rows.append(CursorRow(handler=name, position=newest, attempts=0, codes=sorted(fresh)))
                tx.session.add(rows[-1])
    return placed(rows, handlers)


def placed(rows: Iterable[CursorRow], handlers: Sequence[Handler]) -> Sequence[Handler]:
    """The handlers as they are called, by the places that there are."""
    rows = sorted(rows, key=lambda row: row.handler)
    return [
        replace(handler, name=row.handler, codes=handler.codes.intersection(row.codes))
        for handler in handlers
        for row in rows
        if _is_of(row, handler) and handler.codes.intersection(row.codes)
    ]


async def standing(r: Reading, handlers: Sequence[Handler]) -> dict[str, tuple[int, int]]:
    """(position, failed attempts) of each: behind all that is not for it. However many, two statements."""
    rows = {row.handler: row for row in await r.session.execute(_STANDING)}
    lowest = min((rows[h.name].position for h in handlers), default=0)
    last = {code: position or 0 for code, position, _ in await r.session.execute(_BEHIND, {"heard": lowest})}
    newest = max(last.values(), default=lowest)
    found: dict[str, tuple[int, int]] = {}
    for handler in handlers:
        _, position, attempts = rows[handler.name]
        waits = any(last[code] > position for code in handler.codes & last.keys())
        found[handler.name] = (position if waits else max(position, newest), attempts)
    return found


@dataclass(frozen=True, slots=True)
class Left:
    """Whether something waits to be sealed, or to be heard by a handler; and the newest position that was looked at."""

    unsealed: bool
    unheard: bool
    position: int


async def left(r: Reading, handlers: Sequence[Handler], heard: int) -> Left:
    """What is left to do for these handlers, who have heard all up to the position `heard`: however many, two statements."""
    cursors = {row.handler: row.position for row in await r.session.execute(_PLACES)}
    heard = max(heard, min((cursors.get(h.name, 0) for h in handlers), default=heard))
    last: dict[str, int] = {}
    unsealed = 0
    for code, position, more in await r.session.execute(_BEHIND, {"heard": heard}):
        last[code] = position or 0
        unsealed += more
    unheard = any(last[code] > cursors.get(h.name, 0) for h in handlers for code in h.codes & last.keys())
    return Left(unsealed > 0, unheard, max(last.values(), default=heard))


def _is_of(row: CursorRow, handler: Handler) -> bool:
    return row.handler.partition("+")[0] == handler.name.partition("+")[0]
