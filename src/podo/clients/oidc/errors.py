"""What can go wrong with an issuer, in a person's words."""

from __future__ import annotations

from podo.kernel.errors import N_, Refused, Unavailable


class IssuerUnreachable(Unavailable):
    """The issuer does not answer, or only with excuses."""

    code = "oidc.unreachable"
    so = N_("{issuer}, where people sign in, does not answer: {why}.")
    do = N_("Try again in a minute. If it stays so, tell an administrator: Podo's machine must reach the issuer.")


class IssuerUntrusted(Refused):
    """What came does not come from this issuer, not for us, or not for this sign-in."""

    code = "oidc.untrusted"
    so = N_("What came back from {issuer} is not to be trusted: {why}. Nobody was signed in.")
    do = N_("Sign in again. If it stays so, an administrator should look at the settings of the issuer and at Podo's log.")


class IssuerRefused(Refused):
    """The issuer did not sign the person in."""

    code = "oidc.refused"
    so = N_("{issuer} did not sign you in ({error}).")
    do = N_("Sign in again, with another account there, or ask who looks after {issuer}.")
