"""Leases: one holder at a time, by the database's own clock."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Float, String, delete, literal, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db.database import Database
from podo.kernel.db.models import Bookkeeping


class LeaseRow(Bookkeeping):
    """Who holds a lease, until when (seconds since 1970, by the database's clock)."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80))
    until: Mapped[float] = mapped_column(Float)


async def hold(database: Database, name: str, holder: str, seconds: float) -> bool:
    """Take or renew the lease for `seconds`; False while somebody else holds it."""
    from podo.kernel.clock import monotonic

    if database.held.get((name, holder), 0) > monotonic():
        return True
    dialect = sqlite if database.is_sqlite else postgresql
    async with database.note() as session:
        at = await _seconds(database, session)
        insert = dialect.insert(LeaseRow).values(name=name, holder=holder, until=at + seconds)
        taken = await session.scalar(
            insert.on_conflict_do_update(
                index_elements=[LeaseRow.name],
                set_={"holder": holder, "until": at + seconds},
                where=(LeaseRow.holder == holder) | (LeaseRow.until < literal(at)),
            ).returning(LeaseRow.holder)
        )
    if taken != holder:
        return False
    database.held[name, holder] = monotonic() + seconds / 2
    return True


async def let_go(database: Database, holder: str) -> None:
    """Give back whatever this holder holds, so that nobody waits for it."""
    for key in [key for key in database.held if key[1] == holder]:
        del database.held[key]
    async with database.note() as session:
        await session.execute(delete(LeaseRow).where(LeaseRow.holder == holder))


async def now(database: Database, session: AsyncSession) -> datetime:
    """The database's own clock, which all processes share."""
    return datetime.fromtimestamp(await _seconds(database, session), UTC)


async def _seconds(database: Database, session: AsyncSession) -> float:
    clock = "(julianday('now') - 2440587.5) * 86400.0" if database.is_sqlite else "extract(epoch from clock_timestamp())"
    return float(await session.scalar(select(text(clock))) or 0)
