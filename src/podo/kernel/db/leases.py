"""Leases: one holder at a time, by the database's own clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Float, String, bindparam, delete, literal, literal_column, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.clock import monotonic
from podo.kernel.db.database import Database
from podo.kernel.db.models import Bookkeeping


class LeaseRow(Bookkeeping):
    """Who holds a lease, until when (seconds since 1970, by the database's clock)."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80))
    until: Mapped[float] = mapped_column(Float)


def _taking(dialect: Any, clock: str) -> Any:
    """Take it, or renew it, where nobody else holds it by the clock: one statement, put together once."""
    at = literal_column(clock, Float)
    insert = dialect.insert(LeaseRow).values(
        name=bindparam("its_name"), holder=bindparam("its_holder"), until=at + bindparam("seconds", type_=Float)
    )
    return insert.on_conflict_do_update(
        index_elements=[LeaseRow.name],
        set_={"holder": insert.excluded.holder, "until": insert.excluded.until},
        where=(LeaseRow.holder == insert.excluded.holder) | (LeaseRow.until < at),
    ).returning(LeaseRow.holder)


# Seconds since 1970, at this very moment of the transaction.
_SQLITE_CLOCK, _POSTGRESQL_CLOCK = "((julianday('now') - 2440587.5) * 86400.0)", "extract(epoch from clock_timestamp())"
_ON_SQLITE, _ON_POSTGRESQL = _taking(sqlite, _SQLITE_CLOCK), _taking(postgresql, _POSTGRESQL_CLOCK)


async def hold(database: Database, name: str, holder: str, seconds: float) -> bool:
    """Take or renew the lease for `seconds`; False while somebody else holds it. It is renewed at half its time."""
    renew_at, _ = database.held.get((name, holder), (0.0, 0.0))
    begun = monotonic()
    if renew_at > begun:
        return True
    taking = _ON_SQLITE if database.is_sqlite else _ON_POSTGRESQL
    async with database.note() as session:
        taken = await session.scalar(taking, {"its_name": name, "its_holder": holder, "seconds": seconds})
    if taken != holder:
        database.held.pop((name, holder), None)
        return False
    database.held[name, holder] = (begun + seconds / 2, begun + seconds)
    return True


def holds(database: Database, name: str, holder: str) -> bool:
    """Whether a lease that was taken is still held, as far as this process can know without asking."""
    _, until = database.held.get((name, holder), (0.0, 0.0))
    return until > monotonic()


async def holders(database: Database, prefix: str) -> dict[str, str]:
    """Who holds the leases whose names begin with `prefix`, now."""
    async with database.note() as session:
        at = await _seconds(database, session)
        query = select(LeaseRow.name, LeaseRow.holder).where(LeaseRow.name.startswith(prefix, autoescape=True))
        rows = await session.execute(query.where(LeaseRow.until >= literal(at)))
        return {row.name: row.holder for row in rows}


async def let_go(database: Database, holder: str, name: str | None = None) -> None:
    """Give a lease back, or whatever this holder holds, so that nobody waits for it."""
    for key in [key for key in database.held if key[1] == holder and name in (None, key[0])]:
        del database.held[key]
    mine = delete(LeaseRow).where(LeaseRow.holder == holder)
    async with database.note() as session:
        await session.execute(mine if name is None else mine.where(LeaseRow.name == name))


async def forget_all(database: Database) -> None:
    """Nobody holds anything: all who did are gone."""
    async with database.note() as session:
        await session.execute(delete(LeaseRow))


async def now(database: Database, session: AsyncSession) -> datetime:
    """The database's own clock, which all processes share."""
    return datetime.fromtimestamp(await _seconds(database, session), UTC)


async def _seconds(database: Database, session: AsyncSession) -> float:
    clock = _SQLITE_CLOCK if database.is_sqlite else _POSTGRESQL_CLOCK
    return float(await session.scalar(select(text(clock))) or 0)
