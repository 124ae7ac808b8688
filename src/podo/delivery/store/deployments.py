"""Deployments and comments: writing, finding, listing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from podo.delivery.models import CommentRow, DeploymentRow, NumberRow, RolloutRow
from podo.delivery.store import rollouts
from podo.delivery.types import OPEN, Comment, Deployment, DeploymentKind, Search
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Page

# What a column of numbers can hold; nothing is numbered so high.
_LARGEST = 2**31 - 1

# What each step of a run asks is put together once.
_D: Any = DeploymentRow.__table__
_R: Any = RolloutRow.__table__
_MINE = (_D.c.project == bindparam("of"), _D.c.number == bindparam("nth"))
_RELEASE = select(_D.c.release).where(*_MINE)
_KIND = select(_D.c.kind).where(*_MINE)
_ONE = select(_D).where(*_MINE)
_OPEN = select(_D).where(_D.c.project == bindparam("of"), _D.c.open).order_by(_D.c.number)
_ANY_OPEN = select(_R.c.id).where(_R.c.project == _D.c.project, _R.c.number == _D.c.number, _R.c.state.in_(OPEN)).exists()
_WAITING = select(_R.c.project).where(_R.c.state == "waiting").distinct()
_SETTLE = update(_D).where(*_MINE).values(open=_ANY_OPEN)


async def next_number(tx: Tx, project: str) -> int:
    """The next number of a project's deployments; nobody else gets it."""
    dialect = sqlite if tx.session.get_bind().dialect.name == "sqlite" else postgresql
    insert = dialect.insert(NumberRow).values(project=project, build=0, deployment=1)
    given = {"deployment": NumberRow.deployment + 1}
    query = insert.on_conflict_do_update(index_elements=[NumberRow.project], set_=given).returning(NumberRow.deployment)
    return await tx.session.scalar(query) or 1


async def by_once(r: Reading, once: str) -> tuple[str, int] | None:
    """(project, number) of what asked by itself under this key."""
    query = select(DeploymentRow.project, DeploymentRow.number).where(DeploymentRow.once == once)
    found = (await r.session.execute(query)).first()
    return (found[0], found[1]) if found else None


async def add(tx: Tx, made: Deployment, *, once: str | None) -> None:
    """A new deployment with its rollouts."""
    tx.session.add(
        DeploymentRow(
            project=made.project,
            number=made.number,
            environment=made.environment,
            kind=made.kind,
            release=made.release,
            build=made.build,
            sha=made.commit,
            ref=made.ref,
            title=made.title,
            description=made.description,
            by=made.by,
            at=made.at,
            once=once,
            open=True,
        )
    )
    await tx.session.flush()
    await rollouts.add(tx, made.rollouts)


async def reseal(tx: Tx, project: str, number: int, release: str) -> None:
    """The deployment brings another release."""
    await tx.session.execute(update(DeploymentRow).where(_is(project, number)).values(release=release))


async def settle(tx: Tx, project: str, number: int) -> None:
    """Note whether anything of it is open."""
    await tx.session.execute(_SETTLE, {"of": project, "nth": number})


async def deployment(r: Reading, project: str, number: int) -> Deployment | None:
    """With rollouts and approvals."""
    row = (await r.session.execute(_ONE, {"of": project, "nth": min(number, _LARGEST)})).first()
    return (await _whole(r, [row]))[0] if row is not None else None


async def release_of(r: Reading, project: str, number: int) -> str:
    """The release it brings; empty when there is no such deployment."""
    return await r.session.scalar(_RELEASE, {"of": project, "nth": number}) or ""


async def kind_of(r: Reading, project: str, number: int) -> DeploymentKind:
    """Whether it brings something new, or goes back."""
    return DeploymentKind(await r.session.scalar(_KIND, {"of": project, "nth": number}))


async def open_ones(r: Reading, project: str) -> list[Deployment]:
    """Those of a project that have not finished, oldest first."""
    return await _whole(r, (await r.session.execute(_OPEN, {"of": project})).all())


async def waiting_in(r: Reading, projects: Collection[str] | None) -> list[Deployment]:
    """Open deployments with a rollout that waits for people, newest first; None: of all projects."""
    if projects is not None and not projects:
        return []
    waits = select(RolloutRow.id).where(
        RolloutRow.project == DeploymentRow.project,
        RolloutRow.number == DeploymentRow.number,
        RolloutRow.state == "waiting",
    )
    query = select(DeploymentRow).where(DeploymentRow.open, waits.exists()).order_by(DeploymentRow.at.desc())
    if projects is not None:
        query = query.where(DeploymentRow.project.in_(projects))
    return await _whole(r, list(await r.session.scalars(query.limit(100))))


async def projects_waiting(r: Reading) -> list[str]:
    """Projects with a rollout that waits for people."""
    return list(await r.session.scalars(_WAITING))


async def find(r: Reading, wanted: Search, *, cursor: str | None, limit: int) -> Page[Deployment]:
    """Newest first. The cursor is the time and place of the last one; a text that is none begins at the newest."""
    conditions = _conditions(wanted)
    if cursor and (last := _place(cursor)):
        at, project, number = last
        behind = and_(DeploymentRow.at == at, or_(DeploymentRow.project > project, _same(project, number)))
        conditions.append(or_(DeploymentRow.at < at, behind))
    order = (DeploymentRow.at.desc(), DeploymentRow.project, DeploymentRow.number.desc())
    rows = (await r.session.execute(select(_D).where(*conditions).order_by(*order).limit(limit + 1))).all()
    found = await _whole(r, rows[:limit])
    last_one = found[-1] if len(rows) > limit else None
    next_ = f"{last_one.at.isoformat()}~{last_one.project}~{last_one.number}" if last_one else None
    return Page(found, next_)


def _place(cursor: str) -> tuple[datetime, str, int] | None:
    """Time, project and number of the last one of a page; None for a text that is no cursor."""
    at, _, rest = cursor.partition("~")
    project, _, number = rest.partition("~")
    try:
        found = datetime.fromisoformat(at), project, min(int(number), _LARGEST)
    except ValueError:
        return None
    return found if found[0].tzinfo else None


async def numbered(r: Reading, number: int, project: str | None, limit: int) -> list[Deployment]:
    """Those with this number, of one project or of all, newest first."""
    query = select(DeploymentRow).where(DeploymentRow.number == number).order_by(DeploymentRow.at.desc())
    if project is not None:
        query = query.where(DeploymentRow.project == project)
    return await _whole(r, list(await r.session.scalars(query.limit(limit))))


async def somewhere(r: Reading, text: str, limit: int) -> list[Deployment]:
    """Those of all projects in whose title, commit or release `text` is, newest first."""
    query = select(DeploymentRow).where(*_conditions(Search(text=text))).order_by(DeploymentRow.at.desc())
    return await _whole(r, list(await r.session.scalars(query.limit(limit))))


async def counts(r: Reading, wanted: Search) -> tuple[int, int]:
    """How many are open, and how many finished."""
    query = select(DeploymentRow.open, func.count()).where(*_conditions(wanted)).group_by(DeploymentRow.open)
    found = {bool(is_open): count for is_open, count in await r.session.execute(query)}
    return found.get(True, 0), found.get(False, 0)


async def any_of(r: Reading, project: str) -> bool:
    """Whether a project ever deployed."""
    return await r.session.scalar(select(DeploymentRow.number).where(DeploymentRow.project == project).limit(1)) is not None


def add_comment(tx: Tx, comment: Comment) -> None:
    """What somebody said."""
    tx.session.add(CommentRow(**asdict(comment)))


async def comments(r: Reading, project: str, number: int, only: Collection[str] | None = None) -> list[Comment]:
    """Oldest first; where `only` names some, those."""
    c = CommentRow
    query = select(c.id, c.project, c.number, c.person, c.text, c.at).where(c.project == project, c.number == number)
    if only is not None:
        query = query.where(c.id.in_(only))
    return [Comment(*row) for row in await r.session.execute(query.order_by(c.at))]


async def comment_counts(r: Reading, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """How many comments each of several deployments has."""
    projects, numbers = {p for p, _ in keys}, {n for _, n in keys}
    query = (
        select(CommentRow.project, CommentRow.number, func.count())
        .where(CommentRow.project.in_(projects), CommentRow.number.in_(numbers))
        .group_by(CommentRow.project, CommentRow.number)
    )
    return {(p, n): count for p, n, count in await r.session.execute(query)}


def _is(project: str, number: int) -> ColumnElement[bool]:
    return and_(DeploymentRow.project == project, DeploymentRow.number == number)


def _same(project: str, number: int) -> ColumnElement[bool]:
    return and_(DeploymentRow.project == project, DeploymentRow.number < number)


def _conditions(wanted: Search) -> list[ColumnElement[bool]]:
    pairs = (
        (DeploymentRow.project, wanted.project),
        (DeploymentRow.environment, wanted.environment),
        (DeploymentRow.by, wanted.author),
    )
    found: list[ColumnElement[bool]] = [column == value for column, value in pairs if value is not None]
    if wanted.projects is not None:
        found.append(DeploymentRow.project.in_(bindparam("projects", list(wanted.projects), expanding=True)))
    if wanted.since is not None:
        found.append(DeploymentRow.at >= wanted.since)
    if wanted.text:
        words = (DeploymentRow.title, DeploymentRow.sha, DeploymentRow.release)
        found.append(or_(*(w.icontains(wanted.text, autoescape=True) for w in words)))
    if wanted.state in ("open", "finished"):
        found.append(DeploymentRow.open.is_(wanted.state == "open"))
    inside: list[ColumnElement[bool]] = []
    if wanted.region is not None:
        inside.append(RolloutRow.region == wanted.region)
    if wanted.state not in (None, "open", "finished"):
        inside.append(RolloutRow.state == wanted.state)
    if inside:
        here = (RolloutRow.project == DeploymentRow.project, RolloutRow.number == DeploymentRow.number)
        found.append(select(RolloutRow.id).where(*here, *inside).exists())
    return found


async def _whole(r: Reading, rows: Sequence[Any]) -> list[Deployment]:
    parts = await rollouts.of_deployments(r, [(row.project, row.number) for row in rows])
    return [
        Deployment(
            project=row.project,
            number=row.number,
            environment=row.environment,
            kind=DeploymentKind(row.kind),
            release=row.release,
            build=row.build,
            commit=row.sha,
            ref=row.ref,
            title=row.title,
            description=row.description,
            by=row.by,
            at=row.at,
            rollouts=tuple(parts.get((row.project, row.number), ())),
        )
        for row in rows
    ]
