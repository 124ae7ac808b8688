"""Pushes: by webhook and by asking the repository; each builds once, and no repository holds another."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from podo.catalog import service as catalog
from podo.clients.git import Remote, Token
from podo.clients.git.types import Refs
from podo.delivery.handlers.builds import poll
from podo.delivery.service import builds, config, pushes
from podo.delivery.types import BuildState, Commit, Pushed, WebhookForged
from podo.kernel import clock
from podo.kernel.errors import PodoError
from tests.domains.delivery.shops import HANEUL
from tests.domains.delivery.works import HELLO, Works, url, works

SECRET = "between us"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Works]:
    async with works(tmp_path) as made:
        yield made


def pushed(slug: str, sha: str, branch: str = "main", *, before: str = "0" * 40) -> Pushed:
    """A webhook as its sender would sign it."""
    head = {"id": sha, "message": "Say hello", "timestamp": "2026-03-01T09:00:00Z", "author": {"name": "김하늘"}}
    said = {
        "ref": f"refs/heads/{branch}",
        "before": before,
        "after": sha,
        "repository": {
            "clone_url": url(slug).upper().replace("TEAM/", "team/").replace(slug.upper(), slug),
            "ssh_url": f"git@git.test:team/{slug}.git",
        },
        "head_commit": head,
    }
    body = json.dumps(said).encode()
    return pushes.webhook(body, "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest(), SECRET)


async def numbers(house: Works, project: str) -> list[int]:
    async with house.living.reading() as r:
        return [b.number for b in (await builds.builds(r, project)).items]


async def test_a_webhook_builds_the_commit_once(house: Works) -> None:
    repository = await house.register("chat-api")
    await house.register("map-api")
    sha = repository.commit(HELLO, "Say hello")
    async with house.living.transaction() as tx:
        [build] = await pushes.take_push(tx, pushed("chat-api", sha))
    assert (build.project, build.commit.sha, build.by, build.ref) == ("chat-api", sha, "podo", "main")
    for again in (pushed("chat-api", sha), pushed("chat-api", sha, before="1" * 40)):
        async with house.living.transaction() as tx:
            assert await pushes.take_push(tx, again) == []
    await house.living.settled()
    assert (await house.now(build)).state is BuildState.succeeded
    assert await numbers(house, "map-api") == []
    assert (await house.said("chat-api")).count("push_seen") == 1
    async with house.living.reading() as r:
        assert (await config.choices(r, "chat-api")).hooked
        assert not (await config.choices(r, "map-api")).hooked


async def test_a_forged_webhook_changes_nothing(house: Works) -> None:
    await house.register("chat-api")
    with pytest.raises(WebhookForged):
        pushes.webhook(b"{}", "sha256=" + "0" * 64, SECRET)
    assert await numbers(house, "chat-api") == []


async def test_other_branches_deleted_ones_and_strangers_build_nothing(house: Works) -> None:
    await house.register("chat-api")
    sha = "a" * 40
    async with house.living.transaction() as tx:
        assert await pushes.take_push(tx, pushed("chat-api", sha, "feature")) == []
        assert await pushes.take_push(tx, pushed("unknown", sha)) == []
        assert await pushes.take_push(tx, Pushed((url("chat-api"),), "main", None, "deleted")) == []
        assert await pushes.take_push(tx, Pushed((url("chat-api"),), "", None, "ping")) == []
    assert await numbers(house, "chat-api") == []
    async with house.living.reading() as r:
        assert (await config.choices(r, "chat-api")).hooked


async def test_two_projects_of_one_repository_are_both_built(house: Works) -> None:
    await house.register("chat-api")
    await house.register("map-api")
    async with house.living.transaction(HANEUL) as tx:
        await catalog.change(tx, house.living.house.seal, "map-api", repository="ssh://git@GIT.test/team/chat-api")
    async with house.living.transaction() as tx:
        made = await pushes.take_push(tx, pushed("chat-api", "a" * 40))
    assert sorted(b.project for b in made) == ["chat-api", "map-api"]


async def test_the_same_push_by_webhook_and_by_poll_at_once_is_one_build(house: Works) -> None:
    repository = await house.register("chat-api")
    sha = repository.commit(HELLO, "Say hello")
    commit = Commit(sha, "Say hello", "Grape", clock.now())

    async def see(how: str) -> bool:
        async with house.living.transaction() as tx:
            return await pushes.seen_push(tx, "chat-api", commit, "main", how) is not None

    found = await asyncio.gather(*(see(how) for how in ("poll", "webhook") * 5))
    assert found.count(True) == 1
    await house.living.settled()
    assert (await house.said("chat-api")).count("push_seen") == 1


async def test_polling_sees_each_new_commit_once(house: Works) -> None:
    repository = await house.register("chat-api")
    await house.living.settled()
    first = repository.commit(HELLO, "First")
    for _ in range(3):
        await _poll_later(house)
    second = repository.commit({"hello": b"again"}, "Second")
    await _poll_later(house)
    await house.living.settled()
    async with house.living.reading() as r:
        found = (await builds.builds(r, "chat-api")).items
        assert await pushes.newest_seen(r, "chat-api") == second
    assert [(b.number, b.commit.sha, b.commit.subject, b.by) for b in found] == [
        (2, second, "Second", "podo"),
        (1, first, "First", "podo"),
    ]
    repository.commit({"x": b"x"}, "Elsewhere", branch="feature")
    await _poll_later(house)
    assert await numbers(house, "chat-api") == [2, 1]


async def test_a_registered_repository_is_asked_by_itself(house: Works) -> None:
    """The round, as the house makes it."""
    repository = await house.register("chat-api")
    repository.commit(HELLO, "Say hello")
    await house.living.settled()
    async with asyncio.timeout(20):
        await poll(house.living.house)
        await house.living.settled()
    assert await numbers(house, "chat-api") == [1]


async def test_who_is_not_polled_is_not_asked(house: Works) -> None:
    repository = await house.register("chat-api")
    await house.living.settled()
    async with house.living.transaction(HANEUL) as tx:
        await config.choose(tx, "chat-api", polled=False)
    repository.commit(HELLO, "Say hello")
    await _poll_later(house)
    assert await numbers(house, "chat-api") == []
    async with house.living.transaction(HANEUL) as tx:
        await config.choose(tx, "chat-api", polled=True)
    await _poll_later(house)
    assert await numbers(house, "chat-api") == [1]


async def test_polling_can_be_off_for_all(tmp_path: Path) -> None:
    async with works(tmp_path, PODO_DELIVERY_POLL_SECONDS="0") as house:
        (await house.register("chat-api")).commit(HELLO, "Say hello")
        await house.living.settled()
        await _poll_later(house)
        assert await numbers(house, "chat-api") == []


async def test_a_repository_that_fails_is_asked_less_and_less_and_says_why(house: Works) -> None:
    repository = await house.register("chat-api")
    repository.commit(HELLO, "Say hello")
    await house.living.settled()
    repository.up = False
    pauses: list[float] = []
    with clock.fixed(clock.now()):
        for _ in range(9):
            pauses.append(await _until_due(house, sum(pauses)))
            with clock.shifted(timedelta(seconds=sum(pauses))):
                await poll(house.living.house)
                async with house.living.reading() as r:
                    assert "cannot be reached" in await pushes.head_trouble(r, "chat-api")
    assert pauses == [0, 20, 40, 80, 160, 320, 600, 600, 600]
    repository.up = True
    await _poll_later(house)
    async with house.living.reading() as r:
        assert await pushes.head_trouble(r, "chat-api") == ""
    assert await numbers(house, "chat-api") == [1]


async def test_another_repository_branch_or_credential_is_looked_at_anew(house: Works) -> None:
    repository = await house.register("chat-api", wants=Token("right"), credential="wrong")
    repository.commit(HELLO, "Say hello")
    release = repository.commit({"hello": b"release"}, "Release", branch="release")
    await house.living.settled()
    await poll(house.living.house)
    assert await numbers(house, "chat-api") == []
    async with house.living.reading() as r:
        assert "did not let Podo in" in await pushes.head_trouble(r, "chat-api")
    async with house.living.transaction(HANEUL) as tx:
        await catalog.change(tx, house.living.house.seal, "chat-api", credential="right")
    await house.living.settled()
    await poll(house.living.house)
    assert await numbers(house, "chat-api") == [1]
    async with house.living.transaction(HANEUL) as tx:
        await catalog.change(tx, house.living.house.seal, "chat-api", branch="release")
    await house.living.settled()
    await poll(house.living.house)
    async with house.living.reading() as r:
        newest = (await builds.builds(r, "chat-api")).items[0]
    assert (newest.commit.sha, newest.ref) == (release, "release")


async def test_where_a_webhook_was_heard_the_repository_is_asked_seldom(house: Works) -> None:
    for slug in ("chat-api", "map-api"):
        repository = await house.register(slug)
        repository.commit(HELLO, "Say hello")
    await house.living.settled()
    async with house.living.transaction() as tx:
        await pushes.take_push(tx, pushed("chat-api", "a" * 40, "other"))
        await pushes.head_asked(tx, ["chat-api", "map-api"], 10)
    for seconds, due in ((9, []), (11, ["map-api"]), (299, ["map-api"]), (301, ["map-api", "chat-api"])):
        with clock.shifted(timedelta(seconds=seconds)):
            async with house.living.reading() as r:
                assert await pushes.due_heads(r) == due


async def test_one_slow_repository_holds_no_other(house: Works) -> None:
    slow = asyncio.Event()
    asked = house.git.ls_remote

    async def ls_remote(remote: Remote) -> Refs:
        if "slow" in remote.url:
            await slow.wait()
        return await asked(remote)

    house.git.ls_remote = ls_remote  # type: ignore[method-assign] - a server that does not answer
    for slug in ("slow-api", "chat-api", "map-api"):
        (await house.register(slug)).commit(HELLO, "Say hello")
    await house.living.settled()
    polling = asyncio.create_task(poll(house.living.house))
    async with asyncio.timeout(20):
        await _until_built(house, "chat-api", "map-api")
        # Another one becomes due while the slow one is still being asked.
        late = await house.register("late-api")
        late.commit(HELLO, "Say hello")
        await _until_built(house, "late-api")
        assert not polling.done()
        assert await numbers(house, "slow-api") == []
        slow.set()
        await polling
    assert await numbers(house, "slow-api") == [1]
    await house.living.settled()


async def test_webhooks_are_taken_once_and_forgotten_after_a_month(house: Works) -> None:
    async with house.living.transaction() as tx:
        assert not await pushes.hook_taken(tx, "one")
        assert await pushes.hook_taken(tx, "one")
        assert not await pushes.hook_taken(tx, "two")
    with clock.shifted(timedelta(days=31)):
        async with house.living.transaction() as tx:
            assert not await pushes.hook_taken(tx, "one")


async def test_a_deleted_project_is_forgotten(house: Works) -> None:
    repository = await house.register("chat-api")
    repository.commit(HELLO, "Say hello")
    await house.living.settled()
    async with house.living.transaction() as tx:
        await catalog.delete(tx, "chat-api", "chat-api", [])
    await _poll_later(house)
    async with house.living.reading() as r:
        assert await pushes.due_heads(r) == []
        with pytest.raises(PodoError):
            await builds.source_of(r, house.living.house.seal, "chat-api")


async def _until_built(house: Works, *projects: str) -> None:
    for project in projects:
        while not await numbers(house, project):  # noqa: ASYNC110 - what is waited for is a row
            await asyncio.sleep(0.05)


async def _poll_later(house: Works) -> None:
    """A round, when every pause is over."""
    async with house.living.transaction() as tx:
        for project in await catalog.by_slugs(tx, ["chat-api"]):
            await pushes.watch_soon(tx, project.slug)
    await poll(house.living.house)


async def _until_due(house: Works, since: float) -> float:
    """Seconds from `since` (seconds from now) until the next look; whole ones."""
    early, late = -1, 700
    while late - early > 1:
        middle = (early + late) // 2
        with clock.shifted(timedelta(seconds=since + middle)):
            async with house.living.reading() as r:
                early, late = (early, middle) if await pushes.due_heads(r) else (middle, late)
    return float(late)
