"""The JSON API of deployments, builds and configuration: the whole way, and who may take which step of it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from podo.catalog import service as catalog
from podo.delivery import service
from podo.delivery.types import BuildState
from tests.domains.delivery.counters import API, program, repository, token
from tests.domains.delivery.shops import HANEUL, PROJECT, Shop, shop

SECRET = "s3cret-of-the-hook"


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Shop]:
    settings = {"PODO_DELIVERY_WEBHOOK_SECRET": SECRET, "PODO_CATALOG_LOCAL_REPOSITORIES": "true"}
    async with shop(tmp_path / "house", **settings) as made:
        yield made


async def test_from_alpha_to_production_and_back(chat: Shop) -> None:
    build = await chat.build()
    async with program(chat, "haneul") as haneul, program(chat, "minjun") as minjun:
        answer = await haneul.post(f"{API}/deployments", json={"environment": "alpha"})
        assert answer.status_code == 201, answer.text
        assert (answer.json()["number"], answer.json()["build"]) == (1, build.number)
        await chat.settled()
        made = (await haneul.get(f"{API}/deployments/1")).json()
        assert (made["state"], made["open"], made["rollouts"][0]["ready"]) == ("healthy", False, 2)

        asked = {"environment": "prod", "regions": ["kr", "jp"], "build": build.number, "title": "To production"}
        made = (await haneul.post(f"{API}/deployments", json=asked)).json()
        kr, jp = made["rollouts"]
        assert [g["text"] for g in jp["gates"]] == ["approved 0 of 1", "kr is not healthy yet"]

        words = (await minjun.get(f"{API}/deployments/2/changes", params={"region": "jp"})).json()[0]
        assert words["against"] is None
        assert words["words"][0].startswith("The first release here: image")
        assert "Deployment chat-api" in [f["title"] for f in words["files"]]

        refused = await haneul.post(f"{API}/deployments/2/review", json={"decision": "approve", "bundles": {"kr": kr["bundle"]}})
        assert (refused.status_code, refused.json()["code"]) == (403, "access.not_allowed")
        stale = await minjun.post(f"{API}/deployments/2/review", json={"decision": "approve", "bundles": {"kr": "0" * 64}})
        assert (stale.status_code, stale.json()["code"]) == (409, "delivery.release_changed")
        both = {"kr": kr["bundle"], "jp": jp["bundle"]}
        now = (await minjun.post(f"{API}/deployments/2/review", json={"decision": "approve", "bundles": both})).json()
        assert [a["person"] for x in now["rollouts"] for a in x["approvals"]] == ["minjun", "minjun"]
        await chat.settled()
        assert (await haneul.get(f"{API}/deployments/2")).json()["state"] == "healthy"

        places = (await haneul.get(f"{API}/places")).json()
        assert [(p["environment"], p["region"], p["running_number"]) for p in places] == [
            *(("alpha", "kr", 1), ("prod", "kr", 2), ("prod", "jp", 2), ("prod", "uk", None)),
        ]
        found = (await haneul.get(f"{API}/deployments/2/manifests", params={"region": "kr"})).json()
        assert found["addresses"] == ["http://chat-api.chat-api.svc"]
        assert {"path": "port", "value": 8080, "source": "project"} in found["values"]
        release = (await haneul.get(f"{API}/releases/{now['release']}")).json()
        assert [b["hash"] for b in release["bundles"]] == [jp["bundle"], kr["bundle"]]

        nowhere = await minjun.post(f"{API}/roll-back", json={"environment": "prod", "region": "kr"})
        assert (nowhere.status_code, nowhere.json()["code"]) == (409, "delivery.nothing_to_go_back_to")


async def test_what_is_said_stays_and_what_is_halted_is_tried_again(chat: Shop) -> None:
    await chat.ask(await chat.healthy_alpha(), "prod", ["uk"])
    async with program(chat, "minjun") as minjun:
        at = f"{API}/deployments/2"
        assert (await minjun.post(f"{at}/comments", json={"text": "Hold on."})).status_code == 201
        assert (await minjun.post(f"{at}/comments", json={"text": ""})).status_code == 422
        assert [(c["person"], c["text"]) for c in (await minjun.get(f"{at}/comments")).json()] == [("minjun", "Hold on.")]
        assert (await minjun.post(f"{at}/halt", json={"why": "campaign"})).json()["rollouts"][0]["state"] == "halted"
        assert (await minjun.post(f"{at}/halt", json={})).status_code == 409
        assert (await minjun.post(f"{at}/retry")).json()["rollouts"][0]["state"] == "waiting"
        listed = (await minjun.get(f"{API}/deployments", params={"q": "is:open env:prod"})).json()
        assert [d["number"] for d in listed["items"]] == [2]
        assert (listed["open"], listed["finished"]) == (1, 0)
        everywhere = (await minjun.get("/api/v1/deployments", params={"q": "author:@me"})).json()
        assert everywhere["items"] == []
        assert (await minjun.get(f"{API}/deployments", params={"q": "is:sunny"})).status_code == 422
        far = 10**20
        for path in (f"deployments/{far}", f"builds/{far}", f"deployments/{far}/changes"):
            assert (await minjun.get(f"{API}/{path}")).status_code == 404, path
        odd = await minjun.post(f"{API}/deployments", json={"environment": "prod", "build": far})
        assert odd.status_code == 404
        odd = await minjun.post(f"{API}/roll-back", json={"environment": "prod", "region": "uk", "to": far})
        assert odd.status_code == 409
        assert (await minjun.get(f"{API}/builds", params={"cursor": far})).status_code == 200
        none = await minjun.post(f"{API}/deployments", json={"environment": "prod", "regions": ["mars"]})
        assert (none.status_code, none.json()["code"]) == (422, "delivery.no_targets")


async def test_a_secret_comes_out_of_nowhere(chat: Shop) -> None:
    async with program(chat, "haneul") as haneul:
        put = await haneul.put(f"{API}/secrets/API_TOKEN", json={"value": "hunter2-is-secret", "environment": "prod"})
        assert put.json()["value"] is None
        assert len(put.json()["fingerprint"]) == 8
        await haneul.put(f"{API}/config/LOG_LEVEL", json={"value": "info"})
        found = (await haneul.get(f"{API}/config")).json()
        assert [(e["kind"], e["key"], e["environment"], e["value"]) for e in found] == [
            ("secret", "API_TOKEN", "prod", None),
            ("variable", "LOG_LEVEL", "", "info"),
        ]
        await chat.ask(await chat.healthy_alpha(), "prod", ["kr"])
        pages = ["/config", "/deployments/2", "/deployments/2/changes", "/deployments/2/manifests?region=kr", "/places"]
        pages += [f"/releases/{(await haneul.get(f'{API}/deployments/2')).json()['release']}"]
        said = "".join([(await haneul.get(API + p)).text for p in pages])
        said += (await haneul.get("/api/v1/activity", params={"project": PROJECT})).text
        assert "API_TOKEN" in said
        assert "hunter2" not in said
        wrong = await haneul.put(f"{API}/config/1BAD", json={"value": "x"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "delivery.config_invalid")
        assert (await haneul.delete(f"{API}/secrets/API_TOKEN")).status_code == 404
        assert (await haneul.delete(f"{API}/secrets/API_TOKEN", params={"environment": "prod"})).status_code == 204
        assert (await haneul.delete(f"{API}/config/LOG_LEVEL")).status_code == 204
        assert (await haneul.get(f"{API}/config")).json() == []


async def test_values_of_the_paved_road_are_held_to_its_schema(chat: Shop) -> None:
    async with program(chat, "haneul") as haneul:
        wanted = {"values": {"replicas": 3, "resources": {"memory": "256Mi"}}, "environment": "prod", "auto_alpha": True}
        now = (await haneul.patch(f"{API}/delivery", json=wanted)).json()
        assert now["auto_alpha"] is True
        assert {"environment": "prod", "region": "", "values": wanted["values"]} in now["values"]
        for values in ({"replicas": "three"}, {"replcias": 3}, {"image": {"tag": "x"}}):
            answer = await haneul.patch(f"{API}/delivery", json={"values": values})
            assert (answer.status_code, answer.json()["code"]) == (422, "delivery.value_invalid"), values
        assert (await haneul.get(f"{API}/delivery")).json() == now


async def _source(chat: Shop, folder: Path) -> str:
    address = repository(folder, {"Dockerfile": "FROM scratch\nCOPY hello /hello\nUSER 1000\n", "hello": "hello"})
    async with chat.living.transaction(HANEUL) as tx:
        await catalog.change(tx, chat.living.house.seal, PROJECT, repository=address)
    return address


async def test_a_commit_is_built_once_and_its_log_is_followed(chat: Shop, tmp_path: Path) -> None:
    await _source(chat, tmp_path / "source")
    async with program(chat, "haneul") as haneul:
        assert (await haneul.post(f"{API}/builds", json={"ref": "no-such-branch"})).status_code in (404, 422)
        made = await haneul.post(f"{API}/builds", json={})
        assert made.status_code == 202, made.text
        number = made.json()["number"]
        log = (await haneul.get(f"{API}/builds/{number}/log", params={"follow": True})).text
        assert "Commit " in log
        await chat.settled()
        now = (await haneul.get(f"{API}/builds/{number}")).json()
        assert (now["state"], now["simulated"], now["digest"][:7]) == ("succeeded", True, "sha256:")
        again = await haneul.post(f"{API}/builds", json={"ref": "main"})
        assert again.json()["number"] == number
        assert (await haneul.get(f"{API}/builds/{number}/log", params={"after": 1})).text in log
        assert [b["number"] for b in (await haneul.get(f"{API}/builds")).json()["items"]] == [number]
        assert (await haneul.post(f"{API}/builds/{number}/cancel")).status_code == 409
        deployed = await haneul.post(f"{API}/deployments", json={"environment": "alpha"})
        assert deployed.status_code == 201


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """GitHub's header."""
    return {"x-hub-signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


async def test_a_push_is_heard_once_and_only_with_its_signature(chat: Shop) -> None:
    sha = "ab" * 20
    commit = {"id": sha, "message": "Faster\n\nBody", "timestamp": "2026-11-01T00:00:00Z", "author": {"name": "김하늘"}}
    push = {"ref": "refs/heads/main", "after": sha, "repository": {"clone_url": "https://git.test/chat-api"}}
    body = json.dumps({**push, "head_commit": commit}).encode()
    async with chat.living.client() as stranger:
        for headers in ({}, signed(body, "another"), {"x-hub-signature-256": "sha256=nonsense"}):
            answer = await stranger.post("/webhooks/github", content=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "delivery.webhook_forged"), headers
        first = await stranger.post("/webhooks/github", content=body, headers=signed(body))
        assert (first.status_code, first.json()) == (202, {"builds": ["chat-api#1"]})
        again = await stranger.post("/webhooks/github", content=body, headers=signed(body))
        assert (again.status_code, again.json()) == (202, {"builds": []})
        garbage = await stranger.post("/webhooks/github", content=b"{}", headers=signed(b"{}"))
        assert garbage.status_code == 422
    async with chat.living.reading() as r:
        build = await service.builds.build(r, PROJECT, 1)
        assert (build.commit.sha, build.commit.subject, build.by) == (sha, "Faster", "podo")
    async with program(chat, "haneul") as haneul:
        assert (await haneul.get(f"{API}/delivery")).json()["hooked"] is True


# What each may be answered: read by everybody, operated by the team and SREs, decided by others than who asked.
READS = ("builds", "builds/1", "builds/1/log", "config", "delivery", "deployments", "deployments/2", "deployments/2/comments")
READS += ("deployments/2/changes", "deployments/2/manifests?region=kr", "places")
OPERATES: dict[str, tuple[str, Any]] = {
    "builds": ("POST", {"ref": ""}),
    "builds/1/cancel": ("POST", None),
    "config/A": ("PUT", {"value": "1"}),
    "config/B": ("DELETE", None),
    "secrets/C": ("PUT", {"value": "1"}),
    "secrets/D": ("DELETE", None),
    "delivery": ("PATCH", {"polled": False}),
    "deployments": ("POST", {"environment": "alpha"}),
    "deployments/2/reseal": ("POST", None),
    "deployments/2/halt": ("POST", {}),
    "deployments/2/retry": ("POST", None),
    "roll-back": ("POST", {"environment": "alpha", "region": "kr"}),
}


async def test_who_may_what(chat: Shop) -> None:
    await chat.ask(await chat.healthy_alpha(), "prod", ["kr"])
    async with AsyncExitStack() as stack:
        everybody = {
            name: await stack.enter_async_context(program(chat, name)) for name in ("haneul", "minjun", "oliver", "emma")
        }
        stranger = await stack.enter_async_context(chat.living.client())
        limited = await _limited(stack, chat, ("read",))
        for path in READS:
            assert (await stranger.get(f"{API}/{path}")).status_code == 401, path
            for name, client in {**everybody, "limited": limited}.items():
                assert (await client.get(f"{API}/{path}")).status_code == 200, (name, path)
        for path, (method, body) in OPERATES.items():
            assert (await stranger.request(method, f"{API}/{path}", json=body)).status_code == 401, path
            for client in (everybody["emma"], limited):
                answer = await client.request(method, f"{API}/{path}", json=body)
                assert (answer.status_code, answer.json()["code"]) == (403, "access.not_allowed"), path
            for name in ("haneul", "oliver"):
                allowed = await everybody[name].request(method, f"{API}/{path}", json=body)
                assert allowed.status_code not in (401, 403), (name, path, allowed.text)
        now = (await limited.get(f"{API}/deployments/2")).json()["rollouts"][0]
        assert now["state"] == "waiting"
        review = {"decision": "request_changes", "bundles": {"kr": now["bundle"]}}
        statuses = {n: (await c.post(f"{API}/deployments/2/review", json=review)).status_code for n, c in everybody.items()}
        assert statuses == {"haneul": 403, "minjun": 200, "oliver": 200, "emma": 403}
        assert (await everybody["emma"].post(f"{API}/deployments/2/comments", json={"text": "Hm."})).status_code == 201
        assert (await stranger.post(f"{API}/deployments/2/comments", json={"text": "Hm."})).status_code == 401


async def _limited(stack: AsyncExitStack, chat: Shop, scopes: tuple[str, ...]) -> httpx.AsyncClient:
    secret = await token(chat.living, HANEUL, scopes)
    return await stack.enter_async_context(chat.living.client(headers={"authorization": f"Bearer {secret}"}))


async def test_a_cancelled_build_ends(chat: Shop) -> None:
    from podo.delivery.types import Commit
    from podo.kernel import clock

    async with chat.living.transaction() as tx:
        made = await service.builds.queue(tx, PROJECT, Commit("c" * 40, "Slow", "김하늘", clock.now()), "main", HANEUL.id)
    async with program(chat, "minjun") as minjun:
        answer = await minjun.post(f"{API}/builds/{made.number}/cancel")
        assert answer.status_code in (200, 409)
        await chat.settled()
        state = (await minjun.get(f"{API}/builds/{made.number}")).json()["state"]
        assert state in (BuildState.cancelled, BuildState.failed)
