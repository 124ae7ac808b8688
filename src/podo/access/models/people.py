"""Rows of people, teams and what became of teams."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Bookkeeping, Record


class PersonRow(Record):
    """A person of the directory. Nobody is deleted: one who left is not active."""

    __tablename__ = "people"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), index=True)
    email: Mapped[str] = mapped_column(String(320), index=True)
    active: Mapped[bool]
    lang: Mapped[str | None] = mapped_column(String(8))
    theme: Mapped[str] = mapped_column(String(8), default="auto")
    title: Mapped[str] = mapped_column(String(200), default="")
    # The issuer that made the person; empty: the directory.
    source: Mapped[str] = mapped_column(String(80), default="")
    ends_at: Mapped[datetime | None]


class TeamRow(Record):
    """A team of the directory. A team that ended keeps its row."""

    __tablename__ = "teams"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    handle: Mapped[str] = mapped_column(String(80), unique=True)
    parent: Mapped[str | None] = mapped_column(String(80), index=True)
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    slack: Mapped[str] = mapped_column(String(80), default="")
    # What the directory last said where people decided otherwise: `name`, `parent`, or `living` of a team ended by hand.
    said: Mapped[dict[str, Any]] = mapped_column(default=dict)


class MembershipRow(Record):
    """A person in a team, by the directory (`source` is empty) or by the groups of an issuer."""

    __tablename__ = "memberships"

    person: Mapped[str] = mapped_column(String(80), ForeignKey("people.id"), primary_key=True)
    team: Mapped[str] = mapped_column(String(80), ForeignKey("teams.id"), primary_key=True, index=True)
    source: Mapped[str] = mapped_column(String(80), primary_key=True, default="")
    role: Mapped[str] = mapped_column(String(16))


class RoleRow(Record):
    """A role that a person was given by hand (`source` is empty) or by the groups of an issuer."""

    __tablename__ = "roles"

    person: Mapped[str] = mapped_column(String(80), ForeignKey("people.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16), primary_key=True)
    source: Mapped[str] = mapped_column(String(80), primary_key=True, default="")


class SuccessionRow(Record):
    """What became of a team. Nobody deletes one: it is withdrawn."""

    __tablename__ = "successions"
    __table_args__ = (Index("ix_successions_team_at", "team", "at"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    team: Mapped[str] = mapped_column(String(80), ForeignKey("teams.id"))
    successors: Mapped[list[str]]
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    why: Mapped[str] = mapped_column(String(500), default="")
    # The name of a renamed team, the parent of a moved one, before and after.
    was: Mapped[str] = mapped_column(String(200), default="")
    now: Mapped[str] = mapped_column(String(200), default="")
    withdrawn_at: Mapped[datetime | None]
    withdrawn_why: Mapped[str] = mapped_column(String(500), default="")
    # Who was in a team when it ended.
    people: Mapped[list[str]] = mapped_column(default=list)


class DraftRow(Record):
    """A chart that may come true: next quarter's. What it says are `EntryRow`s of its id."""

    __tablename__ = "directory_drafts"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    by: Mapped[str] = mapped_column(String(80))
    made_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class EntryRow(Record):
    """A user or a group as a SCIM client wrote it: of a draft, or of what is so where `draft` is empty."""

    __tablename__ = "directory_entries"
    __table_args__ = (
        Index("ix_directory_entries_named", "draft", "kind", "named"),
        Index("ix_directory_entries_external", "draft", "kind", "external"),
    )

    draft: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    # What filters ask for, as they compare it: userName or displayName in small letters, and externalId.
    named: Mapped[str] = mapped_column(String(320))
    external: Mapped[str] = mapped_column(String(320), default="")
    document: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    # When it will mean something else: somebody leaves, or a team begins or ends.
    due_at: Mapped[datetime | None] = mapped_column(index=True)


class FeedTroubleRow(Bookkeeping):
    """Why the directory that is read is not taken over; no row while it is."""

    __tablename__ = "directory_troubles"

    id: Mapped[str] = mapped_column(String(8), primary_key=True)
    code: Mapped[str] = mapped_column(String(80))
    so: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]]
    since: Mapped[datetime]


class RemovalRow(Record):
    """Somebody or a team that a pushed directory takes away, counted against the share that may go in a day.

    One beyond the share waits (`decided_at` is None) until an administrator takes it or keeps the person or team.
    """

    __tablename__ = "directory_removals"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    of: Mapped[str] = mapped_column(String(80), index=True)
    name: Mapped[str] = mapped_column(String(200))
    asked_at: Mapped[datetime] = mapped_column(index=True)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(String(80), default="")
    taken: Mapped[bool] = mapped_column(default=False)
