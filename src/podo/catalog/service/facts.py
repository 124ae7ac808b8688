"""What projects say of themselves, who changed it, and how a change is taken back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from podo.access import service as access
from podo.access.types import NoSuchPerson, On
from podo.catalog.rules import facts as rules
from podo.catalog.service.projects import change, project
from podo.catalog.store import facts as rows
from podo.catalog.types import (
    CHANGE,
    READ,
    ChangedSince,
    Contact,
    DependencyKind,
    FactChange,
    Facts,
    Neighbour,
    Neighbours,
    NoSuchChange,
    OnCall,
    OnCallSource,
    ProjectChanged,
    ProjectDescribed,
)
from podo.kernel import clock
from podo.kernel.db import Reading, Tx
from podo.kernel.events import Entry, log
from podo.kernel.settings import Seal

_CODES = (ProjectChanged.code, ProjectDescribed.code)


async def facts(r: Reading, slug: str) -> Facts:
    """What a project says of itself. Raises `NoSuchProject`."""
    await project(r, slug)
    return (await rows.facts(r, [slug])).get(slug, Facts())


async def facts_of(r: Reading, slugs: Collection[str] | None = None) -> dict[str, Facts]:
    """`facts` for many, in one question, or of all; a project that has said nothing is missing."""
    await access.require(r, READ, On())
    return await rows.facts(r, slugs)


async def describe(tx: Tx, slug: str, now: Facts) -> Facts:
    """What a project says from now on, all of it; contacts that name a person become that person. Raises `WrongFacts`."""
    found = await project(tx, slug)
    await access.require(tx, CHANGE, On(project=slug, team=found.team))
    return await write_facts(tx, slug, now)


async def say_more(tx: Tx, slug: str, given: Mapping[str, Any]) -> Facts:
    """`describe` with some fields alone, as nouns; the others stay."""
    return await describe(tx, slug, replace(await facts(tx, slug), **given))


async def write_facts(tx: Tx, slug: str, wanted: Facts) -> Facts:
    """`describe` for those who have asked for leave already."""
    was = (await rows.facts(tx, [slug])).get(slug, Facts())
    now = rules.tidy(replace(wanted, contacts=await _people(tx, wanted.contacts)))
    for error in rules.wrong(slug, now):
        raise error
    await keep_facts(tx, slug, was, now)
    return now


async def keep_facts(tx: Tx, slug: str, was: Facts, now: Facts) -> None:
    """Write facts that were checked, and say what changed."""
    if fields := rules.differing(was, now):
        await rows.put_facts(tx, slug, now)
        before, after = rules.plain(was, fields), rules.plain(now, fields)
        tx.say(ProjectDescribed(project=slug, fields=", ".join(fields), was=before, now=after))


async def _people(r: Reading, contacts: Sequence[Contact]) -> tuple[Contact, ...]:
    """Texts that are a person's id, address or whole name become that person."""
    return tuple([c if c.person else await _person(r, c) for c in contacts])


async def _person(r: Reading, contact: Contact) -> Contact:
    text = contact.text.strip()
    try:
        found = await access.found_person(r, text) if text else None
    except NoSuchPerson:
        found = None
    return replace(contact, person=found.id, text="") if found else replace(contact, text=text)


async def neighbours(r: Reading, slug: str) -> Neighbours:
    """What a project needs and who needs it; those that lead back to it are marked. Raises `NoSuchProject`."""
    said = (await facts(r, slug)).depends_on
    asking = await rows.needed_by(r, slug)
    above = await rows.needing(r, slug) if said else set[str]()
    below = await rows.needed(r, slug) if asking else set[str]()
    states = await rows.states(r, {d.name for d in said} | {name for name, _ in asking})
    needs: list[Neighbour] = []
    for d in said:
        here = d.kind is DependencyKind.project
        state = states.get(d.name, "") if here else ""
        needs.append(Neighbour(d.kind, d.name, d.why, bool(state), state, here and d.name in above))
    needed_by = [
        Neighbour(DependencyKind.project, name, why, name in states, states.get(name, ""), name in below) for name, why in asking
    ]
    return Neighbours(tuple(needs), tuple(needed_by))


async def on_call(
    r: Reading, sources: Sequence[OnCallSource], slugs: Collection[str], at: datetime | None = None
) -> dict[str, list[OnCall]]:
    """Who is on call for each, the first to be called first: by those who know, else by what the project says. None: missing."""
    await access.require(r, READ, On())
    found: dict[str, list[OnCall]] = {}
    for source in sources:
        if asked := [slug for slug in slugs if slug not in found]:
            told = await source.on_call(r, asked, at or clock.now())
            found |= {slug: list(who) for slug, who in told.items() if who}
    for slug, said in (await rows.facts(r, [s for s in slugs if s not in found])).items():
        if said.on_call:
            is_link = said.on_call.startswith(("https://", "http://"))
            found[slug] = [OnCall(link=said.on_call) if is_link else OnCall(text=said.on_call)]
    return found


# -- who changed what, and taking it back


async def changes(r: Reading, slug: str, limit: int = 20) -> list[FactChange]:
    """What was changed of a project, newest first. Raises `NoSuchProject`."""
    await project(r, slug)
    entries, _ = await log.history(r, log.Wanted(project=slug, codes=_CODES), limit=limit)
    return [_change(entry) for entry in entries]


def _change(entry: Entry) -> FactChange:
    was, now = entry.facts.get("was", {}), entry.facts.get("now", {})
    if not was and not now:
        # From before values were kept, or a credential, which never is.
        now = dict.fromkeys(entry.facts["fields"].split(", "), None)
    return FactChange(entry.id, entry.at, entry.actor.id, was, now)


async def set_back(tx: Tx, seal: Seal, slug: str, change_id: str) -> Sequence[str]:
    """Let what a change changed be as it was before; gives the fields. It is a change of its own, and can be taken back too.

    Raises `NoSuchChange`, `ChangedSince` where a field was changed again, `NotAllowed`.
    """
    found = await project(tx, slug)
    await access.require(tx, CHANGE, On(project=slug, team=found.team))
    entry = await log.entry(tx, change_id)
    if entry is None or entry.project != slug or entry.code not in _CODES or not entry.facts.get("was"):
        raise NoSuchChange(project=slug)
    was, now = entry.facts["was"], entry.facts["now"]
    said = await facts(tx, slug)
    if entry.code == ProjectDescribed.code:
        _check_same(slug, now, rules.plain(said, now))
        await describe(tx, slug, rules.with_plain(said, was))
        return list(was)
    _check_same(slug, now, rules.plain_project(await project(tx, slug), now))
    await change(tx, seal, slug, **was)
    return list(was)


def _check_same(slug: str, said: Mapping[str, Any], stands: Mapping[str, Any]) -> None:
    moved = [field for field, value in said.items() if stands[field] != value]
    if moved:
        raise ChangedSince(project=slug, fields=", ".join(moved))
