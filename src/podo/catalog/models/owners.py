"""Rows of ownership."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Record

_OPEN = text("until IS NULL AND superseded_at IS NULL")


class OwnershipRow(Record):
    """An interval of ownership: valid from `since` to `until`, believed from `recorded_at` to `superseded_at`.

    Nothing but `superseded_at` ever changes. One row is open, and believed now, for each subject; `project` is the slug again,
    where the subject is a project.
    """

    __tablename__ = "ownerships"
    __table_args__ = (
        Index("uq_ownerships_open", "subject", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_ownerships_open_project", "project", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_ownerships_custody", "custody", "subject", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_ownerships_open_team", "team", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_ownerships_subject_since", "subject", "since"),
        Index("ix_ownerships_team_since", "team", "since"),
        Index("ix_ownerships_project", "project"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject: Mapped[str] = mapped_column(String(200))
    project: Mapped[str | None] = mapped_column(String(80), ForeignKey("projects.slug"))
    team: Mapped[str] = mapped_column(String(80), ForeignKey("teams.id"))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]
    custody: Mapped[bool] = mapped_column(default=False)
    of: Mapped[str] = mapped_column(String(80), default="")
    by: Mapped[str] = mapped_column(String(80))
    why: Mapped[str] = mapped_column(Text)
