"""What can go wrong with a directory, in a person's words."""

from __future__ import annotations

from podo.kernel.errors import N_, Refused, Unavailable


class DirectoryUnreachable(Unavailable):
    """The directory does not answer, or not whole."""

    code = "directory.unreachable"
    so = N_("The directory at {place} does not answer: {why}.")
    do = N_("Nothing was changed; Podo asks again by itself. If it stays so, tell who looks after the directory.")


class DirectoryRefuses(Refused):
    """The directory does not let Podo in, or has nothing for it."""

    code = "directory.refuses"
    so = N_("The directory at {place} refuses: {why}.")
    do = N_("Look at access.directory_url and access.directory_token in the settings.")
