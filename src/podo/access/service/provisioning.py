"""What a SCIM client pushes: users and groups of what is so, or of a draft.

What is so is written through at once: people join, change and leave, teams begin, change and end. Removals beyond the share
that may go in a day wait for an administrator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from podo.access import rules, store
from podo.access.service.groups import write_group
from podo.access.service.people import person as the_person
from podo.access.service.removals import lose, spare
from podo.access.service.rights import may, require
from podo.access.types import (
    REORGANISE,
    SYNC,
    DraftClosed,
    Entry,
    EntryChanged,
    EntryKind,
    KeptTeam,
    NameTaken,
    NoSuchDraft,
    NoSuchEntry,
    On,
    PersonChanged,
    PersonJoined,
    WrongDirectory,
)
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.errors import N_

Document = Mapping[str, Any]


async def entry(r: Reading, draft: str, kind: EntryKind, id_: str) -> Entry:
    """One by Podo's id; somebody whom no client wrote yet, too. Raises `NoSuchEntry`."""
    await require_push(r, draft)
    found = await store.entry(r, draft, kind, id_) or (await _unwritten_one(r, kind, id_) if not draft else None)
    if found is None:
        raise NoSuchEntry(kind=kind.value, name=id_)
    return found


async def entry_by(r: Reading, draft: str, kind: EntryKind, attribute: str, value: str) -> list[Entry]:
    """Those with this userName or displayName (`named`) or externalId (`external`), without reading all."""
    await require_push(r, draft)
    if attribute == "named":
        found = await store.entries_named(r, draft, kind, str(rules.normal(value.lower())))
    else:
        found = await store.entries_external(r, draft, kind, value)
    if draft:
        return found
    wanted = str(rules.normal(value.lower())) if attribute == "named" else value
    unwritten = await _unwritten_users(r, attribute, value) if kind is EntryKind.user else (await _unwritten(r, kind)).values()
    return found + [e for e in unwritten if getattr(e, attribute) == wanted]


async def entries(r: Reading, draft: str, kind: EntryKind, start: int = 0, count: int | None = None) -> tuple[int, list[Entry]]:
    """How many there are, and those from `start` on, in the order in which they came."""
    await require_push(r, draft)
    unwritten = {} if draft else await _unwritten(r, kind)
    order = [*await store.entry_ids(r, draft, kind), *unwritten]
    wanted = order[start:] if count is None else order[start : start + count]
    if len(wanted) == len(order):
        known = {e.id: e for e in await store.entries(r, draft, kind)}
    else:
        known = await store.entries_by(r, draft, kind, [i for i in wanted if i not in unwritten])
    return len(order), [known[i] if i in known else unwritten[i] for i in wanted]


async def require_push(r: Reading, draft: str = "") -> None:
    """Let pass who may push what is so, or write into a draft. Raises `NotAllowed`, `NoSuchDraft`."""
    if not draft:
        await require(r, SYNC, On())
        return
    if not (await may(r, SYNC, On())).allowed:
        await require(r, REORGANISE, On())
    if await store.draft(r, draft) is None:
        raise NoSuchDraft(name=draft)


async def _unwritten(r: Reading, kind: EntryKind) -> dict[str, Entry]:
    """People and teams of what is so whom no client wrote, as it would have written them."""
    leaving = {x.of for x in await store.waiting_removals(r)}
    if kind is EntryKind.user:
        people = [p for p in await store.unwritten_people(r) if p.id not in leaving]
        return {p.id: _made(kind, p.id, rules.user_of(p)) for p in people}
    written = set(await store.entry_ids(r, "", kind))
    teams = [t for t in await store.teams(r) if t.ended_at is None and t.id not in written | leaving]
    members: dict[str, list[Any]] = {}
    for m in await store.memberships_by(r, "") if teams else ():
        members.setdefault(m.team, []).append(m)
    return {t.id: _made(kind, t.id, rules.group_of(t, members.get(t.id, []))) for t in teams}


async def _unwritten_users(r: Reading, attribute: str, value: str) -> list[Entry]:
    """Those who may be called so and whom no client wrote: a client asks for every name before it pushes it."""
    found = await store.people(r, {value, value.lower()})
    if attribute == "named" and (person := await store.by_email(r, value)) is not None:
        found[person.id] = person
    unwritten = [id_ for id_ in found if await store.entry(r, "", EntryKind.user, id_) is None]
    return [e for id_ in unwritten if (e := await _unwritten_one(r, EntryKind.user, id_)) is not None]


async def _unwritten_one(r: Reading, kind: EntryKind, id_: str) -> Entry | None:
    if await store.waiting_removal(r, id_):
        return None
    if kind is EntryKind.user:
        person = (await store.people(r, [id_])).get(id_)
        return _made(kind, id_, rules.user_of(person)) if person and person.active and not person.source else None
    return (await _unwritten(r, kind)).get(id_)


def _made(kind: EntryKind, id_: str, document: Document) -> Entry:
    return Entry("", kind, id_, rules.named(document), str(document.get("externalId") or ""), document, None, None)


async def put_entry(
    tx: Tx, draft: str, kind: EntryKind, document: Document, id_: str | None = None, *, keeps: Sequence[KeptTeam] = ()
) -> Entry:
    """Write a user or a group, a new one without `id_`. Raises `NameTaken`, `NoSuchEntry`, `WrongDirectory`, `DraftClosed`."""
    await _open(tx, draft)
    now, plain = clock.now(), dict(rules.normal(dict(document)))
    was = await entry(tx, draft, kind, id_) if id_ else None
    await _free(tx, draft, kind, rules.named(plain), id_)
    own = id_ or await _new_id(tx, draft, kind, plain)
    external = str(plain.get("externalId") or "")[:320]
    made_at = was.made_at if was and was.made_at else now
    kept = Entry(draft, kind, own, rules.named(plain), external, plain, made_at, now, rules.due(kind, plain, now, own))
    if draft:
        await _check_draft(kind, kept)
        await store.touch_draft(tx, draft, now)
    elif kind is EntryKind.user:
        await _write_user(tx, own, plain, now)
    else:
        kept = replace(kept, document=await write_group(tx, own, plain, now, keeps=keeps))
    await store.put_entry(tx, kept, is_new=was is None)
    _say(tx, kept, N_("changed") if was else N_("added"))
    return kept


async def drop_entry(tx: Tx, draft: str, kind: EntryKind, id_: str, *, keeps: Sequence[KeptTeam] = ()) -> None:
    """Take a user or a group away: the person leaves, the team ends. Raises as `put_entry`."""
    await _open(tx, draft)
    was = await entry(tx, draft, kind, id_)
    await store.drop_entry(tx, draft, kind, id_)
    if draft:
        await store.touch_draft(tx, draft, clock.now())
    elif kind is EntryKind.user:
        person = await the_person(tx, id_)
        if person.active:
            await lose(tx, EntryKind.user, id_, person.name)
    else:
        await write_group(tx, id_, was.document, clock.now(), gone=True, keeps=keeps)
    _say(tx, was, N_("deleted"))


async def let_due_entries_come(tx: Tx, keeps: Sequence[KeptTeam] = ()) -> None:
    """What pushed entries said of the future is so now: people leave, teams begin and end."""
    now = clock.now()
    due = await store.due_entries(tx, now)
    # What begins comes before what ends: it may be a successor.
    for one in sorted(due, key=lambda e: (e.kind is EntryKind.group, _is_over(e, now))):
        what = N_("changed")
        try:
            if one.kind is EntryKind.user:
                await _write_user(tx, one.id, one.document, now)
            else:
                await write_group(tx, one.id, one.document, now, keeps=keeps)
        except WrongDirectory:
            what = N_("could not come true")
        await store.put_entry(tx, replace(one, due_at=rules.due(one.kind, one.document, now, one.id)))
        _say(tx, one, what)


def _is_over(entry_: Entry, now: datetime) -> bool:
    end = rules.moment(rules.part(entry_.document, rules.TEAM).get("validTo"), entry_.id)
    return end is not None and end <= now


async def has_due_entries(r: Reading) -> bool:
    """Whether there is anything of that kind."""
    return bool(await store.due_entries(r, clock.now()))


async def _open(tx: Tx, draft: str) -> None:
    await require_push(tx, draft)
    found = await store.draft(tx, draft) if draft else None
    if found is not None and (found.taken_at or found.closed_at):
        raise DraftClosed(name=found.name)


async def _free(tx: Tx, draft: str, kind: EntryKind, named: str, own: str | None) -> None:
    """A userName is one user's; groups may be called alike."""
    if kind is EntryKind.group:
        return
    other = [e for e in await store.entries_named(tx, draft, kind, named) if e.id != own]
    person = await store.by_email(tx, named) if not draft else None
    if person is not None and person.id != own and not person.source:
        written = await store.entry(tx, draft, kind, person.id)
        if written is None and not await store.waiting_removal(tx, person.id):
            other.append(_made(kind, person.id, rules.user_of(person)))
    if other:
        raise NameTaken(kind=kind.value, name=named)


async def _new_id(tx: Tx, draft: str, kind: EntryKind, document: Document) -> str:
    """The client's own id where it can be ours and nobody has it; somebody who left and comes back has the old one."""
    external = str(document.get("externalId") or "")
    free = rules.is_id(external) and await store.entry(tx, draft, kind, external) is None
    if free and (draft or not await _is_here(tx, kind, external)):
        return external
    return ids.new("prs" if kind is EntryKind.user else "team")


async def _is_here(tx: Tx, kind: EntryKind, id_: str) -> bool:
    if await store.waiting_removal(tx, id_):
        return False
    if kind is EntryKind.user:
        found = (await store.people(tx, [id_])).get(id_)
        return found is not None and (found.active or bool(found.source))
    team = next((t for t in await store.teams(tx) if t.id == id_), None)
    return team is not None and team.ended_at is None


async def _check_draft(kind: EntryKind, kept: Entry) -> None:
    if kind is EntryKind.user:
        rules.person_of(kept.id, kept.document)
    else:
        rules.team_of(kept.id, kept.document)


async def _write_user(tx: Tx, id_: str, document: Document, now: datetime) -> None:
    person, was = rules.person_of(id_, document), (await store.people(tx, [id_])).get(id_)
    here = person.active and (person.ends_at is None or person.ends_at > now)
    if not here:
        if was is not None and was.active:
            await lose(tx, EntryKind.user, id_, was.name)
        elif was is None:
            await store.put_person(tx, replace(person, active=False), is_new=True)
        return
    await spare(tx, id_)
    kept = person if was is None else replace(person, lang=was.lang or person.lang, theme=was.theme)
    subject = f"person/{id_}"
    if was is None or not was.active:
        await store.put_person(tx, kept, is_new=was is None)
        tx.say(PersonJoined(person=id_, name=person.name, subject=subject))
    elif rules.moved(was, person) or was.source:
        await store.put_person(tx, kept)
        tx.say(PersonChanged(person=id_, name=person.name, what="directory", subject=subject))


def _say(tx: Tx, kept: Entry, what: str) -> None:
    name = str(kept.document.get("displayName") or kept.document.get("userName") or kept.id)
    tx.say(EntryChanged(name=name, what=what, draft=kept.draft, subject=f"{kept.kind.value.lower()}/{kept.id}"))
