"""Rows of releases and their bundles: written once, never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Record


class ReleaseRow(Record):
    """A release."""

    __tablename__ = "releases"

    project: Mapped[str] = mapped_column(String(80), ForeignKey("projects.slug"), primary_key=True)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64))
    build: Mapped[int]
    sha: Mapped[str] = mapped_column(String(64))
    image: Mapped[str] = mapped_column(String(300))
    digest: Mapped[str] = mapped_column(String(80))
    chart: Mapped[str] = mapped_column(String(120))
    made_at: Mapped[datetime]


class BundleRow(Record):
    """A release's part for one target. `content` holds values, sources, manifests, variables and fingerprints."""

    __tablename__ = "bundles"
    __table_args__ = (ForeignKeyConstraint(["project", "release"], ["releases.project", "releases.id"]),)

    project: Mapped[str] = mapped_column(String(80), primary_key=True)
    release: Mapped[str] = mapped_column(String(40), primary_key=True)
    environment: Mapped[str] = mapped_column(String(40), primary_key=True)
    region: Mapped[str] = mapped_column(String(40), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), index=True)
    label: Mapped[str] = mapped_column(String(63))
    name: Mapped[str] = mapped_column(String(63))
    content: Mapped[dict[str, Any]]
    sealed: Mapped[str] = mapped_column(Text, default="")
