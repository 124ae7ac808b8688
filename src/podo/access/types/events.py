"""What happened to people, teams, roles, sessions and tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from podo.kernel.errors import N_
from podo.kernel.events import Event


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
class TeamSucceeded(Event):
    """What became of a team: `kind` is rename, move, merge, split or dissolve, and `what` says it in words.

    `successors` are ids of teams with commas, `succession` is the id of the record; a merged, split or dissolved team has ended.
    """

    code: ClassVar[str] = "access.team_succeeded"
    sentence: ClassVar[str] = N_("Team {name}: {what}")
    team: str
    name: str
    kind: str
    what: str
    successors: str
    succession: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessionWithdrawn(Event):
    """What had become of a team did not happen after all: it lives again, or is called or stands as before."""

    code: ClassVar[str] = "access.succession_withdrawn"
    sentence: ClassVar[str] = N_("Team {name}: not {what} after all")
    team: str
    name: str
    kind: str
    what: str
    successors: str
    succession: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChanged(Event):
    """A SCIM client wrote, changed or deleted a user or a group; `draft` is empty where it is what is so now."""

    code: ClassVar[str] = "access.entry_changed"
    sentence: ClassVar[str] = N_("The directory: {name} {what}")
    name: str
    what: str
    draft: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalWaits(Event):
    """A pushed directory takes away more than may go in a day: this one waits for an administrator."""

    code: ClassVar[str] = "access.removal_waits"
    sentence: ClassVar[str] = N_("The directory takes {name} away, which waits for an administrator")
    removal: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalDecided(Event):
    """An administrator let a removal happen, or kept the person or team; or the directory took it back."""

    code: ClassVar[str] = "access.removal_decided"
    sentence: ClassVar[str] = N_("{actor} on the removal of {name}: {what}")
    removal: str
    name: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryRefused(Event):
    """The directory that is read was not taken over; people and teams stay as they were."""

    code: ClassVar[str] = "access.directory_refused"
    sentence: ClassVar[str] = N_("The directory was not taken over: {why}")
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftChanged(Event):
    """A draft of a chart was made, filled, taken over or thrown away."""

    code: ClassVar[str] = "access.draft_changed"
    sentence: ClassVar[str] = N_("Draft “{name}”: {what}")
    draft: str
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
class LinkPrinted(Event):
    """Somebody with a terminal on Podo's machine asked for a link that lets an administrator in."""

    code: ClassVar[str] = "access.link_printed"
    sentence: ClassVar[str] = N_("A sign-in link for {name} was printed at a terminal")
    person: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Event):
    """A person signed in; `how` is link, demo, or the name of an issuer."""

    code: ClassVar[str] = "access.signed_in"
    sentence: ClassVar[str] = N_("{actor} signed in ({how})")
    person: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """A session was ended: by its person, an administrator, or the issuer that had vouched for it."""

    code: ClassVar[str] = "access.session_ended"
    sentence: ClassVar[str] = N_("{actor} ended a session")
    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut(Event):
    """All sessions and tokens of a person were ended by an administrator."""

    code: ClassVar[str] = "access.signed_out"
    sentence: ClassVar[str] = N_("{actor} ended all sessions and tokens of {name}")
    person: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLinked(Event):
    """A person signed in at an issuer for the first time; from now on the issuer's own name of the person counts."""

    code: ClassVar[str] = "access.account_linked"
    sentence: ClassVar[str] = N_("{name} signs in with {issuer} from now on")
    person: str
    name: str
    issuer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUnlinked(Event):
    """An account with an issuer is a person's no more."""

    code: ClassVar[str] = "access.account_unlinked"
    sentence: ClassVar[str] = N_("{actor} took the account with {issuer} from {name}")
    person: str
    name: str
    issuer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsTaken(Event):
    """What an issuer's groups mean for a person is not what it was; `what` names all teams and roles that follow from them."""

    code: ClassVar[str] = "access.groups_taken"
    sentence: ClassVar[str] = N_("By the groups of {issuer} {name} has: {what}")
    person: str
    name: str
    issuer: str
    what: str


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
