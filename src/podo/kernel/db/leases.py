"""Leases: one holder at a time, by the database's own clock."""

from __future__ import annotations

from sqlalchemy import Float, String, func, literal, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db.database import Database
from podo.kernel.db.models import Bookkeeping
from podo.kernel.nouns import PODO


class LeaseRow(Bookkeeping):
    """Who holds a lease, until when (seconds since 1970, by the database's clock)."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80))
    until: Mapped[float] = mapped_column(Float)


# What this process holds, and until when by its own monotonic clock: a lease is renewed at half its time, not each round.
_held: dict[tuple[str, str], float] = {}


async def hold(database: Database, name: str, holder: str, seconds: float) -> bool:
    """Take or renew the lease for `seconds`; False while somebody else holds it."""
    from podo.kernel.clock import monotonic

    if _held.get((name, holder), 0) > monotonic():
        return True
    now = (
        text("(julianday('now') - 2440587.5) * 86400.0") if database.is_sqlite else func.extract("epoch", func.clock_timestamp())
    )
    dialect = sqlite if database.is_sqlite else postgresql
    async with database.transaction(PODO) as tx:
        at = float(await tx.session.scalar(select(now)) or 0)
        insert = dialect.insert(LeaseRow).values(name=name, holder=holder, until=at + seconds)
        taken = await tx.session.scalar(
            insert.on_conflict_do_update(
                index_elements=[LeaseRow.name],
                set_={"holder": holder, "until": at + seconds},
                where=(LeaseRow.holder == holder) | (LeaseRow.until < literal(at)),
            ).returning(LeaseRow.holder)
        )
    if taken != holder:
        return False
    _held[name, holder] = monotonic() + seconds / 2
    return True
