"""What no good issuer does, what attackers try between one and us, and issuers that are down: nobody gets in by that."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from podo.access import service
from podo.kernel import clock
from podo.kernel.http.web import COOKIE
from tests.company import MEMBER
from tests.domains.access.town import HTML, World, come_back, in_, set_out, sign_in
from tests.houses import Living
from tests.issuers import Hostile, other_key

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def house(world: World) -> Living:
    return world.house


async def test_a_good_answer_lets_in(house: Living, evil: Hostile) -> None:
    """Without this, what follows would prove nothing."""
    assert in_(await sign_in(house, evil))
    evil.twist = lambda said: {**said, "aud": ["podo", "other"], "azp": "podo", "exp": said["iat"] - 30}
    assert in_(await sign_in(house, evil)), "several audiences with us as the party; a clock that is half a minute off"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"nonce": "another"}, "nonce"),
    ({"nonce": None}, "nonce"),
    ({"iss": "https://issuer.example"}, "iss"),
    ({"iss": None}, "iss"),
    ({"aud": "other"}, "aud"),
    ({"aud": ["other"]}, "aud"),
    ({"aud": []}, "aud"),
    ({"aud": None}, "aud"),
    ({"aud": ["podo", "other"]}, "azp"),
    ({"azp": "other"}, "azp"),
    ({"exp": 1_000_000}, "expired"),
    ({"exp": None}, "exp"),
    ({"exp": "tomorrow"}, "exp"),
    ({"iat": 99_999_999_999}, "future"),
    ({"iat": None}, "iat"),
    ({"nbf": 99_999_999_999}, "not yet valid"),
    ({"sub": None}, "sub"),
    ({"sub": ""}, "sub"),
    ({"sub": 7}, "sub"),
    ({"at_hash": "AAAA"}, "at_hash"),
    ({"at_hash": 7}, ""),
]


async def test_an_id_token_of_which_one_claim_is_wrong_lets_nobody_in(house: Living, evil: Hostile) -> None:
    for change, why in WRONG:
        evil.twist = lambda said, change=change: {k: v for k, v in (said | change).items() if v is not None}
        answer = await sign_in(house, evil)
        assert not in_(answer), change
        assert answer.status_code == 403, (change, answer.text)
        found = re.search(r"is not to be trusted: ([^<]*)", answer.text)
        assert found, change
        assert why in found[1].lower(), change


async def test_signatures_that_prove_nothing(house: Living, evil: Hostile) -> None:
    async def refused() -> None:
        answer = await sign_in(house, evil)
        assert answer.status_code == 403
        assert "is not to be trusted" in answer.text

    evil.header = {"alg": "none"}
    await refused()
    # Our own secret, and the issuer's public key as if it were a shared one.
    evil.header, evil.signer = {"alg": "HS256"}, b"not-very-secret"
    await refused()
    evil.signer = evil.keys[0].as_pem(private=False)
    await refused()
    # Another key under the name of the known one, and one that the token itself brings along.
    stranger = other_key("one")
    evil.header, evil.signer = {"alg": "ES256"}, stranger
    await refused()
    evil.header = {"alg": "ES256", "jwk": stranger.as_dict(private=False), "kid": ""}
    await refused()
    evil.header = {"alg": "ES256", "crit": ["exp"], "exp": 1}
    await refused()


async def test_nonsense_in_the_place_of_tokens_is_refused_and_breaks_nothing(house: Living, evil: Hostile) -> None:
    for said in (
        JSONResponse({"access_token": "at", "token_type": "Bearer"}),
        JSONResponse({"access_token": "at", "token_type": "Bearer", "id_token": 7}),
        JSONResponse({"access_token": "at", "token_type": "Bearer", "id_token": "a.b.c"}),
        JSONResponse({"access_token": "at", "token_type": "Bearer", "id_token": "a.b.c.d.e"}),
        JSONResponse(["no", "object"]),
        PlainTextResponse("<html>"),
        JSONResponse({"error": "invalid_grant", "error_description": "<script>"}, 400),
    ):
        evil.answer = lambda what, said=said: said if what == "token" else None
        answer = await sign_in(house, evil)
        assert answer.status_code == 403, (answer.status_code, said.body)
        assert "<script>alert" not in answer.text


async def test_keys_are_read_again_for_an_unknown_one_but_not_twice_a_minute(house: Living, evil: Hostile) -> None:
    assert in_(await sign_in(house, evil))
    assert evil.keys_read == 1
    evil.keys = [other_key("two")]
    assert not in_(await sign_in(house, evil)), "the keys were read a moment ago"
    with clock.shifted(timedelta(seconds=61)):
        assert in_(await sign_in(house, evil))
        assert evil.keys_read == 2
        evil.header = {"alg": "ES256", "kid": "made-up"}
        for _ in range(3):
            assert not in_(await sign_in(house, evil))
        assert evil.keys_read == 2
    evil.header = {"alg": "ES256"}
    evil.about = {"exp": int(clock.now().timestamp()) + 7200}
    with clock.shifted(timedelta(minutes=62)):
        assert in_(await sign_in(house, evil))
        assert evil.keys_read == 3, "and once an hour, so that a key that was taken back is not known for ever"


async def test_an_answer_counts_once_in_the_browser_that_asked_and_for_ten_minutes(house: Living, evil: Hostile) -> None:
    async with house.client(headers=HTML) as mine, house.client(headers=HTML) as theirs:
        state = await set_out(mine, evil)
        for answer in (
            await come_back(theirs, evil, state),
            await come_back(mine, evil, "x" + state),
            await come_back(mine, evil, ""),
            await come_back(mine, evil, state[:12] + "0" * 40),
        ):
            assert (answer.status_code, "was not begun in this browser" in answer.text) == (403, True)
        # The one of another browser, brought along with its own state: an attacker's account for a victim.
        other = await set_out(theirs, evil)
        assert (await come_back(mine, evil, other)).status_code == 403
        evil.nonce = ""
        state = await set_out(mine, evil)
        kept = dict(mine.cookies)
        assert in_(await come_back(mine, evil, state))
        for name, value in kept.items():
            mine.cookies.set(name, value)
        again = await come_back(mine, evil, state)
        assert (again.status_code, "ended already" in again.text) == (403, True)
        state = await set_out(mine, evil)
        with clock.shifted(timedelta(minutes=10, seconds=1)):
            assert (await come_back(mine, evil, state)).status_code == 403


async def test_two_windows_are_on_their_way_at_once(house: Living, evil: Hostile) -> None:
    async with house.client(headers=HTML) as client:
        first = await set_out(client, evil, next_="/people")
        known = evil.challenge, evil.nonce
        second = await set_out(client, evil, next_="/teams")
        assert (await come_back(client, evil, second)).headers["location"] == "/teams"
        evil.challenge, evil.nonce = known
        assert (await come_back(client, evil, first)).headers["location"] == "/people"


async def test_an_answer_for_one_issuer_is_none_of_another(world: World, house: Living, evil: Hostile) -> None:
    evil.discovery = lambda said: said | {"authorization_response_iss_parameter_supported": True}
    good = world.issuers[world.plain.pop()]
    async with house.client(headers=HTML) as client:
        # Sent to the evil one, which sends the browser to the good one, and gets hold of that one's code.
        state = await set_out(client, evil)
        assert (await come_back(client, good, state)).status_code == 403
        state = await set_out(client, good)
        answer = await come_back(client, good, state, iss=evil.url)
        assert answer.status_code == 403
        assert "names another issuer" in answer.text
        assert in_(await come_back(client, good, await set_out(client, good), iss=good.url))
    # One that says it names itself must do so (RFC 9207).
    answer = await sign_in(house, evil)
    assert "does not name its issuer" in answer.text
    # The same name of a person at two issuers is two accounts.
    evil.about = {"sub": "u-1", "email": "seoyeon@podo.example"}
    async with house.client(headers=HTML) as client:
        await come_back(client, evil, await set_out(client, evil), iss=evil.url)
        assert (await client.get("/api/v1/me")).json()["id"] == MEMBER


ELSEWHERE: list[tuple[dict[str, Any], str]] = [
    ({"issuer": "https://other.example"}, "is that of “https://other.example”"),
    ({"issuer": None}, "discovery document"),
    ({"token_endpoint": "http://198.51.100.7/token"}, "no safe token_endpoint"),
    ({"authorization_endpoint": "javascript:alert(1)"}, "no safe authorization_endpoint"),
    ({"jwks_uri": 7}, "no safe jwks_uri"),
    ({"end_session_endpoint": "http://198.51.100.7/"}, "no safe end_session_endpoint"),
]


async def test_a_discovery_document_that_leads_elsewhere(house: Living, evil: Hostile) -> None:
    for change, why in ELSEWHERE:
        evil.discovery = lambda said, change=change: said | change
        async with house.client(headers=HTML) as client:
            answer = await client.get(f"/sign-in/with/{evil.name}")
        assert answer.status_code == 403, change
        assert why in answer.text, change


async def test_an_issuer_that_is_down_is_said_to_be(house: Living, evil: Hostile) -> None:
    async with house.client(headers=HTML) as client:
        answer = await client.get("/sign-in/with/down")
        assert answer.status_code == 503
        assert "Down, where people sign in, does not answer" in answer.text
        assert (await client.get("/sign-in")).status_code == 200
        # Down in the middle, and with excuses.
        state = await set_out(client, evil)
        evil.answer = lambda what: PlainTextResponse("busy", 502) if what == "token" else None
        answer = await come_back(client, evil, state)
        assert (answer.status_code, COOKIE in client.cookies) == (503, False)
        evil.answer = lambda what: PlainTextResponse("busy", 502) if what == "keys" else None
        assert (await come_back(client, evil, await set_out(client, evil))).status_code == 503
        evil.answer = lambda _: None
        assert in_(await come_back(client, evil, await set_out(client, evil)))


async def test_what_the_issuer_refuses_is_said_and_nothing_it_wrote_is_shown(house: Living, evil: Hostile) -> None:
    async with house.client(headers=HTML) as client:
        state = await set_out(client, evil)
        query = {"state": state, "error": "access_denied", "error_description": "call 555"}
        answer = await client.get(f"/sign-in/with/{evil.name}/back", params=query)
        assert (answer.status_code, "did not sign you in (access_denied)" in answer.text) == (403, True)
        assert "call 555" not in answer.text
        query = {"state": await set_out(client, evil), "error": "<b>call 555</b>"}
        answer = await client.get(f"/sign-in/with/{evil.name}/back", params=query)
        assert "call 555" not in answer.text
        assert (await client.get("/sign-in/with/nobody")).status_code == 404


async def test_nobody_is_sent_elsewhere_afterwards(house: Living, evil: Hostile) -> None:
    for there in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "\t//x", "/\t/x", "/\n/x"):
        answer = await sign_in(house, evil, next_=there)
        assert in_(answer)
        local = answer.headers["location"]
        assert local == "/" or (local.startswith("/%") and "x" in local), (there, local)


async def test_signing_in_is_a_new_session_always_and_ends_the_one_before(house: Living, evil: Hostile) -> None:
    async with house.client(headers=HTML) as client:
        client.cookies.set(COOKIE, "an-attackers-own", domain="podo.test")
        await come_back(client, evil, await set_out(client, evil))
        first = [str(c.value) for c in client.cookies.jar if c.name == COOKIE and c.value != "an-attackers-own"]
        assert len(first) == 1
    async with house.client(headers=HTML, cookies={COOKIE: first[0]}) as client:
        assert (await client.get("/people")).status_code == 200
        answer = await come_back(client, evil, await set_out(client, evil))
        assert first[0] not in answer.headers["set-cookie"]
    async with house.client(headers=HTML, cookies={COOKIE: first[0]}) as client:
        assert (await client.get("/people")).status_code == 303


async def test_another_site_signs_nobody_in_as_somebody(house: Living) -> None:
    """A form of another site, with a link of the attacker's own."""
    async with house.transaction() as tx:
        path = await service.printed_link(tx, house.house.seal)
    key = (path or "").partition("key=")[2]
    async with house.client(headers={**HTML, "sec-fetch-site": "cross-site"}) as client:
        answer = await client.post("/sign-in/link", data={"key": key})
        assert (answer.status_code, "did not come from a page of yours" in answer.text) == (403, True)
    async with house.client(headers={**HTML, "sec-fetch-site": "same-origin"}) as client:
        assert in_(await client.post("/sign-in/link", data={"key": key}))
