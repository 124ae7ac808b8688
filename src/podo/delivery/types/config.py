"""Configuration: variables and secrets of a project, for all, an environment, or one region of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class ConfigKind(StrEnum):
    """Variables are readable; a secret is shown to nobody."""

    variable = "variable"
    secret = "secret"  # noqa: S105 - a kind, not a secret


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Where a key holds: everywhere (both empty), in an environment, or in one region of it. The narrowest wins."""

    environment: str = ""
    region: str = ""

    @property
    def width(self) -> int:
        """0 for everywhere, 1 for an environment, 2 for a region."""
        return bool(self.environment) + bool(self.region)

    def covers(self, environment: str, region: str) -> bool:
        """Whether a target lies in it."""
        return self.environment in ("", environment) and self.region in ("", region)

    def __str__(self) -> str:
        return " ".join(filter(None, (self.environment, self.region))) or "all"


@dataclass(frozen=True, slots=True)
class ConfigEntry:
    """A variable with its value, or a secret with its fingerprint in place of it."""

    project: str
    kind: ConfigKind
    key: str
    scope: Scope
    value: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SealedConfig:
    """What holds for one target: variables, secrets as sealed texts, and fingerprints that change with a secret's value."""

    variables: Mapping[str, str] = field(hash=False)
    sealed: Mapping[str, str] = field(hash=False)
    fingerprints: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Choices:
    """What a project set in the site beside its podo.yaml: values of the paved-road chart by scope, and its manners.

    `auto_alpha` brings every built commit of the branch to the first environment. `polled` asks the repository for news;
    `hooked` says that a webhook has been heard.
    """

    project: str
    values: Mapping[Scope, Mapping[str, Any]] = field(default_factory=dict[Scope, Mapping[str, Any]], hash=False)
    auto_alpha: bool = True
    polled: bool = True
    hooked: bool = False
