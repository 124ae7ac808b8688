"""Logs, commands and evictions."""

from __future__ import annotations

import asyncio
import contextlib
import re
from datetime import datetime, timedelta

import pytest

from podo.clients.kubernetes import errors, kinds
from podo.kernel import clock
from tests.contracts.cluster.world import BY, IMAGE, World, eventually, taken


async def test_a_log_has_lines(world: World) -> None:
    ref = await world.running_pod("one")
    assert [line async for line in world.cluster.logs(ref)] == ["one", "two"]
    assert [line async for line in world.cluster.logs(ref, tail_lines=1)] == ["two"]
    assert [line async for line in world.cluster.logs(ref, tail_lines=0)] == []
    assert [line async for line in world.cluster.logs(ref, container="app")] == ["one", "two"]


async def test_a_log_says_when(world: World) -> None:
    ref = await world.running_pod("one")
    before = clock.now()
    first, second = [line async for line in world.cluster.logs(ref, timestamps=True)]
    moment, text = first.split(" ", 1)
    assert text == "one"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", moment)
    assert datetime.fromisoformat(moment[:19] + "Z") <= before
    assert second.endswith(" two")


async def test_a_log_since(world: World) -> None:
    ref = await world.running_pod("one", command=["sh", "-c", "echo early; sleep 3; echo late; sleep 3600"])
    started = datetime.fromisoformat(
        (await world.cluster.get(ref))["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
    )

    async def both() -> bool:
        return [line async for line in world.cluster.logs(ref)] == ["early", "late"]

    await eventually(both)
    since = started + timedelta(seconds=2)
    assert [line async for line in world.cluster.logs(ref, since_time=since)] == ["late"]
    assert [line async for line in world.cluster.logs(ref, since_seconds=3600)] == ["early", "late"]


async def test_a_log_can_be_followed(world: World) -> None:
    ref = await world.running_pod("one", command=["sh", "-c", "echo one; sleep 2; echo two; sleep 3600"])
    assert await taken(world.cluster.logs(ref, follow=True), 2) == ["one", "two"]


async def test_a_followed_log_ends_with_its_pod(world: World) -> None:
    ref = await world.running_pod("one")
    lines: list[str] = []

    async def follow() -> None:
        async for line in world.cluster.logs(ref, follow=True):
            lines.append(line)  # noqa: PERF401 - they are looked at meanwhile

    following = asyncio.create_task(follow())

    async def has_begun() -> bool:
        return lines == ["one", "two"]

    await eventually(has_begun)
    await world.cluster.delete(ref, grace_seconds=1)
    async with asyncio.timeout(30):
        await following
    assert lines == ["one", "two"]


async def test_a_log_that_is_not_there(world: World) -> None:
    ref = await world.running_pod("one")
    with pytest.raises(errors.NotFound):
        await anext(world.cluster.logs(world.ref(kinds.POD, "none")))
    with pytest.raises(errors.NotFound) as refusal:
        await anext(world.cluster.logs(ref, previous=True))
    assert "previous terminated container" in refusal.value.data["message"]
    with pytest.raises(errors.InvalidManifest):
        await anext(world.cluster.logs(ref, container="none"))


async def test_one_of_several_containers_must_be_named(world: World) -> None:
    manifest = world.pod("two")
    manifest["spec"]["containers"].append({"name": "side", "image": IMAGE, "command": ["sh", "-c", "echo side; sleep 3600"]})
    await world.apply(manifest)
    await world.until(kinds.POD, "two", lambda p: len(p.get("status", {}).get("containerStatuses") or ()) == 2)
    ref = world.ref(kinds.POD, "two")
    with pytest.raises(errors.InvalidManifest) as refusal:
        await anext(world.cluster.logs(ref))
    assert "choose one of: [app side]" in refusal.value.data["message"]

    async def lines() -> bool:
        with contextlib.suppress(errors.NotStarted):
            return [line async for line in world.cluster.logs(ref, container="side")] == ["side"]
        return False

    await eventually(lines)


async def test_a_command_runs(world: World) -> None:
    ref = await world.running_pod("one", env=[{"name": "COLOUR", "value": "red"}])
    said = await world.cluster.exec(ref, ["echo", "hello", "there"])
    assert (said.code, said.stdout, said.stderr) == (0, "hello there\n", "")
    both = await world.cluster.exec(ref, ["sh", "-c", "echo out; echo err >&2; exit 3"], container="app")
    assert (both.code, both.stdout, both.stderr) == (3, "out\n", "err\n")
    assert "COLOUR=red" in (await world.cluster.exec(ref, ["env"])).stdout.splitlines()


async def test_a_command_reads(world: World) -> None:
    ref = await world.running_pod("one")
    text = "line\n" * 20_000
    done = await world.cluster.exec(ref, ["cat"], stdin=text.encode())
    assert (done.code, done.stdout) == (0, text)


async def test_a_command_that_cannot_run(world: World) -> None:
    ref = await world.running_pod("one")
    missing = await world.cluster.exec(ref, ["no-such-program"])
    assert missing.code == 127
    assert "not found" in missing.stderr
    with pytest.raises(errors.NotFound):
        await world.cluster.exec(world.ref(kinds.POD, "none"), ["true"])
    await world.apply(world.pod("waits", image="nowhere.invalid/app:1"))
    await world.until(kinds.POD, "waits", lambda p: p.get("status", {}).get("containerStatuses"))
    with pytest.raises(errors.NotStarted):
        await world.cluster.exec(world.ref(kinds.POD, "waits"), ["true"])


async def test_an_eviction_respects_the_budget(world: World) -> None:
    await world.apply(world.deployment("web", replicas=2))
    await world.until_rolled_out("web")
    budget = world.manifest(
        kinds.POD_DISRUPTION_BUDGET, "web", spec={"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}
    )
    await world.apply(budget)
    await world.until(kinds.POD_DISRUPTION_BUDGET, "web", lambda b: (b.get("status") or {}).get("currentHealthy") == 2)
    name = (await world.names(kinds.POD))[0]
    ref = world.ref(kinds.POD, name)
    with pytest.raises(errors.DisruptionBudgetExhausted) as refusal:
        await world.cluster.evict(ref)
    assert "web needs 2 healthy pods and has 2 currently" in refusal.value.data["message"]
    assert (await world.cluster.get(ref))["metadata"].get("deletionTimestamp") is None
    budget["spec"]["minAvailable"] = 1
    await world.apply(budget)
    await world.until(kinds.POD_DISRUPTION_BUDGET, "web", lambda b: b["status"]["disruptionsAllowed"] == 1)
    await world.cluster.evict(ref, dry_run=True)
    assert (await world.cluster.get(ref))["metadata"].get("deletionTimestamp") is None
    await world.cluster.evict(ref, grace_seconds=1)
    await world.until_gone(ref)
    await world.until_rolled_out("web")
    with pytest.raises(errors.NotFound):
        await world.cluster.evict(ref)


async def test_a_pod_that_is_deleted_stops_first(world: World) -> None:
    ref = await world.running_pod("one")
    await world.cluster.delete(ref, grace_seconds=1)
    await world.until_gone(ref)
    ref = await world.running_pod("one")
    await world.cluster.delete(ref, grace_seconds=0)
    await world.until_gone(ref)
    again = await world.cluster.create(world.pod("one"), field_manager=BY)
    assert again["status"]["phase"] == "Pending"
