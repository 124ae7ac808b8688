"""All SQL of people, teams and sign-in."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, literal, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from podo.access.models import (
    AccountRow,
    MembershipRow,
    PersonRow,
    RoleRow,
    SessionRow,
    SignInLinkRow,
    SignInStateRow,
    SignInTryRow,
    TeamRow,
    TokenRow,
    TokenUseRow,
)
from podo.access.types import Account, Membership, MembershipRole, Person, Role, Session, Team, Token
from podo.kernel import ids
from podo.kernel.db import Reading, Tx


def kept(r: Reading) -> dict[Any, Any]:
    """What was worked out already in this view or transaction; it goes with it."""
    return r.session.info


async def person(r: Reading, id_: str) -> Person | None:
    """By stable id."""

    async def find() -> Person | None:
        row = await r.session.get(PersonRow, id_)
        return _person(row) if row else None

    return await r.recall("access", ("person", id_), find)


async def people(r: Reading, ids_: Collection[str]) -> dict[str, Person]:
    """Several, by id."""
    rows = await r.session.scalars(select(PersonRow).where(PersonRow.id.in_(ids_)))
    return {row.id: _person(row) for row in rows}


async def leavers(r: Reading, now: datetime) -> list[Person]:
    """Active people whose end has come."""
    query = select(PersonRow).where(PersonRow.active.is_(True), PersonRow.ends_at <= now)
    return [_person(row) for row in await r.session.scalars(query)]


async def everybody(r: Reading) -> list[Person]:
    """Everybody who ever was."""
    return [_person(row) for row in await r.session.scalars(select(PersonRow).order_by(PersonRow.name))]


async def by_email(r: Reading, email: str) -> Person | None:
    """The active person with this address."""
    query = select(PersonRow).where(func.lower(PersonRow.email) == email.lower(), PersonRow.active.is_(True))
    row = (await r.session.scalars(query)).first()
    return _person(row) if row else None


async def left_with(r: Reading, email: str) -> Person | None:
    """Somebody who left, and had this address."""
    query = select(PersonRow).where(func.lower(PersonRow.email) == email.lower(), PersonRow.active.is_(False))
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

    async def find() -> tuple[Team, ...]:
        return tuple([_team(row) for row in await r.session.scalars(select(TeamRow).order_by(TeamRow.name))])

    return list(await r.recall("access", "teams", find))


async def team(r: Reading, name: str) -> Team | None:
    """By id or handle."""
    query = select(TeamRow).where(or_(TeamRow.id == name, TeamRow.handle == name))
    row = (await r.session.scalars(query)).first()
    return _team(row) if row else None


async def memberships(
    r: Reading, *, person: str | None = None, people: Collection[str] | None = None, team: str | None = None
) -> list[Membership]:
    """Of a person or several, of a team, or all; who is in a team by several sources is there once, a lead before all."""
    if person is not None and people is None and team is None:
        return list(await r.recall("access", ("memberships", person), lambda: _memberships_of(r, person)))
    query = select(MembershipRow)
    if person is not None:
        query = query.where(MembershipRow.person == person)
    if people is not None:
        query = query.where(MembershipRow.person.in_(people))
    if team is not None:
        query = query.where(MembershipRow.team == team)
    return _merged(await r.session.scalars(query))


async def memberships_by(r: Reading, source: str, person: str | None = None) -> list[Membership]:
    """Those of one source: an issuer, or the directory where it is empty."""
    query = select(MembershipRow).where(MembershipRow.source == source)
    if person is not None:
        query = query.where(MembershipRow.person == person)
    return [_membership(row) for row in await r.session.scalars(query)]


def _merged(rows: Iterable[MembershipRow]) -> list[Membership]:
    found: dict[tuple[str, str], Membership] = {}
    for row in rows:
        key = (row.person, row.team)
        if key not in found or row.role == MembershipRole.lead:
            found[key] = _membership(row)
    return list(found.values())


async def _memberships_of(r: Reading, person_id: str) -> tuple[Membership, ...]:
    query = select(MembershipRow).where(MembershipRow.person == person_id)
    return tuple(_merged(await r.session.scalars(query)))


def _membership(row: MembershipRow) -> Membership:
    return Membership(row.person, row.team, MembershipRole(row.role))


async def roles(r: Reading, person: str) -> frozenset[Role]:
    """What a person was given."""

    async def find() -> frozenset[Role]:
        return frozenset(Role(x) for x in await r.session.scalars(select(RoleRow.role).where(RoleRow.person == person)))

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


async def put_person(tx: Tx, person_: Person) -> None:
    """Add or change a person."""
    await tx.session.merge(PersonRow(**asdict(person_)))


async def put_team(tx: Tx, team_: Team) -> None:
    """Add or change a team."""
    await tx.session.merge(TeamRow(**asdict(team_)))
    await tx.session.flush()


async def put_memberships(tx: Tx, wanted: Iterable[Membership], source: str = "", person: str | None = None) -> None:
    """These, and no others of this source, of everybody or of one person."""
    gone = delete(MembershipRow).where(MembershipRow.source == source)
    await tx.session.execute(gone if person is None else gone.where(MembershipRow.person == person))
    tx.session.add_all(MembershipRow(person=m.person, team=m.team, source=source, role=m.role) for m in wanted)
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


def add_session(tx: Tx, session: Session, hash_: str, csrf: str, *, sid: str = "", hint: str = "") -> None:
    """A new session, by the hash of its cookie; `sid` and the sealed `hint` are what its issuer knows it by."""
    tx.session.add(SessionRow(hash=hash_, csrf=csrf, sid=sid, hint=hint, **asdict(session)))


async def hint(r: Reading, session: str) -> str:
    """The sealed ID token of a session, empty without one."""
    return await r.session.scalar(select(SessionRow.hint).where(SessionRow.id == session)) or ""


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


async def end_sessions_by(tx: Tx, issuer: str, *, sid: str = "", person: str | None = None) -> list[tuple[str, str]]:
    """Sessions that an issuer vouched for, by its own name of one, of a person, or all; gives each with its person."""
    gone = delete(SessionRow).where(SessionRow.issuer == issuer)
    if sid:
        gone = gone.where(SessionRow.sid == sid)
    elif person is not None:
        gone = gone.where(SessionRow.person == person)
    ended = await tx.session.execute(gone.returning(SessionRow.id, SessionRow.person))
    return [(id_, of) for id_, of in ended]


async def sources(r: Reading) -> set[str]:
    """The issuers of which there is anything: memberships, roles, sessions."""
    found: set[str] = set()
    for column in (MembershipRow.source, RoleRow.source, SessionRow.issuer):
        found.update(await r.session.scalars(select(column).where(column != "").distinct()))
    return found


async def people_by(r: Reading, source: str) -> set[str]:
    """The ids of people who have a membership or a role by an issuer."""
    found = set(await r.session.scalars(select(MembershipRow.person).where(MembershipRow.source == source)))
    return found | set(await r.session.scalars(select(RoleRow.person).where(RoleRow.source == source)))


async def spend_state(tx: Tx, state: str, at: datetime) -> bool:
    """False when this state came back before. Forgets those of yesterday."""
    try:
        async with tx.session.begin_nested():
            tx.session.add(SignInStateRow(state=state, at=at))
    except IntegrityError:
        return False
    await tx.session.execute(delete(SignInStateRow).where(SignInStateRow.at < at - timedelta(days=1)))
    return True


# -- accounts with issuers


def add_account(tx: Tx, account: Account) -> None:
    """A new one."""
    tx.session.add(AccountRow(**asdict(account)))


async def account(r: Reading, issuer: str, subject: str) -> Account | None:
    """By the issuer's address and its name of the person."""
    query = select(AccountRow).where(AccountRow.issuer == issuer, AccountRow.subject == subject)
    row = (await r.session.scalars(query)).first()
    return _account(row) if row else None


async def accounts(r: Reading, person: str) -> list[Account]:
    """Those of a person."""
    query = select(AccountRow).where(AccountRow.person == person).order_by(AccountRow.linked_at)
    return [_account(row) for row in await r.session.scalars(query)]


async def remove_account(tx: Tx, id_: str) -> None:
    """It is nobody's any more."""
    await tx.session.delete(await tx.session.get_one(AccountRow, id_))


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
    return Person(row.id, row.name, row.email, row.active, row.lang, row.title, row.theme, row.source, row.ends_at)


def _team(row: TeamRow) -> Team:
    return Team(row.id, row.name, row.handle, row.parent, row.ended_at, row.slack)


def _token(row: TokenRow, used: datetime | None) -> Token:
    return Token(
        row.id, row.name, row.person, tuple(row.scopes), tuple(row.projects), row.created_at, row.expires_at, used, row.revoked_at
    )


def _session(row: SessionRow) -> Session:
    return Session(row.id, row.person, row.created_at, row.expires_at, row.seen_at, row.about, row.issuer)


def _account(row: AccountRow) -> Account:
    return Account(row.id, row.issuer, row.subject, row.person, row.linked_at)
