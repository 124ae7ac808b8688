"""Projects as JSON."""

from __future__ import annotations

from podo.access import service as access
from podo.catalog import reads, service
from podo.catalog.api.shapes import (
    ChangeIn,
    HitOut,
    LookIn,
    NameOut,
    NamespaceOut,
    ProjectOut,
    ProjectsOut,
    RegisterIn,
    RepositoryOut,
    TargetsIn,
    TypedIn,
)
from podo.catalog.ports import NamespaceReader, RepositoryReader
from podo.catalog.types import (
    CHANGE,
    DELETE,
    READ,
    REGISTER,
    DeletionObjection,
    NamespaceForeign,
    ProjectState,
    SearchSource,
)
from podo.kernel.errors import PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages

routes = Routes("catalog", tag="Projects")


@routes.api("GET", "/api/v1/projects", verb="catalog.list", permission=READ.id)
async def list_projects(
    q: str = "",
    team: str = "",
    environment: str = "",
    region: str = "",
    tier: int = 0,
    state: ProjectState = ProjectState.active,
    lifecycle: str = "",
    level: int | None = None,
    cursor: str | None = None,
    limit: int = 50,
    w: Web = WebIn,
) -> ProjectsOut:
    """Living projects by slug, or retired ones; `q` holds parts of a name or title, `team` is an id or handle."""
    async with w.reading() as r:
        teams = [(await access.team(r, team)).id] if team else None
        found = await service.projects(
            r,
            text=q,
            teams=teams,
            environment=environment,
            region=region,
            tier=tier,
            state=state,
            lifecycle=lifecycle,
            level=level,
            cursor=cursor,
            limit=max(1, min(limit, 200)),
        )
    return ProjectsOut(items=[ProjectOut.of(p) for p in found.items], next=found.next, total=found.total)


@routes.api("POST", "/api/v1/projects", verb="catalog.register", permission=REGISTER.id, status=201)
async def register(wanted: RegisterIn, w: Web = WebIn) -> ProjectOut:
    """Register a project; its namespaces are made at once. Without a branch, the repository's default branch is asked for."""
    async with w.reading() as r:
        places = [(p.environment, p.region) for p in wanted.places] or await service.default_places(r)
        clusters = [(await service.resolve(r, *place)).cluster for place in places]
        await service.may_register(r, wanted.slug, wanted.team)
    branch = await reads.branch_of_new(
        w.house.ports[NamespaceReader],
        w.house.ports[RepositoryReader],
        slug=wanted.slug,
        clusters=clusters,
        repository=wanted.repository,
        credential=wanted.credential,
        branch=wanted.branch,
    )
    facts = wanted.model_dump(exclude={"places", "branch", "title"})
    async with w.transaction() as tx:
        made = await service.register(tx, w.house.seal, places=places, branch=branch, title=wanted.title or wanted.slug, **facts)
    return ProjectOut.of(made)


@routes.api("GET", "/api/v1/projects/{project}", verb="catalog.show", permission=READ.id)
async def show(project: str, w: Web = WebIn) -> ProjectOut:
    """One project."""
    async with w.reading() as r:
        return ProjectOut.of(await service.project(r, project))


@routes.api("PATCH", "/api/v1/projects/{project}", verb="catalog.change", permission=CHANGE.id)
async def change(project: str, wanted: ChangeIn, w: Web = WebIn) -> ProjectOut:
    """Change what is given."""
    if wanted.repository:
        await reads.check_repository(w.house.ports[RepositoryReader], wanted.repository)
    async with w.transaction() as tx:
        return ProjectOut.of(await service.change(tx, w.house.seal, project, **wanted.model_dump()))


@routes.api("PUT", "/api/v1/projects/{project}/targets", verb="catalog.targets", permission=CHANGE.id)
async def set_targets(project: str, wanted: TargetsIn, w: Web = WebIn) -> ProjectOut:
    """Where the project runs from now on."""
    async with w.transaction() as tx:
        places = [(p.environment, p.region) for p in wanted.places]
        return ProjectOut.of(await service.set_targets(tx, project, places))


@routes.api("DELETE", "/api/v1/projects/{project}", verb="catalog.delete", permission=DELETE.id, status=204)
async def delete(project: str, wanted: TypedIn, w: Web = WebIn) -> None:
    """Delete a project that never deployed, with its namespaces."""
    async with w.transaction() as tx:
        await service.delete(tx, project, wanted.typed, w.house.slots[DeletionObjection])


@routes.api("GET", "/api/v1/projects/{project}/namespaces", verb="catalog.namespaces", permission=READ.id)
async def namespaces(project: str, w: Web = WebIn) -> list[NamespaceOut]:
    """The project's namespace in each cluster."""
    async with w.reading() as r:
        await service.project(r, project)
        return [NamespaceOut.of(n) for n in await service.namespaces(r, project)]


@routes.api(
    "POST",
    "/api/v1/projects/{project}/namespaces/{cluster}/retry",
    verb="catalog.retry_namespace",
    permission=CHANGE.id,
    status=204,
)
async def retry_namespace(project: str, cluster: str, w: Web = WebIn) -> None:
    """Try again to make the project's namespace in a cluster."""
    async with w.transaction() as tx:
        await service.retry_namespace(tx, project, cluster)


@routes.api("GET", "/api/v1/names/{name}", verb="catalog.name", permission=READ.id)
async def name(name: str, w: Web = WebIn) -> NameOut:
    """Whether a name is free, here and in every cluster."""
    silent: list[str] = []
    try:
        async with w.reading() as r:
            await service.free_name(r, name)
            clusters = [c.name for c in await service.clusters(r)]
        taken, silent = await reads.foreign(w.house.ports[NamespaceReader], clusters, name)
        if taken:
            raise NamespaceForeign(cluster=", ".join(taken), project=name)
    except PodoError as error:
        why = " ".join(error.said(languages.translator(w.lang)))
        return NameOut(name=name, free=False, why=why, better=error.data.get("better", ""), silent=silent)
    return NameOut(name=name, free=True, why="", better="", silent=silent)


@routes.api("POST", "/api/v1/repositories/look", verb="catalog.look", permission=READ.id)
async def look(wanted: LookIn, w: Web = WebIn) -> RepositoryOut:
    """What a repository holds: branch, newest commit, Dockerfiles."""
    found = await reads.look(w.house.ports[RepositoryReader], wanted.repository, wanted.credential, wanted.branch)
    return RepositoryOut.of(found)


@routes.api("GET", "/api/v1/search", verb="catalog.search", permission=READ.id)
async def search(q: str, limit: int = 20, w: Web = WebIn) -> list[HitOut]:
    """Projects, teams, people, clusters: everything whose name fits."""
    async with w.reading() as r:
        hits = await service.search(r, w.house.slots[SearchSource], q, max(1, min(limit, 50)))
    return [HitOut(kind=h.kind, title=h.title, sub=h.sub, link=h.link) for h in hits]
