"""The descriptor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from podo.access.types import TeamCard
from podo.catalog import api, pages, service
from podo.catalog.adapters.clusters import ClusterNamespaces, ClusterPool
from podo.catalog.adapters.repository import GitRepositories
from podo.catalog.handlers import look_at_clusters, settle_namespaces, try_waiting_namespaces
from podo.catalog.ports import NamespaceReader, RepositoryReader
from podo.catalog.steps import World
from podo.catalog.types import (
    PERMISSIONS,
    GuideSteps,
    Project,
    ProjectDeleted,
    ProjectRegistered,
    SearchHit,
    SearchSource,
    Step,
    TargetsChanged,
)
from podo.catalog.writers import NamespaceWriter
from podo.clients.git import Git, GitBinary
from podo.clients.kubernetes.connections import Connections
from podo.kernel.db import Reading, outside
from podo.kernel.domains import Domain, House, Round
from podo.kernel.errors import N_
from podo.kernel.events import Handler
from podo.kernel.nouns import PODO
from podo.kernel.settings import setting
from podo.kernel.ui import NavItem, languages


@dataclass(frozen=True, slots=True)
class CatalogSettings:
    """Projects and clusters."""

    directory: str = setting("", "Folder for mirrors of repositories and for cluster twins; empty: the current folder's .podo")
    local_repositories: bool = setting(False, "Read repositories from files and loopback addresses; for demo and trusted people only")


async def _adapters(house: House) -> None:
    from pathlib import Path

    chosen = house.settings[CatalogSettings]
    folder = Path(chosen.directory or ".podo")

    async def lookup(name: str) -> tuple[str, str] | None:
        async with house.database.reading(PODO) as r:
            found = next((c for c in await service.clusters(r) if c.name == name), None)
            sealed = await service.sealed_kubeconfig(r, name) if found else ""
        return (found.kind.value, house.seal.open(sealed) if sealed else "") if found else None

    pool = ClusterPool(lookup, folder / "twins")
    namespaces = ClusterNamespaces(pool)
    git = GitBinary(folder / "mirrors", before_call=outside)
    house.ports.put(Connections, pool)
    house.ports.put(NamespaceReader, namespaces)
    house.ports.put(NamespaceWriter, namespaces)
    house.ports.put(Git, git)
    house.ports.put(RepositoryReader, GitRepositories(git, local=chosen.local_repositories))


async def _projects_of_team(r: Reading, team: str) -> Sequence[tuple[str, str, str]]:
    return [(p.slug, f"/{p.slug}", p.title) for p in await service.projects_of(r, [team])]


async def _find(r: Reading, text: str, limit: int) -> Sequence[SearchHit]:
    found = await service.projects(r, text=text, limit=limit)
    return [SearchHit("project", p.slug, p.title, f"/{p.slug}", "package") for p in found.items]


async def _first_steps(r: Reading, project: Project, lang: str) -> Sequence[Step]:
    say = languages.translator(lang)
    spaces = await service.namespaces(r, project.slug)
    late = [n for n in spaces if n.state != "ready"]
    why = "; ".join(f"{n.cluster}: {n.why or say(N_('being made'))}" for n in late)
    return [
        Step(say(N_("Registered")), project.title, done=True, at=project.created_at),
        Step(say(N_("Namespaces are ready")), why, done=not late and bool(spaces), link=f"/{project.slug}/settings"),
    ]


DOMAIN = Domain(
    name="catalog",
    routes=[api.routes, pages.routes],
    settings={"catalog": CatalogSettings},
    slots=[
        NavItem(N_("Projects"), "/projects"),
        TeamCard(N_("Projects"), "package", _projects_of_team),
        SearchSource(_find),
        GuideSteps(10, _first_steps),
    ],
    handlers=[
        Handler(
            "catalog.namespaces",
            frozenset({ProjectRegistered.code, TargetsChanged.code, ProjectDeleted.code}),
            settle_namespaces,
        )
    ],
    rounds=[Round("catalog.clusters", 15, look_at_clusters), Round("catalog.namespaces", 5, try_waiting_namespaces)],
    adapters=_adapters,
    world=lambda house: World(house.ports[NamespaceWriter]),
    permissions=PERMISSIONS,
)
