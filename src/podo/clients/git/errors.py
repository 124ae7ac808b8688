"""What can go wrong with a repository, in a person's words."""

from __future__ import annotations

from podo.kernel.errors import N_, Broken, Invalid, Missing, Refused, Unavailable


class AddressInvalid(Invalid):
    """The address is not one that git may be asked for here."""

    code = "git.address_invalid"
    so = N_("“{url}” cannot be a repository's address here: {why}.")
    do = N_("Give an address like https://host/team/name.git or ssh://git@host/team/name.git.")


class CredentialInvalid(Invalid):
    """The token or key cannot be one."""

    code = "git.credential_invalid"
    so = N_("The credential for {url} cannot be used: {why}.")
    do = N_("Paste the whole token, or a private key without a passphrase, and nothing else.")


class Unreachable(Unavailable):
    """The repository's server does not answer."""

    code = "git.unreachable"
    so = N_("The repository {url} cannot be reached: {why}.")
    do = N_("Podo tries again by itself. Check that the server is up and that Podo's machine may reach it.")


class DiskFull(Unavailable):
    """There is no room for the mirror."""

    code = "git.disk_full"
    so = N_("Podo's disk is full: {url} could not be fetched.")
    do = N_("An administrator must make room where Podo keeps its mirrors; Podo tries again by itself.")


class AuthFailed(Refused):
    """The server wants a credential, or another one."""

    code = "git.auth_failed"
    so = N_("{url} did not let Podo in: {why}.")
    do = N_("Give the project a deploy key or token that may read this repository, or correct the address.")


class NotARepository(Missing):
    """Nothing there speaks git."""

    code = "git.not_a_repository"
    so = N_("There is no git repository at {url}: {why}.")
    do = N_("Check the address; where it is private, check that the deploy key or token may read it.")


class Moved(Invalid):
    """The server sends us elsewhere; we do not carry a credential there."""

    code = "git.moved"
    so = N_("{url} has moved: its server sends Podo to another address.")
    do = N_("Open the repository in a browser and enter the address it has now.")


class NoSuchRef(Missing):
    """The repository has no such branch, tag or commit."""

    code = "git.no_such_ref"
    so = N_("{url} has no branch, tag or commit “{ref}”.")
    do = N_("Check the name, and that the commit was pushed.")


class NoSuchPath(Missing):
    """The commit has no such file."""

    code = "git.no_such_path"
    so = N_("There is no file “{path}” in commit {sha}.")
    do = N_("Check the path; it starts at the repository's root, and upper and lower case differ.")


class TooLarge(Invalid):
    """More than we take."""

    code = "git.too_large"
    so = N_("{what} is larger than Podo takes: {size}, and the limit is {limit}.")
    do = N_("Make it smaller, or ask an administrator for a higher limit.")


class UnsafeTree(Invalid):
    """The commit holds a path or link that would leave its folder."""

    code = "git.unsafe_tree"
    so = N_("Commit {sha} cannot be checked out: “{path}” {why}.")
    do = N_("Remove it from the repository and push again.")


class GitFailed(Broken):
    """The git program failed in a way that we do not know."""

    code = "git.failed"
    so = N_("git failed on {url}: {why}.")
    do = N_("Try again; if it happens again, tell an administrator the request id.")
