"""Rows of scorecards: the organisation's rules, and what came of them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Bookkeeping, Record


class ScoreRuleRow(Record):
    """A rule that the organisation wrote, or its own form of one of Podo's; `level` counts from 1, 0 is a rule switched off."""

    __tablename__ = "score_rules"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    why: Mapped[str] = mapped_column(Text, default="")
    concerns: Mapped[str] = mapped_column(Text, default="")
    holds: Mapped[str] = mapped_column(Text)
    level: Mapped[int]
    place: Mapped[int]


class ScoreRow(Bookkeeping):
    """How a project stands, as it was last worked out; `failed` are ids of rules."""

    __tablename__ = "scores"

    project: Mapped[str] = mapped_column(String(80), primary_key=True)
    level: Mapped[int] = mapped_column(index=True)
    passed: Mapped[int]
    asked: Mapped[int]
    failed: Mapped[list[str]]
    at: Mapped[datetime]


class ScoreDayRow(Bookkeeping):
    """How a project stood at the end of a day (UTC), and whose it was then."""

    __tablename__ = "score_days"
    __table_args__ = (Index("ix_score_days_team_day", "team", "day"), Index("ix_score_days_day", "day"))

    project: Mapped[str] = mapped_column(String(80), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    team: Mapped[str] = mapped_column(String(80))
    level: Mapped[int]
    passed: Mapped[int]
    asked: Mapped[int]
