"""What may be allowed, and what the policies say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from podo.kernel.errors import N_


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
PRESENCE = Permission("access.presence", "administer", N_("See and end other people's sessions, and let people out and in"))
REORGANISE = Permission("access.reorganise", "govern", N_("Record what became of a team, and make drafts of charts"))
# What a token may be limited to beside groups: one permission alone, for a machine that needs no other.
NARROW = (SYNC.id,)
PERMISSIONS = (READ, ASK_WHY, TOKENS, SESSIONS, GRANT, SYNC, PRESENCE, REORGANISE)

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
