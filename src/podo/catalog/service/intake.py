"""Taking what inventory saw: page by page, each safe to take twice; only a complete run removes anything."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from podo.access import service as access
from podo.catalog import store
from podo.catalog.rules import evidence as rules
from podo.catalog.service.owners import own_assets, release_assets
from podo.catalog.types import (
    GLOBAL,
    AssetsGone,
    AssetsLinked,
    Finished,
    InventoryDoubted,
    Proof,
    Provider,
    SeenAsset,
    Taken,
    Trouble,
    of_asset,
)
from podo.kernel import clock
from podo.kernel.db import Reading, Tx

MOST_GONE, FEW = 0.5, 50


@dataclass(frozen=True, slots=True)
class _Read:
    """An asset of a page beside what was known of it, and what it says of itself."""

    id: str
    seen: SeenAsset
    digest: str
    said: rules.Said
    was: Any


async def begin_assets(tx: Tx, provider: Provider, account: str, region: str, *, source: str, run: str) -> int:
    """Note that a run over a source begins; a second time does nothing. The number of the newest run is returned.

    Call it before the first page is read: what is not seen after this is missing.
    """
    known = await store.turn(tx, provider, account, region, source)
    if known is not None and known.run == run:
        return known.number
    return await store.begin_turn(tx, provider, account, region, source, run, was_doubted=known.is_doubted if known else False)


async def take_assets(
    tx: Tx, provider: Provider, account: str, region: str, seen: Sequence[SeenAsset], *, source: str, run: str
) -> Taken:
    """Take a page (at most some thousand) of what a run saw in an account and region. The same page twice changes nothing.

    Where a listing does not tell tags, creator or name, what was known stays. Owners follow from exact ids in tags and from the
    namespace that a known cluster made something for; what was decided stays. Leaves `AssetsLinked` where owners changed.
    """
    known_turn = await store.turn(tx, provider, account, region, source)
    # A page of a run that was overtaken meanwhile counts for the newer run: it shows what is there, and removes nothing.
    number = known_turn.number if known_turn else await begin_assets(tx, provider, account, region, source=source, run=run)
    read = await _read(tx, seen)
    moved = [it for it in read if it.was is None or it.was.digest != it.digest or it.was.gone_at is not None]
    await _settle(tx, provider, account, moved, number)
    # New ones were written with their turn.
    await store.stamp_assets(tx, [it.id for it in read if it.was is not None], number, clock.now())
    new = sum(1 for it in moved if it.was is None)
    back = sum(1 for it in moved if it.was is not None and it.was.gone_at is not None)
    return Taken(new=new, changed=len(moved) - new - back, same=len(read) - len(moved), back=back)


async def _read(r: Reading, seen: Sequence[SeenAsset]) -> list[_Read]:
    wanted = {rules.asset_id(it.arn): it for it in seen}
    known = await store.asset_rows(r, wanted)
    found: list[_Read] = []
    for id_, it in wanted.items():
        was = known.get(id_)
        full = rules.whole(it, was.tags, was.creator, was.name, was.created_at) if was else rules.whole(it)
        found.append(_Read(id_, full, rules.digest(full), rules.said(full.name, full.tags or {}, full.creator), was))
    return found


async def _settle(tx: Tx, provider: str, account: str, read: Sequence[_Read], number: int) -> None:
    """Write these rows with their owners, and say whose owners changed."""
    if not read:
        return
    register = await _register(tx, read)
    held = await _held(tx, read)
    now = clock.now()
    links = {it.id: _link(it, register, held.get(it.id), Provider(provider)) for it in read}
    rows = [_row(it, provider, account, links[it.id], number, now) for it in read]
    await store.add_assets(tx, [row for row, it in zip(rows, read, strict=True) if it.was is None])
    await store.change_assets(tx, [_without(row) for row, it in zip(rows, read, strict=True) if it.was is not None])
    await store.drop_cases(tx, [it.id for it in read if it.was is not None and it.was.trouble and links[it.id].trouble is None])
    direct = {of_asset(it.id): links[it.id].team for it in read if links[it.id].team}
    freed = [h for it in read if it.was is not None and (h := of_asset(it.id)) == it.was.holder != links[it.id].holder]
    await own_assets(tx, direct, "tag")
    await release_assets(tx, freed)
    _say(tx, provider, account, read, links)


@dataclass(frozen=True, slots=True)
class _Holding:
    """What an asset's row will say: its holder (empty: its account), how that is known, and the team to own it directly now."""

    holder: str
    proof: Proof | None
    trouble: Trouble | None
    team: str = ""


def _link(it: _Read, register: rules.Register, held: bool | None, provider: Provider) -> _Holding:
    """`held`: whether it is held directly now, and then whether only in custody."""
    was = it.was
    if was is not None and was.proof == Proof.decision and _still(was.holder, register):
        return _Holding(was.holder, Proof.decision, None)
    link = rules.link(it.said, register, provider)
    if link.project:
        return _Holding(f"project:{link.project}", link.proof, None)
    if link.team:
        return _Holding(of_asset(it.id), link.proof, None, link.team)
    if link.trouble is Trouble.dead and held is not None:
        # The team that its tags name is no more: what became of its things was settled where teams end.
        return _Holding(of_asset(it.id), None if held else Proof.tag, Trouble.dead if held else None)
    return _Holding("", None, link.trouble)


def _still(holder: str, register: rules.Register) -> bool:
    kind, _, name = holder.partition(":")
    return kind != "project" or name in register.projects


async def _register(r: Reading, read: Sequence[_Read]) -> rules.Register:
    held = {it.was.holder.partition(":")[2] for it in read if it.was is not None and it.was.holder.startswith("project:")}
    slugs = {name for it in read for name in (it.said.project, it.said.namespace) if name} | held
    living, retired = await store.living_projects(r, slugs)
    spaces = {it.said.namespace for it in read if it.said.cluster and it.said.namespace in living}
    teams = {t.id: t.ended_at is None for t in await access.teams(r)} if any(it.said.team for it in read) else {}
    return rules.Register(living, retired, teams, await store.namespaces_of(r, spaces))


async def _held(r: Reading, read: Sequence[_Read]) -> dict[str, bool]:
    """Of those that are held directly now: whether only in custody."""
    subjects = [it.was.holder for it in read if it.was is not None and it.was.holder == of_asset(it.id)]
    owners = await store.owners(r, subjects) if subjects else {}
    return {subject.partition(":")[2]: found.custody for subject, found in owners.items()}


def _row(it: _Read, provider: str, account: str, link: _Holding, number: int, now: datetime) -> dict[str, Any]:
    was, seen = it.was, it.seen
    return {
        "id": it.id,
        "provider": provider,
        "account": account,
        "region": seen.region,
        "kind": seen.kind,
        "name": seen.name,
        "arn": seen.arn,
        "tags": dict(seen.tags or {}),
        "creator": seen.creator,
        "created_at": seen.created_at,
        "found_at": was.found_at if was else now,
        "seen_at": was.seen_at if was else now,
        "gone_at": None,
        "turn": number,
        "digest": it.digest,
        "holder": link.holder or f"account:{provider}/{account}",
        "proof": link.proof or "",
        "trouble": link.trouble or "",
        "said_project": it.said.project,
        "said_team": it.said.team,
        "quarantined_at": was.quarantined_at if was else None,
        "stack": it.said.stack,
        "network": it.said.network,
        "prefix": it.said.prefix,
    }


def _without(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("found_at", "seen_at", "turn")}


def _say(tx: Tx, provider: str, account: str, read: Sequence[_Read], links: Mapping[str, _Holding]) -> None:
    found: dict[str, list[str]] = {}
    proofs: set[str] = set()
    lost = 0
    for it in read:
        link = links[it.id]
        owner = f"team:{link.team}" if link.team else link.holder
        before = it.was.holder if it.was is not None else ""
        if link.proof is not None and link.proof is not Proof.decision and (link.holder != before or link.team):
            found.setdefault(owner, []).append(it.id)
            proofs.add(link.proof)
        lost += bool(link.trouble and it.was is not None and not it.was.trouble)
    if found or lost:
        count = sum(len(ids) for ids in found.values())
        tx.say(
            AssetsLinked(
                provider=provider,
                account=account,
                count=count,
                lost=lost,
                evidence=",".join(sorted(proofs)),
                links=found,
                subject=f"account/{provider}/{account}",
            )
        )


async def resolve_assets(tx: Tx, ids: Collection[str]) -> None:
    """Find the owners of these anew, from what they say of themselves; what was decided and those that are gone stay."""
    rows = [row for row in (await store.asset_rows(tx, ids)).values() if row.gone_at is None]
    of: dict[tuple[str, str], list[_Read]] = {}
    for row in rows:
        seen = SeenAsset(row.arn, row.kind, row.name, row.region, row.tags, row.creator, row.created_at)
        known = _Read(row.id, seen, row.digest, rules.said(row.name, row.tags, row.creator), row)
        of.setdefault((row.provider, row.account), []).append(known)
    for (provider, account), read in of.items():
        await _settle(tx, provider, account, read, 0)


async def resolve_saying(tx: Tx, *, project: str = "", team: str = "") -> int:
    """Find the owners of assets anew that name this project or team, or that the project holds; how many there are."""
    rows = await store.assets_saying(tx, project=project, team=team)
    await resolve_assets(tx, [row.id for row in rows])
    return len(rows)


async def finish_assets(
    tx: Tx, provider: Provider, account: str, region: str, *, source: str, run: str, kinds: Collection[str]
) -> Finished:
    """A run has seen all that there is of these kinds in an account and region: what it did not see is gone.

    Asked `global`, a listing holds its kinds in every region. A run that a later one has overtaken removes nothing. When more
    than half, and more than `FEW`, is missing, nothing is removed until a second run in a row says the same: `InventoryDoubted`.
    """
    known = await store.turn(tx, provider, account, region, source)
    if not kinds or (known is not None and known.run != run):
        return Finished(0, is_doubted=False)
    number = known.number if known else await begin_assets(tx, provider, account, region, source=source, run=run)
    where = (provider, account, None if region == GLOBAL else region, kinds, number)
    missing, there = await store.count_missing(tx, *where)
    about = {"provider": provider, "account": account, "source": source, "subject": f"account/{provider}/{account}"}
    doubted = missing > FEW and missing > there * MOST_GONE and not (known and known.is_doubted)
    await store.doubt_turn(tx, provider, account, region, source, is_doubted=doubted)
    if doubted:
        tx.say(InventoryDoubted(**about, missing=missing, there=there))
    elif missing:
        await store.note_gone(tx, *where, clock.now())
        tx.say(AssetsGone(**about, count=missing))
    return Finished(0 if doubted else missing, is_doubted=doubted)
