"""Whose is it: how long a merged team's projects take to find their owner, and how quickly the door answers."""

from __future__ import annotations

import tempfile
import time
from typing import Any

from sqlalchemy import insert

from bench.figures import Figure, Limit, quantile
from bench.sizes import Size
from podo.access import service as access
from podo.access.types import Membership, MembershipRole, Person, SuccessionKind, Team
from podo.catalog import service
from podo.catalog.types import ProjectRegistered
from podo.kernel import clock, ids
from podo.kernel.db import Database
from podo.kernel.db.models import metadata
from podo.kernel.events import log
from podo.kernel.nouns import PODO

_EACH = 10


async def measure(size: Size) -> list[Figure]:
    """One company: asked first, then one of its teams is merged into another, and again, with everything it owns.

    On a database alone: what else hears of ten thousand new owners is not what is measured.
    """
    with tempfile.TemporaryDirectory(prefix="podo-bench-") as folder:
        database = Database(f"sqlite:///{folder}/podo.db", metadata=metadata)
        database.before_commit = log.write
        async with database.engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        await _company(database, size)
        one = await _ask(database, 1, max(20, size.checks // 10), size)
        many = await _ask(database, size.projects, 4 * size.rounds, size)
        merged = [await _merge(database, turn) for turn in range(min(size.rounds, size.owned_teams - 1))]
        await database.close()
    return [
        Figure("owners", f"{size.owned:,} projects re-resolved after a merge", "s", merged, Limit(2)),
        Figure("owners", "whose is a namespace: p99", "ms", [quantile(one, 0.99)], Limit(10)),
        Figure("owners", "the same: p50", "ms", [quantile(one, 0.5)]),
        Figure("owners", f"whose are {size.projects:,} namespaces: p99", "ms", [quantile(many, 0.99)], Limit(100)),
        Figure("owners", "the same: p50", "ms", [quantile(many, 0.5)]),
    ]


async def _company(database: Database, size: Size) -> None:
    """Teams under one root, each with people; all projects are the first team's."""
    teams = [Team("root", "Everybody", "everybody")]
    teams += [Team(f"team-{n}", f"Team {n}", f"team-{n}", "root") for n in range(max(size.owned_teams, 2))]
    people = [Person(f"prs-{n}", f"Person {n}", f"person-{n}@podo.example") for n in range(len(teams) * _EACH)]
    members = [
        Membership(p.id, teams[n % len(teams)].id, MembershipRole.lead if n < len(teams) else MembershipRole.member)
        for n, p in enumerate(people)
    ]
    async with database.transaction(PODO) as tx:
        await access.sync_directory(tx, people, teams, members, most_gone=1.0)
    now = clock.now()
    async with database.transaction(PODO) as tx:
        count = max(size.owned, size.projects)
        await tx.session.execute(insert(metadata.tables["projects"]), [_project(n, now) for n in range(count)])
        await tx.session.execute(insert(metadata.tables["ownerships"]), [_owned(n, now) for n in range(count)])
        tx.say(ProjectRegistered(project="project-0", team="team-0", team_name="Team 0"))


def _project(n: int, now: Any) -> dict[str, Any]:
    return {
        "slug": f"project-{n}",
        "title": f"Project {n}",
        "description": "",
        "tier": 3,
        "repository": "https://git.podo.example/p.git",
        "branch": "main",
        "credential": "",
        "dockerfile": "Dockerfile",
        "port": 8080,
        "places": [],
        "slack": f"p-{n}",
        "state": "active",
        "created_at": now,
        "created_by": "podo",
    }


def _owned(n: int, now: Any) -> dict[str, Any]:
    slug = f"project-{n}"
    said = {"team": "team-0", "since": now, "recorded_at": now, "custody": False, "of": "", "by": "podo", "why": "registered"}
    return {"id": ids.new("own"), "subject": f"project:{slug}", "project": slug, **said}


async def _ask(database: Database, count: int, times: int, size: Size) -> list[float]:
    """Milliseconds of each question for `count` namespaces, in a view of its own, as a request does it."""
    taken: list[float] = []
    for turn in range(times):
        names = [f"project-{(turn * 7 + n) % size.projects}" for n in range(count)]
        begun = time.perf_counter()
        async with database.reading(PODO) as r:
            found = await service.answers(r, names)
        taken.append((time.perf_counter() - begun) * 1000)
        assert all(a.reachable for a in found)
    return taken


async def _merge(database: Database, turn: int) -> float:
    """Seconds from the merge to the last project's new owner on disk, each with its event."""
    was, now = f"team-{turn}", f"team-{turn + 1}"
    async with database.transaction(PODO) as tx:
        await access.succeed(tx, SuccessionKind.merge, was, [now], "bench")
        begun = time.perf_counter()
        moved = await service.settle(tx, was)
    taken = time.perf_counter() - begun
    assert moved
    return taken
