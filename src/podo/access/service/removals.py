"""How much a pushed directory may take away in a day, and what waits because it is more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from podo.access import rules, store
from podo.access.service.leaving import leave
from podo.access.service.people import person as the_person
from podo.access.service.rights import require
from podo.access.service.successions import insiders, record
from podo.access.types import (
    SYNC,
    EntryKind,
    Foreseen,
    NoSuchRemoval,
    On,
    Removal,
    RemovalDecided,
    RemovalWaits,
    SuccessionKind,
)
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.errors import N_

MOST_GONE = 0.2
WINDOW = timedelta(days=1)


async def lose(tx: Tx, kind: EntryKind, id_: str, name: str) -> None:
    """A person leaves or a team is dissolved, unless that is more than may go in a day: then it waits."""
    if await store.waiting_removal(tx, id_):
        return
    now = clock.now()
    gone = await store.removed_since(tx, now - WINDOW)
    fits = gone + 1 <= max(1, int(MOST_GONE * (await store.known_count(tx) + gone)))
    removal = Removal(ids.new("rem"), kind, id_, name, now, now if fits else None, taken=fits)
    await store.put_removal(tx, removal)
    if fits:
        await _take(tx, removal)
        return
    tx.say(RemovalWaits(removal=removal.id, name=name, subject=f"{kind.value.lower()}/{id_}"))


async def spare(tx: Tx, id_: str) -> None:
    """The directory has the person or team again: what waited waits no more."""
    waiting = await store.waiting_removal(tx, id_)
    if waiting is not None:
        await _decide(tx, waiting, taken=False, what=N_("the directory took it back"))


async def removals(r: Reading) -> list[Removal]:
    """What waits for an administrator, the oldest first."""
    await require(r, SYNC, On())
    return await store.waiting_removals(r)


async def take_removals(tx: Tx, ids_: Sequence[str]) -> list[Removal]:
    """Let these happen: people leave, teams are dissolved. Raises `NoSuchRemoval`."""
    return [await _settle(tx, id_, taken=True) for id_ in ids_]


async def keep_removals(tx: Tx, ids_: Sequence[str]) -> list[Removal]:
    """Keep these people and teams, whatever the directory said. Raises `NoSuchRemoval`."""
    return [await _settle(tx, id_, taken=False) for id_ in ids_]


async def _settle(tx: Tx, id_: str, *, taken: bool) -> Removal:
    await require(tx, SYNC, On())
    found = next((x for x in await store.waiting_removals(tx) if x.id == id_), None)
    if found is None:
        raise NoSuchRemoval(name=id_)
    if taken:
        await _take(tx, found)
    return await _decide(tx, found, taken=taken, what=N_("let go") if taken else N_("kept"))


async def _decide(tx: Tx, removal: Removal, *, taken: bool, what: str) -> Removal:
    decided = replace(removal, decided_at=clock.now(), decided_by=tx.actor.id, taken=taken)
    await store.put_removal(tx, decided)
    tx.say(RemovalDecided(removal=removal.id, name=removal.name, what=what))
    return decided


async def _take(tx: Tx, removal: Removal) -> None:
    if removal.kind is EntryKind.user:
        person = await the_person(tx, removal.of)
        if person.active:
            await leave(tx, person)
        if await store.entry(tx, "", EntryKind.user, person.id) is None:
            await _forget(tx, person.id)
        return
    team = next(t for t in await store.teams(tx) if t.id == removal.of)
    if team.ended_at is not None:
        return
    ended = replace(team, ended_at=clock.now())
    await store.put_team(tx, ended)
    await store.put_saying(tx, team.id, {})
    people = await insiders(tx, team.id)
    await store.put_members(tx, team.id, [])
    record(tx, Foreseen(SuccessionKind.dissolve, team.id, team.name, ()), ended, clock.now(), people=people)


async def _forget(tx: Tx, person: str) -> None:
    """Groups name nobody whom the directory deleted."""
    for mine in await store.memberships_by(tx, "", person):
        group = await store.entry(tx, "", EntryKind.group, mine.team)
        if group is not None:
            await store.put_entry(tx, replace(group, document=rules.without(group.document, person), changed_at=clock.now()))
    await store.put_memberships(tx, [], person=person)
