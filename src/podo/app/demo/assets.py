"""What stands in the example's clouds: some two thousand things in six simulated accounts, most of them with tags.

Of some eight in a hundred nobody is known. There are three months of coverage, and a few decisions.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from podo.app.demo import organisation
from podo.app.demo.organisation import ExamplePerson, ExampleProject
from podo.app.demo.world import DAYS, World, actor
from podo.catalog import service as catalog
from podo.catalog.domain import CloudTwin
from podo.catalog.types import AccountKind, AssetQuery, CloudAccount, OrphanCase, Provider, SeenAsset
from podo.kernel import clock
from podo.kernel.domains import House
from podo.kernel.nouns import PODO

FOLDER = "clouds"
_REGIONS = {"kr": "ap-northeast-2", "jp": "ap-northeast-1", "ca": "ca-central-1", "uk": "eu-west-2"}
_GCP = {"ml": "asia-northeast3", "analytics": "asia-northeast3"}
# What projects have, and how it is called behind the project's name.
_THINGS: Sequence[tuple[str, str]] = (
    *(("rds:db", "db"), ("rds:snapshot", "db-snapshot"), ("elasticache:cluster", "cache"), ("sqs:queue", "jobs")),
    *(("sqs:queue", "jobs-dead"), ("dynamodb:table", "state"), ("s3:bucket", "files"), ("s3:bucket", "exports")),
    *(("logs:log-group", "logs"), ("lambda:function", "thumbnails"), ("sns:topic", "events"), ("ec2:instance", "batch-0")),
)
_GCP_THINGS: Sequence[tuple[str, str]] = (
    *(
        ("bigquery:dataset", "warehouse"),
        ("storage:bucket", "features"),
        ("pubsub:topic", "events"),
        ("compute:instance", "train-0"),
    ),
)
_EACH, _ORPHANS = 9, 0.08
_OLD, _SECOND = timedelta(days=21), timedelta(days=3)


@cache
def accounts() -> tuple[CloudAccount, ...]:
    """Four accounts of AWS and two projects of GCP, all simulated; what nobody owns in one is kept by its team."""
    teams = {t.handle: t.id for t in organisation.teams()}
    aws: Sequence[tuple[str, str, tuple[str, ...], str]] = (
        ("210000000001", "podo-prod", ("ap-northeast-2", "ap-northeast-1"), "sre"),
        ("210000000002", "podo-alpha", ("ap-northeast-2",), "delivery"),
        ("210000000003", "podo-international", ("ca-central-1", "eu-west-2"), "international"),
        ("210000000004", "podo-data", ("ap-northeast-2",), "data"),
    )
    found = [
        CloudAccount(Provider.aws, id_, name, regions, team=teams[team], kind=AccountKind.twin)
        for id_, name, regions, team in aws
    ]
    gcp = (("podo-ml", "ml"), ("podo-analytics", "analytics"))
    return (*found, *[CloudAccount(Provider.gcp, id_, id_, team=teams[team], kind=AccountKind.twin) for id_, team in gcp])


@cache
def seen() -> Mapping[str, tuple[SeenAsset, ...]]:
    """What stands in each account, the same every time."""
    chance = random.Random(2025)
    found: dict[str, list[SeenAsset]] = {account.id: [] for account in accounts()}
    for project in organisation.projects():
        for account, it in _of_project(project, chance):
            found[account].append(it)
    for account in accounts():
        found[account.id] += _forgotten(account, chance)
    return {account: tuple(things) for account, things in found.items()}


def _of_project(project: ExampleProject, chance: random.Random) -> Iterator[tuple[str, SeenAsset]]:
    makers = [p for p in organisation.people() if p.team == project.team]
    things = chance.sample(_THINGS, k=_EACH)
    for kind, word in things:
        region = chance.choice(project.regions)
        account = _account(project, region, chance)
        name = f"{project.slug}-{word}"
        yield account, _asset(account, _REGIONS[region], kind, name, _tags(project, region, chance, makers), _by(makers, chance))
    if project.team in _GCP:
        for kind, word in _GCP_THINGS:
            account = f"podo-{project.team}"
            labels = {"podo-project": project.slug, "env": "prod"} if chance.random() > _ORPHANS else {"team": project.team}
            yield account, _resource(account, kind, f"{project.slug}-{word}", labels)


def _account(project: ExampleProject, region: str, chance: random.Random) -> str:
    if region in ("ca", "uk"):
        return "210000000003"
    if region == "kr" and project.team in ("data", "ml", "analytics"):
        return "210000000004"
    return "210000000002" if region == "kr" and chance.random() < 0.25 else "210000000001"


def _by(makers: Sequence[ExamplePerson], chance: random.Random) -> str:
    return f"arn:aws:sts::210000000001:assumed-role/engineer/{chance.choice(makers).email}" if chance.random() < 0.6 else ""


def _tags(project: ExampleProject, region: str, chance: random.Random, makers: Sequence[ExamplePerson]) -> dict[str, str]:
    """Mostly exact ids; else what people and machines leave behind."""
    team = next(t for t in organisation.teams() if t.handle == project.team)
    plain = {"env": "prod", "managed-by": "terraform", "terraform-workspace": f"{project.slug}-infra"}
    roll = chance.random()
    if roll < 0.70:
        return {**plain, "podo-project": project.slug, "podo-team-name": team.handle}
    if roll < 0.80:
        return {**plain, "Podo_Project": project.slug}
    if roll < 0.90:
        cluster = f"prod-{region}-1"
        return {f"kubernetes.io/cluster/{cluster}": "owned", "kubernetes.io/created-for/pvc/namespace": project.slug}
    if roll < 0.935:
        return {**plain, "podo-team": team.id}
    if roll < 0.96:
        return plain
    if roll < 0.97:
        return {"env": "prod", "owner": team.name}
    if roll < 0.98:
        return {"env": "prod", "podo-project": f"{project.slug}-old"}
    return {"env": "prod", "created-by": chance.choice(makers).email} if roll < 0.99 else {}


def _forgotten(account: CloudAccount, chance: random.Random) -> Iterator[SeenAsset]:
    """What somebody tried once."""
    for n, word in enumerate(("test", "tmp-migration", "hackday", "old-etl", "loadtest", "poc-redis")):
        if account.provider is Provider.gcp:
            yield _resource(account.id, "storage:bucket", f"{word}-{account.id}-{n}", {})
            continue
        kind = chance.choice(("s3:bucket", "ec2:instance", "sqs:queue"))
        yield _asset(account.id, chance.choice(account.regions), kind, f"{word}-{chance.randrange(100, 999)}", {}, "")


def _asset(account: str, region: str, kind: str, name: str, tags: dict[str, str], creator: str) -> SeenAsset:
    service, _, thing = kind.partition(":")
    arn = f"arn:aws:s3:::{name}-{account}" if kind == "s3:bucket" else f"arn:aws:{service}:{region}:{account}:{thing}/{name}"
    return SeenAsset(arn, kind, name, region, tags, creator=creator)


def _resource(account: str, kind: str, name: str, labels: dict[str, str]) -> SeenAsset:
    service, _, thing = kind.partition(":")
    return SeenAsset(f"//{service}.googleapis.com/projects/{account}/{thing}s/{name}", kind, name, "asia-northeast3", labels)


def put(folder: Path) -> None:
    """Let the simulated clouds of a server's folder hold all of it."""
    twin = CloudTwin(folder / FOLDER)
    for account, things in seen().items():
        twin.put(account, things)


async def fill(house: House, world: World) -> None:
    """The accounts, three weeks of inventory and decisions, and coverage over all of the history."""
    with clock.fixed(world.begin):
        async with house.database.transaction(PODO) as tx:
            for account in accounts():
                await catalog.set_account(tx, account)
    late = {it.arn for things in seen().values() for it in things if not it.tags and it.name[-1] in "02468"}
    await _look(house, world.now - _OLD, late)
    await _decide(house, world)
    await _look(house, world.now - timedelta(minutes=8), set())
    await _hear(house, world.now - timedelta(minutes=5))
    await _cover(house, world)


async def _look(house: House, at: datetime, without: set[str]) -> None:
    """Look into all accounts once, as the runs of inventory do."""
    twin = CloudTwin()
    for account, things in seen().items():
        twin.put(account, [it for it in things if it.arn not in without])
    with clock.fixed(at):
        for account in accounts():
            for region in catalog.regions_of(account):
                await _look_into(house, twin, account, region, f"example-{at:%m%d}")
    await _hear(house, at)


async def _look_into(house: House, twin: CloudTwin, account: CloudAccount, region: str, run: str) -> None:
    where = (account.provider, account.id, region)
    for source in twin.sources(account, region):
        async with house.database.transaction(PODO) as tx:
            await catalog.begin_inventory(tx, *where, source.name, run)
            page = await twin.read(account, region, source.name, "")
            while True:
                await catalog.take_inventory(tx, *where, source.name, run, page.seen, page.unsupported)
                if not page.next:
                    break
                page = await twin.read(account, region, source.name, page.next)
            named = [kind for other in twin.sources(account, region) for kind in other.kinds]
            await catalog.end_inventory(tx, *where, source.name, run, source.kinds, named if source.is_rest else None)


async def _hear(house: House, at: datetime) -> None:
    with clock.fixed(at):
        async with house.database.transaction(PODO) as tx:
            await catalog.hear_cases(tx)


async def _decide(house: House, world: World) -> None:
    """An SRE said whose some are, and put what is over its time into quarantine."""
    sre = actor(world.members("sre")[0])
    async with house.database.reading(PODO) as r:
        found = await catalog.orphans(r, AssetQuery(), limit=60)
    clear = [case for case in found.items if case.candidates][:6]
    for n, case in enumerate(clear):
        with clock.fixed(world.now - timedelta(days=18 - 2 * n, hours=n)):
            async with house.database.transaction(sre) as tx:
                await catalog.assign_assets(tx, [case.asset.id], case.candidates[0].owner, "")
    async with house.database.reading(PODO) as r:
        found = await catalog.orphans(r, AssetQuery(), limit=200)
    with clock.fixed(world.now - timedelta(days=2)):
        async with house.database.transaction(sre) as tx:
            await catalog.quarantine_assets(tx, _nobodys(found.items)[:3], "nobody answered for three weeks")


def _nobodys(cases: Sequence[OrphanCase]) -> list[str]:
    return [case.asset.id for case in cases if not case.candidates]


async def _cover(house: House, world: World) -> None:
    """Coverage grew as tags were written: from seven in ten to what it is now."""
    async with house.database.reading(PODO) as r:
        counted = await catalog.count_coverage(r)
    for before in range(DAYS, -1, -1):
        with clock.fixed(world.now - timedelta(days=before)):
            async with house.database.transaction(PODO) as tx:
                await catalog.note_coverage(tx, _as_it_was(counted, before / DAYS))


def _as_it_was(counted: Sequence[Mapping[str, Any]], ago: float) -> list[dict[str, Any]]:
    """`ago` is 0 for now, 1 for the beginning: fewer things, and more of them with nobody known."""
    rows: list[dict[str, Any]] = []
    lost: dict[tuple[str, str], int] = {}
    for row in counted:
        there = round(row["assets"] * (1 - 0.12 * ago))
        unknown = round(there * 0.24 * ago) if row["team"] else 0
        place = (row["provider"], row["account"])
        lost[place] = lost.get(place, 0) + unknown
        rows.append({**row, "assets": there - unknown, "orphans": there if not row["team"] else 0})
    for row in rows:
        if not row["team"]:
            more = lost.pop((row["provider"], row["account"]), 0)
            row["assets"], row["orphans"] = row["assets"] + more, row["orphans"] + more
            row["quarantined"] = row["quarantined"] if ago < 0.02 else 0
    return rows
