"""Reading the timeline. There is nothing to write: domains say events, and this tells them."""

from __future__ import annotations

from collections.abc import Sequence

from podo.access import service as access
from podo.access.types import On
from podo.activity import rules
from podo.activity.types import READ, Happening, NoSuchHappening, Question
from podo.kernel.db import Reading
from podo.kernel.events import Entry, log
from podo.kernel.nouns import PODO, ActorKind, Page

# Who acts without being a person.
MACHINES = frozenset({PODO.id, "nobody"})


async def happenings(r: Reading, question: Question, *, cursor: str | None = None, limit: int = 50) -> Page[Happening]:
    """What happened, newest first. Raises `NoSuchPerson` when the question names somebody whom nobody knows."""
    await access.require(r, READ, On(project=question.project))
    actor = question.actor
    if actor and actor not in MACHINES:
        actor = (await access.found_person(r, actor)).id
    wanted = log.Wanted(
        project=question.project,
        environment=question.environment,
        region=question.region,
        actor=actor,
        subject=question.subject,
        cause=question.cause,
        request_id=question.request,
        prefixes=[k if "." in k else f"{k}." for k in question.kinds] or None,
        since=question.since,
        until=question.until,
        before=int(cursor) if cursor and cursor.isdecimal() else None,
    )
    entries, next_ = await log.history(r, wanted, limit=limit)
    return Page(await told(r, entries), str(next_) if next_ is not None else None)


async def happening(r: Reading, id_: str) -> tuple[Happening, list[Happening]]:
    """One event, and what it caused (at most 50, oldest first). Raises `NoSuchHappening`."""
    entry = await log.entry(r, id_)
    if entry is None:
        await access.require(r, READ, On())
        raise NoSuchHappening(name=id_)
    await access.require(r, READ, On(project=entry.project))
    caused, _ = await log.history(r, log.Wanted(cause=id_), limit=50)
    first, *rest = await told(r, [entry, *reversed(caused)])
    return first, rest


async def told(r: Reading, entries: Sequence[Entry]) -> list[Happening]:
    """Entries with today's names of who did it; one query for all."""
    people = await access.people(r, {e.actor.id for e in entries if e.actor.kind in (ActorKind.person, ActorKind.token)})
    return [_happening(e, people[e.actor.id].name if e.actor.id in people else e.actor.id) for e in entries]


def _happening(entry: Entry, name: str) -> Happening:
    return Happening(
        id=entry.id,
        position=entry.position,
        at=entry.at,
        code=entry.code,
        sentence=entry.sentence,
        facts=entry.facts,
        actor_kind=entry.actor.kind.value,
        actor_id=entry.actor.id,
        actor_name="Podo" if entry.actor.kind == ActorKind.podo else name,
        actor_via=entry.actor.via,
        project=entry.project,
        environment=entry.environment,
        region=entry.region,
        subject=entry.subject,
        link=rules.address(entry.subject, entry.project),
        request_id=entry.request_id,
        cause=entry.cause,
    )
