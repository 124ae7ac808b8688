"""Rows of the log, its cursors and the letters that could not be delivered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Bookkeeping

# SQLite counts by itself only on INTEGER primary keys.
_Big = BigInteger().with_variant(Integer, "sqlite")


class EventRow(Bookkeeping):
    """One event. `seq` is the order of writing; `position` and `hash` come from the sealer."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_project_position", "project", "position"),
        Index("ix_events_code_position", "code", "position"),
        Index("ix_events_subject_position", "subject", "position"),
        Index("ix_events_actor_id_position", "actor_id", "position"),
        Index("ix_events_cause", "cause"),
        Index("ix_events_request_id", "request_id"),
    )

    seq: Mapped[int] = mapped_column(_Big, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    position: Mapped[int | None] = mapped_column(_Big, unique=True)
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(80))
    actor_via: Mapped[str | None] = mapped_column(String(80))
    code: Mapped[str] = mapped_column(String(80))
    project: Mapped[str | None] = mapped_column(String(80))
    environment: Mapped[str | None] = mapped_column(String(40))
    region: Mapped[str | None] = mapped_column(String(40))
    subject: Mapped[str | None] = mapped_column(String(200))
    cause: Mapped[str | None] = mapped_column(String(40))
    request_id: Mapped[str | None] = mapped_column(String(200))
    facts: Mapped[dict[str, Any]]
    # Where in which trace it was said. Bookkeeping: the chain does not hold it.
    trace: Mapped[str | None] = mapped_column(String(55))
    hash: Mapped[str | None] = mapped_column(String(64))


class CursorRow(Bookkeeping):
    """How far a handler has heard these codes, and how often the next event has failed.

    What a later version of it hears besides has a row of its own, `name+1` and so on.
    """

    __tablename__ = "event_cursors"

    handler: Mapped[str] = mapped_column(String(120), primary_key=True)
    position: Mapped[int] = mapped_column(_Big, default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    codes: Mapped[list[str]]


class LetterRow(Bookkeeping):
    """An event that a handler could not take after all its attempts."""

    __tablename__ = "event_letters"

    handler: Mapped[str] = mapped_column(String(120), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(40), ForeignKey("events.id"), primary_key=True)
    at: Mapped[datetime]
    why: Mapped[str] = mapped_column(Text)
