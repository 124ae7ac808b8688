"""Rows of builds, configuration, and what is known of repositories."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Bookkeeping, Record


class BuildRow(Record):
    """A build."""

    __tablename__ = "builds"
    __table_args__ = (
        Index("ix_builds_project_number", "project", "number", unique=True),
        Index("ix_builds_project_sha", "project", "sha"),
        Index("ix_builds_state", "state"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project: Mapped[str] = mapped_column(String(80), ForeignKey("projects.slug", ondelete="CASCADE"))
    number: Mapped[int]
    sha: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(200))
    committed_at: Mapped[datetime]
    ref: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    builder: Mapped[str] = mapped_column(String(40), default="")
    simulated: Mapped[bool] = mapped_column(default=False)
    image: Mapped[str] = mapped_column(String(300), default="")
    digest: Mapped[str] = mapped_column(String(80), default="")
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    why: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[str] = mapped_column(String(80))
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    chosen: Mapped[dict[str, Any]] = mapped_column(default=dict)


class ConfigRow(Record):
    """A variable with its value, or a secret with its sealed value and fingerprint."""

    __tablename__ = "config"

    project: Mapped[str] = mapped_column(String(80), ForeignKey("projects.slug", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    environment: Mapped[str] = mapped_column(String(40), primary_key=True, default="")
    region: Mapped[str] = mapped_column(String(40), primary_key=True, default="")
    value: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(String(64), default="")
    by: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]


class ChoicesRow(Record):
    """What a project chose for its deployments; `chosen` is a list of [environment, region, values]."""

    __tablename__ = "delivery_choices"

    project: Mapped[str] = mapped_column(String(80), ForeignKey("projects.slug", ondelete="CASCADE"), primary_key=True)
    chosen: Mapped[list[Any]] = mapped_column(default=list)
    auto_alpha: Mapped[bool] = mapped_column(default=True)
    polled: Mapped[bool] = mapped_column(default=True)


class HeadRow(Bookkeeping):
    """The last commit seen on a project's branch, when its repository was asked, and when it is asked again."""

    __tablename__ = "repository_heads"

    project: Mapped[str] = mapped_column(String(80), ForeignKey("projects.slug", ondelete="CASCADE"), primary_key=True)
    sha: Mapped[str] = mapped_column(String(64), default="")
    asked_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    why: Mapped[str] = mapped_column(Text, default="")
    failures: Mapped[int] = mapped_column(default=0)
    hooked_at: Mapped[datetime | None]


class HookRow(Bookkeeping):
    """A webhook that was taken, so that the same one is not taken twice."""

    __tablename__ = "webhooks_taken"

    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    at: Mapped[datetime]
