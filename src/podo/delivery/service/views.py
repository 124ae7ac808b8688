"""What people look at: both sides of a change, what was configured since, what waits for somebody."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from podo.access import service as access
from podo.access.types import On, Permission, Role
from podo.activity import service as activity
from podo.activity.types import Happening, Question
from podo.catalog import service as catalog
from podo.catalog.types import Environment
from podo.delivery.rules.addresses import addresses
from podo.delivery.service import deployments, releases, stopping
from podo.delivery.store import deployments as rows
from podo.delivery.store import releases as sealed
from podo.delivery.types import (
    APPROVE,
    OPEN,
    READ,
    Build,
    Bundle,
    ChoicesChanged,
    Decision,
    Deployment,
    DeploymentAsked,
    DeploymentKind,
    Place,
    Release,
    RollbackAsked,
    Rollout,
    RolloutState,
    Search,
    SecretRemoved,
    SecretSet,
    VariableRemoved,
    VariableSet,
)
from podo.kernel.db import Reading

_CONFIGURED = tuple(e.code for e in (VariableSet, VariableRemoved, SecretSet, SecretRemoved, ChoicesChanged))
_BEGINNINGS = (DeploymentAsked.code, RollbackAsked.code)
_AT_ONCE = 100
_NUMBERED = re.compile(r"(?:(?P<project>[a-z][a-z0-9-]*)\s*)?#?(?P<number>\d{1,6})")
_DIGEST = re.compile(r"[0-9a-f]{8,64}")
_UNDECIDED = frozenset({RolloutState.waiting, RolloutState.queued})


@dataclass(frozen=True, slots=True)
class Sides:
    """What a rollout brings, and what it is held against: the bundle of deployment `against`; None: nothing was there."""

    rollout: Rollout
    now: Bundle
    was: Bundle | None
    against: int | None


@dataclass(frozen=True, slots=True)
class Way:
    """Where `roll_back` would lead from a rollout: to deployment `to`, whose commit begins with `commit`."""

    to: int
    commit: str


async def sides(r: Reading, of: Deployment, region: str) -> Sides:
    """A rollout beside what it replaced, or, before it starts, beside what runs there now. Raises `NoSuchRollout`."""
    rollout = await stopping.rollout_in(r, of.project, of.number, region)
    now = await releases.bundle_of(r, of.project, of.number, rollout.environment, region)
    assert now is not None
    against = rollout.previous
    if rollout.started_at is None and rollout.state in OPEN:
        here = await deployments.places(r, of.project)
        place = (rollout.environment, region)
        against = next((p.running.number for p in here if p.running and (p.environment, p.region) == place), None)
    was = await releases.bundle_of(r, of.project, against, rollout.environment, region) if against else None
    return Sides(rollout, now, was, against if was else None)


async def bundle(r: Reading, of: Deployment, region: str) -> Bundle:
    """What a rollout brings. Raises `NoSuchRollout`."""
    rollout = await stopping.rollout_in(r, of.project, of.number, region)
    found = await releases.bundle_of(r, of.project, of.number, rollout.environment, region)
    assert found is not None
    return found


async def story(r: Reading, subject: str, project: str, *, newest: int) -> tuple[list[Happening], list[Happening]]:
    """How a thing began, and the `newest` that was said about it, oldest first; nothing began it where nothing is left out."""
    found: list[Happening] = []
    cursor: str | None = None
    while len(found) < newest:
        limit = min(_AT_ONCE, newest - len(found))
        page = await activity.happenings(r, Question(project=project, subject=subject), cursor=cursor, limit=limit)
        found += page.items
        cursor = page.next
        if cursor is None:
            return [], found[::-1]
    began = await activity.happenings(r, Question(project=project, subject=subject, kinds=_BEGINNINGS), limit=_AT_ONCE)
    shown = {h.id for h in found}
    return [h for h in began.items[::-1] if h.id not in shown][:1], found[::-1]


async def addresses_of(r: Reading, of: Deployment) -> Mapping[str, Sequence[str]]:
    """By region, where its release answers. A release never changes: what was read of one is kept, whatever is said meanwhile."""

    async def read() -> Mapping[str, Sequence[str]]:
        whole = await releases.release(r, of.project, of.release)
        here = [b for b in whole.bundles if b.environment == of.environment]
        return {b.region: addresses(b.manifests, of.project) for b in here}

    return await r.recall("releases", ("addresses", of.project, of.release, of.environment), read)


async def configured_since(r: Reading, of: Deployment, release: Release, *, limit: int = 5) -> Sequence[Happening]:
    """What was configured for a deployment's targets since its release was sealed, newest first.

    Only for one that can be sealed anew: it brings something new, and nothing of it has started.
    """
    started = any(x.started_at for x in of.rollouts)
    if of.kind is not DeploymentKind.deploy or started or not of.is_open:
        return ()
    question = Question(project=of.project, kinds=_CONFIGURED, since=max(release.made_at, of.at))
    page = await activity.happenings(r, question, limit=50)
    regions = {None, *(x.region for x in of.rollouts)}
    mine = [h for h in page.items if h.environment in (None, of.environment) and h.region in regions]
    return mine[:limit]


async def config_history(r: Reading, project: str, limit: int = 20) -> Sequence[Happening]:
    """Who set or removed what, newest first; never a secret's value."""
    return (await activity.happenings(r, Question(project=project, kinds=_CONFIGURED), limit=limit)).items


async def ways_back(r: Reading, of: Deployment, places: Sequence[Place]) -> dict[str, Way]:
    """By region: where one gets by leaving what this deployment brought there; only where that is what is there now."""
    here = [x for x in of.rollouts if _is_here(x, places)]
    found = {x.region: to for x in here if (to := await stopping.way_back(r, x)) is not None}
    commits = {n: (await deployments.deployment(r, of.project, n)).commit[:7] for n in set(found.values())}
    return {region: Way(to, commits[to]) for region, to in found.items()}


def _is_here(rollout: Rollout, places: Sequence[Place]) -> bool:
    """Whether leaving this target would leave this very rollout: the newest there that is whole or half-way."""
    place = next((p for p in places if (p.environment, p.region) == (rollout.environment, rollout.region)), None)
    if place is None or (rollout.started_at is None and rollout.healthy_at is None):
        return False
    newest = max((x.number for x in (place.running, place.coming) if x and (x.started_at or x.healthy_at)), default=0)
    if rollout.state is RolloutState.halted:
        return rollout.number > newest
    return rollout.number == newest and rollout.state in (
        *(RolloutState.healthy, RolloutState.rolling, RolloutState.soaking, RolloutState.stuck),
    )


async def of_build(r: Reading, build: Build) -> list[Deployment]:
    """Deployments of a build's image, newest first, at most twenty."""
    page = await deployments.deployments(r, Search(project=build.project, text=build.commit.sha), limit=20)
    return [d for d in page.items if d.build == build.number]


async def find(r: Reading, text: str, limit: int) -> list[Deployment]:
    """By number (`#214`, `chat-api#214`, `chat-api 214`), else by a part of a title, of a commit or of a release's name."""
    await access.require(r, READ, On())
    if found := _NUMBERED.fullmatch(text.strip()):
        return await rows.numbered(r, int(found["number"]), found["project"], limit)
    return await rows.somewhere(r, text.strip(), limit)


async def releases_of_image(r: Reading, text: str, limit: int) -> list[tuple[str, str]]:
    """(project, release) of those whose image has this digest, or one that begins so; `text` may hold the image's name."""
    digest = text.strip().rpartition("@")[2].removeprefix("sha256:")
    if not _DIGEST.fullmatch(digest):
        return []
    await access.require(r, READ, On())
    return await sealed.of_digest(r, f"sha256:{digest}", limit)


# -- rights, with their reasons


async def refusal(r: Reading, permission: Permission, on: On) -> tuple[str, str, str]:
    """Why the actor may not: sentence and id of the policy that says so, and who could; all empty where the actor may."""
    decision = await access.may(r, permission, on)
    if decision.allowed:
        return "", "", ""
    why = await access.explain(r, r.actor.id, permission, on)
    about = why.policies[0] if why.policies else None
    return (about.about if about else ""), (about.id if about else ""), why.could


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a deployment: all environments in order, its own, and the id of the owning team."""

    stages: Sequence[Environment]
    stage: Environment | None
    team: str


async def around(r: Reading, of: Deployment) -> Around:
    """Read once for all parts of a page."""
    stages = await catalog.environments(r)
    project = await catalog.project(r, of.project)
    return Around(stages, next((e for e in stages if e.name == of.environment), None), project.team)


def to_approve(of: Deployment, here: Around) -> On:
    """What a decision on a deployment is asked for."""
    return On(
        project=of.project,
        team=here.team,
        environment=of.environment,
        requester=of.by,
        self_approval=bool(here.stage and here.stage.self_approval),
    )


async def waiting_for(r: Reading, person: str, projects: Collection[str] | None = None) -> list[tuple[Deployment, list[Rollout]]]:
    """Deployments with the rollouts that wait for this person's decision, newest first.

    `projects` are those of the person's teams, where they are known already. SREs see those of all projects. What the
    person asked for, or has approved, does not wait for the person. `r` reads on the person's behalf.
    """
    everywhere = bool({Role.sre, Role.admin} & await access.roles_of(r, person))
    if not everywhere and projects is None:
        # Asked from what waits: a lead may answer for hundreds of projects, and few of them wait.
        asking = await deployments.projects_waiting(r)
        mine = await _teams(r, person) if asking else set[str]()
        projects = [slug for slug, o in (await catalog.owners(r, asking)).items() if o.team in mine] if mine else []
    found: list[tuple[Deployment, list[Rollout]]] = []
    waiting = await deployments.waiting_in(r, None if everywhere else projects)
    if not waiting:
        return []
    owners = await catalog.owners(r, {d.project for d in waiting})
    own = {e.name: e.self_approval for e in await catalog.environments(r)}
    for of in waiting:
        mine = [x for x in of.rollouts if x.state is RolloutState.waiting and not _has_approved(x, person)]
        on = On(
            project=of.project,
            team=owners[of.project].team,
            environment=of.environment,
            requester=of.by,
            self_approval=own.get(of.environment, False),
        )
        if mine and (await access.may(r, APPROVE, on)).allowed:
            found.append((of, mine))
    return found


async def _teams(r: Reading, person: str) -> set[str]:
    """A person's teams, and those below the ones that the person leads."""
    mine = await access.teams_of(r, person)
    found = {m.team for m in mine}
    led = {m.team for m in mine if m.role == "lead"}
    every = await access.teams(r) if led else []
    while led:
        led = {t.id for t in every if t.parent in led and t.id not in found}
        found |= led
    return found


def _has_approved(rollout: Rollout, person: str) -> bool:
    return person in rollout.approved_by


def may_be_decided(rollout: Rollout, person: str) -> bool:
    """Whether a decision on it is still taken, and this person has not approved it already."""
    return rollout.state in _UNDECIDED and rollout.started_at is None and rollout.needs > 0 and not _has_approved(rollout, person)


def last_word(rollout: Rollout, person: str) -> Decision | None:
    """What a person said of a rollout, for the bundle that it has now."""
    said = [a.decision for a in rollout.approvals if a.person == person and a.bundle == rollout.bundle]
    return said[-1] if said else None
