"""SQL of what projects say of themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import delete, select

from podo.catalog.models import DependencyRow, FactsRow, NamespaceRow, ProjectRow
from podo.catalog.types import Contact, Dependency, DependencyKind, Facts, Lifecycle, Link
from podo.kernel.db import Reading, Tx


async def facts(r: Reading, slugs: Collection[str] | None = None) -> dict[str, Facts]:
    """By slug, of these projects or of all; a project that has said nothing is missing."""
    query, needs = select(*FactsRow.__table__.columns), select(*DependencyRow.__table__.columns).order_by(DependencyRow.place)
    if slugs is not None:
        query, needs = query.where(FactsRow.project.in_(slugs)), needs.where(DependencyRow.project.in_(slugs))
    found: dict[str, list[Dependency]] = {}
    for row in await r.session.execute(needs):
        found.setdefault(row.project, []).append(Dependency(DependencyKind(row.kind), row.name, row.why))
    return {row.project: _facts(row, found.get(row.project, ())) for row in await r.session.execute(query)}


async def put_facts(tx: Tx, slug: str, said: Facts) -> None:
    """All of what a project says."""
    await tx.session.merge(_row(slug, said))
    await tx.session.execute(delete(DependencyRow).where(DependencyRow.project == slug))
    tx.session.add_all(_needs(slug, said))
    await tx.session.flush()


async def add_facts(tx: Tx, said: Mapping[str, Facts]) -> None:
    """All of what projects say that said nothing before, at once."""
    tx.session.add_all([_row(slug, facts) for slug, facts in said.items()])
    await tx.session.flush()
    tx.session.add_all([row for slug, facts in said.items() for row in _needs(slug, facts)])
    await tx.session.flush()


def _row(slug: str, said: Facts) -> FactsRow:
    return FactsRow(
        project=slug,
        lifecycle=said.lifecycle,
        type=said.type,
        system=said.system,
        domain=said.domain,
        docs=said.docs,
        runbook=said.runbook,
        on_call=said.on_call,
        contacts=[{"person": c.person, "text": c.text, "about": c.about} for c in said.contacts],
        links=[{"title": it.title, "url": it.url, "kind": it.kind} for it in said.links],
        provides=list(said.provides),
        tags=list(said.tags),
        annotations=dict(said.annotations),
    )


def _needs(slug: str, said: Facts) -> list[DependencyRow]:
    return [DependencyRow(project=slug, kind=d.kind, name=d.name, why=d.why, place=n) for n, d in enumerate(said.depends_on)]


async def drop_facts(tx: Tx, slug: str) -> None:
    """What a project said is gone with it; what others say of it stays."""
    await tx.session.execute(delete(DependencyRow).where(DependencyRow.project == slug))
    await tx.session.execute(delete(FactsRow).where(FactsRow.project == slug))


async def needed_by(r: Reading, slug: str) -> list[tuple[str, str]]:
    """The projects that say they depend on this one, and why."""
    query = select(DependencyRow.project, DependencyRow.why).where(*_on_project(slug)).order_by(DependencyRow.project)
    return [(row.project, row.why) for row in await r.session.execute(query)]


async def states(r: Reading, slugs: Collection[str]) -> dict[str, str]:
    """The states of those of these projects that there are."""
    query = select(ProjectRow.slug, ProjectRow.state).where(ProjectRow.slug.in_(slugs))
    return {row.slug: row.state for row in await r.session.execute(query)}


async def leaving(r: Reading, slugs: Collection[str]) -> dict[str, list[str]]:
    """The clusters in which namespaces of these names are left, by name."""
    found: dict[str, list[str]] = {}
    query = (
        select(NamespaceRow.project, NamespaceRow.cluster).where(NamespaceRow.project.in_(slugs)).order_by(NamespaceRow.cluster)
    )
    for project, cluster in await r.session.execute(query):
        found.setdefault(project, []).append(cluster)
    return found


async def needing(r: Reading, slug: str) -> set[str]:
    """All projects that need this one, however many steps away; with itself where it is in a circle."""
    seed = select(DependencyRow.project.label("project")).where(*_on_project(slug)).cte("needing", recursive=True)
    is_project = DependencyRow.kind == DependencyKind.project
    more = select(DependencyRow.project).join(seed, (DependencyRow.name == seed.c.project) & is_project)
    return set(await r.session.scalars(select(seed.union(more).c.project)))


async def needed(r: Reading, slug: str) -> set[str]:
    """All projects that this one needs, however many steps away; with itself where it is in a circle."""
    is_project = DependencyRow.kind == DependencyKind.project
    first = select(DependencyRow.name.label("name")).where(DependencyRow.project == slug, is_project)
    seed = first.cte("needed", recursive=True)
    more = select(DependencyRow.name).join(seed, DependencyRow.project == seed.c.name).where(is_project)
    return set(await r.session.scalars(select(seed.union(more).c.name)))


def _on_project(slug: str) -> Any:
    return DependencyRow.kind == DependencyKind.project, DependencyRow.name == slug


def _facts(row: Any, needs: Collection[Dependency]) -> Facts:
    return Facts(
        lifecycle=Lifecycle(row.lifecycle),
        type=row.type,
        system=row.system,
        domain=row.domain,
        docs=row.docs,
        runbook=row.runbook,
        on_call=row.on_call,
        contacts=tuple(Contact(**c) for c in row.contacts),
        links=tuple(Link(**it) for it in row.links),
        depends_on=tuple(needs),
        provides=tuple(row.provides),
        tags=tuple(row.tags),
        annotations=dict(row.annotations),
    )
