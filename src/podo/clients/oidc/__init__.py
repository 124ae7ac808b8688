"""OpenID Connect: signing people in at an issuer by authorization code with PKCE, and out again."""

from podo.clients.oidc.errors import IssuerRefused, IssuerUnreachable, IssuerUntrusted
from podo.clients.oidc.issuer import Issuer
from podo.clients.oidc.rules import is_safe
from podo.clients.oidc.types import LoggedOut, Registration, Signed

__all__ = [
    "Issuer",
    "IssuerRefused",
    "IssuerUnreachable",
    "IssuerUntrusted",
    "LoggedOut",
    "Registration",
    "Signed",
    "is_safe",
]
