"""What the API takes and gives, of builds and configuration."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from podo.delivery.types import Build, Choices, ConfigEntry, ConfigKind, Scope


class BuildOut(BaseModel):
    """A build. `digest` is empty until it has succeeded; `simulated` images hold nothing; `seconds` is null before its end."""

    number: int
    state: str
    commit: str
    subject: str
    author: str
    ref: str
    builder: str
    simulated: bool
    image: str
    digest: str
    why: str
    by: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    seconds: float | None

    @classmethod
    def of(cls, b: Build) -> BuildOut:
        """From the noun."""
        return cls(
            number=b.number,
            state=b.state,
            commit=b.commit.sha,
            subject=b.commit.subject,
            author=b.commit.author,
            ref=b.ref,
            builder=b.builder,
            simulated=b.simulated,
            image=b.image,
            digest=b.digest,
            why=b.why,
            by=b.by,
            asked_at=b.asked_at,
            started_at=b.started_at,
            ended_at=b.ended_at,
            seconds=b.seconds,
        )


class BuildsOut(BaseModel):
    """A page of builds, newest first."""

    items: list[BuildOut]
    next: str | None
    total: int | None


class BuildIn(BaseModel):
    """What to build."""

    ref: str = Field(default="", description="A commit, branch or tag; empty: the newest commit of the project's branch")


class WhereIn(BaseModel):
    """Where a key holds: everywhere (both empty), in an environment, or in one region of it."""

    environment: str = ""
    region: str = ""

    @property
    def scope(self) -> Scope:
        """As a noun."""
        return Scope(self.environment, self.region)


class ValueIn(WhereIn):
    """A variable's or a secret's value."""

    value: str


class EntryOut(BaseModel):
    """A variable with its value, or a secret with the beginning of its fingerprint; a secret's value is never given."""

    kind: str
    key: str
    environment: str
    region: str
    value: str | None
    fingerprint: str | None
    by: str
    at: datetime

    @classmethod
    def of(cls, e: ConfigEntry) -> EntryOut:
        """From the noun."""
        is_secret = e.kind is ConfigKind.secret
        return cls(
            kind=e.kind,
            key=e.key,
            environment=e.scope.environment,
            region=e.scope.region,
            value=None if is_secret else e.value,
            fingerprint=e.value if is_secret else None,
            by=e.by,
            at=e.at,
        )


class ValuesOut(BaseModel):
    """Values of the paved road that are chosen for one scope."""

    environment: str
    region: str
    values: dict[str, Any]


class ChoicesOut(BaseModel):
    """How a project is deployed. `hooked`: a webhook of its repository was heard."""

    auto_alpha: bool
    polled: bool
    hooked: bool
    values: list[ValuesOut]

    @classmethod
    def of(cls, c: Choices) -> ChoicesOut:
        """From the noun."""
        values = [ValuesOut(environment=s.environment, region=s.region, values=dict(v)) for s, v in sorted(c.values.items())]
        return cls(auto_alpha=c.auto_alpha, polled=c.polled, hooked=c.hooked, values=values)


class ChoicesIn(WhereIn):
    """What to change; what is missing stays. `values` replace all that is chosen for their scope."""

    auto_alpha: bool | None = None
    polled: bool | None = None
    values: dict[str, Any] | None = None
