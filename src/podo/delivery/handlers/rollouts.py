"""What follows by itself: rollouts that may start, that are due, that went bad while they soaked; and alpha after a build."""

from __future__ import annotations

from collections.abc import Sequence

from podo.catalog import service as catalog
from podo.delivery import reads
from podo.delivery.ports import ChartReader
from podo.delivery.service import builds, config, deployments, releases, rollouts
from podo.delivery.types import Build, BuildState, BuildSucceeded, PushSeen
from podo.delivery.workflows.rollouts import roll
from podo.kernel import traces
from podo.kernel.db import Reading
from podo.kernel.domains import House
from podo.kernel.events import Entry, Handling
from podo.kernel.nouns import PODO
from podo.workloads import service as workloads

# Who else wants to write waits for no more than these.
_TOGETHER = 40


async def go_on(entry: Entry, at: Handling) -> None:
    """Something about a deployment happened: start what may start now."""
    await go_on_together([entry], at)


async def go_on_together(entries: Sequence[Entry], at: Handling) -> None:
    """The same for all projects that something happened to: each run in the trace of the last that was said of its project."""
    last = list({entry.project or "": entry for entry in entries}.values())
    for first in range(0, len(last), _TOGETHER):
        ready: list[tuple[traces.Point | None, str, int]] = []
        async with at.transaction() as tx:
            for entry in last[first : first + _TOGETHER]:
                with at.hearing(entry) as point, tx.following(entry.whence):
                    ready += [(point, *run) for run in await rollouts.advance(tx, entry.project or "")]
        for point, rollout, epoch in ready:
            with traces.under(point):
                await at.start(roll, run_id(rollout, epoch), rollout, epoch)


def run_id(rollout: str, epoch: int) -> str:
    """A run's id: a second start of the same does nothing."""
    return f"rollout:{rollout}:{epoch}"


async def look_at_due(house: House) -> None:
    """Start a run for each rollout whose time has come, in the trace of the act that made it wait."""
    async with house.database.reading(PODO) as r:
        found = await rollouts.due(r)
    for rollout, epoch, trace in found:
        with traces.under(traces.parse(trace)):
            await house.durable.start(roll, run_id(rollout, epoch), rollout, epoch)


async def look_at_soaking(house: House) -> None:
    """A rollout that goes bad while it soaks is looked at now, not at the end of its soak."""
    async with house.database.reading(PODO) as r:
        found = await rollouts.soaking(r)
    if not found:
        return
    async with house.observed.reading(PODO) as observed:
        worst = await workloads.health_of_projects(observed, {x.project for x in found})
    for rollout in found:
        health = worst.get(rollout.project, {}).get(rollout.cluster)
        if health is not None and health.status == "Degraded":
            async with house.database.reading(PODO) as r:
                trace = await rollouts.traced(r, rollout)
            with traces.under(traces.parse(trace)):
                await house.durable.start(roll, run_id(rollout.id, rollout.epoch + 1), rollout.id, rollout.epoch + 1)


class Promotion:
    """Every image of the project's branch goes to the first environment by itself, where the project wants it so."""

    def __init__(self) -> None:
        self.house: House | None = None

    async def __call__(self, entry: Entry, at: Handling) -> None:
        """A build succeeded, or the branch went back to a commit that was built before."""
        assert self.house is not None
        project = entry.project or ""
        async with self.house.database.reading(PODO) as r:
            build = await _to_promote(r, entry)
            if build is None:
                return
            about = await catalog.project(r, project)
            choices = await config.choices(r, project)
            stages = [e.name for e in await catalog.environments(r)]
            targets = await catalog.targets(r, project)
            first = next((e for e in stages if any(t.environment == e for t in targets)), None)
            if not choices.auto_alpha or build.ref != about.repository.branch or first is None:
                return
            if entry.code == PushSeen.code and await _is_there(r, build, first):
                return
            made_from = await releases.ingredients(r, project, build.number, first)
        draft = await reads.draft(self.house.ports[ChartReader], made_from)
        async with at.transaction() as tx:
            await deployments.request(tx, draft, first, once=_once(build, entry))


async def _to_promote(r: Reading, entry: Entry) -> Build | None:
    if entry.code == BuildSucceeded.code:
        return await builds.build(r, entry.project or "", int(entry.facts["number"]))
    build = await builds.of_commit(r, entry.project or "", entry.facts["sha"])
    # One that was built after the push says so itself.
    return build if build and build.state is BuildState.succeeded and build.ended_at and build.ended_at < entry.at else None


async def _is_there(r: Reading, build: Build, environment: str) -> bool:
    there = [place.running_commit for place in await deployments.places(r, build.project) if place.environment == environment]
    return all(commit == build.commit.sha for commit in there)


def _once(build: Build, entry: Entry) -> str:
    return f"alpha:{build.id}" if entry.code == BuildSucceeded.code else f"alpha:{entry.id}"
