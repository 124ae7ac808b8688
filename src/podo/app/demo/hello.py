"""The main job, done once before the newcomer's eyes: `hello` registered, built, healthy in alpha, production asked for.

Each step looks at what is there already, so that a start after a kill goes on where the last one ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from podo.app.demo import founding, repository
from podo.app.demo.organisation import ExamplePerson
from podo.catalog import service as catalog
from podo.delivery import reads, service
from podo.delivery.domain import ChartReader
from podo.delivery.types import Build, BuildState, Deployment, RolloutState, Search
from podo.kernel import clock
from podo.kernel.domains import House
from podo.kernel.nouns import PODO, Actor, ActorKind

PROJECT = "hello"
ALPHA, PROD = [("alpha", "kr")], [("prod", "kr"), ("prod", "jp")]
_LOOK = 0.15
_PATIENCE = 300.0

Say = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ended:
    """The job did not come to its end, and why."""

    why: str


async def main_job(house: House, say: Say) -> Deployment | Ended | None:
    """Everything that is not done yet, a line each. The deployment that waits now, or why there is none; None: done before."""
    if await _asked(house):
        return None
    asker = founding.member()
    begun = clock.monotonic()

    def told(what: str) -> None:
        say(f"{clock.monotonic() - begun:5.1f} s  {what}")

    where = await asyncio.to_thread(repository.make, house.directory / "repositories", PROJECT, asker)
    await _register(house, asker, where, told)
    build = await _until(lambda: _built(house))
    if build is None or build.state is not BuildState.succeeded:
        return Ended(f"its build did not succeed: {build.why or build.state.value}" if build else "no build ended in time")
    how = "simulated" if build.simulated else f"by {build.builder}"
    told(f"built {build.commit.short} ({how}): {build.image}@{build.digest[:19]}…")
    alpha = await _until(lambda: _in_alpha(house, build))
    if alpha is None or alpha.state is not RolloutState.healthy:
        return Ended(
            f"it is {alpha.state.value} in alpha: {alpha.rollouts[0].why}" if alpha else "it did not reach alpha in time"
        )
    told(f"healthy in alpha, {', '.join(r.region for r in alpha.rollouts)} (#{alpha.number})")
    made = await _ask(house, asker, build)
    told(f"{asker.name} asks for production in {' and '.join(r.region for r in made.rollouts)} (#{made.number})")
    return made


async def _asked(house: House) -> Deployment | None:
    async with house.database.reading(PODO) as r:
        if not await catalog.by_slugs(r, [PROJECT]):
            return None
        found = await service.deployments.deployments(r, Search(project=PROJECT, environment="prod"), limit=1)
    return next(iter(found.items), None)


async def _register(house: House, asker: ExamplePerson, where: Path, told: Say) -> None:
    async with house.database.transaction(_as(asker)) as tx:
        if await catalog.by_slugs(tx, [PROJECT]):
            return
        await catalog.register(
            tx,
            house.seal,
            slug=PROJECT,
            title="Hello",
            description="The example that Podo brings along: a web page that says where it runs.",
            team=asker.team,
            repository=str(where),
            branch="main",
            places=[*ALPHA, *PROD],
        )
    told(f"{asker.name} registers hello from {where}")


async def _built(house: House) -> Build | None:
    async with house.database.reading(PODO) as r:
        found = (await service.builds.builds(r, PROJECT, limit=1)).items
    over = (BuildState.succeeded, BuildState.failed, BuildState.cancelled)
    return next((build for build in found if build.state in over), None)


async def _in_alpha(house: House, build: Build) -> Deployment | None:
    async with house.database.reading(PODO) as r:
        found = await service.deployments.deployments(r, Search(project=PROJECT, environment="alpha"), limit=5)
    return next((d for d in found.items if d.build == build.number and not d.is_open), None)


async def _ask(house: House, asker: ExamplePerson, build: Build) -> Deployment:
    async with house.database.reading(_as(asker)) as r:
        made_from = await service.releases.ingredients(r, PROJECT, build.number, "prod")
    draft = await reads.draft(house.ports[ChartReader], made_from)  # type: ignore[type-abstract]
    async with house.database.transaction(_as(asker)) as tx:
        return await service.deployments.request(tx, draft, "prod", once=f"hello:{build.id}")


async def _until(look: Callable[[], Awaitable[T | None]]) -> T | None:
    """What `look` finds, as soon as it finds something; None after a while."""
    until = clock.monotonic() + _PATIENCE
    while clock.monotonic() < until:
        if (found := await look()) is not None:
            return found
        await asyncio.sleep(_LOOK)
    return None


def _as(person: ExamplePerson) -> Actor:
    return Actor(ActorKind.person, person.id)
