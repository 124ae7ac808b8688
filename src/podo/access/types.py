"""Nouns, permissions, events and errors of people and their rights."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from podo.kernel.db import Reading
from podo.kernel.errors import N_, Conflict, Invalid, Missing, Refused, TooMany, Translate
from podo.kernel.events import Event
from podo.kernel.settings import setting


class Group(StrEnum):
    """What a permission is about; the policies speak of these, and tokens are limited to them."""

    read = "read"
    operate = "operate"
    approve = "approve"
    own = "own"
    govern = "govern"
    administer = "administer"


@dataclass(frozen=True, slots=True)
class Permission:
    """A thing that may be allowed: `id` is `domain.word`, `group` one of `Group`, `doc` says it in words."""

    id: str
    group: str
    doc: str


READ = Permission("access.read", "read", N_("See people and teams"))
ASK_WHY = Permission("access.why", "read", N_("Ask why somebody may or may not do something"))
TOKENS = Permission("access.tokens", "read", N_("Make and revoke the own API tokens"))
SESSIONS = Permission("access.sessions", "read", N_("See and end the own sessions"))
GRANT = Permission("access.grant", "administer", N_("Give and take the roles SRE and admin"))
SYNC = Permission("access.sync", "administer", N_("Take people and teams from the directory"))
PERMISSIONS = (READ, ASK_WHY, TOKENS, SESSIONS, GRANT, SYNC)


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
    """A person of the directory, by stable id. One who left is not active and may do nothing."""

    id: str
    name: str
    email: str
    active: bool = True
    lang: str | None = None
    title: str = ""
    theme: str = "auto"


@dataclass(frozen=True, slots=True)
class Team:
    """A team of the directory, by stable id; `handle` is its address. `ended_at` is None while it lives."""

    id: str
    name: str
    handle: str
    parent: str | None = None
    ended_at: datetime | None = None
    slack: str = ""


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
    """A signed-in browser."""

    id: str
    person: str
    created_at: datetime
    expires_at: datetime
    seen_at: datetime
    about: str


@dataclass(frozen=True, slots=True)
class Feed:
    """What a directory says: everybody, all teams, who is where, and the ids of administrators."""

    people: Sequence[Person]
    teams: Sequence[Team]
    memberships: Sequence[Membership]
    admins: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What taking over a directory would change: names by kind of change, and the share of people and teams that would go."""

    joined: tuple[str, ...]
    changed: tuple[str, ...]
    left: tuple[str, ...]
    share: float


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


class NotAllowed(Refused):
    """The policies do not allow it; `policies` are the names and sentences of those that decided, `could` who could do it."""

    code = "access.not_allowed"
    so = N_("You may not: {doc}. {policy}")
    do = N_("Ask {could}. /-/why shows every policy and what it looks at.")

    def said(self, translate: Translate = str) -> tuple[str, str]:
        """The two sentences, the parts of ours within them translated, too."""
        decided = " ".join(f"{translate(about)} ({name})" for name, about in self.data["policies"])
        parts = {"doc": translate(self.data["doc"]), "could": translate(self.data["could"])}
        parts["policy"] = decided or translate(N_("No policy allows it."))
        return translate(self.so).format(**parts), translate(self.do).format(**parts)


# What the policies say of themselves (`@about` in policies/*.cedar), to be translated; a test compares the two.
POLICIES_SAY = (
    N_("Every active person may read."),
    N_("Members of the owning team may operate it: build, deploy, configure, restart, scale."),
    N_("Members of the owning team may approve what others asked for."),
    N_("Leads of the owning team, and of the teams above it, may transfer, delete and set protection rules."),
    N_("SREs may operate, approve and own every project, and govern regions, clusters and environments."),
    N_("Admins may do everything."),
    N_("Whoever asked for a deployment does not approve it, unless the environment allows self-approval."),
    N_("An API token may do no more than its scopes."),
    N_("An API token that is limited to projects touches no others."),
)


class NoSuchPerson(Missing):
    """The directory has no such person."""

    code = "access.no_such_person"
    so = N_("There is nobody with the id “{name}”.")
    do = N_("Look for the person by name on /people.")


class NoSuchTeam(Missing):
    """The directory has no such team."""

    code = "access.no_such_team"
    so = N_("There is no team “{name}”.")
    do = N_("Look for the team on /teams.")


class NoSuchTheme(Invalid):
    """A look of the site that there is not."""

    code = "access.no_such_theme"
    so = N_("There is no theme “{theme}”.")
    do = N_("Choose one of: {known}.")


class NoSuchRole(Invalid):
    """A role that nobody can have."""

    code = "access.no_such_role"
    so = N_("There is no role “{role}”.")
    do = N_("Choose one of: {known}.")


class NoSuchPermission(Missing):
    """A permission that no part of Podo asks for."""

    code = "access.no_such_permission"
    so = N_("There is no permission “{name}”.")
    do = N_("`podo permissions` lists all of them.")


class LinkSpent(Refused):
    """A sign-in link that was used, is too old, or never was."""

    code = "access.link_spent"
    so = N_("This sign-in link was used already, or is too old.")
    do = N_("Ask for a new one on the sign-in page.")


class TooManySignIns(TooMany):
    """Somebody asks for sign-in links too often."""

    code = "access.too_many_sign_ins"
    so = N_("Too many sign-ins were tried from here.")


class NoDemo(Refused):
    """Signing in by picking a person is for demos alone."""

    code = "access.no_demo"
    so = N_("Nobody signs in by picking a name here.")
    do = N_("Ask for a sign-in link by e-mail.")


class WrongToken(Invalid):
    """What was asked of a token cannot be."""

    code = "access.wrong_token"
    so = N_("This token cannot be made: {why}.")
    do = N_("Correct it and send it again.")


class NoSuchToken(Missing):
    """The person has no such token or session."""

    code = "access.no_such_token"
    so = N_("You have no {what} “{name}”.")
    do = N_("It may have ended already; look at the list.")


class WouldRemoveTooMany(Conflict):
    """A directory that lacks too many of the people and teams that we know."""

    code = "access.would_remove_too_many"
    so = N_("This directory lacks {share} of the people and teams that Podo knows; at most {limit} may go at once.")
    do = N_("Check the feed. If it is right, sync again with a higher limit.")


class NoDirectory(Conflict):
    """Podo was told of no directory."""

    code = "access.no_directory"
    so = N_("No directory is configured.")
    do = N_("Set access.directory to a file of people and teams, and start Podo again.")


class WrongDirectory(Invalid):
    """A directory file that contradicts itself."""

    code = "access.wrong_directory"
    so = N_("The directory cannot be taken: {why}.")
    do = N_("Correct the file; nothing was changed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonJoined(Event):
    """The directory has a new person."""

    code: ClassVar[str] = "access.person_joined"
    sentence: ClassVar[str] = N_("{name} joined")
    person: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChanged(Event):
    """Something about a person changed in the directory, or in the person's own settings."""

    code: ClassVar[str] = "access.person_changed"
    sentence: ClassVar[str] = N_("{name} changed: {what}")
    person: str
    name: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLeft(Event):
    """A person is no longer in the directory."""

    code: ClassVar[str] = "access.person_left"
    sentence: ClassVar[str] = N_("{name} left")
    person: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamChanged(Event):
    """A team began, changed or ended in the directory."""

    code: ClassVar[str] = "access.team_changed"
    sentence: ClassVar[str] = N_("Team {name}: {what}")
    team: str
    name: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGranted(Event):
    """A person was given a role."""

    code: ClassVar[str] = "access.role_granted"
    sentence: ClassVar[str] = N_("{actor} made {name} {role}")
    person: str
    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRevoked(Event):
    """A role was taken from a person."""

    code: ClassVar[str] = "access.role_revoked"
    sentence: ClassVar[str] = N_("{actor} took {role} from {name}")
    person: str
    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInAsked(Event):
    """Somebody asked for a sign-in link; `link` is the row that holds it, sealed."""

    code: ClassVar[str] = "access.sign_in_asked"
    sentence: ClassVar[str] = N_("A sign-in link for {name} was asked for")
    person: str
    name: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Event):
    """A person signed in; `how` is link or demo."""

    code: ClassVar[str] = "access.signed_in"
    sentence: ClassVar[str] = N_("{actor} signed in ({how})")
    person: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """A session was ended by its person."""

    code: ClassVar[str] = "access.session_ended"
    sentence: ClassVar[str] = N_("{actor} ended a session")
    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCreated(Event):
    """A person made an API token."""

    code: ClassVar[str] = "access.token_created"
    sentence: ClassVar[str] = N_("{actor} made the API token “{name}”")
    token: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRevoked(Event):
    """A person revoked an API token."""

    code: ClassVar[str] = "access.token_revoked"
    sentence: ClassVar[str] = N_("{actor} revoked the API token “{name}”")
    token: str
    name: str


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """People and sign-in."""

    demo: bool = setting(False, "Let anybody on this machine sign in as anybody; for trying Podo on loopback alone")
    directory: Path | None = setting(None, "File of people and teams (YAML or JSON), read at every start")
    session_hours: int = setting(72, "Hours after which a session that is not used ends")
