"""Images built from a Dockerfile by the `buildah` program and pushed to an OCI registry, and the builder's twin in process."""

from podo.clients.buildah.binary import BuildahBinary
from podo.clients.buildah.dockerfile import Dockerfile, read
from podo.clients.buildah.errors import (
    BuilderMissing,
    BuildFailed,
    BuildTimedOut,
    DiskFull,
    DockerfileInvalid,
    DockerfileMissing,
    FolderUnsafe,
    ImageMissing,
    PushRefused,
)
from podo.clients.buildah.stages import Stage
from podo.clients.buildah.twin import BuilderTwin
from podo.clients.buildah.types import Availability, Builder, Built

__all__ = [
    "Availability",
    "BuildFailed",
    "BuildTimedOut",
    "BuildahBinary",
    "Builder",
    "BuilderMissing",
    "BuilderTwin",
    "Built",
    "DiskFull",
    "Dockerfile",
    "DockerfileInvalid",
    "DockerfileMissing",
    "FolderUnsafe",
    "ImageMissing",
    "PushRefused",
    "Stage",
    "read",
]
