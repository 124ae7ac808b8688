"""The descriptor."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from podo.catalog import service as catalog
from podo.catalog.types import ProjectTab, RetirementObjection, SearchHit, SearchSource
from podo.clients.kubernetes.connections import Connections
from podo.kernel import clock
from podo.kernel.db import Reading
from podo.kernel.domains import Domain, House, Role, Round
from podo.kernel.errors import N_
from podo.kernel.events import Handler
from podo.kernel.ui import languages
from podo.notices.types import HomeSource, Line
from podo.workloads import api, pages, service
from podo.workloads.adapters.kubernetes import KubernetesWorkloads
from podo.workloads.handlers import Watchers, start_operation
from podo.workloads.ports import WorkloadReader
from podo.workloads.steps import World
from podo.workloads.types import ASKED, DELETE_POD, READ, RESTART, SCALE, HealthStatus, Workload
from podo.workloads.writers import WorkloadWriter


async def _red(r: Reading, person: str, projects: Sequence[str], lang: str) -> Sequence[Line]:
    """What is not healthy now in the projects of a person, for home."""
    del person
    async with r.observing() as observed:
        bad = await service.unhealthy(observed, projects)
    places = {
        (slug, t.cluster): (t.environment, t.region)
        for slug in {w.namespace for w in bad}
        for t in await catalog.targets(r, slug)
    }
    return [_line(w, *places[w.namespace, w.cluster], lang) for w in bad if (w.namespace, w.cluster) in places]


def _line(w: Workload, environment: str, region: str, lang: str) -> Line:
    asked = {"q": f"env:{environment}", "workload": f"{w.kind}/{w.name}", "cluster": w.cluster}
    degraded = w.health.status is HealthStatus.degraded
    return Line(
        icon="alert" if degraded else "stop",
        tone="danger" if degraded else "attention",
        project=w.namespace,
        title=w.name,
        sentence=w.health.said(languages.translator(lang)),
        link=f"/{w.namespace}/workloads?{urlencode(asked)}",
        at=w.changed_at or clock.now(),
        state=w.health.status.value,
        mark=languages.say(lang, N_("in {environment} {region}"), environment=environment, region=region),
    )


async def _find_pods(r: Reading, text: str, limit: int) -> Sequence[SearchHit]:
    async with r.observing() as observed:
        pods = await service.find_pods(observed, text, limit)
    known = {p.slug for p in await catalog.by_slugs(r, {p.namespace for p in pods})}
    return [
        SearchHit(
            "pod", p.name, f"{p.namespace} · {p.cluster}", f"/{p.namespace}/workloads?{urlencode({'pod': p.name})}", "container"
        )
        for p in pods
        if p.namespace in known
    ]


async def _still_runs(r: Reading, slug: str, lang: str) -> str:
    async with r.observing() as observed:
        there = await service.alive_in(observed, slug)
    regions = {c.name: c.region for c in await catalog.clusters(r)}
    names = ", ".join(dict.fromkeys(regions.get(cluster, cluster) for cluster in there))
    return languages.say(lang, N_("it still runs in {regions}"), regions=names) if names else ""


async def _adapters(house: House) -> None:
    clusters = KubernetesWorkloads(house.ports[Connections])
    house.ports.put(WorkloadReader, clusters)
    house.ports.put(WorkloadWriter, clusters)
    house.ports.put(Watchers, Watchers())


async def _watch(house: House) -> None:
    await house.ports[Watchers].keep(house)


DOMAIN = Domain(
    name="workloads",
    routes=[api.routes, pages.routes],
    slots=[
        ProjectTab(key="workloads", label=N_("Workloads"), icon="stack", order=30, count=None),
        HomeSource("red", _red),
        SearchSource(_find_pods),
        RetirementObjection(_still_runs),
    ],
    handlers=[Handler("workloads.operations", frozenset(e.code for e in ASKED), start_operation)],
    rounds=[Round("workloads.watch", 5, _watch, role=Role.watcher)],
    adapters=_adapters,
    world=lambda house: World(house.ports[WorkloadWriter]),
    permissions=[READ, RESTART, SCALE, DELETE_POD],
)
