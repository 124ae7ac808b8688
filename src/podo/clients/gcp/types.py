"""What is asked of GCP, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Found:
    """A resource as the asset inventory finds it. `name` is the full resource name (`//compute.googleapis.com/projects/…`)."""

    name: str
    kind: str
    display_name: str
    location: str
    labels: Mapping[str, str]
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class Piece:
    """A page of a list; `next` is the token of the next one, empty at the end."""

    items: tuple[Found, ...]
    next: str = ""


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of a resource now, and what its service calls them by when they are written: a fingerprint or an etag."""

    labels: Mapping[str, str]
    mark: str


class Manner(StrEnum):
    """How a service takes labels: `set` all of them with a fingerprint; `patch` the resource, null for what goes; by `mask`."""

    set = "set"
    patch = "patch"
    mask = "mask"


@dataclass(frozen=True, slots=True)
class Kind:
    """How the labels of one type of asset are read and written.

    `host` and `prefix` make the address of a resource from what stands behind the host of its full name. `labels` is the way to
    the labels in it, `mark` that to what guards against another writer (empty: nothing does). `post` is what a `set` adds to the
    address; `wrap` the field that a `mask` puts the resource into (empty: the mask goes into the address); `condition` is the
    query or header in which a `patch` sends the mark, empty where it is in the body.
    """

    kind: str
    host: str
    prefix: str
    manner: Manner
    labels: str = "labels"
    mark: str = ""
    post: str = ""
    wrap: str = ""
    condition: str = ""
