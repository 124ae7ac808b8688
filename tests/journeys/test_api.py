"""From git push to three regions, and back, through the JSON API."""

from __future__ import annotations

import base64
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from podo.clients.kubernetes.types import Kind
from tests.journeys.world import CRASHES_IN_JP, World, eventually

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]

PROJECT = "hello"
ROOT = f"/api/v1/projects/{PROJECT}"


class Caller:
    """Somebody with a token."""

    def __init__(self, address: str, token: str) -> None:
        self.http = httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {token}"}, timeout=60)

    async def __call__(self, method: str, path: str, body: Any = None, *, status: int = 0) -> Any:
        """The answer's JSON, of a status that is fine or the one that is named."""
        answer = await self.http.request(method, path, json=body)
        assert answer.status_code == status if status else answer.is_success, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content and "json" in answer.headers.get("content-type", "") else answer.text


async def test_from_git_push_to_three_regions_and_back(newcomer: World) -> None:
    async with AsyncExitStack() as stack:
        who = [Caller(newcomer.address, await newcomer.token(p)) for p in ("haneul", "minjun", "emma")]
        for caller in who:
            await stack.enter_async_context(caller.http)
        await _story(newcomer, *who)


async def _story(newcomer: World, haneul: Caller, minjun: Caller, emma: Caller) -> None:
    await _register(newcomer, haneul, emma)
    await _built_once_and_in_alpha(newcomer, haneul)

    # Production: three rollouts, each with its own approval, in the train's order.
    of = await _to_production(haneul, minjun, newcomer)
    secret = await (await newcomer.cluster("prod", "kr")).get(
        Kind("v1", "Secret").ref(_name(newcomer, "prod") + "-secrets", PROJECT)
    )
    assert base64.b64decode(secret["data"]["SECRET"]) == b"carrots"

    # What runs: health, logs, restart, scale.
    await _operate(newcomer, minjun)
    await _fails_in_jp_and_goes_back(newcomer, haneul, minjun, of)
    await _is_told(haneul)


async def _register(newcomer: World, haneul: Caller, emma: Caller) -> None:
    # Register, from a real repository; the name is checked, and another namespace of that name would be found.
    look = await haneul("POST", "/api/v1/repositories/look", {"repository": str(newcomer.repository)})
    assert [d["path"] for d in look["dockerfiles"]] == ["Dockerfile"]
    assert (await haneul("GET", "/api/v1/names/Hello"))["free"] is False
    assert (await haneul("GET", f"/api/v1/names/{PROJECT}"))["free"] is True
    wanted = {
        "slug": PROJECT,
        "team": "chat",
        "repository": str(newcomer.repository),
        "places": [{"environment": e, "region": r} for e, r in [("alpha", "kr"), ("prod", "kr"), ("prod", "jp"), ("prod", "uk")]],
    }
    await emma("POST", "/api/v1/projects", wanted, status=403)
    await haneul("POST", "/api/v1/projects", wanted, status=201)
    await haneul("POST", "/api/v1/projects", wanted, status=409)
    await haneul("PATCH", f"{ROOT}/delivery", {"values": {"rollout": {"minReadySeconds": 0}}})

    # Configuration: a secret is shown to nobody afterwards.
    await haneul("PUT", f"{ROOT}/config/NAME", {"value": "neighbour"})
    await haneul("PUT", f"{ROOT}/secrets/SECRET", {"value": "carrots"})
    assert "carrots" not in str(await haneul("GET", f"{ROOT}/config"))


async def _built_once_and_in_alpha(newcomer: World, haneul: Caller) -> None:
    # The commit is seen, built once, and brought to alpha by itself.
    first = await _alpha_healthy(newcomer, haneul, "Say hello")
    log = await haneul("GET", f"{ROOT}/builds/{first['build']}/log")
    assert "Dockerfile" in log or "STEP" in log
    build = await haneul("GET", f"{ROOT}/builds/{first['build']}")
    assert build["simulated"] is not newcomer.builds_really
    assert build["digest"].startswith("sha256:")
    again = await haneul(
        "POST", f"{ROOT}/builds", {"ref": build["commit"]["sha"] if isinstance(build["commit"], dict) else build["commit"]}
    )
    assert again["number"] == build["number"]


async def _fails_in_jp_and_goes_back(newcomer: World, haneul: Caller, minjun: Caller, of: Any) -> None:
    # A push that crashes in jp is put back there; uk never sees it, kr keeps it.
    podo_yaml = newcomer.repository / "podo.yaml"
    podo_yaml.write_text(podo_yaml.read_text() + CRASHES_IN_JP)
    await newcomer.push("good day")
    second = await _alpha_healthy(newcomer, haneul, "Say good day")
    assert second["release"] != of["release"]
    next_ = await haneul("POST", f"{ROOT}/deployments", {"environment": "prod"}, status=201)
    for region in ("kr", "jp", "uk"):
        await _approve(minjun, next_["number"], region)
    await _state(haneul, next_["number"], {"kr": "healthy", "jp": "rolled back", "uk": "cancelled"})
    places = {(p["environment"], p["region"]): p for p in await haneul("GET", f"{ROOT}/places")}
    assert [places["prod", r]["running_number"] for r in ("kr", "jp", "uk")] == [next_["number"], of["number"], of["number"]]

    # Back in kr: no build, no approval, and git may be gone.
    newcomer.repository.rename(newcomer.repository.with_name("gone"))
    back = await haneul("POST", f"{ROOT}/roll-back", {"environment": "prod", "region": "kr"}, status=201)
    await _state(haneul, back["number"], {"kr": "healthy"})
    assert back["release"] == of["release"]
    assert (await haneul("GET", f"{ROOT}/deployments/{next_['number']}"))["rollouts"][0]["state"] == "rolled back"


async def _is_told(haneul: Caller) -> None:
    # The timeline tells each of these acts, and the chain of hashes fits.
    told = await haneul("GET", f"/api/v1/activity?project={PROJECT}&limit=200")
    codes = [e["code"] for e in told["items"]]
    for code in ("catalog.project_registered", "delivery.secret_set", "delivery.build_succeeded", "delivery.rollout_approved"):
        assert code in codes
    for code in ("delivery.rollout_healthy", "delivery.rollback_asked", "workloads.restart_asked", "workloads.scale_asked"):
        assert code in codes
    assert "carrots" not in str(told)


async def _alpha_healthy(newcomer: World, who: Caller, title: str) -> Any:
    async def look() -> Any:
        found = await who("GET", f"{ROOT}/deployments?q=env:alpha")
        return next((d for d in found["items"] if d["title"] == title and d["state"] == "healthy"), None)

    return await eventually(look)


async def _to_production(haneul: Caller, minjun: Caller, newcomer: World) -> Any:
    of = await haneul("POST", f"{ROOT}/deployments", {"environment": "prod"}, status=201)
    number = of["number"]
    assert {r["region"]: r["state"] for r in of["rollouts"]} == {"kr": "waiting", "jp": "waiting", "uk": "waiting"}
    await haneul("POST", f"{ROOT}/deployments/{number}/review", _review(of, "kr"), status=403)
    waiting = await minjun("GET", "/api/v1/home")
    assert f"/{PROJECT}/deployments/{number}" in str(waiting)
    changes = await minjun("GET", f"{ROOT}/deployments/{number}/changes?region=kr")
    assert changes
    await _approve(minjun, number, "jp")
    await _approve(minjun, number, "kr")
    await _state(haneul, number, {"kr": "healthy", "jp": "healthy", "uk": "waiting"})
    times = {r["region"]: r for r in (await haneul("GET", f"{ROOT}/deployments/{number}"))["rollouts"]}
    assert times["jp"]["started_at"] > times["kr"]["healthy_at"]
    await _approve(minjun, number, "uk")
    return await _state(haneul, number, {"kr": "healthy", "jp": "healthy", "uk": "healthy"})


async def _approve(who: Caller, number: int, region: str) -> None:
    now = await who("GET", f"{ROOT}/deployments/{number}")
    await who("POST", f"{ROOT}/deployments/{number}/review", _review(now, region))


def _review(of: Any, region: str) -> Any:
    return {"decision": "approve", "bundles": {r["region"]: r["bundle"] for r in of["rollouts"] if r["region"] == region}}


async def _state(who: Caller, number: int, wanted: dict[str, str]) -> Any:
    async def look() -> Any:
        now = await who("GET", f"{ROOT}/deployments/{number}")
        return now if {r["region"]: r["state"] for r in now["rollouts"]} == wanted else None

    return await eventually(look)


async def _operate(newcomer: World, who: Caller) -> None:
    name = _name(newcomer, "prod")
    place = {"environment": "prod", "region": "kr", "kind": "Deployment", "name": name}

    async def seen(ready: int) -> Any:
        views = await who("GET", f"{ROOT}/workloads?environment=prod&region=kr")
        found = [w for v in views for w in v["workloads"] if w["name"] == name]
        return found[0] if found and found[0]["ready"] == ready and found[0]["health"] == "Healthy" else None

    shown = await eventually(lambda: seen(2))
    assert shown["pods"]
    lines = await who("GET", f"{ROOT}/logs?pod={shown['pods'][0]['name']}&tail=20")
    assert isinstance(lines, str)
    await who("POST", f"{ROOT}/workloads/scale", {**place, "replicas": 3}, status=202)
    await eventually(lambda: seen(3))
    await who("POST", f"{ROOT}/workloads/restart", place, status=202)

    async def restarted() -> Any:
        now = await seen(3)
        return now if now and not {p["name"] for p in now["pods"]} & {p["name"] for p in shown["pods"]} else None

    await eventually(restarted)


def _name(newcomer: World, environment: str) -> str:
    return f"{PROJECT}-{environment}" if newcomer.real else PROJECT
