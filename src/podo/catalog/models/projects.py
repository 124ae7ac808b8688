"""Rows of projects and their namespaces."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Record


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
    retired_at: Mapped[datetime | None]
    retired_by: Mapped[str] = mapped_column(String(80), default="")
    retired_why: Mapped[str] = mapped_column(Text, default="")
    closed_at: Mapped[datetime | None]


class NamespaceRow(Record):
    """A project's namespace in a cluster."""

    __tablename__ = "namespaces"

    project: Mapped[str] = mapped_column(String(80), primary_key=True)
    cluster: Mapped[str] = mapped_column(String(80), primary_key=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    why: Mapped[str] = mapped_column(Text, default="")
