"""What a registry's verbs promise: the real one and the twin give the same answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from podo.clients.registry import NoSuchImage, Reference, RegistryRefused, RegistryUnreachable
from podo.kernel import clock
from tests.contracts.registry.servers import World

CONFIG: dict[str, Any] = {
    "os": "linux",
    "architecture": "amd64",
    "created": "2026-03-01T18:00:00.123456789+09:00",
    "config": {
        "User": "1000:1000",
        "ExposedPorts": {"9090/tcp": {}, "8080/tcp": {}, "53/udp": {}},
        "Labels": {"org.opencontainers.image.revision": "a1b2c3d"},
        "Entrypoint": ["/app"],
        "Cmd": ["serve", "--all"],
    },
    "rootfs": {"type": "layers", "diff_ids": []},
}
BARE: dict[str, Any] = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}}


def image(world: World, tag: str | None = "v1", name: str = "team/hello") -> Reference:
    return Reference(world.host, name, tag)


async def test_what_was_pushed_is_found_by_tag_and_by_digest(world: World) -> None:
    digest = await world.put(image(world), CONFIG, 500)
    assert await world.registry.resolve(image(world)) == digest
    assert await world.registry.resolve(image(world).at(digest)) == digest
    assert await world.registry.exists(image(world))
    manifest = await world.registry.manifest(image(world))
    assert (manifest.digest, manifest.media_type) == (digest, "application/vnd.oci.image.manifest.v1+json")
    assert [layer["size"] for layer in manifest.content["layers"]] == [500]


async def test_a_tag_moves_and_a_digest_stays(world: World) -> None:
    first = await world.put(image(world), CONFIG, 500)
    second = await world.put(image(world), BARE, 600)
    assert first != second
    assert await world.registry.resolve(image(world)) == second
    assert await world.registry.resolve(image(world).at(first)) == first


async def test_the_configuration_says_how_it_wants_to_be_run(world: World) -> None:
    await world.put(image(world), CONFIG, 500)
    found = await world.registry.config(image(world))
    assert (found.user, found.ports, found.size) == ("1000:1000", ("53/udp", "8080/tcp", "9090/tcp"), 500)
    assert (found.entrypoint, found.command) == (("/app",), ("serve", "--all"))
    assert found.labels == {"org.opencontainers.image.revision": "a1b2c3d"}
    assert found.created == datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    await world.put(image(world, "bare"), BARE, 1)
    bare = await world.registry.config(image(world, "bare"))
    assert (bare.user, bare.ports, bare.labels, bare.entrypoint, bare.command, bare.created) == ("", (), {}, (), (), None)


async def test_what_is_not_there_is_named(world: World) -> None:
    await world.put(image(world), CONFIG, 500)
    for missing in (image(world, "v2"), image(world, name="team/other"), image(world).at("sha256:" + "0" * 64)):
        assert not await world.registry.exists(missing)
        for call in (world.registry.resolve(missing), world.registry.manifest(missing), world.registry.config(missing)):
            with pytest.raises(NoSuchImage) as error:
                await call
            assert str(missing) in str(error.value)
    with pytest.raises(NoSuchImage):
        await world.registry.tags(image(world, name="team/other"))


async def test_tags_are_listed_to_the_end_and_to_the_limit(world: World) -> None:
    for n in range(5):
        await world.put(image(world, f"v{n}"), CONFIG, 1)
    assert await world.registry.tags(image(world, None)) == ("v0", "v1", "v2", "v3", "v4")
    assert await world.registry.tags(image(world, None), limit=3) == ("v0", "v1", "v2")


async def test_a_registry_wants_to_know_who_asks(world: World) -> None:
    await world.put(image(world), CONFIG, 500)
    await world.registry.ping(world.host)
    stranger = world.stranger()
    for call in (stranger.ping(world.host), stranger.resolve(image(world)), stranger.exists(image(world))):
        with pytest.raises(RegistryRefused) as error:
            await call
        assert world.host in str(error.value)
        assert "s3cret" not in repr(error.value)
    await stranger.close()


async def test_a_registry_that_is_away_is_said_to_be_away(world: World) -> None:
    await world.put(image(world), CONFIG, 500)
    assert await world.registry.exists(image(world))
    await world.unplug()
    begun = clock.monotonic()
    for call in (world.registry.ping(world.host), world.registry.exists(image(world))):
        with pytest.raises(RegistryUnreachable, match="cannot be reached"):
            await call
    assert clock.monotonic() - begun < 20
