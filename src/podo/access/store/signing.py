"""Rows of tokens, sessions, links and accounts."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from podo.access.models import (
    AccountRow,
    MembershipRow,
    RoleRow,
    SessionRow,
    SignInLinkRow,
    SignInStateRow,
    SignInTryRow,
    TokenRow,
    TokenUseRow,
)
from podo.access.types import Account, Session, Token
from podo.kernel import ids
from podo.kernel.db import Reading, Tx

# Asked with every request: they stand ready, and read columns.
_SESSION = select(*SessionRow.__table__.columns).where(SessionRow.__table__.c.hash == bindparam("value"))
_TOKENS = select(*(getattr(TokenRow, column.name) for column in TokenRow.__table__.columns), TokenUseRow.at)
_USED = _TOKENS.outerjoin(TokenUseRow, TokenUseRow.token == TokenRow.id)
_BY_HASH, _BY_ID = _USED.where(TokenRow.hash == bindparam("value")), _USED.where(TokenRow.id == bindparam("value"))


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
    found = (await r.session.execute(_BY_HASH, {"value": hash_})).first()
    return _token(found, found.at) if found else None


async def tokens(r: Reading, person: str) -> list[Token]:
    """The tokens of a person, newest first."""
    query = select(TokenRow, TokenUseRow.at).outerjoin(TokenUseRow, TokenUseRow.token == TokenRow.id)
    rows = await r.session.execute(query.where(TokenRow.person == person).order_by(TokenRow.id.desc()))
    return [_token(row, at) for row, at in rows]


async def token(r: Reading, id_: str) -> Token | None:
    """By id."""
    found = (await r.session.execute(_BY_ID, {"value": id_})).first()
    return _token(found, found.at) if found else None


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
    row = (await r.session.execute(_SESSION, {"value": hash_})).first()
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


def _token(row: Any, used: datetime | None) -> Token:
    return Token(
        row.id, row.name, row.person, tuple(row.scopes), tuple(row.projects), row.created_at, row.expires_at, used, row.revoked_at
    )


def _session(row: Any) -> Session:
    return Session(row.id, row.person, row.created_at, row.expires_at, row.seen_at, row.about, row.issuer)


def _account(row: AccountRow) -> Account:
    return Account(row.id, row.issuer, row.subject, row.person, row.linked_at)
