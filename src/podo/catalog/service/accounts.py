"""Accounts of clouds: which there are, and how the looks into them went."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from podo.access import service as access
from podo.access.types import On
from podo.catalog import store
from podo.catalog.service.charts import custodian
from podo.catalog.service.intake import begin_assets, finish_assets, take_assets
from podo.catalog.service.owners import living_team, own_assets
from podo.catalog.types import (
    GLOBAL,
    GOVERN,
    AccountChanged,
    AccountInUse,
    AccountKind,
    AccountRemoved,
    CloudAccount,
    Inventory,
    InventoryAsked,
    InventoryFailed,
    InventoryRecovered,
    InventoryState,
    NoSuchAccount,
    Provider,
    SeenAsset,
    WrongAccount,
    WrongAccountName,
    WrongAccountRegions,
    WrongRole,
)
from podo.kernel import clock
from podo.kernel.db import Reading, Tx

_IDS = {Provider.aws: re.compile(r"\d{12}"), Provider.gcp: re.compile(r"(?:[a-z0-9.]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")}
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d{1,2}")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,200}")
# A run that is at it for so long is none any more: its engine's database was thrown away.
_LOST = timedelta(hours=6)
_FAILING = (InventoryState.waiting, InventoryState.refused, InventoryState.stuck)


async def accounts(r: Reading) -> list[CloudAccount]:
    """All of them, by provider and name."""
    return await store.accounts(r)


async def account(r: Reading, provider: Provider, id_: str) -> CloudAccount:
    """One of them. Raises `NoSuchAccount`."""
    found = await store.account(r, provider, id_)
    if found is None:
        raise NoSuchAccount(what="account", name=id_, provider=provider.value)
    return found


async def set_account(tx: Tx, wanted: CloudAccount) -> CloudAccount:
    """Add or change an account; its first inventory begins within seconds. What nobody owns in it is kept by its team.

    Without a team the custodian keeps it. Raises `WrongAccount`, `NoSuchTeam`, `TeamEnded`.
    """
    await access.require(tx, GOVERN, On())
    checked = _checked(wanted)
    team = (await living_team(tx, checked.team)).id if checked.team else ""
    checked = replace(checked, team=team)
    if checked == await store.account(tx, checked.provider, checked.id):
        return checked
    await store.put_account(tx, checked)
    if keeper := team or await custodian(tx):
        await own_assets(tx, {f"account:{checked.provider}/{checked.id}": keeper}, "account")
    tx.say(AccountChanged(**_about(checked)))
    return checked


async def remove_account(tx: Tx, provider: Provider, id_: str) -> None:
    """Ask this account no more; what was seen there stays known. Raises `NoSuchAccount`, `AccountInUse`."""
    await access.require(tx, GOVERN, On())
    found = await account(tx, provider, id_)
    if await store.is_being_tagged(tx, provider, id_):
        raise AccountInUse(name=found.name)
    await store.drop_account(tx, provider, id_)
    tx.say(AccountRemoved(**_about(found)))


async def ask_inventory(tx: Tx, provider: Provider, id_: str) -> None:
    """Let an account be looked at now. Raises `NoSuchAccount`."""
    await access.require(tx, GOVERN, On())
    found = await account(tx, provider, id_)
    await store.ask_inventories(tx, provider, id_, clock.now())
    tx.say(InventoryAsked(**_about(found)))


async def inventories(r: Reading, provider: Provider | None = None, account: str = "") -> list[Inventory]:
    """How the last looks went, of one account or of all."""
    return await store.inventories(r, provider, account)


async def counts_by_account(r: Reading) -> dict[tuple[str, str], int]:
    """How many assets are known to be there, by provider and account."""
    return await store.counts_by_account(r)


def account_from(facts: Mapping[str, Any]) -> CloudAccount:
    """An account from the plain JSON of `account_facts`."""
    told: dict[str, Any] = {name: value for name, value in facts.items() if name not in ("provider", "kind", "regions")}
    provider, kind = Provider(facts["provider"]), AccountKind(facts["kind"])
    return CloudAccount(provider=provider, kind=kind, regions=tuple(facts["regions"]), **told)


def account_facts(account: CloudAccount) -> dict[str, Any]:
    """An account as plain JSON, for runs; it holds no secret: an external id is none to AWS."""
    return {**asdict(account), "regions": list(account.regions), "provider": account.provider.value, "kind": account.kind.value}


def regions_of(account: CloudAccount) -> tuple[str, ...]:
    """What is asked one by one: the regions, and what belongs to none."""
    return (*account.regions, GLOBAL) if account.provider is Provider.aws else (GLOBAL,)


# -- told by the recording steps


async def begin_inventory(tx: Tx, provider: Provider, account: str, region: str, source: str, run: str) -> bool:
    """Note that a look begins; False when the account is gone, or another run is at it: one wins."""
    if await store.account(tx, provider, account) is None:
        return False
    now = clock.now()
    was = await store.inventory(tx, provider, account, region, source)
    busy = was is not None and was.state is InventoryState.running and was.run != run
    if busy and was is not None and was.began_at > now - _LOST:
        return False
    begun = Inventory(provider, account, region, source, InventoryState.running, run, now)
    # What went wrong the last time stays said until it goes well.
    last = replace(begun, done_at=was.done_at, why=was.why, do=was.do) if was else begun
    await store.put_inventory(tx, last)
    await begin_assets(tx, provider, account, region, source=source, run=run)
    return True


async def take_inventory(
    tx: Tx,
    provider: Provider,
    account: str,
    region: str,
    source: str,
    run: str,
    seen: Sequence[SeenAsset],
    unsupported: Collection[str],
) -> bool:
    """Take what a piece of a list showed; False when another run is at it now."""
    it = await _mine(tx, provider, account, region, source, run)
    if it is None:
        return False
    await take_assets(tx, provider, account, region, seen, source=source, run=run)
    kinds = tuple(sorted({*it.unsupported, *unsupported}))
    await store.put_inventory(tx, replace(it, pages=it.pages + 1, seen=it.seen + len(seen), unsupported=kinds))
    return True


async def end_inventory(
    tx: Tx,
    provider: Provider,
    account: str,
    region: str,
    source: str,
    run: str,
    kinds: Collection[str],
    but: Collection[str] | None,
) -> int:
    """The list was read to its end: what it did not show of `kinds`, or of all `but` these, is gone; how many."""
    it = await _mine(tx, provider, account, region, source, run)
    if it is None:
        return 0
    if but is not None:
        place = None if provider is Provider.gcp else region
        kinds = sorted(set(await store.kinds_there(tx, provider, account, place)) - set(but))
    finished = await finish_assets(tx, provider, account, region, source=source, run=run, kinds=kinds)
    now = clock.now()
    await store.put_inventory(
        tx, replace(it, state=InventoryState.done, ended_at=now, done_at=now, gone=finished.gone, why="", do="")
    )
    if it.why:
        tx.say(InventoryRecovered(provider=provider, account=account, place=region, source=source, subject=_subject(it)))
    return finished.gone


async def inventory_failed(
    tx: Tx, provider: Provider, account: str, region: str, source: str, run: str, kind: str, why: str, do: str
) -> None:
    """The list was not read to its end: what it showed stays, nothing is removed. Said once, not every hour."""
    it = await _mine(tx, provider, account, region, source, run)
    if it is None:
        return
    states = {"unavailable": InventoryState.waiting, "stuck": InventoryState.stuck}
    failed = replace(it, state=states.get(kind, InventoryState.refused), ended_at=clock.now(), why=why, do=do)
    await store.put_inventory(tx, failed)
    if not it.why:
        about = {"provider": provider.value, "account": account, "place": region, "source": source}
        tx.say(InventoryFailed(**about, why=why, subject=_subject(it)))


async def _mine(r: Reading, provider: Provider, account: str, region: str, source: str, run: str) -> Inventory | None:
    it = await store.inventory(r, provider, account, region, source)
    return it if it is not None and it.run == run and it.state is InventoryState.running else None


def _checked(wanted: CloudAccount) -> CloudAccount:
    clean = replace(wanted, id=wanted.id.strip(), name=wanted.name.strip(), regions=_regions(wanted), role=wanted.role.strip())
    if not _IDS[clean.provider].fullmatch(clean.id):
        raise WrongAccount(name=clean.id, provider=clean.provider.value.upper())
    if not 0 < len(clean.name) <= 120:
        raise WrongAccountName(name=clean.name, provider=clean.provider.value)
    wrong = [region for region in clean.regions if not _REGION.fullmatch(region)]
    if wrong or (clean.provider is Provider.aws and not clean.regions):
        raise WrongAccountRegions(name=", ".join(wrong), provider=clean.provider.value)
    if clean.role and (clean.provider is not Provider.aws or not _ROLE.fullmatch(clean.role)):
        raise WrongRole(name=clean.role, provider=clean.provider.value)
    return clean


def _regions(wanted: CloudAccount) -> tuple[str, ...]:
    if wanted.provider is Provider.gcp:
        return ()
    return tuple(dict.fromkeys(region.strip() for region in wanted.regions if region.strip()))


def _about(account: CloudAccount) -> dict[str, Any]:
    return {
        "provider": account.provider.value,
        "account": account.id,
        "name": account.name,
        "subject": f"account/{account.provider}/{account.id}",
    }


def _subject(it: Inventory) -> str:
    return f"account/{it.provider}/{it.account}"
