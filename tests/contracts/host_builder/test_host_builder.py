"""From a commit in a repository to an image in a registry, on this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from podo.clients.buildah import BuildahBinary
from podo.clients.buildah.errors import BuildFailed, DockerfileInvalid
from podo.clients.git import GitTwin, NoSuchRef
from podo.clients.registry import parse
from podo.delivery.adapters.builder import HostBuilder, tools
from podo.delivery.adapters.memory import MemoryLogs
from podo.delivery.types import BuildOver, DeliverySettings, NoDockerfile, NotBuildable, Source
from tests.contracts.host_builder.conftest import Site, sleeping

HELLO = {"Dockerfile": b"FROM scratch\nCOPY hello /hello\nUSER 1000\nEXPOSE 8080\n", "hello": b"hello"}


def left_behind(site: Site) -> list[str]:
    return [p.name for p in site.folder.iterdir()] if site.folder.exists() else []


async def test_a_commit_becomes_an_image_with_its_labels(site: Site) -> None:
    sha = site.author.commit(HELLO, "Say hello")
    made = await site.build(sha)
    assert await site.registry.resolve(parse(site.image(sha))) == made.digest
    image = await site.registry.config(parse(f"{site.host}/team/hello@{made.digest}"))
    assert image.user == "1000"
    assert image.size == made.size
    assert image.labels["org.opencontainers.image.revision"] == sha
    assert image.labels["org.opencontainers.image.source"] == site.source.url
    assert image.labels["dev.podo.project"] == "hello"
    assert image.labels["dev.podo.build"] == "bld_1"
    assert "org.opencontainers.image.created" in image.labels
    log = await site.log()
    assert log[0] == f"Checking out {sha[:7]} of {site.source.url}"
    assert any("COPY hello /hello" in line for line in log)
    assert log[-1].startswith(f"Pushed {site.host}/team/hello@{made.digest}")
    assert left_behind(site) == []


async def test_the_commit_that_was_asked_for_is_built_not_the_newest(site: Site) -> None:
    old = site.author.commit(HELLO, "Old")
    site.author.commit({"Dockerfile": b"FROM nowhere.invalid/x\n"}, "New and broken")
    await site.build(old)
    with pytest.raises(NoSuchRef):
        await site.build("f" * 40, "bld_2")
    assert left_behind(site) == []


async def test_what_the_registry_has_of_the_commit_is_not_built_again(site: Site) -> None:
    sha = site.author.commit(HELLO, "Say hello")
    made = await site.build(sha)
    again = await site.build(sha, "bld_again")
    assert again == made
    assert await site.log("bld_again") == [f"The registry has {site.image(sha)} of this commit already: {made.digest}"]


async def test_a_tag_of_another_commit_is_no_reason_not_to_build(site: Site) -> None:
    first = site.author.commit(HELLO, "First")
    second = site.author.commit({"hello": b"second"}, "Second")
    made = await site.build(first)
    other = await site.builder.build("bld_2", site.source, second, "Dockerfile", site.image(first))
    assert other.digest != made.digest
    image = await site.registry.config(parse(site.image(first)))
    assert image.labels["org.opencontainers.image.revision"] == second


async def test_a_commit_without_its_dockerfile(site: Site) -> None:
    sha = site.author.commit({"deploy/Dockerfile": HELLO["Dockerfile"], "hello": b"hello"}, "Elsewhere")
    with pytest.raises(NoDockerfile, match=f"Commit {sha[:7]} has no Dockerfile"):
        await site.build(sha)
    await site.build(sha, "bld_2", "deploy/Dockerfile")
    assert left_behind(site) == []


@pytest.mark.parametrize(
    ("dockerfile", "error"), [(b"FRUM scratch\n", DockerfileInvalid), (b"FROM scratch\nCOPY missing /\n", BuildFailed)]
)
async def test_a_build_that_fails_leaves_its_log_and_nothing_else(site: Site, dockerfile: bytes, error: type[Exception]) -> None:
    sha = site.author.commit({"Dockerfile": dockerfile}, "Broken")
    with pytest.raises(error):
        await site.build(sha)
    assert (await site.log())[0].startswith("Checking out")
    assert not await site.registry.exists(parse(site.image(sha)))
    assert left_behind(site) == []


async def test_a_build_is_cancelled_and_leaves_nothing(site: Site) -> None:
    sha = site.author.commit(sleeping(), "Sleep")
    building = asyncio.create_task(site.build(sha))
    async with asyncio.timeout(60):
        async for line in site.logs.follow("bld_1"):
            if "sleep 30" in line.text:
                break
        await site.builder.cancel("bld_1")
        with pytest.raises(BuildOver, match="cancelled"):
            await building
    assert left_behind(site) == []
    assert not await site.registry.exists(parse(site.image(sha)))
    with pytest.raises(BuildOver):
        await site.build(sha)
    await site.builder.cancel("bld_unknown")


async def test_a_process_that_stops_ends_its_builds(site: Site) -> None:
    sha = site.author.commit(sleeping(), "Sleep")
    building = asyncio.create_task(site.build(sha))
    async with asyncio.timeout(60):
        async for line in site.logs.follow("bld_1"):
            if "sleep 30" in line.text:
                break
        building.cancel()
        with pytest.raises(asyncio.CancelledError):
            await building
    assert left_behind(site) == []
    assert not await site.registry.exists(parse(site.image(sha)))


async def test_what_the_settings_do_not_allow_is_not_built(site: Site) -> None:
    sha = site.author.commit(HELLO, "Say hello")
    simulated = (await site.builder.note(site.source.url)).simulated
    for other in (site.other(build_on_host=False), site.other(trusted=["https://git.example.com/others/"])):
        note = await other.note(site.source.url)
        # A twin runs nothing, so that nothing has to be allowed.
        assert bool(note.refused) is not simulated
        if simulated:
            continue
        with pytest.raises(NotBuildable, match="delivery"):
            await other.build("bld_1", site.source, sha, "Dockerfile", site.image(sha))
        assert not await site.registry.exists(parse(site.image(sha)))
    trusting = site.other(trusted=[site.source.url.rpartition("/")[0]])
    await trusting.build("bld_1", site.source, sha, "Dockerfile", site.image(sha))


async def test_building_can_be_off_and_auto_takes_what_there_is(tmp_path: Path) -> None:
    off = await tools(DeliverySettings(builder="off"), tmp_path, lambda: None)
    builder = HostBuilder(off, GitTwin(), MemoryLogs(), DeliverySettings(builder="off", build_on_host=True), tmp_path)
    note = await builder.note("https://git.example.com/a/b")
    assert "delivery.builder" in note.refused
    with pytest.raises(NotBuildable, match="b cannot be built here"):
        await builder.build("bld_1", Source("https://git.example.com/a/b", "main"), "a" * 40, "Dockerfile", "registry.test/a/b:1")
    await builder.close()
    auto = await tools(DeliverySettings(), tmp_path, lambda: None)
    assert auto.client is not None
    there = await BuildahBinary(tmp_path / "layers", auto.registry).available()
    assert auto.client.simulated is not bool(there)
    await auto.registry.close()
