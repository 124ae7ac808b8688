"""Somebody before a browser: what is seen and clicked, by mouse or by keyboard, and pictures of it where they are wanted."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, Expect, Locator, Page, async_playwright

_KUBERNETES = re.compile(
    r"\b(?:pods?|namespaces?|replica(?:set|tion)?s?|ingress(?:es)?|kubectl|kubernetes|k8s|manifests?|helm|kubeconfig|configmaps?"
    r"|(?:stateful|daemon)sets?|containers?|nodes?|hpa|pdb|probes?|rollout restart|CrashLoopBackOff|ImagePullBackOff)\b",
    re.IGNORECASE,
)
_ASIDE = "aside, nav, [data-log], .markdown-body, details:not([open]) > :not(summary), script"
_READ = """(part, aside) => {
  const copy = part.cloneNode(true);
  copy.querySelectorAll(aside).forEach((it) => it.remove());
  return copy.textContent.replace(/\\s+/g, " ");
}"""
# How long somebody waits for what has to come, in milliseconds: two slow cores, shared by many.
PATIENCE = 90_000
expect = Expect()
expect.set_options(timeout=PATIENCE)

_QUIETLY = ("background-networking", "component-update", "gpu", "quic", "sync")
_ARGUMENTS = ["--no-sandbox", "--no-first-run", *(f"--disable-{what}" for what in _QUIETLY)]
_WIDE, _NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# A stream that ends because its page is left is no complaint.
_LEFT = ("ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_NETWORK_CHANGED")


@dataclass
class Seat:
    """One person's browser: what was clicked is counted, what the browser complains of is kept."""

    page: Page
    address: str
    pictures: Path | None
    clicks: int = 0
    complaints: list[str] = field(default_factory=list)

    async def go(self, path: str) -> None:
        """Write an address into the bar."""
        await self.page.goto(self.address + path)

    async def sign_in(self, name: str) -> None:
        """Pick a person, as the demo has it; it ends at home."""
        await self.go("/")
        row = self.page.locator("li", has_text=name)
        await row.get_by_role("button", name="Sign in").click()
        await expect(self.page).to_have_url(f"{self.address}/")

    async def click(self, what: Locator) -> None:
        """Click what is there."""
        self.clicks += 1
        await what.click()

    async def link(self, name: str) -> None:
        """Click the first link of this name."""
        await self.click(self.page.get_by_role("link", name=name).first)

    async def button(self, name: str) -> None:
        """Click the button of this name."""
        await self.click(self.page.get_by_role("button", name=name, exact=True))

    async def tab(self, name: str) -> None:
        """Click a tab of the project."""
        await self.click(self.page.locator(".UnderlineNav-item", has_text=name))

    async def by_keys(self, what: Locator) -> None:
        """Go to what is wanted by Tab alone, see that one stands there, and press Enter. Counts as a click."""
        self.clicks += 1
        await what.wait_for()
        for _ in range(80):
            await self.page.keyboard.press("Tab")
            if await what.evaluate("it => it === document.activeElement"):
                ring = await what.evaluate("it => getComputedStyle(it).outlineStyle + getComputedStyle(it).boxShadow")
                assert ring != "nonenone", f"nothing shows that {what} has the focus"
                await self.page.keyboard.press("Enter")
                return
        raise AssertionError(f"Tab does not come to {what}")

    async def is_plain(self, part: str = "main") -> None:
        """No word of Kubernetes is in what one reads here to go on. What stands aside, logs and tabs are not looked at."""
        text = await self.page.locator(part).evaluate(_READ, _ASIDE)
        assert not (found := _KUBERNETES.findall(text)), (self.page.url, found, text)

    async def stay(self) -> None:
        """From here on the page is not loaded again: it hears of news."""
        # Its word is there from the start; it is shown once it is so.
        await expect(self.page.locator("#live")).to_be_visible()
        await self.page.evaluate("window.stayed = true")

    async def stayed(self) -> bool:
        """Whether it is the very page of `stay`."""
        return bool(await self.page.evaluate("window.stayed === true"))

    async def picture(self, name: str) -> None:
        """Wide and narrow, light and dark, where somebody wants to look at them."""
        if not self.pictures:
            return
        self.pictures.mkdir(parents=True, exist_ok=True)
        for size in (_WIDE, _NARROW):
            await self.page.set_viewport_size(size)  # type: ignore[arg-type]
            for scheme in ("light", "dark"):
                await self.page.emulate_media(color_scheme=scheme)
                path = self.pictures / f"{name}-{size['width']}-{scheme}.png"
                await self.page.screenshot(path=path, full_page=True, animations="disabled")
        await self.page.set_viewport_size(_WIDE)  # type: ignore[arg-type]
        await self.page.emulate_media(color_scheme="light")


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, asking nobody outside."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@contextlib.asynccontextmanager
async def seat(browser: Browser, address: str, name: str, *, script: bool = True) -> AsyncIterator[Seat]:
    """A browser of one's own in which `name` is signed in, where there is one; whatever it complains of fails the test."""
    context = await browser.new_context(
        viewport=_WIDE,  # type: ignore[arg-type]
        locale="en-GB",
        timezone_id="Asia/Seoul",
        color_scheme="light",
        # What pulses for ever is drawn sixty times a second: nobody looks at it here, and it took most of a browser's time.
        reduced_motion="reduce",
        java_script_enabled=script,
    )
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    folder = os.environ.get("PODO_TEST_PICTURES")
    made = Seat(page, address, Path(folder) if folder else None)
    page.on("console", lambda m: made.complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: made.complaints.append(str(error)))
    if name:
        await made.sign_in(name)
    yield made
    await context.close()
    assert [c for c in made.complaints if not any(left in c for left in _LEFT)] == []
