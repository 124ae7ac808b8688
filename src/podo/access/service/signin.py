"""Signing in by one-time links, and the sessions that follow."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from podo.access import rules, store
from podo.access.service.people import person as the_person
from podo.access.service.rights import require
from podo.access.service.tokens import hashed
from podo.access.types import (
    SESSIONS,
    LinkPrinted,
    LinkSpent,
    NoDemo,
    NoLinks,
    NoSuchPerson,
    NoSuchToken,
    On,
    Person,
    Role,
    Session,
    SessionEnded,
    SignedIn,
    SignInAsked,
    TooManySignIns,
)
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Actor, ActorKind
from podo.kernel.settings import Seal

LINK_LASTS = timedelta(minutes=15)
_WINDOW = timedelta(minutes=10)
_TRIES = 10
_TOUCH = timedelta(minutes=5)


async def begin_sign_in(tx: Tx, seal: Seal, email: str, address: str, *, links: bool = True) -> None:
    """Make a link for whoever has this e-mail, if anybody; the answer is the same for strangers.

    Raises `NoLinks` where links are off, `TooManySignIns` after ten tries in ten minutes for one e-mail or from one address.
    """
    if not links:
        raise NoLinks()
    now = clock.now()
    for who in (f"email:{email.lower()}", f"address:{address}"):
        key = hashlib.sha256(who.encode()).hexdigest()
        if await store.tries(tx, key, now - _WINDOW) >= _TRIES:
            raise TooManySignIns(after=int(_WINDOW.total_seconds()))
        await store.add_try(tx, key, now)
    person = await store.by_email(tx, email)
    if person is not None and rules.is_here(person, now):
        link, _ = _new_link(tx, seal, person)
        tx.say(SignInAsked(person=person.id, name=person.name, link=link, subject=f"person/{person.id}"))


async def sealed_link(r: Reading, link: str) -> tuple[Person, str, datetime] | None:
    """The person of a link, its path (sealed, to be opened by who mails it) and its end; None when it is over."""
    found = await store.sealed_link(r, link)
    if found is None or found[2] <= clock.now():
        return None
    return await the_person(r, found[0]), found[1], found[2]


async def first_link(tx: Tx, seal: Seal) -> str | None:
    """A link for an administrator to sign in with once, as a path; None when there is no administrator."""
    admin = await _administrator(tx)
    return _new_link(tx, seal, admin)[1] if admin else None


async def printed_link(tx: Tx, seal: Seal) -> str | None:
    """`first_link` at any time, for who has a terminal on Podo's machine.

    It works when links by e-mail are off, and when every issuer is down.
    """
    admin = await _administrator(tx)
    if admin is None:
        return None
    tx.say(LinkPrinted(person=admin.id, name=admin.name, subject=f"person/{admin.id}"))
    return _new_link(tx, seal, admin)[1]


async def _administrator(r: Reading) -> Person | None:
    admins = await store.people(r, await store.with_role(r, Role.admin))
    return next((p for p in sorted(admins.values(), key=lambda p: p.id) if rules.is_here(p, clock.now())), None)


def _new_link(tx: Tx, seal: Seal, person: Person) -> tuple[str, str]:
    id_, secret = ids.new("lnk"), ids.secret()
    # As a parameter, because paths stand in logs.
    path = f"/sign-in/link?key={secret}"
    store.add_link(tx, id_, hashed(secret), person.id, seal.seal(path), clock.now() + LINK_LASTS)
    return id_, path


async def finish_sign_in(tx: Tx, secret: str, *, about: str, lasts: timedelta) -> tuple[str, Session]:
    """Spend a link; the cookie's text and the new session. Raises `LinkSpent`."""
    id_ = await store.spend_link(tx, hashed(secret), clock.now())
    person = await the_person(tx, id_) if id_ else None
    if person is None or not rules.is_here(person, clock.now()):
        raise LinkSpent()
    return new_session(tx, person, about, lasts, "link")


async def sign_in_as(tx: Tx, person: str, *, demo: bool, about: str, lasts: timedelta) -> tuple[str, Session]:
    """Sign in as somebody, in a demo alone. Raises `NoDemo`, `NoSuchPerson`."""
    if not demo:
        raise NoDemo()
    chosen = await the_person(tx, person)
    if not rules.is_here(chosen, clock.now()):
        raise NoSuchPerson(name=person)
    return new_session(tx, chosen, about, lasts, "demo")


def new_session(
    tx: Tx, person: Person, about: str, lasts: timedelta, how: str, *, issuer: str = "", sid: str = "", hint: str = ""
) -> tuple[str, Session]:
    """Let a person in, whoever this was before: the cookie's text, which is always a new one, and the session."""
    now, secret = clock.now(), ids.secret()
    session = Session(ids.new("ses"), person.id, now, now + lasts, now, about[:200], issuer)
    store.add_session(tx, session, hashed(secret), ids.secret(16), sid=sid, hint=hint)
    tx.actor = Actor(ActorKind.person, person.id)
    tx.say(SignedIn(person=person.id, how=how, subject=f"person/{person.id}"))
    return secret, session


async def identify_session(r: Reading, cookie: str) -> tuple[Person, Session, str] | None:
    """Who stands behind a cookie, the session, and its CSRF token; None when it is over or the person left."""
    found = await store.session_by_hash(r, hashed(cookie))
    if found is None or found[0].expires_at <= clock.now():
        return None
    person = await store.person(r, found[0].person)
    return (person, *found) if person and rules.is_here(person, clock.now()) else None


def due_for_touch(session: Session) -> bool:
    """Whether the session was not seen within the last minutes."""
    return clock.now() - session.seen_at > _TOUCH


async def touch(tx: Tx, session: Session, lasts: timedelta) -> None:
    """The session was used, and lasts on."""
    await store.touch_session(tx, session.id, clock.now(), clock.now() + lasts)


async def sessions(r: Reading) -> Sequence[Session]:
    """The actor's living sessions, the last seen first."""
    await require(r, SESSIONS, On())
    return [s for s in await store.sessions(r, r.actor.id) if s.expires_at > clock.now()]


async def end_session(tx: Tx, session: str) -> None:
    """End a session of the actor. Raises `NoSuchToken`."""
    await require(tx, SESSIONS, On())
    if not await store.end_session(tx, session, tx.actor.id):
        raise NoSuchToken(what="session", name=session)
    tx.say(SessionEnded(session=session, subject=f"person/{tx.actor.id}"))


async def leave_behind(tx: Tx, cookie: str) -> None:
    """End what was open in a browser in which somebody signs in anew."""
    found = await store.session_by_hash(tx, hashed(cookie)) if cookie else None
    if found and await store.end_session(tx, found[0].id, found[0].person):
        tx.say(SessionEnded(session=found[0].id, subject=f"person/{found[0].person}"))


async def sign_out(tx: Tx, cookie: str) -> None:
    """End the session of this cookie, if there is one."""
    found = await store.session_by_hash(tx, hashed(cookie))
    if found and await store.end_session(tx, found[0].id, tx.actor.id):
        tx.say(SessionEnded(session=found[0].id, subject=f"person/{tx.actor.id}"))
