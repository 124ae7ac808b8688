"""People who leave, and what of theirs is open then; for administrators, and for the sweep that looks at ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from podo.access import store
from podo.access.service.people import person as the_person
from podo.access.service.rights import require
from podo.access.types import (
    PRESENCE,
    NoSuchToken,
    OfDirectory,
    On,
    Person,
    PersonJoined,
    PersonLeft,
    Session,
    SessionEnded,
    SignedOut,
)
from podo.kernel import clock
from podo.kernel.db import Reading, Tx


async def leave(tx: Tx, person: Person) -> None:
    """The person is out: not active, no session, no token."""
    await store.put_person(tx, replace(person, active=False))
    await _end_all(tx, person)
    tx.say(PersonLeft(person=person.id, name=person.name, subject=f"person/{person.id}"))


async def _end_all(tx: Tx, person: Person) -> None:
    await store.end_sessions_of(tx, person.id)
    await store.revoke_tokens_of(tx, person.id, clock.now())


async def leavers(r: Reading) -> Sequence[Person]:
    """Who is here still, although the end has come."""
    return await store.leavers(r, clock.now())


async def let_leavers_go(tx: Tx) -> None:
    """Whoever's end has come is out."""
    for person in await store.leavers(tx, clock.now()):
        await leave(tx, person)


async def deactivate(tx: Tx, person: str) -> None:
    """Let out somebody whom an issuer brought; a second time does nothing. Raises `NoSuchPerson`, `OfDirectory`."""
    who = await _brought(tx, person)
    if who.active:
        await leave(tx, who)


async def activate(tx: Tx, person: str) -> None:
    """Let in again somebody whom an issuer brought; a second time does nothing. Raises `NoSuchPerson`, `OfDirectory`."""
    who = await _brought(tx, person)
    if not who.active:
        await store.put_person(tx, replace(who, active=True))
        tx.say(PersonJoined(person=who.id, name=who.name, subject=f"person/{who.id}"))


async def _brought(tx: Tx, person: str) -> Person:
    await require(tx, PRESENCE, On())
    who = await the_person(tx, person)
    if not who.source:
        raise OfDirectory(name=who.name)
    return who


async def sessions_of(r: Reading, person: str) -> list[Session]:
    """Somebody's living sessions, the last seen first, for administrators. Raises `NoSuchPerson`."""
    await require(r, PRESENCE, On())
    who = await the_person(r, person)
    return [s for s in await store.sessions(r, who.id) if s.expires_at > clock.now()]


async def end_session_of(tx: Tx, person: str, session: str) -> None:
    """End one of somebody's sessions. Raises `NoSuchPerson`, `NoSuchToken`."""
    await require(tx, PRESENCE, On())
    who = await the_person(tx, person)
    if not await store.end_session(tx, session, who.id):
        raise NoSuchToken(what="session", name=session)
    tx.say(SessionEnded(session=session, subject=f"person/{who.id}"))


async def sign_out_person(tx: Tx, person: str) -> None:
    """End all sessions and tokens of somebody, who may sign in again. Raises `NoSuchPerson`."""
    await require(tx, PRESENCE, On())
    who = await the_person(tx, person)
    await _end_all(tx, who)
    tx.say(SignedOut(person=who.id, name=who.name, subject=f"person/{who.id}"))
