"""A deployment of the example and its rollouts while they are on their way, and the rows that they leave."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from podo.app.demo.chronicle import Chronicle
from podo.app.demo.organisation import ExamplePerson
from podo.delivery.types import OPEN, Build, DeploymentKind, Release, RolloutState, Seen


@dataclass(slots=True)
class Part:
    """A rollout."""

    id: str
    project: str
    number: int
    environment: str
    region: str
    cluster: str
    order: int
    needs: int
    bundle: str
    asked_at: datetime
    state: RolloutState
    previous: int | None = None
    started_at: datetime | None = None
    healthy_at: datetime | None = None
    soak_until: datetime | None = None
    ended_at: datetime | None = None
    why: str = ""
    back: bool = False
    seen: Seen = field(default_factory=Seen)

    @property
    def place(self) -> tuple[str, str]:
        """Environment and region."""
        return self.environment, self.region

    def facts(self, release: str) -> dict[str, Any]:
        """What every event of it names."""
        return {
            "project": self.project,
            "environment": self.environment,
            "region": self.region,
            "subject": f"deployment/{self.project}/{self.number}",
            "number": self.number,
            "rollout": self.id,
            "release": release,
        }


@dataclass(slots=True)
class Train:
    """A deployment. `is_left` says that nobody decides on it, so that a newcomer finds it waiting."""

    project: str
    number: int
    environment: str
    kind: DeploymentKind
    release: Release
    build: Build
    title: str
    description: str
    by: str
    at: datetime
    parts: list[Part]
    asker: ExamplePerson | None = None
    once: str | None = None
    is_left: bool = False

    @property
    def subject(self) -> str:
        """What its events are about."""
        return f"deployment/{self.project}/{self.number}"

    def put(self, into: Chronicle) -> None:
        """The rows of the deployment and its rollouts as they are now."""
        into.put(
            "deployments",
            {
                "project": self.project,
                "number": self.number,
                "environment": self.environment,
                "kind": self.kind.value,
                "release": self.release.id,
                "build": self.build.number,
                "sha": self.build.commit.sha,
                "ref": self.build.ref,
                "title": self.title,
                "description": self.description,
                "by": self.by,
                "at": self.at,
                "once": self.once,
                "open": any(p.state in OPEN for p in self.parts),
            },
        )
        for part in self.parts:
            self._put(part, into)

    def _put(self, part: Part, into: Chronicle) -> None:
        into.put(
            "rollouts",
            {
                "id": part.id,
                "project": part.project,
                "number": part.number,
                "environment": part.environment,
                "region": part.region,
                "cluster": part.cluster,
                "order": part.order,
                "needs": part.needs,
                "bundle": part.bundle,
                "state": part.state.value,
                "why": part.why,
                "back": part.back,
                "previous": part.previous,
                "asked_at": part.asked_at,
                "started_at": part.started_at,
                "healthy_at": part.healthy_at,
                "soak_until": part.soak_until,
                "ended_at": part.ended_at,
                "halt_asked": False,
            },
        )
        seen = {**asdict(part.seen), "facts": dict(part.seen.facts)}
        into.put(
            "rollout_watches",
            {
                "rollout": part.id,
                "epoch": 1 if part.started_at else 0,
                "seen": seen if part.started_at else {},
                "due_at": None,
                "silent_since": None,
                "degraded_since": None,
            },
        )
