"""The three kinds of model, and the column types that behave alike on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, DateTime, MetaData, Numeric, String, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=_NAMING)
observed_metadata = MetaData(naming_convention=_NAMING)


class UtcTime(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite keeps it as ISO text that sorts."""

    impl = DateTime(timezone=True)
    cache_ok = True
    _written: tuple[datetime | None, str] = (None, "")

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(String(32) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Any) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone cannot be stored")
        if dialect.name != "sqlite":
            return _utc(value)
        # Rows that are written together bear one time.
        last, text = self._written
        if value is not last:
            text = _utc(value).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            self._written = value, text
        return text

    def process_result_value(self, value: Any, dialect: Any) -> datetime | None:
        if value is None or isinstance(value, datetime):
            return value
        return datetime.fromisoformat(value)


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        # In UTC it lies before the first moment there is, or behind the last.
        return datetime.min.replace(tzinfo=UTC) if value.year == 1 else datetime.max.replace(tzinfo=UTC)


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

_COLUMNS: dict[Any, Any] = {
    datetime: UtcTime,
    dict[str, Any]: Json,
    list[Any]: Json,
    list[str]: Json,
    Decimal: Numeric(20, 6),
}


# The names of the tables of Records.
RECORDS: set[str] = set()


class Record(DeclarativeBase):
    """Something people decided. Its change needs an event in the same transaction, or the commit is refused."""

    metadata = metadata
    type_annotation_map = _COLUMNS

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        RECORDS.add(cls.__tablename__)


class Bookkeeping(DeclarativeBase):
    """Cursors, last use, heartbeats: may change without a word."""

    metadata = metadata
    type_annotation_map = _COLUMNS


class Observed(DeclarativeBase):
    """What was seen in the outside world, in a database of its own; can be thrown away and seen again."""

    metadata = observed_metadata
    type_annotation_map = _COLUMNS
