"""Which processes live, and how often a run was taken over."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Bookkeeping


class ProcessRow(Bookkeeping):
    """A process that runs workflows, and its last heartbeat."""

    __tablename__ = "engine_processes"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    beat_at: Mapped[datetime]


class TakeOverRow(Bookkeeping):
    """How often a run lost its owner."""

    __tablename__ = "engine_take_overs"

    run: Mapped[str] = mapped_column(String(200), primary_key=True)
    attempts: Mapped[int] = mapped_column(default=0)
