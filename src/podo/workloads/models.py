"""Rows: what was asked (ours), and what was seen (thrown away and seen again)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Observed, Record


class OperationRow(Record):
    """A restart, scaling or pod deletion that a person asked for."""

    __tablename__ = "operations"
    __table_args__ = (Index("ix_operations_project_at", "project", "at"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project: Mapped[str] = mapped_column(String(80))
    environment: Mapped[str] = mapped_column(String(40))
    region: Mapped[str] = mapped_column(String(40))
    cluster: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(20))
    target_kind: Mapped[str] = mapped_column(String(40))
    target: Mapped[str] = mapped_column(String(253))
    replicas: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(16))
    why: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SeenRow(Observed):
    """A workload or a pod as it was last seen."""

    __tablename__ = "seen_objects"
    # What is wrong in many namespaces, and how much, is counted in the index alone, which no pod that is well is read for.
    __table_args__ = (
        Index("ix_seen_objects_namespace_kind", "namespace", "kind", "health", "cluster"),
        Index("ix_seen_objects_name", "name", postgresql_ops={"name": "text_pattern_ops"}),
    )

    cluster: Mapped[str] = mapped_column(String(80), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    namespace: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(String(253), primary_key=True)
    health: Mapped[str] = mapped_column(String(16))
    # A pod's address, empty without.
    ip: Mapped[str] = mapped_column(String(45), default="", index=True)
    body: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class SeenClusterRow(Observed):
    """Whether a cluster can be seen, and when it last was."""

    __tablename__ = "seen_clusters"

    cluster: Mapped[str] = mapped_column(String(80), primary_key=True)
    reach: Mapped[str] = mapped_column(String(16))
    why: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
