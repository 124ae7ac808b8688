"""Deployments of one project of the example: asked for, decided on, rolled out region by region, and sometimes not well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from podo.app.demo import sealing, traits
from podo.app.demo.chronicle import id_at
from podo.app.demo.decisions import Decisions
from podo.app.demo.founding import ALPHA, PROD
from podo.app.demo.organisation import ExamplePerson
from podo.app.demo.parts import Part, Train
from podo.app.demo.sealing import Charts
from podo.app.demo.world import actor
from podo.catalog.types import Environment
from podo.delivery.types import (
    MOVING,
    OPEN,
    Build,
    Choices,
    DeploymentAsked,
    DeploymentKind,
    HaltAsked,
    Ingredients,
    Release,
    RollbackAsked,
    RolloutCancelled,
    RolloutFailed,
    RolloutFailing,
    RolloutHalted,
    RolloutHealthy,
    RolloutRolledBack,
    RolloutSoaking,
    RolloutStarted,
    RolloutState,
    Seen,
    Spot,
)
from podo.kernel.nouns import PODO

if TYPE_CHECKING:
    from podo.app.demo.course import Course

_S = RolloutState
_WELL = frozenset({_S.healthy, _S.inactive, _S.cancelled})
_LOST = frozenset({_S.failed, _S.rolled_back, _S.halted})
_ASKED = frozenset({_S.waiting, _S.queued})

# How often it goes to production, and how often something is not well, each time.
_TO_PROD, _FAILS, _FAILS_IN_ALPHA, _HALTED, _TAKEN_BACK = 0.55, 0.04, 0.04, 0.012, 0.04

# Projects that a newcomer finds waiting for somebody, and how many of their regions were decided on.
LEFT = {
    **dict.fromkeys(("chat-api", "receipt-cache", "query-api", "pay-api", "wallet-api", "edge-api", "ads-api", "listing-api"), 0),
    **dict.fromkeys(("typing-sync", "refund-api", "index-api"), 1),
}


class Trains:
    """All deployments of a course's project. `running` is the healthy rollout of each place."""

    def __init__(self, course: Course, charts: Charts) -> None:
        self.course, self._charts = course, charts
        self.all: list[Train] = []
        self.running: dict[tuple[str, str], Part] = {}
        self._arrived: dict[tuple[str, str], list[Part]] = defaultdict(list)
        self._sealed: set[str] = set()
        self._in_alpha: Build | None = None
        self._is_over = False
        self.decisions = Decisions(self)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.all)

    def put(self) -> None:
        """All rows."""
        for train in self.all:
            train.put(self.course.into)

    def train(self, number: int) -> Train:
        """The deployment of this number."""
        return self.all[number - 1]

    # -- asking

    async def to_alpha(self, at: datetime, build: Build, author: ExamplePerson, cause: str) -> None:
        """Podo brings what was built to alpha."""
        if self._moves(ALPHA.name):
            self.course.machine(at + timedelta(seconds=20), lambda now: self.to_alpha(now, build, author, cause))
            return
        train = await self._ask(at, build, ALPHA, None, cause)
        self.advance(at + timedelta(seconds=0.3), train)
        if self.course.chance.random() < _TO_PROD:
            asker = (
                author if self.course.chance.random() < 0.7 else self.course.world.somebody(self.course.team, self.course.chance)
            )
            self.course.human(self.course.calendar.later(at, 900, 40_000), lambda now: self.to_prod(now, asker))
        left = LEFT.get(self.course.project.slug)
        if left is not None and len(self.all) == 1:
            minutes = self.course.chance.randint(28, 240)
            when = self.course.world.now - timedelta(minutes=minutes)
            self.course.human(when, lambda now: self.to_prod(now, author, left))

    async def to_prod(self, at: datetime, asker: ExamplePerson, left: int | None = None) -> None:
        """A person asks for production of what is healthy in alpha now."""
        build = self._in_alpha
        if build is None or self._is_over:
            return
        if self._moves(PROD.name):
            self.course.human(at + timedelta(minutes=8), lambda now: self.to_prod(now, asker, left))
            return
        self._is_over = left is not None
        train = await self._ask(at, build, PROD, asker, None)
        train.is_left = left is not None
        self.decisions.schedule(at, train, len(train.parts) if left is None else left)

    async def _ask(self, at: datetime, build: Build, stage: Environment, asker: ExamplePerson | None, cause: str | None) -> Train:
        course, number = self.course, len(self.all) + 1
        places = [p for p in course.places if p[0] == stage.name]
        release = await self._seal(at, build, places)
        by = actor(asker) if asker else PODO
        parts = [self._part(at, number, stage, release, order, place) for order, place in enumerate(places)]
        train = Train(
            project=course.project.slug,
            number=number,
            environment=stage.name,
            kind=DeploymentKind.deploy,
            release=release,
            build=build,
            title=build.commit.subject,
            description="",
            by=by.id,
            at=at,
            parts=parts,
            asker=asker,
            once=None if asker else f"alpha:{build.id}",
        )
        self.all.append(train)
        event = DeploymentAsked(
            project=train.project,
            environment=stage.name,
            subject=train.subject,
            number=number,
            release=release.id,
            short=build.commit.short,
            regions=", ".join(p.region for p in parts),
        )
        course.into.say(at, by, event, cause)
        self._supersede(at, train)
        return train

    async def _seal(self, at: datetime, build: Build, places: Sequence[tuple[str, str]]) -> Release:
        course = self.course
        spots = tuple(Spot(e, r, course.world.served[e, r], course.project.slug, course.knobs.of(e, r)) for e, r in places)
        of = Ingredients(course.project.slug, 8080, build, spots, Choices(course.project.slug), "")
        release = await sealing.seal(self._charts, of, at)
        if release.id not in self._sealed:
            self._sealed.add(release.id)
            sealing.put(course.into, release)
        return release

    def _part(
        self, at: datetime, number: int, stage: Environment, release: Release, order: int, place: tuple[str, str], needs: int = -1
    ) -> Part:
        bundle = release.bundle(*place)
        assert bundle is not None
        wanted = stage.approvals if needs < 0 else needs
        return Part(
            id=id_at(at, "rol"),
            project=self.course.project.slug,
            number=number,
            environment=place[0],
            region=place[1],
            cluster=self.course.world.served[place],
            order=order if stage.protected else 0,
            needs=wanted,
            bundle=bundle.hash,
            asked_at=at,
            state=_S.waiting if wanted else _S.queued,
            previous=self.running[place].number if place in self.running else None,
        )

    def _supersede(self, at: datetime, newer: Train) -> None:
        places = {p.place for p in newer.parts}
        for train in self.all[:-1]:
            for part in train.parts:
                if part.place in places and part.state in _ASKED and part.started_at is None:
                    self._cancel(at, part, f"superseded by #{newer.number}")

    def _cancel(self, at: datetime, part: Part, why: str) -> None:
        part.state, part.why, part.ended_at = _S.cancelled, why, at
        self.course.into.say(at, PODO, RolloutCancelled(**part.facts(""), why=why))

    def _moves(self, environment: str) -> bool:
        return any(p.state in MOVING for t in self.all for p in t.parts if p.environment == environment)

    # -- rolling

    def advance(self, at: datetime, train: Train) -> None:
        """Start what may start now; what never will is cancelled."""
        for part in train.parts:
            if part.state not in _ASKED:
                continue
            earlier = [p for p in train.parts if p.order < part.order]
            lost = next((p for p in earlier if p.state in _LOST), None)
            if lost is not None:
                self._cancel(at, part, f"{lost.region} did not become healthy")
            elif part.state is _S.queued and all(p.state in _WELL for p in earlier):
                self._start(at, train, part)

    def _start(self, at: datetime, train: Train, part: Part) -> None:
        chance = self.course.chance
        part.state, part.started_at = _S.rolling, at
        part.previous = self.running[part.place].number if part.place in self.running else None
        self._say(at, part, RolloutStarted(**part.facts(train.release.id), cluster=part.cluster))
        is_alpha = part.environment == ALPHA.name
        luck = chance.random()
        if train.kind is DeploymentKind.deploy and luck < (_FAILS_IN_ALPHA if is_alpha else _FAILS):
            self.course.machine(at + timedelta(seconds=chance.uniform(25, 160)), lambda now: self._fail(now, train, part))
        elif not is_alpha and luck > 1 - _HALTED:
            self.course.machine(at + timedelta(seconds=chance.uniform(5, 20)), lambda now: self._halt(now, train))
        else:
            ready = at + timedelta(seconds=chance.uniform(9, 35) + (0 if is_alpha else 4 * self.course.traits.pods))
            self.course.machine(ready, lambda now: self._ready(now, train, part))

    async def _ready(self, at: datetime, train: Train, part: Part) -> None:
        pods = 1 if part.environment == ALPHA.name else self.course.traits.pods
        part.seen = Seen("Healthy", pods, pods)
        soak = PROD.soak_seconds if part.environment == PROD.name and train.kind is DeploymentKind.deploy else 0
        if not soak:
            await self._arrive(at, train, part)
            return
        part.state, part.soak_until = _S.soaking, at + timedelta(seconds=soak)
        event = RolloutSoaking(**part.facts(train.release.id), ready=pods, wanted=pods, minutes=soak // 60)
        self._say(at, part, event)
        self.course.machine(part.soak_until + timedelta(seconds=0.7), lambda now: self._arrive(now, train, part))

    async def _arrive(self, at: datetime, train: Train, part: Part) -> None:
        old = self.running.get(part.place)
        if old is not None:
            is_back = train.kind is DeploymentKind.rollback
            old.state, old.ended_at = (_S.rolled_back if is_back else _S.inactive), at
            if is_back:
                facts = old.facts(self.train(old.number).release.id)
                self._say(at, old, RolloutRolledBack(**facts, back_to=part.number, why=f"#{part.number}"))
        part.state, part.healthy_at = _S.healthy, at
        self.running[part.place] = part
        self._arrived[part.place].append(part)
        event = RolloutHealthy(**part.facts(train.release.id), ready=part.seen.ready, wanted=part.seen.wanted)
        self._say(at, part, event)
        if part.environment == ALPHA.name:
            self._in_alpha = train.build
        elif not any(p.state in OPEN for p in train.parts) and not train.is_left:
            self._maybe_take_back(at, train)
        self.advance(at + timedelta(seconds=0.3), train)

    async def _fail(self, at: datetime, train: Train, part: Part) -> None:
        pods = 1 if part.environment == ALPHA.name else self.course.traits.pods
        reason = self.course.chance.choice(traits.FAILED_ROLLOUTS)
        part.seen = Seen("Degraded", pods - 1, pods, "failed", reason, {"wanted": pods})
        part.back, part.why = True, part.seen.said()
        self._say(at, part, RolloutFailing(**part.facts(train.release.id), why=part.why))
        self.course.machine(at + timedelta(seconds=self.course.chance.uniform(2, 9)), lambda now: self._is_back(now, train, part))

    async def _is_back(self, at: datetime, train: Train, part: Part) -> None:
        part.ended_at, facts = at, part.facts(train.release.id)
        if part.previous is None:
            part.state = _S.failed
            self._say(at, part, RolloutFailed(**facts, why=part.why))
        else:
            part.state = _S.rolled_back
            self._say(at, part, RolloutRolledBack(**facts, back_to=part.previous, why=part.why))
        self.advance(at + timedelta(seconds=0.3), train)
        self.decisions.remark(at, train)

    async def _halt(self, at: datetime, train: Train) -> None:
        """A person stops all of it that has not finished; what moves stands still a moment later."""
        person = self.course.world.somebody(self.course.team, self.course.chance)
        for part in (p for p in train.parts if p.state in OPEN):
            facts, is_moving = part.facts(train.release.id), part.state in MOVING
            self.course.into.say(at, actor(person), HaltAsked(**facts, why=""))
            part.state, part.ended_at = _S.halted, at + timedelta(seconds=1 if is_moving else 0)
            self.course.into.say(part.ended_at, PODO if is_moving else actor(person), RolloutHalted(**facts))

    # -- going back

    def _maybe_take_back(self, at: datetime, train: Train) -> None:
        if train.kind is DeploymentKind.deploy and self.course.chance.random() < _TAKEN_BACK:
            part = self.course.chance.choice([p for p in train.parts if p.state is _S.healthy])
            self.course.human(self.course.calendar.later(at, 900, 20_000), lambda now: self._take_back(now, part))

    async def _take_back(self, at: datetime, here: Part) -> None:
        if self.running.get(here.place) is not here or self._moves(here.environment):
            return
        earlier = [p for p in self._arrived[here.place] if p.state is _S.inactive and p.bundle != here.bundle]
        if not earlier:
            return
        course, old = self.course, self.train(earlier[-1].number)
        person = course.world.somebody(course.team, course.chance)
        part = self._part(at, len(self.all) + 1, PROD, old.release, 0, here.place, needs=0)
        train = Train(
            project=old.project,
            number=part.number,
            environment=here.environment,
            kind=DeploymentKind.rollback,
            release=old.release,
            build=old.build,
            title=f"↩ #{old.number}: {old.title}",
            description="",
            by=person.id,
            at=at,
            parts=[part],
            asker=person,
        )
        self.all.append(train)
        event = RollbackAsked(
            project=train.project,
            environment=here.environment,
            region=here.region,
            subject=train.subject,
            number=train.number,
            release=old.release.id,
            short=old.build.commit.short,
            regions=here.region,
            back_to=old.number,
        )
        course.into.say(at, actor(person), event)
        self.advance(at + timedelta(seconds=0.3), train)

    def _say(self, at: datetime, part: Part, event: object) -> None:
        self.course.into.say(at, PODO, event)  # type: ignore[arg-type]
