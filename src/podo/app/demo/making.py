"""Making the example, once: a database with three months of history, sealed, and twins of clusters that stand as it says."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from podo.app import house as houses
from podo.app.demo import assets, clusters, facts, founding, organisation, reorganisation
from podo.app.demo.chronicle import Chronicle, in_order
from podo.app.demo.clusters import Filling, Manifest
from podo.app.demo.course import Course
from podo.app.demo.parts import Part
from podo.app.demo.sealing import Charts
from podo.app.demo.world import DAYS, World
from podo.app.settings import ServerSettings
from podo.catalog import service as catalog
from podo.delivery import service as delivery
from podo.delivery.domain import ChartReader
from podo.delivery.types import Bundle
from podo.kernel import clock
from podo.kernel.domains import House
from podo.kernel.events import log
from podo.kernel.nouns import PODO
from podo.kernel.settings import load


async def make(folder: Path) -> datetime:
    """Fill `folder` as a server's folder: databases, seal, twins. Returns the moment up to which the history goes."""
    sections = dict(houses.SECTIONS)
    for domain in houses.DOMAINS:
        sections.update(domain.settings)
    settings = load(sections, None, {"PODO_SERVER_DIRECTORY": str(folder), "PODO_DELIVERY_BUILDER": "twin"})
    assert settings[ServerSettings].directory == folder
    house = houses.build(settings)
    try:
        await houses.furnish(house)
        now = clock.now()
        world = await _company(house, now)
        courses, chronicle = await _history(house, world)
        facts.describe(chronicle, world)
        await chronicle.write(house.database)
        await assets.fill(house, world)
        await reorganisation.begin(house, world)
        await facts.score(house, world)
        await in_order(house.database)
        while await log.seal(house.database):
            pass
        await clusters.fill(await _fillings(house, world, courses), folder / "twins")
    finally:
        await houses.take_down(house)
    return now


async def _company(house: House, now: datetime) -> World:
    """People, teams and places, as they were when the history begins."""
    begin = now - timedelta(days=DAYS)
    with clock.fixed(begin - timedelta(days=1)):
        await founding.found(house, founding.TWINS)
    served = {(e, place.region): place.cluster for place in founding.TWINS for e in place.environments}
    zones = {code: zone for code, _, zone in organisation.REGIONS}
    return World(begin, now, house.seal, served, zones)


async def _history(house: House, world: World) -> tuple[list[Course], Chronicle]:
    charts, chronicle = Charts(house.ports[ChartReader]), Chronicle()  # type: ignore[type-abstract]
    courses = [Course(world, project, charts, chronicle) for project in organisation.projects()]
    for course in courses:
        await course.run()
    return courses, chronicle


async def _fillings(house: House, world: World, courses: Sequence[Course]) -> list[Filling]:
    """What stands in each cluster: namespaces as the catalogue makes them, and what is healthy in the end."""
    found: dict[str, list[tuple[datetime, Sequence[Manifest]]]] = {cluster: [] for cluster in world.served.values()}
    async with house.database.reading(PODO) as r:
        for course in courses:
            slug = course.project.slug
            for namespace in await catalog.namespaces(r, slug):
                manifests = await catalog.wanted_namespace(r, slug, namespace.cluster) or []
                found[namespace.cluster].append((world.begin, manifests))
            for part in course.trains.running.values():
                bundle = course.trains.train(part.number).release.bundle(*part.place)
                assert bundle is not None
                found[part.cluster].append((part.healthy_at or world.now, list(_applied(house, part, bundle))))
    return [Filling(cluster, region, found[cluster]) for cluster, region, _ in organisation.CLUSTERS]


def _applied(house: House, part: Part, bundle: Bundle) -> Iterator[Manifest]:
    """The bundle as delivery applies it: the deployment's number on the workloads, secrets opened."""
    yield from delivery.releases.applied(bundle, part.number)
    if bundle.sealed:
        labels = {
            "app.kubernetes.io/managed-by": "podo",
            "app.kubernetes.io/part-of": part.project,
            "podo.dev/project": part.project,
            "podo.dev/environment": part.environment,
            "podo.dev/region": part.region,
            "podo.dev/release": bundle.label,
        }
        data: dict[str, Any] = {k: base64.b64encode(house.seal.open(v).encode()).decode() for k, v in bundle.sealed.items()}
        metadata = {"name": f"{bundle.name}-secrets", "namespace": part.project, "labels": labels}
        yield {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data}
