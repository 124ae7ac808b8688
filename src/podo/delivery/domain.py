"""The descriptor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from podo.clients.git import Git
from podo.clients.helm import HelmRenderer, engine
from podo.clients.kubernetes.connections import Connections
from podo.delivery import api, pages
from podo.delivery.adapters.builder import HostBuilder, tools
from podo.delivery.adapters.charts import HelmCharts
from podo.delivery.adapters.logs import LogFiles
from podo.delivery.adapters.source import GitSources
from podo.delivery.adapters.targets import KubernetesTargets
from podo.delivery.handlers import builds as building
from podo.delivery.handlers import notices
from podo.delivery.handlers.rollouts import Promotion, go_on, go_on_together, look_at_due, look_at_soaking
from podo.delivery.pages.slots import SLOTS
from podo.delivery.ports import BuilderReader, BuildLogReader, ChartReader, SourceReader, TargetReader
from podo.delivery.service import builds, rollouts
from podo.delivery.steps.builds import BuildWorld
from podo.delivery.steps.rollouts import RolloutWorld
from podo.delivery.types import (
    PERMISSIONS,
    BuildSucceeded,
    Bundle,
    ChangesRequested,
    DeliverySettings,
    DeploymentAsked,
    DeploymentResealed,
    DeploymentRetried,
    PushSeen,
    RollbackAsked,
    Rollout,
    RolloutApproved,
    RolloutCancelled,
    RolloutFailed,
    RolloutHalted,
    RolloutHealthy,
    RolloutRolledBack,
    RolloutStuck,
    Source,
)
from podo.delivery.writers import Builder, BuildLogWriter, TargetWriter
from podo.kernel.db import outside
from podo.kernel.domains import Domain, House, News, Round
from podo.kernel.events import Handler
from podo.kernel.nouns import PODO

# What may open a gate, free a target, or close a train.
_MOVES = frozenset(
    event.code
    for event in (
        *(DeploymentAsked, RollbackAsked, DeploymentRetried, DeploymentResealed, RolloutApproved, ChangesRequested),
        *(RolloutHealthy, RolloutFailed, RolloutRolledBack, RolloutHalted, RolloutStuck, RolloutCancelled),
    )
)
_promotion = Promotion()


@dataclass(frozen=True, slots=True)
class World:
    """What the acts of this domain work on."""

    builds: BuildWorld
    rollouts: RolloutWorld


async def _adapters(house: House) -> None:
    chosen, folder = house.settings[DeliverySettings], house.directory
    targets = KubernetesTargets(house.ports[Connections])  # type: ignore[type-abstract]
    charts = HelmCharts(HelmRenderer(engine(before_call=outside)))
    git = house.ports[Git]  # type: ignore[type-abstract]
    logs = LogFiles(chosen.logs or folder / "builds")
    builder = HostBuilder(await tools(chosen, folder, outside), git, logs, chosen, folder / "building")
    house.ports.put(ChartReader, charts)
    house.ports.put(TargetReader, targets)
    house.ports.put(TargetWriter, targets)
    house.ports.put(SourceReader, GitSources(git, charts))
    house.ports.put(BuildLogReader, logs)
    house.ports.put(BuildLogWriter, logs)
    house.ports.put(Builder, builder)
    house.ports.put(BuilderReader, builder)
    _promotion.house = house


def _world(house: House) -> World:
    return World(_build_world(house), _rollout_world(house))


def _build_world(house: House) -> BuildWorld:
    async def source_of(project: str) -> Source:
        async with house.database.reading(PODO) as r:
            return await builds.source_of(r, house.seal, project)

    async def is_wanted(build: str) -> bool:
        async with house.database.reading(PODO) as r:
            return await builds.is_wanted(r, build)

    return BuildWorld(
        builder=house.ports[Builder],  # type: ignore[type-abstract]
        notes=house.ports[BuilderReader],  # type: ignore[type-abstract]
        sources=house.ports[SourceReader],  # type: ignore[type-abstract]
        logs=house.ports[BuildLogWriter],  # type: ignore[type-abstract]
        source_of=source_of,
        is_wanted=is_wanted,
        registry=house.settings[DeliverySettings].registry,
    )


def _rollout_world(house: House) -> RolloutWorld:
    async def mine(rollout: str, epoch: int) -> Rollout:
        async with house.database.reading(PODO) as r:
            return await rollouts.mine(r, rollout, epoch)

    async def way_back(rollout: str, epoch: int) -> tuple[Rollout, Bundle | None]:
        async with house.database.reading(PODO) as r:
            return await rollouts.way_back(r, rollout, epoch)

    async def plan(rollout: str, epoch: int) -> tuple[Rollout, Bundle]:
        async with house.database.reading(PODO) as r:
            return await rollouts.plan(r, rollout, epoch)

    async def current(rollout: str, epoch: int) -> None:
        async with house.database.reading(PODO) as r:
            await rollouts.current(r, rollout, epoch)

    async def earlier(of: Rollout) -> Sequence[Bundle]:
        async with house.database.reading(PODO) as r:
            return await rollouts.earlier(r, of)

    chosen = house.settings[DeliverySettings]
    return RolloutWorld(
        reader=house.ports[TargetReader],  # type: ignore[type-abstract]
        writer=house.ports[TargetWriter],  # type: ignore[type-abstract]
        seal=house.seal,
        mine=mine,
        plan=plan,
        way_back=way_back,
        current=current,
        earlier=earlier,
        settling=house.ports[News].settling,  # type: ignore[type-abstract]
        late=chosen.rollout_seconds,
        grace=chosen.degraded_seconds,
        patience=chosen.unreachable_seconds,
    )


DOMAIN = Domain(
    name="delivery",
    routes=[*api.routes, *pages.routes],
    slots=SLOTS,
    settings={"delivery": DeliverySettings},
    handlers=[
        *building.HANDLERS,
        *notices.HANDLERS,
        Handler("delivery.rollouts", _MOVES, go_on, go_on_together),
        Handler("delivery.promotion", frozenset({BuildSucceeded.code, PushSeen.code}), _promotion),
    ],
    rounds=[*building.ROUNDS, Round("delivery.due", 1, look_at_due), Round("delivery.soaking", 2, look_at_soaking)],
    adapters=_adapters,
    world=_world,
    permissions=PERMISSIONS,
)
