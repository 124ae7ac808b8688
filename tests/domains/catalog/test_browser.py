"""What the pages gain with script, in a real browser under the site's content security policy."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import Page, async_playwright, expect

from tests import needs
from tests.domains.catalog import town
from tests.domains.ui.test_pages import NO_ASSETS
from tests.houses import Living

pytestmark = [
    pytest.mark.serial,
    needs.program("chromium"),
    pytest.mark.skipif(NO_ASSETS, reason="the assets are not built: `python tools/assets.py`"),
]


@contextlib.asynccontextmanager
async def served(house: Living) -> AsyncIterator[str]:
    """The house's site on a free port of this machine."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(house.running.app, log_config=None, access_log=False, lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        house.running.app.state.hub.closing.set()
        server.should_exit = True
        await task
        listening.close()


@pytest.fixture
async def page(house: Living) -> AsyncIterator[Page]:
    """A page of 김하늘's browser; what the policy forbids fails the test."""
    async with served(house) as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = await browser.new_context(base_url=address, locale="en-GB", reduced_motion="reduce")
        await context.request.post("/sign-in/as", form={"person": "prs-haneul"}, max_redirects=0)
        opened = await context.new_page()
        refused: list[str] = []
        opened.on("console", lambda m: refused.append(m.text) if "Content Security Policy" in m.text else None)
        yield opened
        await browser.close()
        assert refused == []


async def test_registering_with_script(page: Page, house: Living, tmp_path: Path) -> None:
    at = town.repository(
        tmp_path / "Refund_Worker", {"Dockerfile": "FROM scratch\nUSER 7\nEXPOSE 9000\n", "a/Dockerfile": "FROM scratch\n"}
    )
    await page.goto("/new")
    await page.fill("#f-title", "환불")
    await page.fill("#f-repository", str(at))
    await page.click("button:has-text('Look')")
    await expect(page.get_by_text("Readable. Branch")).to_be_visible(timeout=10_000)
    await expect(page.locator("#f-port")).to_have_value("9000")
    await expect(page.locator("#f-title")).to_have_value("환불")
    await expect(page.locator("#f-slug")).to_have_value("refund-worker")
    await expect(page.locator("#f-slug-note")).to_contain_text("Free in Podo")
    await page.fill("#f-slug", "")
    await page.locator("#f-slug").press_sequentially("Refund Worker")
    await expect(page.locator("#f-slug-note")).to_contain_text("cannot be a name")
    await page.click("button:has-text('Use refund-worker')")
    await expect(page.locator("#f-slug")).to_have_value("refund-worker")
    await page.check("text=a/Dockerfile")
    await page.check("[aria-label='prod jp']")
    await page.click("button:has-text('Register the project')")
    await page.wait_for_url("**/refund-worker")
    await expect(page.get_by_text("refund-worker is registered.")).to_be_visible()
    await expect(page.get_by_text("its place is ready on prod-jp")).to_be_visible(timeout=10_000)


async def test_keys_lead_to_search_and_it_finds_while_one_types(page: Page, house: Living) -> None:
    await town.register(house)
    await page.goto("/clusters")
    await page.keyboard.press("/")
    await page.keyboard.type("chat")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/search?q=chat")
    await expect(page.locator("#hits")).to_contain_text("Chat API")
    await page.keyboard.press("/")
    await page.keyboard.press("End")
    await page.keyboard.type("zzz")
    await expect(page.locator("#hits")).to_contain_text("Nothing is called so")
    await page.goto("/projects")
    await page.keyboard.press("/")
    await page.keyboard.type("team:chat")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/projects?q=team%3Achat")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/chat-api")


async def test_a_cluster_that_comes_back_is_seen_without_a_reload(page: Page, house: Living) -> None:
    house.twins["prod-kr"].faults.add("down")
    await town.register(house)
    await town.rounds(house)
    await page.goto("/clusters")
    await expect(page.locator("#prod-kr")).to_contain_text("unreachable")
    await expect(page.locator("#live")).to_be_visible()
    house.twins["prod-kr"].faults.clear()
    await town.rounds(house)
    await expect(page.locator("#prod-kr")).to_contain_text("connected", timeout=10_000)
