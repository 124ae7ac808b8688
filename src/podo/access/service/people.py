"""Reading people and teams, and a person's own choices."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from podo.access import rules, store
from podo.access.types import Membership, NoSuchPerson, NoSuchTeam, NoSuchTheme, Person, PersonChanged, Role, Team
from podo.kernel import search
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Page

THEMES = ("auto", "light", "dark")


async def person(r: Reading, id_: str) -> Person:
    """Raises `NoSuchPerson`."""
    found = await store.person(r, id_)
    if found is None:
        raise NoSuchPerson(name=id_)
    return found


async def people(r: Reading, ids: Collection[str]) -> dict[str, Person]:
    """Several at once; unknown ids are missing."""
    return await store.people(r, ids) if ids else {}


async def everybody(r: Reading) -> list[Person]:
    """Everybody who is active, by name."""
    return [p for p in await store.everybody(r) if p.active]


async def search_people(r: Reading, text: str, limit: int = 20) -> list[Person]:
    """Active people whose name, address or title fits, the best first, with typing errors forgiven."""
    ids = await store.find_people(r, text, limit)
    known = await people(r, ids)
    return [known[id_] for id_ in ids if id_ in known]


async def search_teams(r: Reading, text: str, limit: int = 20) -> list[Team]:
    """Teams whose name or handle fits, the best first; those that ended too."""
    ids = await store.find_teams(r, text, limit)
    known = {t.id: t for t in await store.teams(r)} if ids else {}
    return [known[id_] for id_ in ids if id_ in known]


def _sought(text: str) -> str:
    """Names are kept composed (NFC); who types on a Mac may send them apart."""
    return str(rules.normal(text)).strip()


async def listed_people(r: Reading, text: str, *, cursor: str | None = None, limit: int = 50) -> Page[Person]:
    """`search_people` by pages, with the total; the cursor is the id of the last person of the page before."""
    last = await store.person(r, cursor) if cursor else None
    text = _sought(text)
    found = await store.search(r, text, limit + 1, (last.name, last.id) if last else None)
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None, await store.count(r, text))


async def count_people(r: Reading) -> int:
    """How many people are active."""
    return await store.count(r, "")


async def found_person(r: Reading, text: str) -> Person:
    """Whom somebody means by an id, an e-mail address or a whole name. Raises `NoSuchPerson`, also when several are called so."""
    if known := await store.person(r, text):
        return known
    if known := await store.by_email(r, text):
        return known
    named = [p for p in await store.search(r, text.strip(), 50) if p.name == text.strip()]
    if len(named) != 1:
        raise NoSuchPerson(name=text)
    return named[0]


async def team(r: Reading, name: str) -> Team:
    """By id or handle. Raises `NoSuchTeam`."""
    found = await store.team(r, name)
    if found is None:
        raise NoSuchTeam(name=name)
    return found


async def teams(r: Reading, ids: Collection[str] | None = None) -> list[Team]:
    """All teams by name, or those with these ids."""
    found = await store.teams(r)
    return found if ids is None else [t for t in found if t.id in set(ids)]


async def members(r: Reading, team_id: str) -> list[tuple[Person, Membership]]:
    """Who is in a team, leads first."""
    found = await store.memberships(r, team=team_id)
    known = await store.people(r, [m.person for m in found])
    pairs = [(known[m.person], m) for m in found if known[m.person].active]
    return sorted(pairs, key=lambda pair: (pair[1].role != "lead", pair[0].name))


async def leads_of(r: Reading, teams: Collection[str]) -> dict[str, list[Person]]:
    """The active leads of several teams, in one question; a team without one is missing."""
    found = await store.leads(r, teams)
    known = await store.people(r, {m.person for m in found})
    leads: dict[str, list[Person]] = {}
    for m in found:
        if known[m.person].active and known[m.person] not in leads.setdefault(m.team, []):
            leads[m.team].append(known[m.person])
    return leads


async def teams_of(r: Reading, person_id: str) -> Sequence[Membership]:
    """Where a person is."""
    return await store.memberships(r, person=person_id)


async def teams_of_many(r: Reading, people: Collection[str]) -> dict[str, list[tuple[Team, Membership]]]:
    """The teams of several people, in one question; who is in none is missing."""
    known = {t.id: t for t in await store.teams(r)}
    found: dict[str, list[tuple[Team, Membership]]] = {}
    for m in await store.memberships(r, people=people):
        found.setdefault(m.person, []).append((known[m.team], m))
    return found


async def roles_of_many(r: Reading, people: Collection[str]) -> dict[str, frozenset[Role]]:
    """`roles_of` for several; who has none is missing."""
    return await store.roles_of(r, people)


async def roles_of(r: Reading, person_id: str) -> frozenset[Role]:
    """What a person was given beside the teams."""
    return await store.roles(r, person_id)


async def roles_by_hand(r: Reading, person_id: str) -> frozenset[Role]:
    """Those of `roles_of` that no issuer gives, and that can be taken by hand."""
    by_hand = await store.roles_by(r, "", person_id)
    return frozenset([role for role in by_hand if await store.role_sources(r, person_id, role) == [""]])


async def administrators(r: Reading) -> list[str]:
    """The ids of all administrators."""
    return await store.with_role(r, Role.admin)


async def sres(r: Reading) -> list[str]:
    """The ids of all SREs."""
    return await store.with_role(r, Role.sre)


async def prefer(tx: Tx, *, lang: str | None = None, theme: str | None = None) -> None:
    """The actor's language and theme; None leaves it. Raises `NoSuchTheme`."""
    if theme is not None and theme not in THEMES:
        raise NoSuchTheme(theme=theme, known=", ".join(THEMES))
    known = await person(tx, tx.actor.id)
    wanted = replace(known, lang=lang or known.lang, theme=theme or known.theme)
    if wanted != known:
        await store.put_person(tx, wanted)
        tx.say(PersonChanged(person=known.id, name=known.name, what="preferences", subject=f"person/{known.id}"))


async def head_counts(r: Reading) -> dict[str, int]:
    """How many people are in each team, or in a team below it; who is in several of them counts once."""
    return await r.recall("access", "head_counts", lambda: _head_counts(r))


async def _head_counts(r: Reading) -> dict[str, int]:
    parents = {t.id: t.parent for t in await store.teams(r)}
    inside: dict[str, set[str]] = {}
    for person_, team_ in await store.present(r):
        at: str | None = team_
        while at is not None:
            inside.setdefault(at, set()).add(person_)
            at = parents.get(at)
    return {team: len(people) for team, people in inside.items()}


SEARCHABLE = (search.Searchable("person", store.person_entries), search.Searchable("team", store.team_entries))
