"""A company of the size that Podo is made for, in a server's folder: every project registered, built and deployed.

One project goes the whole way by the same verbs that people use; the others are its copies under names, teams and tiers of
their own, in the database as in the clusters. So there is nothing here that a real Podo would not have written.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Table, insert, select

from bench.houses import settings_for
from podo.access import service as access
from podo.app import house as houses
from podo.app.demo import founding, organisation
from podo.catalog import service as catalog
from podo.catalog.types import Environment
from podo.clients.kubernetes.twin import AT_ONCE, Twin
from podo.clients.kubernetes.twin.controllers.deployments import template_hash
from podo.delivery import reads, service
from podo.delivery.ports import ChartReader
from podo.delivery.rules import releases as rules
from podo.delivery.types import Build, Commit, Decision, Deployment, Scope, Seen
from podo.kernel import ids
from podo.kernel.db.models import metadata
from podo.kernel.domains import House
from podo.kernel.events import log
from podo.kernel.nouns import PODO, Actor, ActorKind

FIRST, BIG = "template-qzx", "chat-api"
TALKED_OF = 2
PLACES = {
    FIRST: (("alpha", "kr"), ("prod", "kr")),
    BIG: (("alpha", "kr"), *(("prod", region) for region in ("kr", "jp", "ca", "uk"))),
}
_ID = re.compile(r"\b(?!prs|team)[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}\b")
_UID = re.compile(rb"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_BATCH = 2000
# Numbers of what is found by its name, behind those that verbs give.
_BEHIND = 1_000_000

Row = dict[str, Any]
Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Company:
    """What is in the folder. `people` may sign in."""

    folder: Path
    people: Sequence[str]
    projects: int
    pods: int


async def found(folder: Path, *, projects: int, pods: int, said: int = 0) -> Company:
    """Fill `folder`: `projects` projects, of which the one called `BIG` has `pods` pods in production.

    About its deployment `TALKED_OF` there was `said` something so often.
    """
    house = houses.build(settings_for(folder))
    await houses.furnish(house)
    try:
        await _people_and_places(house)
        manifests = {slug: await _whole_way(house, slug) for slug in (BIG, FIRST)}
        await _talk(house, said)
        names = [f"{slug}-{n:04d}" for n, slug in zip(range(projects - 2), _words(), strict=False)]
        await _copy(house, names)
        while await log.seal(house.database):
            pass
        spaces = {slug: await _namespaces(house, slug) for slug in (BIG, FIRST)}
    finally:
        await houses.take_down(house)
    (folder / "twins").mkdir(exist_ok=True)
    for cluster, _, _ in organisation.CLUSTERS:
        objects = [m for slug in (BIG, FIRST) for m in spaces[slug].get(cluster, ())]
        objects += [*_grown(manifests[BIG].get(cluster, ()), cluster, pods), *manifests[FIRST].get(cluster, ())]
        (folder / "twins" / f"{cluster}.twin").write_bytes(await _twin(cluster, objects, names))
    return Company(folder, [p.id for p in organisation.people()], projects, pods)


def _words() -> Iterator[str]:
    words = [p.slug for p in organisation.projects() if p.slug != BIG]
    while True:
        yield from words


async def _people_and_places(house: House) -> None:
    await founding.found(house, founding.TWINS)
    async with house.database.transaction(PODO) as tx:
        # Nothing soaks here: a history needs none.
        await catalog.set_environment(tx, Environment("prod", 1, approvals=1))


async def _whole_way(house: House, slug: str) -> dict[str, list[Manifest]]:
    """Registered, built, healthy in alpha and in production; what was applied, by cluster."""
    lead, member = founding.lead(), founding.member()
    asking, approving = (Actor(ActorKind.person, p.id) for p in (member, lead))
    async with house.database.transaction(asking) as tx:
        await catalog.register(
            tx,
            house.seal,
            slug=slug,
            title=slug.replace("-", " ").capitalize(),
            team=next(t.id for t in organisation.teams() if t.handle == member.team),
            repository=f"https://git.podo.example/{slug}",
            branch="main",
            places=PLACES[slug],
        )
    async with house.database.transaction(PODO) as tx:
        for namespace in await catalog.namespaces(tx, slug):
            await catalog.namespace_ready(tx, slug, namespace.cluster)
    await _choose(house, slug, asking)
    build = await _built(house, slug)
    found: dict[str, list[Manifest]] = {}
    for environment in ("alpha", "prod"):
        of = await _asked(house, slug, build, environment, asking)
        if environment == "prod":
            async with house.database.transaction(approving) as tx:
                seen = {r.region: r.bundle for r in of.rollouts}
                await service.approvals.review(tx, slug, of.number, seen, Decision.approve)
        for rollout in of.rollouts:
            found.setdefault(rollout.cluster, []).extend(await _rolled(house, rollout.id, of.number))
    return found


async def _choose(house: House, slug: str, by: Actor) -> None:
    schema = await house.ports[ChartReader].schema()  # type: ignore[type-abstract]
    chosen = {"auto_alpha": False, "polled": False, "scope": Scope(), "values": {}, "schema": schema}
    async with house.database.transaction(by) as tx:
        await service.config.choose(tx, slug, **chosen)


async def _built(house: House, slug: str) -> Build:
    commit = Commit(f"{7:040x}", "Cache read receipts", "김하늘", datetime(2026, 11, 1, tzinfo=UTC))
    async with house.database.transaction(PODO) as tx:
        build = await service.builds.queue(tx, slug, commit, "main", PODO.id)
        await service.builds.started(tx, build.id, "bench", f"registry.podo.example/{slug}", {}, simulated=True)
        await service.builds.succeeded(tx, build.id, f"sha256:{ids.digest([slug])}", 42_000_000)
    return build


async def _asked(house: House, slug: str, build: Build, environment: str, by: Actor) -> Deployment:
    async with house.database.reading(by) as r:
        made_from = await service.releases.ingredients(r, slug, build.number, environment)
    draft = await reads.draft(house.ports[ChartReader], made_from)  # type: ignore[type-abstract]
    async with house.database.transaction(by) as tx:
        return await service.deployments.request(tx, draft, environment)


async def _rolled(house: House, rollout: str, number: int) -> list[Manifest]:
    """What a run does to the rows, without the run; returns what it would apply."""
    async with house.database.transaction(PODO) as tx:
        assert await service.rollouts.begin(tx, rollout, 1) == "forward"
        await service.rollouts.start(tx, rollout, 1)
        seen = Seen("Healthy", ready=2, wanted=2)
        assert await service.rollouts.judge(tx, rollout, 1, seen, late=False, grace=0) == "healthy"
        assert await service.rollouts.well(tx, rollout, 1) == "healthy"
        _, bundle = await service.rollouts.plan(tx, rollout, 1)
    return [*rules.numbered(bundle.manifests, number)]


async def _talk(house: House, times: int) -> None:
    async with house.database.transaction(Actor(ActorKind.person, founding.member().id)) as tx:
        for n in range(times):
            await service.deployments.comment(tx, BIG, TALKED_OF, f"Error rate {n / 100:.2f} %, **as before**; see `chat-api`.")


async def _namespaces(house: House, slug: str) -> dict[str, list[Manifest]]:
    async with house.database.reading(PODO) as r:
        there = await catalog.namespaces(r, slug)
        return {n.cluster: await catalog.wanted_namespace(r, slug, n.cluster) or [] for n in there}


# -- copies


async def _copy(house: House, names: Sequence[str]) -> None:
    """Every row about the first project once more for each name, with new ids, in another team, of another tier."""
    chance = random.Random(2026)
    async with house.database.reading(PODO) as r:
        teams = [t.id for t in await access.teams(r) if t.parent]
        mine = next(p.team for p in await catalog.by_slugs(r, [FIRST]))
    rows = await _rows_of(house)
    async with house.database.engine.begin() as connection:
        for table in metadata.sorted_tables:
            texts = rows.get(table.name)
            if not texts:
                continue
            made = [_called(table, text, name) for name in names for text in texts]
            if table.name == "ownerships":
                made = [{**row, "team": chance.choice(teams)} if row["team"] == mine else row for row in made]
            if table.name == "projects":
                made = [{**row, "tier": chance.choices((1, 2, 3), (2, 5, 3))[0]} for row in made]
            if table.name == "search_entries":
                made = [{**row, "id": _BEHIND + n} for n, row in enumerate(made)]
            for first in range(0, len(made), _BATCH):
                await connection.execute(insert(table), made[first : first + _BATCH])


async def _rows_of(house: House) -> dict[str, list[str]]:
    """The first project's rows as JSON, by table: those that name it, and those that name an id of such a row."""
    found: dict[str, list[str]] = {}
    known = {FIRST}
    async with house.database.engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in (await connection.execute(select(table))).mappings():
                text = json.dumps(dict(row), default=lambda v: {"$at": v.isoformat()})
                if any(word in text for word in known):
                    known.update(_ID.findall(text))
                    found.setdefault(table.name, []).append(text)
    return found


def _called(table: Table, text: str, name: str) -> Row:
    # Ids keep width and order: the project's number comes behind the time, for those of one moment differ at their ends.
    suffix = name[-4:]
    row: Row = json.loads(_ID.sub(lambda m: m[0][:-16] + suffix + m[0][-12:], text.replace(FIRST, name)), object_hook=_moment)
    if table.name == "events":
        row |= {"seq": None, "position": None, "hash": None}
        del row["seq"]
    return row


def _moment(found: dict[str, Any]) -> Any:
    return datetime.fromisoformat(found["$at"]) if set(found) == {"$at"} else found


# -- clusters


def _grown(manifests: Sequence[Manifest], cluster: str, pods: int) -> Iterator[Manifest]:
    """The big project's workloads: in production, five Deployments a region that have all its pods."""
    many = max(1, pods // 20)
    for manifest in manifests:
        if manifest["kind"] != "Deployment" or not cluster.startswith("prod"):
            yield manifest
            continue
        for n, part in enumerate(("", "-gateway", "-worker", "-push", "-indexer")):
            text = json.dumps({**manifest, "spec": {**manifest["spec"], "replicas": many}})
            yield json.loads(
                text
                if n == 0
                else text.replace(f'"{BIG}"', f'"{BIG}{part}"').replace(f'"namespace": "{BIG}{part}"', f'"namespace": "{BIG}"')
            )


async def _twin(cluster: str, manifests: Sequence[Manifest], names: Sequence[str]) -> bytes:
    twin = Twin(cluster, nodes=60, pace=AT_ONCE)
    twin.seed(manifests)
    dump = msgspec.msgpack.decode(twin.dump())
    await twin.close()
    objects: list[dict[str, dict[str, bytes]]] = list(dump["objects"].values())
    templates = _templates(objects)
    for name in names:
        called = _Called(name, templates)
        for places in objects:
            first, spaces = places.get(FIRST, {}), places.get("", {})
            if first:
                places[name] = {called.text(key): called.body(body) for key, body in first.items()}
            if FIRST in spaces:
                spaces[name] = called.body(spaces[FIRST])
    return msgspec.msgpack.encode(dump)


def _templates(objects: Sequence[Mapping[str, Mapping[str, bytes]]]) -> list[bytes]:
    """What the first project's Deployments make pods of."""
    bodies = (body for places in objects for body in places.get(FIRST, {}).values())
    found = (msgspec.json.decode(body) for body in bodies if b'"kind":"Deployment"' in body)
    return [msgspec.json.encode(m["spec"]["template"]) for m in found if m["kind"] == "Deployment"]


class _Called:
    """Texts about the first project as they are about a copy of it, down to the names of ReplicaSets, which are hashes."""

    def __init__(self, name: str, templates: Sequence[bytes]) -> None:
        self._words = {FIRST: name}
        for template in templates:
            was, now = (
                template_hash(msgspec.json.decode(t)) for t in (template, template.replace(FIRST.encode(), name.encode()))
            )
            self._words[was] = now
        self._end = name[-4:].encode()

    def text(self, text: str) -> str:
        for was, now in self._words.items():
            text = text.replace(was, now)
        return text

    def body(self, body: bytes) -> bytes:
        for was, now in self._words.items():
            body = body.replace(was.encode(), now.encode())
        return _UID.sub(lambda m: m[0][:-4] + self._end, body)


def _hash(template: bytes) -> str:
    return template_hash(msgspec.json.decode(template))
