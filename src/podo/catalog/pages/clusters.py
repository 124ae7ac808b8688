"""Clusters: data that SREs edit, and everybody may read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import On
from podo.catalog import reads, service
from podo.catalog.pages import parts
from podo.catalog.pages.wrong import by_field, say
from podo.catalog.ports import NamespaceReader
from podo.catalog.types import GOVERN, READ, Cluster, ClusterKind, PlacesTab, Region
from podo.kernel.db import Reading
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import Form, form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import Tab, page

routes = Routes("catalog", tag="Places")


async def tabs(w: Web, r: Reading, current: str) -> list[Tab]:
    """The three pages of places, and what other domains have beside them for this reader."""
    others = [Tab(t.label, t.href, t.icon) for t in w.house.slots[PlacesTab] if await t.may(r)]
    return [
        Tab(N_("Clusters"), "/clusters", "server", current=current == "clusters"),
        Tab(N_("Regions"), "/regions", "globe", current=current == "regions"),
        Tab(N_("Environments"), "/environments", "stack", current=current == "environments"),
        *others,
    ]


@page("catalog/clusters.html")
@dataclass(frozen=True, slots=True)
class ClustersPage:
    """Regions in the order of the train with their clusters; the form for one of them, or a new one, at the side."""

    tabs: Sequence[Tab]
    groups: Sequence[tuple[Region, Sequence[Cluster]]]
    total: int
    silent: int
    can_govern: bool
    editing: str
    typed: Mapping[str, str]
    chosen: Sequence[str]
    regions: Sequence[tuple[str, str]]
    environments: Sequence[str]
    kinds: Sequence[tuple[str, str]]
    wrong: Mapping[str, str]


@page("catalog/_clusters.html")
@dataclass(frozen=True, slots=True)
class ClustersPiece:
    """The list alone, read again when a cluster came or went."""

    groups: Sequence[tuple[Region, Sequence[Cluster]]]
    can_govern: bool


@routes.page("/clusters", permission=READ.id)
async def clusters(edit: str = "", w: Web = WebIn) -> Response:
    """The page; `edit` is the cluster whose facts stand in the form."""
    return await _show(w, edit)


@routes.page("/clusters/list", permission=READ.id)
async def listed(w: Web = WebIn) -> Response:
    """The list alone."""
    async with w.reading() as r:
        groups = _groups(await service.regions(r), await service.clusters(r))
        can = (await access.may(r, GOVERN, On())).allowed
    return await w.fragment(ClustersPiece(groups, can))


@routes.form("/clusters", verb="catalog.add_cluster", permission=GOVERN.id)
async def add_cluster(w: Web = WebIn) -> Response:
    """Add or change a cluster."""
    f = await form(w)
    kind = ClusterKind(f["kind"]) if f["kind"] in set(ClusterKind) else ClusterKind.kubeconfig
    try:
        if f["kubeconfig"]:
            reads.check_kubeconfig(w.house.ports[NamespaceReader], f["name"], f["kubeconfig"])
        async with w.transaction() as tx:
            await service.add_cluster(tx, w.house.seal, f["name"], f["region"], f.every("environments"), kind, f["kubeconfig"])
    except PodoError as error:
        return await _again(w, f["edit"], f, error)
    return w.go("/clusters", said=say(w, N_("{name} is set. Podo asks it how it is."), name=f["name"]))


@routes.form("/clusters/remove", verb="catalog.remove_cluster", permission=GOVERN.id)
async def remove_cluster(w: Web = WebIn) -> Response:
    """Forget a cluster."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            await service.remove_cluster(tx, f["name"])
    except PodoError as error:
        return await _again(w, f["name"], None, error)
    return w.go("/clusters", said=say(w, N_("{name} is removed."), name=f["name"]))


async def _again(w: Web, edit: str, typed: Form | None, error: PodoError) -> Response:
    if error.kind in ("missing", "refused"):
        raise error
    wrong = {"kubeconfig" if error.code == "kubernetes.kubeconfig" else k: v for k, v in by_field(w, [error]).items()}
    return await _show(w, edit, typed, wrong)


async def _show(w: Web, edit: str, typed: Form | None = None, wrong: Mapping[str, str] | None = None) -> Response:
    async with w.reading() as r:
        known = await service.clusters(r)
        regions = await service.regions(r)
        stages = [e.name for e in await service.environments(r)]
        can = (await access.may(r, GOVERN, On())).allowed
        around = await tabs(w, r, "clusters")
    was = next((c for c in known if c.name == edit), None)
    facts = {"name": was.name, "region": was.region, "kind": was.kind.value} if was else {"kind": "kubeconfig"}
    made = ClustersPage(
        tabs=around,
        groups=_groups(regions, known),
        total=len(known),
        silent=sum(c.state == "unreachable" for c in known),
        can_govern=can,
        editing=was.name if was else "",
        typed=parts.texts(typed) if typed else facts,
        chosen=typed.every("environments") if typed else was.environments if was else (),
        regions=[(g.code, f"{g.code} · {g.name}") for g in regions],
        environments=stages,
        kinds=[
            (ClusterKind.kubeconfig.value, say(w, N_("A real cluster, by kubeconfig"))),
            (ClusterKind.twin.value, say(w, N_("A simulated cluster in Podo's own process"))),
        ],
        wrong=wrong or {},
    )
    return await w.page(made, title=N_("Clusters"), live="observed:clusters", status=422 if wrong else 200)


def _groups(regions: Sequence[Region], known: Sequence[Cluster]) -> list[tuple[Region, Sequence[Cluster]]]:
    return [(g, [c for c in known if c.region == g.code]) for g in regions]
