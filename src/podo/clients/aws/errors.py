"""What can go wrong with AWS, in a person's words."""

from __future__ import annotations

from podo.kernel.errors import N_, Broken, Invalid, Refused, Unavailable


class AwsUnreachable(Unavailable):
    """AWS does not answer, or breaks off."""

    code = "aws.unreachable"
    so = N_("{service} of AWS in {region} does not answer: {why}.")
    do = N_("Podo tries again by itself. Check that its machine may reach AWS, and AWS's own health page.")


class AwsThrottled(Unavailable):
    """AWS takes no more for the moment."""

    code = "aws.throttled"
    so = N_("AWS lets Podo wait: too many calls of {service} in {region} ({why}).")
    do = N_("Podo tries again by itself, more slowly. If it stays so, look who else calls it from this account.")


class AwsRefused(Refused):
    """The credentials may not do that."""

    code = "aws.refused"
    so = N_("AWS does not let Podo call {service} in the account {account}: {why}.")
    do = N_("Give Podo's role the right that is named, as docs/catalog.md lists them; Podo tries again within the hour.")


class AwsCredentials(Refused):
    """There are none, or they have expired."""

    code = "aws.credentials"
    so = N_("Podo has no credentials for the account {account}: {why}.")
    do = N_("Give Podo's process AWS credentials (its pod's role, environment or profile) that may take on the account's role.")


class AwsTokenExpired(Invalid):
    """The place in a list is no longer known; the list has to begin anew."""

    code = "aws.token_expired"
    so = N_("AWS has forgotten where the list of {service} was.")
    do = N_("Begin the list again.")


class AwsInvalid(Invalid):
    """AWS does not take the request."""

    code = "aws.invalid"
    so = N_("{service} of AWS did not take Podo's request: {why}.")
    do = N_("Check the account's id and regions; a region may have to be enabled in the account first.")


class AwsBroken(Broken):
    """An answer that we do not know."""

    code = "aws.broken"
    so = N_("{service} of AWS answered in a way that Podo does not know: {why}.")
    do = N_("Try again; if it happens again, tell an administrator the request id.")
