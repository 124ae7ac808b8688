"""Rows of what can be found by name."""

from __future__ import annotations

from sqlalchemy import Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Bookkeeping


class SearchEntryRow(Bookkeeping):
    """A thing by its folded name, and by everything it is found by; follows from the thing's own row."""

    __tablename__ = "search_entries"
    __table_args__ = (UniqueConstraint("kind", "ref"), Index("ix_search_entries_kind_name", "kind", "name"))

    # Dense, and given by whoever writes: the index of parts keeps it short, and no sequence has to move along.
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(24))
    ref: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(400))
    folded: Mapped[str] = mapped_column(Text)
