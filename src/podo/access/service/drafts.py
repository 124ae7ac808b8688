"""Charts that may come true: made, written into by a file or by SCIM, thrown away."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from podo.access import rules, store
from podo.access.service.rights import require
from podo.access.types import (
    READ,
    REORGANISE,
    Draft,
    DraftChanged,
    DraftClosed,
    Entry,
    EntryKind,
    Feed,
    Membership,
    NoSuchDraft,
    On,
    WrongDraft,
)
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.errors import N_


async def drafts(r: Reading) -> list[Draft]:
    """Those that are open or were taken, the newest first."""
    await require(r, READ, On())
    return [d for d in await store.drafts(r) if d.closed_at is None]


async def draft(r: Reading, id_: str) -> Draft:
    """One, closed ones included. Raises `NoSuchDraft`."""
    await require(r, READ, On())
    found = await store.draft(r, id_)
    if found is None:
        raise NoSuchDraft(name=id_)
    return found


async def draft_feed(r: Reading, id_: str) -> Feed:
    """What a draft says. Raises `NoSuchDraft`, and `WrongDirectory` where an entry of it cannot be meant."""
    found = await draft(r, id_)
    users = [(e.id, e.document) for e in await store.entries(r, found.id, EntryKind.user)]
    groups = [(e.id, e.document) for e in await store.entries(r, found.id, EntryKind.group)]
    return rules.feed_of(users, groups)


async def make_draft(tx: Tx, name: str) -> Draft:
    """A new one that says what is so now, to be changed. Raises `WrongDraft`."""
    await require(tx, REORGANISE, On())
    wanted = str(rules.normal(name)).strip()
    if not wanted or len(wanted) > 120:
        raise WrongDraft(why=N_("give it a name of up to 120 characters"))
    now = clock.now()
    made = Draft(ids.new("dft"), wanted, tx.actor.id, now, now)
    await store.put_draft(tx, made)
    people = [p for p in await store.everybody(tx) if p.active and not p.source]
    teams = [t for t in await store.teams(tx) if t.ended_at is None]
    members = await store.memberships_by(tx, "")
    await store.put_entries(tx, made.id, _entries(made.id, Feed(people, teams, members), now))
    _say(tx, made, N_("made"))
    return made


async def fill_draft(tx: Tx, id_: str, feed: Feed) -> Draft:
    """Exactly what a file says, instead of what was there. Raises `NoSuchDraft`, `DraftClosed`, `WrongDirectory`."""
    await require(tx, REORGANISE, On())
    found = await open_draft(tx, id_)
    rules.check(feed)
    now = clock.now()
    await store.put_entries(tx, found.id, _entries(found.id, feed, now))
    await store.touch_draft(tx, found.id, now)
    _say(tx, found, N_("filled from a file"))
    return replace(found, changed_at=now)


async def close_draft(tx: Tx, id_: str) -> None:
    """Throw it away; a second time does nothing. Raises `NoSuchDraft`, `DraftClosed` for one that was taken over."""
    await require(tx, REORGANISE, On())
    found = await draft(tx, id_)
    if found.closed_at is not None:
        return
    await open_draft(tx, id_)
    await store.put_draft(tx, replace(found, closed_at=clock.now()))
    _say(tx, found, N_("thrown away"))


async def open_draft(tx: Tx, id_: str) -> Draft:
    """One that can be changed. Raises `NoSuchDraft`, `DraftClosed`."""
    found = await draft(tx, id_)
    if found.taken_at or found.closed_at:
        raise DraftClosed(name=found.name)
    return found


async def note_taken(tx: Tx, taken: Draft) -> None:
    """It is what is so now."""
    await store.put_draft(tx, replace(taken, taken_at=clock.now()))
    _say(tx, taken, N_("taken over"))


def _entries(draft_: str, feed: Feed, now: datetime) -> list[Entry]:
    members: dict[str, list[Membership]] = {}
    for member in feed.memberships:
        members.setdefault(member.team, []).append(member)
    made = [(EntryKind.user, p.id, rules.user_of(p)) for p in feed.people]
    made += [(EntryKind.group, t.id, rules.group_of(t, members.get(t.id, []), feed.successors.get(t.id, ()))) for t in feed.teams]
    return [Entry(draft_, kind, id_, rules.named(doc), id_, doc, now, now) for kind, id_, doc in made]


def _say(tx: Tx, draft_: Draft, what: str) -> None:
    tx.say(DraftChanged(draft=draft_.id, name=draft_.name, what=what, subject=f"draft/{draft_.id}"))
