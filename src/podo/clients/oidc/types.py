"""What is said between us and an issuer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Registration:
    """How we are known to an issuer; without a secret PKCE alone proves who asks. `url` is the issuer's own name of itself."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: Sequence[str] = ("openid", "profile", "email")


@dataclass(frozen=True, slots=True)
class Signed:
    """What an issuer said of somebody, checked: the claims of the ID token, and those of its userinfo that were missing there.

    `session` is the issuer's name of the session there, empty when it names none.
    """

    subject: str
    session: str
    claims: Mapping[str, Any] = field(repr=False)
    id_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """Who has signed out at the issuer: one session, or without one all sessions of the subject."""

    subject: str
    session: str
