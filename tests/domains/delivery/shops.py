"""A small company with one project that runs in alpha kr and in production in kr, jp and uk, all on twins."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from podo.access import service as access
from podo.access.types import Membership, MembershipRole, Person, Role, Team
from podo.catalog import service as catalog
from podo.catalog.types import ClusterKind, Environment, Region
from podo.clients.kubernetes.twin import Pace
from podo.delivery import reads, service
from podo.delivery.ports import ChartReader
from podo.delivery.types import Build, Commit, Decision, Deployment, RolloutState, Scope
from podo.kernel import ids
from tests.houses import QUICK as AT_ONCE_PACE
from tests.houses import Living, furnished, person

PROJECT = "chat-api"
HANEUL, MINJUN, SEOYEON, OLIVER, EMMA = (person(p) for p in ("haneul", "minjun", "seoyeon", "oliver", "emma"))
CLUSTERS = ("alpha-kr", "prod-kr", "prod-jp", "prod-uk")
# A pod counts as soon as it is ready: the paved road waits five seconds more, which these tests need not.
AT_ONCE_READY = {"rollout": {"minReadySeconds": 0}}
QUICK = {
    "PODO_DELIVERY_ROLLOUT_SECONDS": "20",
    "PODO_DELIVERY_DEGRADED_SECONDS": "0",
    "PODO_DELIVERY_UNREACHABLE_SECONDS": "0",
    "PODO_DELIVERY_BUILDER": "twin",
    "PODO_DELIVERY_BUILD_ON_HOST": "true",
}


@dataclass
class Shop:
    """The company's house, with shorthands for what people do."""

    living: Living

    async def build(self, n: int = 1, *, tag: str = "ok") -> Build:
        """A commit that was built; `tag` becomes part of the image's name, which the twins' faults look at."""
        commit = Commit(f"{n:040x}", f"Change {n}", "김하늘", datetime(2026, 11, 1, tzinfo=UTC))
        async with self.living.transaction() as tx:
            # In one transaction: the run that follows finds that nothing is left to build.
            build = await service.builds.queue(tx, PROJECT, commit, "main", HANEUL.id)
            await service.builds.started(tx, build.id, "test", f"registry.test/{tag}/{PROJECT}", {}, simulated=False)
            # As large as some are.
            await service.builds.succeeded(tx, build.id, f"sha256:{ids.digest([n, tag])}", 3 << 30)
        return build

    async def ask(self, build: Build, environment: str, regions: list[str] | None = None, by: Any = HANEUL) -> Deployment:
        """Ask for a deployment."""
        async with self.living.reading(by) as r:
            made_from = await service.releases.ingredients(r, PROJECT, build.number, environment, regions)
        draft = await reads.draft(self.living.house.ports[ChartReader], made_from)  # type: ignore[type-abstract]
        async with self.living.transaction(by) as tx:
            return await service.deployments.request(tx, draft, environment)

    async def approve(self, of: Deployment, *regions: str, by: Any = MINJUN) -> Deployment:
        """Approve regions of a deployment as they are now."""
        now = await self.now(of)
        seen = {r.region: r.bundle for r in now.rollouts if r.region in regions}
        async with self.living.transaction(by) as tx:
            return await service.approvals.review(tx, PROJECT, of.number, seen, Decision.approve)

    async def now(self, of: Deployment) -> Deployment:
        """The deployment as it is now."""
        async with self.living.reading() as r:
            return await service.deployments.deployment(r, of.project, of.number)

    async def states(self, of: Deployment) -> dict[str, str]:
        """Region → state."""
        return {r.region: r.state.value for r in (await self.now(of)).rollouts}

    async def settled(self) -> None:
        """Wait until nothing moves by itself any more."""
        await self.living.settled()

    async def healthy_alpha(self, n: int = 1, *, tag: str = "ok") -> Build:
        """A build that is healthy in alpha."""
        build = await self.build(n, tag=tag)
        await self.settled()
        async with self.living.reading() as r:
            known = await service.deployments.waiting_in(r, [PROJECT])
        assert not known
        of = await self.ask(build, "alpha")
        await self.settled()
        assert (await self.now(of)).state is RolloutState.healthy, await self.states(of)
        return build

    async def running(self, cluster: str) -> dict[str, Any] | None:
        """The Deployment of the project in a cluster."""
        from podo.clients.kubernetes.errors import NotFound
        from podo.clients.kubernetes.types import Kind

        try:
            return await self.living.twins[cluster].get(Kind("apps/v1", "Deployment").ref(PROJECT, PROJECT))
        except NotFound:
            return None

    async def image(self, cluster: str) -> str:
        """The image that runs in a cluster; empty when nothing does."""
        found = await self.running(cluster)
        return found["spec"]["template"]["spec"]["containers"][0]["image"] if found else ""


@contextlib.asynccontextmanager
async def shop(
    folder: Path, *, soak: int = 0, approvals: int = 1, auto_alpha: bool = False, pace: Pace = AT_ONCE_PACE, **settings: str
) -> AsyncIterator[Shop]:
    """The company, with its project registered and its namespaces made."""

    async def furnish(house: Living) -> None:
        await _furnish(house, soak, approvals, auto_alpha=auto_alpha)

    options = {"clusters": CLUSTERS, "pace": pace, **QUICK, **settings}
    async with furnished(folder, ("shop", soak, approvals, auto_alpha), furnish, **options) as house:
        yield Shop(house)


async def _furnish(house: Living, soak: int, approvals: int, *, auto_alpha: bool) -> None:
    async with house.transaction() as tx:
        await access.sync_directory(tx, *directory())
        await access.grant(tx, "oliver", Role.sre)
    async with house.transaction() as tx:
        await catalog.set_environment(tx, Environment("alpha", 0))
        await catalog.set_environment(tx, Environment("prod", 1, approvals=approvals, soak_seconds=soak))
        for order, code in enumerate(("kr", "jp", "uk")):
            await catalog.set_region(tx, Region(code, code.upper(), "Asia/Seoul", order))
    async with house.transaction() as tx:
        for name in CLUSTERS:
            stage, _, region = name.partition("-")
            await catalog.add_cluster(tx, house.house.seal, name, region, [stage], ClusterKind.twin)
    async with house.transaction(HANEUL) as tx:
        await catalog.register(
            tx,
            house.house.seal,
            slug=PROJECT,
            title="Chat API",
            team="chat",
            repository="https://git.test/chat-api",
            branch="main",
            places=[("alpha", "kr"), ("prod", "kr"), ("prod", "jp"), ("prod", "uk")],
        )
    schema = await house.house.ports[ChartReader].schema()  # type: ignore[type-abstract]
    chosen = {"auto_alpha": auto_alpha, "polled": False, "scope": Scope(), "values": AT_ONCE_READY, "schema": schema}
    async with house.transaction(HANEUL) as tx:
        await service.config.choose(tx, PROJECT, **chosen)
    await house.settled()


def directory() -> tuple[list[Person], list[Team], list[Membership]]:
    """People and teams."""
    names = {"haneul": "김하늘", "minjun": "박민준", "seoyeon": "이서연", "oliver": "Oliver Wright", "emma": "Emma Clarke"}
    people = [Person(i, n, f"{i}@podo.test") for i, n in names.items()]
    teams = [Team("team-chat", "Chat", "chat"), Team("team-sre", "SRE", "sre"), Team("team-ads", "Ads", "ads")]
    memberships = [
        Membership("haneul", "team-chat"),
        Membership("minjun", "team-chat"),
        Membership("seoyeon", "team-chat", MembershipRole.lead),
        Membership("oliver", "team-sre"),
        Membership("emma", "team-ads"),
    ]
    return people, teams, memberships
