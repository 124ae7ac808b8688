"""SQL of assets: taking what was seen, by whole pages, and what was decided of single ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, bindparam, delete, func, insert, or_, select, update

from podo.catalog.models import AssetRow, AssetTurnRow, NamespaceRow, OrphanCaseRow, OwnershipRow, ProjectRow
from podo.catalog.store.finding import note_assets
from podo.catalog.types import Asset, Proof, Provider, Trouble
from podo.kernel.db import Reading, Tx

_BATCH = 2000
ASSETS: Any = AssetRow.__table__
OWNERS: Any = OwnershipRow.__table__
OPEN = (OwnershipRow.until.is_(None), OwnershipRow.superseded_at.is_(None))


@dataclass(frozen=True, slots=True)
class Turn:
    """The newest run over a source, its number, and whether what it found was doubted."""

    run: str
    number: int
    is_doubted: bool


async def turn(r: Reading, provider: str, account: str, region: str, source: str) -> Turn | None:
    """None where nobody ever looked."""
    row = await r.session.get(AssetTurnRow, (provider, account, region, source))
    return Turn(row.run, row.turn, row.is_doubted) if row else None


async def begin_turn(tx: Tx, provider: str, account: str, region: str, source: str, run: str, *, was_doubted: bool) -> int:
    """The number of a run that begins now: higher than all before."""
    number = (await tx.session.scalar(select(func.max(AssetTurnRow.turn))) or 0) + 1
    row = AssetTurnRow(
        provider=provider, account=account, region=region, source=source, run=run, turn=number, is_doubted=was_doubted
    )
    await tx.session.merge(row)
    await tx.session.flush()
    return number


async def doubt_turn(tx: Tx, provider: str, account: str, region: str, source: str, *, is_doubted: bool) -> None:
    """Remember whether the last complete run was believed."""
    row = await tx.session.get(AssetTurnRow, (provider, account, region, source))
    assert row is not None
    row.is_doubted = is_doubted


async def asset_rows(r: Reading, ids: Collection[str]) -> dict[str, Any]:
    """What is known of these, as plain rows."""
    found: dict[str, Any] = {}
    for part in _parts(ids):
        rows = await r.session.execute(select(*ASSETS.c).where(ASSETS.c.id.in_(part)))
        found.update({row.id: row for row in rows})
    return found


async def add_assets(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """New rows, all columns given."""
    if rows:
        await tx.session.execute(insert(_table()), [dict(row) for row in rows])
        await note_assets(tx, rows)


async def change_assets(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows by `id`, each with the same columns."""
    if not rows:
        return
    names = [name for name in rows[0] if name != "id"]
    change = update(_table()).where(ASSETS.c.id == bindparam("of")).values({name: bindparam(f"v_{name}") for name in names})
    await tx.session.execute(change, [{"of": row["id"], **{f"v_{name}": row[name] for name in names}} for row in rows])
    if {"name", "arn"} <= set(names):
        await note_assets(tx, rows)


async def stamp_assets(tx: Tx, ids: Collection[str], number: int, at: datetime) -> None:
    """They were seen by this run, and are there."""
    later = ASSETS.c.seen_at < at
    for part in _parts(ids):
        same = ASSETS.c.id.in_(part)
        await tx.session.execute(update(_table()).where(same).values(turn=number, gone_at=None))
        await tx.session.execute(update(_table()).where(same, later).values(seen_at=at))


def _missing(provider: str, account: str, region: str | None, kinds: Collection[str], number: int) -> ColumnElement[bool]:
    place = [ASSETS.c.region == region] if region is not None else []
    of = (ASSETS.c.provider == provider, ASSETS.c.account == account, ASSETS.c.kind.in_(kinds), *place)
    return and_(*of, ASSETS.c.gone_at.is_(None), ASSETS.c.turn < number)


async def count_missing(
    r: Reading, provider: str, account: str, region: str | None, kinds: Collection[str], number: int
) -> tuple[int, int]:
    """(what this run did not see, what there is in all) of these kinds; region None: in every region."""
    missing = await r.session.scalar(select(func.count()).where(_missing(provider, account, region, kinds, number)))
    place = [ASSETS.c.region == region] if region is not None else []
    of = (ASSETS.c.provider == provider, ASSETS.c.account == account, ASSETS.c.kind.in_(kinds), *place)
    there = await r.session.scalar(select(func.count()).where(*of, ASSETS.c.gone_at.is_(None)))
    return missing or 0, there or 0


async def note_gone(
    tx: Tx, provider: str, account: str, region: str | None, kinds: Collection[str], number: int, at: datetime
) -> None:
    """What this run did not see is gone, and nobody looks for its owner any more."""
    missing = _missing(provider, account, region, kinds, number)
    gone = select(ASSETS.c.id).where(missing)
    await tx.session.execute(delete(OrphanCaseRow.__table__).where(OrphanCaseRow.asset.in_(gone)))  # type: ignore[arg-type]
    await tx.session.execute(update(_table()).where(missing).values(gone_at=at))


async def living_projects(r: Reading, slugs: Collection[str]) -> tuple[set[str], set[str]]:
    """Of these slugs: (projects that live or may come back, projects that were retired for good)."""
    query = select(ProjectRow.slug, ProjectRow.closed_at).where(ProjectRow.slug.in_(slugs))
    found = (await r.session.execute(query)).all() if slugs else []
    living = {slug for slug, closed_at in found if closed_at is None}
    return living, {slug for slug, _ in found} - living


async def namespaces_of(r: Reading, slugs: Collection[str]) -> set[tuple[str, str]]:
    """(cluster, namespace) of these."""
    query = select(NamespaceRow.cluster, NamespaceRow.project).where(NamespaceRow.project.in_(slugs))
    return {(cluster, slug) for cluster, slug in await r.session.execute(query)} if slugs else set()


async def assets_saying(r: Reading, *, project: str = "", team: str = "", limit: int = 20_000) -> list[Any]:
    """Rows whose tags name this project or team (in the spelling of either cloud), or that the project holds."""
    of = [ASSETS.c.said_project == project, ASSETS.c.holder == f"project:{project}"] if project else []
    named = [ASSETS.c.said_team.in_({team, team.lower()})] if team else []
    return list(await r.session.execute(select(*ASSETS.c).where(or_(*of, *named)).order_by(ASSETS.c.id).limit(limit)))


async def drop_cases(tx: Tx, ids: Iterable[str]) -> None:
    """Somebody is known, or they are gone."""
    for part in _parts(list(ids)):
        await tx.session.execute(delete(_cases()).where(OrphanCaseRow.asset.in_(part)))


async def asset(r: Reading, id_: str) -> Asset | None:
    """With its owner now."""
    row = (await r.session.execute(with_owner().where(ASSETS.c.id == id_))).first()
    return asset_of(row) if row else None


async def assets_by_ids(r: Reading, ids: Collection[str]) -> list[Asset]:
    """Several, by id."""
    found: list[Asset] = []
    for part in _parts(ids):
        found += [asset_of(row) for row in await r.session.execute(with_owner().where(ASSETS.c.id.in_(part)))]
    return found


async def assets_after(r: Reading, provider: str, account: str, region: str, cursor: str, limit: int) -> list[Asset]:
    """Those of an account and region that are there, by id, with their owners."""
    where = [ASSETS.c.provider == provider, ASSETS.c.account == account, ASSETS.c.gone_at.is_(None), ASSETS.c.id > cursor]
    where += [ASSETS.c.region == region] if region else []
    query = with_owner().where(*where).order_by(ASSETS.c.id).limit(limit)
    return [asset_of(row) for row in await r.session.execute(query)]


def with_owner() -> Any:
    """Columns of assets, with team and custody of the one open interval of what holds them."""
    join = and_(OwnershipRow.subject == ASSETS.c.holder, *OPEN)
    return select(*ASSETS.c, OwnershipRow.team.label("team"), OwnershipRow.custody.label("custody")).join_from(
        ASSETS, OWNERS, join, isouter=True
    )


def asset_of(row: Any) -> Asset:
    """The noun; `row` has the columns of `with_owner`."""
    return Asset(
        id=row.id,
        provider=Provider(row.provider),
        account=row.account,
        region=row.region,
        kind=row.kind,
        name=row.name,
        arn=row.arn,
        tags=row.tags,
        creator=row.creator,
        created_at=row.created_at,
        found_at=row.found_at,
        seen_at=row.seen_at,
        gone_at=row.gone_at,
        holder=row.holder,
        team=row.team,
        custody=bool(row.custody),
        proof=Proof(row.proof) if row.proof else None,
        trouble=Trouble(row.trouble) if row.trouble else None,
        quarantined_at=row.quarantined_at,
    )


def _parts(ids: Collection[str]) -> list[list[str]]:
    wanted = list(ids)
    return [wanted[first : first + _BATCH] for first in range(0, len(wanted), _BATCH)]


def _table() -> Table:
    return ASSETS


def _cases() -> Table:
    table: Any = OrphanCaseRow.__table__
    return table
