"""The company as its projects' courses see it: who is where, which cluster serves what, from when to when."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from podo.app.demo import organisation
from podo.app.demo.organisation import ExamplePerson
from podo.kernel.nouns import Actor, ActorKind
from podo.kernel.settings import Seal

DAYS = 92
# What people do ends a little before now, so that what machines do of it is over by now.
QUIET = timedelta(minutes=25)
SINCE = timedelta(days=3, hours=2)


@dataclass(frozen=True, slots=True)
class World:
    """`begin` and `now` are the ends of the history; `served` maps (environment, region) to a cluster."""

    begin: datetime
    now: datetime
    seal: Seal
    served: Mapping[tuple[str, str], str]
    zones: Mapping[str, str]
    teams: Mapping[str, str] = field(default_factory=lambda: {t.handle: t.id for t in organisation.teams()})

    @property
    def cut(self) -> datetime:
        """People do nothing from here on."""
        return self.now - QUIET

    @property
    def dissolved(self) -> datetime:
        """A team is no more from here on: nobody touches what it owned."""
        return self.now - SINCE

    def members(self, handle: str) -> Sequence[ExamplePerson]:
        """Of a team, its lead first."""
        return sorted((p for p in organisation.people() if p.team == handle), key=lambda p: not p.lead)

    def somebody(self, handle: str, chance: random.Random, *besides: str) -> ExamplePerson:
        """Of a team, but none of `besides`; an SRE where nobody else is left."""
        fitting = [p for p in self.members(handle) if p.id not in besides]
        return chance.choice(fitting or [p for p in self.members("sre") if p.id not in besides])


def actor(person: ExamplePerson) -> Actor:
    """This person acting."""
    return Actor(ActorKind.person, person.id)
