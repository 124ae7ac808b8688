"""Every step of a build's run × every fault: one image and one end, or none and the reason."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from podo.clients.git import TwinRepository
from podo.clients.registry import NoSuchImage, Reference
from podo.delivery.service import builds
from podo.delivery.types import Build, BuildOver, BuildState
from podo.kernel.events import log
from tests.domains.delivery.shops import HANEUL, PROJECT
from tests.domains.delivery.works import HELLO, Works, works
from tests.sweeps.faults import PASSING, Fault, Saboteur, cases, settled

STEPS = {"plan_build", "read_commit", "build_begins", "make_image", "end_log"}
BROKEN = {"Dockerfile": b"FROM scratch\nCOPY missing /\n"}
SLOW = {"Dockerfile": b"FROM scratch\nRUN sleep 600\n"}


@dataclass(frozen=True)
class Scenario:
    """A commit, whether it is cancelled while it is being built, and how its build ends when nothing goes wrong."""

    files: Mapping[str, bytes]
    wanted: BuildState
    cancelled: bool = False


SCENARIOS = {
    "a build that succeeds": Scenario(HELLO, BuildState.succeeded),
    "a build that fails": Scenario(BROKEN, BuildState.failed),
    "a build that is cancelled": Scenario(SLOW, BuildState.cancelled, cancelled=True),
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scenario", list(SCENARIOS))
async def test_a_build_has_one_end_whatever_befalls(tmp_path: Path, scenario: str) -> None:
    of = SCENARIOS[scenario]
    async with works(tmp_path) as house:
        repository = await house.register(PROJECT)
        await house.living.settled()
        seen = await _run(house, repository, of, "", None)
        assert {f"delivery.{step}" for step in STEPS} <= set(seen)
        # There is no “after” of a step that raises.
        after = {Fault.killed_after, Fault.lost} if of.wanted is not BuildState.succeeded else set[Fault]()
        chosen = [(step, fault) for step, fault in cases(seen) if step != "delivery.make_image" or fault not in after]
        assert len(chosen) > 20
        for step, fault in chosen:
            await _run(house, repository, of, step, fault)


async def _run(house: Works, repository: TwinRepository, of: Scenario, step: str, fault: Fault | None) -> list[str]:
    before = await _tags(house)
    durable = house.living.house.durable
    by = Saboteur(durable, "build:", step, fault)
    durable.interference = by
    try:
        build = await house.push(repository, PROJECT, of.files, "Say hello")
        if of.cancelled:
            await _cancel_when_it_is_made(house, build, by)
        await settled(house.living, by)
    finally:
        durable.interference = None
    about = f"{step}, {fault}"
    assert fault is None or by.met, f"never came to {about}"
    now = await house.now(build)
    if fault is None or fault in PASSING or step == "delivery.end_log":
        assert now.state is of.wanted, (about, now.state, now.why)
    after = await _tags(house)
    assert after.items() >= before.items(), about
    await _is_whole(house, now, {name: digest for name, digest in after.items() if name not in before}, about)
    if step != "delivery.end_log" or fault in PASSING:
        async with asyncio.timeout(5):
            assert [line async for line in house.logs.follow(now.id)], about
    # What a cancelled build read goes in a thread that the run does not wait for.
    async with asyncio.timeout(5):
        while list((house.living.folder / "checkouts").glob("*")):  # noqa: ASYNC110 - a folder tells nobody
            await asyncio.sleep(0.01)
    return by.seen


async def _is_whole(house: Works, now: Build, tags: dict[str, str], about: str) -> None:
    """Its end, what was told of it, and the tags that it made."""
    said = await _said(house, now)
    assert max(said.values()) == 1, (about, said)
    assert sum(said[f"build_{end}"] for end in ("succeeded", "failed", "cancelled")) == 1, (about, said)
    assert now.ended_at is not None, about
    match now.state:
        case BuildState.succeeded:
            assert tags == {now.commit.sha: now.digest}, about
            assert not now.why
        case BuildState.failed:
            assert now.why, about
            assert not now.digest
            assert tags == {}, about
        case other:
            assert other is BuildState.cancelled, about
            assert (now.digest, tags) == ("", {}), about


async def _said(house: Works, of: Build) -> Counter[str]:
    async with house.living.reading() as r:
        entries, _ = await log.history(r, log.Wanted(project=PROJECT, subject=f"build/{PROJECT}/{of.number}"), limit=100)
    return Counter(e.code.removeprefix("delivery.") for e in entries)


async def _tags(house: Works) -> dict[str, str]:
    of = Reference("127.0.0.1:5000", PROJECT)
    try:
        names = await house.registry.tags(of)
    except NoSuchImage:
        return {}
    return {name: await house.registry.resolve(Reference(of.host, of.name, name)) for name in names}


async def _cancel_when_it_is_made(house: Works, build: Build, by: Saboteur) -> None:
    """As soon as somebody could see that it is being made, or the fault has struck; it may have ended by that."""
    async with asyncio.timeout(20):
        while not by.met and not any("RUN sleep 600" in line for line in await house.log(build)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    with contextlib.suppress(BuildOver):
        async with house.living.transaction(HANEUL) as tx:
            await builds.cancel(tx, build.project, build.number)
