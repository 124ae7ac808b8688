"""Rows of people, teams, memberships and roles."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, literal, or_, select, tuple_, update

from podo.access.models import MembershipRow, PersonRow, RoleRow, TeamRow
from podo.access.store.finding import note_person, note_team
from podo.access.types import Membership, MembershipRole, Person, Role, Team
from podo.kernel.db import Reading, Tx

# Statements that are asked with every request stand ready, and read columns: an entity costs several times as much as its row.
_COLUMNS = tuple(getattr(PersonRow, column.name) for column in PersonRow.__table__.columns)
_PEOPLE = select(*_COLUMNS).where(PersonRow.id.in_(bindparam("ids", expanding=True)))
_EVERYBODY = select(*_COLUMNS).order_by(PersonRow.name)
_PERSON = select(*_COLUMNS).where(PersonRow.id == bindparam("id"))
_BY_EMAIL = select(*_COLUMNS).where(func.lower(PersonRow.email) == bindparam("email"), PersonRow.active.is_(True))
_MEMBERSHIP = (MembershipRow.person, MembershipRow.team, MembershipRow.role)
_IN_TEAMS = select(*_MEMBERSHIP).where(MembershipRow.person == bindparam("id"))
_TEAM = (TeamRow.id, TeamRow.name, TeamRow.handle, TeamRow.parent, TeamRow.ended_at, TeamRow.slack, TeamRow.began_at)
_TEAMS = select(*_TEAM).order_by(TeamRow.name)
_ONE_TEAM = select(*_TEAM).where(or_(TeamRow.id == bindparam("name"), TeamRow.handle == bindparam("name")))
_FEW = 8
_ROLES = select(RoleRow.role).where(RoleRow.person == bindparam("id"))


def kept(r: Reading) -> dict[Any, Any]:
    """What was worked out already in this view or transaction; it goes with it."""
    return r.session.info


async def person(r: Reading, id_: str) -> Person | None:
    """By stable id."""

    async def find() -> Person | None:
        row = (await r.session.execute(_PERSON, {"id": id_})).first()
        return read_person(row) if row else None

    return await r.recall("access", ("person", id_), find)


async def people(r: Reading, ids_: Collection[str]) -> dict[str, Person]:
    """Several, by id."""
    if len(ids_) <= _FEW and not isinstance(r, Tx):
        # A page names the same few people again and again.
        return {id_: found for id_ in ids_ if (found := await person(r, id_))}
    rows = await r.session.execute(_PEOPLE, {"ids": list(ids_)}) if ids_ else ()
    return {row.id: read_person(row) for row in rows}


async def leavers(r: Reading, now: datetime) -> list[Person]:
    """Active people whose end has come."""
    query = select(PersonRow).where(PersonRow.active.is_(True), PersonRow.ends_at <= now)
    return [read_person(row) for row in await r.session.scalars(query)]


async def everybody(r: Reading) -> list[Person]:
    """Everybody who ever was."""
    return [read_person(row) for row in await r.session.execute(_EVERYBODY)]


async def by_email(r: Reading, email: str) -> Person | None:
    """The active person with this address."""
    row = (await r.session.execute(_BY_EMAIL, {"email": email.lower()})).first()
    return read_person(row) if row else None


async def left_with(r: Reading, email: str) -> Person | None:
    """Somebody who left, and had this address."""
    query = select(PersonRow).where(func.lower(PersonRow.email) == email.lower(), PersonRow.active.is_(False))
    row = (await r.session.scalars(query)).first()
    return read_person(row) if row else None


def _fitting(text: str) -> ColumnElement[bool]:
    named = PersonRow.name.icontains(text, autoescape=True)
    found = or_(named, PersonRow.email.icontains(text, autoescape=True), PersonRow.title.icontains(text, autoescape=True))
    return and_(PersonRow.active.is_(True), found)


async def search(r: Reading, text: str, limit: int, behind: tuple[str, str] | None = None) -> list[Person]:
    """Active people whose name, address or title contains `text`, by name; those `behind` a name and id."""
    query = select(PersonRow).where(_fitting(text)).order_by(PersonRow.name, PersonRow.id).limit(limit)
    if behind is not None:
        query = query.where(tuple_(PersonRow.name, PersonRow.id) > tuple_(*map(literal, behind)))
    return [read_person(row) for row in await r.session.scalars(query)]


async def count(r: Reading, text: str) -> int:
    """How many active people fit."""
    return await r.session.scalar(select(func.count()).select_from(PersonRow).where(_fitting(text))) or 0


async def teams(r: Reading) -> list[Team]:
    """All teams, living and ended, by name."""

    async def find() -> tuple[Team, ...]:
        return tuple([_team(row) for row in await r.session.execute(_TEAMS)])

    # Within a transaction, which recalls nothing, verbs of several domains ask for them one after another.
    known: tuple[Team, ...] | None = kept(r).get("teams")
    if known is None:
        kept(r)["teams"] = known = await r.recall("access", "teams", find)
    return list(known)


async def team(r: Reading, name: str) -> Team | None:
    """By id or handle."""
    if not isinstance(r, Tx):
        return (await r.recall("access", "teams by name", lambda: _by_name(r))).get(name)
    row = (await r.session.execute(_ONE_TEAM, {"name": name})).first()
    return _team(row) if row else None


async def _by_name(r: Reading) -> dict[str, Team]:
    every = await teams(r)
    return {t.handle: t for t in every} | {t.id: t for t in every}


async def memberships(
    r: Reading, *, person: str | None = None, people: Collection[str] | None = None, team: str | None = None
) -> list[Membership]:
    """Of a person or several, of a team, or all; who is in a team by several sources is there once, a lead before all."""
    if person is not None and people is None and team is None:
        return list(await r.recall("access", ("memberships", person), lambda: _memberships_of(r, person)))
    query = select(*_MEMBERSHIP)
    if person is not None:
        query = query.where(MembershipRow.person == person)
    if people is not None:
        query = query.where(MembershipRow.person.in_(people))
    if team is not None:
        query = query.where(MembershipRow.team == team)
    return _merged(await r.session.execute(query))


async def leads(r: Reading, teams_: Collection[str]) -> list[Membership]:
    """Who leads these teams."""
    query = select(MembershipRow).where(MembershipRow.team.in_(teams_), MembershipRow.role == MembershipRole.lead)
    return [_membership(row) for row in await r.session.scalars(query)]


async def present(r: Reading) -> list[tuple[str, str]]:
    """Who of the active people is in which team."""
    query = select(MembershipRow.person, MembershipRow.team).distinct().join(PersonRow, PersonRow.id == MembershipRow.person)
    return [(person, team_) for person, team_ in await r.session.execute(query.where(PersonRow.active.is_(True)))]


async def memberships_by(r: Reading, source: str, person: str | None = None) -> list[Membership]:
    """Those of one source: an issuer, or the directory where it is empty."""
    query = select(MembershipRow).where(MembershipRow.source == source)
    if person is not None:
        query = query.where(MembershipRow.person == person)
    return [_membership(row) for row in await r.session.scalars(query)]


def _merged(rows: Iterable[Any]) -> list[Membership]:
    found: dict[tuple[str, str], Membership] = {}
    for row in rows:
        key = (row.person, row.team)
        if key not in found or row.role == MembershipRole.lead:
            found[key] = _membership(row)
    return list(found.values())


async def _memberships_of(r: Reading, person_id: str) -> tuple[Membership, ...]:
    return tuple(_merged(await r.session.execute(_IN_TEAMS, {"id": person_id})))


def _membership(row: Any) -> Membership:
    return Membership(row.person, row.team, MembershipRole(row.role))


async def roles(r: Reading, person: str) -> frozenset[Role]:
    """What a person was given."""

    async def find() -> frozenset[Role]:
        return frozenset(Role(x) for x in await r.session.scalars(_ROLES, {"id": person}))

    return await r.recall("access", ("roles", person), find)


async def roles_of(r: Reading, people: Collection[str]) -> dict[str, frozenset[Role]]:
    """What several people were given; those without a role are missing."""
    found: dict[str, set[Role]] = {}
    for row in await r.session.scalars(select(RoleRow).where(RoleRow.person.in_(people))):
        found.setdefault(row.person, set()).add(Role(row.role))
    return {person: frozenset(roles) for person, roles in found.items()}


async def roles_by(r: Reading, source: str, person: str) -> frozenset[Role]:
    """What a person has by one source: an issuer, or by hand where it is empty."""
    query = select(RoleRow.role).where(RoleRow.person == person, RoleRow.source == source)
    return frozenset(Role(role) for role in await r.session.scalars(query))


async def role_sources(r: Reading, person: str, role: Role) -> list[str]:
    """By what a person has a role: issuers, and the empty one by hand."""
    query = select(RoleRow.source).where(RoleRow.person == person, RoleRow.role == role).order_by(RoleRow.source)
    return list(await r.session.scalars(query))


async def with_role(r: Reading, role: Role) -> list[str]:
    """The ids of active people with a role."""
    query = select(RoleRow.person).distinct().join(PersonRow, PersonRow.id == RoleRow.person).where(RoleRow.role == role)
    return list(await r.session.scalars(query.where(PersonRow.active.is_(True))))


async def put_person(tx: Tx, person_: Person, *, is_new: bool = False) -> None:
    """Add or change a person; one of whom it is known that there is no row is not looked for."""
    row = PersonRow(**asdict(person_))
    if is_new:
        tx.session.add(row)
    else:
        await tx.session.merge(row)
    await note_person(tx, person_)


async def put_team(tx: Tx, team_: Team) -> None:
    """Add or change a team."""
    kept(tx).pop("teams", None)
    await tx.session.merge(TeamRow(**asdict(team_)))
    await tx.session.flush()
    await note_team(tx, team_)


async def sayings(r: Reading) -> dict[str, dict[str, Any]]:
    """By team, what the directory last said where people decided otherwise."""
    rows = await r.session.execute(select(TeamRow.id, TeamRow.said))
    return {id_: said for id_, said in rows if said}


async def put_saying(tx: Tx, team_id: str, said: dict[str, Any]) -> None:
    """Keep what the directory says although people decided otherwise; empty where they did not."""
    await tx.session.execute(update(TeamRow).where(TeamRow.id == team_id).values(said=said))


async def put_memberships(tx: Tx, wanted: Iterable[Membership], source: str = "", person: str | None = None) -> None:
    """These, and no others of this source, of everybody or of one person."""
    gone = delete(MembershipRow).where(MembershipRow.source == source)
    await tx.session.execute(gone if person is None else gone.where(MembershipRow.person == person))
    tx.session.add_all(MembershipRow(person=m.person, team=m.team, source=source, role=m.role) for m in wanted)
    await tx.session.flush()


async def members_by(r: Reading, team_: str, source: str) -> list[Membership]:
    """Who is in a team by one source."""
    query = select(MembershipRow).where(MembershipRow.team == team_, MembershipRow.source == source)
    return [_membership(row) for row in await r.session.scalars(query)]


async def put_members(tx: Tx, team_: str, wanted: Iterable[Membership]) -> None:
    """These people are in a team by the directory, and no others."""
    await tx.session.execute(delete(MembershipRow).where(MembershipRow.team == team_, MembershipRow.source == ""))
    tx.session.add_all(MembershipRow(person=m.person, team=team_, source="", role=m.role) for m in wanted)
    await tx.session.flush()


async def put_roles(tx: Tx, person: str, wanted: Iterable[Role], source: str) -> None:
    """These, and no others of this source."""
    await tx.session.execute(delete(RoleRow).where(RoleRow.person == person, RoleRow.source == source))
    tx.session.add_all(RoleRow(person=person, role=role, source=source) for role in wanted)
    await tx.session.flush()


async def add_role(tx: Tx, person: str, role: Role) -> bool:
    """By hand; false when the person was given it already."""
    if await tx.session.get(RoleRow, (person, role, "")):
        return False
    tx.session.add(RoleRow(person=person, role=role, source=""))
    return True


async def remove_role(tx: Tx, person: str, role: Role) -> bool:
    """What was given by hand; false when it was not."""
    row = await tx.session.get(RoleRow, (person, role, ""))
    if row is None:
        return False
    await tx.session.delete(row)
    return True


def read_person(row: Any) -> Person:
    """The noun of a row, or of its columns."""
    return Person(row.id, row.name, row.email, row.active, row.lang, row.title, row.theme, row.source, row.ends_at)


def _team(row: Any) -> Team:
    return Team(row.id, row.name, row.handle, row.parent, row.ended_at, row.slack, row.began_at)
