"""SQL of scorecards: the organisation's rules, the scores, and how they were day by day."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from podo.catalog.models import DependencyRow, FactsRow, OwnershipRow, ProjectRow, ScoreDayRow, ScoreRow, ScoreRuleRow
from podo.catalog.types import DependencyKind, Lifecycle, ProjectState, Score, ScoreDay, ScoreRule, Standing, TeamScore
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Page

# The interval of ownership that is so now.
OPEN = (OwnershipRow.until.is_(None), OwnershipRow.superseded_at.is_(None))


async def rules(r: Reading) -> list[ScoreRule]:
    """Those that the organisation wrote or changed."""
    columns = ScoreRuleRow.__table__.columns
    return [ScoreRule(**row) for row in (await r.session.execute(select(*columns).order_by(ScoreRuleRow.id))).mappings()]


async def put_rule(tx: Tx, rule: ScoreRule) -> None:
    """Add or change."""
    said = {name: getattr(rule, name) for name in ("id", "title", "why", "concerns", "holds", "level", "place")}
    await tx.session.merge(ScoreRuleRow(**said))


async def drop_rule(tx: Tx, id_: str) -> None:
    """What the organisation said of it is gone."""
    await tx.session.execute(delete(ScoreRuleRow).where(ScoreRuleRow.id == id_))


async def note(tx: Tx, standings: Sequence[Standing], day: date) -> None:
    """How these projects stand now, and so far on this day; rows that say the same already are left alone."""
    known = {s.project: s for s in await _scores(tx, [s.score.project for s in standings])}
    moved = [s for s in standings if s.score.project not in known or _said(known[s.score.project]) != _said(s.score)]
    kept = await _days(tx, [s.score.project for s in standings], day)
    days = [s for s in standings if kept.get(s.score.project) != (s.team, *_said(s.score)[:3])]
    await _upsert(tx, ScoreRow, [_row(s) for s in moved], ("project",))
    await _upsert(tx, ScoreDayRow, [_day_row(s, day) for s in days], ("project", "day"))


def _said(score: Score) -> tuple[Any, ...]:
    return score.level, score.passed, score.asked, score.failed


def _row(of: Standing) -> dict[str, Any]:
    s = of.score
    return {"project": s.project, "level": s.level, "passed": s.passed, "asked": s.asked, "failed": list(s.failed), "at": s.at}


def _day_row(of: Standing, day: date) -> dict[str, Any]:
    s = of.score
    return {"project": s.project, "day": day, "team": of.team, "level": s.level, "passed": s.passed, "asked": s.asked}


async def _upsert(tx: Tx, model: Any, rows: Sequence[dict[str, Any]], key: Sequence[str]) -> None:
    if not rows:
        return
    dialect = sqlite if tx.session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(model)
    others = {name: statement.excluded[name] for name in rows[0] if name not in key}
    await tx.session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=others), list(rows))


async def _days(r: Reading, slugs: Collection[str], day: date) -> dict[str, tuple[Any, ...]]:
    columns = (ScoreDayRow.project, ScoreDayRow.team, ScoreDayRow.level, ScoreDayRow.passed, ScoreDayRow.asked)
    query = select(*columns).where(ScoreDayRow.project.in_(slugs), ScoreDayRow.day == day)
    return {row[0]: tuple(row[1:]) for row in await r.session.execute(query)}


async def _scores(r: Reading, slugs: Collection[str]) -> list[Score]:
    rows = await r.session.execute(select(*ScoreRow.__table__.columns).where(ScoreRow.project.in_(slugs)))
    return [_score(row) for row in rows]


def _score(row: Any) -> Score:
    return Score(row.project, row.level, row.passed, row.asked, tuple(row.failed), row.at)


async def forget_scores(tx: Tx, slugs: Collection[str]) -> None:
    """Of projects that no longer live; how they were day by day stays."""
    await tx.session.execute(delete(ScoreRow).where(ScoreRow.project.in_(slugs)))


async def forget_ended(tx: Tx, before: date) -> None:
    """Scores of projects that no longer live, and days before this one."""
    living = select(ProjectRow.slug).where(ProjectRow.state == ProjectState.active)
    await tx.session.execute(delete(ScoreRow).where(ScoreRow.project.not_in(living)))
    await tx.session.execute(delete(ScoreDayRow).where(ScoreDayRow.day < before))


@dataclass(frozen=True, slots=True)
class Which:
    """Which scores: a part of the slug or title, owners, a tier, a level, a rule that fails; None and empty ask for nothing."""

    text: str = ""
    teams: Collection[str] | None = None
    tier: int = 0
    level: int | None = None
    fails: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        """For a query over scores, projects and their open ownerships."""
        found: list[ColumnElement[bool]] = [ProjectRow.state == ProjectState.active]
        named = (ProjectRow.slug, ProjectRow.title)
        found += [or_(*(column.icontains(word, autoescape=True) for column in named)) for word in self.text.split()]
        if self.teams is not None:
            found.append(OwnershipRow.team.in_(self.teams))
        if self.tier:
            found.append(ProjectRow.tier == self.tier)
        if self.level is not None:
            found.append(ScoreRow.level == self.level)
        if self.fails:
            # Ids in a JSON list: quotes keep them apart.
            found.append(cast(ScoreRow.failed, String).contains(f'"{self.fails}"', autoescape=True))
        return found


async def scores(r: Reading, wanted: Which, *, skip: int, limit: int) -> Page[Score]:
    """The lowest level first, then those of which least holds, with the total."""
    query = _joined().where(*wanted.conditions())
    total = await r.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    share = ScoreRow.passed * 1000 / case((ScoreRow.asked == 0, 1), else_=ScoreRow.asked)
    ordered = query.order_by(ScoreRow.level, share, ScoreRow.project).offset(skip).limit(limit)
    found = [_score(row) for row in await r.session.execute(ordered)]
    return Page(found, str(skip + limit) if skip + limit < total else None, total)


def _joined() -> Any:
    query = select(*ScoreRow.__table__.columns).join(ProjectRow, ProjectRow.slug == ScoreRow.project)
    return query.join(OwnershipRow, and_(OwnershipRow.project == ProjectRow.slug, *OPEN))


async def score(r: Reading, slug: str) -> Score | None:
    """Of one project, as it was last worked out."""
    return next(iter(await _scores(r, [slug])), None)


async def team_scores(r: Reading, most: int) -> list[TeamScore]:
    """Of every team that owns a scored project."""
    counts = [func.sum(case((ScoreRow.level == n, 1), else_=0)) for n in range(most + 1)]
    query = select(OwnershipRow.team, func.sum(ScoreRow.passed), func.sum(ScoreRow.asked), *counts)
    query = query.join(ScoreRow, ScoreRow.project == OwnershipRow.project).where(*OPEN)
    rows: Any = await r.session.execute(query.group_by(OwnershipRow.team).order_by(OwnershipRow.team))
    return [TeamScore(row[0], tuple(int(n) for n in row[3:]), int(row[1]), int(row[2])) for row in rows]


async def failures(r: Reading) -> list[tuple[str, ...]]:
    """The rules that fail, by project."""
    return [tuple(failed) for failed in await r.session.scalars(select(ScoreRow.failed))]


async def score_days(r: Reading, since: date, most: int, *, team: str = "", project: str = "") -> list[ScoreDay]:
    """Day by day, of all projects, of those that were a team's on that day, or of one."""
    counts = [func.sum(case((ScoreDayRow.level == n, 1), else_=0)) for n in range(most + 1)]
    sums = (func.count(), func.sum(ScoreDayRow.passed), func.sum(ScoreDayRow.asked))
    query = select(ScoreDayRow.day, *sums, *counts).where(ScoreDayRow.day >= since)
    query = query.where(*([ScoreDayRow.team == team] if team else []), *([ScoreDayRow.project == project] if project else []))
    rows: Any = await r.session.execute(query.group_by(ScoreDayRow.day).order_by(ScoreDayRow.day))
    return [ScoreDay(row[0], int(row[1]), tuple(int(n) for n in row[4:]), int(row[2]), int(row[3])) for row in rows]


async def counts_of_dependants(r: Reading, slugs: Collection[str]) -> dict[str, int]:
    """How many projects say that they need each of these."""
    query = select(DependencyRow.name, func.count()).where(
        DependencyRow.kind == DependencyKind.project, DependencyRow.name.in_(slugs)
    )
    return {row[0]: row[1] for row in await r.session.execute(query.group_by(DependencyRow.name))}


async def ended_among(r: Reading, slugs: Collection[str]) -> set[str]:
    """Those of these projects that are retired or deprecated."""
    query = select(ProjectRow.slug).outerjoin(FactsRow, FactsRow.project == ProjectRow.slug)
    ended = or_(ProjectRow.state == ProjectState.retired, FactsRow.lifecycle == Lifecycle.deprecated)
    return set(await r.session.scalars(query.where(ProjectRow.slug.in_(slugs), ended)))
