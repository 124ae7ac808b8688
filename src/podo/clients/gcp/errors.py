"""What can go wrong with GCP, in a person's words."""

from __future__ import annotations

from podo.kernel.errors import N_, Conflict, Invalid, Missing, Refused, Unavailable


class GcpUnreachable(Unavailable):
    """GCP does not answer, or breaks off."""

    code = "gcp.unreachable"
    so = N_("{service} of GCP does not answer: {why}.")
    do = N_("Podo tries again by itself. Check that its machine may reach GCP, and GCP's own health page.")


class GcpThrottled(Unavailable):
    """GCP takes no more for the moment."""

    code = "gcp.throttled"
    so = N_("GCP lets Podo wait: the quota of {service} is used up.")
    do = N_("Podo tries again by itself, more slowly. If it stays so, ask for a higher quota of {service}.")


class GcpRefused(Refused):
    """The credentials may not do that."""

    code = "gcp.refused"
    so = N_("GCP does not let Podo call {service}: {why}.")
    do = N_("Give Podo's service account the role that is named, as docs/catalog.md lists them, and see that the API is enabled.")


class GcpCredentials(Refused):
    """There are none, or they are not valid."""

    code = "gcp.credentials"
    so = N_("Podo has no credentials for GCP: {why}.")
    do = N_("Give Podo's process a service account (workload identity, or GOOGLE_APPLICATION_CREDENTIALS).")


class GcpInvalid(Invalid):
    """GCP does not take the request."""

    code = "gcp.invalid"
    so = N_("{service} of GCP did not take Podo's request: {why}.")
    do = N_("Check the project's id, and that the API is enabled in it.")


class GcpGone(Missing):
    """There is no such resource."""

    code = "gcp.gone"
    so = N_("GCP has no {name}.")
    do = N_("It was removed; the next inventory says so too.")


class GcpChanged(Conflict):
    """Somebody else changed it between our reading and our writing."""

    code = "gcp.changed"
    so = N_("{name} was changed by somebody else at that moment.")
    do = N_("Podo reads it again and tries once more.")
