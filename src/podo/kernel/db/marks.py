"""What an installation is known by, so that a process that does not belong to it notices."""

from __future__ import annotations

from sqlalchemy import String, Text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db.database import Database
from podo.kernel.db.models import Bookkeeping


class MarkRow(Bookkeeping):
    """A mark by its name."""

    __tablename__ = "marks"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


async def first(database: Database, name: str, value: str) -> str:
    """The mark of this name: the one that was there, or this value from now on."""
    dialect = sqlite if database.is_sqlite else postgresql
    async with database.note() as session:
        await session.execute(dialect.insert(MarkRow).values(name=name, value=value).on_conflict_do_nothing())
        return (await session.get_one(MarkRow, name)).value


async def renew(database: Database, name: str, value: str) -> None:
    """The mark has another value from now on."""
    async with database.note() as session:
        (await session.get_one(MarkRow, name)).value = value
