"""The order of steps of one look at one source of an account and region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from podo.catalog import service, steps
from podo.catalog.types import CursorLost, Provider
from podo.kernel.db import Tx
from podo.kernel.durable import workflow
from podo.kernel.errors import PodoError

# A list that changes under its reader may have to begin anew; after so many times the next look tries again.
_BEGINNINGS = 3


async def _stuck(tx: Tx, account: Mapping[str, Any], region: str, source: str, run: str, kinds: Any, but: Any, why: str) -> None:
    await service.inventory_failed(tx, Provider(account["provider"]), account["id"], region, source, run, "stuck", why, "")


@workflow("inventory_v1", stuck=_stuck)
async def look(
    account: Mapping[str, Any], region: str, source: str, run: str, kinds: Sequence[str], but: Sequence[str] | None
) -> str:
    """Read a list to its end and take it: `done`, `failed` (what was seen stays, nothing is removed), `overtaken` or `left`.

    What it did not show of `kinds` is gone then, or of all but `but` where that is given.
    """
    place = (account["provider"], account["id"], region, source, run)
    if not await steps.begin_inventory(*place):
        return "left"
    cursor, beginnings = "", 1
    while True:
        try:
            read = await steps.read_assets(account, region, source, run, cursor)
        except PodoError as error:
            if error.code == CursorLost.code and beginnings < _BEGINNINGS:
                cursor, beginnings = "", beginnings + 1
                continue
            await steps.inventory_failed(*place, error.kind, list(error.said()))
            return "failed"
        taken = await steps.take_page(*place, cursor, read["unsupported"])
        if taken == "overtaken":
            return "overtaken"
        if taken == "lost":
            continue
        cursor = read["next"]
        if not cursor:
            break
    await steps.end_inventory(*place, kinds, but)
    return "done"
