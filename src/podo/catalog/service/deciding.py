"""Decisions about assets: whose they are, and that nobody's are set apart. Each leaves an event, and each can be undone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from podo.access import service as access
from podo.access.types import On
from podo.catalog import store
from podo.catalog.service.owners import living_team, own_assets, release_assets
from podo.catalog.types import (
    ASSIGN,
    QUARANTINE,
    Asset,
    AssetGone,
    AssetsAssigned,
    AssetsQuarantined,
    Candidate,
    NoOrphan,
    NoSuchAsset,
    NoSuchProject,
    NotYetDue,
    OrphanCase,
    Proof,
    TooManyAssets,
    WrongOwner,
    of_asset,
    of_project,
)
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx

MOST_AT_ONCE = 500


async def assign_assets(tx: Tx, assets: Collection[str], owner: str, why: str) -> str:
    """Decide whose these are: `project:<slug>` or `team:<id or handle>`. The batch, by which it can be undone, is returned.

    Who may operate what the owner owns may claim what nobody does; otherwise one has to be of the team that owns or keeps it now.
    Raises `WrongOwner`, `NoSuchAsset`, `AssetGone`, `TooManyAssets`, `NoSuchTeam`, `TeamEnded`, `NoSuchProject`.
    """
    found = await those(tx, assets)
    owner, team, _ = await _owner(tx, owner)
    await _may_assign(tx, found, team)
    cases = {case.asset.id: case for case in await store.cases_by_ids(tx, [it.id for it in found])}
    return await assign(tx, [cases.get(it.id) or it for it in found], owner, why)


async def _may_assign(r: Reading, found: Sequence[Asset], team: str) -> None:
    mine = (await access.may(r, ASSIGN, On(team=team))).allowed
    for keeper in sorted({it.team or "" for it in found if not (mine and it.trouble is not None)}):
        await access.require(r, ASSIGN, On(team=keeper or None))


async def _owner(r: Reading, owner: str) -> tuple[str, str, str]:
    """(subject or `team:<id>`, the team that owns it then, its name)."""
    kind, _, name = owner.partition(":")
    if kind == "project" and name:
        found = await store.project(r, name)
        if found is None:
            raise NoSuchProject(name=name)
        return of_project(name), found.team, name
    if kind == "team" and name:
        team = await living_team(r, name)
        return f"team:{team.id}", team.id, team.name
    raise WrongOwner(owner=owner)


async def assign(tx: Tx, of: Sequence[OrphanCase | Asset], owner: str, why: str) -> str:
    """Write the decision; whoever calls has asked who may."""
    owner, team, name = await _owner(tx, owner)
    assets = [it.asset if isinstance(it, OrphanCase) else it for it in of]
    spoken = [_spoken(it, owner) for it in of]
    batch, now = ids.new("dec"), clock.now()
    rows = [
        _row(batch, it.id, "assign", owner, tx.actor.id, why, candidate, _before(it), now)
        for it, candidate in zip(assets, spoken, strict=True)
    ]
    await store.add_decisions(tx, rows)
    await _hold(tx, assets, owner, team, why)
    changed = [it.id for it in assets]
    await store.drop_cases(tx, changed)
    await store.hear_again(tx, changed)
    clues = {c.kind.value for candidate in spoken if candidate for c in candidate.clues}
    tx.say(
        AssetsAssigned(
            assets=",".join(changed),
            count=len(changed),
            owner=owner,
            owner_name=name,
            evidence=",".join(sorted(clues)),
            confidence=min((c.confidence if c else 0.0 for c in spoken), default=0.0),
            why=why,
            subject=_subject(changed),
            project=name if owner.startswith("project:") else None,
        )
    )
    return batch


def _before(it: Asset) -> dict[str, Any]:
    return {"holder": it.holder, "team": it.team or "", "custody": it.custody, "proof": it.proof or ""}


async def _hold(tx: Tx, assets: Sequence[Asset], owner: str, team: str, why: str) -> None:
    if owner.startswith("project:"):
        await release_assets(tx, [it.holder for it in assets if it.holder == of_asset(it.id)])
        await store.hold_assets(tx, {it.id: owner for it in assets}, Proof.decision)
        return
    await own_assets(tx, {of_asset(it.id): team for it in assets}, why)
    await store.hold_assets(tx, {it.id: of_asset(it.id) for it in assets}, Proof.decision)


def _spoken(it: OrphanCase | Asset, owner: str) -> Candidate | None:
    candidates = it.candidates if isinstance(it, OrphanCase) else ()
    return next((c for c in candidates if c.owner == owner), None)


def _row(
    batch: str, asset: str, kind: str, owner: str, by: str, why: str, spoken: Candidate | None, before: dict[str, Any], at: Any
) -> dict[str, Any]:
    return {
        "id": ids.new("ads"),
        "batch": batch,
        "asset": asset,
        "kind": kind,
        "owner": owner,
        "at": at,
        "by": by,
        "why": why,
        "before": before,
        "clues": store.kept_clues(spoken.clues) if spoken else [],
        "confidence": spoken.confidence if spoken else 0.0,
        "withdrawn_at": None,
        "withdrawn_by": "",
    }


async def quarantine_assets(tx: Tx, assets: Collection[str], why: str) -> str:
    """Set orphans apart whose time to be claimed is over. Nothing is deleted: a tag says so, and `undo_assets` ends it.

    Raises `NoOrphan`, `NotYetDue`, `NoSuchAsset`, `AssetGone`, `TooManyAssets`. The batch is returned.
    """
    found = await those(tx, assets)
    cases = {case.asset.id: case for case in await store.cases_by_ids(tx, [it.id for it in found])}
    for team in sorted({it.team or "" for it in found}):
        await access.require(tx, QUARANTINE, On(team=team or None))
    for it in found:
        if it.trouble is None or it.id not in cases:
            raise NoOrphan(name=it.name)
        if cases[it.id].due_at > clock.now():
            raise NotYetDue(name=it.name, due=cases[it.id].due_at.date().isoformat())
    fresh = [it.id for it in found if it.quarantined_at is None]
    if not fresh:
        return ""
    batch, now = ids.new("dec"), clock.now()
    await store.add_decisions(tx, [_row(batch, i, "quarantine", "", tx.actor.id, why, None, {}, now) for i in fresh])
    await store.set_assets(tx, fresh, {"quarantined_at": now})
    tx.say(AssetsQuarantined(assets=",".join(fresh), count=len(fresh), why=why, subject=_subject(fresh)))
    return batch


async def those(r: Reading, names: Collection[str], *, gone: bool = False) -> list[Asset]:
    """Assets by id, each once. Raises `TooManyAssets`, `NoSuchAsset`, and `AssetGone` unless those may be meant, too."""
    wanted = list(dict.fromkeys(names))
    if not 1 <= len(wanted) <= MOST_AT_ONCE:
        raise TooManyAssets(count=len(wanted), most=MOST_AT_ONCE)
    found = {it.id: it for it in await store.assets_by_ids(r, wanted)}
    for name in wanted:
        if name not in found:
            raise NoSuchAsset(name=name)
        if found[name].gone_at is not None and not gone:
            raise AssetGone(name=found[name].name, at=str(found[name].gone_at))
    return [found[name] for name in wanted]


def _subject(assets: Sequence[str]) -> str | None:
    return f"asset/{assets[0]}" if len(assets) == 1 else None
