"""What a project says of itself, beside its title, tier and repository."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from podo.catalog.types.projects import Project


class Lifecycle(StrEnum):
    """How far a project is, in Backstage's words; `unsaid` where nobody said so."""

    unsaid = ""
    experimental = "experimental"
    production = "production"
    deprecated = "deprecated"


class DependencyKind(StrEnum):
    """What a project depends on: another project, a resource, or an API, each by name."""

    project = "project"
    resource = "resource"
    api = "api"


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask: a person of the directory by id, or else a text such as an address; `about` is what for."""

    person: str = ""
    text: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """An address with a title; `kind` is a word of the project's own, such as `dashboard`."""

    title: str
    url: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Dependency:
    """Something that a project cannot work without, by name; it need not be known here. `why` is in the project's words."""

    kind: DependencyKind
    name: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a project says of itself. Empty texts say nothing.

    `type` is service, website, library or another word; `on_call` a text or an address, for where no other part of Podo knows;
    `provides` names APIs; `annotations` are those of a Backstage entity that Podo has no fact for, so that nothing is lost.
    """

    lifecycle: Lifecycle = Lifecycle.unsaid
    type: str = ""
    system: str = ""
    domain: str = ""
    docs: str = ""
    runbook: str = ""
    on_call: str = ""
    contacts: tuple[Contact, ...] = ()
    links: tuple[Link, ...] = ()
    depends_on: tuple[Dependency, ...] = ()
    provides: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is on call: a person by id, or a text where only that is known; `link` is where it is seen, `until` when it ends."""

    person: str = ""
    text: str = ""
    link: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One end of a dependency, seen from the other: `known` is whether the project is registered (a resource never is).

    `state` is active or retired for a project, empty else; `cyclic` says that it leads back to where one looks from.
    """

    kind: DependencyKind
    name: str
    why: str
    known: bool
    state: str = ""
    cyclic: bool = False


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What a project depends on, and which projects depend on it, each by name."""

    needs: tuple[Neighbour, ...]
    needed_by: tuple[Neighbour, ...]


@dataclass(frozen=True, slots=True)
class FactChange:
    """A change of facts by somebody: `was` and `now` by the names of the fields. `id` is its event's."""

    id: str
    at: datetime
    by: str
    was: Mapping[str, object] = field(hash=False)
    now: Mapping[str, object] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Retirement:
    """A project's end: what speaks against it while it lives; until when it can come back once it is retired, None for never."""

    project: Project
    objections: tuple[str, ...]
    until: datetime | None
