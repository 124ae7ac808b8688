"""When the wire to a true API server fails: the right error, nothing done twice, nothing missed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from podo.clients.kubernetes import errors, kinds, local
from podo.kernel.clock import monotonic
from tests import needs
from tests.contracts.cluster.conftest import fresh
from tests.contracts.cluster.planes import forget
from tests.contracts.cluster.proxy import Proxy, before
from tests.contracts.cluster.world import BY, World, eventually, said, taken

pytestmark = [needs.part("kubernetes"), needs.part("kwok"), pytest.mark.serial]


@pytest.fixture
async def wired(seoul: local.LocalCluster) -> AsyncIterator[tuple[Proxy, World]]:
    """A namespace that is reached through a proxy."""
    async with before(seoul, timeout=3, patience=2) as (proxy, client), fresh(client) as world:
        proxy.handed_on.clear()
        yield proxy, world
        proxy.faults.clear()


Act = Callable[[World], Awaitable[Any]]


@dataclass(frozen=True)
class Change:
    """A verb that changes something, what must be there first, and what shows that it is done."""

    method: str
    prepare: Act
    call: Act
    look: Act


async def _nothing(_: World) -> None:
    pass


async def _data(world: World) -> Any:
    page = await world.cluster.list(kinds.CONFIG_MAP, namespace=world.namespace, field_selector="metadata.name=words")
    return [(m["metadata"]["resourceVersion"], m["data"]) for m in page.items]


async def _wished(world: World) -> Any:
    found = await world.get(kinds.DEPLOYMENT, "web")
    return found["spec"]["replicas"], found["metadata"]["generation"]


async def _pod(world: World) -> Any:
    pods = (await world.cluster.list_pods(namespace=world.namespace)).items
    return [pod.metadata.uid for pod in pods if not pod.metadata.deletion_timestamp]


def _words(world: World) -> Awaitable[Any]:
    return world.apply(world.config_map("words", a="1"))


CHANGES = {
    "create": Change("POST", _nothing, lambda w: w.cluster.create(w.config_map("words", a="1"), field_manager=BY), _data),
    "apply": Change("PATCH", _words, lambda w: w.apply(w.config_map("words", a="2")), _data),
    "patch": Change(
        "PATCH",
        _words,
        lambda w: w.cluster.patch(w.ref(kinds.CONFIG_MAP, "words"), {"data": {"a": "2"}}, field_manager=BY),
        _data,
    ),
    "scale": Change(
        "PATCH",
        lambda w: w.apply(w.deployment("web", replicas=0, paused=True)),
        lambda w: w.cluster.scale(w.ref(kinds.DEPLOYMENT, "web"), 1, field_manager=BY),
        _wished,
    ),
    "delete": Change("DELETE", _words, lambda w: w.cluster.delete(w.ref(kinds.CONFIG_MAP, "words")), _data),
    "evict": Change(
        "POST",
        lambda w: w.cluster.create(w.pod("one"), field_manager=BY),
        lambda w: w.cluster.evict(w.ref(kinds.POD, "one")),
        _pod,
    ),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_that_never_arrived_is_not_done(wired: tuple[Proxy, World], name: str) -> None:
    (proxy, world), change = wired, CHANGES[name]
    await change.prepare(world)
    before_it = await change.look(world)
    for manner in ("refused", "answer"):
        proxy.add(manner, method=change.method, code=503)
        proxy.handed_on.clear()
        with pytest.raises(errors.Unreachable) as refusal:
            await change.call(world)
        assert refusal.value.data["cluster"] == "proxied"
        # It is not for the client to try again: nobody knows here whether that does harm.
        assert proxy.handed_on == []
    assert await change.look(world) == before_it
    await change.call(world)
    assert await change.look(world) != before_it


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_whose_answer_was_lost_is_done_once(wired: tuple[Proxy, World], name: str) -> None:
    (proxy, world), change = wired, CHANGES[name]
    await change.prepare(world)
    before_it = await change.look(world)
    proxy.add("lost", method=change.method)
    proxy.handed_on.clear()
    with pytest.raises(errors.Unreachable):
        await change.call(world)
    assert len(proxy.handed_on) == 1
    done = await change.look(world)
    assert done != before_it
    # Who tries again is told that it is done, or finds nothing more to do.
    told = {"create": errors.AlreadyExists, "delete": errors.NotFound}.get(name)
    # An evicted pod is there a while yet.
    with pytest.raises(told) if told else contextlib.suppress(errors.NotFound):
        await change.call(world)
    assert await change.look(world) == done


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_that_was_put_off_is_done_once(wired: tuple[Proxy, World], name: str) -> None:
    (proxy, world), change = wired, CHANGES[name]
    await change.prepare(world)
    proxy.add("answer", method=change.method, code=429, headers={"Retry_After": "0"}, times=3)
    proxy.handed_on.clear()
    await change.call(world)
    assert len(proxy.handed_on) == 1


async def test_who_is_put_off_for_long_is_told(wired: tuple[Proxy, World]) -> None:
    proxy, world = wired
    proxy.add("answer", method="PATCH", code=429, headers={"Retry_After": "30"})
    began = monotonic()
    with pytest.raises(errors.Throttled) as refusal:
        await world.apply(world.config_map("words", a="1"))
    assert refusal.value.data["after"] == 30
    assert monotonic() - began < 2
    assert proxy.handed_on == []


async def test_a_slow_server_is_waited_for_and_a_silent_one_is_not(wired: tuple[Proxy, World]) -> None:
    proxy, world = wired
    proxy.add("slow", method="PATCH", seconds=1)
    assert (await world.apply(world.config_map("words", a="1")))["data"] == {"a": "1"}
    proxy.add("slow", method="PATCH", seconds=60)
    began = monotonic()
    with pytest.raises(errors.Unreachable, match="took too long"):
        await world.apply(world.config_map("words", a="2"))
    assert 2.5 < monotonic() - began < 10


async def test_half_an_answer_is_none(wired: tuple[Proxy, World]) -> None:
    proxy, world = wired
    for n in range(20):
        await world.apply(world.config_map(f"c{n}", a="x" * 1000))
    proxy.add("half", method="GET", times=2)
    for call in (world.names(kinds.CONFIG_MAP), world.cluster.list_pods()):
        with pytest.raises(errors.Unreachable):
            await call


async def _follow(world: World, seen: dict[str, str], cuts: list[str]) -> None:
    """What a watcher does: list, watch from there, and after a cut on from the last version seen; after 410 list anew."""
    version = ""
    while True:
        try:
            if not version:
                page = await world.cluster.list(kinds.CONFIG_MAP, namespace=world.namespace)
                version = page.resource_version
                seen.clear()
                seen.update({m["metadata"]["name"]: m["data"].get("a", "") for m in page.items})
            watch = world.cluster.watch(kinds.CONFIG_MAP, namespace=world.namespace, resource_version=version, bookmarks=True)
            async with contextlib.aclosing(watch) as changes:
                async for change in changes:
                    version = change.object["metadata"]["resourceVersion"]
                    match change.type:
                        case "DELETED":
                            seen.pop(change.object["metadata"]["name"], None)
                        case "ADDED" | "MODIFIED":
                            seen[change.object["metadata"]["name"]] = change.object["data"].get("a", "")
                        case _:
                            pass
        except errors.Expired:
            cuts.append("gone")
            version = ""
        except errors.Unreachable:
            cuts.append("cut")


async def test_a_watcher_misses_nothing_however_often_it_is_cut(wired: tuple[Proxy, World]) -> None:
    proxy, world = wired
    for n in range(6):
        proxy.add("gone" if n % 3 == 2 else "cut", path="watch=true", after=n % 2 + 1)
    proxy.add("answer", path="watch=true", code=410)
    proxy.add("answer", path="watch=true", code=500)
    seen: dict[str, str] = {}
    cuts: list[str] = []
    watcher = asyncio.create_task(_follow(world, seen, cuts))
    for n in range(20):
        await world.apply(world.config_map(f"c{n % 5}", a=str(n)))
        if n % 4 == 3:
            await world.cluster.delete(world.ref(kinds.CONFIG_MAP, f"c{n % 5}"))
        await asyncio.sleep(0.02)

    async def caught_up() -> bool:
        page = await world.cluster.list(kinds.CONFIG_MAP, namespace=world.namespace)
        return seen == {m["metadata"]["name"]: m["data"].get("a", "") for m in page.items}

    await eventually(caught_up)
    watcher.cancel()
    await asyncio.gather(watcher, return_exceptions=True)
    assert sorted(set(cuts)) == ["cut", "gone"]
    assert len(cuts) >= 4


async def test_a_followed_log_that_is_cut_says_so(wired: tuple[Proxy, World]) -> None:
    proxy, world = wired
    ref = await world.running_pod("one")
    proxy.add("cut", path="/log", after=1)
    lines: list[str] = []
    with pytest.raises(errors.Unreachable):
        async for line in world.cluster.logs(ref, follow=True):
            lines.append(line)  # noqa: PERF401 - what came before the cut counts
    assert lines == ["one"]


async def test_versions_that_are_no_longer_kept_are_expired(wired: tuple[Proxy, World], seoul: local.LocalCluster) -> None:
    """By Events, of which an API server keeps no versions of its own beside etcd's."""
    _, world = wired
    about = {"involvedObject": {"namespace": world.namespace}, "reason": "Test"}
    for n in range(3):
        await world.cluster.create(world.manifest(kinds.EVENT, f"e{n}", **about), field_manager=BY)
    page = await world.cluster.list(kinds.EVENT, namespace=world.namespace, limit=1)
    for name in ("later", "latest"):
        await world.cluster.create(world.manifest(kinds.EVENT, name, **about), field_manager=BY)
    await forget(seoul)
    with pytest.raises(errors.Expired):
        await world.cluster.list(kinds.EVENT, namespace=world.namespace, limit=1, continue_=page.continue_)
    with pytest.raises(errors.Expired):
        await anext(world.cluster.watch(kinds.EVENT, namespace=world.namespace, resource_version=page.resource_version))
    now = (await world.cluster.list(kinds.EVENT, namespace=world.namespace)).resource_version
    await world.cluster.create(world.manifest(kinds.EVENT, "last", **about), field_manager=BY)
    watch = world.cluster.watch(kinds.EVENT, namespace=world.namespace, resource_version=now)
    assert [said(c) for c in await taken(watch, 1)] == [("ADDED", "last")]
