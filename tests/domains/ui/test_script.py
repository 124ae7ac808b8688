"""What the pages' scripts do, in a real browser under the site's content security policy."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from podo.kernel import clock
from podo.kernel.http.site import _HEADERS as HEADERS
from podo.kernel.ui import ASSETS, patterns_page, render
from podo.kernel.ui.environment import environment
from tests import needs
from tests.domains.ui.test_pages import FRAME, NO_ASSETS

pytestmark = [
    pytest.mark.serial,
    needs.program("chromium"),
    pytest.mark.skipif(NO_ASSETS, reason="the assets are not built: `python tools/assets.py`"),
]

EXTRA = """
<section id="piece" data-refresh="project:chat-api" data-src="/piece"><p>version <b>0</b></p><input id="typed"></section>
<section id="other" data-refresh="project:else" data-src="/piece"><p>untouched</p></section>
<form id="once" method="post" action="/slow" data-once>
<button class="Button" data-busy="Asking kr"><span class="Button-label">Go</span></button></form>
<label>Name <input id="name" name="slug" hx-get="/check" hx-trigger="input changed delay:50ms" hx-target="#name-note"></label>
<div id="name-note"></div>
<button id="act" hx-post="/act" hx-target="#acted">act</button><div id="acted"></div>
<input id="filter" data-filter="#files"><ul id="files"><li data-name="values.yaml">a</li><li data-name="Chart.yaml">b</li></ul>
<ol class="Log Log--follow" id="log" data-log hx-sse:connect="/log" hx-swap="beforeend"></ol>
<a id="later" href="/later" data-key="r">review</a>
"""
_COUNT_BEATS = """() => {
  const animate = Element.prototype.animate;
  window.beats = 0;
  Element.prototype.animate = function (...how) { window.beats += 1; return animate.apply(this, how); };
}"""


@dataclass
class Site:
    """A small site around the page of patterns, and what it was asked."""

    address: str = ""
    version: int = 0
    position: int = 41
    signed_out: bool = False
    asked: list[str] = field(default_factory=list)
    news: list[asyncio.Queue[str]] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None

    def tell(self, topics: str) -> None:
        """Send news to all open pages."""
        self.version += 1
        self.position += 1
        assert self.loop
        for queue in list(self.news):
            self.loop.call_soon_threadsafe(queue.put_nowait, f"id: {self.position}\nevent: news\ndata: {topics}\n\n")

    def cut(self) -> None:
        """End all streams, as a server that restarts."""
        assert self.loop
        for queue in list(self.news):
            self.loop.call_soon_threadsafe(queue.put_nowait, "")

    def app(self) -> Starlette:
        """Its routes."""
        routes = [
            Route("/", self.page),
            Route("/elsewhere", self.elsewhere),
            Route("/later", self.page),
            Route("/piece", self.piece),
            Route("/check", self.check),
            Route("/act", self.act, methods=["POST"]),
            Route("/slow", self.slow, methods=["POST"]),
            Route("/log", self.log),
            Route("/-/live", self.live),
            Mount("/-/assets", StaticFiles(directory=ASSETS)),
        ]
        return Starlette(routes=routes)

    async def page(self, request: Request) -> Response:
        """The page of patterns and more."""
        self.loop = asyncio.get_running_loop()
        html = render(patterns_page(), replace(FRAME, position=self.position)).replace("</main>", EXTRA + "</main>")
        return HTMLResponse(html, headers=HEADERS)

    async def elsewhere(self, request: Request) -> Response:
        """A page to be led to."""
        return HTMLResponse("<p>sign in</p>")

    async def piece(self, request: Request) -> Response:
        """The piece, as it is now."""
        self.asked.append("piece")
        if self.signed_out:
            return RedirectResponse("/elsewhere", 303)
        return HTMLResponse(f'<p>version <b>{self.version}</b></p><input id="typed">')

    async def check(self, request: Request) -> Response:
        """Whether a name is free."""
        self.asked.append(request.url.query)
        return HTMLResponse(f"{request.query_params['slug']} is free")

    async def act(self, request: Request) -> Response:
        """What came as the token."""
        return HTMLResponse(request.headers.get("x-csrf-token", "none").replace("<", "&lt;"))

    async def slow(self, request: Request) -> Response:
        """Takes its time."""
        self.asked.append("slow")
        await asyncio.sleep(0.5)
        return RedirectResponse("/later", 303)

    async def log(self, request: Request) -> Response:
        """Two lines, then silence."""
        lines = environment("en").from_string("{{ ui.log_line(1, 'one') }}|{{ ui.log_line(2, 'two') }}").render().split("|")

        async def stream() -> AsyncIterator[str]:
            for line in lines:
                yield f"data: {line}\n\n"
            await asyncio.sleep(30)

        return StreamingResponse(stream(), media_type="text/event-stream")

    async def live(self, request: Request) -> Response:
        """News by server-sent events."""
        self.asked.append(f"live after {request.headers.get('last-event-id')}")
        queue: asyncio.Queue[str] = asyncio.Queue()
        self.news.append(queue)

        async def stream() -> AsyncIterator[str]:
            yield f"id: {self.position}\nevent: news\ndata: []\n\n"
            try:
                while text := await queue.get():
                    yield text
            finally:
                self.news.remove(queue)

        return StreamingResponse(stream(), media_type="text/event-stream")


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    server = uvicorn.Server(uvicorn.Config(made.app(), port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.02)
    made.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield made
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        with contextlib.closing(playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])) as made:
            yield made


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        reduced_motion="reduce", timezone_id="Asia/Seoul", permissions=["clipboard-read", "clipboard-write"]
    )
    complaints: list[str] = []
    opened = context.new_page()
    opened.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(site.address)
    yield opened
    context.close()
    assert [c for c in complaints if "ERR_INCOMPLETE_CHUNKED" not in c and "ERR_EMPTY_RESPONSE" not in c] == []


def test_a_piece_follows_the_news_of_its_topic_and_keeps_what_is_typed(page: Page, site: Site) -> None:
    expect(page.locator("#live")).to_be_visible()
    assert site.asked == ["live after 41"]
    page.locator("#typed").fill("half a word")
    site.tell('["project:chat-api"]')
    expect(page.locator("#piece b")).to_have_text("1")
    expect(page.locator("#typed")).to_have_value("half a word")
    expect(page.locator("#typed")).to_be_focused()
    expect(page.locator("#other")).to_have_text("untouched")


def test_the_dot_beats_for_news_unless_less_motion_is_wanted(page: Page, site: Site) -> None:
    expect(page.locator("#live")).to_be_visible()
    page.evaluate(_COUNT_BEATS)
    site.tell('["project:chat-api"]')
    expect(page.locator("#piece b")).to_have_text("1")
    assert page.evaluate("beats") == 0
    page.emulate_media(reduced_motion="no-preference")
    site.tell('["project:chat-api"]')
    expect(page.locator("#piece b")).to_have_text("2")
    assert page.evaluate("beats") == 1


def test_a_cut_stream_is_told_and_resumed_where_it_ended(page: Page, site: Site) -> None:
    expect(page.locator("#live")).to_be_visible()
    site.tell('["project:chat-api"]')
    expect(page.locator("#piece b")).to_have_text("1")
    site.cut()
    expect(page.locator("#live")).to_have_class("Live Live--off")
    expect(page.locator("#live")).to_have_class("Live", timeout=10_000)
    assert [a for a in site.asked if a.startswith("live")] == ["live after 41", "live after 42"]


def test_a_piece_that_leads_elsewhere_takes_the_whole_page_along(page: Page, site: Site) -> None:
    expect(page.locator("#live")).to_be_visible()
    site.signed_out = True
    with page.expect_navigation():
        site.tell('["project:chat-api"]')
    expect(page.locator("#piece")).not_to_contain_text("sign in")


def test_a_log_grows_at_its_end(page: Page) -> None:
    expect(page.locator("#log li")).to_have_count(2)
    expect(page.locator("#log")).to_contain_text("1one2two")


def test_a_form_is_sent_once_and_says_what_it_asks_for(page: Page, site: Site) -> None:
    # While a page is left it cannot be asked from here, so it notes by itself how its button looks, and is clicked again.
    page.evaluate(
        """() => document.querySelector('#once').addEventListener('submit', (event) => setTimeout(() => {
            sessionStorage.said = `${event.submitter.textContent} ${event.submitter.getAttribute('aria-busy')}`;
            event.submitter.click();
        }, 50))"""
    )
    page.locator("#once button").click()
    page.wait_for_url("**/later")
    assert page.evaluate("sessionStorage.said") == "Asking kr true"
    assert site.asked.count("slow") == 1


def test_a_name_is_checked_while_one_types(page: Page, site: Site) -> None:
    page.locator("#name").press_sequentially("refund")
    expect(page.locator("#name-note")).to_have_text("refund is free")
    assert site.asked.count("slug=refund") == 1


def test_what_htmx_posts_carries_the_token_of_the_page(page: Page) -> None:
    page.locator("#act").click()
    expect(page.locator("#acted")).to_have_text(FRAME.csrf)


def test_keys_move_open_and_help(page: Page, site: Site) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("[data-row].is-focus")).to_have_count(1)
    page.keyboard.press("/")
    expect(page.locator("[data-query]")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("t")
    expect(page.locator("#filter")).to_be_focused()
    page.keyboard.type("VALUES")
    expect(page.locator("#files li:visible")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.wait_for_url("**/later")
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url(f"{site.address}/")


def test_menus_close_by_escape_and_by_a_click_elsewhere(page: Page) -> None:
    menu = page.locator("details.You")
    for leave in (lambda: page.keyboard.press("Escape"), lambda: page.locator("main h1").click()):
        menu.locator("summary").click()
        expect(menu).to_have_attribute("open", "")
        leave()
        expect(menu).not_to_have_attribute("open", "")


def test_times_are_in_the_readers_zone_and_count(page: Page) -> None:
    written = page.locator("time[data-at=hour]").first
    stamp = clock.datetime.fromisoformat(written.get_attribute("datetime") or "")
    expect(written).to_have_text((stamp + timedelta(hours=9)).strftime("%H:%M"))
    assert "GMT+9" in (written.get_attribute("title") or "")
    countdown = page.locator("time[data-countdown]").first
    first = countdown.inner_text()
    assert first.startswith("6:")
    expect(countdown).not_to_have_text(first, timeout=3000)


def test_a_query_is_painted_while_one_types(page: Page) -> None:
    page.locator("[data-query]").fill('region:kr <b> author:"Kim')
    assert page.locator(".Query-paint").inner_html() == '<b>region:kr</b> &lt;b&gt; <b>author:"Kim</b>'


def test_copying_is_confirmed(page: Page) -> None:
    button = page.locator(".Cmd [data-copy]").first
    button.click()
    expect(button).to_have_attribute("aria-label", "Copied")
    assert page.evaluate("navigator.clipboard.readText()") == button.get_attribute("data-copy")


def test_lines_of_a_log_are_picked_by_the_address(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/#L118-L119")
    expect(page.locator("[data-log] .pick")).to_have_count(2)
    page.locator('a[href="#L120"]').click(modifiers=["Shift"])
    expect(page.locator("[data-log] .pick")).to_have_count(3)
    assert page.url.endswith("#L118-L120")
