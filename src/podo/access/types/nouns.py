"""People, teams, rights, tokens and sessions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from podo.access.types.permissions import Permission
from podo.kernel.db import Reading
from podo.kernel.settings import setting


class MembershipRole(StrEnum):
    """What a person is in a team."""

    member = "member"
    lead = "lead"


class Role(StrEnum):
    """A role beside those that follow from teams."""

    sre = "sre"
    admin = "admin"


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the directory, by stable id. One who left is not active and may do nothing.

    `source` is the issuer that made the person, empty for the directory's; at `ends_at` the person leaves.
    """

    id: str
    name: str
    email: str
    active: bool = True
    lang: str | None = None
    title: str = ""
    theme: str = "auto"
    source: str = ""
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Team:
    """A team of the directory, by stable id; `handle` is its address. `ended_at` is None while it lives.

    `began_at` is None where nobody said when. Ids are never used again: a team that comes back has the old one.
    """

    id: str
    name: str
    handle: str
    parent: str | None = None
    ended_at: datetime | None = None
    slack: str = ""
    began_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """A person in a team, both by id."""

    person: str
    team: str
    role: MembershipRole = MembershipRole.member


@dataclass(frozen=True, slots=True)
class On:
    """What a permission is asked for: the project, the id of the team that owns it, and facts that policies look at."""

    project: str | None = None
    team: str | None = None
    environment: str | None = None
    requester: str | None = None
    self_approval: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether something is allowed, and the ids of the policies that decided; none decided means nobody allowed it."""

    allowed: bool
    policies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as people read it: its id, the sentence about it, and its text."""

    id: str
    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Why:
    """An explained decision."""

    person: Person
    permission: Permission
    decision: Decision
    policies: tuple[Policy, ...]
    could: str


@dataclass(frozen=True, slots=True)
class Token:
    """An API token, without its secret. `scopes` are groups; `projects` limits it to these, empty means all."""

    id: str
    name: str
    person: str
    scopes: tuple[str, ...]
    projects: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser; `issuer` is the name of the one that signed it in, empty for links."""

    id: str
    person: str
    created_at: datetime
    expires_at: datetime
    seen_at: datetime
    about: str
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account with an issuer: the issuer's address, and its own unchanging name of the person."""

    id: str
    issuer: str
    subject: str
    person: str
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class Claims:
    """What an issuer said of who signed in there. `verified` is whether the address is that person's, by the issuer's word.

    `session` is the issuer's name of the session, empty where it has none; `id_token` proves who signs out there later.
    """

    subject: str
    email: str
    verified: bool
    name: str
    lang: str | None
    groups: tuple[str, ...]
    session: str = ""
    id_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A browser on its way to an issuer: what must come back with it, what proves that, and the page to go on to."""

    issuer: str
    state: str
    nonce: str
    verifier: str = field(repr=False)
    next: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Feed:
    """What a directory says: everybody, all teams, who is where, and the ids of administrators.

    A team may have ended; `successors` says by its id which teams it became.
    """

    people: Sequence[Person]
    teams: Sequence[Team]
    memberships: Sequence[Membership]
    admins: Sequence[str] = ()
    successors: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])


@dataclass(frozen=True, slots=True)
class FeedTrouble:
    """Why the directory that is read is not taken over, and since when: `so` is the error's sentence, filled from `data`."""

    code: str
    so: str
    data: Mapping[str, Any]
    since: datetime


# -- slots


@dataclass(frozen=True, slots=True)
class OwnerSource:
    """Slot: the id of the team that owns a project, None where there is none; asked when somebody asks why."""

    team: Callable[[Reading, str], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class TeamCard:
    """Slot: a part of a team's page. `lines(r, team)` gives (text, address, note) rows."""

    title: str
    icon: str
    lines: Callable[[Reading, str], Awaitable[Sequence[tuple[str, str, str]]]]


@dataclass(frozen=True, slots=True)
class PersonCard:
    """Slot: a part of a person's page: what is theirs, what waits for them.

    `lines(r, person, lang)` gives rows as of `TeamCard`; None for what the reader has no business with.
    """

    title: str
    icon: str
    lines: Callable[[Reading, str, str], Awaitable[Sequence[tuple[str, str, str]] | None]]


# -- settings


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """An OpenID Connect issuer with which people sign in."""

    title: str = setting("", "What the button says; empty: the name of the table")
    url: str = setting("", "The issuer, exactly as it names itself in its discovery document")
    client_id: str = setting("", "Podo's id there")
    client_secret: str = setting("", "Podo's secret there; better in the variable, or in a file", secret=True)
    client_secret_file: Path | None = setting(None, "File that holds the secret alone; read at the start")
    scopes: list[str] = setting(["openid", "profile", "email"], "What is asked for; some issuers want `groups` here")
    groups_claim: str = setting("groups", "The claim that lists groups; `a.b` is looked for within `a`, too")
    teams: dict[str, str] = setting({}, "Which group is in which team (id or handle); `handle:lead` leads it")
    roles: dict[str, str] = setting({}, "Which group has which role: sre, admin")
    email_domains: list[str] = setting([], "Only people with a verified address of these domains; empty: all")
    make_people: bool = setting(False, "Whether somebody whom Podo does not know becomes a person by signing in")
    trust_email: bool = setting(False, "Whether addresses count as verified although the issuer says nothing of it")


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """People and sign-in."""

    demo: bool = setting(False, "Let anybody on this machine sign in as anybody; for trying Podo on loopback alone")
    directory: Path | None = setting(
        None, "File of people and teams (YAML, JSON, or a table in CSV), read at every start and when it changes"
    )
    # An address may hold a login.
    directory_url: str = setting("", "Where people and teams are read instead: a SCIM 2.0 server, or JSON", secret=True)
    directory_kind: str = setting("scim", "What is there: scim, or json of the file's shape")
    directory_token: str = setting("", "The bearer token that it asks for; better in the variable, or in a file", secret=True)
    directory_token_file: Path | None = setting(None, "File that holds the token alone; read at the start")
    directory_page: int = setting(200, "How many users or groups are asked for at once")
    directory_minutes: int = setting(15, "Minutes after which it is read again")
    session_hours: int = setting(72, "Hours after which a session that is not used ends")
    links: bool = setting(True, "Let people sign in by links sent by e-mail; one can be left out once an issuer works")
    issuers: dict[str, IssuerSettings] = setting({}, "Where people sign in by OpenID Connect, by name")
