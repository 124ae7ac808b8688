"""Three months of one project: pushed, built, brought to alpha by itself and to production by people.

A course does one thing after another, in the order of time: what people do ends at the world's cut, what machines make of
it runs to its end. Rows and events are those that delivery's services write; a test holds them against its rules.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from podo.app.demo import organisation, traits
from podo.app.demo.calendar import Calendar
from podo.app.demo.chronicle import Chronicle, Row, id_at
from podo.app.demo.knobs import Knobs
from podo.app.demo.organisation import ExamplePerson, ExampleProject
from podo.app.demo.sealing import Charts
from podo.app.demo.trains import Trains
from podo.app.demo.world import World, actor
from podo.catalog.types import NamespaceReady, OwnershipChanged, ProjectRegistered, of_project
from podo.delivery.types import (
    Build,
    BuildFailed,
    BuildQueued,
    BuildStarted,
    BuildState,
    BuildSucceeded,
    Commit,
    PushSeen,
)
from podo.kernel import ids
from podo.kernel.nouns import PODO

PORT = 8080
_NEW, _MOVED, _FAILED = 0.25, 0.08, 0.06
_BUILDER = "buildah 1.28"

Act = Callable[[datetime], Awaitable[None]]


class Course:
    """One project's way through the history; `run` fills `into`."""

    def __init__(self, world: World, project: ExampleProject, charts: Charts, into: Chronicle) -> None:
        self.world, self.project, self.into = world, project, into
        self.chance = random.Random(f"{project.slug} 2026")
        self.traits = traits.of(project, self.chance)
        self.calendar = Calendar(world.zones[project.regions[0]], self.chance)
        self.knobs = Knobs(project.slug, world.seal, into)
        self.team = project.team
        self.trains = Trains(self, charts)
        self._waiting: list[tuple[datetime, int, Act]] = []
        self._order = itertools.count()
        self._builds = 0
        self._owned: Row | None = None

    @property
    def places(self) -> list[tuple[str, str]]:
        """Where it runs: alpha in its home region, production in all."""
        return [("alpha", self.project.regions[0]), *(("prod", region) for region in self.project.regions)]

    def machine(self, at: datetime, act: Act) -> None:
        """Something that follows by itself."""
        heapq.heappush(self._waiting, (at, next(self._order), act))

    def human(self, at: datetime, act: Act) -> None:
        """Something that a person does; nothing, when that would be too late."""

        async def unless_late(now: datetime) -> None:
            if self.team != organisation.DISSOLVED or now < self.world.dissolved:
                await act(now)

        if at < self.world.cut:
            self.machine(at, unless_late)

    async def run(self) -> None:
        """Everything, in the order of time."""
        born = self._register()
        for at in self.calendar.moments(self.traits.commits, born + timedelta(hours=1), self.world.cut):
            self.human(at, self.commit)
        for at in self.calendar.moments(self.chance.randint(0, 3), born + timedelta(hours=2), self.world.cut):
            self.human(at, self._configure)
        if self.chance.random() < _MOVED:
            self.human(self.calendar.moments(1, born + timedelta(days=1), self.world.cut)[0], self._move)
        while self._waiting:
            at, _, act = heapq.heappop(self._waiting)
            await act(at)
        self.trains.put()
        self.knobs.put()
        numbers = {"project": self.project.slug, "build": self._builds, "deployment": self.trains.count}
        self.into.put("delivery_numbers", numbers)

    def _register(self) -> datetime:
        world, project, chance = self.world, self.project, self.chance
        is_new = chance.random() < _NEW
        span = (world.now - world.begin).total_seconds() * 0.7 if is_new else 6 * 3600
        at = world.begin + timedelta(seconds=chance.uniform(60, span))
        by, team = world.somebody(self.team, chance), world.teams[self.team]
        self.into.put(
            "projects",
            {
                "slug": project.slug,
                "title": project.title,
                "description": "",
                "tier": project.tier,
                "repository": f"https://git.podo.example/{self.team}/{project.slug}.git",
                "branch": "main",
                "credential": "",
                "dockerfile": "Dockerfile",
                "port": PORT,
                "places": [list(place) for place in self.places],
                "slack": f"{self.team}-deploys",
                "state": "active",
                "created_at": at,
                "created_by": by.id,
            },
        )
        self._own(at, team, by.id, "registered")
        name = next(t.name for t in organisation.teams() if t.id == team)
        cause = self.into.say(at, actor(by), ProjectRegistered(project=project.slug, team=team, team_name=name))
        for cluster in dict.fromkeys(world.served[place] for place in self.places):
            self.into.put("namespaces", {"project": project.slug, "cluster": cluster, "state": "ready", "why": ""})
            self.into.say(at + timedelta(seconds=2), PODO, NamespaceReady(project=project.slug, cluster=cluster), cause)
        self.knobs.begin(self.traits, actor(by), at + timedelta(minutes=7))
        return at

    def _own(self, at: datetime, team: str, by: str, why: str) -> None:
        was = self._owned
        if was is not None:
            # An interval ends as in the record: it is superseded, and written anew with its end.
            was["superseded_at"] = at
            self.into.put("ownerships", {**was, "id": id_at(at, "own"), "until": at, "recorded_at": at, "superseded_at": None})
        self._owned = self.into.put(
            "ownerships",
            {
                "id": id_at(at, "own"),
                "subject": of_project(self.project.slug),
                "project": self.project.slug,
                "team": team,
                "since": at,
                "until": None,
                "recorded_at": at,
                "superseded_at": None,
                "custody": False,
                "of": was["team"] if was else "",
                "by": by,
                "why": why,
            },
        )

    async def _configure(self, at: datetime) -> None:
        self.knobs.turn(self.chance, actor(self.world.somebody(self.team, self.chance)), at)

    async def _move(self, at: datetime) -> None:
        """Another team takes the project over."""
        lead = self.world.members(self.team)[0]
        living = [t for t in organisation.teams() if t.handle not in (self.team, organisation.DISSOLVED)]
        others = [t for t in living if self.world.members(t.handle)]
        new = self.chance.choice(others)
        why = self.chance.choice(("조직 개편", "They run what it depends on", "Reorganisation", "The team that uses it most"))
        self._own(at, new.id, lead.id, why)
        event = OwnershipChanged(project=self.project.slug, team=new.id, team_name=new.name, why=why)
        self.into.say(at, actor(lead), event)
        self.team = new.handle

    async def commit(self, at: datetime) -> None:
        """A push, its build, and what becomes of that."""
        author = self.world.somebody(self.team, self.chance)
        commit = self._commit(author, at)
        seen = at + timedelta(seconds=self.chance.uniform(2, 9))
        push = PushSeen(
            project=self.project.slug,
            subject=f"push/{self.project.slug}/{commit.short}",
            sha=commit.sha,
            short=commit.short,
            ref="main",
            title=commit.subject,
            author=commit.author,
            how=self.chance.choice(("webhook", "webhook", "poll")),
        )
        cause = self.into.say(seen, PODO, push)
        await self._build(author, commit, seen, cause)

    def _commit(self, author: ExamplePerson, at: datetime) -> Commit:
        sha = ids.digest([self.project.slug, self._builds, at.isoformat()])[:40]
        return Commit(sha, organisation.commit_title(self.chance), author.name, at)

    async def _build(self, author: ExamplePerson, commit: Commit, seen: datetime, cause: str) -> None:
        self._builds += 1
        started = seen + timedelta(seconds=self.chance.uniform(0.5, 3))
        ended = started + timedelta(seconds=self.traits.seconds * self.chance.uniform(0.6, 1.6))
        is_bad = self.chance.random() < _FAILED
        build = Build(
            id=id_at(seen, "bld"),
            project=self.project.slug,
            number=self._builds,
            commit=commit,
            ref="main",
            state=BuildState.failed if is_bad else BuildState.succeeded,
            builder=_BUILDER,
            simulated=True,
            image=f"registry.podo.example/{self.project.slug}",
            digest="" if is_bad else f"sha256:{ids.digest([commit.sha])}",
            why=self.chance.choice(traits.FAILED_BUILDS) if is_bad else "",
            by=PODO.id,
            asked_at=seen,
            started_at=started,
            ended_at=ended,
            values=self.traits.values,
        )
        self._put_build(build)
        about: dict[str, Any] = {
            "project": build.project,
            "subject": f"build/{build.project}/{build.number}",
            "build": build.id,
            "number": build.number,
            "short": commit.short,
        }
        queued = self.into.say(seen, PODO, BuildQueued(**about), cause)
        self.into.say(started, PODO, BuildStarted(**about, builder=_BUILDER), queued)
        if is_bad:
            self.into.say(ended, PODO, BuildFailed(**about, why=build.why), queued)
            self.human(self.calendar.later(ended, 600, 7200), self.commit)
            return
        seconds = round((ended - started).total_seconds())
        done = BuildSucceeded(**about, digest=build.digest, seconds=seconds, ref="main")
        cause = self.into.say(ended, PODO, done, queued)
        self.machine(ended + timedelta(seconds=0.4), lambda now: self.trains.to_alpha(now, build, author, cause))

    def _put_build(self, build: Build) -> None:
        self.into.put(
            "builds",
            {
                "id": build.id,
                "project": build.project,
                "number": build.number,
                "sha": build.commit.sha,
                "subject": build.commit.subject,
                "author": build.commit.author,
                "committed_at": build.commit.at,
                "ref": build.ref,
                "state": build.state.value,
                "builder": build.builder,
                "simulated": build.simulated,
                "image": build.image,
                "digest": build.digest,
                "size": self.chance.randint(8_000_000, 180_000_000) if build.digest else 0,
                "why": build.why,
                "by": build.by,
                "asked_at": build.asked_at,
                "started_at": build.started_at,
                "ended_at": build.ended_at,
                "chosen": build.values,
            },
        )
