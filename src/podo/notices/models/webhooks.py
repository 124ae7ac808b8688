"""Rows of webhooks and of what they send."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Bookkeeping, Record

_Big = BigInteger().with_variant(Integer, "sqlite")


class WebhookRow(Record):
    """One webhook; `project` and `team` are empty but for theirs. Address and secrets are sealed.

    It hears of what was said behind the position `heard_from`.
    """

    __tablename__ = "webhooks"
    __table_args__ = (Index("ix_webhooks_scope_project_team", "scope", "project", "team"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    title: Mapped[str] = mapped_column(String(80))
    sealed: Mapped[str] = mapped_column(Text)
    host: Mapped[str] = mapped_column(String(255))
    scope: Mapped[str] = mapped_column(String(16))
    project: Mapped[str] = mapped_column(String(80), default="")
    team: Mapped[str] = mapped_column(String(80), default="")
    kinds: Mapped[list[str]]
    secret: Mapped[str] = mapped_column(Text)
    former: Mapped[str | None] = mapped_column(Text)
    former_until: Mapped[datetime | None]
    is_on: Mapped[bool] = mapped_column(default=True)
    off_why: Mapped[str] = mapped_column(Text, default="")
    off_at: Mapped[datetime | None]
    by: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
    heard_from: Mapped[int] = mapped_column(_Big, default=0)


class WebhookStateRow(Bookkeeping):
    """How sending to a webhook goes; `turn` numbers its runs, of which there is one at a time."""

    __tablename__ = "webhook_states"

    webhook: Mapped[str] = mapped_column(String(40), ForeignKey("webhooks.id"), primary_key=True)
    turn: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]
    rests_until: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]


class WebhookDeliveryRow(Bookkeeping):
    """One event for one webhook; `event` is the event's id, and a ping's own."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ix_webhook_deliveries_webhook_event", "webhook", "event", unique=True),
        Index("ix_webhook_deliveries_state_webhook_due_at", "state", "webhook", "due_at"),
        Index("ix_webhook_deliveries_webhook_id", "webhook", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    webhook: Mapped[str] = mapped_column(String(40), ForeignKey("webhooks.id"))
    event: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(80))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    tries: Mapped[list[Any]]


class WebhookCursorRow(Bookkeeping):
    """How far the log was read for webhooks: one row."""

    __tablename__ = "webhook_cursors"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(_Big)
