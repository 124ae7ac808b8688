"""Reading what is in an account, page by page: what was read lies in memory until it is taken.

A checkpoint holds the place in the list alone: 250,000 assets an hour, kept for a month, would be a database of their own. A
page that a crash took with it is read again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from podo.catalog import service
from podo.catalog.steps.world import World
from podo.catalog.types import AssetPage, Provider, SeenAsset
from podo.kernel.db import Tx
from podo.kernel.durable import act, record
from podo.kernel.errors import PodoError

AT_ONCE = 1000
_read: dict[str, dict[str, tuple[SeenAsset, ...]]] = {}


@record
async def begin_inventory(tx: Tx, provider: str, account: str, region: str, source: str, run: str) -> bool:
    """Note that the look begins; False when the account is gone, or another run is at it."""
    return await service.begin_inventory(tx, Provider(provider), account, region, source, run)


@act(undo=None)
async def read_assets(
    world: World, account: Mapping[str, Any], region: str, source: str, run: str, cursor: str
) -> dict[str, Any]:
    """Read on from `cursor`, some pages at once; what was read before an error is kept, and the error comes next."""
    of = service.account_from(account)
    seen: list[SeenAsset] = []
    unsupported: set[str] = set()
    following = cursor
    while len(seen) < AT_ONCE:
        try:
            page: AssetPage = await world.assets.read(of, region, source, following)
        except PodoError:
            if not seen:
                raise
            break
        seen += page.seen
        unsupported |= set(page.unsupported)
        following = page.next
        if not following:
            break
    _read[run] = {cursor: tuple(seen)}
    return {"next": following, "unsupported": sorted(unsupported)}


@record
async def take_page(
    tx: Tx, provider: str, account: str, region: str, source: str, run: str, cursor: str, told: Sequence[str]
) -> str:
    """Take what was read from `cursor` on: `taken`; `lost` when a crash took it; `overtaken` when another run is at it now."""
    if (seen := _read.get(run, {}).get(cursor)) is None:
        return "lost"
    if not await service.take_inventory(tx, Provider(provider), account, region, source, run, seen, told):
        return "overtaken"
    return "taken"


@record
async def end_inventory(
    tx: Tx, provider: str, account: str, region: str, source: str, run: str, kinds: Sequence[str], but: Sequence[str] | None
) -> int:
    """All was seen: what was not is gone. `but` (not None) are kinds that other sources show; every other one is this one's."""
    _read.pop(run, None)
    return await service.end_inventory(tx, Provider(provider), account, region, source, run, kinds, but)


@record
async def inventory_failed(
    tx: Tx, provider: str, account: str, region: str, source: str, run: str, kind: str, said: Sequence[str]
) -> None:
    """It was not read to its end: what was seen stays, and nothing is removed."""
    _read.pop(run, None)
    await service.inventory_failed(tx, Provider(provider), account, region, source, run, kind, said[0], said[1])
