"""The descriptor."""

from __future__ import annotations

from dataclasses import dataclass

from podo.clients.helm import HelmRenderer, engine
from podo.clients.kubernetes.connections import Connections
from podo.delivery.adapters.charts import HelmCharts
from podo.delivery.adapters.targets import KubernetesTargets
from podo.delivery.handlers.rollouts import Promotion, go_on, look_at_due, look_at_soaking
from podo.delivery.ports import ChartReader, TargetReader
from podo.delivery.service import rollouts
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
    RollbackAsked,
    Rollout,
    RolloutApproved,
    RolloutCancelled,
    RolloutFailed,
    RolloutHalted,
    RolloutHealthy,
    RolloutRolledBack,
    RolloutStuck,
)
from podo.delivery.writers import TargetWriter
from podo.kernel.db import outside
from podo.kernel.domains import Domain, House, Round
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

    rollouts: RolloutWorld


async def _adapters(house: House) -> None:
    targets = KubernetesTargets(house.ports[Connections])  # type: ignore[type-abstract]
    house.ports.put(ChartReader, HelmCharts(HelmRenderer(engine(before_call=outside))))
    house.ports.put(TargetReader, targets)
    house.ports.put(TargetWriter, targets)
    _promotion.house = house


def _world(house: House) -> World:
    async def plan(rollout: str, epoch: int) -> tuple[Rollout, Bundle, Bundle | None]:
        async with house.database.reading(PODO) as r:
            return await rollouts.plan(r, rollout, epoch)

    async def current(rollout: str, epoch: int) -> None:
        async with house.database.reading(PODO) as r:
            await rollouts.current(r, rollout, epoch)

    chosen = house.settings[DeliverySettings]
    return World(
        RolloutWorld(
            reader=house.ports[TargetReader],  # type: ignore[type-abstract]
            writer=house.ports[TargetWriter],  # type: ignore[type-abstract]
            seal=house.seal,
            plan=plan,
            current=current,
            late=chosen.rollout_seconds,
            grace=chosen.degraded_seconds,
            patience=chosen.unreachable_seconds,
        )
    )


DOMAIN = Domain(
    name="delivery",
    settings={"delivery": DeliverySettings},
    handlers=[
        Handler("delivery.rollouts", _MOVES, go_on),
        Handler("delivery.promotion", frozenset({BuildSucceeded.code}), _promotion),
    ],
    rounds=[Round("delivery.due", 1, look_at_due), Round("delivery.soaking", 2, look_at_soaking)],
    adapters=_adapters,
    world=_world,
    permissions=PERMISSIONS,
)
