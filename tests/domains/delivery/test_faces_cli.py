"""`podo` in terminals of their own, against the site on this machine: the same verbs as pages and API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from podo.catalog import service as catalog
from podo.clients.kubernetes.twin import PodFault
from tests.domains.delivery.counters import Terminal, repository, served, token
from tests.domains.delivery.shops import HANEUL, MINJUN, PROJECT, Shop, shop


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Shop]:
    async with shop(tmp_path / "house", PODO_CATALOG_LOCAL_REPOSITORIES="true") as made:
        yield made


async def test_from_a_commit_to_production_and_back(chat: Shop, tmp_path: Path) -> None:
    address = repository(tmp_path / "source", {"Dockerfile": "FROM scratch\nCOPY hello /\nUSER 1000\n", "hello": "hi"}, "Say hi")
    async with chat.living.transaction(HANEUL) as tx:
        await catalog.change(tx, chat.living.house.seal, PROJECT, repository=address)
    await chat.settled()
    async with served(chat) as url:
        haneul = Terminal(url, await token(chat.living, HANEUL), tmp_path)
        minjun = Terminal(url, await token(chat.living, MINJUN), tmp_path)
        said = await haneul.type("build", PROJECT, "--watch")
        assert "Commit " in said
        assert "Build #1 of" in said
        assert "simulated" in said
        assert "succeeded" in await haneul.type("builds", PROJECT)
        assert "Commit " in await haneul.type("build-log", PROJECT, "1", "-f")

        await haneul.type("config", "set", PROJECT, "LOG_LEVEL=info", "MODE=fast", "--env", "prod")
        sealed = await haneul.type("secret", "set", PROJECT, "API_TOKEN", typed="hunter2-is-secret\n")
        assert "is sealed for all" in sealed
        listed = await haneul.type("config", "list", PROJECT)
        assert "LOG_LEVEL" in listed
        assert "hunter2" not in listed + sealed
        assert "write X=value" in await haneul.type("config", "set", PROJECT, "X", code=2)
        await haneul.type("config", "unset", PROJECT, "MODE", "--env", "prod")
        await haneul.type("config", "unset", PROJECT, "MODE", "--env", "prod", code=4)
        assert '"memory": "256Mi"' in await haneul.type("road", "set", PROJECT, "resources.memory=256Mi", "--env", "prod")
        await haneul.type("road", "set", PROJECT, "replicas=three", code=2)
        assert "256Mi" not in await haneul.type("road", "set", PROJECT, "--unset", "resources.memory", "--env", "prod")

        early = await haneul.type("deploy", PROJECT, "--env", "prod", "--region", "kr", code=1)
        assert "prod takes only what was healthy in alpha" in early
        assert "kr: healthy" in await haneul.type("deploy", PROJECT, "--env", "alpha", "--watch")
        assert "#2 brings r-" in await haneul.type("deploy", PROJECT, "--env", "prod", "--region", "kr")
        shown = await haneul.type("deployment", "show", PROJECT, "2")
        assert "approved 0 of 1" in shown
        assert "You may not" in await haneul.type("approve", PROJECT, "2", "--yes", code=3)

        refused = await minjun.type("approve", PROJECT, "2", "--region", "kr", typed="n\n", code=1)
        assert "The first release here" in refused
        assert "bundle " in refused
        assert "1 of 1 approvals" in await minjun.type("approve", PROJECT, "2", "--region", "kr", "--comment", "Fine", "--yes")
        await chat.settled()
        assert "healthy" in await minjun.type("deployments", PROJECT, "env:prod")
        assert "+++ b/Deployment chat-api" in await minjun.type("changes", PROJECT, "2", "--full")
        places = await minjun.type("places", PROJECT)
        assert "prod kr" in places
        assert "2/2" in places
        found = json.loads(await minjun.type("--json", "deployment", "show", PROJECT, "2"))
        assert found["rollouts"][0]["approvals"][0]["comment"] == "Fine"
        assert "kind: Deployment" in await minjun.type("deployment", "manifests", PROJECT, "2", "--region", "kr")
        assert "paved road" in await minjun.type("deployment", "manifests", PROJECT, "2", "--region", "kr", "--values")
        assert found["release"] in await minjun.type("release", PROJECT, found["release"])
        await minjun.type("deployment", "comment", PROJECT, "2", "Well done")
        assert "Well done" in await minjun.type("deployment", "comments", PROJECT, "2")


async def test_watching_ends_with_six_when_it_ended_badly(chat: Shop, tmp_path: Path) -> None:
    chat.living.twins["alpha-kr"].faults.images["*/bad/*"] = PodFault("CrashLoopBackOff")
    await chat.healthy_alpha()
    await chat.build(2, tag="bad")
    await chat.settled()
    async with served(chat) as url:
        minjun = Terminal(url, await token(chat.living, MINJUN), tmp_path)
        said = await minjun.type("deploy", PROJECT, "--env", "alpha", "--build", "2", "--watch", code=6)
        assert "#2 ended badly: kr is rolled back" in said
        await minjun.type("deploy", PROJECT, "--env", "alpha", "--build", "9", code=4)

        await chat.ask(await chat.build(3, tag="next"), "alpha")
        await chat.settled()
        back = await minjun.type("rollback", PROJECT, "--env", "alpha", "--region", "kr", "--watch")
        assert "brings alpha kr back to" in back
        assert "kr: healthy" in back
        assert "/ok/" in await chat.image("alpha-kr")

        of = await chat.ask(await chat.build(1), "prod", ["kr", "jp"])
        assert "kr: cancelled" in await minjun.type("reject", PROJECT, str(of.number), "--region", "kr", "--yes")
        assert "halted" in await minjun.type("halt", PROJECT, str(of.number), "--why", "campaign")
        assert "jp: waiting" in await minjun.type("retry", PROJECT, str(of.number))
        assert "0 of 1 approvals" in await minjun.type("request-changes", PROJECT, str(of.number), "--region", "jp", "--yes")
        assert "brings r-" in await minjun.type("reseal", PROJECT, str(of.number))
        assert "It is ended" not in await minjun.type("cancel-build", PROJECT, "1", code=1)
