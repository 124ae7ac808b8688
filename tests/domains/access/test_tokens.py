"""API tokens: hashed, scoped, limited, expiring, and seen when they are used."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from podo.access import service
from podo.access.types import WrongToken
from podo.kernel import clock
from tests.company import ADMIN, LEAD, MEMBER, api_of, terminal_of, token_of
from tests.houses import Living, person


async def test_a_token_is_shown_once_and_kept_as_a_hash(house: Living) -> None:
    async with house.signed_in(LEAD) as browser:
        page = await browser.send("/settings/tokens", status=200, name="laptop", scope="read", days="30", projects="chat-api")
        found = re.search(r"podo_[0-9a-z]{50,}", page.text)
        assert found
        secret = found[0]
        assert "never shown again" in page.text
        again = await browser.get("/settings/tokens")
        assert secret not in again
        assert "laptop" in again
        assert "chat-api" in again
    async with house.client(headers={"authorization": f"Bearer {secret}"}) as api:
        assert (await api.get("/api/v1/me")).json()["name"] == "Emma Clarke"
    async with house.reading() as r:
        for table in ("tokens", "token_uses", "events"):
            rows = (await r.session.execute(text(f"SELECT * FROM {table}"))).all()
            assert rows or table == "token_uses"
            assert secret not in str(rows)
            assert secret.removeprefix("podo_") not in str(rows)


async def test_nonsense_and_what_is_over_signs_nobody_in(house: Living) -> None:
    secret = await token_of(house, LEAD, "read")
    async with house.client(headers={"authorization": f"Bearer {secret}"}) as api:
        assert (await api.get("/api/v1/me")).status_code == 200
        with clock.shifted(timedelta(days=30, seconds=1)):
            over = await api.get("/api/v1/me")
            assert (over.status_code, over.json()["code"]) == (401, "podo.sign_in")
        async with house.transaction(person(LEAD)) as tx:
            token = (await service.tokens(tx))[0]
            await service.revoke_token(tx, token.id)
            await service.revoke_token(tx, token.id)
        assert (await api.get("/api/v1/me")).status_code == 401
    for wrong in ("Bearer", "Bearer podo_nonsense", "Basic abc", f"Bearer {secret}x"):
        async with house.client(headers={"authorization": wrong}) as api:
            assert (await api.get("/api/v1/me")).status_code == 401


async def test_a_wrong_token_says_why_and_the_form_keeps_what_was_typed(house: Living) -> None:
    now = clock.now()
    async with house.transaction(person(LEAD)) as tx:
        for name, scopes, until, why in [
            ("", ["read"], now + timedelta(days=1), "give it a name"),
            ("x" * 121, ["read"], now + timedelta(days=1), "give it a name"),
            ("x", [], now + timedelta(days=1), "scopes are"),
            ("x", ["fly"], now + timedelta(days=1), "scopes are"),
            ("x", ["read"], now, "it ends after now and within a year"),
            ("x", ["read"], now + timedelta(days=367), "it ends after now and within a year"),
        ]:
            with pytest.raises(WrongToken) as refused:
                await service.create_token(tx, name, scopes, until)
            assert why in str(refused.value)
    async with house.signed_in(LEAD) as browser:
        page = await browser.send("/settings/tokens", status=422, name="laptop", scope="operate", days="9999")
        assert "it ends after now and within a year" in page.text
        assert 'value="laptop"' in page.text
        assert re.search(r'value="operate" checked', page.text)


async def test_the_last_use_is_seen_and_not_written_at_every_call(house: Living) -> None:
    async with api_of(house, LEAD) as api:
        start = clock.now()

        async def last() -> float | None:
            async with house.reading(person(LEAD)) as r:
                at = (await service.tokens(r))[0].last_used_at
            return (at - start).total_seconds() if at else None

        assert await last() is None
        await api.get("/api/v1/me")
        first = await last()
        assert first is not None
        assert 0 <= first < 30
        with clock.shifted(timedelta(seconds=50)):
            await api.get("/api/v1/me")
        assert await last() == first
        with clock.shifted(timedelta(seconds=90)):
            await api.get("/api/v1/me")
        later = await last()
        assert later is not None
        assert later >= 90


async def test_a_token_makes_none_that_may_more_than_itself(house: Living) -> None:
    async with api_of(house, ADMIN, "read") as api:
        for wanted in ({"scopes": ["administer"]}, {"scopes": ["read", "operate"]}):
            refused = await api.post("/api/v1/tokens", json={"name": "more", "days": 1, **wanted})
            assert (refused.status_code, refused.json()["code"]) == (422, "access.wrong_token")
            assert "more scopes than its own" in refused.json()["title"]
        outliving = await api.post("/api/v1/tokens", json={"name": "more", "days": 60})
        assert "outlives it" in outliving.json()["title"]
    async with house.reading(person(ADMIN)) as r:
        assert [t.name for t in await service.tokens(r)] == ["test"]
    # The own scopes and no more: granting needs `administer`, whoever the person is.
    async with api_of(house, ADMIN, "read", "operate") as api:
        refused = await api.post("/api/v1/people/lead/roles", json={"role": "admin"})
        assert (refused.status_code, refused.json()["code"]) == (403, "access.not_allowed")
    # One that is limited to projects has nothing to do with tokens and people.
    async with api_of(house, ADMIN, "read", projects=["chat-api"]) as api:
        for path in ("/api/v1/tokens", "/api/v1/people", "/api/v1/teams", "/api/v1/sessions"):
            refused = await api.get(path)
            assert (path, refused.status_code) == (path, 403)
            assert "token-projects" in refused.json()["title"]
    async with api_of(house, ADMIN, "operate") as api:
        assert (await api.get("/api/v1/people")).status_code == 403


async def test_tokens_are_the_own_affair_of_their_person(house: Living) -> None:
    await token_of(house, MEMBER, "read")
    async with house.reading(person(MEMBER)) as r:
        token = (await service.tokens(r))[0]
    async with house.signed_in(LEAD) as browser:
        assert token.id not in await browser.get("/settings/tokens")
        await browser.send(f"/settings/tokens/{token.id}/revoke", status=404)
    async with house.signed_in(MEMBER) as browser:
        await browser.send(f"/settings/tokens/{token.id}/revoke")
        assert token.id in await browser.get("/settings/tokens")
    async with house.reading(person(MEMBER)) as r:
        assert (await service.tokens(r))[0].revoked_at is not None


async def test_the_command_makes_lists_and_ends_tokens_and_sessions(house: Living) -> None:
    async with house.signed_in(LEAD) as browser, terminal_of(house, LEAD) as podo:
        secret = (await podo.run("token", "create", "ci", "--scope", "read", "--days", "1")).strip()
        assert secret.startswith("podo_")
        listed = json.loads(await podo.run("--json", "token", "list"))
        assert [(t["name"], t["scopes"]) for t in listed if t["name"] == "ci"] == [("ci", ["read"])]
        id_ = next(t["id"] for t in listed if t["name"] == "ci")
        await podo.run("token", "revoke", id_)
        assert "You are not signed in." in await podo.run("--token", secret, "whoami", exit_code=3)
        assert "Emma Clarke <emma@podo.example> (lead), Chat" in await podo.run("whoami")
        sessions = json.loads(await podo.run("--json", "session", "list"))
        assert len(sessions) == 1
        await podo.run("session", "end", sessions[0]["id"])
        assert (await browser.client.get("/people")).status_code == 303
        assert "Kept." in await podo.run("prefer", "--lang", "ko")
