"""What people of the example decide on rollouts, and what they say about deployments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from podo.app.demo import traits
from podo.app.demo.chronicle import Row, id_at
from podo.app.demo.organisation import ExamplePerson
from podo.app.demo.parts import Part, Train
from podo.app.demo.world import actor
from podo.delivery.types import (
    ChangesRequested,
    Commented,
    Decision,
    RolloutApproved,
    RolloutCancelled,
    RolloutRejected,
    RolloutState,
)

if TYPE_CHECKING:
    from podo.app.demo.trains import Trains

_AT_ONCE, _REJECTED, _ASKED_BACK, _REMARKED = 0.6, 0.02, 0.04, 0.3


class Decisions:
    """Approvals, requests, refusals and remarks of one project."""

    def __init__(self, trains: Trains) -> None:
        self._trains = trains
        self._course = trains.course
        self._kept: dict[tuple[str, str], Row] = {}

    def schedule(self, at: datetime, train: Train, first: int) -> None:
        """Somebody decides on the first so many regions of a train."""
        course, chance = self._course, self._course.chance
        assert train.asker is not None
        decider = course.world.somebody(course.team, chance, train.asker.id)
        when, together = course.calendar.later(at, 120, 14_000), chance.random() < _AT_ONCE
        if train.is_left:
            when = at + timedelta(seconds=90)
        for part in train.parts[:first]:
            self._one(when, train, part, decider)
            if not together:
                when = course.calendar.later(when, 60, 9_000)
        if chance.random() < _REMARKED:
            course.human(course.calendar.later(at, 60, 6_000), lambda now: self._remark(now, train, decider))

    def _one(self, when: datetime, train: Train, part: Part, decider: ExamplePerson) -> None:
        luck = self._course.chance.random()
        if not train.is_left and part.order and luck < _REJECTED:
            self._course.human(when, lambda now: self._reject(now, train, part, decider))
            return
        if not train.is_left and luck > 1 - _ASKED_BACK:
            self._course.human(when, lambda now: self._ask_back(now, train, part, decider))
            when = self._course.calendar.later(when, 1200, 9_000)
        self._course.human(when, lambda now: self._approve(now, train, part, decider))

    async def _approve(self, at: datetime, train: Train, part: Part, person: ExamplePerson) -> None:
        if part.state is not RolloutState.waiting:
            return
        if any(p.state is RolloutState.waiting for p in train.parts if p.order < part.order):
            # People go in the train's order: nothing is approved that could not move.
            later = self._course.calendar.later(at, 600, 7_200)
            self._course.human(later, lambda now: self._approve(now, train, part, person))
            return
        self._put(at, part, person, Decision.approve, "")
        part.state = RolloutState.queued
        event = RolloutApproved(**part.facts(train.release.id), bundle=part.bundle, given=1, needed=part.needs)
        self._course.into.say(at, actor(person), event)

        async def go_on(now: datetime) -> None:
            self._trains.advance(now, train)

        self._course.machine(at + timedelta(seconds=0.3), go_on)

    async def _ask_back(self, at: datetime, train: Train, part: Part, person: ExamplePerson) -> None:
        if part.state is not RolloutState.waiting:
            return
        self._put(at, part, person, Decision.request_changes, self._course.chance.choice(traits.QUESTIONS))
        self._course.into.say(at, actor(person), ChangesRequested(**part.facts(train.release.id), bundle=part.bundle))

    async def _reject(self, at: datetime, train: Train, part: Part, person: ExamplePerson) -> None:
        if part.state is not RolloutState.waiting:
            return
        self._put(at, part, person, Decision.reject, "")
        part.state, part.why, part.ended_at = RolloutState.cancelled, "rejected", at
        facts = part.facts(train.release.id)
        self._course.into.say(at, actor(person), RolloutRejected(**facts, bundle=part.bundle))
        self._course.into.say(at, actor(person), RolloutCancelled(**facts, why="rejected"))

    def _put(self, at: datetime, part: Part, person: ExamplePerson, decision: Decision, comment: str) -> None:
        said = {"decision": decision.value, "bundle": part.bundle, "comment": comment, "at": at}
        known = self._kept.get((part.id, person.id))
        if known is None:
            known = self._course.into.put("approvals", {"rollout": part.id, "person": person.id})
            self._kept[part.id, person.id] = known
        known.update(said)

    def remark(self, at: datetime, train: Train) -> None:
        """Somebody may say something about what happened."""
        course = self._course
        if course.chance.random() < _REMARKED:
            person = course.world.somebody(course.team, course.chance)
            course.human(course.calendar.later(at, 120, 3_000), lambda now: self._remark(now, train, person))

    async def _remark(self, at: datetime, train: Train, person: ExamplePerson) -> None:
        made = id_at(at, "cmt")
        text = self._course.chance.choice(traits.REMARKS)
        row = {"id": made, "project": train.project, "number": train.number, "person": person.id, "text": text, "at": at}
        self._course.into.put("comments", row)
        event = Commented(
            project=train.project,
            environment=train.environment,
            subject=train.subject,
            number=train.number,
            release=train.release.id,
            comment=made,
        )
        self._course.into.say(at, actor(person), event)
