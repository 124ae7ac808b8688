"""What happens to projects and places."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from podo.kernel.errors import N_
from podo.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRegistered(Event):
    """A project was registered."""

    code: ClassVar[str] = "catalog.project_registered"
    sentence: ClassVar[str] = N_("{actor} registered {project} for {team_name}")
    team: str
    team_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectChanged(Event):
    """A project says something else of itself; `fields` names what, `was` and `now` hold the values, never a credential's."""

    code: ClassVar[str] = "catalog.project_changed"
    sentence: ClassVar[str] = N_("{actor} changed {fields} of {project}")
    fields: str
    was: dict[str, Any] = field(default_factory=dict[str, Any])
    now: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectDeleted(Event):
    """A project that never deployed was deleted; `clusters` are those that held a namespace of it, with commas."""

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
class NamespaceAsked(Event):
    """Somebody wants a namespace to be tried again."""

    code: ClassVar[str] = "catalog.namespace_asked"
    sentence: ClassVar[str] = N_("{actor} asked for the namespace of {project} in {cluster} again")
    cluster: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespacesWanted(Event):
    """A cluster serves a pair now in which projects run already."""

    code: ClassVar[str] = "catalog.namespaces_wanted"
    sentence: ClassVar[str] = N_("{count} projects get a namespace in {cluster}")
    cluster: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceReady(Event):
    """A project's namespace is there."""

    code: ClassVar[str] = "catalog.namespace_ready"
    sentence: ClassVar[str] = N_("The namespace of {project} is ready in {cluster}")
    cluster: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceWaits(Event):
    """A cluster does not answer; the namespace is tried again."""

    code: ClassVar[str] = "catalog.namespace_waits"
    sentence: ClassVar[str] = N_("The namespace of {project} waits for {cluster}: {why}")
    cluster: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceRefused(Event):
    """A cluster did not take a project's namespace."""

    code: ClassVar[str] = "catalog.namespace_refused"
    sentence: ClassVar[str] = N_("{cluster} did not take the namespace of {project}: {why}")
    cluster: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceGone(Event):
    """The namespace of a deleted project is removed."""

    code: ClassVar[str] = "catalog.namespace_gone"
    sentence: ClassVar[str] = N_("The namespace of {project} is gone from {cluster}")
    cluster: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceChanged(Event):
    """An environment, region or cluster was added or changed; `what` is which of the three."""

    code: ClassVar[str] = "catalog.place_changed"
    sentence: ClassVar[str] = N_("{actor} set {what} {name}")
    what: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRemoved(Event):
    """An environment, region or cluster was removed; `what` is which of the three."""

    code: ClassVar[str] = "catalog.place_removed"
    sentence: ClassVar[str] = N_("{actor} removed {what} {name}")
    what: str
    name: str
