"""A company's clouds: how long an inventory of all assets takes, and how quickly they are found by owner."""

from __future__ import annotations

import itertools
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from bench.figures import Figure, Limit, quantile
from bench.houses import Living, living
from bench.sizes import Size
from podo.access import service as access
from podo.access.types import Membership, Person, Team
from podo.catalog import service
from podo.catalog.types import AssetQuery, ProjectRegistered, Provider, SeenAsset
from podo.kernel import clock, ids
from podo.kernel.db.models import metadata
from podo.kernel.nouns import PODO

_PAGE, _TEAMS_BY_PROJECT, _ASKED = 1000, 4, 200
_ACCOUNTS, _REGIONS = 40, ("ap-northeast-2", "ap-northeast-1", "ca-central-1", "eu-west-2")
_KINDS = ("ec2:instance", "ec2:volume", "s3:bucket", "rds:db", "sqs:queue", "lambda:function", "dynamodb:table", "logs:log-group")
_SOURCE = "all"


async def measure(size: Size) -> list[Figure]:
    """One company, taken once, taken again, and asked for by owner."""
    with tempfile.TemporaryDirectory(prefix="podo-bench-") as folder:
        async with living(Path(folder), []) as house:
            projects = max(4, size.projects)
            teams = await company(house, projects)
            first = await _take(house, size.assets, projects, teams)
            again = await _take(house, size.assets, projects, teams)
            owners, lists = await _ask(house, teams, min(_ASKED, size.checks))
    return [
        Figure("assets", f"{size.assets:,} taken for the first time", "s", [first], Limit(300)),
        Figure("assets", "the same once more, nothing changed", "s", [again], Limit(300)),
        Figure("assets", "the first page of a team's assets: p95", "ms", [quantile(owners, 0.95)], Limit(50)),
        Figure("assets", "the same: p50", "ms", [quantile(owners, 0.5)]),
        *[Figure("assets", f"{name}: p95", "ms", [quantile(taken, 0.95)]) for name, taken in lists.items()],
    ]


async def company(house: Living, projects: int) -> list[str]:
    """Teams under eight divisions, and projects that each team owns; the ids of the teams."""
    count = max(2, projects // _TEAMS_BY_PROJECT)
    divisions = [Team(f"div-{n}", f"Division {n}", f"division-{n}", "div-root") for n in range(8)]
    teams = [Team(f"team-{n}", f"Team {n}", f"team-{n}", f"div-{n % 8}") for n in range(count)]
    root = Team("div-root", "Everybody", "everybody")
    person = Person("prs-1", "Grape", "grape@podo.example")
    async with house.transaction(PODO) as tx:
        await access.sync_directory(tx, [person], [root, *divisions, *teams], [Membership("prs-1", "div-root")], most_gone=1.0)
    now = clock.now()
    async with house.transaction(PODO) as tx:
        await tx.session.execute(insert(metadata.tables["projects"]), [_project(n, now) for n in range(projects)])
        owned = [_owned(n, teams[n % count].id, now) for n in range(projects)]
        await tx.session.execute(insert(metadata.tables["ownerships"]), owned)
        tx.say(ProjectRegistered(project="project-0", team=teams[0].id, team_name=teams[0].name))
    await house.settled()
    return [t.id for t in teams]


def _project(n: int, now: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "slug": f"project-{n}",
        "title": f"Project {n}",
        "description": "",
        "tier": 3,
        "repository": "https://git.podo.example/p.git",
        "branch": "main",
        "dockerfile": "Dockerfile",
        "port": 8080,
        "places": [],
        "state": "active",
        "created_at": now,
        "created_by": "podo",
    }
    table = metadata.tables["projects"]
    return {c.name: given.get(c.name, _plain(c)) for c in table.columns}


def _owned(n: int, team: str, now: Any) -> dict[str, Any]:
    slug = f"project-{n}"
    given = {"id": ids.new("own"), "subject": f"project:{slug}", "project": slug, "team": team, "since": now, "recorded_at": now}
    table = metadata.tables["ownerships"]
    return {c.name: given.get(c.name, _plain(c)) for c in table.columns}


def _plain(column: Any) -> Any:
    if column.nullable:
        return None
    return column.default.arg if column.default is not None and column.default.is_scalar else column.type.python_type()


def _seen(count: int, projects: int, teams: Sequence[str]) -> Iterator[tuple[str, str, list[SeenAsset]]]:
    """Pages by account and region: seven in ten name a project, two in ten a team, and one in ten says nothing."""
    chance = random.Random(1)
    # A hundred in each at least, where there are so many.
    accounts = max(1, min(_ACCOUNTS, count // (100 * len(_REGIONS))))
    places = [(f"{1000 + n:012d}", region) for n in range(accounts) for region in _REGIONS]
    each = -(-count // len(places))
    made = 0
    for account, region in places:
        page = [_asset(chance, account, region, n, projects, teams) for n in range(min(each, count - made))]
        made += len(page)
        for begin in range(0, len(page), _PAGE):
            yield account, region, page[begin : begin + _PAGE]


def _asset(chance: random.Random, account: str, region: str, n: int, projects: int, teams: Sequence[str]) -> SeenAsset:
    kind = chance.choice(_KINDS)
    slug = f"project-{chance.randrange(projects)}"
    name = f"{slug}-{kind.partition(':')[2]}-{n}"
    tags = {"Name": name, "env": chance.choice(("prod", "alpha")), "vpc": f"vpc-{account}-{n % 4}", "managed-by": "terraform"}
    match chance.random():
        case share if share < 0.7:
            tags["podo-project"] = slug
        case share if share < 0.9:
            tags["podo-team"] = chance.choice(teams)
    arn = f"arn:aws:{kind.partition(':')[0]}:{region}:{account}:{kind.partition(':')[2]}/{name}"
    return SeenAsset(arn, kind, name, region, tags, creator="arn:aws:iam::1:user/terraform")


async def _take(house: Living, count: int, projects: int, teams: Sequence[str]) -> float:
    run = ids.new("run")
    begun = time.perf_counter()
    last: tuple[str, str] | None = None
    for account, region, page in _seen(count, projects, teams):
        if last not in (None, (account, region)):
            await _finish(house, *last, run)
        last = (account, region)
        async with house.transaction(PODO) as tx:
            await service.begin_assets(tx, Provider.aws, account, region, source=_SOURCE, run=run)
            await service.take_assets(tx, Provider.aws, account, region, page, source=_SOURCE, run=run)
    if last:
        await _finish(house, *last, run)
    return time.perf_counter() - begun


async def _finish(house: Living, account: str, region: str, run: str) -> None:
    async with house.transaction(PODO) as tx:
        await service.finish_assets(tx, Provider.aws, account, region, source=_SOURCE, run=run, kinds=_KINDS)


async def _ask(house: Living, teams: Sequence[str], times: int) -> tuple[list[float], dict[str, list[float]]]:
    owners = [await _timed(house, AssetQuery(team=team)) for team in itertools.islice(itertools.cycle(teams), times)]
    asked = {
        "a division's assets, with all teams below": [AssetQuery(team=f"div-{n}", below=True) for n in range(8)],
        "a team's assets of one kind": [AssetQuery(team=t, kind=_KINDS[0]) for t in teams[:20]],
        "everything, unfiltered": [AssetQuery()] * 5,
        "an account's orphans": [AssetQuery(account=f"{1000 + n:012d}", state="orphan") for n in range(10)],
        "by a part of a name": [AssetQuery(text=f"{n}-bucket-1") for n in range(5)],
        "by a tag": [AssetQuery(tag="env=prod", kind="rds:db")] * 3,
    }
    lists = {name: [await _timed(house, q) for q in queries] for name, queries in asked.items()}
    return owners, lists | await _facets(house, teams)


async def _facets(house: Living, teams: Sequence[str]) -> dict[str, list[float]]:
    of_teams = [AssetQuery(team=t) for t in teams[:20]]
    found: dict[str, list[float]] = {}
    for name, asked in {"counts beside a team's assets": of_teams, "counts beside everything": [AssetQuery()] * 3}.items():
        for query in asked:
            begun = time.perf_counter()
            async with house.reading(PODO) as r:
                await service.asset_facets(r, query)
            found.setdefault(name, []).append((time.perf_counter() - begun) * 1000)
    return found


async def _timed(house: Living, query: AssetQuery) -> float:
    begun = time.perf_counter()
    async with house.reading(PODO) as r:
        await service.assets(r, query, limit=50)
    return (time.perf_counter() - begun) * 1000
