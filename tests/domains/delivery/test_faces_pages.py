"""Builds, variables, secrets and values through the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from podo.catalog import service as catalog
from podo.delivery import service
from podo.delivery.rules import texts
from podo.delivery.types import ConfigKind, Scope
from tests.domains.delivery.counters import repository, words
from tests.domains.delivery.shops import HANEUL, PROJECT, Shop, shop

CONFIG = f"/{PROJECT}/settings/config"
ROAD = f"/{PROJECT}/settings/delivery"


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Shop]:
    async with shop(tmp_path / "house", PODO_CATALOG_LOCAL_REPOSITORIES="true") as made:
        yield made


async def test_a_build_is_asked_for_followed_and_shown(chat: Shop, tmp_path: Path) -> None:
    address = repository(tmp_path / "source", {"Dockerfile": "FROM scratch\nCOPY hello /\nUSER 1000\n", "hello": "hi"}, "Say hi")
    async with chat.living.transaction(HANEUL) as tx:
        await catalog.change(tx, chat.living.house.seal, PROJECT, repository=address)
    async with chat.living.signed_in("haneul") as haneul:
        page = await haneul.get(f"/{PROJECT}/builds")
        assert "No builder is installed here, so images are simulated" in words(page)
        assert "No builds yet" in page
        wrong = (await haneul.send(f"/{PROJECT}/builds/new", 422, ref="nowhere")).text
        assert 'value="nowhere"' in wrong
        assert 'role="alert"' in wrong
        assert (await haneul.send(f"/{PROJECT}/builds/new")).headers["location"] == f"/{PROJECT}/builds/1"
        news = (await haneul.client.get(f"/{PROJECT}/builds/1/follow")).text
        assert "id: 1\ndata: " in news
        await chat.settled()
        page = await haneul.get(f"/{PROJECT}/builds/1")
        for part in ("Say hi", "Succeeded", "simulated", "@sha256:", "Deploy…", "Commit "):
            assert part in words(page), part
        assert 'id="L1"' in page
        rest = (await haneul.client.get(f"/{PROJECT}/builds/1/follow", headers={"last-event-id": "1"})).text
        assert "id: 1\n" not in rest
        assert "id: 2\n" in rest
        assert rest.endswith("event: end\ndata: end\n\n")
        assert "Succeeded" in words(await haneul.get(f"/{PROJECT}/builds/1/facts"))
        assert "Say hi" in await haneul.get(f"/{PROJECT}/builds/list")
        assert "Say hi" in await haneul.get(f"/{PROJECT}/deploy")
    async with chat.living.signed_in("emma", lang="ko") as emma:
        page = words(await emma.get(f"/{PROJECT}/builds/1"))
        assert "소유 팀의 팀원이나 SRE만 할 수 있습니다." in page
        assert "배포하기…" not in page
        await emma.send(f"/{PROJECT}/builds/new", 422)
        assert (await emma.send(f"/{PROJECT}/builds/1/cancel", 403)).status_code == 403


async def test_variables_and_secrets_are_set_by_place_and_removed(chat: Shop) -> None:
    async with chat.living.signed_in("haneul") as haneul:
        page = words(await haneul.get(CONFIG))
        assert "No variables yet" in page
        assert "No secrets yet" in page
        await haneul.send(f"{CONFIG}/variable", key="MOTD", value="two\r\nlines ", scope="prod/jp")
        await haneul.send(f"{CONFIG}/secret", key="TOKEN", value="hunter2-is-secret", scope="prod")
        page = await haneul.get(CONFIG)
        assert "MOTD two lines prod jp" in words(page)
        assert "TOKEN" in page
        assert "김하늘 set the secret TOKEN for prod" in words(page)
        assert "hunter2" not in page
        async with chat.living.reading() as r:
            kept = {e.key: e for e in await service.config.entries(r, PROJECT)}
        assert kept["MOTD"].value == "two\nlines "
        assert (kept["MOTD"].scope, kept["TOKEN"].scope) == (Scope("prod", "jp"), Scope("prod"))

        wrong = (await haneul.send(f"{CONFIG}/secret", 422, key="1 BAD", value="hunter3-is-secret", scope="")).text
        assert "hunter3" not in wrong
        assert 'value="1 BAD"' in wrong
        wrong = (await haneul.send(f"{CONFIG}/variable", 422, key="TOKEN", value="kept text", scope="prod")).text
        assert "kept text" in wrong
        assert "it is a secret for prod already" in words(wrong)

        await haneul.send(f"{CONFIG}/unset-variable", key="MOTD", scope="prod/jp")
        await haneul.send(f"{CONFIG}/unset-secret", key="TOKEN", scope="prod")
        await haneul.send(f"{CONFIG}/unset-secret", 404, key="TOKEN", scope="prod")
    async with chat.living.reading() as r:
        assert await service.config.entries(r, PROJECT) == []
    async with chat.living.signed_in("emma") as emma:
        page = words(await emma.get(CONFIG))
        assert "Only a member of the owning team, or an SRE may do this." in page
        assert "Set a variable" not in page
        assert "You may not" in words((await emma.send(f"{CONFIG}/variable", 422, key="A", value="1", scope="")).text)


async def test_values_are_typed_by_place_and_held_to_the_schema(chat: Shop) -> None:
    async with chat.living.signed_in("haneul") as haneul:
        page = await haneul.get(f"{ROAD}?scope=prod/kr")
        assert "/webhooks/github" in page
        assert "not set: webhooks are refused" in words(page)
        others = 'autoscaling.enabled = true\nautoscaling.max = 6\npodAnnotations = {"a.b/c": "x"}'
        common = {"scope": "prod/kr", "replicas": "3", "resources-memory": "256Mi", "others": others}
        await haneul.send(f"{ROAD}/values", **common)
        page = await haneul.get(f"{ROAD}?scope=prod/kr")
        for part in ('value="256Mi"', 'value="3"', "autoscaling.max = 6", "podAnnotations = {&#34;a.b/c&#34;: &#34;x&#34;}"):
            assert part in page, part
        for fields, says in (
            ({"replicas": "many"}, "replicas cannot be so"),
            ({"others": "replcias = 3"}, "perhaps “replicas” is meant"),
            ({"others": "no sign"}, "is not written as path = value"),
        ):
            wrong = (await haneul.send(f"{ROAD}/values", 422, scope="prod/kr", **fields)).text
            assert says in words(wrong)
            assert next(iter(fields.values())) in wrong
        await haneul.send(ROAD, auto_alpha="on")
    async with chat.living.reading() as r:
        chosen = await service.config.choices(r, PROJECT)
    assert (chosen.auto_alpha, chosen.polled) == (True, False)
    assert chosen.values[Scope("prod", "kr")] == {
        "replicas": 3,
        "resources": {"memory": "256Mi"},
        "autoscaling": {"enabled": True, "max": 6},
        "podAnnotations": {"a.b/c": "x"},
    }
    async with chat.living.signed_in("emma", lang="ko") as emma:
        page = await emma.get(ROAD)
        assert "포장도로의 값" in words(page)
        assert "disabled" in page
        await emma.send(ROAD, 403, auto_alpha="on")


async def test_settings_list_both_pages(chat: Shop) -> None:
    async with chat.living.signed_in("haneul") as haneul:
        page = await haneul.get(f"/{PROJECT}/settings")
        assert f'href="{CONFIG}"' in page
        assert f'href="{ROAD}"' in page


def test_lines_and_trees_are_the_same() -> None:
    tree = {"a": {"b": 1, "c": "200m", "d": [1, "x"], "e": "7", "f": ""}, "g": {"h.i": "x"}, "j": True, "k": {}}
    assert texts.values_of(texts.lines_of(tree)) == tree
    assert texts.lines_of({"replicas": 2, "a": 1}, without=frozenset({"replicas"})) == "a = 1"
    assert texts.with_word("env:prod x", "env", "alpha") == "x env:alpha"
    assert texts.with_word("env:prod x", "env", "") == "x"
    assert ConfigKind.secret.value == "secret"
