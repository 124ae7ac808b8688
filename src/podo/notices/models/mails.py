"""Rows of inboxes and of the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Bookkeeping, Record


class NoticeRow(Bookkeeping):
    """One message to one person. Telling leaves an event by itself; reading is the reader's own affair and leaves none."""

    __tablename__ = "notices"
    __table_args__ = (Index("ix_notices_person_read_at_at", "person", "read_at", "at"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    person: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(80))
    sentence: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]]
    link: Mapped[str] = mapped_column(String(400))
    project: Mapped[str | None] = mapped_column(String(80))
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class MailChoiceRow(Record):
    """What a person wants by mail, too; nobody's row means nothing."""

    __tablename__ = "mail_choices"

    person: Mapped[str] = mapped_column(String(80), primary_key=True)
    choice: Mapped[str] = mapped_column(String(16))


class MailRow(Bookkeeping):
    """One mail. A link that signs in is not in its body, but sealed beside it."""

    __tablename__ = "mails"
    __table_args__ = (Index("ix_mails_state_due_at", "state", "due_at"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    to: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(400))
    body: Mapped[str] = mapped_column(Text)
    sealed: Mapped[str | None] = mapped_column(Text)
    until: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    due_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    why: Mapped[str | None] = mapped_column(Text)
