"""SQL of the orphan court: cases, what speaks for whom, and decisions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, func, insert, literal, or_, select, update

from podo.catalog.models import AssetDecisionRow, OrphanCaseRow, OwnershipRow, ProjectRow
from podo.catalog.store.asset_lists import Sought
from podo.catalog.store.assets import ASSETS, OPEN, asset_of
from podo.catalog.types import Candidate, Clue, ClueGroup, ClueKind, Decision, OrphanCase, ProjectState, Trouble
from podo.kernel.db import Reading, Tx

_A = ASSETS.c
CASES: Any = OrphanCaseRow.__table__
_C = CASES.c
_OPEN_DECISION = AssetDecisionRow.withdrawn_at.is_(None)


async def without_case(r: Reading, limit: int) -> list[Any]:
    """Rows of assets of which nobody is known, and that have no case yet."""
    lost = and_(_A.trouble != "", _A.gone_at.is_(None))
    query = select(*_A).join_from(ASSETS, CASES, _C.asset == _A.id, isouter=True).where(lost, _C.asset.is_(None))
    return list(await r.session.execute(query.limit(limit)))


async def cases_to_hear(r: Reading, before: datetime, limit: int) -> list[Any]:
    """Rows of assets whose case was heard before this, the longest ago first; before those what is to be heard again."""
    join = select(*_A).join_from(ASSETS, CASES, _C.asset == _A.id)
    query = join.where(or_(_C.heard_at.is_(None), _C.heard_at < before), _A.gone_at.is_(None)).order_by(_C.heard_at.nulls_first())
    return list(await r.session.execute(query.limit(limit)))


async def open_cases(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """New cases, all columns given."""
    if rows:
        await tx.session.execute(insert(CASES), [dict(row) for row in rows])


async def note_heard(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """What speaks for whom now; rows by `asset`, all with the same columns."""
    for row in rows:
        values = {name: value for name, value in row.items() if name != "asset"}
        await tx.session.execute(update(CASES).where(_C.asset == row["asset"]).values(values))


async def hear_again(tx: Tx, ids: Collection[str]) -> None:
    """Neighbours of these have an owner now: their cases are heard next."""
    of = select(_A.account, _A.stack, _A.prefix).where(_A.id.in_(ids)).subquery()
    beside = or_(and_(_A.stack != "", _A.stack == of.c.stack), and_(_A.prefix != "", _A.prefix == of.c.prefix))
    near = select(_A.id).join_from(ASSETS, of, and_(_A.account == of.c.account, beside)).where(_A.trouble != "")
    await tx.session.execute(update(CASES).where(_C.asset.in_(near)).values(heard_at=None))


async def neighbours(r: Reading, kind: str, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], dict[str, int]]:
    """(account, value of what is shared) → how many there belong to whom; `kind` is a column: stack, prefix or network."""
    if not pairs:
        return {}
    column = _A[kind]
    owner = case((_A.holder.like("project:%"), _A.holder), else_="team:" + OwnershipRow.team)
    join = and_(OwnershipRow.subject == _A.holder, *OPEN)
    of = or_(*[and_(_A.account == account, column == value, column != "") for account, value in sorted(pairs)])
    query = select(_A.account, column, owner, func.count()).join_from(ASSETS, OwnershipRow, join)
    where = (of, _A.trouble == "", _A.gone_at.is_(None))
    found: dict[tuple[str, str], dict[str, int]] = {}
    for account, value, who, count in await r.session.execute(query.where(*where).group_by(_A.account, column, owner)):
        found.setdefault((account, value), {})[who] = count
    return found


async def active_slugs(r: Reading) -> list[str]:
    """Of all projects that live."""
    return list(await r.session.scalars(select(ProjectRow.slug).where(ProjectRow.state == ProjectState.active)))


async def owned_before(r: Reading, subjects: Collection[str]) -> dict[str, str]:
    """Who owned these directly last, of those that nobody owns directly now: subject → team."""
    over = (OwnershipRow.superseded_at.is_(None), OwnershipRow.until.is_not(None), OwnershipRow.custody.is_(False))
    query = select(OwnershipRow.subject, OwnershipRow.team).where(OwnershipRow.subject.in_(subjects), *over)
    return {subject: team for subject, team in await r.session.execute(query.order_by(OwnershipRow.until))}  # noqa: C416


def _cases(sought: Sought, because: str, best: str, teams: Collection[str] | None = None) -> Any:
    join = select(
        *_A, OwnershipRow.team.label("team"), OwnershipRow.custody.label("custody"), *[c.label(f"c_{c.name}") for c in _C]
    )
    found = join.join_from(ASSETS, CASES, _C.asset == _A.id).outerjoin(
        OwnershipRow, and_(OwnershipRow.subject == _A.holder, *OPEN)
    )
    where: list[ColumnElement[bool]] = [_C.because == because] if because else []
    where += [_C.best == best] if best else []
    where += [_of_teams(teams)] if teams is not None else []
    return found.where(*sought.conditions(), *where)


async def list_cases(
    r: Reading, sought: Sought, *, because: str, best: str, teams: Collection[str] | None = None, skip: int, limit: int
) -> list[OrphanCase]:
    """What was skipped last; before that the surest first, then the oldest. `teams`: those that they are likeliest to own."""
    order = (_C.skipped_at.is_not(None), _C.skipped_at, _C.confidence.desc(), _C.opened_at, _C.asset)
    rows = await r.session.execute(_cases(sought, because, best, teams).order_by(*order).offset(skip).limit(limit))
    return [_case(row) for row in rows]


async def count_cases(r: Reading, sought: Sought, *, because: str, best: str, teams: Collection[str] | None = None) -> int:
    """How many there are."""
    query = select(func.count()).select_from(_cases(sought, because, best, teams).subquery())
    return await r.session.scalar(query) or 0


async def cases_by_ids(r: Reading, ids: Collection[str]) -> list[OrphanCase]:
    """Several."""
    return [_case(row) for row in await r.session.execute(_cases(Sought(), "", "").where(_A.id.in_(ids)))]


async def clue_groups(r: Reading, sought: Sought, limit: int) -> list[ClueGroup]:
    """Cases that the same evidence speaks for, the most first."""
    of = _cases(sought, "", "").subquery()
    number = func.count().label("n")
    query = select(of.c.c_because, of.c.c_best, number, func.min(of.c.c_confidence)).where(of.c.c_best != "")
    rows = await r.session.execute(query.group_by(of.c.c_because, of.c.c_best).order_by(number.desc(), of.c.c_best).limit(limit))
    return [ClueGroup(ClueKind(because), best, n, least) for because, best, n, least in rows]


async def best_of(r: Reading, ids: Collection[str]) -> dict[str, int]:
    """Of these cases: likeliest owner → how many, without those where nothing speaks for anybody."""
    query = select(_C.best, func.count()).where(_C.asset.in_(ids), _C.best != "").group_by(_C.best).order_by(_C.best)
    return {best: count for best, count in await r.session.execute(query)}  # noqa: C416


def _unanswered(now: datetime, until: datetime) -> ColumnElement[bool]:
    """Somebody may own it, and was not reminded that the time, which is over by `until`, goes by."""
    return and_(_C.due_at > now, _C.due_at <= until, _C.reminded_at.is_(None), _C.best != "")


async def due_soon(r: Reading, now: datetime, until: datetime) -> tuple[dict[str, int], datetime | None]:
    """Likeliest owner → how many cases of which it was not reminded are over by then; and when the first one is."""
    query = select(_C.best, func.count(), func.min(_C.due_at)).where(_unanswered(now, until)).group_by(_C.best).order_by(_C.best)
    rows = list(await r.session.execute(query))
    return {best: count for best, count, _ in rows}, min((first for *_, first in rows), default=None)


async def note_reminded(tx: Tx, now: datetime, until: datetime) -> None:
    """Those of `due_soon` were reminded."""
    await tx.session.execute(update(CASES).where(_unanswered(now, until)).values(reminded_at=now))


async def claims_of(r: Reading, teams: Collection[str]) -> tuple[int, datetime | None]:
    """How many cases these teams, or projects of theirs, are likeliest to own; and since when the oldest of them waits."""
    found: list[tuple[int, datetime | None]] = []
    # Apart, each by the index of owners: both in one question would look through the whole queue.
    for mine in (_straight(teams), _by_projects(teams)):
        query = select(func.count(), func.min(_C.opened_at)).where(mine, _C.skipped_at.is_(None))
        found += [(count, first) for count, first in await r.session.execute(query)]
    return sum(count for count, _ in found), min((first for _, first in found if first), default=None)


def _of_teams(teams: Collection[str]) -> ColumnElement[bool]:
    return or_(_straight(teams), _by_projects(teams))


def _straight(teams: Collection[str]) -> ColumnElement[bool]:
    return _C.best.in_([f"team:{team}" for team in sorted(teams)])


def _by_projects(teams: Collection[str]) -> ColumnElement[bool]:
    owned = (OwnershipRow.team.in_(teams), OwnershipRow.project.is_not(None), *OPEN)
    return _C.best.in_(select(literal("project:").concat(OwnershipRow.project)).where(*owned))


async def skip_cases(tx: Tx, ids: Collection[str], at: datetime | None, by: str) -> None:
    """To the end of the queue, or (None) to their place again."""
    await tx.session.execute(update(CASES).where(_C.asset.in_(ids)).values(skipped_at=at, skipped_by=by))


async def add_decisions(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """All columns given. Leaves an event, which whoever calls says."""
    await tx.session.execute(insert(AssetDecisionRow), [dict(row) for row in rows])


async def decisions(r: Reading, asset: str) -> list[Decision]:
    """Of an asset, the newest first, withdrawn ones included."""
    query = select(AssetDecisionRow).where(AssetDecisionRow.asset == asset)
    rows = await r.session.scalars(query.order_by(AssetDecisionRow.at.desc(), AssetDecisionRow.id.desc()))
    return [_decision(row) for row in rows]


async def standing(
    r: Reading, *, batch: str = "", assets: Collection[str] = (), kind: str = ""
) -> list[tuple[Decision, dict[str, Any]]]:
    """Decisions that were not withdrawn, the newest first, each with what it replaced: of a batch, or of assets."""
    of = AssetDecisionRow.batch == batch if batch else AssetDecisionRow.asset.in_(assets)
    query = select(AssetDecisionRow).where(of, _OPEN_DECISION, *([AssetDecisionRow.kind == kind] if kind else []))
    rows = await r.session.scalars(query.order_by(AssetDecisionRow.at.desc(), AssetDecisionRow.id.desc()))
    return [(_decision(row), row.before) for row in rows]


async def with_undone(r: Reading, assets: Collection[str]) -> set[str]:
    """Of these, the assets about which an assignment was withdrawn."""
    undone = (AssetDecisionRow.asset.in_(assets), AssetDecisionRow.kind == "assign", AssetDecisionRow.withdrawn_at.is_not(None))
    return set(await r.session.scalars(select(AssetDecisionRow.asset).where(*undone)))


async def withdraw_decisions(tx: Tx, ids: Collection[str], at: datetime, by: str) -> None:
    """They are no longer so. Leaves an event, which whoever calls says."""
    change = update(AssetDecisionRow).where(AssetDecisionRow.id.in_(ids)).values(withdrawn_at=at, withdrawn_by=by)
    await tx.session.execute(change.execution_options(synchronize_session=False))


async def hold_assets(tx: Tx, holders: Mapping[str, str], proof: str) -> None:
    """From now on these (by id) are held by these subjects; nobody looks for an owner any more, and no quarantine stands."""
    known = {"proof": proof, "trouble": "", "quarantined_at": None}
    rows = [{"of": id_, "by": holder} for id_, holder in holders.items()]
    change = update(ASSETS).where(_A.id == bindparam("of")).values(holder=bindparam("by"), **known)
    await tx.session.execute(change, rows)


async def set_assets(tx: Tx, ids: Collection[str], values: Mapping[str, Any]) -> None:
    """The same values for several."""
    await tx.session.execute(update(ASSETS).where(_A.id.in_(ids)).values(dict(values)))


def kept_candidates(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """As they are kept in a case."""
    return [{"owner": c.owner, "confidence": c.confidence, "clues": kept_clues(c.clues)} for c in candidates]


def kept_clues(clues: Sequence[Clue]) -> list[list[Any]]:
    """As they are kept in a case or a decision."""
    return [[c.kind.value, c.value, c.confidence, c.count, c.of] for c in clues]


def _clues(kept: Sequence[Sequence[Any]]) -> tuple[Clue, ...]:
    return tuple(Clue(ClueKind(kind), value, confidence, count, of) for kind, value, confidence, count, of in kept)


def _case(row: Any) -> OrphanCase:
    candidates = tuple(Candidate(c["owner"], c["confidence"], _clues(c["clues"])) for c in row.c_candidates)
    return OrphanCase(
        asset_of(row), Trouble(row.c_trouble), row.c_opened_at, row.c_due_at, candidates, row.c_skipped_at, row.c_skipped_by
    )


def _decision(row: AssetDecisionRow) -> Decision:
    return Decision(
        id=row.id,
        batch=row.batch,
        asset=row.asset,
        kind=row.kind,
        owner=row.owner,
        at=row.at,
        by=row.by,
        why=row.why,
        clues=_clues(row.clues),
        confidence=row.confidence,
        withdrawn_at=row.withdrawn_at,
        withdrawn_by=row.withdrawn_by,
    )
