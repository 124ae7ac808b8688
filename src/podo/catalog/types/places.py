"""Environments, regions, clusters and targets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Environment:
    """A stage of promotion. `order` counts from 0; `approvals` is how many people must approve a rollout there."""

    name: str
    order: int
    approvals: int = 0
    soak_seconds: int = 0
    self_approval: bool = False

    @property
    def protected(self) -> bool:
        """Whether somebody must approve, and the environment before it must be healthy."""
        return self.approvals > 0


@dataclass(frozen=True, slots=True)
class Region:
    """A region; `order` is its place in the train."""

    code: str
    name: str
    timezone: str
    order: int


class ClusterKind(StrEnum):
    """How a cluster is reached."""

    twin = "twin"
    kubeconfig = "kubeconfig"


class ClusterState(StrEnum):
    """What is known of a cluster."""

    unknown = "unknown"
    connected = "connected"
    unreachable = "unreachable"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that serves a region for some environments."""

    name: str
    region: str
    environments: tuple[str, ...]
    kind: ClusterKind
    state: ClusterState
    version: str
    why: str
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Target:
    """Environment × region, resolved to one cluster."""

    environment: str
    region: str
    cluster: str
