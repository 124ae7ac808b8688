"""Rows of offers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Record

_OPEN = text("state = 'open'")


class OfferRow(Record):
    """A project offered to a team; to each team at most once at a time."""

    __tablename__ = "offers"
    __table_args__ = (
        Index("uq_offers_open", "subject", "team", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_offers_team_state", "team", "state"),
        Index("ix_offers_state_due_at", "state", "due_at"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject: Mapped[str] = mapped_column(String(200), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    team: Mapped[str] = mapped_column(String(80), ForeignKey("teams.id"))
    holder: Mapped[str] = mapped_column(String(80), ForeignKey("teams.id"))
    of: Mapped[str] = mapped_column(String(80), default="")
    rank: Mapped[int]
    evidence: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(16))
    offered_at: Mapped[datetime]
    due_at: Mapped[datetime]
    # When who was asked was reminded that the time is nearly over.
    reminded_at: Mapped[datetime | None]
    by: Mapped[str] = mapped_column(String(80))
    why: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str] = mapped_column(String(80), default="")
    answer: Mapped[str] = mapped_column(Text, default="")
