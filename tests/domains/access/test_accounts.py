"""Who is who for an issuer and for us, what its groups and its logouts mean, its settings, and other people's sessions."""

from __future__ import annotations

from typing import Any

import pytest

from podo.access import service
from podo.access.adapters.issuers import Issuers
from podo.access.types import AccessSettings, OfGroups, Role, WrongIssuer
from podo.kernel import clock
from podo.kernel.settings import load
from tests.company import ADMIN, CHIEF, LEAD, MEMBER, MEMBERSHIPS, PEOPLE, TEAMS, api_of
from tests.domains.access.town import HTML, World, come_back, in_, set_out, sign_in
from tests.houses import Browser, Living
from tests.issuers import Hostile, settings_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def house(world: World) -> Living:
    return world.house


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
