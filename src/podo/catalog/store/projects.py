"""SQL of projects."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, String, and_, bindparam, cast, delete, func, or_, select, update

from podo.catalog.models import (
    FactsRow,
    OfferRow,
    OwnershipRow,
    ProjectRow,
    ScoreRow,
)
from podo.catalog.store.facts import drop_facts
from podo.catalog.store.finding import forget_project, note_project
from podo.catalog.types import (
    Project,
    ProjectState,
    Repository,
    of_project,
)
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Page

_OPEN = (OwnershipRow.until.is_(None), OwnershipRow.superseded_at.is_(None))


async def project(r: Reading, slug: str) -> Project | None:
    """With its owner now."""

    async def find() -> Project | None:
        found = (await r.session.execute(_ONE, {"slug": slug})).first()
        return _project(found) if found else None

    return await r.recall("catalog", ("project", slug), find)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which projects: a part of the slug or title, owners, a place, a tier, a lifecycle; None, empty and 0 ask for nothing.

    Living ones, unless `state` says otherwise; `level` is that of the scorecards as they were last worked out.
    """

    text: str = ""
    teams: Collection[str] | None = None
    environment: str = ""
    region: str = ""
    tier: int = 0
    state: ProjectState = ProjectState.active
    lifecycle: str = ""
    level: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """For a query over projects and their open ownerships."""
        found: list[ColumnElement[bool]] = [ProjectRow.state == self.state]
        named = (ProjectRow.slug, ProjectRow.title)
        found += [or_(*(column.icontains(word, autoescape=True) for column in named)) for word in self.text.split()]
        if self.teams is not None:
            found.append(OwnershipRow.team.in_(self.teams))
        if self.tier:
            found.append(ProjectRow.tier == self.tier)
        if self.environment or self.region:
            found.append(self._somewhere())
        if self.lifecycle:
            found.append(ProjectRow.slug.in_(select(FactsRow.project).where(FactsRow.lifecycle == self.lifecycle)))
        if self.level is not None:
            found.append(ProjectRow.slug.in_(select(ScoreRow.project).where(ScoreRow.level == self.level)))
        return found

    def _somewhere(self) -> ColumnElement[bool]:
        # Places are JSON text [["prod", "kr"], …]: a pair, or the half of one. Quotes and brackets keep names apart.
        first = json.dumps(self.environment) + ", " if self.environment else ""
        second = json.dumps(self.region) if self.region else ""
        pattern = f"[{first}{second}]" if first and second else f"[{first}" if first else f", {second}]"
        return cast(ProjectRow.places, String).contains(pattern, autoescape=True)


async def projects(r: Reading, wanted: Filter, *, cursor: str | None, skip: int, limit: int) -> Page[Project]:
    """By slug, with the total."""
    conditions = wanted.conditions()
    # Whoever filters nothing asks for what everybody asks for.
    total = await (_total(r, conditions) if wanted != Filter() else r.recall("catalog", "total", lambda: _total(r, conditions)))
    query = _with_owner().where(*conditions, *([ProjectRow.slug > cursor] if cursor else []))
    rows = (await r.session.execute(query.order_by(ProjectRow.slug).offset(skip).limit(limit + 1))).all()
    found = [_project(row) for row in rows[:limit]]
    return Page(found, found[-1].slug if len(rows) > limit else None, total)


async def _total(r: Reading, conditions: Sequence[ColumnElement[bool]]) -> int:
    return await r.session.scalar(select(func.count()).select_from(_with_owner().where(*conditions).subquery())) or 0


async def by_slugs(r: Reading, slugs: Collection[str]) -> list[Project]:
    """Several."""
    return [_project(row) for row in await r.session.execute(_with_owner().where(ProjectRow.slug.in_(slugs)))]


async def of_teams(r: Reading, teams: Collection[str]) -> list[Project]:
    """Owned now by one of these, by slug."""
    found = [p for team in set(teams) for p in await r.recall("catalog", ("owned by", team), partial(_of_team, r, team))]
    return sorted(found, key=lambda p: p.slug)


async def _of_team(r: Reading, team: str) -> tuple[Project, ...]:
    return tuple([_project(row) for row in await r.session.execute(_OWNED, {"team": team})])


async def count(r: Reading) -> int:
    """How many live."""
    query = select(func.count()).select_from(ProjectRow).where(ProjectRow.state == ProjectState.active)
    return await r.session.scalar(query) or 0


async def counts_by_tier(r: Reading) -> dict[int, int]:
    """How many each tier has."""
    query = select(ProjectRow.tier, func.count()).where(ProjectRow.state == ProjectState.active).group_by(ProjectRow.tier)
    found = await r.recall("catalog", "counts by tier", lambda: _pairs(r, query))
    return {int(tier): number for tier, number in found}


async def counts_by_team(r: Reading) -> dict[str, int]:
    """How many living ones each team owns now."""
    query = select(OwnershipRow.team, func.count()).join(ProjectRow, ProjectRow.slug == OwnershipRow.project)
    query = query.where(ProjectRow.state == ProjectState.active, *_OPEN).group_by(OwnershipRow.team)
    found = await r.recall("catalog", "counts by team", lambda: _pairs(r, query))
    return {str(team): number for team, number in found}


async def _pairs(r: Reading, query: Any) -> tuple[tuple[Any, int], ...]:
    return tuple([(row[0], row[-1]) for row in await r.session.execute(query)])


async def living_slugs(r: Reading) -> list[str]:
    """All that live, by name."""
    query = select(ProjectRow.slug).where(ProjectRow.state == ProjectState.active).order_by(ProjectRow.slug)
    return list(await r.session.scalars(query))


async def count_retired(r: Reading) -> int:
    """How many are retired."""
    return await r.session.scalar(select(func.count()).where(ProjectRow.state == ProjectState.retired)) or 0


async def retired_before(r: Reading, moment: datetime) -> list[str]:
    """Retired by then, and not closed yet."""
    query = select(ProjectRow.slug).where(ProjectRow.state == ProjectState.retired, ProjectRow.closed_at.is_(None))
    return list(await r.session.scalars(query.where(ProjectRow.retired_at <= moment).order_by(ProjectRow.slug)))


async def add_project(tx: Tx, made: Project, credential: str) -> None:
    """A new project; its owner is added beside it."""
    tx.session.add(_row(made, credential))
    await tx.session.flush()
    await note_project(tx, made.slug, made.title, made.repository.url)


async def add_projects(tx: Tx, made: Sequence[Project]) -> None:
    """New projects without a credential, at once; their owners are added beside them."""
    tx.session.add_all([_row(one, "") for one in made])
    await tx.session.flush()
    for one in made:
        await note_project(tx, one.slug, one.title, one.repository.url)


def _row(made: Project, credential: str) -> ProjectRow:
    return ProjectRow(
        slug=made.slug,
        title=made.title,
        description=made.description,
        tier=made.tier,
        repository=made.repository.url,
        branch=made.repository.branch,
        credential=credential,
        dockerfile=made.dockerfile,
        port=made.port,
        places=[list(p) for p in made.places],
        slack=made.slack,
        state=made.state,
        created_at=made.created_at,
        created_by=made.created_by,
    )


async def change_project(tx: Tx, slug: str, values: dict[str, Any]) -> None:
    """Columns by name."""
    await tx.session.execute(update(ProjectRow).where(ProjectRow.slug == slug).values(values))
    if {"title", "repository"} & values.keys():
        found = await project(tx, slug)
        if found is not None:
            await note_project(tx, slug, found.title, found.repository.url)


async def credential(r: Reading, slug: str) -> str:
    """Sealed; empty when there is none."""
    return await r.session.scalar(select(ProjectRow.credential).where(ProjectRow.slug == slug)) or ""


async def delete_project(tx: Tx, slug: str) -> None:
    """The project, its ownerships and offers; its namespaces stay until they are gone from the clusters."""
    await tx.session.execute(delete(OwnershipRow).where(OwnershipRow.project == slug))
    await tx.session.execute(delete(OfferRow).where(OfferRow.subject == of_project(slug)))
    await drop_facts(tx, slug)
    await forget_project(tx, slug)
    await tx.session.execute(delete(ProjectRow).where(ProjectRow.slug == slug))


def _with_owner() -> Any:
    # Columns: an entity that is read and thrown away costs ten times as much, and lists have many.
    projects, owners = ProjectRow.__table__, OwnershipRow.__table__
    join = and_(OwnershipRow.project == ProjectRow.slug, *_OPEN)
    return select(*projects.columns, owners.c.team).join_from(projects, owners, join)


_ONE = _with_owner().where(ProjectRow.slug == bindparam("slug"))
_OWNED = _with_owner().where(OwnershipRow.team == bindparam("team"), ProjectRow.state == ProjectState.active)


def _project(row: Any) -> Project:
    return Project(
        slug=row.slug,
        title=row.title,
        description=row.description,
        tier=row.tier,
        team=row.team,
        repository=Repository(row.repository, row.branch, bool(row.credential)),
        dockerfile=row.dockerfile,
        port=row.port,
        places=tuple((e, g) for e, g in row.places),
        slack=row.slack,
        state=ProjectState(row.state),
        created_at=row.created_at,
        created_by=row.created_by,
        retired_at=row.retired_at,
        retired_by=row.retired_by,
        retired_why=row.retired_why,
        closed_at=row.closed_at,
    )
