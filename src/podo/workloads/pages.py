"""The Workloads tab: a list by workload and region, and a panel for one pod."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from podo.catalog import service as catalog
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import Head, Tab, languages, page
from podo.workloads import reads, rules, service
from podo.workloads.ports import WorkloadReader
from podo.workloads.types import (
    DELETE_POD,
    READ,
    RESTART,
    SCALE,
    Happened,
    Operation,
    OperationState,
    Pod,
    Reach,
    View,
    Workload,
)

routes = Routes("workloads", tag="Workloads")
_PANELS = (
    ("summary", N_("Summary"), "info"),
    ("events", N_("Events"), "bell"),
    ("logs", N_("Logs"), "log"),
    ("manifest", N_("Manifest"), "code"),
)


@dataclass(frozen=True, slots=True)
class LogRow:
    """A numbered line."""

    number: int
    at: datetime | None
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One pod, opened: `shown` is the tab; what the cluster was asked for it stands in the other fields."""

    view: View
    workload: Workload
    pod: Pod
    shown: str
    tabs: Sequence[Tab]
    container: str
    previous: bool
    events: Sequence[Happened]
    lines: Sequence[LogRow]
    manifest: str
    trouble: str
    follow: str
    reason: str
    newer: str
    older: str
    close: str


@page("workloads/workloads.html")
@dataclass(frozen=True, slots=True)
class WorkloadsPage:
    """The tab."""

    project: str
    environment: str
    environments: Sequence[tuple[str, str, bool]]
    query: str
    groups: Sequence[rules.Group]
    blind: Sequence[View]
    asked: Sequence[Operation]
    pods: int
    clusters: int
    seen_at: datetime | None
    panel: Panel | None
    reasons: dict[str, str]
    address: str
    table: str


@page("workloads/_table.html")
@dataclass(frozen=True, slots=True)
class TablePiece:
    """The list alone, for live pages."""

    project: str
    environment: str
    query: str
    groups: Sequence[rules.Group]
    blind: Sequence[View]
    asked: Sequence[Operation]
    pods: int
    clusters: int
    seen_at: datetime | None
    panel: Panel | None
    reasons: dict[str, str]
    address: str


@page("workloads/_line.html")
@dataclass(frozen=True, slots=True)
class LinePiece:
    """One line of a followed log."""

    line: LogRow


async def _head(w: Web, project: str) -> Head:
    async with w.reading() as r:
        return await catalog.head(r, w.house.slots, project, "workloads", w.lang)


async def _seen(w: Web, project: str, q: str) -> dict[str, object]:
    wanted, text = rules.query(q)
    everything = await service.look(w.reading, w.observing, project)
    environments = list(dict.fromkeys(v.environment for v in everything))
    environment = wanted.pop("env", None) or (environments[-1] if environments else "")
    shown = [v for v in everything if v.environment == environment]
    groups = rules.groups(shown, wanted, text)
    async with w.reading() as r:
        asked = [o for o in await service.operations(r, project, 5) if o.state is OperationState.asked]
    translate = languages.translator(w.lang)
    return {
        "project": project,
        "environment": environment,
        "query": q,
        "groups": groups,
        "blind": [v for v in shown if v.reach is not Reach.seen],
        "asked": asked,
        "pods": sum(len(x.pods) for g in groups for _, x in g.places),
        "clusters": len({v.cluster for v in shown}),
        "seen_at": max((v.at for v in shown if v.at), default=None),
        "reasons": {f"{x.kind}/{x.name}@{v.cluster}": x.health.said(translate) for g in groups for v, x in g.places},
        "address": f"/{project}/workloads?{urlencode({'q': q})}",
    }


@routes.page("/{project}/workloads", permission=READ.id)
async def workloads(
    project: str, q: str = "", pod: str = "", tab: str = "logs", container: str = "", previous: bool = False, w: Web = WebIn
) -> Response:
    """The tab; `pod` opens its panel."""
    found = await _seen(w, project, q)
    everything = await service.look(w.reading, w.observing, project)
    names = list(dict.fromkeys(v.environment for v in everything))
    panel = await _panel(w, project, everything, pod, tab, container, previous, str(found["address"])) if pod else None
    made = WorkloadsPage(
        environments=[(name, f"/{project}/workloads?q=env:{name}", name == found["environment"]) for name in names],
        panel=panel,
        table=f"/{project}/workloads/table?{urlencode({'q': q, 'pod': pod})}",
        **found,  # type: ignore[arg-type]
    )
    return await w.page(made, title=f"Workloads · {project}", head=await _head(w, project), live=f"observed:{project}")


@routes.page("/{project}/workloads/table", permission=READ.id)
async def table(project: str, q: str = "", pod: str = "", w: Web = WebIn) -> Response:
    """The list alone, read again when something changed."""
    del pod
    return await w.fragment(TablePiece(panel=None, **await _seen(w, project, q)))  # type: ignore[arg-type]


async def _panel(
    w: Web, project: str, everything: Sequence[View], name: str, tab: str, container: str, previous: bool, address: str
) -> Panel:
    place, workload, pod = service.pick_pod(everything, name)
    reader, trouble = w.house.ports[WorkloadReader], ""
    container = container or (pod.containers[0].name if pod.containers else "")
    events: Sequence[Happened] = ()
    lines: list[LogRow] = []
    text = ""
    try:
        match tab:
            case "events":
                events = await reads.events(reader, place, project, name)
            case "manifest":
                text = json.dumps(await reads.manifest(reader, place, project, "Pod", name), indent=2, ensure_ascii=False)
            case "logs":
                found = reads.logs(reader, place, project, name, container=container, previous=previous, tail=500, follow=False)
                lines = [LogRow(n, *rules.log_line(line)) async for n, line in _numbered(found)]
            case _:
                pass
    except PodoError as error:
        trouble = " ".join(error.said(languages.translator(w.lang)))
    siblings = [p.name for v in everything if v is place for p in workload.pods]
    here = siblings.index(name) if name in siblings else 0

    def at(**more: str) -> str:
        return f"{address}&{urlencode({'pod': name, 'tab': tab, **more})}"

    return Panel(
        view=place,
        workload=workload,
        pod=pod,
        shown=tab,
        tabs=[Tab(label, at(tab=key), icon, current=key == tab) for key, label, icon in _PANELS],
        container=container,
        previous=previous,
        events=events,
        lines=lines,
        manifest=text,
        trouble=trouble,
        follow=f"/{project}/workloads/follow?{urlencode({'pod': name, 'container': container, 'after': len(lines)})}",
        reason=pod.health.said(languages.translator(w.lang)),
        newer=at(pod=siblings[here - 1]) if here > 0 else "",
        older=at(pod=siblings[here + 1]) if here + 1 < len(siblings) else "",
        close=address,
    )


async def _numbered(lines: AsyncIterator[str], start: int = 1) -> AsyncIterator[tuple[int, str]]:
    number = start
    async for line in lines:
        yield number, line
        number += 1


@routes.page("/{project}/workloads/follow", permission=READ.id)
async def follow(project: str, pod: str, container: str = "", after: int = 0, w: Web = WebIn) -> Response:
    """Further lines of a log as server-sent events, each a piece of HTML."""
    place, _, found = service.pick_pod(await service.look(w.reading, w.observing, project), pod)
    lines = reads.logs(
        w.house.ports[WorkloadReader],
        place,
        project,
        found.name,
        container=container or None,
        previous=False,
        tail=0,
        follow=True,
    )

    async def stream() -> AsyncIterator[str]:
        async for number, line in _numbered(lines, after + 1):
            piece = await w.fragment(LinePiece(LogRow(number, *rules.log_line(line))))
            yield "".join(f"data: {part}\n" for part in bytes(piece.body).decode().splitlines()) + "\n"

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"cache-control": "no-store"})


@routes.form("/{project}/workloads/restart", verb="workloads.restart", permission=RESTART.id)
async def restart(project: str, w: Web = WebIn) -> Response:
    """The button in a workload's menu."""
    f = await form(w)
    place = await service.look_at(w.reading, w.observing, project, f["environment"], f["region"])
    service.pick(place, f["kind"], f["name"])
    async with w.transaction() as tx:
        await service.restart(tx, project, f["environment"], f["region"], f["kind"], f["name"])
    return w.go(f"/{project}/workloads?q=env:{f['environment']}", said=_said(w, N_("Restart asked; its pods are made anew.")))


@routes.form("/{project}/workloads/scale", verb="workloads.scale", permission=SCALE.id)
async def scale(project: str, w: Web = WebIn) -> Response:
    """The form in a workload's menu."""
    f = await form(w)
    place = await service.look_at(w.reading, w.observing, project, f["environment"], f["region"])
    workload = service.pick(place, f["kind"], f["name"])
    replicas = int(f["replicas"]) if f["replicas"].isdecimal() else workload.desired
    async with w.transaction() as tx:
        await service.scale(tx, project, f["environment"], f["region"], f["kind"], f["name"], replicas)
    return w.go(f"/{project}/workloads?q=env:{f['environment']}", said=_said(w, N_("Scaling asked.")))


@routes.form("/{project}/workloads/delete-pod", verb="workloads.delete_pod", permission=DELETE_POD.id)
async def delete_pod(project: str, w: Web = WebIn) -> Response:
    """The button in a pod's panel."""
    f = await form(w)
    place, _, pod = service.pick_pod(await service.look(w.reading, w.observing, project), f["pod"])
    async with w.transaction() as tx:
        await service.delete_pod(tx, project, place.environment, place.region, pod)
    return w.go(
        f"/{project}/workloads?q=env:{place.environment}", said=_said(w, N_("Deletion asked; a new pod takes its place."))
    )


def _said(w: Web, message: str) -> str:
    return languages.translator(w.lang)(message)
