"""API tokens: hashed, scoped, expiring."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from podo.access import rules, store
from podo.access.service.rights import require
from podo.access.types import NARROW, TOKENS, Group, NoSuchToken, On, Token, TokenCreated, TokenRevoked, WrongToken
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import ActorKind

LONGEST = timedelta(days=366)
_COALESCE = timedelta(minutes=1)


def hashed(secret: str) -> str:
    """SHA-256; the secrets have 256 random bits, so that nothing slower is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def create_token(
    tx: Tx, name: str, scopes: Sequence[str], expires_at: datetime, projects: Sequence[str] = ()
) -> tuple[Token, str]:
    """A token of the actor and its secret, which is never shown again. Raises `WrongToken`.

    A token makes none that may more than itself, or lives longer.
    """
    await require(tx, TOKENS, On())
    now = clock.now()
    if not name.strip() or len(name) > 120:
        raise WrongToken(why="give it a name of up to 120 characters")
    if not scopes or set(scopes) - {g.value for g in Group} - set(NARROW):
        raise WrongToken(why=f"scopes are {', '.join([*Group, *NARROW])}")
    if not now < expires_at <= now + LONGEST:
        raise WrongToken(why="it ends after now and within a year")
    await _within_own(tx, scopes, projects, expires_at)
    token = Token(ids.new("tok"), name.strip(), tx.actor.id, tuple(scopes), tuple(projects), now, expires_at, None, None)
    secret = f"podo_{ids.secret()}"
    store.add_token(tx, token, hashed(secret))
    tx.say(TokenCreated(token=token.id, name=token.name, subject=f"person/{tx.actor.id}"))
    return token, secret


async def _within_own(tx: Tx, scopes: Sequence[str], projects: Sequence[str], expires_at: datetime) -> None:
    if tx.actor.kind is not ActorKind.token:
        return
    own = await store.token(tx, tx.actor.via or "")
    if own is None or set(scopes) - set(own.scopes):
        raise WrongToken(why="a token cannot make one with more scopes than its own")
    if own.projects and (not projects or set(projects) - set(own.projects)):
        raise WrongToken(why="a token cannot make one for other projects than its own")
    if expires_at > own.expires_at:
        raise WrongToken(why="a token cannot make one that outlives it")


async def tokens(r: Reading) -> list[Token]:
    """The actor's tokens, newest first."""
    await require(r, TOKENS, On())
    return await store.tokens(r, r.actor.id)


async def revoke_token(tx: Tx, token_id: str) -> None:
    """End a token of the actor. Raises `NoSuchToken`; a second time does nothing."""
    await require(tx, TOKENS, On())
    token = await store.token(tx, token_id)
    if token is None or token.person != tx.actor.id:
        raise NoSuchToken(what="token", name=token_id)
    if token.revoked_at is None:
        await store.revoke_token(tx, token_id, clock.now())
        tx.say(TokenRevoked(token=token.id, name=token.name, subject=f"person/{tx.actor.id}"))


async def identify_token(r: Reading, secret: str) -> Token | None:
    """The living token with this secret, of an active person."""
    token = await store.token_by_hash(r, hashed(secret))
    if token is None or token.revoked_at or token.expires_at <= clock.now():
        return None
    person = await store.person(r, token.person)
    return token if person and rules.is_here(person, clock.now()) else None


async def note_token_use(tx: Tx, token: Token) -> None:
    """Remember that a token was used."""
    await store.token_used(tx, token.id, clock.now())


def due_for_note(token: Token) -> bool:
    """Whether the use was not noted within the last minute."""
    return token.last_used_at is None or clock.now() - token.last_used_at > _COALESCE
