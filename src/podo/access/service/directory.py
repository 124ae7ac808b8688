"""Taking over people and teams from the directory, and roles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from podo.access import rules, store
from podo.access.service.drafts import draft_feed, note_taken, open_draft
from podo.access.service.leaving import leave
from podo.access.service.people import person as the_person
from podo.access.service.rights import require
from podo.access.service.successions import insiders, kept_by, record, take_back
from podo.access.service.troubles import forget_trouble
from podo.access.types import (
    GRANT,
    READ,
    SYNC,
    EntryChanged,
    EntryKind,
    Feed,
    KeptTeam,
    Membership,
    OfGroups,
    On,
    Person,
    PersonChanged,
    PersonJoined,
    Role,
    RoleGranted,
    RoleRevoked,
    SuccessionKind,
    SyncPlan,
    Team,
    TeamChanged,
    WouldRemoveTooMany,
    WrongDirectory,
)
from podo.kernel import clock
from podo.kernel.db import Reading, Tx
from podo.kernel.errors import N_

MOST_GONE = 0.2


async def plan(r: Reading, feed: Feed) -> SyncPlan:
    """What taking over this directory would change. Raises `WrongDirectory`."""
    await require(r, SYNC, On())
    return await _foreseen(r, feed)


async def foreseen(r: Reading, id_: str) -> SyncPlan:
    """What would change if a draft came true, with all that it says of coming days. Raises `NoSuchDraft`, `WrongDirectory`."""
    await require(r, READ, On())
    feed = await draft_feed(r, id_)
    return await _foreseen(r, feed, rules.last_turn(feed, clock.now()))


async def _foreseen(r: Reading, feed: Feed, at: datetime | None = None) -> SyncPlan:
    rules.check(feed)
    known, now = await _known(r), at or clock.now()
    return rules.summary(known, rules.changes(known, rules.as_of(feed, now), now))


async def _known(r: Reading) -> rules.Known:
    people, teams = await store.everybody(r), await store.teams(r)
    return rules.Known({p.id: p for p in people}, {t.id: t for t in teams}, await store.sayings(r))


async def sync_directory(
    tx: Tx, people: Sequence[Person], teams: Sequence[Team], memberships: Sequence[Membership], *, most_gone: float = MOST_GONE
) -> SyncPlan:
    """`take_over` of a directory that names no successors and no administrators."""
    return await take_over(tx, Feed(people, teams, memberships), most_gone=most_gone)


async def take_over(tx: Tx, feed: Feed, *, most_gone: float = MOST_GONE, keeps: Sequence[KeptTeam] = ()) -> SyncPlan:
    """Make Podo know exactly these people, teams and memberships, and the administrators; a second time changes nothing.

    Raises `WrongDirectory` when it contradicts itself or ends the custodian, `WouldRemoveTooMany` when more than the share
    `most_gone` would be lost.
    """
    wanted = await _taken(tx, feed, most_gone, keeps)
    await forget_trouble(tx)
    return wanted


async def _taken(tx: Tx, feed: Feed, most_gone: float, keeps: Sequence[KeptTeam]) -> SyncPlan:
    await require(tx, SYNC, On())
    rules.check(feed)
    known, now = await _known(tx), clock.now()
    made = rules.changes(known, rules.as_of(feed, now), now)
    wanted = rules.summary(known, made)
    if wanted.share > most_gone:
        raise WouldRemoveTooMany(share=f"{wanted.share:.0%}", limit=f"{most_gone:.0%}")
    await _spare(tx, made, keeps)
    await _people(tx, known, made)
    await _teams(tx, known, made, now)
    await _memberships(tx, made.memberships)
    for admin in feed.admins:
        await grant(tx, admin, Role.admin)
    if await store.entry_ids(tx, "", EntryKind.user) or await store.entry_ids(tx, "", EntryKind.group):
        # What was pushed before is not what is so any more.
        await store.put_entries(tx, "", [])
        tx.say(EntryChanged(name=N_("what was pushed"), what=N_("replaced by a directory that is read")))
    return wanted


async def take_draft(tx: Tx, id_: str, *, most_gone: float = MOST_GONE, keeps: Sequence[KeptTeam] = ()) -> SyncPlan:
    """Let a draft come true. Raises as `take_over`, `NoSuchDraft`, `DraftClosed`."""
    await require(tx, SYNC, On())
    found, feed = await open_draft(tx, id_), await draft_feed(tx, id_)
    taken = await _taken(tx, feed, most_gone, keeps)
    now = clock.now()
    written = [*await store.entries(tx, id_, EntryKind.user), *await store.entries(tx, id_, EntryKind.group)]
    await store.put_entries(tx, "", [replace(e, draft="", due_at=rules.due(e.kind, e.document, now, e.id)) for e in written])
    await note_taken(tx, found)
    return taken


async def _spare(tx: Tx, made: rules.Changes, keeps: Sequence[KeptTeam]) -> None:
    """A team that a slot names never ends; and the last one stays, for somebody must own what nobody else does."""
    gone = {t.id: t for t in made.ended}
    if (kept := await kept_by(tx, keeps)) in gone:
        raise WrongDirectory(why=f"it ends the team {gone[kept].name}, which owns what nobody else does")
    here = [*made.began, *made.returned, *made.altered, *made.kept]
    if gone and not here:
        raise WrongDirectory(why="it ends every team")


async def _people(tx: Tx, known: rules.Known, made: rules.Changes) -> None:
    for person in made.joined:
        was = known.people.get(person.id)
        kept = person if was is None else replace(person, lang=was.lang or person.lang, theme=was.theme)
        await store.put_person(tx, kept)
        subject, back = f"person/{person.id}", was is not None and was.active
        changed = PersonChanged(person=person.id, name=person.name, what="directory", subject=subject)
        tx.say(changed if back else PersonJoined(person=person.id, name=person.name, subject=subject))
    for person in made.changed:
        was = known.people[person.id]
        await store.put_person(tx, replace(person, lang=was.lang or person.lang, theme=was.theme))
        tx.say(PersonChanged(person=person.id, name=person.name, what="directory", subject=f"person/{person.id}"))
    for person in made.left:
        await leave(tx, person)


async def _teams(tx: Tx, known: rules.Known, made: rules.Changes, now: datetime) -> None:
    await _free_handles(tx, known, made)
    for team in (*made.began, *made.returned, *made.altered, *made.ended):
        await store.put_team(tx, team)
    for team, said in made.said.items():
        await store.put_saying(tx, team, said)
    for team in made.returned:
        await take_back_ends(tx, team)
    for team in (*made.began, *made.returned):
        tx.say(TeamChanged(team=team.id, name=team.name, what="began", subject=f"team/{team.handle}"))
    spoken = {f.team for f in made.successions}
    for team in made.altered:
        if team.id not in spoken:
            tx.say(TeamChanged(team=team.id, name=team.name, what="changed", subject=f"team/{team.handle}"))
    standing = {t.id: t for t in (*made.altered, *made.ended)}
    for became in made.successions:
        team = standing[became.team]
        people = await insiders(tx, team.id) if team.ended_at is not None else ()
        record(tx, became, team, team.ended_at or now, people=people)


async def take_back_ends(tx: Tx, team: Team) -> None:
    """A team is there again: that it ended did not happen."""
    for kept in await store.successions(tx, team.id):
        if kept.withdrawn_at is None and kept.kind not in (SuccessionKind.rename, SuccessionKind.move):
            await take_back(tx, kept, team, "")


async def _free_handles(tx: Tx, known: rules.Known, made: rules.Changes) -> None:
    """Handles are unique: who gives one up, or ended with it, lets go of it before another team takes it."""
    taken = {t.handle: t.id for t in (*made.began, *made.returned, *made.altered, *made.ended)}
    for team in [t for t in known.teams.values() if taken.get(t.handle, t.id) != t.id]:
        await store.put_team(tx, rules.let_go(team, taken))


async def _memberships(tx: Tx, wanted: Sequence[Membership]) -> None:
    now = set(await store.memberships_by(tx, ""))
    if now == set(wanted):
        return
    moved = {m.person for m in now ^ set(wanted)}
    await store.put_memberships(tx, wanted)
    for person in (await store.people(tx, moved)).values():
        tx.say(PersonChanged(person=person.id, name=person.name, what="teams", subject=f"person/{person.id}"))


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
