"""What runs, as JSON; logs as lines of text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime
from typing import Any

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages
from podo.workloads import reads, service
from podo.workloads.ports import LogsOf, WorkloadReader
from podo.workloads.types import DELETE_POD, READ, RESTART, SCALE, Operation, Pod, View, Workload

routes = Routes("workloads", tag="Workloads")
_ROOT = "/api/v1/projects/{project}"


class PodOut(BaseModel):
    """A pod as it was last seen."""

    name: str
    state: str
    health: str
    reason: str
    restarts: int
    node: str
    release: str
    created_at: datetime | None

    @classmethod
    def of(cls, p: Pod, lang: str) -> PodOut:
        """From the noun."""
        reason = p.health.said(languages.translator(lang))
        return cls(
            name=p.name,
            state=p.state,
            health=p.health.status,
            reason=reason,
            restarts=p.restarts,
            node=p.node,
            release=p.release,
            created_at=p.created_at,
        )


class WorkloadOut(BaseModel):
    """A workload in one target."""

    kind: str
    name: str
    environment: str
    region: str
    cluster: str
    desired: int
    ready: int
    image: str
    release: str
    schedule: str
    suspended: bool
    health: str
    reason: str
    restarts: int
    pods: list[PodOut]

    @classmethod
    def of(cls, w: Workload, lang: str) -> WorkloadOut:
        """From the noun."""
        return cls(
            kind=w.kind,
            name=w.name,
            environment=w.environment,
            region=w.region,
            cluster=w.cluster,
            desired=w.desired,
            ready=w.ready,
            image=w.image,
            release=w.release,
            schedule=w.schedule,
            suspended=w.suspended,
            health=w.health.status,
            reason=w.health.said(languages.translator(lang)),
            restarts=w.restarts,
            pods=[PodOut.of(p, lang) for p in w.pods],
        )


class ViewOut(BaseModel):
    """One target: how far it can be seen, since when the news are, and what runs there."""

    environment: str
    region: str
    cluster: str
    reach: str
    why: str
    seen_at: datetime | None
    workloads: list[WorkloadOut]

    @classmethod
    def of(cls, v: View, lang: str) -> ViewOut:
        """From the noun."""
        return cls(
            environment=v.environment,
            region=v.region,
            cluster=v.cluster,
            reach=v.reach,
            why=v.why,
            seen_at=v.at,
            workloads=[WorkloadOut.of(w, lang) for w in v.workloads],
        )


class OperationOut(BaseModel):
    """What was asked of a workload, and how far it is: asked, done or failed."""

    id: str
    kind: str
    environment: str
    region: str
    target: str
    state: str
    why: str
    by: str
    at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, o: Operation) -> OperationOut:
        """From the noun."""
        target = f"{o.target_kind}/{o.target.partition('/')[0]}"
        return cls(
            id=o.id,
            kind=o.kind,
            environment=o.environment,
            region=o.region,
            target=target,
            state=o.state,
            why=o.why,
            by=o.by,
            at=o.at,
            ended_at=o.ended_at,
        )


class Which(BaseModel):
    """A workload in one target."""

    environment: str
    region: str
    kind: str = "Deployment"
    name: str


class ScaleIn(Which):
    """Another number of pods."""

    replicas: int = Field(ge=0, le=service.MOST_REPLICAS)


class PodIn(BaseModel):
    """A pod, by name."""

    pod: str


class HappenedOut(BaseModel):
    """A Kubernetes event."""

    type: str
    reason: str
    message: str
    object: str
    count: int
    at: datetime | None


@routes.api("GET", _ROOT + "/workloads", verb="workloads.list", permission=READ.id)
async def list_workloads(
    project: str, environment: str | None = None, region: str | None = None, w: Web = WebIn
) -> list[ViewOut]:
    """What runs in each target, with health and its reason in words."""
    return [ViewOut.of(v, w.lang) for v in await service.look(w.reading, w.observing, project, environment, region)]


@routes.api("GET", _ROOT + "/events", verb="workloads.events", permission=READ.id)
async def list_events(project: str, environment: str, region: str, name: str = "", w: Web = WebIn) -> list[HappenedOut]:
    """Kubernetes events of a target, newest first; of objects whose names begin with `name`."""
    found = await reads.events(
        w.house.ports[WorkloadReader], await service.look_at(w.reading, w.observing, project, environment, region), project, name
    )
    return [HappenedOut(type=h.type, reason=h.reason, message=h.message, object=h.object, count=h.count, at=h.at) for h in found]


@routes.api("GET", _ROOT + "/manifest", verb="workloads.manifest", permission=READ.id)
async def get_manifest(
    project: str, environment: str, region: str, name: str, kind: str = "Deployment", w: Web = WebIn
) -> dict[str, Any]:
    """An object as the cluster has it; a Secret without its data."""
    return await reads.manifest(
        w.house.ports[WorkloadReader],
        await service.look_at(w.reading, w.observing, project, environment, region),
        project,
        kind,
        name,
    )


@routes.api("GET", _ROOT + "/logs", verb="workloads.logs", permission=READ.id, response_class=StreamingResponse)
async def get_logs(
    project: str,
    pod: str,
    container: str | None = None,
    previous: bool = False,
    since: datetime | None = None,
    tail: int = Query(200, ge=1, le=10_000),
    follow: bool = False,
    w: Web = WebIn,
) -> StreamingResponse:
    """Lines of a pod's log as plain text, each with its time in front: the last `tail`, of `since` on.

    With `follow` further lines come until the container ends.
    """
    place, _, found = service.pick_pod(await service.look(w.reading, w.observing, project), pod)
    wanted = LogsOf(container, previous=previous, since=since, tail=tail, follow=follow)
    lines = reads.logs(w.house.ports[WorkloadReader], place, project, found.name, wanted)
    # The first line is read here, so that what is wrong is told as an error and not as a cut stream.
    first = await anext(lines, None)

    async def text() -> AsyncIterator[str]:
        if first is None:
            return
        yield first + "\n"
        async with aclosing(w.request.app.state.hub.until_closing(lines)) as open_:
            async for line in open_:
                yield line + "\n"

    return StreamingResponse(text(), media_type="text/plain; charset=utf-8")


@routes.api("POST", _ROOT + "/workloads/restart", verb="workloads.restart", permission=RESTART.id, status=202)
async def restart(project: str, which: Which, w: Web = WebIn) -> OperationOut:
    """Make all pods of a workload anew, by its own strategy."""
    place = await service.look_at(w.reading, w.observing, project, which.environment, which.region)
    service.pick(place, which.kind, which.name)
    async with w.transaction() as tx:
        return OperationOut.of(await service.restart(tx, project, which.environment, which.region, which.kind, which.name))


@routes.api("POST", _ROOT + "/workloads/scale", verb="workloads.scale", permission=SCALE.id, status=202)
async def scale(project: str, which: ScaleIn, w: Web = WebIn) -> OperationOut:
    """Change the number of a workload's pods, until the next deployment."""
    place = await service.look_at(w.reading, w.observing, project, which.environment, which.region)
    service.pick(place, which.kind, which.name)
    autoscaled = await reads.autoscaler(w.house.ports[WorkloadReader], place, project, which.kind, which.name)
    async with w.transaction() as tx:
        asked = await service.scale(
            tx, project, which.environment, which.region, which.kind, which.name, which.replicas, autoscaled=autoscaled
        )
    return OperationOut.of(asked)


@routes.api("POST", _ROOT + "/workloads/delete-pod", verb="workloads.delete_pod", permission=DELETE_POD.id, status=202)
async def delete_pod(project: str, which: PodIn, w: Web = WebIn) -> OperationOut:
    """Delete a pod; its workload makes a new one."""
    place, _, found = service.pick_pod(await service.look(w.reading, w.observing, project), which.pod)
    async with w.transaction() as tx:
        return OperationOut.of(await service.delete_pod(tx, project, place.environment, place.region, found))


@routes.api("GET", _ROOT + "/operations", verb="workloads.operations", permission=READ.id)
async def list_operations(project: str, w: Web = WebIn) -> list[OperationOut]:
    """Restarts, scalings and deleted pods, newest first."""
    async with w.reading() as r:
        await service.targets(r, project)
        return [OperationOut.of(o) for o in await service.operations(r, project)]


@routes.api("GET", _ROOT + "/operations/{operation}", verb="workloads.operation", permission=READ.id)
async def get_operation(project: str, operation: str, w: Web = WebIn) -> OperationOut:
    """How far one of them is: asked, done or failed."""
    async with w.reading() as r:
        await service.targets(r, project)
        return OperationOut.of(await service.operation_of(r, project, operation))
