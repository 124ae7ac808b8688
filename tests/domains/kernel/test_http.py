"""The web's edges: who asks, forged forms, errors in words, headers, live news."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.responses import PlainTextResponse, Response

from podo.kernel.db import Database
from podo.kernel.db.models import observed_metadata
from podo.kernel.domains import House, News, Ports, Slots
from podo.kernel.durable import Durable
from podo.kernel.errors import N_, Conflict, TooMany
from podo.kernel.events import log
from podo.kernel.http import ANYONE, SIGNED_IN, Identity, IdentitySource, Routes, Web
from podo.kernel.http.live import Hub
from podo.kernel.http.routes import form
from podo.kernel.http.site import site
from podo.kernel.http.web import COOKIE, WebIn
from podo.kernel.nouns import Actor, ActorKind
from podo.kernel.settings import Seal, Settings
from podo.kernel.settings.seal import key_from
from tests.domains.kernel.conftest import StoneLaid

SEOYEON = Actor(ActorKind.person, "prs-1")


class TooLate(Conflict):
    """For tests."""

    code = "test.too_late"
    so = N_("{name} has left.")
    do = N_("Take the next one.")


class Door:
    """Knows one session and one token."""

    async def identify(self, *, cookie: str | None, bearer: str | None) -> Identity | None:
        if cookie == "good":
            return Identity(SEOYEON, "이서연", csrf="right")
        if bearer == "token":
            return Identity(Actor(ActorKind.token, "prs-1", "tok-1"), "이서연")
        return None

    async def is_in(self, *, cookie: str | None, bearer: str | None) -> bool:
        return await self.identify(cookie=cookie, bearer=bearer) is not None


class StoneIn(BaseModel):
    name: str


def _routes() -> Routes:
    routes = Routes("test", tag="Test")

    @routes.api("POST", "/api/v1/stones", verb="test.lay", permission=SIGNED_IN, status=201)
    async def lay(stone: StoneIn, w: Web = WebIn) -> dict[str, str]:
        """Lay a stone."""
        async with w.transaction() as tx:
            tx.say(StoneLaid(project="p", name=stone.name))
        return {"by": w.actor.id}

    @routes.form("/stones", verb="test.lay", permission=SIGNED_IN)
    async def lay_form(w: Web = WebIn) -> object:
        """Lay a stone."""
        f = await form(w)
        return w.go(f["next"], said="돌을 놓았습니다")

    @routes.api("GET", "/api/v1/late", verb="test.late", permission=ANYONE)
    async def late() -> None:
        """Too late."""
        raise TooLate(name="The train")

    @routes.page("/late", permission=ANYONE)
    async def late_page() -> None:
        """Too late."""
        raise TooLate(name="<The train>")

    @routes.api("GET", "/api/v1/often", verb="test.often", permission=ANYONE)
    async def often() -> None:
        """Too often."""
        raise TooMany(after=7)

    @routes.api("GET", "/api/v1/bug", verb="test.bug", permission=ANYONE)
    async def bug() -> None:
        """A fault of ours."""
        raise ZeroDivisionError("secret detail")

    return routes


@pytest.fixture
async def app(database: Database, tmp_path: Path) -> AsyncIterator[FastAPI]:
    observed = Database(f"sqlite:///{tmp_path}/observed.db", metadata=observed_metadata)
    house = House(
        settings=Settings({}),
        database=database,
        observed=observed,
        durable=Durable(database, f"sqlite:///{tmp_path}/engine.db"),
        seal=Seal([key_from(tmp_path / "key")]),
        ports=Ports(),
        slots=Slots([]),
    )
    house.ports.put(IdentitySource, Door())
    house.ports.put(News, Hub())

    async def ready() -> dict[str, str]:
        return {"clusters": "prod-kr-1 does not answer"}

    yield site(house, [_routes()], readiness=ready)
    await observed.close()


@pytest.fixture
async def anyone(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://podo") as client:
        yield client


async def test_a_word_wins_over_a_parameter_whichever_domain_brings_it(app: FastAPI) -> None:
    lower, higher = Routes("lower", tag="Lower"), Routes("higher", tag="Higher")

    @lower.page("/{project}", permission=ANYONE)
    async def project(project: str) -> Response:
        return PlainTextResponse(f"project {project}")

    @higher.page("/inbox", permission=ANYONE)
    async def inbox() -> Response:
        return PlainTextResponse("inbox")

    async def ready() -> dict[str, str]:
        return {}

    both = site(app.state.house, [lower, higher], readiness=ready)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(both), base_url="http://podo") as client:
        answers = [(await client.get(path)).text for path in ("/inbox", "/chat-api", "/healthz")]
    assert answers == ["inbox", "project chat-api", "ok"]


async def test_a_token_may_call_and_nobody_may_not(anyone: httpx.AsyncClient) -> None:
    done = await anyone.post("/api/v1/stones", json={"name": "a"}, headers={"authorization": "Bearer token"})
    assert (done.status_code, done.json()) == (201, {"by": "prs-1"})
    refused = await anyone.post("/api/v1/stones", json={"name": "a"}, headers={"authorization": "Bearer other"})
    assert (refused.status_code, refused.json()["code"]) == (401, "podo.sign_in")
    page = await anyone.get("/-/patterns", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=/-/patterns")


@pytest.mark.parametrize(("sent", "status"), [("right", 303), ("wrong", 403), ("", 403)])
async def test_a_form_needs_its_pages_token(anyone: httpx.AsyncClient, sent: str, status: int) -> None:
    anyone.cookies.set(COOKIE, "good")
    answer = await anyone.post("/stones", data={"csrf": sent, "next": "/p"})
    assert answer.status_code == status
    api = await anyone.post("/api/v1/stones", json={"name": "a"}, headers={"x-csrf-token": sent})
    assert api.status_code == (201 if status == 303 else 403)


@pytest.mark.parametrize("bad", ["//evil.example", "https://evil.example", "/\\evil.example", ""])
async def test_a_form_never_sends_to_another_site(anyone: httpx.AsyncClient, bad: str) -> None:
    anyone.cookies.set(COOKIE, "good")
    answer = await anyone.post("/stones", data={"csrf": "right", "next": bad})
    assert answer.headers["location"] == "/"


async def test_an_error_says_what_is_so_and_what_to_do_to_programs_and_people(anyone: httpx.AsyncClient) -> None:
    answer = await anyone.get("/api/v1/late", headers={"x-request-id": "abc123"})
    body = answer.json()
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert (body["code"], body["title"], body["detail"]) == ("test.too_late", "The train has left.", "Take the next one.")
    assert (body["request_id"], answer.headers["x-request-id"]) == ("abc123", "abc123")
    page = await anyone.get("/late", headers={"accept": "text/html"})
    assert page.status_code == 409
    assert "&lt;The train&gt; has left." in page.text
    assert page.headers["x-request-id"] in page.text


async def test_a_fault_of_ours_tells_nothing_of_itself(anyone: httpx.AsyncClient) -> None:
    answer = await anyone.get("/api/v1/bug")
    assert (answer.status_code, answer.json()["code"]) == (500, "podo.broken")
    assert "secret detail" not in answer.text
    often = await anyone.get("/api/v1/often")
    assert (often.status_code, often.headers["retry-after"]) == (429, "7")
    unreadable = await anyone.post("/api/v1/stones", json={}, headers={"authorization": "Bearer token"})
    assert (unreadable.status_code, unreadable.json()["code"]) == (422, "http.unreadable")
    assert "name" in unreadable.json()["title"]
    missing = await anyone.get("/nowhere", headers={"accept": "text/html"})
    assert missing.status_code == 404
    assert "/nowhere" in missing.text


async def test_every_answer_has_the_headers_that_keep_browsers_safe(anyone: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/api/v1/late", "/nowhere"):
        headers = (await anyone.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"


async def test_the_probes_say_what_is_missing_and_metrics_count_by_route(anyone: httpx.AsyncClient) -> None:
    assert (await anyone.get("/healthz")).text == "ok"
    ready = await anyone.get("/readyz")
    assert (ready.status_code, ready.text) == (503, "clusters: prod-kr-1 does not answer")
    await anyone.get("/api/v1/late")
    text = (await anyone.get("/metrics")).text
    assert 'podo_http_request_duration_seconds_count{method="GET",route="/api/v1/late",status="409"}' in text


async def test_the_api_documents_itself(anyone: httpx.AsyncClient) -> None:
    document = (await anyone.get("/api/openapi.json")).json()
    assert document["paths"]["/api/v1/stones"]["post"]["x-podo-permission"] == SIGNED_IN
    page = await anyone.get("/api/docs", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "/api/v1/stones" in page.text
    assert "Lay a stone." in page.text


async def test_live_pages_hear_news_of_their_topics_and_what_they_missed(app: FastAPI, database: Database) -> None:
    house, hub = app.state.house, app.state.house.ports[News]

    async def say(*names: str) -> None:
        async with database.transaction(SEOYEON) as tx:
            for name in names:
                tx.say(StoneLaid(project=name, name=name))
        hub.sealed(await log.seal(database))

    class Asking:
        def __init__(self, last: str) -> None:
            self.headers = {"last-event-id": last}

    async def frames(stream: AsyncIterator[bytes], count: int) -> list[tuple[str, list[str]]]:
        found: list[tuple[str, list[str]]] = []
        async for chunk in stream:
            lines = dict(line.split(": ", 1) for line in chunk.decode().strip().splitlines() if ": " in line)
            if "data" in lines:
                found.append((lines.get("id", ""), json.loads(lines["data"])))
            if len(found) == count:
                return found
        return found

    await say("p", "q")
    fresh = hub.stream(Asking(""), house, frozenset({"project:p"}))
    reading = asyncio.create_task(frames(fresh, 3))
    await asyncio.sleep(0.05)
    await say("q", "p")
    hub.observed("p")
    other = hub.stream(Asking(""), house, frozenset({"observed:p"}))
    also = asyncio.create_task(frames(other, 2))
    await asyncio.sleep(0.05)
    await say("p")
    hub.observed("p")
    assert await asyncio.wait_for(reading, 5) == [("2", []), ("4", ["project:p"]), ("5", ["project:p"])]
    # What runs has no position: what was observed while the page was on its way is told at once.
    assert await asyncio.wait_for(also, 5) == [("4", ["observed:p"]), ("", ["observed:p"])]
    back = hub.stream(Asking("2"), house, frozenset({"project:p"}))
    assert await asyncio.wait_for(frames(back, 1), 5) == [("5", ["project:p"])]
