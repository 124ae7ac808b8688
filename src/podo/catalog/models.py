"""Rows of projects and places."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
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


class ProjectRow(Record):
    """A project."""

    __tablename__ = "projects"

    slug: Mapped[str] = mapped_column(String(80), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    tier: Mapped[int]
    repository: Mapped[str] = mapped_column(String(500))
    branch: Mapped[str] = mapped_column(String(200))
    credential: Mapped[str] = mapped_column(Text, default="")
    dockerfile: Mapped[str] = mapped_column(String(300))
    port: Mapped[int]
    places: Mapped[list[Any]]
    slack: Mapped[str] = mapped_column(String(80), default="")
    state: Mapped[str] = mapped_column(String(16), index=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(80))


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


class NamespaceRow(Record):
    """A project's namespace in a cluster."""

    __tablename__ = "namespaces"

    project: Mapped[str] = mapped_column(String(80), primary_key=True)
    cluster: Mapped[str] = mapped_column(String(80), primary_key=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    why: Mapped[str] = mapped_column(Text, default="")
