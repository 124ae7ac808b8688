"""How far sealing and handling are behind what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from podo.kernel.db import Reading
from podo.kernel.events.cursors import placed
from podo.kernel.events.models import CursorRow, EventRow, LetterRow
from podo.kernel.events.types import Handler


@dataclass(frozen=True, slots=True)
class Backlog:
    """Events not sealed; events put aside; by handler how many it has not heard yet, and the time of the oldest of them."""

    unsealed: int
    put_aside: int
    behind: Mapping[str, tuple[int, datetime | None]]


async def backlog(r: Reading, handlers: Sequence[Handler]) -> Backlog:
    """What waits now."""
    rows = list(await r.session.scalars(select(CursorRow)))
    cursors = {row.handler: row.position for row in rows}
    behind: dict[str, tuple[int, datetime | None]] = {}
    # A handler that was never placed hears nothing of the past.
    for handler in placed(rows, handlers):
        waiting = (EventRow.position > cursors[handler.name], EventRow.code.in_(handler.codes))
        found = (await r.session.execute(select(func.count(), func.min(EventRow.at)).where(*waiting))).one()
        behind[handler.name] = (found[0], found[1])
    unsealed = await r.session.scalar(select(func.count()).select_from(EventRow).where(EventRow.position.is_(None)))
    aside = await r.session.scalar(select(func.count()).select_from(LetterRow))
    return Backlog(unsealed or 0, aside or 0, behind)
