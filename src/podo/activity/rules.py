"""Reading a query and finding a subject's address; values only."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from podo.activity.types import BadQuestion, Question
from podo.kernel.errors import N_

_SPAN = re.compile(r"(\d{1,4})([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_FIELDS = {
    "env": "environment",
    "region": "region",
    "project": "project",
    "subject": "subject",
    "request": "request",
    "cause": "cause",
}


def question(text: str, *, me: str, now: datetime, project: str | None = None) -> Question:
    """The question in `text`, words such as `env:prod by:@me since:7d is:delivery`. Raises `BadQuestion`.

    With `project`, it is asked of that one alone.
    """
    found: dict[str, Any] = {"project": project} if project else {}
    kinds: list[str] = []
    for word in text.split():
        key, colon, value = word.partition(":")
        if not colon or not value:
            raise BadQuestion(word=word, why=N_("it has no key and value"))
        match key:
            case "is":
                kinds.append(value)
            case "since" | "until":
                found[key] = _time(word, value, now)
            case "by":
                found["actor"] = me if value == "@me" else value.removeprefix("@")
            case "project" if project and value != project:
                raise BadQuestion(word=word, why=N_("this is the activity of one project"))
            case _ if key in _FIELDS:
                found[_FIELDS[key]] = value
            case _:
                raise BadQuestion(word=word, why=N_("there is no such key"))
    return Question(**found, kinds=tuple(kinds))


def _time(word: str, value: str, now: datetime) -> datetime:
    try:
        if span := _SPAN.fullmatch(value):
            return now - int(span[1]) * _UNITS[span[2]]
        at = datetime.fromisoformat(value)
    except (ValueError, OverflowError):
        raise BadQuestion(word=word, why=N_("a time is 7d, 12h, 2w or a date")) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def address(subject: str | None, project: str | None) -> str | None:
    """The page of a subject: `deployment/chat-api/214` is at `/chat-api/deployments/214`."""
    match (subject or "").split("/"):
        case ["deployment", slug, number]:
            return f"/{slug}/deployments/{number}"
        case ["build", slug, number]:
            return f"/{slug}/builds/{number}"
        case ["workload", slug, *_]:
            return f"/{slug}/workloads"
        case ["team", handle]:
            return f"/teams/{handle}"
        case ["person", person]:
            return f"/people/{person}"
        case ["webhook", webhook]:
            return f"/webhooks/{webhook}"
        case ["cluster", _]:
            return "/clusters"
        case ["region", _]:
            return "/regions"
        case _:
            return f"/{project}" if project else None


_LOOKS = (
    ("_failed", "x-circle-fill", "danger"),
    ("_stuck", "alert", "danger"),
    ("_halted", "stop", "attention"),
    ("_rejected", "x", "danger"),
    ("_healthy", "check-circle-fill", "success"),
    ("_succeeded", "check-circle-fill", "success"),
    ("approv", "check", "success"),
    ("rolled_back", "undo", "attention"),
    ("delivery.build", "package", "done"),
    ("delivery.secret", "key", "muted"),
    ("delivery.variable", "sliders", "muted"),
    ("delivery.", "rocket", "accent"),
    ("workloads.", "stack", "accent"),
    ("catalog.ownership", "people", "accent"),
    ("catalog.", "repo", "muted"),
    ("access.", "person", "muted"),
    ("notices.", "bell", "muted"),
)


def look(code: str) -> tuple[str, str]:
    """An icon and a tone for an event's code."""
    return next(((icon, tone) for part, icon, tone in _LOOKS if part in code), ("dot-fill", "muted"))
