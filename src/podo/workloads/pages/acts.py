"""What the buttons of the tab send."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from podo.kernel.http import Web
from podo.kernel.http.routes import form
from podo.kernel.http.web import WebIn
from podo.workloads import reads, service
from podo.workloads.pages.listing import routes
from podo.workloads.ports import WorkloadReader
from podo.workloads.types import DELETE_POD, RESTART, SCALE, View


@routes.form("/{project}/workloads/restart", verb="workloads.restart", permission=RESTART.id)
async def restart(project: str, w: Web = WebIn) -> Response:
    """The button in a workload's menu."""
    f = await form(w)
    place = await service.look_at(w.reading, w.observing, project, f["environment"], f["region"])
    service.pick(place, f["kind"], f["name"])
    async with w.transaction() as tx:
        await service.restart(tx, project, f["environment"], f["region"], f["kind"], f["name"])
    return _back(w, project, place, f["q"])


@routes.form("/{project}/workloads/scale", verb="workloads.scale", permission=SCALE.id)
async def scale(project: str, w: Web = WebIn) -> Response:
    """The form in a workload's menu."""
    f = await form(w)
    place = await service.look_at(w.reading, w.observing, project, f["environment"], f["region"])
    workload = service.pick(place, f["kind"], f["name"])
    replicas = int(f["replicas"]) if f["replicas"].isdecimal() else workload.desired
    autoscaled = await reads.autoscaler(w.house.ports[WorkloadReader], place, project, f["kind"], f["name"])
    async with w.transaction() as tx:
        await service.scale(tx, project, f["environment"], f["region"], f["kind"], f["name"], replicas, autoscaled=autoscaled)
    return _back(w, project, place, f["q"])


@routes.form("/{project}/workloads/delete-pod", verb="workloads.delete_pod", permission=DELETE_POD.id)
async def delete_pod(project: str, w: Web = WebIn) -> Response:
    """The button in a pod's panel."""
    f = await form(w)
    place, _, pod = service.pick_pod(await service.look(w.reading, w.observing, project), f["pod"])
    async with w.transaction() as tx:
        await service.delete_pod(tx, project, place.environment, place.region, pod)
    return _back(w, project, place, f["q"])


def _back(w: Web, project: str, place: View, query: str) -> Response:
    """To the list as it was; its row says what was asked, and what became of it."""
    return w.go(f"/{project}/workloads?{urlencode({'q': query or f'env:{place.environment}'})}")
