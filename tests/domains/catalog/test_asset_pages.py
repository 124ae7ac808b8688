"""Assets, the orphan court and coverage: pages without script, by keyboard, and the API that does the same."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import Page, async_playwright, expect

from podo.access import service as access
from podo.catalog.handlers import count_assets
from podo.catalog.types import AssetState
from podo.kernel import clock
from tests import needs
from tests.domains.catalog import town
from tests.domains.catalog.test_assets import known, queue, take
from tests.domains.catalog.test_browser import served
from tests.domains.catalog.test_orphans import court, hear, kept_by
from tests.domains.ui.test_pages import NO_ASSETS
from tests.houses import Living


async def found(house: Living) -> None:
    """An account that Search keeps, things of Chat, and three of nobody, two of them with a clue."""
    await kept_by(house, "search")
    await town.register(house)
    await take(
        house,
        [
            queue("mine", {"podo-project": "chat-api", "env": "prod"}),
            queue("<b>odd", {"podo-team": "team-3"}),
            queue("first", {"owner": "Chat"}),
            queue("second", {"owner": "Chat"}),
            queue("third", {}),
        ],
    )
    await hear(house)
    await count_assets(house.house)


async def test_lists_narrow_by_their_address_and_show_what_cannot_be(house: Living) -> None:
    await found(house)
    async with house.signed_in("prs-haneul") as browser:
        page = await browser.get("/assets")
        assert "5 assets" in page
        assert "&lt;b&gt;odd" in page
        assert "<b>odd" not in page
        narrowed = await browser.get("/assets?q=team:chat tag:env=prod")
        assert ("mine" in narrowed, ">second<" in narrowed) == (True, False)
        assert "1 asset" in narrowed
        assert "No asset matches" in await browser.get("/assets?q=kind:rds:db")
        assert "“lost” cannot be the state of assets." in await browser.get("/assets?q=state:lost")
        assert "There is no team" in await browser.get("/assets?q=team:nobody")
        of_project = await browser.get("/chat-api/assets")
        assert ("<b>mine</b>" in of_project, "<b>second</b>" in of_project) == (True, False)
        mine = await known(house, "mine")
        one = await browser.get(f"/assets/{mine.id}")
        assert "by the exact ids in its tags" in one
        await browser.get("/assets/ast_none", status=404)
        assert "2 of 5; 3 have none" in await browser.get("/assets/coverage")
        team = await browser.get("/teams/chat")
        assert "kind:sqs:queue" in team
    async with house.signed_in("prs-haneul", lang="ko") as browser:
        assert "고아 자산 심사" in await browser.get("/assets/orphans")


async def test_the_court_is_plain_forms_and_each_can_be_undone(house: Living) -> None:
    await found(house)
    first = await known(house, "first")
    async with house.signed_in("prs-oliver") as browser:
        page = await browser.get("/assets/orphans")
        assert "3 cases" in page
        assert "a tag says “Chat”" in page
        answer = await browser.send("/assets/orphans/assign", asset=first.id, owner="team:team-2", q="", because="", of="")
        again = await browser.get(answer.headers["location"])
        assert "1 assigned to Chat." in again
        (did,) = set(re.findall(r'name="did" value="(dec_\w+)"', again))
        assert (await known(house, "first")).team == "team-2"
        await browser.send("/assets/orphans/undo", did=did)
        assert (await known(house, "first")).state is AssetState.orphan
        group = "/assets/orphans?because=tag&owner=team%3Ateam-2"
        assert "2 cases for which a tag speaks for Chat." in await browser.get(group)
        answer = await browser.send("/assets/orphans/assign-all", because="tag", of="team:team-2")
        assert "2 assigned to Chat." in await browser.get(answer.headers["location"])
        third = await known(house, "third")
        answer = await browser.send("/assets/orphans/skip", asset=third.id)
        assert "stands at the end of the queue" in await browser.get(answer.headers["location"])
        await browser.send("/assets/orphans/unskip", asset=third.id)
        refused = await browser.send("/assets/orphans/quarantine", 409, asset=third.id)
        assert "own" in refused.text
        await browser.send(f"/assets/{third.id}/assign", owner="project:chat-api", why="we made it")
        assert "we made it" in await browser.get(f"/assets/{third.id}")
        await browser.send(f"/assets/{third.id}/undo")
        wrong = await browser.send(f"/assets/{third.id}/assign", 422, owner="chat")
        assert "cannot own an asset" in wrong.text
    async with house.signed_in("prs-emma") as browser:
        with clock.shifted(timedelta(days=20)):
            await hear(house)
        assert "until " in await browser.get("/assets/orphans")


async def test_the_api_does_what_the_pages_do(house: Living) -> None:
    await found(house)
    async with house.transaction(town.EMMA) as tx:
        _, secret = await access.create_token(tx, "t", ["read", "operate", "own"], clock.now() + timedelta(days=1), [])
    async with house.client(headers={"authorization": f"Bearer {secret}"}) as client:
        listed = (await client.get("/api/v1/assets", params={"team": "service", "below": True, "limit": 2})).json()
        assert [it["name"] for it in listed["items"]] == ["<b>odd", "first"]
        rest = await client.get("/api/v1/assets", params={"team": "service", "below": True, "cursor": listed["next"]})
        assert [it["name"] for it in rest.json()["items"]] == ["mine", "second", "third"]
        counts = (await client.get("/api/v1/assets/counts")).json()
        assert (counts["total"], counts["states"]) == (5, [{"value": "orphan", "count": 3}, {"value": "owned", "count": 2}])
        cases = (await client.get("/api/v1/assets/orphans")).json()
        assert (cases["total"], cases["items"][0]["candidates"][0]["owner"]) == (3, "team:team-2")
        mine = [case["asset"]["id"] for case in cases["items"] if case["candidates"]]
        batch = (await client.post("/api/v1/assets/assign", json={"assets": mine, "owner": "team:chat"})).json()["batch"]
        one = (await client.get(f"/api/v1/assets/{mine[0]}")).json()
        assert (one["asset"]["team"], one["case"], one["decisions"][0]["clues"][0]["kind"]) == ("team-2", None, "tag")
        by_arn = await client.get("/api/v1/assets/arn", params={"arn": one["asset"]["arn"]})
        assert by_arn.json()["asset"]["id"] == mine[0]
        assert (await client.post("/api/v1/assets/undo", json={"asset": "", "batch": batch})).json() == {"count": 2}
        early = await client.post("/api/v1/assets/quarantine", json={"assets": [mine[0]]})
        assert (early.status_code, early.json()["code"]) == (409, "catalog.not_yet_due")
        wrong = await client.get("/api/v1/assets", params={"state": "lost"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "catalog.wrong_asset_query")
        await house.settled()
        days = (await client.get("/api/v1/assets/coverage")).json()
        assert (days[-1]["assets"], days[-1]["owned"]) == (5, 2)
        parts = (await client.get("/api/v1/assets/coverage", params={"by": "account"})).json()
        assert [(p["name"], p["assets"]) for p in parts] == [("aws/123456789012", 5)]


@pytest.fixture
async def page(house: Living) -> AsyncIterator[Page]:
    """A page of Oliver's browser, who is of the team that keeps the account."""
    async with served(house) as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = await browser.new_context(base_url=address, locale="en-GB", reduced_motion="reduce")
        await context.request.post("/sign-in/as", form={"person": "prs-oliver"}, max_redirects=0)
        yield await context.new_page()
        await browser.close()


@pytest.mark.serial
@needs.program("chromium")
@pytest.mark.skipif(NO_ASSETS, reason="the assets are not built: `python tools/assets.py`")
async def test_the_queue_is_worked_by_keyboard(page: Page, house: Living) -> None:
    await found(house)
    second = list(await court(house))[1]
    await page.goto("/assets/orphans")
    for key in ("j", "j", "1", "a"):
        await page.keyboard.press(key)
    await expect(page.get_by_text("1 assigned to Chat.")).to_be_visible()
    assert (await known(house, second)).team == "team-2"
    await page.keyboard.press("u")
    await expect(page.locator(f"#{(await known(house, second)).id}")).to_be_visible()
    assert (await known(house, second)).state is AssetState.orphan
    first = next(iter(await court(house)))
    await page.keyboard.press("s")
    await expect(page.get_by_text(f"{first} stands at the end of the queue.")).to_be_visible()
    await page.keyboard.press("u")
    await expect(page.get_by_text("stands at the end of the queue")).to_have_count(0)
    assert next(iter(await court(house))) == first
