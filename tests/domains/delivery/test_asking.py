"""How little a rollout asks of its cluster: it looks when something has settled, and prunes where something may be left."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from podo.clients.kubernetes.errors import NotFound
from podo.clients.kubernetes.twin import PodFault
from podo.clients.kubernetes.types import Kind
from podo.delivery import service
from podo.delivery.steps import rollouts as steps
from podo.delivery.types import ConfigKind, Manifest, Scope, Seen
from podo.kernel import clock
from podo.kernel.http.live import Hub
from tests.domains.delivery.shops import HANEUL, PROJECT, Shop, shop

SECRET = Kind("v1", "Secret").ref(f"{PROJECT}-secrets", PROJECT)


class Looking:
    """`TargetReader` that counts its looks, and the world of a step over it: what was judged last was `known`."""

    def __init__(self, health: str, known: str = "") -> None:
        self.health = health
        self.looks = 0
        self.hub = Hub()
        self.others: set[str] = set()
        self._known = known

    async def look(self, cluster: str, project: str, label: str, manifests: Sequence[Manifest]) -> Seen:
        """See `TargetReader`."""
        del cluster, project, label, manifests
        self.looks += 1
        return Seen(self.health)

    async def _plan(self, rollout: str, epoch: int) -> tuple[Any, Any]:
        del rollout, epoch
        of = SimpleNamespace(cluster="c", project=PROJECT, started_at=None, seen=Seen(self._known))
        return of, SimpleNamespace(label="l", manifests=[])

    async def step(self, seconds: float) -> Mapping[str, Any]:
        """`look`, as a run takes it."""
        world = SimpleNamespace(
            reader=self, plan=self._plan, settling=self.hub.settling, looking=self.others, late=600.0, grace=20.0
        )
        body: Any = steps.look
        return await body.__wrapped__(SimpleNamespace(rollouts=world), "rollout", 1, seconds)


async def test_what_is_on_its_way_is_not_asked_for_again_and_what_settled_at_once() -> None:
    at = Looking("Progressing")
    step = asyncio.create_task(at.step(30))
    await asyncio.sleep(0.7)
    at.hub.observed(PROJECT, settled=False)
    at.hub.observed("another")
    await asyncio.sleep(0.1)
    assert at.looks == 1

    at.health = "Healthy"
    at.hub.observed(PROJECT)
    seen = await asyncio.wait_for(step, 5)
    assert (seen["health"], at.looks) == ("Healthy", 2)


async def test_a_look_without_news_ends_in_its_time() -> None:
    at = Looking("Progressing")
    assert (await asyncio.wait_for(at.step(0.05), 5))["health"] == "Progressing"
    assert at.looks == 1


async def test_of_many_each_is_looked_at_less_often_but_not_forgotten() -> None:
    at = Looking("Progressing")
    at.others |= {f"other-{n}" for n in range(500)}
    before = clock.monotonic()
    await asyncio.wait_for(at.step(0.3), 5)
    assert clock.monotonic() - before >= 0.9
    assert len(at.others) == 500


async def test_what_goes_bad_is_told_at_once_and_what_is_bad_is_not_asked_for_without_pause() -> None:
    before = clock.monotonic()
    assert (await Looking("Degraded", known="Progressing").step(30))["health"] == "Degraded"
    assert clock.monotonic() - before < 5

    at = Looking("Degraded", known="Degraded")
    before = clock.monotonic()
    await at.step(0.2)
    assert clock.monotonic() - before >= 0.2
    assert at.looks == 1


class Pruning:
    """The shop's `TargetWriter`, which counts what is pruned."""

    def __init__(self, made: Shop) -> None:
        worlds = made.living.house.durable.worlds
        self._writer = worlds["delivery"].rollouts.writer
        self.times = 0
        rollouts = dataclasses.replace(worlds["delivery"].rollouts, writer=self)
        worlds["delivery"] = dataclasses.replace(worlds["delivery"], rollouts=rollouts)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    async def prune(self, *args: Any) -> Sequence[str]:
        """See `TargetWriter`."""
        self.times += 1
        return await self._writer.prune(*args)


async def _secret(made: Shop, value: str) -> None:
    async with made.living.transaction(HANEUL) as tx:
        if value:
            await service.config.set_secret(tx, made.living.house.seal, PROJECT, "TOKEN", Scope(), value)
        else:
            await service.config.unset(tx, PROJECT, ConfigKind.secret, "TOKEN", Scope())


async def _is_there(made: Shop) -> bool:
    try:
        await made.living.twins["alpha-kr"].get(SECRET)
    except NotFound:
        return False
    return True


async def test_a_cluster_is_asked_for_leftovers_only_where_there_may_be_some(tmp_path: Path) -> None:
    async with shop(tmp_path) as made:
        pruning = Pruning(made)
        await made.healthy_alpha(1)
        await _secret(made, "hush")
        await made.healthy_alpha(2)
        assert (pruning.times, await _is_there(made)) == (0, True)

        await _secret(made, "")
        await made.healthy_alpha(3)
        assert (pruning.times, await _is_there(made)) == (1, False)
        await made.healthy_alpha(4)
        assert pruning.times == 1


async def test_what_a_halted_deployment_left_is_pruned_by_the_next(tmp_path: Path) -> None:
    async with shop(tmp_path, PODO_DELIVERY_DEGRADED_SECONDS="900") as made:
        made.living.twins["alpha-kr"].faults.images["*/crashes/*"] = PodFault("CrashLoopBackOff")
        await made.healthy_alpha(1)
        await _secret(made, "hush")
        of = await made.ask(await made.build(2, tag="crashes"), "alpha")
        async with asyncio.timeout(30):
            while not await _is_there(made):  # noqa: ASYNC110 - the twin tells nobody
                await asyncio.sleep(0.05)
        async with made.living.transaction(HANEUL) as tx:
            await service.stopping.halt(tx, PROJECT, of.number)
        await made.settled()
        assert (await made.states(of), await _is_there(made)) == ({"kr": "halted"}, True)

        await _secret(made, "")
        third = await made.ask(await made.build(3), "alpha")
        await made.settled()
        assert (await made.states(third), await _is_there(made)) == ({"kr": "healthy"}, False)
