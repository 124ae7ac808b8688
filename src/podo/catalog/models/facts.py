"""Rows of what projects say of themselves."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Record


class FactsRow(Record):
    """The facts of a project that has said something; contacts and links are lists of objects."""

    __tablename__ = "project_facts"

    project: Mapped[str] = mapped_column(String(80), ForeignKey("projects.slug"), primary_key=True)
    lifecycle: Mapped[str] = mapped_column(String(16), default="", index=True)
    type: Mapped[str] = mapped_column(String(40), default="")
    system: Mapped[str] = mapped_column(String(80), default="")
    domain: Mapped[str] = mapped_column(String(80), default="")
    docs: Mapped[str] = mapped_column(Text, default="")
    runbook: Mapped[str] = mapped_column(Text, default="")
    on_call: Mapped[str] = mapped_column(Text, default="")
    contacts: Mapped[list[Any]]
    links: Mapped[list[Any]]
    provides: Mapped[list[str]]
    tags: Mapped[list[str]]
    annotations: Mapped[dict[str, Any]]


class DependencyRow(Record):
    """A project needs something, by kind and name; `place` keeps the order in which it was said."""

    __tablename__ = "project_dependencies"
    __table_args__ = (Index("ix_project_dependencies_kind_name", "kind", "name"),)

    project: Mapped[str] = mapped_column(String(80), ForeignKey("projects.slug"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    why: Mapped[str] = mapped_column(Text, default="")
    place: Mapped[int]
