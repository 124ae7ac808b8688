"""The tab itself, and its table alone for live pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response

from podo.catalog import service as catalog
from podo.kernel.http import Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages, page
from podo.workloads import service
from podo.workloads.pages import panel as panels
from podo.workloads.pages.listing import Listing, listing, routes
from podo.workloads.types import READ, View


@page("workloads/workloads.html")
@dataclass(frozen=True, slots=True)
class WorkloadsPage:
    """The tab; `table` is where its list is read again."""

    listing: Listing
    environments: Sequence[tuple[str, str, bool]]
    panel: panels.Panel | None
    table: str


@page("workloads/_table.html")
@dataclass(frozen=True, slots=True)
class TablePiece:
    """The list alone, for live pages."""

    listing: Listing


@routes.page("/{project}/workloads", permission=READ.id)
async def workloads(
    project: str,
    q: str = "",
    pod: str = "",
    workload: str = "",
    cluster: str = "",
    tab: str = "",
    container: str = "",
    previous: bool = False,
    since: str = "",
    w: Web = WebIn,
) -> Response:
    """The tab; `pod`, or `workload` and `cluster`, opens a panel."""
    everything = await service.look(w.reading, w.observing, project)
    async with w.reading() as r:
        head = await catalog.head(r, w.house.slots, project, "workloads", w.lang)
    opened = _opened(everything, pod, workload, cluster)
    found = await listing(w, project, everything, q, opened)
    shown: panels.Panel | Response | None = None
    if pod:
        asked = panels.Asked(pod, tab or "logs", container, previous, since)
        shown = await panels.of_pod(w, found, everything, asked)
    elif opened:
        shown = await panels.of_workload(w, found, everything, opened, tab or "summary")
    if isinstance(shown, Response):
        return shown
    names = list(dict.fromkeys(v.environment for v in everything))
    made = WorkloadsPage(
        listing=found,
        environments=[(name, f"/{project}/workloads?q=env:{name}", name == found.environment) for name in names],
        panel=shown,
        table=f"/{project}/workloads/table?{urlencode({'q': q, 'pod': pod, 'workload': workload, 'cluster': cluster})}",
    )
    title = f"{languages.say(w.lang, 'Workloads')} · {project}"
    return await w.page(made, title=title, head=head, live=f"observed:{project} project:{project}")


@routes.page("/{project}/workloads/table", permission=READ.id)
async def table(project: str, q: str = "", pod: str = "", workload: str = "", cluster: str = "", w: Web = WebIn) -> Response:
    """The list alone, read again when something changed."""
    everything = await service.look(w.reading, w.observing, project)
    opened = _opened(everything, pod, workload, cluster)
    return await w.fragment(TablePiece(await listing(w, project, everything, q, opened)))


def _opened(everything: Sequence[View], pod: str, workload: str, cluster: str) -> tuple[str, str, str] | None:
    """Which row a panel is open for."""
    kind, _, name = workload.partition("/")
    for view in everything:
        for x in view.workloads:
            if view.cluster == cluster and (x.kind, x.name) == (kind, name):
                return cluster, kind, name
            if pod and any(p.name == pod for p in x.pods):
                return view.cluster, x.kind, x.name
    return None
