"""Projects and places as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from podo.access import service as access
from podo.catalog import reads, service
from podo.catalog.ports import NamespaceReader, RepositoryReader
from podo.catalog.types import (
    CHANGE,
    DELETE,
    GOVERN,
    READ,
    REGISTER,
    TRANSFER,
    Cluster,
    ClusterKind,
    Environment,
    Found,
    NameTaken,
    Ownership,
    Project,
    Region,
    RetirementObjection,
    SearchHit,
    SearchSource,
    WrongProject,
)
from podo.kernel.errors import PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages

routes = Routes("catalog", tag="Projects")


class PlaceOut(BaseModel):
    """An environment and a region."""

    environment: str
    region: str


class ProjectOut(BaseModel):
    """A project; `team` is the owner's id as of now."""

    slug: str
    title: str
    description: str
    tier: int
    team: str
    repository: str
    branch: str
    private: bool
    dockerfile: str
    port: int
    places: list[PlaceOut]
    slack: str
    state: str
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, p: Project) -> ProjectOut:
        """From the noun."""
        return cls(
            slug=p.slug,
            title=p.title,
            description=p.description,
            tier=p.tier,
            team=p.team,
            repository=p.repository.url,
            branch=p.repository.branch,
            private=p.repository.has_credential,
            dockerfile=p.dockerfile,
            port=p.port,
            places=[PlaceOut(environment=e, region=g) for e, g in p.places],
            slack=p.slack,
            state=p.state,
            created_at=p.created_at,
            created_by=p.created_by,
        )


class ProjectsOut(BaseModel):
    """A page of projects, by slug."""

    items: list[ProjectOut]
    next: str | None
    total: int | None


class RegisterIn(BaseModel):
    """A new project. Without `places` it runs in alpha and production of the first region. `team` is an id or handle."""

    slug: str
    title: str = ""
    description: str = ""
    team: str
    repository: str
    branch: str = ""
    credential: str = Field(default="", description="A token or a deploy key, sealed at once")
    dockerfile: str = "Dockerfile"
    port: int = 8080
    tier: int = 3
    slack: str = ""
    places: list[PlaceOut] = []


class ChangeIn(BaseModel):
    """What to change; what is missing stays."""

    title: str | None = None
    description: str | None = None
    tier: int | None = None
    slack: str | None = None
    repository: str | None = None
    branch: str | None = None
    dockerfile: str | None = None
    port: int | None = None
    credential: str | None = None


class TargetsIn(BaseModel):
    """Where a project runs."""

    places: list[PlaceOut]


class TransferIn(BaseModel):
    """The next owner (id or handle), and why."""

    team: str
    why: str = ""


class TypedIn(BaseModel):
    """The project's name, typed."""

    typed: str


class OwnershipOut(BaseModel):
    """Who owned a project, from when to when."""

    team: str
    since: datetime
    until: datetime | None
    by: str
    why: str

    @classmethod
    def of(cls, o: Ownership) -> OwnershipOut:
        """From the noun."""
        return cls(team=o.team, since=o.since, until=o.until, by=o.by, why=o.why)


class NameOut(BaseModel):
    """Whether a name can be had, and if not, why."""

    name: str
    free: bool
    why: str
    silent: list[str]


class DockerfileOut(BaseModel):
    """A Dockerfile as it reads."""

    path: str
    stages: int
    user: str
    ports: list[int]


class RepositoryOut(BaseModel):
    """What a repository holds."""

    branch: str
    commit: str
    subject: str
    author: str
    at: datetime
    dockerfiles: list[DockerfileOut]

    @classmethod
    def of(cls, f: Found) -> RepositoryOut:
        """From the noun."""
        files = [DockerfileOut(path=d.path, stages=d.stages, user=d.user, ports=list(d.ports)) for d in f.dockerfiles]
        return cls(branch=f.branch, commit=f.commit, subject=f.subject, author=f.author, at=f.at, dockerfiles=files)


class LookIn(BaseModel):
    """A repository to look into."""

    repository: str
    credential: str = ""
    branch: str = ""


class EnvironmentIn(BaseModel):
    """A stage of promotion."""

    name: str
    order: int
    approvals: int = 0
    soak_seconds: int = 0
    self_approval: bool = False


class RegionIn(BaseModel):
    """A region; `order` is its place in the train."""

    code: str
    name: str
    timezone: str = "UTC"
    order: int = 0


class ClusterIn(BaseModel):
    """A cluster; its kubeconfig is sealed at once."""

    name: str
    region: str
    environments: list[str]
    kind: ClusterKind = ClusterKind.kubeconfig
    kubeconfig: str = ""


class ClusterOut(BaseModel):
    """A cluster and what is known of it."""

    name: str
    region: str
    environments: list[str]
    kind: str
    state: str
    version: str
    why: str
    seen_at: datetime | None

    @classmethod
    def of(cls, c: Cluster) -> ClusterOut:
        """From the noun."""
        return cls(
            name=c.name,
            region=c.region,
            environments=list(c.environments),
            kind=c.kind,
            state=c.state,
            version=c.version,
            why=c.why,
            seen_at=c.seen_at,
        )


class HitOut(BaseModel):
    """Something found."""

    kind: str
    title: str
    sub: str
    link: str


async def register_checked(w: Web, wanted: RegisterIn) -> Project:
    """Ask clusters whether the name is free, then register. Raises what `service.register` raises, and `NameTaken`."""
    async with w.reading() as r:
        places = [(p.environment, p.region) for p in wanted.places] or await default_places(w)
        clusters = [(await service.resolve(r, e, g)).cluster for e, g in places]
        await service.free_name(r, wanted.slug)
    taken, _ = await reads.name_taken(w.house.ports[NamespaceReader], clusters, wanted.slug)
    if taken:
        raise NameTaken(name=wanted.slug, by=taken)
    branch = wanted.branch
    if not branch:
        branch = (await reads.look(w.house.ports[RepositoryReader], wanted.repository, wanted.credential)).branch
    async with w.transaction() as tx:
        return await service.register(
            tx,
            w.house.seal,
            slug=wanted.slug,
            title=wanted.title or wanted.slug,
            team=wanted.team,
            repository=wanted.repository,
            branch=branch,
            places=places,
            credential=wanted.credential,
            dockerfile=wanted.dockerfile,
            port=wanted.port,
            tier=wanted.tier,
            description=wanted.description,
            slack=wanted.slack,
        )


async def default_places(w: Web) -> list[tuple[str, str]]:
    """Every environment in the first region that has a cluster for it."""
    async with w.reading() as r:
        served = {(e, c.region) for c in await service.clusters(r) for e in c.environments}
        regions = [g.code for g in await service.regions(r)]
        stages = [e.name for e in await service.environments(r)]
    return [(e, g) for e in stages for g in regions[:1] if (e, g) in served]


@routes.api("GET", "/api/v1/projects", verb="catalog.list", permission=READ.id)
async def list_projects(
    q: str = "",
    team: str = "",
    environment: str = "",
    region: str = "",
    cursor: str | None = None,
    limit: int = 50,
    w: Web = WebIn,
) -> ProjectsOut:
    """Living projects by slug; `q` is a part of a name, `team` an id or handle."""
    async with w.reading() as r:
        teams = [(await access.team(r, team)).id] if team else None
        found = await service.projects(
            r, text=q, teams=teams, environment=environment, region=region, cursor=cursor, limit=max(1, min(limit, 200))
        )
    return ProjectsOut(items=[ProjectOut.of(p) for p in found.items], next=found.next, total=found.total)


@routes.api("POST", "/api/v1/projects", verb="catalog.register", permission=REGISTER.id, status=201)
async def register(wanted: RegisterIn, w: Web = WebIn) -> ProjectOut:
    """Register a project; its namespaces are made at once."""
    return ProjectOut.of(await register_checked(w, wanted))


@routes.api("GET", "/api/v1/projects/{project}", verb="catalog.show", permission=READ.id)
async def show(project: str, w: Web = WebIn) -> ProjectOut:
    """One project."""
    async with w.reading() as r:
        return ProjectOut.of(await service.project(r, project))


@routes.api("PATCH", "/api/v1/projects/{project}", verb="catalog.change", permission=CHANGE.id)
async def change(project: str, wanted: ChangeIn, w: Web = WebIn) -> ProjectOut:
    """Change what is given."""
    async with w.transaction() as tx:
        return ProjectOut.of(await service.change(tx, w.house.seal, project, **wanted.model_dump()))


@routes.api("PUT", "/api/v1/projects/{project}/targets", verb="catalog.targets", permission=CHANGE.id)
async def set_targets(project: str, wanted: TargetsIn, w: Web = WebIn) -> ProjectOut:
    """Where the project runs from now on."""
    async with w.transaction() as tx:
        places = [(p.environment, p.region) for p in wanted.places]
        return ProjectOut.of(await service.set_targets(tx, project, places))


@routes.api("POST", "/api/v1/projects/{project}/transfer", verb="catalog.transfer", permission=TRANSFER.id)
async def transfer(project: str, wanted: TransferIn, w: Web = WebIn) -> OwnershipOut:
    """Give the project to another team."""
    async with w.transaction() as tx:
        return OwnershipOut.of(await service.transfer(tx, project, wanted.team, wanted.why))


@routes.api("DELETE", "/api/v1/projects/{project}", verb="catalog.delete", permission=DELETE.id, status=204)
async def delete(project: str, wanted: TypedIn, w: Web = WebIn) -> None:
    """Delete a project that never deployed, with its namespaces."""
    async with w.transaction() as tx:
        await service.delete(tx, project, wanted.typed, w.house.slots[RetirementObjection])


@routes.api("GET", "/api/v1/projects/{project}/owners", verb="catalog.owners", permission=READ.id)
async def owners(project: str, w: Web = WebIn) -> list[OwnershipOut]:
    """All owners, newest first."""
    async with w.reading() as r:
        await service.project(r, project)
        return [OwnershipOut.of(o) for o in await service.history(r, project)]


@routes.api("GET", "/api/v1/names/{name}", verb="catalog.name", permission=READ.id)
async def name(name: str, w: Web = WebIn) -> NameOut:
    """Whether a name is free, here and in every cluster."""
    try:
        async with w.reading() as r:
            await service.free_name(r, name)
            clusters = [c.name for c in await service.clusters(r)]
    except PodoError as error:
        return NameOut(name=name, free=False, why=" ".join(error.said(languages.translator(w.lang))), silent=[])
    taken, silent = await reads.name_taken(w.house.ports[NamespaceReader], clusters, name)
    return NameOut(name=name, free=not taken, why=taken, silent=silent)


@routes.api("POST", "/api/v1/repositories/look", verb="catalog.look", permission=READ.id)
async def look(wanted: LookIn, w: Web = WebIn) -> RepositoryOut:
    """What a repository holds: branch, newest commit, Dockerfiles."""
    found = await reads.look(w.house.ports[RepositoryReader], wanted.repository, wanted.credential, wanted.branch)
    return RepositoryOut.of(found)


@routes.api("GET", "/api/v1/environments", verb="catalog.environments", permission=READ.id)
async def environments(w: Web = WebIn) -> list[EnvironmentIn]:
    """In promotion order."""
    async with w.reading() as r:
        found = await service.environments(r)
    return [
        EnvironmentIn(
            name=e.name, order=e.order, approvals=e.approvals, soak_seconds=e.soak_seconds, self_approval=e.self_approval
        )
        for e in found
    ]


@routes.api("PUT", "/api/v1/environments/{name}", verb="catalog.set_environment", permission=GOVERN.id, status=204)
async def set_environment(name: str, wanted: EnvironmentIn, w: Web = WebIn) -> None:
    """Add or change an environment."""
    if wanted.name != name:
        raise WrongProject(field="name", why=f"the address says {name}")
    async with w.transaction() as tx:
        await service.set_environment(tx, Environment(**wanted.model_dump()))


@routes.api("GET", "/api/v1/regions", verb="catalog.regions", permission=READ.id)
async def regions(w: Web = WebIn) -> list[RegionIn]:
    """In the order of the train."""
    async with w.reading() as r:
        return [RegionIn(code=g.code, name=g.name, timezone=g.timezone, order=g.order) for g in await service.regions(r)]


@routes.api("PUT", "/api/v1/regions/{code}", verb="catalog.set_region", permission=GOVERN.id, status=204)
async def set_region(code: str, wanted: RegionIn, w: Web = WebIn) -> None:
    """Add or change a region."""
    async with w.transaction() as tx:
        await service.set_region(tx, Region(code, wanted.name, wanted.timezone, wanted.order))


@routes.api("GET", "/api/v1/clusters", verb="catalog.clusters", permission=READ.id)
async def clusters(w: Web = WebIn) -> list[ClusterOut]:
    """With what is known of each."""
    async with w.reading() as r:
        return [ClusterOut.of(c) for c in await service.clusters(r)]


@routes.api("POST", "/api/v1/clusters", verb="catalog.add_cluster", permission=GOVERN.id, status=204)
async def add_cluster(wanted: ClusterIn, w: Web = WebIn) -> None:
    """Add or change a cluster."""
    async with w.transaction() as tx:
        await service.add_cluster(
            tx, w.house.seal, wanted.name, wanted.region, wanted.environments, wanted.kind, wanted.kubeconfig
        )


@routes.api("GET", "/api/v1/search", verb="catalog.search", permission=READ.id)
async def search(q: str, limit: int = 20, w: Web = WebIn) -> list[HitOut]:
    """Projects, people, pods: everything whose name fits."""
    return [HitOut(kind=h.kind, title=h.title, sub=h.sub, link=h.link) for h in await hits(w, q, limit)]


async def hits(w: Web, text: str, limit: int) -> list[SearchHit]:
    """What every source finds."""
    found: list[SearchHit] = []
    if not text.strip():
        return found
    async with w.reading() as r:
        for source in w.house.slots[SearchSource]:
            found += await source.find(r, text.strip(), max(1, min(limit, 50)))
    return found
