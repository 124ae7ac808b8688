"""All SQL of people, teams and sign-in."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, literal, or_, select, tuple_, update

from podo.access.models import (
    MembershipRow,
    PersonRow,
    RoleRow,
    SessionRow,
    SignInLinkRow,
    SignInTryRow,
    TeamRow,
    TokenRow,
    TokenUseRow,
)
from podo.access.types import Membership, MembershipRole, Person, Role, Session, Team, Token
from podo.kernel import ids
from podo.kernel.db import Reading, Tx


def kept(r: Reading) -> dict[Any, Any]:
    """What was worked out already in this view or transaction; it goes with it."""
    return r.session.info


async def person(r: Reading, id_: str) -> Person | None:
    """By stable id."""
    row = await r.session.get(PersonRow, id_)
    return _person(row) if row else None


async def people(r: Reading, ids_: Collection[str]) -> dict[str, Person]:
    """Several, by id."""
    rows = await r.session.scalars(select(PersonRow).where(PersonRow.id.in_(ids_)))
    return {row.id: _person(row) for row in rows}


async def everybody(r: Reading) -> list[Person]:
    """Everybody who ever was."""
    return [_person(row) for row in await r.session.scalars(select(PersonRow).order_by(PersonRow.name))]


async def by_email(r: Reading, email: str) -> Person | None:
    """The active person with this address."""
    query = select(PersonRow).where(func.lower(PersonRow.email) == email.lower(), PersonRow.active.is_(True))
    row = (await r.session.scalars(query)).first()
    return _person(row) if row else None


def _fitting(text: str) -> ColumnElement[bool]:
    named = PersonRow.name.icontains(text, autoescape=True)
    found = or_(named, PersonRow.email.icontains(text, autoescape=True), PersonRow.title.icontains(text, autoescape=True))
    return and_(PersonRow.active.is_(True), found)


async def search(r: Reading, text: str, limit: int, behind: tuple[str, str] | None = None) -> list[Person]:
    """Active people whose name, address or title contains `text`, by name; those `behind` a name and id."""
    query = select(PersonRow).where(_fitting(text)).order_by(PersonRow.name, PersonRow.id).limit(limit)
    if behind is not None:
        query = query.where(tuple_(PersonRow.name, PersonRow.id) > tuple_(*map(literal, behind)))
    return [_person(row) for row in await r.session.scalars(query)]


async def count(r: Reading, text: str) -> int:
    """How many active people fit."""
    return await r.session.scalar(select(func.count()).select_from(PersonRow).where(_fitting(text))) or 0


async def teams(r: Reading) -> list[Team]:
    """All teams, living and ended, by name."""
    return [_team(row) for row in await r.session.scalars(select(TeamRow).order_by(TeamRow.name))]


async def team(r: Reading, name: str) -> Team | None:
    """By id or handle."""
    query = select(TeamRow).where(or_(TeamRow.id == name, TeamRow.handle == name))
    row = (await r.session.scalars(query)).first()
    return _team(row) if row else None


async def memberships(
    r: Reading, *, person: str | None = None, people: Collection[str] | None = None, team: str | None = None
) -> list[Membership]:
    """Of a person or several, of a team, or all."""
    query = select(MembershipRow)
    if person is not None:
        query = query.where(MembershipRow.person == person)
    if people is not None:
        query = query.where(MembershipRow.person.in_(people))
    if team is not None:
        query = query.where(MembershipRow.team == team)
    return [Membership(row.person, row.team, MembershipRole(row.role)) for row in await r.session.scalars(query)]


async def roles(r: Reading, person: str) -> frozenset[Role]:
    """What a person was given."""
    return frozenset(Role(x) for x in await r.session.scalars(select(RoleRow.role).where(RoleRow.person == person)))


async def roles_of(r: Reading, people: Collection[str]) -> dict[str, frozenset[Role]]:
    """What several people were given; those without a role are missing."""
    found: dict[str, set[Role]] = {}
    for row in await r.session.scalars(select(RoleRow).where(RoleRow.person.in_(people))):
        found.setdefault(row.person, set()).add(Role(row.role))
    return {person: frozenset(roles) for person, roles in found.items()}


async def with_role(r: Reading, role: Role) -> list[str]:
    """The ids of active people with a role."""
    query = select(RoleRow.person).join(PersonRow, PersonRow.id == RoleRow.person).where(RoleRow.role == role)
    return list(await r.session.scalars(query.where(PersonRow.active.is_(True))))


async def put_person(tx: Tx, person_: Person) -> None:
    """Add or change a person."""
    await tx.session.merge(PersonRow(**asdict(person_)))


async def put_team(tx: Tx, team_: Team) -> None:
    """Add or change a team."""
    await tx.session.merge(TeamRow(**asdict(team_)))
    await tx.session.flush()


async def put_memberships(tx: Tx, wanted: Iterable[Membership]) -> None:
    """These, and no others."""
    await tx.session.execute(delete(MembershipRow))
    tx.session.add_all(MembershipRow(person=m.person, team=m.team, role=m.role) for m in wanted)
    await tx.session.flush()


async def add_role(tx: Tx, person: str, role: Role) -> bool:
    """False when the person has it already."""
    if await tx.session.get(RoleRow, (person, role)):
        return False
    tx.session.add(RoleRow(person=person, role=role))
    return True


async def remove_role(tx: Tx, person: str, role: Role) -> bool:
    """False when the person has it not."""
    row = await tx.session.get(RoleRow, (person, role))
    if row is None:
        return False
    await tx.session.delete(row)
    return True


# -- tokens


def add_token(tx: Tx, token: Token, hash_: str) -> None:
    """A new token, by the hash of its secret."""
    tx.session.add(
        TokenRow(
            id=token.id,
            hash=hash_,
            name=token.name,
            person=token.person,
            scopes=list(token.scopes),
            projects=list(token.projects),
            created_at=token.created_at,
            expires_at=token.expires_at,
        )
    )


async def token_by_hash(r: Reading, hash_: str) -> Token | None:
    """The token with this hash, whatever its state."""
    query = (
        select(TokenRow, TokenUseRow.at).outerjoin(TokenUseRow, TokenUseRow.token == TokenRow.id).where(TokenRow.hash == hash_)
    )
    found = (await r.session.execute(query)).first()
    return _token(*found) if found else None


async def tokens(r: Reading, person: str) -> list[Token]:
    """The tokens of a person, newest first."""
    query = select(TokenRow, TokenUseRow.at).outerjoin(TokenUseRow, TokenUseRow.token == TokenRow.id)
    rows = await r.session.execute(query.where(TokenRow.person == person).order_by(TokenRow.id.desc()))
    return [_token(row, at) for row, at in rows]


async def token(r: Reading, id_: str) -> Token | None:
    """By id."""
    found = (
        await r.session.execute(
            select(TokenRow, TokenUseRow.at).outerjoin(TokenUseRow, TokenUseRow.token == TokenRow.id).where(TokenRow.id == id_)
        )
    ).first()
    return _token(*found) if found else None


async def revoke_token(tx: Tx, id_: str, at: datetime) -> None:
    """It is over."""
    (await tx.session.get_one(TokenRow, id_)).revoked_at = at


async def revoke_tokens_of(tx: Tx, person: str, at: datetime) -> None:
    """All of a person."""
    await tx.session.execute(
        update(TokenRow).where(TokenRow.person == person, TokenRow.revoked_at.is_(None)).values(revoked_at=at)
    )


async def token_used(tx: Tx, id_: str, at: datetime) -> None:
    """Note the use."""
    await tx.session.merge(TokenUseRow(token=id_, at=at))


# -- sessions and links


def add_session(tx: Tx, session: Session, hash_: str, csrf: str) -> None:
    """A new session, by the hash of its cookie."""
    tx.session.add(SessionRow(hash=hash_, csrf=csrf, **asdict(session)))


async def session_by_hash(r: Reading, hash_: str) -> tuple[Session, str] | None:
    """The session with this hash and its CSRF token."""
    row = (await r.session.scalars(select(SessionRow).where(SessionRow.hash == hash_))).first()
    return (_session(row), row.csrf) if row else None


async def sessions(r: Reading, person: str) -> list[Session]:
    """The sessions of a person, the last seen first."""
    query = select(SessionRow).where(SessionRow.person == person).order_by(SessionRow.seen_at.desc())
    return [_session(row) for row in await r.session.scalars(query)]


async def touch_session(tx: Tx, id_: str, at: datetime, until: datetime) -> None:
    """It was seen, and lasts on."""
    await tx.session.execute(update(SessionRow).where(SessionRow.id == id_).values(seen_at=at, expires_at=until))


async def end_session(tx: Tx, id_: str, person: str) -> bool:
    """False when the person has no such session."""
    ended = await tx.session.scalars(
        delete(SessionRow).where(SessionRow.id == id_, SessionRow.person == person).returning(SessionRow.id)
    )
    return ended.first() is not None


async def end_sessions_of(tx: Tx, person: str) -> None:
    """All of them."""
    await tx.session.execute(delete(SessionRow).where(SessionRow.person == person))


def add_link(tx: Tx, id_: str, hash_: str, person: str, sealed: str, expires_at: datetime) -> None:
    """A sign-in link."""
    tx.session.add(SignInLinkRow(id=id_, hash=hash_, person=person, sealed=sealed, expires_at=expires_at))


async def sealed_link(r: Reading, id_: str) -> tuple[str, str, datetime] | None:
    """The person, the sealed link and its end; None when it was spent."""
    row = await r.session.get(SignInLinkRow, id_)
    return (row.person, row.sealed, row.expires_at) if row and row.spent_at is None else None


async def spend_link(tx: Tx, hash_: str, at: datetime) -> str | None:
    """The person of the link, once; None when it is spent, too old, or never was."""
    good = (SignInLinkRow.hash == hash_, SignInLinkRow.spent_at.is_(None), SignInLinkRow.expires_at > at)
    spent = await tx.session.scalars(update(SignInLinkRow).where(*good).values(spent_at=at).returning(SignInLinkRow.person))
    return spent.first()


async def tries(tx: Tx, who: str, since: datetime) -> int:
    """How often `who` tried since then."""
    query = select(func.count()).select_from(SignInTryRow).where(SignInTryRow.who == who, SignInTryRow.at >= since)
    return await tx.session.scalar(query) or 0


async def add_try(tx: Tx, who: str, at: datetime) -> None:
    """Count a try, and forget those of yesterday."""
    tx.session.add(SignInTryRow(id=ids.new("try"), who=who, at=at))
    await tx.session.execute(delete(SignInTryRow).where(SignInTryRow.at < at - timedelta(days=1)))


def _person(row: PersonRow) -> Person:
    return Person(row.id, row.name, row.email, row.active, row.lang, row.title, row.theme)


def _team(row: TeamRow) -> Team:
    return Team(row.id, row.name, row.handle, row.parent, row.ended_at, row.slack)


def _token(row: TokenRow, used: datetime | None) -> Token:
    return Token(
        row.id, row.name, row.person, tuple(row.scopes), tuple(row.projects), row.created_at, row.expires_at, used, row.revoked_at
    )


def _session(row: SessionRow) -> Session:
    return Session(row.id, row.person, row.created_at, row.expires_at, row.seen_at, row.about)
