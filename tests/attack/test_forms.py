"""Forged forms, sessions of somebody else's choice, addresses that lead away, and bodies that are too large."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select

from podo.kernel.events.models import EventRow
from podo.kernel.http import ANYONE
from podo.kernel.http.bounds import LARGER, MOST
from podo.kernel.http.web import COOKIE
from tests.domains.delivery.shops import PROJECT, shop
from tests.house.test_faces import declared
from tests.houses import Living

LEAD, MEMBER, STRANGER = "seoyeon", "minjun", "emma"
pytestmark = pytest.mark.asyncio(loop_scope="module")

HTML = {"accept": "text/html"}
FORMS = [row for row in declared() if row.face == "form"]
# Where browsers go when they are told to go there, and what they make of it.
AWAY = [
    *("https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example"),
    *("javascript:alert(1)", "data:text/html,x", "http:evil.example", " //evil.example", "/\n/evil.example", "/\r\nx-evil: yes"),
]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Living]:
    async with shop(Path(tmp_path_factory.mktemp("forms"))) as made:
        yield made.living


def _path(template: str) -> str:
    return re.sub(r"\{[^}]+\}", lambda m: PROJECT if m[0] == "{project}" else "1", template)


async def _said(house: Living) -> int:
    """How much was done: whatever changes anything says so."""
    async with house.reading() as r:
        return await r.session.scalar(select(func.count()).select_from(EventRow)) or 0


async def test_no_form_is_taken_without_the_token_of_its_own_session(house: Living) -> None:
    tried = 0
    async with house.signed_in(LEAD) as victim, house.signed_in(STRANGER) as attacker:
        await attacker.get("/people")
        before = await _said(house)
        for row in FORMS:
            for token in (None, "", "0" * 32, attacker.csrf):
                sent = {"typed": PROJECT, **({} if token is None else {"csrf": token})}
                answer = await victim.client.post(_path(row.path), data=sent)
                assert answer.status_code == 403, (row, token, answer.status_code)
                assert "did not come from a page of yours" in answer.text, row
                tried += 1
        assert await _said(house) == before, "and nothing was done"
    assert tried > 80


async def test_the_api_takes_a_cookie_only_with_the_token_of_its_session(house: Living) -> None:
    async with house.signed_in(LEAD) as victim:
        change = {"title": "Stolen"}
        for sent in ({}, {"x-csrf-token": "wrong"}, {"sec-fetch-site": "cross-site"}):
            answer = await victim.client.patch(f"/api/v1/projects/{PROJECT}", json=change, headers=sent)
            assert (answer.status_code, answer.json()["code"]) == (403, "http.forged")
        # What a form of another site can send: a text that looks like JSON, with the cookie.
        text = '{"title": "Stolen"}'
        answer = await victim.client.patch(f"/api/v1/projects/{PROJECT}", content=text, headers={"content-type": "text/plain"})
        assert answer.status_code == 403
        await victim.get("/people")
        answer = await victim.client.patch(
            f"/api/v1/projects/{PROJECT}", json={"title": "Chat API"}, headers={"x-csrf-token": victim.csrf}
        )
        assert answer.status_code == 200, answer.text


async def test_forms_for_anyone_are_not_taken_from_another_site(house: Living) -> None:
    for row in FORMS:
        if row.permission == ANYONE:
            async with house.client(headers={**HTML, "sec-fetch-site": "cross-site"}) as client:
                answer = await client.post(_path(row.path), data={"person": LEAD, "lang": "ko"})
                assert (answer.status_code, "set-cookie" in answer.headers) == (403, False), row


async def test_no_request_that_only_reads_can_change_anything(house: Living) -> None:
    """Cookies are `lax`: a link of another site carries them, so no page may do anything when it is read."""
    assert [row for row in declared() if row.face == "page" and row.method != "GET"] == []
    assert [row for row in declared() if row.method == "GET" and row.face == "form"] == []


async def test_a_cookie_that_was_put_there_becomes_nobodys_session(house: Living) -> None:
    async with house.client(headers=HTML) as client:
        client.cookies.set(COOKIE, "chosen-by-an-attacker", domain="podo.test")
        answer = await client.post("/sign-in/as", data={"person": MEMBER})
        given = answer.headers["set-cookie"]
        assert "chosen-by-an-attacker" not in given
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in given.split(";")}
    async with house.client(headers=HTML, cookies={COOKIE: "chosen-by-an-attacker"}) as client:
        assert (await client.get("/people")).status_code == 303
    async with house.signed_in(MEMBER) as one:
        first = one.client.cookies[COOKIE]
        assert (
            await one.client.post("/sign-in/as", data={"person": LEAD, "csrf": (await one.get("/people")) and one.csrf})
        ).status_code == 303
        assert one.client.cookies[COOKIE] != first
    async with house.client(headers=HTML, cookies={COOKIE: first}) as client:
        assert (await client.get("/people")).status_code == 303, "who signs in as somebody else leaves the session before"


@pytest.mark.parametrize("there", AWAY)
async def test_nobody_is_sent_to_another_site(house: Living, there: str) -> None:
    async with house.client(headers=HTML) as client:
        signed = await client.post("/sign-in/as", data={"person": MEMBER, "next": there})
        preferred = await house.client(headers=HTML).post("/-/preferences", data={"lang": "ko", "next": there})
    for answer in (signed, preferred):
        assert answer.status_code == 303
        _stays(answer)
    async with house.client(headers=HTML) as stranger:
        shown = await stranger.get("/sign-in", params={"next": there})
        assert shown.status_code == 200
        for link in re.findall(r'(?:href|action)="([^"]*)"', shown.text):
            assert not re.match(r"\s*(?:(?!data:image/svg)[a-z]+:|[/\\]{2})", link), link


def _stays(answer: httpx.Response) -> None:
    assert "x-evil" not in answer.headers
    went = httpx.URL("http://podo.test/sign-in").join(answer.headers["location"])
    assert (went.scheme, went.host) == ("http", "podo.test"), answer.headers["location"]
    # As browsers read it: they drop tabs and line ends, and take \ for /.
    plain = re.sub(r"[\t\r\n]", "", answer.headers["location"]).replace("\\", "/")
    assert plain.startswith("/")
    assert not plain.startswith("//")


async def test_an_address_with_two_slashes_leads_nowhere_else(house: Living) -> None:
    async with house.client(headers=HTML) as client:
        for path in ("//evil.example/people", "//evil.example//", "/%2f/evil.example", "/people//evil.example/"):
            answer = await client.get(f"http://podo.test{path}")
            if "location" in answer.headers:
                assert httpx.URL("http://podo.test/").join(answer.headers["location"]).host == "podo.test"


@pytest.mark.parametrize("cookie", ["zz", "ff", "00", "\u00e9", b"<script>".hex()])
async def test_a_cookie_of_words_that_somebody_else_put_there_breaks_nothing(house: Living, cookie: str) -> None:
    headers = {"cookie": f"podo_said={cookie}".encode("latin-1")}
    async with house.client() as client:
        answer = await client.get("/sign-in", headers={**HTML, **headers})  # type: ignore[dict-item]
        assert answer.status_code == 200
        assert "<script><" not in answer.text


@pytest.mark.parametrize(
    ("path", "most"), [("/api/v1/projects", MOST), ("/sign-in/as", MOST), ("/webhooks/github", LARGER["/webhooks/github"])]
)
async def test_a_body_that_is_too_large_is_not_read(house: Living, path: str, most: int) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while taken < 200 << 20:
            taken += 1 << 20
            yield (b"a=" + b"b" * 65_533 + b"&") * 16

    kind = {"content-type": "application/x-www-form-urlencoded" if path.startswith("/sign") else "application/json"}
    async with house.signed_in(LEAD) as browser:
        await browser.get("/people")
        headers = {**kind, "x-csrf-token": browser.csrf}
        answer = await browser.client.post(path, content=endless(), headers=headers)
        assert answer.status_code == 413, answer.text[-600:]
        assert taken <= most + (2 << 20)
        # Announced, it is refused before a byte of it is read.
        taken = 0
        answer = await browser.client.post(path, content=endless(), headers={**headers, "content-length": str(most + 1)})
        assert (answer.status_code, taken <= 1 << 20) == (413, True)


@pytest.mark.parametrize(
    "body",
    [b"[" * 200_000, b'{"a":' * 100_000, b"1" * 100_000, b'"\\ud800"', b"\xff\xfe", b"NaN", b'{"slug": 1e999, "tier": 1e999}'],
)
async def test_json_that_is_a_bomb_is_refused(house: Living, body: bytes) -> None:
    async with house.signed_in(LEAD) as browser:
        await browser.get("/people")
        headers = {"content-type": "application/json", "x-csrf-token": browser.csrf}
        for method, path in (("POST", "/api/v1/projects"), ("PATCH", f"/api/v1/projects/{PROJECT}")):
            answer = await browser.client.request(method, path, content=body, headers=headers)
            assert answer.status_code in (400, 422), (answer.status_code, answer.text[:300])
