"""Finding anything by its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from podo.catalog import service
from podo.catalog.types import READ, SearchHit, SearchSource
from podo.kernel.errors import N_
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import page

routes = Routes("catalog", tag="Search")
_EACH = 10
_KINDS = {
    "project": N_("Projects"),
    "team": N_("Teams"),
    "person": N_("People"),
    "asset": N_("Assets"),
    "cluster": N_("Clusters"),
    "pod": N_("Pods"),
    "workload": N_("Workloads"),
    "deployment": N_("Deployments"),
    "release": N_("Releases"),
    "build": N_("Builds"),
}


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found of one kind; `kind` is a message."""

    kind: str
    icon: str
    hits: Sequence[SearchHit]


@page("catalog/search.html")
@dataclass(frozen=True, slots=True)
class SearchPage:
    """What was looked for, and what was found."""

    query: str
    groups: Sequence[Hits]


@page("catalog/_hits.html")
@dataclass(frozen=True, slots=True)
class HitsPiece:
    """What was found, while one types."""

    query: str
    groups: Sequence[Hits]


async def _found(w: Web, q: str) -> list[Hits]:
    async with w.reading() as r:
        hits = await service.search(r, w.house.slots[SearchSource], q, _EACH)
    kinds = list(dict.fromkeys(h.kind for h in hits))
    groups = [[h for h in hits if h.kind == kind] for kind in kinds]
    return [Hits(_KINDS.get(kind, kind), group[0].icon, group) for kind, group in zip(kinds, groups, strict=True)]


@routes.page("/search", permission=READ.id)
async def search(q: str = "", w: Web = WebIn) -> Response:
    """The page."""
    return await w.page(SearchPage(q, await _found(w, q)), title=N_("Search"))


@routes.page("/search/hits", permission=READ.id)
async def hits(q: str = "", w: Web = WebIn) -> Response:
    """The list alone."""
    return await w.fragment(HitsPiece(q, await _found(w, q)))
