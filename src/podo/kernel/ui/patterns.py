"""The page that shows every component in every state, for those who write pages. Its people and projects are invented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup

from podo.kernel import clock
from podo.kernel.errors import N_
from podo.kernel.ui.charts import Series
from podo.kernel.ui.frames import Tab
from podo.kernel.ui.markdown import markdown
from podo.kernel.ui.pages import page


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a unified diff: `kind` is same, add, del or hunk."""

    kind: str
    old: int | None
    new: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a line of a split diff."""

    number: int
    text: str
    changed: bool


@page("ui/patterns.html")
@dataclass(frozen=True, slots=True)
class PatternsPage:
    """Everything of the macros, each with something to show."""

    now: datetime
    earlier: datetime
    soon: datetime
    tabs: Sequence[Tab]
    remark: Markup
    lines: Sequence[DiffLine]
    rows: Sequence[tuple[Side | None, Side | None] | str]
    days: Sequence[str]
    spent: Sequence[Series]
    latency: Sequence[Series]


def patterns_page() -> PatternsPage:
    """The page, at the present moment."""
    now = clock.now()
    return PatternsPage(
        now=now,
        earlier=now - timedelta(minutes=14),
        soon=now + timedelta(minutes=6, seconds=12),
        tabs=(
            Tab(N_("Conversation"), "#", "comment-discussion", 5, current=True),
            Tab(N_("Checks"), "#", "checklist", 7),
            Tab(N_("Changes"), "#", "file-diff", 8),
            Tab(N_("Logs"), "#", "log"),
        ),
        remark=markdown(
            "`REDIS_URL` is replaced by `REDIS_PRIMARY_URL`. Please look at **jp** twice. cc @team-chat, see #208",
            lambda name: "#" if name in ("@team-chat", "#208") else None,
        ),
        lines=(
            DiffLine("hunk", None, None, "spec.template.spec.containers[chat-api]"),
            DiffLine("same", 31, 31, "- name: chat-api"),
            DiffLine("del", 32, None, "  image: chat-api@sha256:51bd09…c2f4"),
            DiffLine("add", None, 32, "  image: chat-api@sha256:9f3c1e…a77b"),
            DiffLine("same", 33, 33, "  env:"),
        ),
        rows=(
            "spec.template.metadata",
            (Side(19, "metadata:", False), Side(19, "metadata:", False)),
            (Side(21, "  release: r-5a0c22", True), Side(21, "  release: r-7f3e91", True)),
            (None, Side(22, "  project: chat-api", True)),
        ),
        days=[f"{(now - timedelta(days=13 - n)).day}." for n in range(14)],
        spent=(
            Series("compute", [41, 42, 40, 44, 47, 46, 43, 45, 52, 60, 58, 57, 61, 62]),
            Series("Redis", [12, 12, 12, 12, 12, 12, 12, 18, 18, 18, 18, 18, 18, 18]),
            Series("egress", [5, 6, 5, 7, 9, 4, 3, 6, 7, 7, 8, 9, 5, 4]),
        ),
        latency=(
            Series("p50", [12, 12, 13, 12, 12, None, None, 13, 12, 12, 12, 12, 13, 12]),
            Series("p99", [84, 82, 85, 83, 90, None, None, 33, 31, 32, 33, 31, 30, 33], "orange"),
        ),
    )
