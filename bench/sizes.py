"""How large a bench is made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """`rounds`: how often each is measured; `has_peers`: beside others' servers, too; the rest: how much there is to do."""

    rounds: int
    projects: int
    pods: int
    seconds: float
    loaded: float
    users: int
    approvals: int
    deployments: int
    checks: int
    assets: int
    owned: int
    owned_teams: int
    tagged: int
    provisioned: int
    watched: int
    applied: int
    said: int
    observed: int
    open: int
    held: int
    changes: int
    is_seeded: bool
    has_peers: bool


WHOLE = Size(
    rounds=5,
    projects=2000,
    pods=500,
    seconds=4,
    loaded=4,
    users=20,
    approvals=40,
    deployments=200,
    checks=5000,
    assets=250_000,
    owned=10_000,
    owned_teams=500,
    tagged=10_000,
    provisioned=5000,
    watched=10_000,
    applied=100,
    said=500,
    observed=50_000,
    open=500,
    held=2000,
    changes=40,
    is_seeded=True,
    has_peers=True,
)
"""What the goals speak of."""

SMALLEST = Size(
    rounds=1,
    projects=5,
    pods=20,
    seconds=0.3,
    loaded=0.05,
    users=2,
    approvals=1,
    deployments=2,
    checks=20,
    assets=400,
    owned=30,
    owned_teams=4,
    tagged=60,
    provisioned=20,
    watched=20,
    applied=2,
    said=3,
    observed=300,
    open=3,
    held=5,
    changes=2,
    is_seeded=False,
    has_peers=False,
)
"""Enough to see that a bench runs."""
