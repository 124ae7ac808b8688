"""Rows of deployments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Bookkeeping, Record


class NumberRow(Bookkeeping):
    """The last number given to a project's builds and deployments."""

    __tablename__ = "delivery_numbers"

    project: Mapped[str] = mapped_column(String(80), ForeignKey("projects.slug", ondelete="CASCADE"), primary_key=True)
    build: Mapped[int] = mapped_column(default=0)
    deployment: Mapped[int] = mapped_column(default=0)


class DeploymentRow(Record):
    """A deployment. `once` keeps what asks by itself from asking twice."""

    __tablename__ = "deployments"
    __table_args__ = (
        ForeignKeyConstraint(["project", "release"], ["releases.project", "releases.id"]),
        Index("ix_deployments_at", "at"),
        Index("ix_deployments_by_at", "by", "at"),
    )

    project: Mapped[str] = mapped_column(String(80), ForeignKey("projects.slug"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    environment: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(16))
    release: Mapped[str] = mapped_column(String(40))
    build: Mapped[int]
    sha: Mapped[str] = mapped_column(String(64))
    ref: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
    once: Mapped[str | None] = mapped_column(String(120), unique=True)
    open: Mapped[bool] = mapped_column(default=True, index=True)


class RolloutRow(Record):
    """A deployment's part for one target."""

    __tablename__ = "rollouts"
    __table_args__ = (
        ForeignKeyConstraint(["project", "number"], ["deployments.project", "deployments.number"]),
        Index("ix_rollouts_project_number", "project", "number"),
        Index("ix_rollouts_place", "project", "environment", "region", "state"),
        Index("ix_rollouts_state", "state"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project: Mapped[str] = mapped_column(String(80), ForeignKey("projects.slug"))
    number: Mapped[int]
    environment: Mapped[str] = mapped_column(String(40))
    region: Mapped[str] = mapped_column(String(40))
    cluster: Mapped[str] = mapped_column(String(80))
    order: Mapped[int]
    needs: Mapped[int]
    bundle: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    why: Mapped[str] = mapped_column(Text, default="")
    back: Mapped[bool] = mapped_column(default=False)
    previous: Mapped[int | None]
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    healthy_at: Mapped[datetime | None]
    soak_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    halt_asked: Mapped[bool] = mapped_column(default=False)


class WatchRow(Bookkeeping):
    """What was last seen of a rollout, when Podo looks at it again by itself, and which of its runs is the newest (`epoch`)."""

    __tablename__ = "rollout_watches"

    rollout: Mapped[str] = mapped_column(String(40), ForeignKey("rollouts.id"), primary_key=True)
    epoch: Mapped[int] = mapped_column(default=0)
    seen: Mapped[dict[str, Any]] = mapped_column(default=dict)
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    silent_since: Mapped[datetime | None]
    degraded_since: Mapped[datetime | None]


class ApprovalRow(Record):
    """What somebody last said of a rollout."""

    __tablename__ = "approvals"

    rollout: Mapped[str] = mapped_column(String(40), ForeignKey("rollouts.id"), primary_key=True)
    person: Mapped[str] = mapped_column(String(80), primary_key=True)
    decision: Mapped[str] = mapped_column(String(20))
    bundle: Mapped[str] = mapped_column(String(64))
    comment: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]


class CommentRow(Record):
    """What somebody said about a deployment."""

    __tablename__ = "comments"
    __table_args__ = (
        ForeignKeyConstraint(["project", "number"], ["deployments.project", "deployments.number"]),
        Index("ix_comments_project_number", "project", "number"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project: Mapped[str] = mapped_column(String(80))
    number: Mapped[int]
    person: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
