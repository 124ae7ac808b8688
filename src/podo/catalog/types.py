"""Nouns, slots, permissions, events and errors of projects and places."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from podo.access.types import Permission
from podo.kernel.db import Reading
from podo.kernel.errors import N_, Conflict, Invalid, Missing
from podo.kernel.events import Event

READ = Permission("catalog.read", "read", "See projects, owners, environments, regions and clusters")
REGISTER = Permission("catalog.register", "operate", "Register a project for a team")
CHANGE = Permission("catalog.change", "operate", "Change what a project says of itself, its repository and targets")
TRANSFER = Permission("catalog.transfer", "own", "Give a project to another team")
DELETE = Permission("catalog.delete", "own", "Delete a project that never deployed")
GOVERN = Permission("catalog.govern", "govern", "Add and change environments, regions and clusters")
PERMISSIONS = (READ, REGISTER, CHANGE, TRANSFER, DELETE, GOVERN)


@dataclass(frozen=True, slots=True)
class Environment:
    """A stage of promotion. `order` counts from 0; `approvals` is how many people must approve a rollout there."""

    name: str
    order: int
    approvals: int = 0
    soak_seconds: int = 0
    self_approval: bool = False

    @property
    def protected(self) -> bool:
        """Whether somebody must approve, and the environment before it must be healthy."""
        return self.approvals > 0


@dataclass(frozen=True, slots=True)
class Region:
    """A region; `order` is its place in the train."""

    code: str
    name: str
    timezone: str
    order: int


class ClusterKind(StrEnum):
    """How a cluster is reached."""

    twin = "twin"
    kubeconfig = "kubeconfig"


class ClusterState(StrEnum):
    """What is known of a cluster."""

    unknown = "unknown"
    connected = "connected"
    unreachable = "unreachable"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that serves a region for some environments."""

    name: str
    region: str
    environments: tuple[str, ...]
    kind: ClusterKind
    state: ClusterState
    version: str
    why: str
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Target:
    """Environment × region, resolved to one cluster."""

    environment: str
    region: str
    cluster: str


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a project's source is. Its credential is sealed and never part of this."""

    url: str
    branch: str
    has_credential: bool


class ProjectState(StrEnum):
    """A project lives, or is retired."""

    active = "active"
    retired = "retired"


@dataclass(frozen=True, slots=True)
class Project:
    """The unit of ownership; its slug is its namespace everywhere. `team` is the owner's stable id, as of now."""

    slug: str
    title: str
    description: str
    tier: int
    team: str
    repository: Repository
    dockerfile: str
    port: int
    places: tuple[tuple[str, str], ...]
    slack: str
    state: ProjectState
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who owned a project, from when to when, and when that was written down."""

    project: str
    team: str
    since: datetime
    until: datetime | None
    recorded_at: datetime
    by: str
    why: str


class NamespaceState(StrEnum):
    """How far a project's namespace in a cluster is."""

    waiting = "waiting"
    ready = "ready"
    refused = "refused"


@dataclass(frozen=True, slots=True)
class Namespace:
    """A project's namespace in one cluster."""

    project: str
    cluster: str
    state: NamespaceState
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a repository holds: branch, last commit, and its Dockerfiles."""

    branch: str
    commit: str
    subject: str
    author: str
    at: datetime
    dockerfiles: tuple[Dockerfile, ...]
    readme: str


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A Dockerfile as it reads: stages, user, ports."""

    path: str
    stages: int
    user: str
    ports: tuple[int, ...]


# -- slots


@dataclass(frozen=True, slots=True)
class ProjectTab:
    """Slot: a tab of a project, at `/{slug}/{key}`. `count(r, slug)` is shown beside it; None: no counter."""

    key: str
    label: str
    icon: str
    order: int
    count: Callable[[Reading, str], Awaitable[int]] | None = None


@dataclass(frozen=True, slots=True)
class PlaceCard:
    """A target as the overview and lists show it."""

    environment: str
    region: str
    href: str
    health: str
    version: str
    number: int | None
    at: datetime | None
    facts: str
    bar: str
    note: str
    note_icon: str
    note_tone: str


@dataclass(frozen=True, slots=True)
class ProjectPlaces:
    """Slot: what runs in each target of a project, for its overview."""

    cards: Callable[[Reading, str, str], Awaitable[Sequence[PlaceCard]]]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the guide: `state` is done, next or todo. `form` is an address to post to, `link` one to go to."""

    title: str
    text: str
    done: bool
    at: datetime | None = None
    action: str = ""
    link: str = ""
    form: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class GuideSteps:
    """Slot: steps from a registered project to production, in order. `steps(r, project, lang)`."""

    order: int
    steps: Callable[[Reading, Project, str], Awaitable[Sequence[Step]]]


@dataclass(frozen=True, slots=True)
class ProjectMarks:
    """Slot: what a list shows of each project, in one question: slug → (health, sentence, address)."""

    marks: Callable[[Reading, Sequence[str], str], Awaitable[Mapping[str, tuple[str, str, str]]]]


@dataclass(frozen=True, slots=True)
class RetirementObjection:
    """Slot: why a project cannot be deleted now; an empty text is no objection."""

    object: Callable[[Reading, str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class SettingsLink:
    """Slot: a page of a project's settings, at `/{slug}/settings/{key}`."""

    key: str
    label: str
    icon: str


@dataclass(frozen=True, slots=True)
class SearchHit:
    """Something found."""

    kind: str
    title: str
    sub: str
    link: str
    icon: str


@dataclass(frozen=True, slots=True)
class SearchSource:
    """Slot: things that search finds. `find(r, text, limit)`."""

    find: Callable[[Reading, str, int], Awaitable[Sequence[SearchHit]]]


# -- errors


class NameInvalid(Invalid):
    """A name that no namespace can have."""

    code = "catalog.name_invalid"
    so = N_("“{name}” cannot be a name: small letters, digits and hyphens, 3 to 40, a letter first.")
    do = N_("Use “{better}”.")


class NameReserved(Invalid):
    """A name that the site needs itself."""

    code = "catalog.name_reserved"
    so = N_("“{name}” is an address of the site itself.")
    do = N_("Choose another name, such as “{name}-service”.")


class NameTaken(Conflict):
    """A name that a project or a cluster has."""

    code = "catalog.name_taken"
    so = N_("“{name}” is taken: {by}.")
    do = N_("Choose another name.")


class NoSuchProject(Missing):
    """Nobody registered it."""

    code = "catalog.no_such_project"
    so = N_("There is no project “{name}”.")
    do = N_("Check the spelling, or look for it on /projects.")


class NoSuchPlace(Missing):
    """An environment, region or cluster that nobody added, or a pair that no cluster serves."""

    code = "catalog.no_such_place"
    so = N_("There is no {what} “{name}”.")
    do = N_("Choose one of: {known}.")


class WrongProject(Invalid):
    """Something about a project that cannot be."""

    code = "catalog.wrong_project"
    so = N_("{field}: {why}.")
    do = N_("Correct it and send it again.")


class WrongPlace(Invalid):
    """Something about an environment, region or cluster that cannot be."""

    code = "catalog.wrong_place"
    so = N_("{what} “{name}” cannot be so: {why}.")
    do = N_("Correct it and send it again.")


class Deployed(Conflict):
    """A project that cannot be deleted any more."""

    code = "catalog.deployed"
    so = N_("{project} cannot be deleted: {why}.")
    do = N_("A project that has run is retired instead, so that its history stays.")


class NotTyped(Invalid):
    """The name was not typed."""

    code = "catalog.not_typed"
    so = N_("The name that was typed is not “{project}”.")
    do = N_("Type the project's name to delete it.")


class NamespaceForeign(Conflict):
    """A namespace of this name that is not Podo's."""

    code = "catalog.namespace_foreign"
    so = N_("{cluster} has a namespace “{project}” that Podo did not make.")
    do = N_("Choose another name, or let an SRE label it podo.dev/project={project}.")


# -- events


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRegistered(Event):
    """A project was registered."""

    code: ClassVar[str] = "catalog.project_registered"
    sentence: ClassVar[str] = N_("{actor} registered {project} for {team_name}")
    team: str
    team_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectChanged(Event):
    """A project says something else of itself; `fields` names what."""

    code: ClassVar[str] = "catalog.project_changed"
    sentence: ClassVar[str] = N_("{actor} changed {fields} of {project}")
    fields: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectDeleted(Event):
    """A project that never deployed was deleted."""

    code: ClassVar[str] = "catalog.project_deleted"
    sentence: ClassVar[str] = N_("{actor} deleted {project}")
    clusters: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetsChanged(Event):
    """A project runs elsewhere now."""

    code: ClassVar[str] = "catalog.targets_changed"
    sentence: ClassVar[str] = N_("{actor} set where {project} runs: {places}")
    places: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipChanged(Event):
    """A project has another owner."""

    code: ClassVar[str] = "catalog.ownership_changed"
    sentence: ClassVar[str] = N_("{actor} gave {project} to {team_name}: {why}")
    team: str
    team_name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceReady(Event):
    """A project's namespace is there."""

    code: ClassVar[str] = "catalog.namespace_ready"
    sentence: ClassVar[str] = N_("The namespace of {project} is ready in {cluster}")
    cluster: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceRefused(Event):
    """A cluster did not take a project's namespace."""

    code: ClassVar[str] = "catalog.namespace_refused"
    sentence: ClassVar[str] = N_("{cluster} did not take the namespace of {project}: {why}")
    cluster: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceChanged(Event):
    """An environment, region or cluster was added or changed."""

    code: ClassVar[str] = "catalog.place_changed"
    sentence: ClassVar[str] = N_("{actor} set {what} {name}")
    what: str
    name: str
