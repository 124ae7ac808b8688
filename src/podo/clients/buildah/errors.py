"""What can go wrong with building an image, in a person's words."""

from __future__ import annotations

from podo.kernel.errors import N_, Invalid, Missing, Refused, Unavailable


class DockerfileInvalid(Invalid):
    """The Dockerfile cannot be read. `line` counts from 1."""

    code = "builder.dockerfile_invalid"
    so = N_("The Dockerfile cannot be built from: line {line}: {why}.")
    do = N_("Correct that line and push again.")


class DockerfileMissing(Missing):
    """The commit has no such Dockerfile."""

    code = "builder.dockerfile_missing"
    so = N_("There is no Dockerfile at “{path}” in the commit.")
    do = N_("Add one, or correct its path in the project's settings; it starts at the repository's root.")


class FolderUnsafe(Invalid):
    """Something in the commit leads out of it."""

    code = "builder.folder_unsafe"
    so = N_("The commit cannot be built: “{path}” {why}.")
    do = N_("Remove it from the repository, or let it stay inside, and push again.")


class BuildFailed(Invalid):
    """A step of the Dockerfile failed. `line` and `step` say which, `exit` is the exit code, `why` what was said last."""

    code = "builder.failed"
    so = N_("The build failed at line {line} of the Dockerfile ({step}): {why}.")
    do = N_("Read the build's log, correct the Dockerfile or the code, and push again.")


class ImageMissing(Missing):
    """An image that the Dockerfile starts from or copies from cannot be had."""

    code = "builder.image_missing"
    so = N_("The image {image}, which line {line} of the Dockerfile names, cannot be had: {why}.")
    do = N_("Check its name and tag; where its registry is private, an administrator must give Podo a login for it.")


class PushRefused(Refused):
    """The registry does not let Podo push."""

    code = "builder.push_refused"
    so = N_("The registry {host} did not let Podo push {image}: {why}.")
    do = N_("An administrator must give Podo a login for {host} that may push there.")


class BuildTimedOut(Invalid):
    """The build took longer than it may."""

    code = "builder.timed_out"
    so = N_("The build was ended: it took longer than {seconds} seconds.")
    do = N_("Make the build faster, or ask an administrator for a higher limit; then build the commit again.")


class BuilderMissing(Unavailable):
    """Nothing can be built on this machine."""

    code = "builder.missing"
    so = N_("No image can be built here: {why}.")
    do = N_("An administrator can install it, on Debian with `apt-get install buildah`, and run Podo's worker as root there.")


class DiskFull(Unavailable):
    """There is no room to build."""

    code = "builder.disk_full"
    so = N_("Podo's disk is full: the image could not be built.")
    do = N_("An administrator must make room where Podo builds; Podo tries again by itself.")
