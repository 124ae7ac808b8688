"""What can happen to a run at a step, and a saboteur that makes it happen once in the right place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass, field
from enum import StrEnum

from podo.kernel.durable import Durable, Killed
from podo.kernel.durable.steps import acts
from podo.kernel.errors import N_, Conflict, Unavailable
from tests.houses import Living, while_runs


class Fault(StrEnum):
    """Seven ways in which a step goes wrong."""

    once = "unavailable once"
    for_good = "unavailable for good"
    refused = "refused"
    killed_before = "killed before"
    killed_after = "killed after"
    lost = "answer lost"
    taken_over = "taken over while alive"


# These are over after one time: whatever was begun must be done as if nothing had happened.
PASSING = frozenset({Fault.once, Fault.killed_before, Fault.killed_after, Fault.lost, Fault.taken_over})
# A step of rows only has no outside that could be away, refuse, or lose an answer.
OF_RECORDS = frozenset({Fault.killed_before, Fault.killed_after, Fault.taken_over})


class Away(Unavailable):
    """The outside, in a sweep."""

    code = "sweep.away"
    so = N_("The outside does not answer.")
    do = N_("Wait.")


class No(Conflict):
    """The outside's no, in a sweep."""

    code = "sweep.no"
    so = N_("The outside says no.")
    do = N_("Accept it.")


@dataclass
class Saboteur:
    """`Durable.interference`: does `fault` when a run named `runs…` first comes to `step`; without a step it only notes."""

    durable: Durable
    runs: str
    step: str = ""
    fault: Fault | None = None
    seen: list[str] = field(default_factory=list)
    killed: set[str] = field(default_factory=set)
    met: int = 0
    overtaking: list[asyncio.Task[None]] = field(default_factory=list)
    overtaken: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, phase: str, step: str, run: str) -> None:
        if not run.startswith(self.runs):
            return
        if phase == "before" and step not in self.seen:
            self.seen.append(step)
        if step != self.step or self.fault is None:
            return
        await self._strike(phase, run, self.fault)

    async def _strike(self, phase: str, run: str, fault: Fault) -> None:
        match fault:
            case Fault.for_good if phase == "before":
                self.met += 1
                raise Away
            case Fault.refused if phase == "before" and not self.met:
                self.met += 1
                raise No
            case Fault.once if phase == "before" and not self.met:
                self.met += 1
                raise Away
            case Fault.lost if phase == "after" and not self.met:
                self.met += 1
                raise Away
            case Fault.killed_before | Fault.killed_after if phase == fault.value.partition(" ")[2] and not self.met:
                self.met += 1
                self.killed.add(run)
                raise Killed
            case Fault.taken_over if phase == "before" and not self.met:
                self.met += 1
                self.overtaking.append(asyncio.create_task(self.durable.take_over([run]), context=Context()))
                # In a context of its own, or the engine takes it for a step of this run.
                async with asyncio.timeout(60):
                    await self.overtaken.wait()
            # Both act at once; what is recorded the other one has recorded already. Whoever acts later than that is late, and
            # asks first whether its run is still its own: `test_workers`.
            case Fault.taken_over if self.met and phase == ("before" if self.step in acts else "after"):
                self.overtaken.set()
            case _:
                return


def cases(seen: list[str]) -> list[tuple[str, Fault]]:
    """Every step with every fault that can befall it."""
    return [(step, fault) for step in seen for fault in Fault if step in acts or fault in OF_RECORDS]


async def settled(living: Living, by: Saboteur, also: Callable[[], Awaitable[None]] | None = None) -> None:
    """Wait until nothing moves any more; what was killed is taken over, as the next process would."""
    async with asyncio.timeout(240):
        while True:
            before = await living.newest()
            await living.running.delivery.settled()
            if by.overtaking:
                await asyncio.gather(*by.overtaking)
            unfinished = await living.house.durable.unfinished()
            dead = [run for run in unfinished if run in by.killed]
            if dead:
                by.killed -= set(dead)
                await living.house.durable.take_over(dead)
            elif not unfinished and await living.newest() == before:
                if also is None:
                    return
                await also()
                also = None
            await while_runs()
