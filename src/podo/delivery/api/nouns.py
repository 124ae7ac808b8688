"""What the API takes and gives, of deployments and releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from podo.delivery.types import Bundle, Changes, Comment, Deployment, Gate, Place, Release, Rollout
from podo.kernel.ui import languages


class GateOut(BaseModel):
    """What a rollout's start hangs on: ok, wait, warn or bad, and a sentence."""

    kind: str
    code: str
    text: str


class ApprovalOut(BaseModel):
    """A decision; it counts while `bundle` is the rollout's."""

    person: str
    decision: str
    bundle: str
    comment: str
    at: datetime


class RolloutOut(BaseModel):
    """A deployment's part for one target. `bundle` is what an approval has to name."""

    environment: str
    region: str
    cluster: str
    state: str
    why: str
    health: str
    reason: str
    ready: int
    wanted: int
    needs: int
    approvals: list[ApprovalOut]
    bundle: str
    previous: int | None
    gates: list[GateOut]
    asked_at: datetime
    started_at: datetime | None
    healthy_at: datetime | None
    soak_until: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, x: Rollout, lang: str, gates: Sequence[Gate] = ()) -> RolloutOut:
        """From the noun."""
        translate = languages.translator(lang)
        said = [
            ApprovalOut(person=a.person, decision=a.decision, bundle=a.bundle, comment=a.comment, at=a.at) for a in x.approvals
        ]
        return cls(
            environment=x.environment,
            region=x.region,
            cluster=x.cluster,
            state=x.state,
            why=x.why,
            health=x.seen.health,
            reason=x.seen.said(translate),
            ready=x.seen.ready,
            wanted=x.seen.wanted,
            needs=x.needs,
            approvals=said,
            bundle=x.bundle,
            previous=x.previous,
            gates=[GateOut(kind=g.kind, code=g.code, text=g.said(translate)) for g in gates],
            asked_at=x.asked_at,
            started_at=x.started_at,
            healthy_at=x.healthy_at,
            soak_until=x.soak_until,
            ended_at=x.ended_at,
        )


class DeploymentOut(BaseModel):
    """A deployment with its rollouts in the train's order. `gates` are filled where one deployment is asked for."""

    project: str
    number: int
    environment: str
    kind: str
    state: str
    open: bool
    release: str
    build: int
    commit: str
    ref: str
    title: str
    description: str
    by: str
    at: datetime
    ended_at: datetime | None
    rollouts: list[RolloutOut]

    @classmethod
    def of(cls, d: Deployment, lang: str, gates: Mapping[str, Sequence[Gate]] | None = None) -> DeploymentOut:
        """From the noun."""
        return cls(
            project=d.project,
            number=d.number,
            environment=d.environment,
            kind=d.kind,
            state=d.state,
            open=d.is_open,
            release=d.release,
            build=d.build,
            commit=d.commit,
            ref=d.ref,
            title=d.title,
            description=d.description,
            by=d.by,
            at=d.at,
            ended_at=d.ended_at,
            rollouts=[RolloutOut.of(x, lang, (gates or {}).get(x.region, ())) for x in d.rollouts],
        )


class DeploymentsOut(BaseModel):
    """A page of deployments, newest first; `open` and `finished` count all that fit the filter."""

    items: list[DeploymentOut]
    next: str | None
    open: int
    finished: int


class DeployIn(BaseModel):
    """What to deploy where."""

    environment: str
    regions: list[str] | None = Field(default=None, description="Null: all regions that the project has there")
    build: int | None = Field(default=None, description="Null: the newest build that has an image")
    title: str = ""
    description: str = ""


class ReviewIn(BaseModel):
    """A decision on one or several rollouts, each named with the hash of the bundle that was looked at."""

    decision: Literal["approve", "request_changes", "reject"]
    bundles: dict[str, str] = Field(description="Region to bundle hash, as the deployment gives it")
    comment: str = ""


class HaltIn(BaseModel):
    """Why; may be empty."""

    why: str = ""


class RollBackIn(BaseModel):
    """Which target to bring back, and to which deployment; null: the last that was healthy there before."""

    environment: str
    region: str
    to: int | None = None


class CommentIn(BaseModel):
    """What to say, in Markdown."""

    text: str = Field(min_length=1)


class CommentOut(BaseModel):
    """What somebody said."""

    id: str
    person: str
    text: str
    at: datetime

    @classmethod
    def of(cls, c: Comment) -> CommentOut:
        """From the noun."""
        return cls(id=c.id, person=c.person, text=c.text, at=c.at)


class KeyOut(BaseModel):
    """A variable or secret that differs; values of secrets are never given."""

    kind: str
    key: str
    secret: bool
    was: str
    now: str


class FileOut(BaseModel):
    """A manifest that differs, as YAML before and after."""

    kind: str
    title: str
    was: str
    now: str


class ChangesOut(BaseModel):
    """What a rollout changes: held against deployment `against`, null where nothing runs there."""

    region: str
    against: int | None
    words: list[str]
    keys: list[KeyOut]
    files: list[FileOut]

    @classmethod
    def of(cls, region: str, against: int | None, c: Changes, lang: str) -> ChangesOut:
        """From the noun."""
        return cls(
            region=region,
            against=against,
            words=[languages.say(lang, template, **facts) for template, facts in c.words],
            keys=[KeyOut(kind=k.kind, key=k.key, secret=k.secret, was=k.was, now=k.now) for k in c.keys],
            files=[FileOut(kind=f.kind, title=f.title, was=f.was, now=f.now) for f in c.files],
        )


class ValueOut(BaseModel):
    """A value that the chart was given, and where it came from."""

    path: str
    value: Any
    source: str


class ManifestOut(BaseModel):
    """A manifest as it is applied."""

    title: str
    text: str


class ManifestsOut(BaseModel):
    """What a rollout consists of; `secrets` are names alone, `addresses` are where it answers."""

    region: str
    bundle: str
    manifests: list[ManifestOut]
    values: list[ValueOut]
    secrets: list[str]
    addresses: list[str]


class PlaceOut(BaseModel):
    """A target: what runs there with its commit, and what is on its way."""

    environment: str
    region: str
    cluster: str
    commit: str
    running: RolloutOut | None
    running_number: int | None
    coming: RolloutOut | None
    coming_number: int | None

    @classmethod
    def of(cls, p: Place, lang: str) -> PlaceOut:
        """From the noun."""
        return cls(
            environment=p.environment,
            region=p.region,
            cluster=p.cluster,
            commit=p.running_commit,
            running=RolloutOut.of(p.running, lang) if p.running else None,
            running_number=p.running.number if p.running else None,
            coming=RolloutOut.of(p.coming, lang) if p.coming else None,
            coming_number=p.coming.number if p.coming else None,
        )


class BundleOut(BaseModel):
    """A release's part for one target."""

    environment: str
    region: str
    hash: str
    label: str
    name: str
    variables: dict[str, str]
    secrets: list[str]

    @classmethod
    def of(cls, b: Bundle) -> BundleOut:
        """From the noun."""
        return cls(
            environment=b.environment,
            region=b.region,
            hash=b.hash,
            label=b.label,
            name=b.name,
            variables=dict(b.variables),
            secrets=sorted(b.fingerprints),
        )


class ReleaseOut(BaseModel):
    """A sealed release; `hash` is over the hashes of its bundles."""

    id: str
    hash: str
    build: int
    commit: str
    image: str
    digest: str
    chart: str
    made_at: datetime
    bundles: list[BundleOut]

    @classmethod
    def of(cls, x: Release) -> ReleaseOut:
        """From the noun."""
        return cls(
            id=x.id,
            hash=x.hash,
            build=x.build,
            commit=x.commit,
            image=x.image,
            digest=x.digest,
            chart=x.chart,
            made_at=x.made_at,
            bundles=[BundleOut.of(b) for b in x.bundles],
        )
