"""Undoing decisions about assets: what they replaced is so again, and who is nobody's is heard anew at once."""

from __future__ import annotations

from typing import Any

from podo.access import service as access
from podo.access.types import On
from podo.catalog import store
from podo.catalog.service.deciding import those
from podo.catalog.service.hearing import hear_assets
from podo.catalog.service.intake import resolve_assets
from podo.catalog.service.owners import own_assets, release_assets
from podo.catalog.types import ASSIGN, Asset, AssetDecisionWithdrawn, Decision, NoSuchDecision, of_asset
from podo.kernel import clock
from podo.kernel.db import Tx


async def undo_assets(tx: Tx, *, batch: str = "", asset: str = "") -> int:
    """Undo what was decided at once, or the newest standing decision about an asset; how many decisions that were.

    What an assignment replaced is so again, as far as tags say nothing else by now. Raises `NoSuchDecision`.
    """
    meant = None if batch else (await those(tx, [asset], gone=True))[0]
    found = await store.standing(tx, batch=batch, assets=[meant.id] if meant else [])
    found = found if batch else found[:1]
    if not found:
        if meant:
            await access.require(tx, ASSIGN, On(team=meant.team))
        raise NoSuchDecision(name=batch or asset)
    known = {it.id: it for it in await store.assets_by_ids(tx, [d.asset for d, _ in found])}
    for now, before in sorted({(known[d.asset].team or "", str(before.get("team", ""))) for d, before in found}):
        # Who has it now may give it back, and who kept it before may take it back.
        if not before or not (await access.may(tx, ASSIGN, On(team=before))).allowed:
            await access.require(tx, ASSIGN, On(team=now or None))
    await store.withdraw_decisions(tx, [d.id for d, _ in found], clock.now(), tx.actor.id)
    for decision, before in found:
        await _undo(tx, decision, before, known[decision.asset])
    assigned = [d.asset for d, _ in found if d.kind == "assign"]
    await resolve_assets(tx, assigned)
    await hear_assets(tx, assigned)
    return len(found)


async def _undo(tx: Tx, decision: Decision, before: dict[str, Any], it: Asset) -> None:
    if decision.kind == "quarantine":
        await store.set_assets(tx, [it.id], {"quarantined_at": None})
    elif before.get("holder") == of_asset(it.id) and before.get("team"):
        await own_assets(tx, {of_asset(it.id): before["team"]}, "undone", custody=bool(before["custody"]))
        await store.set_assets(tx, [it.id], {"holder": of_asset(it.id), "proof": before["proof"]})
    else:
        await release_assets(tx, [of_asset(it.id)])
        await store.set_assets(tx, [it.id], {"holder": before.get("holder", it.holder), "proof": before.get("proof", "")})
    tx.say(AssetDecisionWithdrawn(asset=it.id, name=it.name, kind=decision.kind, subject=f"asset/{it.id}"))
