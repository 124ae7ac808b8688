"""Reading the query box of deployments."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from podo.delivery.types import BadQuery, RolloutState, Search
from podo.kernel.errors import N_

_SPAN = re.compile(r"(\d{1,4})([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_STATES = {s.value.replace(" ", "-"): s.value for s in RolloutState} | {"open": "open", "finished": "finished"}


def search(text: str, *, me: str, now: datetime, project: str | None = None) -> Search:
    """`env:prod region:kr is:failed author:@me since:7d read receipts`. Raises `BadQuery`."""
    found = Search(project=project)
    words: list[str] = []
    for word in text.split():
        key, colon, value = word.partition(":")
        if not colon or not key.isalpha():
            words.append(word)
            continue
        if not value:
            raise BadQuery(word=word, why=N_("nothing stands behind the colon"))
        match key:
            case "env":
                found = replace(found, environment=value)
            case "region":
                found = replace(found, region=value)
            case "is" if value in _STATES:
                found = replace(found, state=_STATES[value])
            case "is":
                raise BadQuery(word=word, why=N_("it is one of {known}").format(known=", ".join(_STATES)))
            case "author":
                found = replace(found, author=me if value == "@me" else value.removeprefix("@"))
            case "since":
                found = replace(found, since=_since(word, value, now))
            case "project":
                found = replace(found, project=project or value)
            case _:
                raise BadQuery(word=word, why=N_("there is no such key"))
    return replace(found, text=" ".join(words))


def _since(word: str, value: str, now: datetime) -> datetime:
    if span := _SPAN.fullmatch(value):
        return now - int(span[1]) * _UNITS[span[2]]
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise BadQuery(word=word, why=N_("a time is 7d, 12h, 2w or a date")) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
