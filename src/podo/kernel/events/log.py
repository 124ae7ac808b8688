"""Writing, sealing, reading and verifying the log.

Events commit unchained; one sealer gives each its `position` and `hash` afterwards, so that writers do not queue behind
a chain and readers by position never miss a late commit.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, insert, or_, select, update

from podo.kernel import clock, ids, metrics, terminal, traces
from podo.kernel.db import Database, Reading, Tx
from podo.kernel.events.models import EventRow
from podo.kernel.events.types import Entry, Event
from podo.kernel.nouns import PODO, Actor, ActorKind

_log = logging.getLogger("podo.acts")
_GENESIS = "0" * 64
BATCH = 500
SEALED = "podo_sealed"

# The table, not its entity: one that is read and thrown away costs ten times as much as its row.
_E: Any = EventRow.__table__
_LAST = select(_E.c.position, _E.c.hash).where(_E.c.position.is_not(None)).order_by(_E.c.position.desc()).limit(1)
_UNSEALED = select(_E).where(_E.c.position.is_(None)).order_by(_E.c.seq).limit(BATCH)
# One statement for all: a row at a time takes twice as long.
_GIVE = update(_E).where(_E.c.seq == bindparam("of"))


async def write(tx: Tx) -> None:
    """Put what was said into the outbox; called by the database just before the commit."""
    now = clock.now()
    rows = [
        {
            "id": ids.new("evt"),
            "at": now,
            "actor_kind": tx.actor.kind.value,
            "actor_id": tx.actor.id,
            "actor_via": tx.actor.via,
            "code": said.code,
            "project": said.project,
            "environment": said.environment,
            "region": said.region,
            "subject": said.subject,
            "cause": whence.cause,
            "request_id": whence.request_id,
            "facts": said.facts(),
            "trace": _point(said, whence.trace),
        }
        for said, whence in tx.said
    ]
    await tx.session.execute(insert(_E), rows)
    tx.after_commit.append(lambda: _tell(rows))


def _point(said: Event, trace: str | None) -> str | None:
    """A span for the event itself, so that whoever hears it comes behind it in the trace."""
    with (
        traces.under(traces.parse(trace)),
        traces.within(f"event {said.code}", kind="producer", podo__project=said.project) as made,
    ):
        return str(made.point) if made else None


def _tell(rows: Sequence[dict[str, Any]]) -> None:
    """A log line and a count for each event that was committed, with the ids by which it is found elsewhere."""
    for code, times in Counter([row["code"] for row in rows]).items():
        metrics.count(metrics.EVENTS.labels(code), times)
    for row in rows if _log.isEnabledFor(logging.INFO) else ():
        facts = {
            "event": row["id"],
            "code": row["code"],
            "actor": row["actor_id"],
            "token": row["actor_via"],
            "permission": terminal.permission.get(),
            "project": row["project"],
            "subject": row["subject"],
            "cause": row["cause"],
            "request_id": row["request_id"],
        }
        _log.info("%s", row["code"], extra={k: v for k, v in facts.items() if v is not None})


async def seal(database: Database) -> list[Entry]:
    """Give the next batch of events their positions and hashes; returns what was sealed, in order."""
    async with database.transaction(PODO) as tx:
        last = (await tx.session.execute(_LAST)).first()
        position, previous = (last[0] or 0, last[1] or _GENESIS) if last else (0, _GENESIS)
        rows = (await tx.session.execute(_UNSEALED)).all()
        sealed: list[Entry] = []
        given: list[dict[str, Any]] = []
        for row in rows:
            position += 1
            previous = _hash(previous, position, row)
            given.append({"of": row.seq, "position": position, "hash": previous})
            sealed.append(_entry(row, position))
        if given:
            await (await tx.session.connection()).execute(_GIVE, given)
            await database.tell(tx.session, SEALED)
        return sealed


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: events sealed and checked, events not sealed yet, and the first position that does not fit."""

    sealed: int
    tail: int
    broken_at: int | None


async def verify(database: Database) -> Verdict:
    """Walk the whole chain; `broken_at` names the first position whose content, order or hash was changed."""
    previous, expected = _GENESIS, 0
    async with database.reading(PODO) as r:
        while True:
            query = select(_E).where(_E.c.position > expected).order_by(_E.c.position).limit(BATCH)
            rows = (await r.session.execute(query)).all()
            for row in rows:
                expected += 1
                if row.position != expected or row.hash != _hash(previous, expected, row):
                    return Verdict(expected - 1, 0, expected)
                previous = row.hash or _GENESIS
            if len(rows) < BATCH:
                break
        tail = await r.session.scalar(select(func.count()).where(EventRow.position.is_(None)).select_from(EventRow))
    return Verdict(expected, tail or 0, None)


async def after(r: Reading, position: int, *, codes: Collection[str] | None = None, limit: int = 200) -> Sequence[Entry]:
    """Sealed events behind `position`, oldest first."""
    query = select(_E).where(_E.c.position > position).order_by(_E.c.position).limit(limit)
    if codes is not None:
        query = query.where(_E.c.code.in_(codes))
    return [_entry(row) for row in await r.session.execute(query)]


async def last_position(r: Reading) -> int:
    """The newest sealed position, 0 when there is none."""
    return await r.session.scalar(select(func.max(EventRow.position))) or 0


async def entry(r: Reading, id_: str) -> Entry | None:
    """The event `id_`."""
    row = (await r.session.execute(select(_E).where(_E.c.id == id_))).first()
    return _entry(row) if row else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to list from the log; None means any. `before` is an event's `seq` cursor as `history` returned it."""

    project: str | None = None
    environment: str | None = None
    region: str | None = None
    actor: str | None = None
    subject: str | None = None
    cause: str | None = None
    request_id: str | None = None
    codes: Collection[str] | None = None
    prefixes: Collection[str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


async def history(r: Reading, wanted: Wanted, *, limit: int = 50) -> tuple[Sequence[Entry], int | None]:
    """Events newest first, sealed or not, and the cursor of the next page (None at the end)."""
    query = select(_E).where(*_conditions(wanted)).order_by(_E.c.seq.desc()).limit(limit + 1)
    rows = (await r.session.execute(query)).all()
    cursor = rows[limit - 1].seq if len(rows) > limit else None
    return [_entry(row) for row in rows[:limit]], cursor


async def deeds(
    r: Reading, projects: Collection[str], since: datetime, without: Collection[str] = ()
) -> list[tuple[str, str, int]]:
    """What people did in projects since then, events of the codes `without` left out: project, person, how often."""
    by_people = EventRow.actor_kind.in_((ActorKind.person, ActorKind.token))
    conditions = (EventRow.project.in_(projects), EventRow.at >= since, by_people, EventRow.code.not_in(without))
    query = select(EventRow.project, EventRow.actor_id, func.count()).where(*conditions)
    rows = await r.session.execute(query.group_by(EventRow.project, EventRow.actor_id))
    return [(project, actor, count) for project, actor, count in rows if project]


async def traced(r: Reading, subjects: Collection[str]) -> dict[tuple[str, str | None], str]:
    """Where in which trace each of these was last spoken of: (subject, region) → traceparent, without those that never were.

    What becomes due later goes on there: a click's trace does not end where something had to wait.
    """
    newest = select(func.max(EventRow.seq)).where(EventRow.subject.in_(subjects), EventRow.trace.is_not(None))
    query = select(EventRow.subject, EventRow.region, EventRow.trace).where(
        EventRow.seq.in_(newest.group_by(EventRow.subject, EventRow.region))
    )
    rows = await r.session.execute(query.order_by(EventRow.seq))
    return {(subject, region): trace for subject, region, trace in rows if subject and trace}


async def traces_of(r: Reading, ids_: Collection[str]) -> dict[str, str]:
    """By event, where in which trace it was said; without those that were said in none."""
    query = select(EventRow.id, EventRow.trace).where(EventRow.id.in_(ids_), EventRow.trace.is_not(None))
    return {id_: trace for id_, trace in await r.session.execute(query) if trace}


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    pairs = (
        (EventRow.project, wanted.project),
        (EventRow.environment, wanted.environment),
        (EventRow.region, wanted.region),
        (EventRow.actor_id, wanted.actor),
        (EventRow.subject, wanted.subject),
        (EventRow.cause, wanted.cause),
        (EventRow.request_id, wanted.request_id),
    )
    found: list[ColumnElement[bool]] = [column == value for column, value in pairs if value is not None]
    if wanted.codes is not None:
        found.append(EventRow.code.in_(wanted.codes))
    if wanted.prefixes is not None:
        found.append(or_(*(EventRow.code.startswith(p, autoescape=True) for p in wanted.prefixes)))
    if wanted.since is not None:
        found.append(EventRow.at >= wanted.since)
    if wanted.until is not None:
        found.append(EventRow.at < wanted.until)
    if wanted.before is not None:
        found.append(EventRow.seq < wanted.before)
    return found


def _hash(previous: str, position: int, row: Any) -> str:
    content = {
        "id": row.id,
        "position": position,
        "at": row.at.isoformat(),
        "actor": [row.actor_kind, row.actor_id, row.actor_via],
        "code": row.code,
        "place": [row.project, row.environment, row.region, row.subject],
        "cause": row.cause,
        "request_id": row.request_id,
        "facts": row.facts,
    }
    return hashlib.sha256(previous.encode() + ids.canonical(content)).hexdigest()


def _entry(row: Any, position: int | None = None) -> Entry:
    known = Event.known.get(row.code)
    return Entry(
        id=row.id,
        position=position or row.position,
        at=row.at,
        actor=Actor(ActorKind(row.actor_kind), row.actor_id, row.actor_via),
        code=row.code,
        project=row.project,
        environment=row.environment,
        region=row.region,
        subject=row.subject,
        cause=row.cause,
        request_id=row.request_id,
        # One that an older version wrote lacks what was added since.
        facts={**known.defaults, **row.facts} if known is not None and known.defaults else row.facts,
        trace=row.trace,
    )
