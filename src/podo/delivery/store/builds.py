"""All SQL of builds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from podo.delivery.models import BuildRow, NumberRow
from podo.delivery.types import Build, BuildState, Commit
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Page

# What a column of numbers can hold; nothing is numbered so high.
_LARGEST = 2**31 - 1
_B: Any = BuildRow.__table__
_BY_NUMBERS = (
    select(_B)
    .where(_B.c.project == bindparam("of"), _B.c.number.in_(bindparam("numbers", expanding=True)))
    .order_by(_B.c.number.desc())
)


async def lock(tx: Tx, project: str) -> None:
    """Until the transaction's end nobody else changes this project's builds, configuration or head."""
    dialect = sqlite if tx.session.get_bind().dialect.name == "sqlite" else postgresql
    insert = dialect.insert(NumberRow).values(project=project, build=0, deployment=0)
    same = {"build": NumberRow.build}
    await tx.session.execute(insert.on_conflict_do_update(index_elements=[NumberRow.project], set_=same))


async def next_number(tx: Tx, project: str) -> int:
    """The next number of a project's builds; nobody else gets it. The project is locked."""
    query = update(NumberRow).where(NumberRow.project == project).values(build=NumberRow.build + 1)
    number = await tx.session.scalar(query.returning(NumberRow.build), execution_options={"synchronize_session": False})
    assert number is not None
    return number


async def add(tx: Tx, made: Build) -> None:
    """A new build."""
    tx.session.add(
        BuildRow(
            id=made.id,
            project=made.project,
            number=made.number,
            sha=made.commit.sha,
            subject=made.commit.subject,
            author=made.commit.author,
            committed_at=made.commit.at,
            ref=made.ref,
            state=made.state,
            builder=made.builder,
            simulated=made.simulated,
            image=made.image,
            digest=made.digest,
            why=made.why,
            by=made.by,
            asked_at=made.asked_at,
            started_at=made.started_at,
            ended_at=made.ended_at,
            chosen=dict(made.values),
        )
    )
    await tx.session.flush()


async def change(tx: Tx, id_: str, values: Mapping[str, Any]) -> Build:
    """Set columns by name; the build as it is then."""
    row = await tx.session.get_one(BuildRow, id_)
    for name, value in values.items():
        setattr(row, name, value)
    await tx.session.flush()
    return _build(row)


async def by_id(r: Reading, id_: str) -> Build | None:
    """One."""
    row = await r.session.get(BuildRow, id_)
    return _build(row) if row else None


async def held(tx: Tx, id_: str) -> Build | None:
    """One, which nobody else changes until the transaction's end."""
    row = await tx.session.get(BuildRow, id_, with_for_update=True, populate_existing=True)
    return _build(row) if row else None


async def by_number(r: Reading, project: str, number: int) -> Build | None:
    """One."""
    return await _first(r, BuildRow.project == project, BuildRow.number == min(number, _LARGEST))


async def by_numbers(r: Reading, project: str, numbers: Collection[int]) -> list[Build]:
    """Several, newest first."""
    rows = await r.session.execute(_BY_NUMBERS, {"of": project, "numbers": [n for n in numbers if n < _LARGEST]})
    return [_build(row) for row in rows]


async def of_sha(r: Reading, project: str, sha: str) -> Build | None:
    """The newest of a commit."""
    return await _first(r, BuildRow.project == project, BuildRow.sha == sha)


async def newest_in(r: Reading, project: str, state: BuildState) -> Build | None:
    """The newest in this state."""
    return await _first(r, BuildRow.project == project, BuildRow.state == state)


async def page(r: Reading, project: str, before: int | None, limit: int) -> Page[Build]:
    """Newest first, those below number `before`, with the total."""
    mine = BuildRow.project == project
    total = await r.session.scalar(select(func.count()).select_from(BuildRow).where(mine))
    query = select(BuildRow).where(mine).order_by(BuildRow.number.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(BuildRow.number < min(before, _LARGEST))
    rows = (await r.session.scalars(query)).all()
    found = [_build(row) for row in rows[:limit]]
    return Page(found, str(found[-1].number) if len(rows) > limit else None, total)


async def _first(r: Reading, *conditions: ColumnElement[bool]) -> Build | None:
    query = select(BuildRow).where(*conditions).order_by(BuildRow.number.desc()).limit(1)
    row = await r.session.scalar(query)
    return _build(row) if row else None


def _build(row: Any) -> Build:
    return Build(
        id=row.id,
        project=row.project,
        number=row.number,
        commit=Commit(row.sha, row.subject, row.author, row.committed_at),
        ref=row.ref,
        state=BuildState(row.state),
        builder=row.builder,
        simulated=row.simulated,
        image=row.image,
        digest=row.digest,
        why=row.why,
        by=row.by,
        asked_at=row.asked_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        values=row.chosen,
    )
