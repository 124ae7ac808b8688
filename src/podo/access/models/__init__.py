"""Rows of people, teams, rights and what people sign in with."""

from podo.access.models.people import (
    DraftRow,
    EntryRow,
    FeedTroubleRow,
    MembershipRow,
    PersonRow,
    RemovalRow,
    RoleRow,
    SuccessionRow,
    TeamRow,
)
from podo.access.models.signing import (
    AccountRow,
    SessionRow,
    SignInLinkRow,
    SignInStateRow,
    SignInTryRow,
    TokenRow,
    TokenUseRow,
)

__all__ = [
    "AccountRow",
    "DraftRow",
    "EntryRow",
    "FeedTroubleRow",
    "MembershipRow",
    "PersonRow",
    "RemovalRow",
    "RoleRow",
    "SessionRow",
    "SignInLinkRow",
    "SignInStateRow",
    "SignInTryRow",
    "SuccessionRow",
    "TeamRow",
    "TokenRow",
    "TokenUseRow",
]
