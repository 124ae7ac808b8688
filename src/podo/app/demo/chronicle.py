"""What happened, as rows of tables and events: written in one go, in the order of time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from podo.kernel import clock, ids
from podo.kernel.db import Database
from podo.kernel.db.models import metadata
from podo.kernel.events import Event
from podo.kernel.nouns import Actor

# Referred to before they refer.
_ORDER = (
    *(
        "projects",
        "ownerships",
        "project_facts",
        "project_dependencies",
        "namespaces",
        "delivery_numbers",
        "config",
        "builds",
        "releases",
        "bundles",
        "deployments",
    ),
    *("rollouts", "rollout_watches", "approvals", "comments"),
)
_BATCH = 2000

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """An event at its moment."""

    at: datetime
    id: str
    actor: Actor
    event: Event
    cause: str | None


class Chronicle:
    """Rows by table, and what was said. Rows are kept as they are given, so that they may still be changed."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.told: list[Told] = []

    def put(self, table: str, row: Mapping[str, Any]) -> Row:
        """A further row."""
        kept = dict(row)
        self.rows[table].append(kept)
        return kept

    def say(self, at: datetime, actor: Actor, event: Event, cause: str | None = None) -> str:
        """Something happened; its id, which later ones may name as their cause."""
        told = Told(at, id_at(at, "evt"), actor, event, cause)
        self.told.append(told)
        return told.id

    async def write(self, database: Database) -> None:
        """Write everything in one transaction: each row has its events beside it, as the law asks."""
        unknown = self.rows.keys() - set(_ORDER)
        assert not unknown, unknown
        events = [_event_row(t) for t in sorted(self.told, key=lambda t: t.at)]
        async with database.engine.begin() as connection:
            for table, rows in (*((name, self.rows[name]) for name in _ORDER), ("events", events)):
                for first in range(0, len(rows), _BATCH):
                    await connection.execute(metadata.tables[table].insert(), rows[first : first + _BATCH])


async def in_order(database: Database) -> None:
    """Let what verbs said at moments of the past stand among the rest; before anything is sealed."""
    events = metadata.tables["events"]
    async with database.engine.begin() as connection:
        rows = [dict(row) for row in (await connection.execute(events.select().order_by(events.c.at, events.c.seq))).mappings()]
        await connection.execute(events.delete())
        for first in range(0, len(rows), _BATCH):
            part = [{name: value for name, value in row.items() if name != "seq"} for row in rows[first : first + _BATCH]]
            await connection.execute(events.insert(), part)


def id_at(at: datetime, prefix: str) -> str:
    """An id as it is given at that moment."""
    with clock.fixed(at):
        return ids.new(prefix)


def _event_row(told: Told) -> Row:
    event = told.event
    return {
        "id": told.id,
        "at": told.at,
        "actor_kind": told.actor.kind.value,
        "actor_id": told.actor.id,
        "actor_via": told.actor.via,
        "code": event.code,
        "project": event.project,
        "environment": event.environment,
        "region": event.region,
        "subject": event.subject,
        "cause": told.cause,
        "request_id": None,
        "facts": event.facts(),
    }
