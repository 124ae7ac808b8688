"""Releases: sealed and content-addressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from podo.delivery.types.builds import Build
from podo.delivery.types.config import Choices, SealedConfig

Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A release's part for one target; `hash` is over all of it but `sealed`, and is what an approval is bound to.

    `label` stands on its pods. `values` are the chart's, `sources` says where each came from (path → word). `variables` are in
    the manifests too; `fingerprints` stand for the secrets, whose sealed texts are kept so that going back needs nobody else.
    """

    environment: str
    region: str
    hash: str
    label: str
    name: str
    values: Mapping[str, Any] = field(hash=False)
    sources: Mapping[str, str] = field(hash=False)
    manifests: Sequence[Manifest] = field(hash=False)
    variables: Mapping[str, str] = field(hash=False)
    fingerprints: Mapping[str, str] = field(hash=False)
    sealed: Mapping[str, str] = field(hash=False, repr=False)


@dataclass(frozen=True, slots=True)
class Release:
    """`id` is `r-` and the beginning of `hash`, the root over the hashes of its bundles."""

    id: str
    project: str
    hash: str
    build: int
    commit: str
    image: str
    digest: str
    chart: str
    made_at: datetime
    bundles: tuple[Bundle, ...] = field(hash=False)

    def bundle(self, environment: str, region: str) -> Bundle | None:
        """The part for one target."""
        return next((b for b in self.bundles if (b.environment, b.region) == (environment, region)), None)


class ChangeKind(StrEnum):
    """How something differs."""

    added = "added"
    removed = "removed"
    changed = "changed"


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A variable or secret that differs; values of secrets are never here."""

    kind: ChangeKind
    key: str
    secret: bool
    was: str = ""
    now: str = ""


@dataclass(frozen=True, slots=True)
class FileChange:
    """A manifest that differs, as YAML before and after; `title` is `Deployment chat-api`."""

    kind: ChangeKind
    title: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What one bundle brings over another: sentences as (template, facts), keys, manifests; all empty: nothing changes."""

    words: tuple[tuple[str, Mapping[str, Any]], ...]
    keys: tuple[KeyChange, ...]
    files: tuple[FileChange, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A release not written down yet, and the version of the configuration it was made from: when that changed, draft anew."""

    release: Release
    version: str


@dataclass(frozen=True, slots=True)
class Spot:
    """A target to seal for: where, the name of everything there, and the configuration that holds there."""

    environment: str
    region: str
    cluster: str
    name: str
    config: SealedConfig


@dataclass(frozen=True, slots=True)
class Ingredients:
    """All that a release is made from; `version` changes when its configuration does."""

    project: str
    port: int
    build: Build
    spots: tuple[Spot, ...]
    choices: Choices
    version: str
