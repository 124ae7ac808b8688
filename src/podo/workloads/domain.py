"""The descriptor."""

from __future__ import annotations

from podo.catalog.types import ProjectTab
from podo.clients.kubernetes.connections import Connections
from podo.kernel.domains import Domain, House, Round
from podo.kernel.errors import N_
from podo.kernel.events import Handler
from podo.workloads import api, pages
from podo.workloads.adapters.kubernetes import KubernetesWorkloads
from podo.workloads.handlers import Watchers, start_operation
from podo.workloads.ports import WorkloadReader
from podo.workloads.steps import World
from podo.workloads.types import ASKED, DELETE_POD, READ, RESTART, SCALE
from podo.workloads.writers import WorkloadWriter


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
    slots=[ProjectTab(key="workloads", label=N_("Workloads"), icon="stack", order=30, count=None)],
    handlers=[Handler("workloads.operations", frozenset(e.code for e in ASKED), start_operation)],
    rounds=[Round("workloads.watch", 5, _watch)],
    adapters=_adapters,
    world=lambda house: World(house.ports[WorkloadWriter]),
    permissions=[READ, RESTART, SCALE, DELETE_POD],
)
