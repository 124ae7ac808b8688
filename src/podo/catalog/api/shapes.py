"""What the API takes and gives."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from podo.catalog.types import Cluster, ClusterKind, Dockerfile, Found, Namespace, Project


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
    """A new project. Without `places` it runs in every environment of the home region. `team` is an id or handle."""

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
    """What to change; what is missing stays. An empty `credential` takes the credential away."""

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


class TypedIn(BaseModel):
    """The project's name, typed."""

    typed: str


class NameOut(BaseModel):
    """Whether a name can be had, and if not, why and which could; `silent` are clusters that did not answer."""

    name: str
    free: bool
    why: str
    better: str
    silent: list[str]


class NamespaceOut(BaseModel):
    """A project's namespace in a cluster: ready, waiting, refused or leaving, and what the cluster said."""

    cluster: str
    state: str
    why: str

    @classmethod
    def of(cls, n: Namespace) -> NamespaceOut:
        """From the noun."""
        return cls(cluster=n.cluster, state=n.state, why=n.why)


class DockerfileOut(BaseModel):
    """A Dockerfile as it reads; `trouble` is why it cannot be built, if so."""

    path: str
    stages: int
    user: str
    ports: list[int]
    trouble: str

    @classmethod
    def of(cls, d: Dockerfile) -> DockerfileOut:
        """From the noun."""
        return cls(path=d.path, stages=d.stages, user=d.user, ports=list(d.ports), trouble=d.trouble)


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
        files = [DockerfileOut.of(d) for d in f.dockerfiles]
        return cls(branch=f.branch, commit=f.commit, subject=f.subject, author=f.author, at=f.at, dockerfiles=files)


class LookIn(BaseModel):
    """A repository to look into."""

    repository: str
    credential: str = ""
    branch: str = ""


class EnvironmentIn(BaseModel):
    """A stage of promotion; `order` counts from 0, `approvals` is how many people approve a rollout there."""

    name: str = ""
    order: int
    approvals: int = 0
    soak_seconds: int = 0
    self_approval: bool = False


class RegionIn(BaseModel):
    """A region; `order` is its place in the train."""

    code: str = ""
    name: str
    timezone: str = "UTC"
    order: int = 0


class ClusterIn(BaseModel):
    """A cluster; its kubeconfig is sealed at once, and an empty one leaves what is there."""

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
