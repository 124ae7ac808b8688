"""From a commit that is asked for to an image in the registry, and everything that comes between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from podo.access.types import NotAllowed
from podo.catalog.service import delete
from podo.clients.buildah.twin import BuilderTwin
from podo.clients.buildah.types import Built as Made
from podo.clients.git import Token
from podo.clients.registry import parse
from podo.delivery.adapters.builder import HostBuilder, Tools
from podo.delivery.service import builds
from podo.delivery.types import BuildOver, BuildState, Commit, DeliverySettings, NoSuchBuild, Source
from podo.kernel import clock
from podo.kernel.nouns import Actor, ActorKind
from tests.domains.delivery.shops import EMMA, HANEUL, OLIVER
from tests.domains.delivery.works import HELLO, Works, url, works


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Works]:
    async with works(tmp_path) as made:
        yield made


def commit(n: int) -> Commit:
    return Commit(f"{n:040x}", f"Change {n}", "김하늘", clock.now())


async def test_a_commit_becomes_an_image_once(house: Works) -> None:
    repository = await house.register("chat-api")
    build = await house.push(repository, "chat-api", HELLO | {"podo.yaml": b"replicas: 3\n"}, "Say hello")
    assert (build.number, build.state, build.by, build.ref) == (1, BuildState.queued, "haneul", "main")
    await house.living.settled()
    made = await house.now(build)
    assert (made.state, made.builder, made.simulated) == (BuildState.succeeded, "twin", True)
    assert made.image == "127.0.0.1:5000/chat-api"
    assert made.values == {"values": {"replicas": 3}, "environments": {}}
    assert made.started_at is not None
    assert made.seconds is not None
    image = await house.registry.config(parse(f"{made.image}@{made.digest}"))
    assert image.labels["org.opencontainers.image.revision"] == build.commit.sha
    assert image.labels["org.opencontainers.image.source"] == "https://git.test/team/chat-api.git"
    assert image.labels["dev.podo.project"] == "chat-api"
    other = await house.push(repository, "chat-api", {}, "Another commit")
    assert other.number == 2
    async with house.living.transaction(HANEUL) as tx:
        assert (await builds.ask(tx, "chat-api", build.commit, "main")).id == build.id
    await house.living.settled()
    log = await house.log(build)
    assert log[0] == f"Commit {build.commit.short} by Grape: Say hello"
    assert log[-1] == "Succeeded."
    assert (await house.said("chat-api"))[:4] == ["build_queued", "build_started", "build_succeeded", "build_queued"]
    assert not any(p.is_dir() for p in (house.living.folder / "checkouts").iterdir())


async def test_a_commit_that_is_being_built_is_not_built_beside_itself(house: Works) -> None:
    await house.register("chat-api")

    async def ask() -> str:
        async with house.living.transaction(HANEUL) as tx:
            return (await builds.ask(tx, "chat-api", commit(7), "main")).id

    assert len(set(await asyncio.gather(*(ask() for _ in range(10))))) == 1


async def test_numbers_are_given_once_each(house: Works) -> None:
    for slug in ("chat-api", "map-api"):
        await house.register(slug)

    async def ask(slug: str, n: int) -> int:
        async with house.living.transaction() as tx:
            return (await builds.ask(tx, slug, commit(n), "main")).number

    numbers = await asyncio.gather(*(ask(slug, n) for n in range(20) for slug in ("chat-api", "map-api")))
    assert sorted(numbers) == sorted([*range(1, 21), *range(1, 21)])


async def test_who_may_build_and_cancel(house: Works) -> None:
    await house.register("chat-api")
    stranger = Actor(ActorKind.outside, "somebody")
    for nobody in (EMMA, stranger):
        with pytest.raises(NotAllowed):
            async with house.living.transaction(nobody) as tx:
                await builds.ask(tx, "chat-api", commit(1), "main")
    for n, somebody in enumerate((HANEUL, OLIVER), 1):
        async with house.living.transaction(somebody) as tx:
            made = await builds.ask(tx, "chat-api", commit(n), "main")
        with pytest.raises(NotAllowed):
            async with house.living.transaction(EMMA) as tx:
                await builds.cancel(tx, "chat-api", made.number)
        async with house.living.reading(EMMA) as r:
            assert (await builds.build(r, "chat-api", made.number)).by == somebody.id
        with pytest.raises(NotAllowed):
            async with house.living.reading(stranger) as r:
                await builds.builds(r, "chat-api")


@pytest.mark.parametrize(
    ("files", "why", "told"),
    [
        ({"README": b"no Dockerfile"}, "has no Dockerfile", "has no Dockerfile"),
        ({"Dockerfile": b"FROM scratch\nRUN echo compiling && false\n"}, "line 2", "compiling"),
        ({"Dockerfile": b"FRUM scratch\n"}, "line 1", "line 1"),
        ({"Dockerfile": b"FROM scratch\nCOPY missing /\n"}, "missing", "no such file"),
        (HELLO | {"podo.yaml": b"port: 8080\nreplicsa: 3\n"}, "podo.yaml, line 2", "perhaps “replicas” is meant"),
    ],
)
async def test_a_build_that_fails_says_why_and_keeps_its_log(house: Works, files: dict[str, bytes], why: str, told: str) -> None:
    repository = await house.register("chat-api")
    build = await house.push(repository, "chat-api", files, "Break it")
    await house.living.settled()
    failed = await house.now(build)
    assert failed.state is BuildState.failed
    assert why in failed.why
    assert failed.digest == ""
    log = await house.log(build)
    assert told in "\n".join(log)
    assert log[-1].startswith("Failed: ")
    assert not any(p.is_dir() for p in (house.living.folder / "checkouts").glob("*"))
    async with house.living.transaction(HANEUL) as tx:
        again = await builds.ask(tx, "chat-api", build.commit, "main")
    assert again.number == 2


async def test_a_silent_server_is_asked_again_and_then_the_build_fails(house: Works) -> None:
    repository = await house.register("chat-api")
    sha = repository.commit(HELLO, "Say hello")
    repository.up = False
    async with house.living.transaction(HANEUL) as tx:
        build = await builds.ask(tx, "chat-api", Commit(sha, "Say hello", "Grape", clock.now()), "main")
    await house.living.settled()
    failed = await house.now(build)
    assert failed.state is BuildState.failed
    assert "cannot be reached" in failed.why
    assert sum("cannot be reached" in line for line in await house.log(build)) == 4
    repository.up = True
    async with house.living.transaction(HANEUL) as tx:
        again = await builds.ask(tx, "chat-api", build.commit, "main")
    await house.living.settled()
    assert (await house.now(again)).state is BuildState.succeeded


async def test_the_registry_away_for_a_moment_costs_a_moment(house: Works) -> None:
    repository = await house.register("chat-api")
    host = house.registry.made("127.0.0.1:5000")
    host.up = False
    house.living.house.durable.pauses = (0.05,) * 1000
    build = await house.push(repository, "chat-api", HELLO, "Say hello")
    async with asyncio.timeout(20):
        async for line in house.logs.follow(build.id):
            if "connection refused" in line.text:
                break
    host.up = True
    await house.living.settled()
    assert (await house.now(build)).state is BuildState.succeeded


async def test_a_private_repository_is_read_with_its_credential(house: Works) -> None:
    repository = await house.register("chat-api", credential="s3cret-t0ken", wants=Token("s3cret-t0ken"))
    sha = repository.commit(HELLO, "Say hello")
    async with house.living.transaction(HANEUL) as tx:
        build = await builds.ask(tx, "chat-api", Commit(sha, "Say hello", "Grape", clock.now()), "main")
    await house.living.settled()
    assert (await house.now(build)).state is BuildState.succeeded
    for path in house.living.folder.rglob("*"):
        if path.is_file():
            assert b"s3cret-t0ken" not in await asyncio.to_thread(path.read_bytes), path


async def test_a_running_build_is_cancelled_and_stays_so(tmp_path: Path) -> None:
    async with works(tmp_path, pace=0.2) as house:
        repository = await house.register("chat-api")
        build = await house.push(repository, "chat-api", {"Dockerfile": b"FROM scratch\nRUN sleep 60\n"}, "Sleep")
        await house.until(build, BuildState.running)
        async with house.living.transaction(HANEUL) as tx:
            await builds.cancel(tx, "chat-api", build.number)
        async with house.living.transaction(HANEUL) as tx:
            assert (await builds.cancel(tx, "chat-api", build.number)).state is BuildState.cancelled
        async with asyncio.timeout(10):
            await house.living.settled()
        async with house.living.transaction() as tx:
            await builds.succeeded(tx, build.id, "sha256:" + "0" * 64, 1)
            await builds.failed(tx, build.id, "too late")
            assert not await builds.started(tx, build.id, "twin", "x", {}, simulated=True)
        now = await house.now(build)
        assert (now.state, now.digest, now.why) == (BuildState.cancelled, "", "")
        assert (await house.log(build))[-1] == "Cancelled."
        assert (await house.said("chat-api")) == ["build_queued", "build_started", "build_cancelled"]
        async with house.living.transaction(HANEUL) as tx:
            assert (await builds.ask(tx, "chat-api", build.commit, "main")).number == 2


async def test_a_build_cancelled_by_another_process_ends_by_itself(tmp_path: Path) -> None:
    """The row alone tells it: nobody calls the builder here."""
    async with works(tmp_path) as house:
        repository = await house.register("chat-api")
        build = await house.push(repository, "chat-api", {"Dockerfile": b"FROM scratch\nRUN sleep 60\n"}, "Sleep")
        await house.until(build, BuildState.running)
        await house.living.running.delivery.end()
        async with house.living.transaction(HANEUL) as tx:
            await builds.cancel(tx, "chat-api", build.number)
        async with asyncio.timeout(10):
            await house.living.house.durable.finished(f"build:{build.id}")
        assert (await house.log(build))[-1] == "Cancelled."


async def test_a_finished_build_cannot_be_cancelled(house: Works) -> None:
    repository = await house.register("chat-api")
    build = await house.push(repository, "chat-api", HELLO, "Say hello")
    await house.living.settled()
    with pytest.raises(BuildOver, match="succeeded"):
        async with house.living.transaction(HANEUL) as tx:
            await builds.cancel(tx, "chat-api", build.number)
    with pytest.raises(NoSuchBuild):
        async with house.living.transaction(HANEUL) as tx:
            await builds.cancel(tx, "chat-api", 99)


class Counted(BuilderTwin):
    """Counts how many builds it makes at the same time."""

    now = most = 0

    async def build(self, folder: Path, **options: Any) -> Made:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(0.1)
            return await super().build(folder, **options)
        finally:
            self.now -= 1


async def test_as_many_builds_run_at_once_as_the_settings_say(house: Works) -> None:
    repository = await house.register("chat-api")
    shas = [repository.commit(HELLO | {"n": bytes([n])}, f"{n}") for n in range(5)]
    client = Counted(house.registry)
    chosen = DeliverySettings(builds_at_once=2)
    builder = HostBuilder(Tools(client, house.registry), house.git, house.logs, chosen, house.living.folder / "other")
    source = Source(url("chat-api"), "main")
    made = [builder.build(f"bld_{sha}", source, sha, "Dockerfile", f"127.0.0.1:5000/chat-api:{sha}") for sha in shas]
    assert len({m.digest for m in await asyncio.gather(*made)}) == 5
    assert client.most == 2
    logs = [line.text for sha in shas for line in await house.logs.lines(f"bld_{sha}")]
    assert logs.count("Waiting: 2 builds run here already.") == 3


async def test_a_build_killed_after_its_push_takes_the_image_that_is_there(tmp_path: Path) -> None:
    async with works(tmp_path) as house:
        repository = await house.register("chat-api")
        build = await house.push(repository, "chat-api", HELLO, "Say hello")
        await house.living.settled()
        digest = (await house.now(build)).digest
        async with house.living.reading() as r:
            source = await builds.source_of(r, house.living.house.seal, "chat-api")
        repository.commit(HELLO | {"hello": b"other"}, "Other")
        image = f"127.0.0.1:5000/chat-api:{build.commit.sha}"
        made = await house.builder.build("bld_again", source, build.commit.sha, "Dockerfile", image)
        assert made.digest == digest
        log = [line.text for line in await house.logs.lines("bld_again")]
        assert log == [f"The registry has {image} of this commit already: {digest}"]


async def test_the_same_build_twice_at_once_is_made_once(tmp_path: Path) -> None:
    async with works(tmp_path, pace=0.05) as house:
        repository = await house.register("chat-api")
        sha = repository.commit(HELLO, "Say hello")
        async with house.living.reading() as r:
            source = await builds.source_of(r, house.living.house.seal, "chat-api")
        asked = (house.builder.build("bld_one", source, sha, "Dockerfile", f"127.0.0.1:5000/chat-api:{sha}") for _ in range(3))
        assert len(set(await asyncio.gather(*asked))) == 1
        log = [line.text for line in await house.logs.lines("bld_one")]
        assert sum(line.startswith("Checking out") for line in log) == 1


async def test_lists_and_batches(house: Works) -> None:
    await house.register("chat-api")
    for n in range(5):
        async with house.living.transaction() as tx:
            await builds.ask(tx, "chat-api", commit(n), "main")
    async with house.living.reading(EMMA) as r:
        first = await builds.builds(r, "chat-api", limit=2)
        assert [b.number for b in first.items] == [5, 4]
        assert first.total == 5
        second = await builds.builds(r, "chat-api", first.next, 2)
        last = await builds.builds(r, "chat-api", second.next, 2)
        assert [b.number for b in (*second.items, *last.items)] == [3, 2, 1]
        assert last.next is None
        assert [b.number for b in await builds.builds_by_numbers(r, "chat-api", [1, 4, 99])] == [4, 1]
        assert await builds.newest_image(r, "chat-api") is None
        assert (await builds.build_by_id(r, first.items[0].id)) == first.items[0]
        assert await builds.build_by_id(r, "bld_none") is None


async def test_the_newest_image_is_that_of_the_newest_success(house: Works) -> None:
    repository = await house.register("chat-api")
    good = await house.push(repository, "chat-api", HELLO, "Good")
    await house.push(repository, "chat-api", {"Dockerfile": b"FROM scratch\nRUN false\n"}, "Bad")
    await house.living.settled()
    async with house.living.reading() as r:
        newest = await builds.newest_image(r, "chat-api")
    assert newest is not None
    assert newest.number == good.number


async def test_endless_words_and_odd_characters_of_a_commit_are_kept_as_far_as_they_can_be(house: Works) -> None:
    await house.register("chat-api")
    odd = Commit("a" * 40, "x\0" * 5000, "\ud800" + "김" * 500, clock.now())
    async with house.living.transaction() as tx:
        build = await builds.ask(tx, "chat-api", odd, "b" * 500)
    kept = await house.now(build)
    assert len(kept.commit.subject) == 500
    assert len(kept.commit.author) == 200
    assert len(kept.ref) == 200
    assert "\0" not in kept.commit.subject


async def test_a_project_that_never_deployed_is_deleted_with_its_builds(house: Works) -> None:
    repository = await house.register("chat-api")
    await house.push(repository, "chat-api", HELLO, "Say hello")
    await house.living.settled()
    async with house.living.transaction(OLIVER) as tx:
        await delete(tx, "chat-api", "chat-api", [])
    await house.living.settled()
    async with house.living.reading() as r:
        assert (await builds.builds(r, "chat-api")).items == []
