"""What projects say of themselves, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from podo.catalog import service
from podo.catalog.types import (
    CHANGE,
    READ,
    Contact,
    Dependency,
    DependencyKind,
    FactChange,
    Facts,
    Lifecycle,
    Link,
    Neighbour,
    Neighbours,
    OnCall,
    OnCallSource,
)
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn

routes = Routes("catalog", tag="Projects")


class ContactIn(BaseModel):
    """A person by id, or a text; a text that is a person's address, id or whole name becomes that person."""

    person: str = ""
    text: str = ""
    about: str = ""


class LinkIn(BaseModel):
    """An address with a title; `kind` is a word such as dashboard."""

    title: str = ""
    url: str
    kind: str = ""


class DependencyIn(BaseModel):
    """A project, resource or API, by name."""

    kind: DependencyKind = DependencyKind.project
    name: str
    why: str = ""


class FactsOut(BaseModel):
    """What a project says of itself; empty texts say nothing. `annotations` are Backstage's, as they came."""

    lifecycle: Lifecycle
    type: str
    system: str
    domain: str
    docs: str
    runbook: str
    on_call: str
    contacts: list[ContactIn]
    links: list[LinkIn]
    depends_on: list[DependencyIn]
    provides: list[str]
    tags: list[str]
    annotations: dict[str, str]

    @classmethod
    def of(cls, f: Facts) -> FactsOut:
        """From the noun."""
        return cls(
            lifecycle=f.lifecycle,
            type=f.type,
            system=f.system,
            domain=f.domain,
            docs=f.docs,
            runbook=f.runbook,
            on_call=f.on_call,
            contacts=[ContactIn(person=c.person, text=c.text, about=c.about) for c in f.contacts],
            links=[LinkIn(title=it.title, url=it.url, kind=it.kind) for it in f.links],
            depends_on=[DependencyIn(kind=d.kind, name=d.name, why=d.why) for d in f.depends_on],
            provides=list(f.provides),
            tags=list(f.tags),
            annotations=dict(f.annotations),
        )


class FactsIn(BaseModel):
    """What to say; what is missing stays, an empty value says nothing any more."""

    lifecycle: Lifecycle | None = None
    type: str | None = None
    system: str | None = None
    domain: str | None = None
    docs: str | None = None
    runbook: str | None = None
    on_call: str | None = None
    contacts: list[ContactIn] | None = None
    links: list[LinkIn] | None = None
    depends_on: list[DependencyIn] | None = None
    provides: list[str] | None = None
    tags: list[str] | None = None
    annotations: dict[str, str] | None = Field(default=None, description="Annotations of a Backstage entity")

    def given(self) -> dict[str, Any]:
        """The nouns of what is given, by field."""
        made: dict[str, Any] = {k: v for k, v in self.model_dump().items() if v is not None}
        for name, noun in (("contacts", Contact), ("links", Link), ("depends_on", Dependency)):
            if name in made:
                made[name] = tuple(noun(**it) for it in made[name])
        return made | {k: tuple(made[k]) for k in ("provides", "tags") if k in made}


class NeighbourOut(BaseModel):
    """One end of a dependency. `known`: a project that is registered; `cyclic`: it leads back to where one looks from."""

    kind: str
    name: str
    why: str
    known: bool
    state: str
    cyclic: bool

    @classmethod
    def of(cls, n: Neighbour) -> NeighbourOut:
        """From the noun."""
        return cls(kind=n.kind, name=n.name, why=n.why, known=n.known, state=n.state, cyclic=n.cyclic)


class NeighboursOut(BaseModel):
    """What a project depends on, and what depends on it."""

    needs: list[NeighbourOut]
    needed_by: list[NeighbourOut]

    @classmethod
    def of(cls, n: Neighbours) -> NeighboursOut:
        """From the noun."""
        return cls(needs=[NeighbourOut.of(one) for one in n.needs], needed_by=[NeighbourOut.of(one) for one in n.needed_by])


class OnCallOut(BaseModel):
    """Who is on call: a person's id, or a text or address where only that is known."""

    person: str
    text: str
    link: str
    until: datetime | None

    @classmethod
    def of(cls, o: OnCall) -> OnCallOut:
        """From the noun."""
        return cls(person=o.person, text=o.text, link=o.link, until=o.until)


class FactChangeOut(BaseModel):
    """Who changed what, from which value to which; `id` is what to set back."""

    id: str
    at: datetime
    by: str
    was: dict[str, Any]
    now: dict[str, Any]

    @classmethod
    def of(cls, c: FactChange) -> FactChangeOut:
        """From the noun."""
        return cls(id=c.id, at=c.at, by=c.by, was=dict(c.was), now=dict(c.now))


@routes.api("GET", "/api/v1/projects/{project}/facts", verb="catalog.facts", permission=READ.id)
async def facts(project: str, w: Web = WebIn) -> FactsOut:
    """What the project says of itself: lifecycle, contacts, on call, links, dependencies."""
    async with w.reading() as r:
        return FactsOut.of(await service.facts(r, project))


@routes.api("PATCH", "/api/v1/projects/{project}/facts", verb="catalog.describe", permission=CHANGE.id)
async def describe(project: str, wanted: FactsIn, w: Web = WebIn) -> FactsOut:
    """Say something else; what is missing stays."""
    async with w.transaction() as tx:
        return FactsOut.of(await service.say_more(tx, project, wanted.given()))


@routes.api("GET", "/api/v1/projects/{project}/dependencies", verb="catalog.dependencies", permission=READ.id)
async def dependencies(project: str, w: Web = WebIn) -> NeighboursOut:
    """What the project depends on and what depends on it, circles marked."""
    async with w.reading() as r:
        return NeighboursOut.of(await service.neighbours(r, project))


@routes.api("GET", "/api/v1/projects/{project}/on-call", verb="catalog.on_call", permission=READ.id)
async def on_call(project: str, w: Web = WebIn) -> list[OnCallOut]:
    """Who is on call now, the first to be called first; empty where nobody knows."""
    async with w.reading() as r:
        await service.project(r, project)
        found = await service.on_call(r, w.house.slots[OnCallSource], [project])
    return [OnCallOut.of(o) for o in found.get(project, [])]


@routes.api("GET", "/api/v1/projects/{project}/changes", verb="catalog.changes", permission=READ.id)
async def changes(project: str, limit: int = 20, w: Web = WebIn) -> list[FactChangeOut]:
    """Who changed what of the project, newest first."""
    async with w.reading() as r:
        return [FactChangeOut.of(c) for c in await service.changes(r, project, max(1, min(limit, 200)))]


@routes.api("POST", "/api/v1/projects/{project}/changes/{change}/back", verb="catalog.set_back", permission=CHANGE.id)
async def set_back(project: str, change: str, w: Web = WebIn) -> list[str]:
    """Let what a change changed be as it was before; answers with the fields."""
    async with w.transaction() as tx:
        return list(await service.set_back(tx, w.house.seal, project, change))
