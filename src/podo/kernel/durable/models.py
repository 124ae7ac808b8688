"""Which processes live, what was handed to which of them, and how often a run was taken over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Bookkeeping


class ProcessRow(Bookkeeping):
    """A process that runs workflows, its last heartbeat, and the names of the workflows that it takes; none when it ends."""

    __tablename__ = "engine_processes"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    beat_at: Mapped[datetime]
    takes: Mapped[list[str]]


class HandedRow(Bookkeeping):
    """A run that another process than the asked one starts: `owner`. It goes when the run has started there."""

    __tablename__ = "engine_handed"

    run: Mapped[str] = mapped_column(String(200), primary_key=True)
    workflow: Mapped[str] = mapped_column(String(80))
    args: Mapped[list[Any]]
    owner: Mapped[str] = mapped_column(String(40), index=True)
    # Where in which trace it was asked for.
    trace: Mapped[str | None] = mapped_column(String(55))


class TakeOverRow(Bookkeeping):
    """How often a run lost its owner."""

    __tablename__ = "engine_take_overs"

    run: Mapped[str] = mapped_column(String(200), primary_key=True)
    attempts: Mapped[int] = mapped_column(default=0)
