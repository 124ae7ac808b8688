"""Nouns of the timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from podo.access.types import Permission
from podo.kernel.errors import N_, Invalid, Missing

# Facts whose values are words of ours and not of people, and are told in the reader's language, too.
WORDS = frozenset({"what", "how", "mail", "operation_kind", "why"})
SPOKEN = (
    *(N_("directory"), N_("teams"), N_("preferences"), N_("began"), N_("renamed"), N_("moved"), N_("ended")),
    *(N_("link"), N_("demo"), N_("nothing"), N_("everything"), N_("restart"), N_("scale"), N_("delete_pod")),
    *(N_("environment"), N_("region"), N_("cluster")),
)
READ = Permission("activity.read", "read", N_("Read what happened, by whom and when"))


@dataclass(frozen=True, slots=True)
class Happening:
    """An event, ready to be told: `sentence` is a template over `facts`; `actor_name` is who did it, by today's name."""

    id: str
    position: int | None
    at: datetime
    code: str
    sentence: str
    facts: Mapping[str, Any]
    actor_kind: str
    actor_id: str
    actor_name: str
    actor_via: str | None
    project: str | None
    environment: str | None
    region: str | None
    subject: str | None
    link: str | None
    request_id: str | None
    cause: str | None

    def told(self, translate: Any = str) -> str:
        """The sentence in the reader's language, facts filled in; a fact that is missing is shown as such."""
        facts = {k: "…" if v is None else translate(v) if k in WORDS and v else v for k, v in self.facts.items()}
        named = {"project": self.project, "environment": self.environment, "region": self.region}
        return translate(self.sentence).format_map(_Gaps({**named, **facts, "actor": self.actor_name}))


class _Gaps(dict[str, Any]):
    """An event of an older Podo may lack a field that today's sentence names."""

    def __missing__(self, key: str) -> str:
        return "…"


@dataclass(frozen=True, slots=True)
class Question:
    """What to look for: words of the query box, parsed. Times are UTC; `kinds` are domains (`delivery`) or codes."""

    project: str | None = None
    environment: str | None = None
    region: str | None = None
    actor: str | None = None
    subject: str | None = None
    cause: str | None = None
    request: str | None = None
    kinds: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None


class BadQuestion(Invalid):
    """A word of the query that the timeline does not know."""

    code = "activity.bad_question"
    so = N_("“{word}” is not something to look for here: {why}.")
    do = N_("Use env:prod region:kr by:@me is:delivery since:7d until:2026-11-23 request:01jd…")


class NoSuchHappening(Missing):
    """The log has no such event."""

    code = "activity.no_such_happening"
    so = N_("Nothing with the id “{name}” ever happened here.")
    do = N_("Look for it on /activity.")
