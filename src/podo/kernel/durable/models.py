"""Which processes live, what was handed to which of them, what runs recorded, and how often one was taken over."""

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


class CheckpointRow(Bookkeeping):
    """What the n-th recording step of a run came to, and the acts before it."""

    __tablename__ = "engine_checkpoints"

    run: Mapped[str] = mapped_column(String(200), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(String(120))
    acts: Mapped[list[Any]]
    outcome: Mapped[dict[str, Any]]


class TakeOverRow(Bookkeeping):
    """How often a run lost its owner."""

    __tablename__ = "engine_take_overs"

    run: Mapped[str] = mapped_column(String(200), primary_key=True)
    attempts: Mapped[int] = mapped_column(default=0)
