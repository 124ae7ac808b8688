"""A group that a SCIM client pushed, written through to the team that it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from podo.access import rules, store
from podo.access.service.directory import take_back_ends
from podo.access.service.removals import lose, spare
from podo.access.service.successions import custodian, insiders, record
from podo.access.types import (
    EntryKind,
    Foreseen,
    KeptTeam,
    PersonChanged,
    SuccessionKind,
    Team,
    TeamChanged,
    WrongDirectory,
)
from podo.kernel.db import Tx

Document = Mapping[str, Any]


async def write_group(
    tx: Tx, id_: str, group: Document, now: datetime, *, gone: bool = False, keeps: Sequence[KeptTeam] = ()
) -> Document:
    """Make the team what the group says; gives the group with the handle that it has. Raises `WrongDirectory`."""
    known = {t.id: t for t in await store.teams(tx)}
    was, word = known.get(id_), (await store.sayings(tx)).get(id_, {})
    team = _wanted(id_, group, known)
    if team.began_at is not None and team.began_at > now:
        return group
    team = replace(team, parent=await _begun(tx, team.parent, known))
    wanted, rest = rules.settled(team, was, word)
    over = _over(team, now, gone=gone)
    if over is not None:
        await _end(tx, replace(wanted, ended_at=over), was, group, word, keeps)
        return group
    wanted = replace(wanted, ended_at=None)
    if rules.circle({t.id: t.parent for t in known.values()} | {id_: wanted.parent}):
        raise WrongDirectory(why=f"the team {team.name} is above itself")
    await spare(tx, id_)
    if "living" in word:
        await _members(tx, str(word.get("into") or ""), group, added=True)
        return group
    for other in known.values():
        if other.handle == wanted.handle and other.id != wanted.id:
            await store.put_team(tx, rules.let_go(other, [wanted.handle]))
    await _put(tx, wanted, was, rest if rest != dict(word) else None, now)
    await _members(tx, id_, group)
    return group


def _over(team: Team, now: datetime, *, gone: bool) -> datetime | None:
    """Since when it is over, None while it is not."""
    if team.ended_at is not None and team.ended_at <= now:
        return team.ended_at
    return now if gone else None


def _wanted(id_: str, group: Document, known: Mapping[str, Team]) -> Team:
    taken = {t.handle for t in known.values() if t.id != id_ and t.ended_at is None}
    named = rules.part(group, rules.TEAM).get("handle")
    team = rules.team_of(id_, group, taken)
    if named and team.handle in taken:
        raise WrongDirectory(why=f"another team has the handle {team.handle}")
    if not named and id_ in known and known[id_].name == team.name:
        return replace(team, handle=known[id_].handle)
    return team


async def _begun(tx: Tx, parent: str | None, known: Mapping[str, Team]) -> str | None:
    """The nearest team above that has begun. Raises `WrongDirectory` where there is no such group."""
    seen: set[str] = set()
    while parent is not None and parent not in known:
        above = await store.entry(tx, "", EntryKind.group, parent)
        if above is None or parent in seen:
            raise WrongDirectory(why=f"there is no team {parent} to stand under")
        seen.add(parent)
        parent = rules.parent_of(above.document)
    return parent


async def _put(tx: Tx, wanted: Team, was: Team | None, rest: dict[str, Any] | None, now: datetime) -> None:
    if was != wanted:
        await store.put_team(tx, wanted)
    if rest is not None:
        await store.put_saying(tx, wanted.id, rest)
    facts: dict[str, Any] = {"team": wanted.id, "name": wanted.name, "subject": f"team/{wanted.handle}"}
    if was is None or was.ended_at is not None:
        if was is not None:
            await take_back_ends(tx, wanted)
        tx.say(TeamChanged(what="began", **facts))
        return
    became = rules.renamed_or_moved(was, wanted)
    for one in became:
        record(tx, one, wanted, now)
    if not became and was != wanted:
        tx.say(TeamChanged(what="changed", **facts))


async def _end(
    tx: Tx, ended: Team, was: Team | None, group: Document, word: Mapping[str, Any], keeps: Sequence[KeptTeam]
) -> None:
    known = {t.id: t for t in await store.teams(tx)}
    heirs = rules.successors_of(group)
    if unknown := [h for h in heirs if h not in known]:
        raise WrongDirectory(why=f"there is no team {unknown[0]} to follow {ended.name}")
    gone = {s.team: s.successors for s in await store.successions(tx) if s.withdrawn_at is None and s.successors}
    followed = tuple(h for h in rules.heirs(ended.id, {**gone, ended.id: heirs}, ()) if known[h].ended_at is None)
    if was is None:
        await store.put_team(tx, rules.let_go(ended, {t.handle for t in known.values() if t.id != ended.id}))
        tx.say(TeamChanged(team=ended.id, name=ended.name, what="ended", subject=f"team/{ended.handle}"))
        return
    if was.ended_at is not None:
        if "living" in word:
            await store.put_saying(tx, was.id, {})
        return
    if was.id == await custodian(tx, keeps):
        raise WrongDirectory(why=f"the team {was.name} owns what nobody else does, and never ends")
    if not followed:
        await lose(tx, EntryKind.group, was.id, was.name)
        return
    await end_team(tx, replace(ended, handle=was.handle), followed)


async def end_team(tx: Tx, ended: Team, followed: Sequence[str]) -> None:
    """The team ends, and what became of it is recorded."""
    kind = (SuccessionKind.dissolve, SuccessionKind.merge, SuccessionKind.split)[min(len(followed), 2)]
    await store.put_team(tx, ended)
    await store.put_saying(tx, ended.id, {})
    people = await insiders(tx, ended.id)
    await store.put_members(tx, ended.id, [])
    assert ended.ended_at is not None
    record(tx, Foreseen(kind, ended.id, ended.name, tuple(followed)), ended, ended.ended_at, people=people)


async def _members(tx: Tx, team: str, group: Document, *, added: bool = False) -> None:
    """Exactly these people are in the team; with `added` they come in addition."""
    wanted = rules.memberships_of(team, group)
    known = await store.people(tx, [m.person for m in wanted])
    if missing := [m.person for m in wanted if m.person not in known]:
        raise WrongDirectory(why=f"there is no user {missing[0]}")
    now = await store.members_by(tx, team, "")
    if added:
        wanted = [*now, *(m for m in wanted if m.person not in {n.person for n in now})]
    if set(now) == set(wanted) or not team:
        return
    await store.put_members(tx, team, wanted)
    moved = {m.person for m in set(now) ^ set(wanted)}
    for person in (await store.people(tx, moved)).values():
        tx.say(PersonChanged(person=person.id, name=person.name, what="teams", subject=f"person/{person.id}"))
