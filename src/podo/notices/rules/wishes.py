"""What may be wished of a webhook, what it hears, and what stands in what it sends."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from podo.kernel.errors import N_
from podo.kernel.events import Entry, Event
from podo.notices.types import ALL_KINDS, PING, EventKind, WebhookWish, WrongWebhook, WrongWebhookAddress

LONGEST_ADDRESS = 2000
_LONGEST_TITLE = 80
_MOST_KINDS = 200
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253})(?::\d{1,5})?(?:/[^\s\\#]*|\?[^\s\\#]*)?"
)


def host_of(address: str) -> str:
    """The host of an address, as it is shown. Raises `WrongWebhookAddress` for one that nothing can be posted to."""
    found = _ADDRESS.fullmatch(address)
    if len(address) > LONGEST_ADDRESS:
        raise WrongWebhookAddress(why=N_("it is too long"))
    if "@" in address.partition("://")[2].partition("/")[0]:
        raise WrongWebhookAddress(why=N_("it holds a name or a password"))
    if found is None or not address.isprintable():
        raise WrongWebhookAddress(why=N_("it is no address of http or https"))
    return found["host"].lower()


def checked(wish: WebhookWish, known: Collection[str]) -> WebhookWish:
    """The wish in its normal form, titled by its host where it has no title. Raises `WrongWebhookAddress`, `WrongWebhook`."""
    address = wish.address.strip()
    host = host_of(address)
    title = " ".join(wish.title.split()) or host[:_LONGEST_TITLE]
    if len(title) > _LONGEST_TITLE:
        raise WrongWebhook(field="title", what=N_("title"), why=N_("it is too long"))
    if not title.isprintable():
        raise WrongWebhook(field="title", what=N_("title"), why=N_("it holds what cannot be shown"))
    kinds = tuple(sorted(set(wish.kinds)))
    if not kinds:
        raise WrongWebhook(field="choice", what=N_("choice of events"), why=N_("it names no events"))
    domains = {code.partition(".")[0] for code in known}
    unknown = [k for k in kinds if k not in known and k != ALL_KINDS and not (k.endswith(".*") and k[:-2] in domains)]
    if unknown or len(kinds) > _MOST_KINDS:
        raise WrongWebhook(field="choice", what=N_("choice of events"), why=", ".join(map(_shown, unknown[:3])) or "> 200")
    return replace(wish, address=address, title=title, kinds=(ALL_KINDS,) if ALL_KINDS in kinds else kinds)


def _shown(text: str) -> str:
    return text[:80] if text.isprintable() else "…"


def is_wanted(kinds: Collection[str], code: str) -> bool:
    """Whether a choice of kinds holds the code of an event."""
    return ALL_KINDS in kinds or code in kinds or f"{code.partition('.')[0]}.*" in kinds


def known_kinds() -> list[EventKind]:
    """Every kind of event there is, by code."""
    found = [e for e in Event.known.values() if e.__module__.startswith("podo.")]
    return [EventKind(e.code, e.sentence, sorted(_fields(e))) for e in sorted(found, key=lambda e: e.code)]


def _fields(event: type[Event]) -> set[str]:
    return {f.name for f in fields(event)} - {"project", "environment", "region", "subject"}


def by_domain(kinds: Sequence[EventKind]) -> list[tuple[str, Sequence[EventKind]]]:
    """Grouped by what stands before the dot."""
    domains = sorted({kind.code.partition(".")[0] for kind in kinds})
    return [(domain, [k for k in kinds if k.code.startswith(f"{domain}.")]) for domain in domains]


def letter(entry: Entry, name: str) -> str:
    """What is sent of an event: `name` is that of who did it. The same for every try, and for every webhook."""
    places = {"project": entry.project, "environment": entry.environment, "region": entry.region}
    facts = {key: "…" if value is None else value for key, value in {**places, **entry.facts, "actor": name}.items()}
    data = {
        "event": entry.id,
        "position": entry.position,
        "sentence": entry.sentence.format_map(_Gaps(facts)),
        "actor": {"kind": entry.actor.kind.value, "id": entry.actor.id, "name": name},
        **places,
        "subject": entry.subject,
        "cause": entry.cause,
        "facts": entry.facts,
    }
    return _written(entry.code, entry.at, data)


def ping(webhook: str, title: str, kinds: Sequence[str], at: datetime) -> str:
    """What a ping says."""
    return _written(PING, at, {"webhook": webhook, "title": title, "kinds": list(kinds)})


def _written(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    when = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return json.dumps({"type": kind, "timestamp": when, "data": data}, ensure_ascii=False, separators=(",", ":"))


class _Gaps(dict[str, Any]):
    """An event of an older Podo may lack a field that today's sentence names."""

    def __missing__(self, key: str) -> str:
        return "…"
