"""The tab in a real browser: asking, watching it being taken, and lines of a log that have addresses."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from podo.clients.kubernetes.twin import Pace
from tests import needs
from tests.company import LEAD, PROJECT, serving
from tests.domains.ui.test_pages import NO_ASSETS
from tests.domains.workloads.conftest import Shop, deployment, of

pytestmark = [
    pytest.mark.serial,
    needs.program("chromium"),
    pytest.mark.skipif(NO_ASSETS, reason="the assets are not built: `python tools/assets.py`"),
]


async def browse(running: Shop, do: Callable[[Page, str], None]) -> None:
    """Let `do` use a browser in which Emma is signed in; what a script or a style does wrong fails it."""

    def session(url: str) -> None:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            page = chromium.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB", reduced_motion="reduce")
            wrong: list[str] = []
            page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.request.post(f"{url}/sign-in/as", form={"person": LEAD}, max_redirects=0)
            do(page, url)
            assert wrong == []
            chromium.close()

    async with serving(running.house) as url:
        await asyncio.to_thread(session, url)


async def test_a_restart_is_confirmed_asked_and_seen_taken_without_a_reload(running: Shop) -> None:
    await running.run(deployment())
    await running.until(lambda v: of(v) and of(v).ready == 2)
    running.twin().pace = Pace(schedule=0.05, pull=0.05, ready=0.3, stop=0.3)
    running.twin().faults.add("slow", verbs=["patch"], seconds=1.5)

    def do(page: Page, url: str) -> None:
        page.goto(f"{url}/{PROJECT}/workloads")
        menu = page.get_by_label(f"Restart or scale {PROJECT} in kr")
        expect(page.get_by_role("button", name="Restart", exact=True)).to_be_hidden()
        menu.click()
        expect(page.get_by_text(f"Make all 2 pods of {PROJECT} in prod kr anew")).to_be_visible()
        page.get_by_role("button", name="Restart", exact=True).click()
        expect(page.get_by_text("Emma Clarke asked for a restart; prod-kr-1 has not taken it yet")).to_be_visible()
        page.evaluate("window.same = true")
        expect(page.get_by_text("prod-kr-1 has taken the restart that Emma Clarke asked for")).to_be_visible(timeout=10_000)
        expect(page.locator(".Pod--wait").first).to_be_visible()
        assert page.evaluate("window.same") is True

    await browse(running, do)
    await running.until(lambda v: of(v) and of(v).health.status.value == "Healthy")


async def test_lines_have_addresses_and_further_ones_come_by_themselves(running: Shop) -> None:
    await running.run(deployment(replicas=1))
    seen = await running.until(lambda v: of(v) and of(v).ready == 1 and len(of(v).pods) == 1)
    pod = of(seen).pods[0].name

    def do(page: Page, url: str) -> None:
        page.goto(f"{url}/{PROJECT}/workloads")
        page.locator(f'a.PodLink[title^="{pod}"]').click()
        expect(page).to_have_url(re.compile(r"since=.*#panel$"))
        before = page.locator("[data-log] li").count()
        expect(page.locator("[data-log] li").nth(before + 3)).to_be_attached()
        numbers = page.locator("[data-log] li").evaluate_all("lines => lines.map(line => Number(line.id.slice(1)))")
        assert numbers == list(range(1, len(numbers) + 1))
        page.locator("#L2 > a").click()
        page.locator("#L4 > a").click(modifiers=["Shift"])
        expect(page).to_have_url(re.compile("#L2-L4$"))
        assert page.locator("[data-log] li.pick").evaluate_all("lines => lines.map(line => line.id)") == ["L2", "L3", "L4"]
        text = page.locator("#L2 code").inner_text()
        address = page.url
        page.goto("about:blank")
        page.goto(address)
        assert page.locator("[data-log] li.pick").count() == 3
        assert page.locator("#L2 code").inner_text() == text
        page.keyboard.press("Escape")
        expect(page.locator(".Panel")).to_have_count(0)

    await browse(running, do)


async def test_it_can_be_read_and_used_without_a_script(running: Shop, tmp_path: Path) -> None:
    await running.run(deployment(replicas=1))
    await running.until(lambda v: of(v) and of(v).ready == 1 and len(of(v).pods) == 1)

    def session(url: str) -> None:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            context = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
            context.request.post(f"{url}/sign-in/as", form={"person": LEAD}, max_redirects=0)
            page = context.new_page()
            page.goto(f"{url}/{PROJECT}/workloads")
            page.get_by_label(f"Restart or scale {PROJECT} in kr").click()
            page.get_by_label("Pods", exact=True).fill("3")
            page.get_by_role("button", name="Scale", exact=True).click()
            expect(page.get_by_text(re.compile("(asked for 3 pods|has taken 3 pods)"))).to_be_visible()
            page.screenshot(path=tmp_path / "narrow.png")
            chromium.close()

    async with serving(running.house) as url:
        await asyncio.to_thread(session, url)
    await running.until(lambda v: of(v) and of(v).ready == 3)
