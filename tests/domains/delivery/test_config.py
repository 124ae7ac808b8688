"""Variables, secrets and choices: set, shown, sealed, removed; by whom; and what holds for a target."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from podo.access.types import NotAllowed
from podo.delivery.service import config
from podo.delivery.types import Choices, ConfigInvalid, ConfigKind, NoSuchKey, Scope, ValueInvalid
from podo.kernel.events import log
from tests.domains.delivery.shops import EMMA, HANEUL, OLIVER
from tests.domains.delivery.works import Works, chart_schema, works

ALL, ALPHA, PROD, PROD_JP = Scope(), Scope("alpha"), Scope("prod"), Scope("prod", "jp")
VARIABLE, SECRET = ConfigKind.variable, ConfigKind.secret


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Works]:
    async with works(tmp_path) as made:
        await made.register("chat-api")
        await made.living.settled()
        yield made


async def variable(house: Works, key: str, value: str, scope: Scope = ALL, by: Any = HANEUL) -> None:
    async with house.living.transaction(by) as tx:
        await config.set_variable(tx, "chat-api", key, scope, value)


async def secret(house: Works, key: str, value: str, scope: Scope = ALL, by: Any = HANEUL) -> None:
    async with house.living.transaction(by) as tx:
        await config.set_secret(tx, house.living.house.seal, "chat-api", key, scope, value)


async def unset(house: Works, kind: ConfigKind, key: str, scope: Scope = ALL, by: Any = HANEUL) -> None:
    async with house.living.transaction(by) as tx:
        await config.unset(tx, "chat-api", kind, key, scope)


async def listed(house: Works) -> list[tuple[str, str, str]]:
    async with house.living.reading(EMMA) as r:
        return [(e.key, str(e.scope), e.value) for e in await config.entries(r, "chat-api")]


async def version(house: Works) -> str:
    async with house.living.reading() as r:
        return await config.version(r, "chat-api")


async def facts(house: Works) -> list[dict[str, Any]]:
    async with house.living.reading() as r:
        entries, _ = await log.history(r, log.Wanted(project="chat-api", prefixes=["delivery."]))
    return [{"code": e.code.removeprefix("delivery."), "at": (e.environment, e.region), **e.facts} for e in reversed(entries)]


async def test_a_variable_is_set_changed_and_removed(house: Works) -> None:
    await variable(house, "LOG_LEVEL", "info")
    await variable(house, "LOG_LEVEL", "debug", PROD_JP)
    await variable(house, "LOG_LEVEL", "warning")
    await variable(house, "LOG_LEVEL", "warning")
    assert await listed(house) == [("LOG_LEVEL", "all", "warning"), ("LOG_LEVEL", "prod jp", "debug")]
    await unset(house, VARIABLE, "LOG_LEVEL")
    assert await listed(house) == [("LOG_LEVEL", "prod jp", "debug")]
    nowhere, jp = (None, None), ("prod", "jp")
    about = {"key": "LOG_LEVEL", "scope": "all"}
    assert await facts(house) == [
        {"code": "variable_set", "at": nowhere, **about, "was": "", "now": "info"},
        {"code": "variable_set", "at": jp, "key": "LOG_LEVEL", "scope": "prod jp", "was": "", "now": "debug"},
        {"code": "variable_set", "at": nowhere, **about, "was": "info", "now": "warning"},
        {"code": "variable_removed", "at": nowhere, **about, "was": "warning"},
    ]


async def test_a_secret_is_shown_to_nobody(house: Works) -> None:
    await secret(house, "API_TOKEN", "hunter2-비밀")
    await secret(house, "API_TOKEN", "hunter2-비밀")
    [(key, scope, shown)] = await listed(house)
    assert (key, scope, len(shown)) == ("API_TOKEN", "all", 8)
    async with house.living.reading() as r:
        held = await config.for_target(r, "chat-api", "prod", "kr")
    assert held.variables == {}
    assert held.fingerprints["API_TOKEN"].startswith(shown)
    assert house.living.house.seal.open(held.sealed["API_TOKEN"]) == "hunter2-비밀"
    await unset(house, SECRET, "API_TOKEN")
    assert [f["code"] for f in await facts(house)] == ["secret_set", "secret_removed"]
    for path in house.living.folder.rglob("*"):
        if path.is_file():
            content = await asyncio.to_thread(path.read_bytes)
            assert b"hunter2" not in content, path


async def test_fingerprints_follow_the_value_and_tell_nothing_across_keys(house: Works) -> None:
    for key, value in (("A", "same"), ("B", "same"), ("C", "other")):
        await secret(house, key, value)
    await secret(house, "A", "same", PROD)
    first = await listed(house)
    shown = {(key, scope): value for key, scope, value in first}
    assert shown["A", "all"] == shown["A", "prod"]
    assert len({shown["A", "all"], shown["B", "all"], shown["C", "all"]}) == 3
    await secret(house, "A", "new")
    assert {(k, s): v for k, s, v in await listed(house)}["A", "all"] != shown["A", "all"]


async def test_the_narrowest_holds_for_a_target(house: Works) -> None:
    await variable(house, "A", "everywhere")
    await variable(house, "A", "in prod", PROD)
    await secret(house, "A", "in jp", PROD_JP)
    await secret(house, "B", "sealed")
    await variable(house, "B", "plain in alpha", ALPHA)
    async with house.living.reading() as r:
        held = {
            place: await config.for_target(r, "chat-api", *place) for place in (("alpha", "kr"), ("prod", "kr"), ("prod", "jp"))
        }
    assert held["alpha", "kr"].variables == {"A": "everywhere", "B": "plain in alpha"}
    assert held["alpha", "kr"].sealed == {}
    assert held["prod", "kr"].variables == {"A": "in prod"}
    assert list(held["prod", "kr"].sealed) == ["B"]
    assert held["prod", "jp"].variables == {}
    assert list(held["prod", "jp"].fingerprints) == ["A", "B"]


async def test_a_key_is_one_of_both_in_a_scope(house: Works) -> None:
    await variable(house, "A", "x", PROD)
    await secret(house, "A", "x")
    with pytest.raises(ConfigInvalid, match="a variable for prod already"):
        await secret(house, "A", "y", PROD)
    with pytest.raises(ConfigInvalid, match="a secret for all already"):
        await variable(house, "A", "y")
    await unset(house, SECRET, "A")
    await variable(house, "A", "y")
    tried = await asyncio.gather(variable(house, "RACE", "x"), secret(house, "RACE", "x"), return_exceptions=True)
    assert sorted(type(t).__name__ for t in tried) == ["ConfigInvalid", "NoneType"]


@pytest.mark.parametrize(
    ("key", "scope", "value"),
    [
        ("PORT", ALL, "x"),
        ("PODO_ENVIRONMENT", ALL, "x"),
        ("9", ALL, "x"),
        ("A", Scope("test"), "x"),
        ("A", Scope("prod", "de"), "x"),
        ("A", Scope("", "kr"), "x"),
        ("A", ALL, "a\0b"),
        ("A", ALL, "x" * 65537),
    ],
)
async def test_what_cannot_be_set_changes_nothing(house: Works, key: str, scope: Scope, value: str) -> None:
    before = await version(house)
    with pytest.raises(ConfigInvalid):
        await variable(house, key, value, scope)
    with pytest.raises(ConfigInvalid) as caught:
        await secret(house, key, value, scope)
    assert len(value) < 3 or value not in str(caught.value)
    assert await listed(house) == []
    assert await version(house) == before
    assert await facts(house) == []


async def test_all_together_fits_into_what_kubernetes_holds(house: Works) -> None:
    for n in range(14):
        await variable(house, f"K{n}", "x" * 65_000)
        await secret(house, f"S{n}", "x" * 48_000)
    await variable(house, "K0", "y" * 65_000, PROD)
    with pytest.raises(ConfigInvalid, match="900"):
        await variable(house, "ONE_MORE", "x" * 65_000)
    await variable(house, "SMALL", "x")


async def test_what_is_not_set_cannot_be_removed(house: Works) -> None:
    await variable(house, "A", "x", PROD)
    for kind, key, scope in ((VARIABLE, "A", ALL), (SECRET, "A", PROD), (VARIABLE, "B", PROD)):
        with pytest.raises(NoSuchKey):
            await unset(house, kind, key, scope)
    assert len(await listed(house)) == 1


async def test_who_may_configure(house: Works) -> None:
    for nobody in (EMMA,):
        for attempt in (
            variable(house, "A", "x", by=nobody),
            secret(house, "A", "x", by=nobody),
            unset(house, VARIABLE, "A", by=nobody),
        ):
            with pytest.raises(NotAllowed):
                await attempt
        with pytest.raises(NotAllowed):
            async with house.living.transaction(nobody) as tx:
                await config.choose(tx, "chat-api", auto_alpha=False)
    await variable(house, "A", "x", by=OLIVER)
    async with house.living.reading(EMMA) as r:
        [entry] = await config.entries(r, "chat-api")
    assert (entry.by, entry.kind) == ("oliver", VARIABLE)


async def test_the_version_changes_with_everything_that_is_deployed(house: Works) -> None:
    seen = [await version(house)]

    async def changed() -> bool:
        seen.append(await version(house))
        return len(set(seen)) == len(seen)

    await variable(house, "A", "x")
    assert await changed()
    await variable(house, "A", "x", PROD)
    assert await changed()
    await secret(house, "B", "x")
    assert await changed()
    await secret(house, "B", "y")
    assert await changed()
    async with house.living.transaction(HANEUL) as tx:
        await config.choose(tx, "chat-api", values={"replicas": 3}, schema=chart_schema())
    assert await changed()
    await unset(house, VARIABLE, "A")
    assert await changed()
    await secret(house, "B", "y")
    assert not await changed()


async def test_choices_have_defaults_and_are_kept(house: Works) -> None:
    async with house.living.reading(EMMA) as r:
        assert await config.choices(r, "chat-api") == Choices("chat-api")
    async with house.living.transaction(HANEUL) as tx:
        now = await config.choose(tx, "chat-api", auto_alpha=False, values={"replicas": 3}, scope=PROD, schema=chart_schema())
    async with house.living.transaction(HANEUL) as tx:
        await config.choose(tx, "chat-api", polled=False)
        await config.choose(tx, "chat-api", polled=False)
    async with house.living.transaction(HANEUL) as tx:
        await config.choose(tx, "chat-api", values={"env": {"A": "b"}}, schema=chart_schema())
    async with house.living.reading(EMMA) as r:
        kept = await config.choices(r, "chat-api")
    assert now.values == {PROD: {"replicas": 3}}
    assert kept == Choices("chat-api", {ALL: {"env": {"A": "b"}}, PROD: {"replicas": 3}}, auto_alpha=False, polled=False)
    async with house.living.transaction(HANEUL) as tx:
        left = await config.choose(tx, "chat-api", values={}, scope=PROD)
    assert left.values == {ALL: {"env": {"A": "b"}}}
    assert [(f["fields"], f["at"]) for f in await facts(house)] == [
        ("auto_alpha, values:prod", ("prod", None)),
        ("polled", (None, None)),
        ("values:all", (None, None)),
        ("values:prod", ("prod", None)),
    ]


@pytest.mark.parametrize(
    ("values", "scope", "path"),
    [
        ({"replicas": "many"}, ALL, "replicas"),
        ({"replcas": 3}, ALL, "replcas"),
        ({"image": {"tag": "x"}}, ALL, "image"),
        ({"env": {"PODO_X": "1"}}, ALL, "env.PODO_X"),
        ({"resources": {"cpu": "a lot"}}, PROD, "resources.cpu"),
    ],
)
async def test_values_that_the_chart_does_not_take_are_refused(
    house: Works, values: dict[str, Any], scope: Scope, path: str
) -> None:
    with pytest.raises(ValueInvalid) as caught:
        async with house.living.transaction(HANEUL) as tx:
            await config.choose(tx, "chat-api", values=values, scope=scope, schema=chart_schema())
    assert caught.value.data["path"] == path
    with pytest.raises(ConfigInvalid):
        async with house.living.transaction(HANEUL) as tx:
            await config.choose(tx, "chat-api", values={"replicas": 3}, scope=Scope("nowhere"), schema=chart_schema())
    assert await facts(house) == []
