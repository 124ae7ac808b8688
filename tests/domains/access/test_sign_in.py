"""Signing in: by a link that works once, or by picking a name where that is allowed; and being out again."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from podo.access import service
from podo.access.types import AccessSettings, Claims, LinkPrinted, LinkSpent, NoDemo, NoWayIn, Role, TooManySignIns
from podo.app.settings import DatabaseSettings
from podo.kernel import clock
from podo.kernel.events import log
from podo.kernel.http.web import COOKIE
from tests.company import ADMIN, LEAD, MEMBER, MEMBERSHIPS, PEOPLE, TEAMS, api_of, company
from tests.houses import Browser, Living
from tests.issuers import settings_of

LASTS = timedelta(hours=72)


async def link_of(house: Living, email: str) -> str | None:
    """The path that was mailed last to this address, as its reader gets it."""
    async with house.transaction() as tx:
        await service.begin_sign_in(tx, house.house.seal, email, "198.51.100.7")
        said = [e for e, _ in tx.said if e.code == "access.sign_in_asked"]
        found = await service.sealed_link(tx, said[0].link) if said else None  # type: ignore[attr-defined]
    return house.house.seal.open(found[1]) if found else None


async def test_a_link_signs_in_once(house: Living) -> None:
    path = await link_of(house, "EMMA@podo.example")
    assert path is not None
    assert re.fullmatch(r"/sign-in/link\?key=[0-9a-z]{50,}", path)
    async with house.client(headers={"accept": "text/html"}) as client:
        # Opening the page spends nothing: mail programs do that by themselves.
        for _ in range(2):
            page = await client.get(path)
            assert page.status_code == 200
        key = path.partition("key=")[2]
        answer = await client.post("/sign-in/link", data={"key": key})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Emma Clarke" in (await client.get("/people/lead")).text
    async with house.client(headers={"accept": "text/html"}) as other:
        answer = await other.post("/sign-in/link", data={"key": key})
        assert answer.status_code == 403
        assert "was used already, or is too old" in answer.text
        assert COOKIE not in answer.cookies


async def test_a_link_gets_too_old_and_a_made_up_one_is_none(house: Living) -> None:
    path = await link_of(house, "emma@podo.example")
    assert path
    key = path.partition("key=")[2]
    with clock.shifted(timedelta(minutes=15, seconds=1)):
        async with house.transaction() as tx:
            with pytest.raises(LinkSpent):
                await service.finish_sign_in(tx, key, about="", lasts=LASTS)
    with clock.shifted(timedelta(minutes=14)):
        async with house.transaction() as tx:
            _, session = await service.finish_sign_in(tx, key, about="", lasts=LASTS)
    assert session.person == LEAD
    async with house.transaction() as tx:
        with pytest.raises(LinkSpent):
            await service.finish_sign_in(tx, "nonsense", about="", lasts=LASTS)
        with pytest.raises(LinkSpent):
            await service.finish_sign_in(tx, "", about="", lasts=LASTS)


async def test_strangers_get_the_same_answer_and_no_link(house: Living) -> None:
    async with house.client(headers={"accept": "text/html"}) as client:
        known = await client.post("/sign-in", data={"email": "emma@podo.example"})
        unknown = await client.post("/sign-in", data={"email": "nobody@podo.example"})
        assert (known.status_code, known.headers["location"]) == (unknown.status_code, unknown.headers["location"])
        assert "a link is on its way" in (await client.get(unknown.headers["location"])).text
    assert await link_of(house, "nobody@podo.example") is None


async def test_ten_tries_in_ten_minutes_for_one_address_and_from_one_address(house: Living) -> None:
    async def ask(email: str, address: str) -> None:
        async with house.transaction() as tx:
            await service.begin_sign_in(tx, house.house.seal, email, address)

    for number in range(10):
        await ask("emma@podo.example", f"198.51.100.{number}")
    with pytest.raises(TooManySignIns) as refused:
        await ask("Emma@podo.example", "198.51.100.99")
    assert refused.value.data["after"] == 600
    await ask("sora@podo.example", "198.51.100.99")
    with clock.shifted(timedelta(minutes=11)):
        await ask("emma@podo.example", "198.51.100.1")

    async with house.client(headers={"accept": "text/html"}) as client:
        answers = [(await client.post("/sign-in", data={"email": f"p{n}@podo.example"})).status_code for n in range(11)]
        assert answers == [303] * 10 + [429]
        assert (await client.post("/sign-in", data={"email": "p@podo.example"})).headers["retry-after"] == "600"


async def test_somebody_who_left_cannot_use_a_link_that_was_sent_before(house: Living) -> None:
    path = await link_of(house, "emma@podo.example")
    await without(house, LEAD)
    async with house.transaction() as tx:
        with pytest.raises(LinkSpent):
            await service.finish_sign_in(tx, (path or "").partition("key=")[2], about="", lasts=LASTS)
    assert await link_of(house, "emma@podo.example") is None


async def without(house: Living, who: str) -> None:
    """This person leaves the company."""
    async with house.transaction() as tx:
        people = [p for p in PEOPLE if p.id != who]
        await service.sync_directory(tx, people, TEAMS, [m for m in MEMBERSHIPS if m.person != who])


async def test_who_left_is_out_at_once_with_all_sessions_and_tokens_and_stays_out_after_coming_back(house: Living) -> None:
    async with house.signed_in(LEAD) as browser, api_of(house, LEAD) as api:
        assert (await api.get("/api/v1/me")).json()["id"] == LEAD
        await without(house, LEAD)
        answer = await browser.client.get("/people")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/people")
        assert (await api.get("/api/v1/me")).status_code == 401
        answer = await browser.client.post("/sign-in/as", data={"person": LEAD})
        assert answer.status_code == 404
        async with house.transaction() as tx:
            await service.sync_directory(tx, PEOPLE, TEAMS, MEMBERSHIPS)
        assert (await browser.client.get("/people")).status_code == 303
        assert (await api.get("/api/v1/me")).status_code == 401
    async with house.signed_in(ADMIN) as browser:
        assert "This person has left" not in await browser.get("/people/lead")


async def test_a_demo_signs_in_anybody_from_this_machine_alone(tmp_path: Path, house: Living) -> None:
    def client(address: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=house.running.app, client=(address, 1234))
        return httpx.AsyncClient(transport=transport, base_url="http://podo.test", headers={"accept": "text/html"})

    async with client("198.51.100.7") as far:
        assert "Or sign in as" not in (await far.get("/sign-in")).text
        answer = await far.post("/sign-in/as", data={"person": LEAD})
        assert answer.status_code == 403
        assert "Nobody signs in by picking a name here." in answer.text
    async with client("127.0.0.1") as near:
        page = await near.get("/sign-in?q=서연")
        assert "이서연" in page.text
        assert "Emma" not in page.text
        answer = await near.post("/sign-in/as", data={"person": LEAD, "next": "/teams"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/teams")
    async with client("127.0.0.1") as near:
        away = await near.post("/sign-in/as", data={"person": LEAD, "next": "//evil.example/x"})
        assert away.headers["location"] == "/"


async def test_outside_of_a_demo_nobody_is_picked(tmp_path: Path) -> None:
    async with company(tmp_path, PODO_ACCESS_DEMO="false") as house:
        async with house.client(headers={"accept": "text/html"}) as client:
            assert "Or sign in as" not in (await client.get("/sign-in")).text
            assert (await client.post("/sign-in/as", data={"person": LEAD})).status_code == 403
        async with house.transaction() as tx:
            with pytest.raises(NoDemo):
                await service.sign_in_as(tx, LEAD, demo=False, about="", lasts=LASTS)


async def test_sessions_are_listed_and_ended_by_their_person_alone(house: Living) -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
    two = house.client(headers={"accept": "text/html", "user-agent": firefox})
    async with house.signed_in(LEAD) as one, two, house.signed_in(MEMBER) as other:
        await two.post("/sign-in/as", data={"person": LEAD})
        page = await one.get("/settings/tokens")
        assert "Firefox, Linux" in page
        assert page.count("this one") == 1
        listed = (await one.client.get("/api/v1/sessions")).json()
        assert len(listed) == 2
        theirs = (await other.client.get("/api/v1/sessions")).json()
        assert len(theirs) == 1
        await other.send(f"/settings/sessions/{listed[0]['id']}/end", status=404)
        firefoxes = [s["id"] for s in listed if "Firefox" in s["about"]]
        await one.send(f"/settings/sessions/{firefoxes[0]}/end")
        assert (await two.get("/people")).status_code == 303
        assert (await one.client.get("/people")).status_code == 200

        await one.send("/sign-out")
        assert (await one.client.get("/people")).status_code == 303


async def test_a_session_that_is_not_used_ends_and_one_that_is_lasts_on(house: Living) -> None:
    async with house.signed_in(LEAD) as browser:
        with clock.shifted(timedelta(hours=71)):
            assert (await browser.client.get("/people")).status_code == 200
        with clock.shifted(timedelta(hours=140)):
            assert (await browser.client.get("/people")).status_code == 200
        with clock.shifted(timedelta(hours=213)):
            assert (await browser.client.get("/people")).status_code == 303


async def test_the_first_administrator_gets_a_link_once(house: Living) -> None:
    async with house.transaction() as tx:
        path = await service.first_link(tx, house.house.seal)
    assert path
    async with house.client() as client:
        answer = await client.post("/sign-in/link", data={"key": path.partition("key=")[2]})
        assert answer.status_code == 303
        assert (await client.get("/api/v1/me")).json()["roles"] == ["admin"]
    async with house.transaction() as tx:
        await service.revoke(tx, ADMIN, Role.admin)
        assert await service.first_link(tx, house.house.seal) is None


async def test_language_and_theme_are_kept_with_the_person_and_in_the_browser(house: Living) -> None:
    async with house.signed_in(LEAD) as browser:
        assert 'lang="en"' in await browser.get("/people")
        await browser.send("/-/preferences", lang="ko", theme="dark", next="/people")
        page = await browser.get("/people")
        assert 'lang="ko"' in page
        assert 'data-color-mode="dark"' in page
    async with api_of(house, LEAD) as api:
        await api.put("/api/v1/me/preferences", json={"lang": "en", "theme": "light"})
        wrong = await api.put("/api/v1/me/preferences", json={"theme": "pink"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "access.no_such_theme")
        assert (await api.put("/api/v1/me/preferences", json={"lang": "fr"})).status_code == 422
    async with house.signed_in(LEAD, lang="ko") as browser:
        page = await browser.get("/people")
        assert 'lang="en"' in page
        assert 'data-color-mode="light"' in page
    async with house.client(headers={"accept": "text/html"}) as client:
        await client.post("/-/preferences", data={"lang": "ko"})
        assert 'lang="ko"' in (await client.get("/sign-in")).text


async def test_a_form_needs_the_token_of_its_page(house: Living) -> None:
    async with house.signed_in(LEAD) as browser:
        browser.csrf = "x"
        assert "did not come from a page of yours" in (await browser.send("/settings/tokens", status=403, name="x")).text
        other = Browser(browser.client)
        await other.get("/settings/tokens")
        await other.send("/settings/tokens", status=200, name="x", scope="read", days="1")


async def test_links_can_be_off_and_the_terminal_lets_an_administrator_in(tmp_path: Path) -> None:
    off: dict[str, Any] = {"PODO_ACCESS_LINKS": "false", "PODO_ACCESS_DEMO": "false"}
    off |= settings_of("okta", "https://issuer.example", title="Okta")
    async with company(tmp_path, **off) as house, house.client(headers={"accept": "text/html"}) as client:
        page = (await client.get("/sign-in")).text
        assert 'name="email"' not in page
        assert "Sign in with Okta" in page
        answer = await client.post("/sign-in", data={"email": "emma@podo.example"})
        assert (answer.status_code, "Nobody signs in by e-mail here" in answer.text) == (403, True)
        async with house.transaction() as tx:
            path = await service.printed_link(tx, house.house.seal)
        answer = await client.post("/sign-in/link", data={"key": (path or "").partition("key=")[2]})
        assert answer.status_code == 303
        assert (await client.get("/api/v1/me")).json()["id"] == ADMIN
        async with house.transaction() as tx:
            await service.revoke(tx, ADMIN, Role.admin)
            assert await service.printed_link(tx, house.house.seal) is None


async def test_settings_that_leave_no_way_in_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(NoWayIn):
        async with company(tmp_path, PODO_ACCESS_DEMO="false", PODO_ACCESS_LINKS="false"):
            pass


async def test_podo_link_prints_a_link_that_lets_an_administrator_in(house: Living) -> None:
    """As a program of its own, beside the server; there is a word of it in the log."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "PODO_SERVER_DIRECTORY": str(house.folder)}
    environ["PODO_DATABASE_URL"] = house.house.settings[DatabaseSettings].url

    words = [sys.executable, "-m", "podo.app", "link"]
    ran = await asyncio.create_subprocess_exec(*words, env=environ, stdout=PIPE, stderr=STDOUT)
    said = (await ran.communicate())[0].decode()
    assert ran.returncode == 0, said
    assert said.startswith("http://127.0.0.1:8080/sign-in/link?key=")
    async with house.client() as client:
        answer = await client.post("/sign-in/link", data={"key": said.strip().partition("key=")[2]})
        assert answer.status_code == 303
        assert (await client.get("/api/v1/me")).json()["id"] == ADMIN
    async with house.reading() as r:
        assert len((await log.history(r, log.Wanted(codes=[LinkPrinted.code]), limit=5))[0]) == 1


async def test_rights_that_an_issuer_gave_go_with_its_place_in_the_settings(tmp_path: Path) -> None:
    with_okta: dict[str, Any] = {"PODO_ACCESS_DEMO": "false"}
    with_okta |= settings_of("okta", "https://issuer.example", teams="a=search:lead", roles="b=admin")
    came = Claims("u-1", "emma@podo.example", verified=True, name="Emma", lang=None, groups=("a", "b"))
    async with company(tmp_path, **with_okta) as house:
        chosen = house.house.settings[AccessSettings].issuers["okta"]
        async with house.transaction() as tx:
            cookie, _ = await service.sign_in_by(tx, house.house.seal, "okta", chosen, came, about="", lasts=LASTS)
        async with house.reading() as r:
            assert await service.roles_of(r, LEAD) == {Role.admin}
            assert len(await service.teams_of(r, LEAD)) == 2
    async with company(tmp_path, PODO_ACCESS_DEMO="false") as house:
        async with house.reading() as r:
            assert await service.roles_of(r, LEAD) == set()
            assert [m.team for m in await service.teams_of(r, LEAD)] == ["team-3"]
            assert await service.identify_session(r, cookie) is None
            assert Role.admin in await service.roles_of(r, ADMIN), "what was given by hand stays"
