"""Taking over people and teams from the directory, and roles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from podo.access import store
from podo.access.service.leaving import leave
from podo.access.service.people import person as the_person
from podo.access.service.rights import require
from podo.access.types import (
    GRANT,
    SYNC,
    Feed,
    Membership,
    OfGroups,
    On,
    Person,
    PersonChanged,
    PersonJoined,
    Role,
    RoleGranted,
    RoleRevoked,
    SyncPlan,
    Team,
    TeamChanged,
    WouldRemoveTooMany,
    WrongDirectory,
)
from podo.kernel import clock
from podo.kernel.db import Reading, Tx

MOST_GONE = 0.2


async def plan(r: Reading, feed: Feed) -> SyncPlan:
    """What taking over this directory would change. Raises `WrongDirectory`."""
    await require(r, SYNC, On())
    _check(feed)
    return await _plan(r, _staying(feed.people, feed.memberships)[0], feed.teams)


async def _plan(r: Reading, people: Sequence[Person], teams: Sequence[Team]) -> SyncPlan:
    known = {p.id: p for p in await store.everybody(r) if p.active and not p.source}
    living = {t.id: t for t in await store.teams(r) if t.ended_at is None}
    new, new_teams = {p.id: p for p in people}, {t.id: t for t in teams}
    gone = [p.name for i, p in known.items() if i not in new] + [t.name for i, t in living.items() if i not in new_teams]
    changed = [p.name for i, p in new.items() if i in known and _moved(known[i], p)]
    changed += [t.name for i, t in new_teams.items() if i in living and living[i] != t]
    joined = [p.name for i, p in new.items() if i not in known] + [t.name for i, t in new_teams.items() if i not in living]
    total = len(known) + len(living)
    return SyncPlan(tuple(joined), tuple(changed), tuple(gone), len(gone) / total if total else 0.0)


async def sync_directory(
    tx: Tx, people: Sequence[Person], teams: Sequence[Team], memberships: Sequence[Membership], *, most_gone: float = MOST_GONE
) -> SyncPlan:
    """Make Podo know exactly these people, teams and memberships; a second time changes nothing.

    Raises `WrongDirectory` when it contradicts itself, `WouldRemoveTooMany` when more than the share `most_gone` would go.
    """
    await require(tx, SYNC, On())
    _check(Feed(people, teams, memberships))
    people, memberships = _staying(people, memberships)
    wanted = await _plan(tx, people, teams)
    if wanted.share > most_gone:
        raise WouldRemoveTooMany(share=f"{wanted.share:.0%}", limit=f"{most_gone:.0%}")
    await _people(tx, people)
    await _teams(tx, teams)
    now = set(await store.memberships_by(tx, ""))
    if now != set(memberships):
        moved = {m.person for m in now ^ set(memberships)}
        await store.put_memberships(tx, memberships)
        for person in (await store.people(tx, moved)).values():
            tx.say(PersonChanged(person=person.id, name=person.name, what="teams", subject=f"person/{person.id}"))
    return wanted


async def take_over(tx: Tx, feed: Feed, *, most_gone: float = MOST_GONE) -> SyncPlan:
    """`sync_directory` with what a directory says, its administrators included."""
    taken = await sync_directory(tx, feed.people, feed.teams, feed.memberships, most_gone=most_gone)
    for admin in feed.admins:
        await grant(tx, admin, Role.admin)
    return taken


def _staying(people: Sequence[Person], memberships: Sequence[Membership]) -> tuple[list[Person], list[Membership]]:
    """Those whose end has not come: the others are out, as if the directory did not name them."""
    staying = [p for p in people if p.ends_at is None or p.ends_at > clock.now()]
    here = {p.id for p in staying}
    return staying, [m for m in memberships if m.person in here]


async def _people(tx: Tx, people: Sequence[Person]) -> None:
    known = {p.id: p for p in await store.everybody(tx)}
    for person in people:
        was, subject = known.pop(person.id, None), f"person/{person.id}"
        if was is None:
            await store.put_person(tx, person)
            tx.say(PersonJoined(person=person.id, name=person.name, subject=subject))
        elif _moved(was, person) or not was.active or was.source:
            await store.put_person(tx, replace(person, lang=was.lang or person.lang, theme=was.theme))
            changed = PersonChanged(person=person.id, name=person.name, what="directory", subject=subject)
            tx.say(changed if was.active else PersonJoined(person=person.id, name=person.name, subject=subject))
    for person in known.values():
        # Whom an issuer brought the directory need not know.
        if person.active and not person.source:
            await leave(tx, person)


async def _teams(tx: Tx, teams: Sequence[Team]) -> None:
    known = await _free_handles(tx, {t.id: t for t in await store.teams(tx)}, teams)
    for team in teams:
        was = known.pop(team.id, None)
        if was != team:
            await store.put_team(tx, team)
            what = "began" if was is None else "renamed" if was.name != team.name else "moved"
            tx.say(TeamChanged(team=team.id, name=team.name, what=what, subject=f"team/{team.handle}"))
    for team in known.values():
        if team.ended_at is None:
            await store.put_team(tx, replace(team, ended_at=clock.now()))
            tx.say(TeamChanged(team=team.id, name=team.name, what="ended", subject=f"team/{team.handle}"))


async def _free_handles(tx: Tx, known: dict[str, Team], teams: Sequence[Team]) -> dict[str, Team]:
    """Handles are unique: who gives one up, or ended with it, lets go of it before another team takes it."""
    taken = {t.handle: t.id for t in teams}
    for team in [t for t in known.values() if taken.get(t.handle, t.id) != t.id]:
        known[team.id] = replace(team, handle=f"{team.handle}~{team.id}"[:80])
        await store.put_team(tx, known[team.id])
    return known


def _moved(was: Person, now: Person) -> bool:
    return (was.name, was.email, was.title, was.ends_at) != (now.name, now.email, now.title, now.ends_at)


def _check(feed: Feed) -> None:
    people, teams, memberships = feed.people, feed.teams, feed.memberships
    for what, ids in (("person", [p.id for p in people]), ("team", [t.id for t in teams]), ("handle", [t.handle for t in teams])):
        twice = [i for i, count in Counter(ids).items() if count > 1]
        if twice:
            raise WrongDirectory(why=f"the {what} {twice[0]} is there twice")
    pairs = Counter((m.person, m.team) for m in memberships)
    if twice := [pair for pair, count in pairs.items() if count > 1]:
        raise WrongDirectory(why=f"{twice[0][0]} is in {twice[0][1]} twice")
    known_people, parents = {p.id for p in people}, {t.id: t.parent for t in teams}
    for membership in memberships:
        if membership.person not in known_people or membership.team not in parents:
            raise WrongDirectory(why=f"a membership names {membership.person} in {membership.team}, and one of them is missing")
    for team in parents:
        seen: set[str] = set()
        at: str | None = team
        while at is not None:
            if at in seen:
                raise WrongDirectory(why=f"the team {team} is above itself")
            if at not in parents:
                raise WrongDirectory(why=f"the team {team} is under {at}, which is missing")
            seen.add(at)
            at = parents[at]


async def grant(tx: Tx, person: str, role: Role) -> None:
    """Give a person a role; a second time does nothing."""
    await require(tx, GRANT, On())
    who = await the_person(tx, person)
    if await store.add_role(tx, person, role):
        tx.say(RoleGranted(person=who.id, name=who.name, role=role, subject=f"person/{who.id}"))


async def revoke(tx: Tx, person: str, role: Role) -> None:
    """Take a role that was given by hand; a second time does nothing. Raises `OfGroups` where an issuer gives it."""
    await require(tx, GRANT, On())
    who = await the_person(tx, person)
    if given := [source for source in await store.role_sources(tx, person, role) if source]:
        raise OfGroups(name=who.name, role=role.value, issuer=given[0])
    if await store.remove_role(tx, person, role):
        tx.say(RoleRevoked(person=who.id, name=who.name, role=role, subject=f"person/{who.id}"))
