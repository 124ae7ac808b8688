"""Signing in with an issuer: the way there, who came back, and what the groups there mean here."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from podo.access import rules, store
from podo.access.service.people import person as the_person
from podo.access.service.rights import require
from podo.access.service.signin import new_session
from podo.access.types import (
    PRESENCE,
    Account,
    AccountLinked,
    AccountUnlinked,
    Attempt,
    Claims,
    GroupsTaken,
    HasLeft,
    IssuerSettings,
    MembershipRole,
    NoSuchAccount,
    NotKnown,
    NotVerified,
    On,
    OtherAccount,
    OtherDomain,
    Person,
    PersonChanged,
    PersonJoined,
    Session,
    SessionEnded,
    SignInLost,
)
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Actor, ActorKind
from podo.kernel.settings import Seal, Unsealable

ATTEMPT_LASTS = timedelta(minutes=10)


def begin_attempt(seal: Seal, issuer: str, next_: str) -> tuple[Attempt, str]:
    """A browser sets out to an issuer; the attempt, and its sealed text, which that browser keeps and nobody else has."""
    attempt = Attempt(issuer, ids.secret(), ids.secret(), ids.secret(), next_[:500], clock.now() + ATTEMPT_LASTS)
    return attempt, seal.seal(json.dumps({**asdict(attempt), "until": attempt.until.isoformat()}))


async def finish_attempt(tx: Tx, seal: Seal, issuer: str, state: str, kept: str) -> Attempt:
    """What a browser that came back had set out with; it comes back once. Raises `SignInLost`."""
    attempt = _opened(seal, kept)
    if attempt is None or attempt.issuer != issuer or attempt.until <= clock.now():
        raise SignInLost()
    if not hmac.compare_digest(attempt.state.encode(), state.encode()):
        raise SignInLost()
    if not await store.spend_state(tx, hashlib.sha256(state.encode()).hexdigest(), clock.now()):
        raise SignInLost()
    return attempt


def _opened(seal: Seal, kept: str) -> Attempt | None:
    try:
        found = json.loads(seal.open(kept))
        texts = [str(found[name]) for name in ("issuer", "state", "nonce", "verifier", "next")]
        return Attempt(*texts, until=datetime.fromisoformat(found["until"]))
    except (Unsealable, ValueError, KeyError, TypeError):
        return None


async def sign_in_by(
    tx: Tx, seal: Seal, name: str, issuer: IssuerSettings, claims: Claims, *, about: str, lasts: timedelta
) -> tuple[str, Session]:
    """Let in who came from an issuer; the cookie's text and the new session.

    A person is known by the issuer's address and its own name of the person, and for the first time by a verified e-mail address.
    Raises `OtherDomain`, `NotVerified`, `NotKnown`, `OtherAccount`, `HasLeft`.
    """
    if issuer.email_domains:
        _check_verified(name, issuer, claims)
        if not rules.is_of_domain(claims.email, issuer.email_domains):
            raise OtherDomain(email=claims.email, issuer=issuer.title or name)
    tx.actor = Actor(ActorKind.outside, name)
    person = await _person(tx, name, issuer, claims)
    if not rules.is_here(person, clock.now()):
        raise HasLeft(name=person.name)
    await _take_groups(tx, name, issuer, person, claims.groups)
    hint = seal.seal(claims.id_token) if claims.id_token else ""
    return new_session(tx, person, about, lasts, name, issuer=name, sid=claims.session, hint=hint)


def _check_verified(name: str, issuer: IssuerSettings, claims: Claims) -> None:
    if not claims.verified or "@" not in claims.email:
        raise NotVerified(email=claims.email, issuer=issuer.title or name)


async def _person(tx: Tx, name: str, issuer: IssuerSettings, claims: Claims) -> Person:
    account = await store.account(tx, issuer.url, claims.subject)
    if account is not None:
        return await _renewed(tx, name, await the_person(tx, account.person), claims)
    _check_verified(name, issuer, claims)
    person = await store.by_email(tx, claims.email)
    if person is None and (gone := await store.left_with(tx, claims.email)):
        raise HasLeft(name=gone.name)
    if person is None and not issuer.make_people:
        raise NotKnown(email=claims.email, issuer=issuer.title or name)
    if person is None:
        person = await _made(tx, name, claims)
    if any(a.issuer == issuer.url for a in await store.accounts(tx, person.id)):
        # An address that went to another person must not bring the first one's rights along.
        raise OtherAccount(name=person.name, issuer=issuer.title or name)
    store.add_account(tx, Account(ids.new("acc"), issuer.url, claims.subject, person.id, clock.now()))
    tx.say(AccountLinked(person=person.id, name=person.name, issuer=issuer.title or name, subject=f"person/{person.id}"))
    return person


async def _made(tx: Tx, name: str, claims: Claims) -> Person:
    lang = claims.lang if claims.lang in ("en", "ko") else None
    person = Person(ids.new("prs"), claims.name or claims.email.partition("@")[0], claims.email, lang=lang, source=name)
    await store.put_person(tx, person)
    tx.say(PersonJoined(person=person.id, name=person.name, subject=f"person/{person.id}"))
    return person


async def _renewed(tx: Tx, name: str, person: Person, claims: Claims) -> Person:
    """Of people whom the directory does not know, their issuer says what they are called."""
    if person.source != name:
        return person
    email = claims.email if claims.verified and claims.email else person.email
    now = replace(person, name=claims.name or person.name, email=email)
    if now != person:
        await store.put_person(tx, now)
        tx.say(PersonChanged(person=now.id, name=now.name, what="name", subject=f"person/{now.id}"))
    return now


async def _take_groups(tx: Tx, name: str, issuer: IssuerSettings, person: Person, groups: Sequence[str]) -> None:
    """What came from this issuer before goes; what was set by hand or by the directory stays."""
    teams = await store.teams(tx)
    memberships, roles = rules.given_by(groups, issuer, teams, person.id)
    had = set(await store.memberships_by(tx, name, person.id)), await store.roles_by(tx, name, person.id)
    if had == (set(memberships), roles):
        return
    await store.put_memberships(tx, memberships, name, person.id)
    await store.put_roles(tx, person.id, roles, name)
    handles = {t.id: t.handle for t in teams}
    what = [f"{handles[m.team]}{':lead' if m.role is MembershipRole.lead else ''}" for m in memberships] + sorted(roles)
    said = GroupsTaken(
        person=person.id,
        name=person.name,
        issuer=issuer.title or name,
        what=", ".join(what) or "-",
        subject=f"person/{person.id}",
    )
    tx.say(said)


async def hint(r: Reading, session: Session) -> str:
    """The sealed ID token of a session, by which its issuer knows who signs out; empty without one."""
    return await store.hint(r, session.id)


def opened_hint(seal: Seal, hint: str) -> str:
    """The ID token again; empty when it is none that was sealed here."""
    try:
        return seal.open(hint) if hint else ""
    except Unsealable:
        return ""


async def sign_out_by(tx: Tx, name: str, issuer: IssuerSettings, subject: str, session: str) -> int:
    """End the sessions that an issuer says are over: one, or all of a subject; how many there were."""
    account = await store.account(tx, issuer.url, subject) if subject else None
    tx.actor = Actor(ActorKind.outside, name)
    if not session and account is None:
        return 0
    ended = await store.end_sessions_by(tx, name, sid=session, person=account.person if account else None)
    for id_, person in ended:
        tx.say(SessionEnded(session=id_, subject=f"person/{person}"))
    return len(ended)


async def is_forgotten(r: Reading, known: Collection[str]) -> bool:
    """Whether there is nothing of issuers that are not among these."""
    return not await store.sources(r) - set(known)


async def forget_issuers(tx: Tx, known: Collection[str]) -> None:
    """What came from issuers that are not among these goes: memberships, roles, sessions. Accounts stay, should one come back."""
    for name in sorted(await store.sources(tx) - set(known)):
        for person in (await store.people(tx, await store.people_by(tx, name))).values():
            await store.put_memberships(tx, (), name, person.id)
            await store.put_roles(tx, person.id, (), name)
            tx.say(GroupsTaken(person=person.id, name=person.name, issuer=name, what="-", subject=f"person/{person.id}"))
        for id_, of in await store.end_sessions_by(tx, name):
            tx.say(SessionEnded(session=id_, subject=f"person/{of}"))


async def accounts(r: Reading, person: str) -> list[Account]:
    """A person's accounts with issuers, for administrators. Raises `NoSuchPerson`."""
    await require(r, PRESENCE, On())
    return await store.accounts(r, (await the_person(r, person)).id)


async def unlink(tx: Tx, person: str, account: str) -> None:
    """Take an account with an issuer off a person, whose sessions by it end. Raises `NoSuchAccount`."""
    await require(tx, PRESENCE, On())
    who = await the_person(tx, person)
    found = next((a for a in await store.accounts(tx, person) if a.id == account), None)
    if found is None:
        raise NoSuchAccount(name=who.name, account=account)
    await store.remove_account(tx, found.id)
    for session in await store.sessions(tx, person):
        if session.issuer:
            await store.end_session(tx, session.id, person)
    tx.say(AccountUnlinked(person=who.id, name=who.name, issuer=found.issuer, subject=f"person/{who.id}"))
