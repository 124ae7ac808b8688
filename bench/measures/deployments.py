"""What Podo adds: from *approve* to the first object applied, and many deployments driven to healthy at once."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bench.figures import Figure, Limit
from bench.houses import QUICK, Living, living, somebody
from bench.sizes import Size
from podo.app.demo import founding, organisation
from podo.catalog import service as catalog
from podo.catalog.types import Environment
from podo.clients.kubernetes.twin import Twin
from podo.delivery import reads, service
from podo.delivery.models import DeploymentRow
from podo.delivery.ports import ChartReader
from podo.delivery.types import Build, Commit, Decision, Deployment, RolloutState, Scope
from podo.kernel import ids
from podo.kernel.db import outside
from podo.kernel.nouns import PODO

AT_ONCE = {"rollout": {"minReadySeconds": 0}}
REGIONS = ("kr", "jp", "ca", "uk")
_PATIENCE = 300


class Timed(Twin):
    """A twin that notes when a Deployment was first applied to a namespace."""

    applied: dict[str, float]

    async def apply(self, manifest: Mapping[str, Any], **options: Any) -> dict[str, Any]:
        """See `Cluster.apply`."""
        self.applied.setdefault(manifest["metadata"].get("namespace", ""), time.perf_counter())
        return await super().apply(manifest, **options)


async def measure(size: Size) -> list[Figure]:
    """Both, in one house over eight twins."""
    twins = [Timed(name, pace=QUICK, before_call=outside) for name, _, _ in organisation.CLUSTERS]
    for twin in twins:
        twin.applied = {}
    with tempfile.TemporaryDirectory(prefix="podo-bench-") as folder:
        async with living(Path(folder), list(twins), PODO_DELIVERY_POLL_SECONDS="0") as house:
            await founding.found(house.house, founding.TWINS)
            async with house.transaction(PODO) as tx:
                await catalog.set_environment(tx, Environment("prod", 1, approvals=1))
            builds = await registered(house, size.deployments)
            a_minute = [await _at_once(house, builds, n) for n in range(size.rounds)]
            added = [await _added(house, twins, slug, build) for slug, build in list(builds.items())[: size.approvals]]
    many = f"{len(builds)} deployments at once over {len(twins)} twins"
    return [
        Figure("deployments", "approve to the first object applied: p50", "ms", added, Limit(200)),
        Figure("deployments", f"{many}: healthy", "a minute", a_minute, Limit(600, least=True)),
    ]


async def registered(
    house: Living, many: int, regions: Sequence[str] = REGIONS, values: Mapping[str, Any] = AT_ONCE
) -> dict[str, Build]:
    """Projects in alpha and production of one of `regions` each, built; the build by project."""
    asking = somebody(founding.member().id)
    schema = await house.house.ports[ChartReader].schema()  # type: ignore[type-abstract]
    found: dict[str, Build] = {}
    for n in range(many):
        slug, region = f"bench-{n:03d}", regions[n % len(regions)]
        async with house.transaction(asking) as tx:
            await catalog.register(
                tx,
                house.house.seal,
                slug=slug,
                title=slug,
                team=founding.member().team,
                repository=f"https://git.podo.example/{slug}",
                branch="main",
                places=[("alpha", region), ("prod", region)],
            )
            await service.config.choose(tx, slug, auto_alpha=False, polled=False, scope=Scope(), values=values, schema=schema)
        found[slug] = await built(house, slug, 0)
    await house.settled()
    return found


async def built(house: Living, slug: str, n: int) -> Build:
    """One more build of a project, with an image of its own."""
    commit = Commit(f"{n + 1:040x}", f"Change {n}", "김하늘", datetime(2026, 11, 1, tzinfo=UTC))
    async with house.transaction(PODO) as tx:
        build = await service.builds.queue(tx, slug, commit, "main", PODO.id)
        await service.builds.started(tx, build.id, "bench", f"registry.podo.example/{slug}", {}, simulated=True)
        await service.builds.succeeded(tx, build.id, f"sha256:{ids.digest([slug, n])}", 1000)
    return build


async def ask(house: Living, slug: str, build: Build, environment: str) -> Deployment:
    """A deployment of a build, asked for."""
    asking = somebody(founding.member().id)
    async with house.reading(asking) as r:
        made_from = await service.releases.ingredients(r, slug, build.number, environment)
    draft = await reads.draft(house.house.ports[ChartReader], made_from)  # type: ignore[type-abstract]
    async with house.transaction(asking) as tx:
        return await service.deployments.request(tx, draft, environment)


async def _at_once(house: Living, builds: dict[str, Build], n: int) -> float:
    """All to alpha, with images of their own each time; how many were healthy a minute."""
    if n:
        for slug in builds:
            builds[slug] = await built(house, slug, n)
        await house.settled()
    begun = time.perf_counter()
    asked = await asyncio.gather(*(ask(house, slug, build, "alpha") for slug, build in builds.items()))
    async with asyncio.timeout(_PATIENCE):
        await none_open(house)
    seconds = time.perf_counter() - begun
    for of in asked:
        async with house.reading(PODO) as r:
            now = await service.deployments.deployment(r, of.project, of.number)
        if now.state is not RolloutState.healthy:
            raise RuntimeError(f"{of.project} is {now.state}")
    return len(asked) * 60 / seconds


async def none_open(house: Living) -> None:
    """Wait until all deployments have ended. Looked at seldom, and cheaply: what waits here must not be what takes the time."""
    query = select(func.count()).select_from(DeploymentRow).where(DeploymentRow.open)
    while True:
        async with house.reading(PODO) as r:
            if not await r.session.scalar(query):
                return
        await asyncio.sleep(0.1)


async def _added(house: Living, twins: list[Timed], slug: str, build: Build) -> float:
    """Milliseconds from a person's approval to the first object in production."""
    of = await ask(house, slug, build, "prod")
    await house.settled()
    [rollout] = of.rollouts
    twin = next(t for t in twins if t.name == rollout.cluster)
    twin.applied.pop(slug, None)
    begun = time.perf_counter()
    async with house.transaction(somebody(founding.lead().id)) as tx:
        await service.approvals.review(tx, slug, of.number, {rollout.region: rollout.bundle}, Decision.approve)
    async with asyncio.timeout(60):
        while slug not in twin.applied:  # noqa: ASYNC110 - the twin tells nobody
            await asyncio.sleep(0.001)
    took = (twin.applied[slug] - begun) * 1000
    await house.settled()
    return took
