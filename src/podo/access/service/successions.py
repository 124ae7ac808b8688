"""What becomes of teams: recorded by a directory or by people, and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from podo.access import rules, store
from podo.access.service.people import head_counts
from podo.access.service.people import team as the_team
from podo.access.service.rights import require
from podo.access.types import (
    READ,
    REORGANISE,
    Foreseen,
    KeptTeam,
    Membership,
    MembershipRole,
    NoSuchSuccession,
    NotSuccession,
    NotUndone,
    On,
    Succession,
    SuccessionKind,
    SuccessionWithdrawn,
    Team,
    TeamChanged,
    TeamSucceeded,
)
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.errors import N_
from podo.kernel.nouns import PODO

SKEW = timedelta(minutes=5)
_WORDS = {
    SuccessionKind.rename: N_("renamed"),
    SuccessionKind.move: N_("moved"),
    SuccessionKind.merge: N_("merged"),
    SuccessionKind.split: N_("split"),
    SuccessionKind.dissolve: N_("dissolved"),
}
_ENDS = (SuccessionKind.merge, SuccessionKind.split, SuccessionKind.dissolve)


async def successions(r: Reading, team: str | None = None) -> list[Succession]:
    """What became of teams, or of one by id; the newest by valid time first, withdrawn ones included."""
    await require(r, READ, On())
    return await store.successions(r, team)


async def custodian(r: Reading, keeps: Sequence[KeptTeam] = ()) -> str | None:
    """The id of the team that may not end: what a slot names, else the root team that holds most people."""
    if (kept := await kept_by(r, keeps)) is not None:
        return kept
    return rules.custodian(await store.teams(r), await head_counts(r))


async def kept_by(r: Reading, keeps: Sequence[KeptTeam]) -> str | None:
    """The id of the team that a slot names. Podo itself asks: who pushes may not read what a slot looks at."""
    for slot in keeps:
        if (kept := await slot.team(r.by(PODO))) is not None:
            return kept
    return None


async def succeed(
    tx: Tx,
    kind: SuccessionKind,
    team: str,
    successors: Sequence[str] = (),
    why: str = "",
    at: datetime | None = None,
    *,
    name: str = "",
    parent: str | None = None,
    keeps: Sequence[KeptTeam] = (),
) -> Succession:
    """Record what became of a team (by id or handle, as `successors` and `parent`). Raises `NotSuccession`, `NoSuchTeam`.

    A rename names `name`, a move `parent` (empty: to the top). What people decide stays until the directory says something new.
    """
    found = await the_team(tx, team)
    await require(tx, REORGANISE, On(team=found.id))
    now = clock.now()
    # A clock that is a little ahead means now.
    moment = now if at is None or now <= at <= now + SKEW else at
    if found.ended_at is not None:
        raise _not(found, kind, N_("it has ended"))
    if moment > now or (found.began_at and moment < found.began_at):
        raise _not(found, kind, N_("the moment lies ahead, or before the team began; make a draft of what is to come"))
    match kind:
        case SuccessionKind.rename:
            changed = _renamed(found, name)
        case SuccessionKind.move:
            changed = await _moved(tx, found, parent or "")
        case _:
            return await _end(tx, kind, found, [(await the_team(tx, s)) for s in successors], why, moment, keeps)
    if successors:
        raise _not(found, kind, N_("it has no successors then"))
    (foreseen,) = rules.renamed_or_moved(found, changed)
    await store.put_team(tx, changed)
    said = (await store.sayings(tx)).get(found.id, {})
    key = "name" if kind is SuccessionKind.rename else "parent"
    await store.put_saying(tx, found.id, {key: getattr(found, key), **said})
    return record(tx, foreseen, changed, moment, why)


async def insiders(r: Reading, team: str) -> tuple[str, ...]:
    """The ids of who is in a team, leads first."""
    found = await store.memberships(r, team=team)
    return tuple(m.person for m in sorted(found, key=lambda m: (m.role is not MembershipRole.lead, m.person)))


def record(tx: Tx, foreseen: Foreseen, team: Team, at: datetime, why: str = "", people: tuple[str, ...] = ()) -> Succession:
    """Write down what became of a team, and say so; of one that ended, `people` were in it."""
    kept = Succession(
        ids.new("suc"),
        foreseen.kind,
        team.id,
        foreseen.successors,
        at,
        clock.now(),
        tx.actor.id,
        why.strip()[:500],
        was=foreseen.was,
        now=foreseen.now,
        people=people,
    )
    store.add_succession(tx, kept)
    tx.say(TeamSucceeded(**_facts(kept, team)))
    return kept


def _facts(kept: Succession, team: Team) -> dict[str, Any]:
    return {
        "team": team.id,
        "name": team.name,
        "kind": kept.kind.value,
        "what": _WORDS[kept.kind],
        "successors": ",".join(kept.successors),
        "succession": kept.id,
        "subject": f"team/{team.handle}",
    }


def _not(team: Team, kind: SuccessionKind, why: str) -> NotSuccession:
    return NotSuccession(team=team.name, kind=kind.value, why=why)


def _renamed(team: Team, name: str) -> Team:
    wanted = str(rules.normal(name)).strip()
    if not wanted or len(wanted) > 200:
        raise _not(team, SuccessionKind.rename, N_("a name has 1 to 200 characters"))
    if wanted == team.name:
        raise _not(team, SuccessionKind.rename, N_("it is called so already"))
    return replace(team, name=wanted)


async def _moved(tx: Tx, team: Team, parent: str) -> Team:
    above = await the_team(tx, parent) if parent else None
    if above is not None and above.ended_at is not None:
        raise _not(team, SuccessionKind.move, N_("the team above has ended"))
    changed = replace(team, parent=above.id if above else None)
    if changed == team:
        raise _not(team, SuccessionKind.move, N_("it stands there already"))
    parents = {t.id: t.parent for t in await store.teams(tx)} | {team.id: changed.parent}
    if rules.circle(parents):
        raise _not(team, SuccessionKind.move, N_("it would be above itself"))
    return changed


async def _end(
    tx: Tx, kind: SuccessionKind, team: Team, heirs: Sequence[Team], why: str, at: datetime, keeps: Sequence[KeptTeam]
) -> Succession:
    if team.id == await custodian(tx, keeps):
        raise _not(team, kind, N_("it is the custodian of what has no other owner, and never ends"))
    followed = tuple(dict.fromkeys(h.id for h in heirs))
    if team.id in followed or any(h.ended_at is not None for h in heirs):
        raise _not(team, kind, N_("a successor is another team, which lives"))
    wanted = {SuccessionKind.merge: (1, 1), SuccessionKind.split: (2, 99), SuccessionKind.dissolve: (0, 0)}[kind]
    if not wanted[0] <= len(followed) <= wanted[1]:
        raise _not(team, kind, N_("a merge has one successor, a split several, a dissolution none"))
    said: dict[str, Any] = {"living": True}
    people = await insiders(tx, team.id)
    if kind is SuccessionKind.merge:
        said |= {"into": followed[0], "members": await _follow(tx, team.id, followed[0])}
    ended = replace(team, ended_at=at)
    await store.put_team(tx, ended)
    await store.put_saying(tx, team.id, {**(await store.sayings(tx)).get(team.id, {}), **said})
    return record(tx, Foreseen(kind, team.id, team.name, followed), ended, at, why, people)


async def _follow(tx: Tx, team: str, into: str) -> list[list[str]]:
    """The directory's people of a team are in another now; gives them with their roles, as far as they were not there."""
    all_ = await store.memberships_by(tx, "")
    there = {m.person for m in all_ if m.team == into}
    moved = [m for m in all_ if m.team == team]
    stay = [m for m in all_ if m.team != team]
    await store.put_memberships(tx, stay + [replace(m, team=into) for m in moved if m.person not in there])
    return [[m.person, m.role.value, "" if m.person in there else "new"] for m in moved]


async def withdraw(tx: Tx, id_: str, why: str = "") -> Succession:
    """Take back what people recorded: the team lives again, or is called or stands as before. A second time does nothing.

    Raises `NoSuchSuccession`, `NotUndone` (says why not).
    """
    await require(tx, REORGANISE, On())
    kept = await store.succession(tx, id_)
    if kept is None:
        raise NoSuchSuccession(name=id_)
    if kept.withdrawn_at is not None:
        return kept
    team, said = await the_team(tx, kept.team), (await store.sayings(tx)).get(kept.team, {})
    aspect = rules.aspect(kept.kind)
    standing = [s for s in await store.successions(tx, kept.team) if s.withdrawn_at is None]
    newer = next(s for s in standing if rules.aspect(s.kind) == aspect)
    if newer.id != kept.id:
        raise NotUndone(why=N_("something else became of the team since then"))
    if aspect not in said:
        raise NotUndone(why=N_("the directory says so, and would say it again; change it there"))
    await _undo(tx, kept, team, said)
    gone = {"living", "into", "members"} if kept.kind in _ENDS else {aspect}
    await store.put_saying(tx, team.id, {k: v for k, v in said.items() if k not in gone})
    return await take_back(tx, kept, team, why)


async def take_back(tx: Tx, kept: Succession, team: Team, why: str) -> Succession:
    """Write down that it did not happen, and say so."""
    now = clock.now()
    await store.withdraw_succession(tx, kept.id, now, why.strip()[:500])
    tx.say(SuccessionWithdrawn(**_facts(kept, team)))
    return replace(kept, withdrawn_at=now, withdrawn_why=why.strip()[:500])


async def _undo(tx: Tx, kept: Succession, team: Team, said: dict[str, Any]) -> None:
    match kept.kind:
        case SuccessionKind.rename:
            await store.put_team(tx, replace(team, name=kept.was))
        case SuccessionKind.move:
            known = {t.id: t for t in await store.teams(tx)}
            parents = {t.id: t.parent for t in known.values()} | {team.id: kept.was or None}
            if rules.circle(parents) or (kept.was and known[kept.was].ended_at is not None):
                raise NotUndone(why=N_("the team above has ended, or stands below this one now"))
            await store.put_team(tx, replace(team, parent=kept.was or None))
        case _:
            await store.put_team(tx, replace(team, ended_at=None))
            await _bring_back(tx, team.id, str(said.get("into", "")), said.get("members", []))
            tx.say(TeamChanged(team=team.id, name=team.name, what="began", subject=f"team/{team.handle}"))


async def _bring_back(tx: Tx, team: str, into: str, members: Sequence[Sequence[str]]) -> None:
    if not members:
        return
    known = await store.people(tx, [m[0] for m in members])
    new = {m[0] for m in members if m[2]}
    stay = [m for m in await store.memberships_by(tx, "") if not (m.team == into and m.person in new)]
    back = [Membership(p, team, MembershipRole(role)) for p, role, _ in members if p in known and known[p].active]
    await store.put_memberships(tx, [*stay, *back])
