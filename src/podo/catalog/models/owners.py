"""Rows of ownership."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Record


class OwnershipRow(Record):
    """An interval of ownership: valid from `since` to `until`, as recorded at `recorded_at`; one is open for each project."""

    __tablename__ = "ownerships"
    __table_args__ = (
        Index("ix_ownerships_team_until", "team", "until"),
        Index("ix_ownerships_project_until", "project", "until"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project: Mapped[str] = mapped_column(String(80), ForeignKey("projects.slug"))
    team: Mapped[str] = mapped_column(String(80), ForeignKey("teams.id"))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    why: Mapped[str] = mapped_column(Text)
