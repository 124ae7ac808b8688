"""Rows of environments, regions and clusters."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Bookkeeping, Record


class EnvironmentRow(Record):
    """A stage of promotion."""

    __tablename__ = "environments"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    order: Mapped[int]
    approvals: Mapped[int]
    soak_seconds: Mapped[int]
    self_approval: Mapped[bool]


class RegionRow(Record):
    """A region."""

    __tablename__ = "regions"

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    timezone: Mapped[str] = mapped_column(String(60))
    order: Mapped[int]


class ClusterRow(Record):
    """A cluster; its kubeconfig is sealed."""

    __tablename__ = "clusters"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    region: Mapped[str] = mapped_column(String(40), ForeignKey("regions.code"))
    environments: Mapped[list[str]]
    kind: Mapped[str] = mapped_column(String(16))
    kubeconfig: Mapped[str] = mapped_column(Text, default="")


class ClusterStateRow(Bookkeeping):
    """What is known of a cluster."""

    __tablename__ = "cluster_states"

    name: Mapped[str] = mapped_column(String(80), ForeignKey("clusters.name"), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[str] = mapped_column(String(60), default="")
    why: Mapped[str] = mapped_column(Text, default="")
    seen_at: Mapped[datetime | None]
