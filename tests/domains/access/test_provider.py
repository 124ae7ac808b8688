"""Signing in with a real OpenID Connect provider on loopback, over real HTTP, and out again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from podo.access import service
from podo.access.types import Membership, MembershipRole, Role
from podo.kernel.http.web import COOKIE
from tests import issuers
from tests.company import ADMIN, LEAD, MEMBER, api_of, company, serving
from tests.houses import Browser, Living
from tests.issuers import Provider

pytestmark = [issuers.needs_provider(), pytest.mark.serial]

EMMA = {"email": "Emma@podo.example", "email_verified": True, "name": "Emma C.", "groups": ["search-leads", "on-call", "chess"]}
GROUPS = {"teams": "search-leads=search:lead, platform=podo", "roles": "on-call=sre", "groups_claim": "groups"}


@pytest.fixture(scope="module")
def port() -> int:
    return issuers.free_port()


@pytest.fixture(scope="module")
def okta(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Provider]:
    with issuers.provider(Path(tmp_path_factory.mktemp("provider")), f"http://127.0.0.1:{port}") as found:
        yield found


@pytest.fixture
async def house(tmp_path: Path, okta: Provider, port: int) -> AsyncIterator[Living]:
    """A company whose people sign in with the provider."""
    url = f"http://127.0.0.1:{port}"
    more: dict[str, Any] = issuers.settings_of("okta", okta.url, title="Okta", scopes="openid,profile,email,groups", **GROUPS)
    async with company(tmp_path / "house", PODO_ACCESS_DEMO="false", PODO_SERVER_URL=url, **more) as found:
        async with serving(found, port):
            yield found


@asynccontextmanager
async def browser(house: Living) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=house.house.url, headers={"accept": "text/html"}) as client:
        yield client


async def sign_in(client: httpx.AsyncClient, okta: Provider, who: str, next_: str = "/") -> httpx.Response:
    """Press the button, sign in there, come back."""
    there = await client.get("/sign-in/with/okta", params={"next": next_})
    assert there.status_code == 303, there.text
    assert there.headers["location"].startswith(okta.url)
    return await client.get(await okta.sign_in(client, there.headers["location"], who))


async def test_a_person_signs_in_with_a_real_provider_and_out_of_both(house: Living, okta: Provider) -> None:
    okta.say(emma=EMMA)
    async with browser(house) as client:
        page = (await client.get("/sign-in?next=/teams")).text
        assert "Sign in with Okta" in page
        assert "/sign-in/with/okta?next=%2Fteams" in page
        answer = await sign_in(client, okta, "emma", "/teams")
        assert (answer.status_code, answer.headers["location"]) == (303, "/teams"), answer.text
        cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith(COOKIE))
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        me = (await client.get("/api/v1/me")).json()
        # The directory says what people are called; the groups say what they may beside that.
        assert (me["id"], me["name"], me["roles"]) == (LEAD, "Emma Clarke", ["sre"])
        assert {t["handle"] for t in me["teams"]} == {"chat", "search"}
        sessions = (await client.get("/api/v1/sessions")).json()
        assert [s["issuer"] for s in sessions] == ["okta"]

        # Out here, then out there: the provider asks nothing of whom it knows, and sends back.
        form = Browser(client)
        await form.get("/settings/tokens")
        out = await form.send("/sign-out")
        assert out.headers["location"] == "/sign-in?left=okta"
        page = (await client.get(out.headers["location"])).text
        assert "Sign out of Okta, too" in page
        assert (await client.get("/people")).status_code == 303
        there = await client.get("/sign-in/with/okta/out")
        assert there.headers["location"].startswith(f"{okta.url}/session/end")
        assert "id_token_hint=" in there.headers["location"]
        asked = await client.get(there.headers["location"])
        assert "Do you want to sign-out" in asked.text
        left = await client.post(issuers.action(asked), data=dict(issuers.hidden(asked.text)) | {"logout": "yes"})
        assert left.headers["location"] == f"{house.house.url}/sign-in"
        assert (await client.get("/sign-in")).status_code == 200


async def test_the_second_time_the_account_counts_and_groups_are_as_they_are_now(house: Living, okta: Provider) -> None:
    okta.say(emma=EMMA)
    async with house.transaction() as tx:
        await service.grant(tx, LEAD, Role.sre)
    async with browser(house) as client:
        await sign_in(client, okta, "emma")
    # Another address, other groups, the same account.
    okta.say(emma={**EMMA, "email": "sora@podo.example", "groups": ["platform"]})
    async with browser(house) as client:
        await sign_in(client, okta, "emma")
        me = (await client.get("/api/v1/me")).json()
        assert me["id"] == LEAD
        assert me["roles"] == ["sre"], "what was given by hand stays"
        assert {t["handle"] for t in me["teams"]} == {"chat", "podo"}
    async with house.reading() as r:
        assert set(await service.teams_of(r, LEAD)) == {
            Membership(LEAD, "team-3", MembershipRole.lead),
            Membership(LEAD, "team-1"),
        }
    async with api_of(house, ADMIN) as api:
        accounts = (await api.get(f"/api/v1/people/{LEAD}/accounts")).json()
        assert [(a["issuer"], a["subject"]) for a in accounts] == [(okta.url, "emma")]
    okta.say(emma={**EMMA, "groups": []})
    async with browser(house) as client:
        await sign_in(client, okta, "emma")
        assert {t["handle"] for t in (await client.get("/api/v1/me")).json()["teams"]} == {"chat"}


async def test_who_signs_out_at_the_provider_is_out_here(house: Living, okta: Provider) -> None:
    okta.say(emma=EMMA, seoyeon={"email": "seoyeon@podo.example", "email_verified": True})
    async with browser(house) as emma, browser(house) as seoyeon:
        await sign_in(emma, okta, "emma")
        await sign_in(seoyeon, okta, "seoyeon")
        assert (await seoyeon.get("/api/v1/me")).json()["id"] == MEMBER
        page = await emma.get(f"{okta.url}/session/end")
        sent = dict(issuers.hidden(page.text)) | {"logout": "yes"}
        await emma.post(issuers.action(page), data=sent)
        # The provider told Podo over the back channel, signed, before it answered.
        assert (await emma.get("/people")).status_code == 303
        assert (await seoyeon.get("/people")).status_code == 200


async def test_strangers_and_unverified_addresses_stay_outside(house: Living, okta: Provider) -> None:
    okta.say(
        eve={"email": "eve@elsewhere.example", "email_verified": True},
        mallory={"email": "emma@podo.example", "email_verified": False},
        nobody={"name": "Nobody"},
    )
    for who, said in [
        ("eve", "knows nobody with this address"),
        ("mallory", "does not say that"),
        ("nobody", "does not say that"),
    ]:
        async with browser(house) as client:
            answer = await sign_in(client, okta, who)
            assert answer.status_code == 403, who
            assert said in answer.text
            assert COOKIE not in client.cookies
