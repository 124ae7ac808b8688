"""Builds: one run that turns a commit into an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class BuildState(StrEnum):
    """Where a build is."""

    queued = "queued"
    running = "running"
    succeeded = "succeeded"
    failed = "failed"
    cancelled = "cancelled"


UNFINISHED = frozenset({BuildState.queued, BuildState.running})


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as its repository tells it. `sha` has 40 digits."""

    sha: str
    subject: str
    author: str
    at: datetime

    @property
    def short(self) -> str:
        """The first seven digits."""
        return self.sha[:7]


@dataclass(frozen=True, slots=True)
class Build:
    """A build, numbered per project. `image` is a repository without tag, `digest` is `sha256:…` once it has succeeded.

    `values` is what the commit's podo.yaml says, read when it was built, so that deploying asks no repository.
    """

    id: str
    project: str
    number: int
    commit: Commit
    ref: str
    state: BuildState
    builder: str
    simulated: bool
    image: str
    digest: str
    why: str
    by: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    values: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)

    @property
    def seconds(self) -> float | None:
        """How long it ran; None before its end."""
        return (self.ended_at - self.started_at).total_seconds() if self.ended_at and self.started_at else None


@dataclass(frozen=True, slots=True)
class Built:
    """What a builder made: the pushed manifest's digest, and the image's size in bytes."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class BuilderNote:
    """Which builder there is: its name, whether its images are simulated, and why it builds nothing (empty: it does)."""

    name: str
    simulated: bool
    refused: str = ""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a build's log; `number` counts from 1."""

    number: int
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """A push as a webhook tells it: repository addresses that it may be known by, the branch, and the commit (None: deleted)."""

    addresses: tuple[str, ...]
    branch: str
    commit: Commit | None
    id: str


@dataclass(frozen=True, slots=True)
class Source:
    """A repository to read: its address, branch, and how to be let in (opened; never stored or shown)."""

    url: str
    branch: str
    credential: str = field(default="", repr=False)
