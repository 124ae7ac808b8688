"""What no good issuer does, what attackers try between one and us, and issuers that are down: nobody gets in by that."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.responses import JSONResponse, PlainTextResponse

from podo.access import service
from podo.access.adapters.issuers import Issuers
from podo.access.types import AccessSettings, OfGroups, Role, WrongIssuer
from podo.kernel import clock
from podo.kernel.http.web import COOKIE
from podo.kernel.settings import load
from tests.company import ADMIN, CHIEF, LEAD, MEMBER, MEMBERSHIPS, PEOPLE, TEAMS, api_of, company
from tests.houses import Browser, Living
from tests.issuers import Hostile, hostile, other_key, settings_of

HTML = {"accept": "text/html"}
pytestmark = pytest.mark.asyncio(loop_scope="module")


# One for each test that needs a clean one; the others have settings of their own.
PLAIN = [f"plain{number}" for number in range(24)]
MADE = {"MAKE_PEOPLE": "true", "EMAIL_DOMAINS": "Podo.example, podo.test", "ROLES": "boss=admin", "TEAMS": "chat=chat, x=gone"}
SETTINGS = {
    "made": MADE,
    "makes": {"MAKE_PEOPLE": "true"},
    "trusting": {"TRUST_EMAIL": "true"},
    "down": {"URL": "http://127.0.0.1:9"},
}


@dataclass
class World:
    """A company whose people sign in with many issuers, as http://podo.test."""

    house: Living
    issuers: dict[str, Hostile]
    plain: list[str]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = Path(tmp_path_factory.mktemp("hostile"))
    (folder / "secret").write_text("canary-7\n")
    kept = {"kept": {"CLIENT_SECRET": "", "CLIENT_SECRET_FILE": str(folder / "secret")}}
    async with hostile(*PLAIN, *SETTINGS, *kept) as issuers, open_to(folder, issuers, SETTINGS | kept) as house:
        yield World(house, issuers, list(PLAIN))


@contextlib.asynccontextmanager
async def open_to(
    folder: Path, issuers: dict[str, Hostile], settings: dict[str, dict[str, str]] | None = None, **more: str
) -> AsyncIterator[Living]:
    """A company whose people sign in with these."""
    chosen: dict[str, Any] = {"PODO_SERVER_URL": "http://podo.test", "PODO_ACCESS_DEMO": "false", **more}
    for name, issuer in issuers.items():
        chosen |= settings_of(name, issuer.url, title=name.title())
        chosen |= {f"PODO_ACCESS_ISSUERS_{name.upper()}_{key}": value for key, value in (settings or {}).get(name, {}).items()}
    async with company(folder / "house", **chosen) as house:
        yield house


@pytest.fixture
def house(world: World) -> Living:
    return world.house


@pytest.fixture
def evil(world: World) -> Hostile:
    """One that nobody has asked yet."""
    return world.issuers[world.plain.pop()]


async def set_out(client: httpx.AsyncClient, evil: Hostile, next_: str = "/") -> str:
    """Press the button; gives the state."""
    answer = await client.get(f"/sign-in/with/{evil.name}", params={"next": next_})
    assert answer.status_code == 303, answer.text
    return evil.took(answer.headers["location"])


async def come_back(client: httpx.AsyncClient, evil: Hostile, state: str, **more: str) -> httpx.Response:
    return await client.get(f"/sign-in/with/{evil.name}/back", params={"code": "c", "state": state, **more})


async def sign_in(house: Living, evil: Hostile, next_: str = "/") -> httpx.Response:
    async with house.client(headers=HTML) as client:
        return await come_back(client, evil, await set_out(client, evil, next_))


def in_(answer: httpx.Response) -> bool:
    return answer.status_code == 303 and any(c.startswith(f"{COOKIE}=") for c in answer.headers.get_list("set-cookie"))


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
        assert "555" not in answer.text
        query = {"state": await set_out(client, evil), "error": "<b>call 555</b>"}
        answer = await client.get(f"/sign-in/with/{evil.name}/back", params=query)
        assert "555" not in answer.text
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


# -- who is who


async def test_an_address_that_went_to_another_person_brings_nothing_along(house: Living, evil: Hostile) -> None:
    assert in_(await sign_in(house, evil))
    evil.about = {"sub": "u-2"}
    answer = await sign_in(house, evil)
    assert (answer.status_code, "has signed in with another account" in answer.text) == (409, True)
    async with api_of(house, ADMIN) as api:
        account = next(a["id"] for a in (await api.get(f"/api/v1/people/{LEAD}/accounts")).json() if a["issuer"] == evil.url)
        assert (await api.delete(f"/api/v1/people/{LEAD}/accounts/nonsense")).status_code == 404
        assert (await api.delete(f"/api/v1/people/{LEAD}/accounts/{account}")).status_code == 204
        left = (await api.get(f"/api/v1/people/{LEAD}/sessions")).json()
        assert [s for s in left if s["issuer"]] == []
    assert in_(await sign_in(house, evil))


async def test_who_left_stays_out_with_an_issuer_that_makes_people_too(world: World, house: Living) -> None:
    evil = world.issuers["makes"]
    assert in_(await sign_in(house, evil))

    async def without(who: str) -> None:
        async with house.transaction() as tx:
            people, members = [p for p in PEOPLE if p.id != who], [m for m in MEMBERSHIPS if m.person != who]
            await service.sync_directory(tx, people, TEAMS, members)

    await without(LEAD)
    answer = await sign_in(house, evil)
    assert (answer.status_code, "has left, and cannot sign in" in answer.text) == (403, True)
    # And by an account that nobody knows: the address alone tells.
    evil.about = {"sub": "u-9"}
    assert (await sign_in(house, evil)).status_code == 403
    await without("nobody")


async def test_people_whom_the_directory_does_not_know_are_made_where_that_is_wanted(world: World, house: Living) -> None:
    evil = world.issuers["made"]
    evil.about = {"sub": "u-3", "email": "noor@podo.test", "name": "Noor", "groups": ["chat", "x", "unknown"]}
    async with house.client(headers=HTML) as client:
        assert in_(await come_back(client, evil, await set_out(client, evil)))
        me = (await client.get("/api/v1/me")).json()
        assert (me["name"], me["email"], [t["handle"] for t in me["teams"]]) == ("Noor", "noor@podo.test", ["chat"])
        evil.about |= {"name": "Noor H.", "groups": "boss"}
        await come_back(client, evil, await set_out(client, evil))
        me = (await client.get("/api/v1/me")).json()
        assert (me["name"], me["teams"], me["roles"]) == ("Noor H.", [], ["admin"])
        async with house.transaction() as tx:
            with pytest.raises(OfGroups):
                await service.revoke(tx, me["id"], Role.admin)
        # The directory, which does not know Noor, says nothing of Noor.
        async with house.transaction() as tx:
            await service.sync_directory(tx, PEOPLE, TEAMS, MEMBERSHIPS)
        assert (await client.get("/people")).status_code == 200
        async with house.signed_in_by_link(ADMIN) as admin:
            page = await admin.get(f"/people/{me['id']}")
            assert evil.url in page
            await admin.send(f"/people/{me['id']}/deactivate")
            assert (await client.get("/people")).status_code == 303
            answer = await come_back(client, evil, await set_out(client, evil))
            assert "has left" in answer.text
            await admin.send(f"/people/{me['id']}/activate")
            assert in_(await come_back(client, evil, await set_out(client, evil)))
            await admin.send(f"/people/{LEAD}/deactivate", status=409)
    evil.about = {"sub": "u-4", "email": "eve@elsewhere.example"}
    answer = await sign_in(house, evil)
    assert (answer.status_code, "a domain that may not sign in" in answer.text) == (403, True)
    evil.about = {"sub": "u-4", "email": "eve@podo.test", "email_verified": False}
    assert (await sign_in(house, evil)).status_code == 403


async def test_an_issuer_that_says_nothing_of_addresses_is_trusted_where_that_is_wanted(
    world: World, house: Living, evil: Hostile
) -> None:
    evil.twist = world.issuers["trusting"].twist = lambda said: {k: v for k, v in said.items() if k != "email_verified"}
    assert (await sign_in(house, evil)).status_code == 403
    assert in_(await sign_in(house, world.issuers["trusting"]))
    world.issuers["trusting"].twist = lambda said: said | {"sub": "u-7", "email_verified": False}
    assert (await sign_in(house, world.issuers["trusting"])).status_code == 403


# -- logging out over the back channel


async def test_what_says_that_somebody_signed_out_there_must_hold(house: Living, evil: Hostile) -> None:
    evil.about = {"sid": "there-1"}
    now = int(clock.now().timestamp())
    events = {"http://schemas.openid.net/event/backchannel-logout": {}}
    good = {"iss": evil.url, "aud": "podo", "iat": now, "jti": "j", "sid": "there-1", "events": events}
    async with house.client(headers=HTML) as client, house.client() as issuer:

        async def told(**change: Any) -> tuple[int, dict[str, int]]:
            token = evil.token({k: v for k, v in (good | change).items() if v is not None})
            answer = await issuer.post(f"/api/v1/issuers/{evil.name}/logged-out", data={"logout_token": token})
            return answer.status_code, answer.json()

        await come_back(client, evil, await set_out(client, evil))
        for change in (
            {"aud": "other"},
            {"iss": "https://other.example"},
            {"events": None},
            {"events": {"x": {}}},
            {"nonce": "n"},
            {"iat": now - 600},
            {"jti": None},
            {"sid": None},
            {"sid": 7},
        ):
            assert await told(**change) == (400, {"ended": 0}), change
        # An ID token is none, and somebody else's session is another one.
        assert (await issuer.post(f"/api/v1/issuers/{evil.name}/logged-out", data={"logout_token": "x"})).status_code == 400
        assert (await issuer.post(f"/api/v1/issuers/{evil.name}/logged-out")).status_code == 400
        assert (await issuer.post("/api/v1/issuers/none/logged-out")).status_code == 404
        assert await told(sid="there-2") == (200, {"ended": 0})
        assert await told(sid=None, sub="nobody") == (200, {"ended": 0})
        assert (await client.get("/people")).status_code == 200
        assert await told() == (200, {"ended": 1})
        assert (await client.get("/people")).status_code == 303
        await come_back(client, evil, await set_out(client, evil))
        assert await told(sid=None, sub="u-1") == (200, {"ended": 1})
        assert (await client.get("/people")).status_code == 303


# -- settings


UNUSABLE: list[tuple[dict[str, str], str]] = [
    ({"URL": "http://issuer.example"}, "not https"),
    ({"URL": "ftp://127.0.0.1"}, "not https"),
    ({"URL": ""}, "url and client_id"),
    ({"CLIENT_ID": ""}, "url and client_id"),
    ({"SCOPES": "email"}, "openid"),
    ({"ROLES": "a=king"}, "no role king"),
    ({"TEAMS": "a=chat:owner"}, "handle or handle:lead"),
    ({"CLIENT_SECRET": "", "CLIENT_SECRET_FILE": "/nowhere/at/all"}, "cannot be read"),
]


async def test_settings_that_cannot_work_stop_the_start() -> None:
    for change, why in UNUSABLE:
        environ = settings_of("okta", "https://issuer.example") | {f"PODO_ACCESS_ISSUERS_OKTA_{k}": v for k, v in change.items()}
        chosen = load({"access": AccessSettings}, None, environ)[AccessSettings]
        with pytest.raises(WrongIssuer, match=why):
            Issuers(chosen.issuers, anywhere=False)
    environ = settings_of("okta", "http://issuer.example")
    Issuers(load({"access": AccessSettings}, None, environ)[AccessSettings].issuers, anywhere=True)


async def test_a_secret_lies_in_a_file_and_is_in_no_address_page_or_log(
    world: World, house: Living, caplog: pytest.LogCaptureFixture
) -> None:
    evil = world.issuers["kept"]
    with caplog.at_level("DEBUG"):
        async with house.client(headers=HTML) as client:
            there = (await client.get("/sign-in/with/kept")).headers["location"]
            answer = await come_back(client, evil, evil.took(there))
            assert in_(answer)
            assert evil.proof == "podo:canary-7"
            assert "canary-7" not in there + str(answer.headers) + caplog.text + repr(house.house.settings._sections)


# -- other people's sessions


async def test_administrators_see_and_end_other_peoples_sessions_and_nobody_else_does(house: Living, evil: Hostile) -> None:
    async with (
        house.client(headers=HTML) as sora,
        house.signed_in_by_link(ADMIN) as admin,
        house.signed_in_by_link(MEMBER) as other,
    ):
        evil.about = {"sub": "u-5", "email": "sora@podo.example"}
        await come_back(sora, evil, await set_out(sora, evil))
        page = await admin.get(f"/people/{CHIEF}")
        assert "End all sessions and tokens" in page
        assert "End all sessions and tokens" not in await other.get(f"/people/{CHIEF}")
        (session,) = (await admin.client.get(f"/api/v1/people/{CHIEF}/sessions")).json()
        assert session["issuer"] == evil.name
        assert (await other.client.get(f"/api/v1/people/{CHIEF}/sessions")).status_code == 403
        await other.send(f"/people/{CHIEF}/sessions/{session['id']}/end", status=403)
        await other.send(f"/people/{CHIEF}/sign-out", status=403)
        await admin.send(f"/people/{MEMBER}/sessions/{session['id']}/end", status=404)
        await admin.send(f"/people/{CHIEF}/sessions/{session['id']}/end")
        assert (await sora.get("/people")).status_code == 303
        async with api_of(house, CHIEF) as api:
            await come_back(sora, evil, await set_out(sora, evil))
            assert (await api.get("/api/v1/me")).status_code == 200
            await admin.send(f"/people/{CHIEF}/sign-out")
            assert (await sora.get("/people")).status_code == 303
            assert (await api.get("/api/v1/me")).status_code == 401
        assert in_(await come_back(sora, evil, await set_out(sora, evil))), "who was signed out may come back"
        assert isinstance(admin, Browser)
