"""Pages, API and `podo` offer the same verbs, and the API does what the pages do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click
import httpx

from podo.access import service as access
from podo.catalog.api import routes as api
from podo.catalog.cli import commands
from podo.catalog.pages import routes as pages
from podo.kernel import clock
from podo.kernel.nouns import Actor
from tests.domains.catalog import town
from tests.domains.catalog.town import EMMA, SEOYEON
from tests.houses import Living

# What only shows: a page says it, without a form.
READING = {
    *("catalog.list", "catalog.show", "catalog.owners", "catalog.namespaces", "catalog.name", "catalog.search"),
    *("catalog.answers", "catalog.record", "catalog.offers", "catalog.open_offers", "catalog.rehearse"),
    *("catalog.environments", "catalog.regions", "catalog.clusters"),
    *("catalog.assets", "catalog.asset_counts", "catalog.asset", "catalog.orphans", "catalog.coverage"),
    *("catalog.facts", "catalog.dependencies", "catalog.on_call", "catalog.changes", "catalog.retirement"),
    *("catalog.scores", "catalog.scorecard", "catalog.team_scores", "catalog.score_trend", "catalog.score_rules"),
    *(
        "catalog.accounts",
        "catalog.inventories",
        "catalog.tag_plans",
        "catalog.tag_plan",
        "catalog.tag_changes",
        "catalog.tag_drift",
    ),
    *("catalog.score_words", "catalog.export", "catalog.export_one"),
}


def _verbs(command: click.Command) -> set[str]:
    mine: set[str] = set(getattr(command, "verbs", ()))
    return mine.union(*(_verbs(c) for c in command.commands.values())) if isinstance(command, click.Group) else mine


def test_pages_api_and_podo_offer_the_same_verbs() -> None:
    offered = {d.verb for routes in api for d in routes.declared}
    sent = {d.verb for routes in pages for d in routes.declared if d.face == "form"}
    assert sent | READING == offered
    assert sent & READING == set()
    assert set().union(*(_verbs(command) for command in commands)) == offered


def test_forms_and_api_need_the_same_permission() -> None:
    by_api = {d.verb: d.permission for routes in api for d in routes.declared}
    looks = "catalog.look"  # A project's own page looks with the project's credential, so it asks for more.
    different = [
        d for routes in pages for d in routes.declared if d.face == "form" and d.verb != looks and by_api[d.verb] != d.permission
    ]
    assert different == []


async def _client(house: Living, person: Actor) -> httpx.AsyncClient:
    async with house.transaction(person) as tx:
        _, secret = await access.create_token(
            tx, "test", ["read", "operate", "own", "govern"], clock.now() + timedelta(days=1), []
        )
    return house.client(headers={"authorization": f"Bearer {secret}"})


async def test_the_api_registers_changes_moves_and_deletes(house: Living, tmp_path: Path) -> None:
    at = town.repository(tmp_path / "web", {"Dockerfile": "FROM scratch\nEXPOSE 9000\n"}, branch="trunk")
    async with await _client(house, SEOYEON) as client:
        looked = (await client.post("/api/v1/repositories/look", json={"repository": str(at)})).json()
        assert (looked["branch"], looked["dockerfiles"][0]["ports"]) == ("trunk", [9000])
        assert (await client.get("/api/v1/names/chat-web")).json()["free"] is True
        assert (await client.get("/api/v1/names/Chat_Web")).json()["better"] == "chat-web"
        wanted = {"slug": "chat-web", "team": "chat", "repository": str(at)}
        made = await client.post("/api/v1/projects", json=wanted)
        assert made.status_code == 201, made.text
        assert made.json()["branch"] == "trunk"
        assert made.json()["places"] == [{"environment": "alpha", "region": "kr"}, {"environment": "prod", "region": "kr"}]
        taken = await client.post("/api/v1/projects", json=wanted)
        assert (taken.status_code, taken.json()["code"]) == (409, "catalog.name_taken")
        await house.settled()
        spaces = (await client.get("/api/v1/projects/chat-web/namespaces")).json()
        assert {s["cluster"]: s["state"] for s in spaces} == {"alpha-kr": "ready", "prod-kr": "ready"}
        changed = await client.patch("/api/v1/projects/chat-web", json={"title": "Web", "credential": "t"})
        assert (changed.json()["title"], changed.json()["private"], changed.json()["port"]) == ("Web", True, 8080)
        assert (await client.patch("/api/v1/projects/chat-web", json={"credential": ""})).json()["private"] is False
        assert (await client.patch("/api/v1/projects/chat-web", json={"port": 0})).json()["code"] == "catalog.wrong_port"
        moved = await client.put("/api/v1/projects/chat-web/targets", json={"places": [{"environment": "prod", "region": "jp"}]})
        assert moved.json()["places"] == [{"environment": "prod", "region": "jp"}]
        assert (await client.get("/api/v1/projects", params={"region": "jp"})).json()["total"] == 1
        assert (await client.post("/api/v1/projects/chat-web/namespaces/prod-jp/retry")).status_code == 204
        refused = await client.post("/api/v1/projects/chat-web/transfer", json={"team": "search", "why": "moved"})
        assert refused.status_code == 403
        offered = await client.post("/api/v1/projects/chat-web/offers", json={"team": "search", "why": "moved"})
        assert (offered.status_code, offered.json()["state"]) == (201, "open")
        async with await _client(house, EMMA) as other:
            given = await other.post("/api/v1/projects/chat-web/offers/search/accept")
            assert given.json()["team"] == "team-3"
        assert [o["team"] for o in (await client.get("/api/v1/projects/chat-web/owners")).json()] == ["team-3", "team-2"]
        refused = await client.request("DELETE", "/api/v1/projects/chat-web", json={"typed": "chat-web"})
        assert (refused.status_code, refused.json()["code"]) == (403, "access.not_allowed")
    async with await _client(house, EMMA) as client:
        gone = await client.request("DELETE", "/api/v1/projects/chat-web", json={"typed": "chat-web"})
        assert gone.status_code == 204
        hits = (await client.get("/api/v1/search", params={"q": "chat"})).json()
        assert [h["kind"] for h in hits] == ["team"]


async def test_the_api_sets_and_removes_places(house: Living) -> None:
    async with await _client(house, EMMA) as client:
        calls = [
            ("PUT", "/regions/uk", {"name": "United Kingdom", "timezone": "Europe/London", "order": 2}, 204),
            ("PUT", "/environments/stage", {"order": 1}, 204),
            ("POST", "/clusters", {"name": "prod-uk", "region": "uk", "environments": ["prod"], "kind": "twin"}, 204),
            ("POST", "/clusters", {"name": "prod-uk-2", "region": "uk", "environments": ["prod"], "kind": "twin"}, 422),
            ("POST", "/clusters", {"name": "stage-uk", "region": "uk", "environments": ["stage"], "kubeconfig": "{"}, 422),
            ("DELETE", "/regions/uk", None, 409),
            ("DELETE", "/clusters/prod-uk", None, 204),
            ("DELETE", "/clusters/prod-uk", None, 404),
            ("DELETE", "/regions/uk", None, 204),
            ("DELETE", "/environments/stage", None, 204),
        ]
        for method, path, body, status in calls:
            answer = await client.request(method, f"/api/v1{path}", json=body)
            assert answer.status_code == status, (method, path, answer.text)
        assert [e["name"] for e in (await client.get("/api/v1/environments")).json()] == ["alpha", "prod"]
        assert [g["code"] for g in (await client.get("/api/v1/regions")).json()] == ["kr", "jp"]
        known = (await client.get("/api/v1/clusters")).json()
        assert {c["name"]: c["state"] for c in known} == dict.fromkeys(town.CLUSTERS, "connected")
        assert "kubeconfig" not in known[0]
