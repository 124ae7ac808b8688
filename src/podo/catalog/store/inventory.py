"""SQL of accounts and of looks into them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, func, select, update

from podo.catalog.models import AccountRow, AssetRow, InventoryRow, TagChangeRow, TagPlanRow
from podo.catalog.types import (
    AccountKind,
    CloudAccount,
    Inventory,
    InventoryState,
    Provider,
    TagChangeState,
    TagPlanState,
)
from podo.kernel.db import Reading, Tx


async def accounts(r: Reading) -> list[CloudAccount]:
    """All of them, by provider and name."""
    rows = await r.session.scalars(select(AccountRow).order_by(AccountRow.provider, AccountRow.name, AccountRow.id))
    return [_account(row) for row in rows]


async def account(r: Reading, provider: Provider, id_: str) -> CloudAccount | None:
    """One of them."""
    row = await r.session.get(AccountRow, (provider, id_))
    return _account(row) if row else None


async def put_account(tx: Tx, account: CloudAccount) -> None:
    """Add or change."""
    await tx.session.merge(AccountRow(**{**asdict(account), "regions": list(account.regions)}))
    await tx.session.flush()


async def drop_account(tx: Tx, provider: Provider, id_: str) -> None:
    """Remove it, and what is known of looks into it."""
    of = (InventoryRow.provider == provider, InventoryRow.account == id_)
    await tx.session.execute(delete(InventoryRow).where(*of))
    await tx.session.execute(delete(AccountRow).where(AccountRow.provider == provider, AccountRow.id == id_))


async def is_being_tagged(r: Reading, provider: Provider, id_: str) -> bool:
    """Whether a plan under way still waits for assets of this account."""
    query = (
        select(TagChangeRow.asset)
        .join(TagPlanRow, TagPlanRow.id == TagChangeRow.plan)
        .where(TagPlanRow.state == TagPlanState.applying, TagChangeRow.state == TagChangeState.waiting)
        .where(TagChangeRow.provider == provider, TagChangeRow.account == id_)
    )
    return await r.session.scalar(query.limit(1)) is not None


async def inventories(r: Reading, provider: Provider | None = None, account: str = "") -> list[Inventory]:
    """The last looks, by account, region and source."""
    query = select(InventoryRow).order_by(InventoryRow.provider, InventoryRow.account, InventoryRow.region, InventoryRow.source)
    if provider is not None:
        query = query.where(InventoryRow.provider == provider, InventoryRow.account == account)
    return [_inventory(row) for row in await r.session.scalars(query)]


async def inventory(r: Reading, provider: Provider, account: str, region: str, source: str) -> Inventory | None:
    """The last look at one source."""
    row = await r.session.get(InventoryRow, (provider, account, region, source), populate_existing=True)
    return _inventory(row) if row else None


async def put_inventory(tx: Tx, it: Inventory) -> None:
    """Add or change; that it was asked for is answered."""
    await tx.session.merge(InventoryRow(**{**asdict(it), "unsupported": list(it.unsupported)}))


async def ask_inventories(tx: Tx, provider: Provider, account: str, at: datetime) -> None:
    """Let all sources of an account be due."""
    of = (InventoryRow.provider == provider, InventoryRow.account == account)
    await tx.session.execute(update(InventoryRow).where(*of).values(asked_at=at))


async def kinds_there(r: Reading, provider: Provider, account: str, region: str | None) -> list[str]:
    """Kinds of assets that are known in an account and region (None: anywhere) and are not gone."""
    of = [AssetRow.provider == provider, AssetRow.account == account, AssetRow.gone_at.is_(None)]
    of += [AssetRow.region == region] if region is not None else []
    return list(await r.session.scalars(select(AssetRow.kind).where(*of).distinct()))


def _account(row: AccountRow) -> CloudAccount:
    return CloudAccount(
        provider=Provider(row.provider),
        id=row.id,
        name=row.name,
        regions=tuple(row.regions),
        role=row.role,
        external_id=row.external_id,
        team=row.team,
        kind=AccountKind(row.kind),
    )


def _inventory(row: InventoryRow) -> Inventory:
    return Inventory(
        provider=Provider(row.provider),
        account=row.account,
        region=row.region,
        source=row.source,
        state=InventoryState(row.state),
        run=row.run,
        began_at=row.began_at,
        ended_at=row.ended_at,
        done_at=row.done_at,
        asked_at=row.asked_at,
        pages=row.pages,
        seen=row.seen,
        gone=row.gone,
        why=row.why,
        do=row.do,
        unsupported=tuple(row.unsupported),
    )


async def counts_by_account(r: Reading) -> dict[tuple[str, str], int]:
    """How many assets are known to be there, by provider and account."""
    query = (
        select(AssetRow.provider, AssetRow.account, func.count())
        .where(AssetRow.gone_at.is_(None))
        .group_by(AssetRow.provider, AssetRow.account)
    )
    return {(provider, account): count for provider, account, count in await r.session.execute(query)}
