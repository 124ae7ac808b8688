"""Rows of what people sign in with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from podo.kernel.db import Bookkeeping, Record


class AccountRow(Record):
    """A person's account with an issuer, by the issuer's address and its name of the person."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    issuer: Mapped[str] = mapped_column(String(500))
    subject: Mapped[str] = mapped_column(String(255))
    person: Mapped[str] = mapped_column(String(80), ForeignKey("people.id"), index=True)
    linked_at: Mapped[datetime]


class TokenRow(Record):
    """An API token; of its secret only the SHA-256."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    person: Mapped[str] = mapped_column(String(80), ForeignKey("people.id"), index=True)
    scopes: Mapped[list[str]]
    projects: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class TokenUseRow(Bookkeeping):
    """When a token was last used, to the minute."""

    __tablename__ = "token_uses"

    token: Mapped[str] = mapped_column(String(40), ForeignKey("tokens.id"), primary_key=True)
    at: Mapped[datetime]


class SessionRow(Bookkeeping):
    """A signed-in browser; of its cookie only the SHA-256. Signing in and ending leave events of their own."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    person: Mapped[str] = mapped_column(String(80), ForeignKey("people.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    about: Mapped[str] = mapped_column(String(200))
    # Of a session that an issuer vouches for: its name here, its own name of the session, and the sealed ID token.
    issuer: Mapped[str] = mapped_column(String(80), default="")
    sid: Mapped[str] = mapped_column(String(255), default="", index=True)
    hint: Mapped[str] = mapped_column(Text, default="")


class SignInLinkRow(Bookkeeping):
    """A sign-in link: its hash, and the link itself sealed until it was mailed."""

    __tablename__ = "sign_in_links"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    person: Mapped[str] = mapped_column(String(80), ForeignKey("people.id"))
    sealed: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime]
    spent_at: Mapped[datetime | None]


class SignInStateRow(Bookkeeping):
    """The hash of a state with which a browser came back from an issuer, so that none comes back twice."""

    __tablename__ = "sign_in_states"

    state: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)


class SignInTryRow(Bookkeeping):
    """Tries to sign in, for the limit: by `who` (an address or an e-mail, hashed)."""

    __tablename__ = "sign_in_tries"
    __table_args__ = (Index("ix_sign_in_tries_who_at", "who", "at"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    who: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
