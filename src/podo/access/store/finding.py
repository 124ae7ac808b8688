"""What people and teams are found by."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from sqlalchemy import select

from podo.access.models import PersonRow, TeamRow
from podo.access.types import Person, Team
from podo.kernel import search
from podo.kernel.db import Reading, Tx

PERSON, TEAM = "person", "team"


async def note_person(tx: Tx, of: Person) -> None:
    """Let a person be found while active."""
    if not of.active:
        await search.drop(tx, PERSON, [of.id])
        return
    await search.put(tx, PERSON, [_person(of)])


async def note_team(tx: Tx, of: Team) -> None:
    """Let a team be found, after its end too."""
    await search.put(tx, TEAM, [_team(of)])


async def person_entries(r: Reading) -> AsyncIterator[Sequence[search.Entry]]:
    """Of all who are active."""
    yield [_person(row) for row in await r.session.scalars(select(PersonRow).where(PersonRow.active.is_(True)))]


async def team_entries(r: Reading) -> AsyncIterator[Sequence[search.Entry]]:
    """Of all that ever were."""
    yield [_team(row) for row in await r.session.scalars(select(TeamRow))]


async def find_people(r: Reading, text: str, limit: int) -> list[str]:
    """Ids of active people, the best first."""
    return [found.ref for found in await search.find(r, PERSON, text, limit)]


async def find_teams(r: Reading, text: str, limit: int) -> list[str]:
    """Ids of teams, the best first."""
    return [found.ref for found in await search.find(r, TEAM, text, limit)]


def _person(of: Person | PersonRow) -> search.Entry:
    return search.Entry(of.id, of.name, (of.email, of.title))


def _team(of: Team | TeamRow) -> search.Entry:
    return search.Entry(of.id, of.name, (of.handle, of.slack))
