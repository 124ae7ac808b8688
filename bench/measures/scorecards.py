"""A spreadsheet of all projects, shown and taken; and how long it takes to judge them all."""

from __future__ import annotations

import tempfile
import time

from bench.figures import Figure, Limit
from bench.sizes import Size
from podo.access import service as access
from podo.access.types import Membership, MembershipRole, Person, Team
from podo.catalog import reads, service
from podo.kernel.db import Database
from podo.kernel.db.models import metadata
from podo.kernel.events import log
from podo.kernel.nouns import PODO

_TEAMS = 50
_HEAD = "name,team,tier,lifecycle,description,slack,repository,runbook,contacts,depends on,tags"
_AT_ONCE = 100


async def measure(size: Size) -> list[Figure]:
    """One company on a database alone: its sheet is shown, taken, shown again; then every project is judged, in slices."""
    with tempfile.TemporaryDirectory(prefix="podo-bench-") as folder:
        database = Database(f"sqlite:///{folder}/podo.db", metadata=metadata)
        database.before_commit = log.write
        async with database.engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        await _company(database)
        text = "\n".join([_HEAD, *(_line(n) for n in range(size.projects))])
        planned = [await _plan(database, text) for _ in range(size.rounds)]
        begun = time.perf_counter()
        async with database.transaction(PODO) as tx:
            await service.take_import(tx, reads.spreadsheet(text), "")
        taken = time.perf_counter() - begun
        again = [await _plan(database, text) for _ in range(size.rounds)]
        judged = [await _judge(database) for _ in range(size.rounds)]
        await database.close()
    whole, held = [sum(slices) for slices in judged], [1000 * max(slices) for slices in judged]
    return [
        Figure("scorecards", f"a sheet of {size.projects:,} new projects shown", "s", planned, Limit(3)),
        Figure("scorecards", "the same taken, in one transaction", "s", [taken], Limit(30)),
        Figure("scorecards", "the same shown again: nothing to do", "s", again, Limit(3)),
        Figure("scorecards", f"{size.projects:,} projects judged by all rules", "s", whole, Limit(5)),
        Figure("scorecards", "for how long that holds others back", "ms", held),
    ]


async def _company(database: Database) -> None:
    teams = [Team("root", "Everybody", "everybody")]
    teams += [Team(f"team-{n}", f"팀 {n}", f"team-{n}", "root") for n in range(_TEAMS)]
    people = [Person(f"prs-{n}", f"Person {n}", f"person-{n}@podo.example") for n in range(_TEAMS * 10)]
    members = [Membership(p.id, f"team-{n % _TEAMS}", MembershipRole.member) for n, p in enumerate(people)]
    async with database.transaction(PODO) as tx:
        await access.sync_directory(tx, people, teams, members, most_gone=1.0)


def _line(n: int) -> str:
    needs = f"service-{n - 1}" if n else ""
    facts = (f"service-{n}", f"팀 {n % _TEAMS}", str(n % 3 + 1), "운영 중", f"Does {n}", f"#svc-{n}")
    links = (f"https://git.example.com/team/service-{n}.git", f"https://wiki.example.com/{n}")
    return ",".join([*facts, *links, f"person-{n % 500}@podo.example | {n}", needs, "kotlin"])


async def _plan(database: Database, text: str) -> float:
    begun = time.perf_counter()
    async with database.reading(PODO) as r:
        await service.plan_import(r, reads.spreadsheet(text))
    return time.perf_counter() - begun


async def _judge(database: Database) -> list[float]:
    """As the round does it; the seconds of each slice."""
    async with database.reading(PODO) as r:
        slugs = await service.scored_projects(r)
    found: list[float] = []
    for at in range(0, len(slugs), _AT_ONCE):
        begun = time.perf_counter()
        async with database.reading(PODO) as r:
            standings = await service.standings(r, slugs[at : at + _AT_ONCE])
        async with database.transaction(PODO) as tx:
            await service.note_scores(tx, standings)
        found.append(time.perf_counter() - begun)
    return found
