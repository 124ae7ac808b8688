"""Reading people and teams, and a person's own choices."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from podo.access import store
from podo.access.types import Membership, NoSuchPerson, NoSuchTeam, Person, PersonChanged, Role, Team
from podo.kernel.db import Reading, Tx


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
    """Active people whose name or address contains `text`."""
    return await store.search(r, text.strip(), limit)


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


async def teams_of(r: Reading, person_id: str) -> Sequence[Membership]:
    """Where a person is."""
    return await store.memberships(r, person=person_id)


async def roles_of(r: Reading, person_id: str) -> frozenset[Role]:
    """What a person was given beside the teams."""
    return await store.roles(r, person_id)


async def is_sre(r: Reading, person_id: str) -> bool:
    """Whether a person is an SRE."""
    return Role.sre in await store.roles(r, person_id)


async def sres(r: Reading) -> list[str]:
    """The ids of all SREs."""
    return await store.with_role(r, Role.sre)


async def prefer(tx: Tx, *, lang: str | None = None, theme: str | None = None) -> None:
    """The actor's language and theme."""
    known = await person(tx, tx.actor.id)
    wanted = replace(known, lang=lang or known.lang, theme=theme or known.theme)
    if wanted != known:
        await store.put_person(tx, wanted)
        tx.say(PersonChanged(person=known.id, name=known.name, what="preferences", subject=f"person/{known.id}"))


async def head_counts(r: Reading) -> dict[str, int]:
    """How many people are in each team."""
    counts: dict[str, int] = {}
    for membership in await store.memberships(r):
        counts[membership.team] = counts.get(membership.team, 0) + 1
    return counts
