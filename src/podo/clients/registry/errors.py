"""What can go wrong with a registry, in a person's words."""

from __future__ import annotations

from podo.kernel.errors import N_, Broken, Invalid, Missing, Refused, Unavailable


class ReferenceInvalid(Invalid):
    """The text names no image."""

    code = "registry.reference_invalid"
    so = N_("“{image}” names no image: {why}.")
    do = N_("Write it like registry.example.com/team/name:tag or …@sha256:….")


class RegistryUnreachable(Unavailable):
    """The registry does not answer, or only with excuses."""

    code = "registry.unreachable"
    so = N_("The registry {host} cannot be reached: {why}.")
    do = N_("Podo tries again by itself. Check that the registry is up and that Podo's machine may reach it.")


class RegistryRefused(Refused):
    """The registry wants a login, or another one."""

    code = "registry.refused"
    so = N_("The registry {host} did not let Podo at {image}: {why}.")
    do = N_("An administrator must give Podo a login for {host} that may use this image.")


class NoSuchImage(Missing):
    """The registry has no such image."""

    code = "registry.no_such_image"
    so = N_("There is no image {image} in its registry.")
    do = N_(
        "Check its name and tag; it may have been removed by the registry's clean-up. Build the commit again to bring it back."
    )


class RegistryBroken(Broken):
    """The registry answers, and what it says cannot be."""

    code = "registry.broken"
    so = N_("The registry {host} gave an answer that cannot be right: {why}.")
    do = N_("Try again; if it stays so, an administrator should look at the registry.")
