"""Projects, their owners, repositories and namespaces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
    """The unit of ownership; its slug is its namespace everywhere. `team` is the owner's stable id, as of now.

    One that came from elsewhere may have no repository (an empty address) and no places yet. `closed_at` is when a retired one
    lost its namespaces, and can no longer be brought back.
    """

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
    retired_at: datetime | None = None
    retired_by: str = ""
    retired_why: str = ""
    closed_at: datetime | None = None

    @property
    def lives(self) -> bool:
        """Whether it is not retired."""
        return self.state is ProjectState.active


class NamespaceState(StrEnum):
    """How far a project's namespace in a cluster is; `leaving` is that of a deleted project."""

    waiting = "waiting"
    ready = "ready"
    refused = "refused"
    leaving = "leaving"


@dataclass(frozen=True, slots=True)
class Namespace:
    """A project's namespace in one cluster; `why` is what the cluster said when it is not ready."""

    project: str
    cluster: str
    state: NamespaceState
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a repository holds: branch, last commit, its Dockerfiles, and the text of its README.md."""

    branch: str
    commit: str
    subject: str
    author: str
    at: datetime
    dockerfiles: tuple[Dockerfile, ...]
    readme: str


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A Dockerfile as it reads: how many stages, user and ports of the last; `trouble` is why it cannot be built, if so."""

    path: str
    stages: int
    user: str
    ports: tuple[int, ...]
    trouble: str = ""

    @property
    def is_root(self) -> bool:
        """Whether it says that it runs as root, or says nothing of it."""
        return self.user.partition(":")[0] in ("", "0", "root")


@dataclass(frozen=True, slots=True)
class ProjectQuery:
    """A filter of projects: parts of a name or title, and what must be so; empty texts and a tier of 0 ask for nothing."""

    text: str = ""
    team: str = ""
    environment: str = ""
    region: str = ""
    tier: int = 0
    mine: bool = False
    retired: bool = False
    lifecycle: str = ""
    level: int | None = None
