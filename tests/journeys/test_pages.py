"""Every page is for everyone: nothing serious for axe-core in light and dark, nothing wider than a phone, and whole in Korean."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from itertools import pairwise
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Page, ViewportSize

from podo.kernel.ui import languages
from tests import needs
from tests.domains.delivery.shops import PROJECT
from tests.domains.ui.test_pages import NO_ASSETS
from tests.journeys.furnished import ADMIN, APPROVER, EMPTY, MEMBER, Furnished, furnished
from tests.journeys.seat import Seat, chromium, seat
from tools import assets

PEOPLE = {"haneul": "김하늘", "minjun": "박민준", "seoyeon": "이서연", "oliver": "Oliver Wright"}
# What differs between light and dark.
COLOURS = ["color-contrast", "link-in-text-block"]
CODE = {"mono", "markdown-body", "Cmd-text", "Diff"}
SILENT = {"code", "pre", "script", "style", "svg", "kbd"}
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
AXE = assets.packages() / "axe-core" / "axe.min.js"
pytestmark = [
    pytest.mark.serial,
    pytest.mark.timeout(500),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(NO_ASSETS, reason="the assets are not built: `python tools/assets.py`"),
]

# Route → addresses below which it is looked at, each by one of the company's people.
PAGES: dict[str, list[tuple[str, str]]] = {
    "/": [(MEMBER, "/"), (APPROVER, "/"), (ADMIN, "/")],
    "/-/directory": [(ADMIN, "/-/directory")],
    "/-/doctor": [(ADMIN, "/-/doctor")],
    "/-/outbox": [(ADMIN, "/-/outbox")],
    "/-/outbox/{mail}": [(ADMIN, "/-/outbox/{mail}")],
    "/-/patterns": [(MEMBER, "/-/patterns")],
    "/-/why": [(MEMBER, "/-/why"), (ADMIN, f"/-/why?person={MEMBER}&permission=delivery.approve&project={PROJECT}")],
    "/activity": [(MEMBER, "/activity"), (MEMBER, "/activity?q=nonsense:x")],
    "/activity/{event}": [(MEMBER, "/activity/{event}")],
    "/api/docs": [(MEMBER, "/api/docs")],
    "/assets": [(MEMBER, "/assets"), (MEMBER, "/assets?q=kind:none"), (ADMIN, "/assets?q=state:orphan")],
    "/assets/accounts": [(ADMIN, "/assets/accounts"), (MEMBER, "/assets/accounts")],
    "/assets/coverage": [(MEMBER, "/assets/coverage")],
    "/assets/orphans": [(ADMIN, "/assets/orphans")],
    "/assets/tags": [(ADMIN, "/assets/tags")],
    "/assets/tags/{plan}": [(ADMIN, "/assets/tags/{plan}")],
    "/assets/{asset}": [(ADMIN, "/assets/{asset}")],
    "/clusters": [(MEMBER, "/clusters"), (ADMIN, "/clusters?edit=prod-kr")],
    "/deployments": [(MEMBER, "/deployments"), (MEMBER, "/deployments?q=env:nowhere")],
    "/environments": [(MEMBER, "/environments"), (ADMIN, "/environments?edit=prod")],
    "/inbox": [(MEMBER, "/inbox"), (APPROVER, "/inbox?unread=1")],
    "/new": [(MEMBER, "/new")],
    "/offers": [(MEMBER, "/offers"), (APPROVER, "/offers")],
    "/owners": [(MEMBER, "/owners"), (MEMBER, f"/owners?namespace={PROJECT}")],
    "/people": [(MEMBER, "/people")],
    "/people/{id}": [(MEMBER, f"/people/{MEMBER}"), (ADMIN, f"/people/{MEMBER}")],
    "/projects": [(MEMBER, "/projects"), (MEMBER, "/projects?q=team:nobody")],
    "/projects/import": [(ADMIN, "/projects/import")],
    "/regions": [(MEMBER, "/regions"), (ADMIN, "/regions?edit=kr")],
    "/rehearsals/{draft}": [(ADMIN, "/rehearsals/{draft}")],
    "/scorecards": [(MEMBER, "/scorecards")],
    "/scorecards/rules": [(ADMIN, "/scorecards/rules")],
    "/search": [(MEMBER, "/search"), (MEMBER, "/search?q=change"), (MEMBER, "/search?q=zzz")],
    "/settings/notifications": [(MEMBER, "/settings/notifications")],
    "/settings/tokens": [(MEMBER, "/settings/tokens")],
    "/sign-in": [("", "/sign-in")],
    "/sign-in/link": [("", "/sign-in/link?key=none")],
    "/teams": [(MEMBER, "/teams")],
    "/teams/chart": [(MEMBER, "/teams/chart")],
    "/teams/drafts": [(ADMIN, "/teams/drafts")],
    "/teams/drafts/{draft}": [(ADMIN, "/teams/drafts/{draft}")],
    "/teams/{name}": [(MEMBER, "/teams/chat")],
    "/teams/{name}/change": [(ADMIN, "/teams/chat/change")],
    "/teams/{name}/webhooks": [(MEMBER, "/teams/chat/webhooks"), (MEMBER, "/teams/ads/webhooks")],
    "/webhooks": [(ADMIN, "/webhooks"), (MEMBER, "/webhooks")],
    "/webhooks/{webhook}": [(MEMBER, "/webhooks/{webhook}")],
    "/webhooks/{webhook}/deliveries/{delivery}": [(MEMBER, "/webhooks/{webhook}/deliveries/{delivery}")],
    "/{project}": [(MEMBER, f"/{PROJECT}"), (MEMBER, f"/{EMPTY}"), (MEMBER, "/nowhere")],
    "/{project}/activity": [(MEMBER, f"/{PROJECT}/activity")],
    "/{project}/assets": [(MEMBER, f"/{PROJECT}/assets"), (MEMBER, f"/{EMPTY}/assets")],
    "/{project}/builds": [(MEMBER, f"/{PROJECT}/builds"), (MEMBER, f"/{EMPTY}/builds")],
    "/{project}/builds/{number}": [(MEMBER, f"/{PROJECT}/builds/1"), (MEMBER, f"/{PROJECT}/builds/5")],
    "/{project}/deploy": [(MEMBER, f"/{PROJECT}/deploy?env=prod"), (MEMBER, f"/{EMPTY}/deploy")],
    "/{project}/deployments": [(MEMBER, f"/{PROJECT}/deployments"), (MEMBER, f"/{EMPTY}/deployments")],
    "/{project}/deployments/{number}": [
        (MEMBER, f"/{PROJECT}/deployments/7"),
        (APPROVER, f"/{PROJECT}/deployments/7"),
        (MEMBER, f"/{PROJECT}/deployments/4"),
        (MEMBER, f"/{PROJECT}/deployments/5"),
    ],
    "/{project}/deployments/{number}/changes": [(MEMBER, f"/{PROJECT}/deployments/4/changes")],
    "/{project}/deployments/{number}/checks": [(MEMBER, f"/{PROJECT}/deployments/7/checks")],
    "/{project}/deployments/{number}/logs": [(MEMBER, f"/{PROJECT}/deployments/4/logs")],
    "/{project}/deployments/{number}/manifests": [(MEMBER, f"/{PROJECT}/deployments/4/manifests")],
    "/{project}/owners": [("seoyeon", f"/{PROJECT}/owners"), (MEMBER, f"/{EMPTY}/owners")],
    "/{project}/readme": [(MEMBER, f"/{PROJECT}/readme")],
    "/{project}/scorecard": [(MEMBER, f"/{PROJECT}/scorecard")],
    "/{project}/settings": [(MEMBER, f"/{PROJECT}/settings"), ("seoyeon", f"/{PROJECT}/settings")],
    "/{project}/settings/about": [(MEMBER, f"/{PROJECT}/settings/about")],
    "/{project}/settings/retire": [("seoyeon", f"/{EMPTY}/settings/retire")],
    "/{project}/settings/config": [(MEMBER, f"/{PROJECT}/settings/config"), (ADMIN, f"/{EMPTY}/settings/config")],
    "/{project}/settings/delivery": [(MEMBER, f"/{PROJECT}/settings/delivery")],
    "/{project}/settings/webhooks": [(MEMBER, f"/{PROJECT}/settings/webhooks"), (MEMBER, f"/{EMPTY}/settings/webhooks")],
    "/{project}/workloads": [
        (MEMBER, f"/{PROJECT}/workloads"),
        (MEMBER, f"/{PROJECT}/workloads?workload=Deployment/{PROJECT}&cluster=prod-jp"),
        (MEMBER, f"/{PROJECT}/workloads?pod={{pod}}"),
        (MEMBER, f"/{PROJECT}/workloads?pod={{pod}}&tab=summary"),
        (MEMBER, f"/{EMPTY}/workloads"),
    ],
}
# A part of a page above, read again by itself.
PIECES = {
    *("/assets/accounts/list", "/assets/tags/{plan}/progress"),
    *("/-/home", "/activity/list", "/clusters/list", "/deployments/list", "/new/name", "/search/hits"),
    *("/{project}/activity/list", "/{project}/builds/list", "/{project}/builds/{number}/facts"),
    *("/{project}/deployments/grid", "/{project}/deployments/list", "/{project}/deployments/{number}/body"),
    *("/{project}/namespaces", "/{project}/running", "/{project}/tabs/{key}", "/{project}/workloads/table"),
}
NO_PAGES = {
    **dict.fromkeys(("/-/live", "/{project}/builds/{number}/follow", "/{project}/workloads/follow"), "a stream"),
    **dict.fromkeys(("/projects/export", "/{project}/export"), "a file"),
    **dict.fromkeys(("/healthz", "/readyz", "/metrics"), "for machines"),
    **dict.fromkeys(("/inbox/{notice}", *(f"/sign-in/with/{{issuer}}{end}" for end in ("", "/back", "/out"))), "leads elsewhere"),
}

_STILL = """() => {
  const still = new CSSStyleSheet();
  still.replaceSync("*, *::before, *::after { transition: none !important; animation: none !important }");
  document.adoptedStyleSheets = [still];
  // Of rows that look alike, the first three are looked at.
  const seen = {};
  for (const row of document.querySelectorAll("tr, li, .File")) {
    const parts = row.matches(".File") ? row.children : row.querySelectorAll("*");
    const look = [row.parentElement, row, ...parts].map((it) => `${it.tagName}.${it.getAttribute("class")}`).join();
    seen[look] = (seen[look] || 0) + 1;
    if (seen[look] > 3) row.dataset.alike = "";
  }
}"""
_AXE = """async ([rules, only]) => {
  const options = { resultTypes: ["violations"], rules: {} };
  if (only) options.runOnly = { type: "rule", values: rules };
  else for (const rule of rules) options.rules[rule] = { enabled: false };
  const found = await axe.run({ exclude: ["[data-alike]"] }, options);
  return found.violations.filter((it) => ["serious", "critical"].includes(it.impact)).flatMap((it) => it.nodes.map((node) =>
    `${it.id} at ${node.target.join(" ")}: ${[...node.any, ...node.all, ...node.none].map((c) => c.message).join("; ")}`));
}"""
_OPEN = "() => document.querySelectorAll('details:not([open])').forEach((it) => { it.open = true; it.dataset.opened = '' })"
_SHUT = "() => document.querySelectorAll('[data-opened]').forEach((it) => { it.open = false })"
_TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("main *")]
  .filter((it) => it.getBoundingClientRect().right > innerWidth + 1).slice(0, 5)
  .map((it) => `too wide: ${it.tagName} ${it.className}`)"""

# What is nobody's language: names of people, subjects of commits, what GitHub's pages, HTTP and the system call their own.
NAMED = re.compile(
    r"Oliver Wright|Emma Clarke|Chat API|Change \d|Settings, Webhooks, Add webhook|Authorization: Bearer"
    r"|connection refused|Chrome, Linux|git version [\d.]+|kotlin, grpc"
    r"|experimental, production|deprecated|service, website, library"
    r"|= > >=|in \(a, b\)|and, or, not"
)
NAMES = {*("alpha", "prod", "kr", "jp", "uk", "podo", PROJECT, EMPTY, "Chat", "chat", "Ads", "ads")}
# Words that are kinds and scopes as well: those are called alike everywhere.
KINDS = {"Deployment", "read"}
WORD = re.compile(r"[“‘(]?[A-Za-z][a-z’']*[.,:;!?)”’]*")
SAMPLES = "/-/patterns"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def company(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Furnished]:
    async with furnished(tmp_path_factory.mktemp("pages")) as made:
        yield made


async def test_every_page_is_looked_at(company: Furnished) -> None:
    declared = {row.path for row in company.living.running.app.state.declared if row.face == "page"}
    assert declared == PAGES.keys() | PIECES | NO_PAGES.keys()


@needs.program("chromium")
@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not fetched: `python tools/assets.py --anew`")
async def test_nothing_serious_is_wrong_in_light_and_dark_and_everything_fits_a_phone(company: Furnished) -> None:
    faults: dict[str, list[str]] = {}
    async with chromium() as browser:
        for who in sorted({who for pages in PAGES.values() for who, _ in pages}):
            async with seat(browser, company.address, PEOPLE.get(who, "")) as at:
                await at.page.context.add_init_script(path=AXE)
                mine = [path for pages in PAGES.values() for someone, path in pages if someone == who]
                for number, path in enumerate(mine):
                    if found := await _faults(at, company.fill(path), backwards=number % 2 == 1):
                        faults[f"{who} {path}"] = found
                at.complaints.clear()
    assert not faults, "\n".join(f"{where}\n  " + "\n  ".join(found) for where, found in faults.items())


async def _faults(at: Seat, path: str, *, backwards: bool) -> list[str]:
    """Wide, in light and in dark, then narrow. The next page the other way round: between two pages nothing is drawn anew."""
    await at.go(path)
    await at.page.evaluate(_STILL)
    looks = [_in_light, _in_dark, _on_a_phone]
    return [fault for look in (reversed(looks) if backwards else looks) for fault in await look(at.page)]


async def _in_light(page: Page) -> list[str]:
    return [f"light: {it}" for it in await _colours(page, "light")]


async def _in_dark(page: Page) -> list[str]:
    return [f"dark: {it}" for it in await _colours(page, "dark")]


async def _colours(page: Page, scheme: Literal["light", "dark"]) -> list[str]:
    await _resized(page, {"width": 1440, "height": 900})
    await page.emulate_media(color_scheme=scheme)
    return await page.evaluate(_AXE, [COLOURS, True])


async def _on_a_phone(page: Page) -> list[str]:
    await _resized(page, {"width": 390, "height": 844})
    found: list[str] = await page.evaluate(_TOO_WIDE)
    # What menus hold is looked at open, where it may lie over other things.
    await page.evaluate(_OPEN)
    found += await page.evaluate(_AXE, [COLOURS, False])
    await page.evaluate(_SHUT)
    return found


async def _resized(page: Page, size: ViewportSize) -> None:
    if page.viewport_size != size:
        await page.set_viewport_size(size)


async def test_korean_is_complete(company: Furnished) -> None:
    untranslated: dict[str, list[str]] = {}
    for who in sorted({who for pages in PAGES.values() for who, _ in pages}):
        async with company.living.signed_in(who or MEMBER, lang="ko") as reader:
            for path in [path for pages in PAGES.values() for someone, path in pages if someone == who and path != SAMPLES]:
                if not who:
                    reader.client.cookies.clear()
                answer = await reader.client.get(company.fill(path), follow_redirects=True)
                if found := [it for it in spoken(answer.text) if _is_english(it)]:
                    untranslated[f"{who} {path}"] = found
    assert not untranslated, "\n".join(f"{where}\n  " + "\n  ".join(found) for where, found in untranslated.items())


def spoken(html: str) -> list[str]:
    """What a page says in the reader's language: its texts, titles and labels, without code and what is marked as English."""
    reader = Reader()
    reader.feed(html)
    return reader.said


class Reader(HTMLParser):
    """Reads a page aloud, into `said`."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Labels are said where they stand."""
        given = {name: value or "" for name, value in attrs}
        silent = tag in SILENT or given.get("lang", "ko") != "ko" or not CODE.isdisjoint(given.get("class", "").split())
        if tag not in VOID:
            self._open.append((tag, silent or self.silent))
        if not silent and not self.silent:
            self.said += [given[name] for name in ("aria-label", "title", "placeholder", "alt") if given.get(name)]

    def handle_endtag(self, tag: str) -> None:
        """What was forgotten to be closed is closed as well."""
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """A text, with blanks made one."""
        if (text := " ".join(data.split())) and not self.silent:
            self.said.append(text)

    @property
    def silent(self) -> bool:
        """Whether what stands here is nobody's language."""
        return bool(self._open) and self._open[-1][1]


def _is_english(text: str) -> bool:
    """A sentence of ours that the catalogue translates, or two English words side by side that nobody else wrote."""
    if languages.translations("ko").gettext(text) != text and text not in KINDS:
        return True
    words = [word for word in NAMED.sub("·", text).split() if word.strip("(),.:") not in NAMES]
    return any(one and two for one, two in pairwise(bool(WORD.fullmatch(word)) for word in words))
