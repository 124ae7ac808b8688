"""From git push to three regions, and back, in a real browser, as newcomers and those who approve see it."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Locator

from podo.kernel import clock
from tests import needs
from tests.journeys.seat import Seat, chromium, expect, seat
from tests.journeys.world import CRASHES_IN_JP, REGIONS, World, eventually

pytestmark = [pytest.mark.serial, pytest.mark.timeout(500), needs.program("chromium")]

# From *Register a project* to the first healthy region in production; a stranger's ten minutes, without the reading.
MOST_CLICKS = 12
MOST_SECONDS = 300


async def test_from_git_push_to_three_regions_and_back(newcomer: World) -> None:
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(chromium())
        haneul = await stack.enter_async_context(seat(browser, newcomer.address, "김하늘"))
        minjun = await stack.enter_async_context(seat(browser, newcomer.address, "박민준"))
        begun = clock.monotonic()
        await _register(newcomer, haneul)
        await _see_it_built(newcomer, haneul)
        registering, asking = haneul.clicks, await _configure(haneul)
        await _production(haneul, minjun)
        clicks, seconds = registering + haneul.clicks - asking + minjun.clicks, clock.monotonic() - begun
        print(f"\n{clicks} clicks (at most {MOST_CLICKS}) and {seconds:.0f} s from “Register a project” to production")
        assert clicks <= MOST_CLICKS
        assert seconds < MOST_SECONDS
        await _train(haneul, minjun)
        await _failing_in_jp(newcomer, haneul, minjun)
        await _back(newcomer, haneul)
        await _operate(newcomer, haneul)
        await _look_back(haneul)
        if newcomer.real:
            return
        await haneul.go("/hello/deploy?env=prod")
        await haneul.button("Ask to deploy")
        await _tastes(haneul)
        lead = await stack.enter_async_context(seat(browser, newcomer.address, "이서연", script=False))
        await _without_script(lead)


def _gate(of: Seat, region: str) -> Locator:
    """A region's line in the deploy box."""
    return of.page.locator(".Gate", has=of.page.locator(".Gate-name", has_text=f"{region} "))


async def _register(newcomer: World, haneul: Seat) -> None:
    page = haneul.page
    # No pause between one new pod and the next, so that nobody waits for nothing here.
    podo_yaml = newcomer.repository / "podo.yaml"
    podo_yaml.write_text(f"rollout: {{minReadySeconds: 0}}\n{podo_yaml.read_text()}")
    await newcomer.push("hello")
    await expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    await haneul.is_plain()
    await haneul.link("Register a project")
    await haneul.is_plain()
    await haneul.click(page.get_by_label("Git repository"))
    await page.keyboard.type(str(newcomer.repository))
    await haneul.button("Look")
    await expect(page.get_by_text("Readable. Branch main")).to_be_visible()
    await expect(page.get_by_role("radio", name="Dockerfile")).to_be_checked()
    await expect(page.get_by_text("1 stage, runs as 65532, listens on 8080")).to_be_visible()
    # The name that the repository proposes is free; another one is checked while it is typed.
    name = page.get_by_label("Name", exact=True)
    await expect(name).to_have_value("hello")
    await name.fill("")
    await name.press_sequentially("Hello")
    await expect(page.locator("#f-slug-note")).to_contain_text("“Hello” cannot be a name")
    await haneul.picture("register")
    await name.fill("hello")
    await expect(page.locator("#f-slug-note")).to_contain_text("Free in Podo and in")
    await haneul.click(page.get_by_label("prod jp"))
    await haneul.click(page.get_by_label("prod uk"))
    await haneul.is_plain()
    await haneul.button("Register the project")
    await expect(page.get_by_text("hello is registered.")).to_be_visible()


async def _see_it_built(newcomer: World, haneul: Seat) -> None:
    # The guide says what is next; the build's log grows while one looks at it.
    page, clicks = haneul.page, haneul.clicks
    guide = page.locator(".Steps")
    await expect(guide).to_contain_text("Registered, owned by Chat")
    await expect(guide).to_contain_text("Next: Build the first image")
    await haneul.is_plain()
    await haneul.click(guide.get_by_role("link", name="Look at its log"))
    await haneul.stay()
    log = page.locator("[data-log]")
    await expect(log).to_contain_text("Checking out")
    await expect(log).to_contain_text("Succeeded.")
    await expect(page.locator(".State")).to_have_text("Succeeded")
    await expect(page.get_by_text("simulated", exact=True)).to_have_count(0 if newcomer.builds_really else 1)
    assert await haneul.stayed()
    await haneul.picture("build")
    await haneul.is_plain()
    # Alpha becomes healthy before one's eyes, too. Looking is no click on the way to production.
    await haneul.go("/hello")
    await haneul.stay()
    await expect(guide.locator(".Step--done", has_text="Healthy in alpha")).to_be_visible()
    await expect(guide).to_contain_text("Next: Ask for prod")
    assert await haneul.stayed()
    await haneul.picture("guide")
    await haneul.is_plain(".Steps")
    haneul.clicks = clicks


async def _configure(haneul: Seat) -> int:
    page = haneul.page
    await haneul.tab("Settings")
    await haneul.link("Variables and secrets")
    await page.locator("#f-key").fill("NAME")
    await page.locator("#f-value").fill("neighbour")
    await haneul.button("Set")
    await expect(page.get_by_text("NAME is set; it reaches pods with the next deployment.")).to_be_visible()
    await page.locator("#s-key").fill("SECRET")
    await page.locator("#s-value").fill("carrots")
    await haneul.button("Seal")
    await expect(page.get_by_text("SECRET is sealed; it reaches pods with the next deployment.")).to_be_visible()
    await expect(page.get_by_role("row", name="NAME neighbour everywhere")).to_be_visible()
    assert "carrots" not in await page.content()
    await haneul.picture("configuration")
    await haneul.tab("Overview")
    return haneul.clicks


async def _production(haneul: Seat, minjun: Seat) -> None:
    page = haneul.page
    # Without the mouse, as the approval below.
    await haneul.by_keys(page.get_by_role("link", name="Ask for prod").first)
    await haneul.is_plain()
    await page.get_by_label("What should a reviewer know?").fill("The first one. Please look at **jp** twice.")
    await haneul.by_keys(page.get_by_role("button", name="Ask to deploy", exact=True))
    await expect(page.get_by_role("heading").filter(has_text="to prod (kr, jp, uk)")).to_be_visible()
    await expect(page.locator(".State")).to_have_text("Waiting for approval")
    # Whoever asks has no button to press, and is told why.
    await expect(page.get_by_role("button", name="Approve")).to_be_disabled()
    await expect(page.locator(".DeployBox-head")).to_contain_text("Whoever asked for a deployment does not approve it")
    await haneul.picture("requester")
    await haneul.is_plain()
    await haneul.stay()

    # Another person finds it at home, and approves the first region without touching the mouse.
    there = minjun.page
    await expect(there.get_by_text("김하늘 asks for your approval of prod kr, jp and uk.")).to_be_visible()
    await minjun.is_plain()
    await minjun.by_keys(there.get_by_role("link", name="Review").first)
    await expect(there.get_by_text("3 regions are waiting, 3 of them for you")).to_be_visible()
    await expect(_gate(minjun, "jp")).to_contain_text("1 approval is missing and kr is not healthy yet")
    await minjun.picture("approver")
    await minjun.is_plain()
    await minjun.by_keys(there.get_by_role("button", name="Approve", exact=True))
    await expect(there.get_by_text("Approved: kr.")).to_be_visible()

    await expect(_gate(haneul, "kr")).to_contain_text("Healthy: 2 of 2 pods")
    await expect(_gate(haneul, "jp")).to_contain_text("Cannot start yet: 1 approval is missing.")
    await expect(page.locator(".Story")).to_contain_text("박민준 approved kr")
    assert await haneul.stayed()


async def _train(haneul: Seat, minjun: Seat) -> None:
    # The others go one after the other, whatever the order of the approvals.
    there = minjun.page
    await expect(_gate(minjun, "kr")).to_contain_text("Healthy: 2 of 2 pods")
    await minjun.picture("waiting")
    await there.get_by_label("jp", exact=True).check()
    await there.get_by_label("uk", exact=True).check()
    await there.get_by_label("Comment").first.fill("Dashboards are open.")
    await minjun.button("Approve")
    await expect(there.get_by_text("Approved: jp, uk.")).to_be_visible()
    for region in REGIONS:
        await expect(_gate(haneul, region)).to_contain_text("Healthy: 2 of 2 pods")
    await expect(haneul.page.locator(".DeployBox")).to_contain_text("Healthy everywhere")
    assert await haneul.stayed()
    told = await haneul.page.locator(".Story").inner_text()
    acts = [told.index(f"{r} {what}") for r in REGIONS for what in ("started rolling", "is healthy (2 of 2 pods) and soaks")]
    assert acts == sorted(acts)
    await haneul.picture("healthy")


async def _failing_in_jp(newcomer: World, haneul: Seat, minjun: Seat) -> None:
    # A push that crashes in jp is put back there; uk never sees it, kr keeps it.
    page = haneul.page
    await haneul.tab("Deployments")
    await haneul.stay()
    podo_yaml = newcomer.repository / "podo.yaml"
    podo_yaml.write_text(podo_yaml.read_text() + CRASHES_IN_JP)
    await newcomer.push("good day")
    row = page.locator("li", has_text="Say good day")
    await expect(row).to_contain_text("brought by Podo by itself")
    await expect(row).to_contain_text("healthy")
    assert await haneul.stayed()
    await haneul.link("Deploy…")
    await expect(page.get_by_role("radio", name="Say good day")).to_be_checked()
    await haneul.click(page.locator("input[name=environment][value=prod]"))
    await haneul.button("Ask to deploy")
    await expect(page.locator(".State")).to_have_text("Waiting for approval")
    await haneul.stay()

    there = minjun.page
    await minjun.click(there.locator("header a[href='/inbox']"))
    await minjun.link("Review")
    await expect(there.locator(".State")).to_have_text("Waiting for approval")
    await minjun.click(_gate(minjun, "jp").get_by_role("link", name="Review"))
    await expect(there.get_by_text("simulate.podo.dev/failure").first).to_be_visible()
    await minjun.picture("changes")
    await minjun.link("Conversation")
    for region in REGIONS:
        await there.get_by_label(region, exact=True).check()
    await minjun.button("Approve")

    await expect(_gate(haneul, "jp")).to_contain_text("Failed, and #2 is back.")
    await expect(page.locator(".DeployBox")).to_contain_text("crashes and restarts")
    await expect(_gate(haneul, "uk")).to_contain_text("Cancelled: jp did not become healthy.")
    await expect(_gate(haneul, "kr")).to_contain_text("Healthy: 2 of 2 pods")
    await expect(page.locator(".State")).to_have_text("Rolled back in jp")
    await expect(page.locator(".DeployBox")).to_contain_text("It did not arrive everywhere")
    assert await haneul.stayed()
    await haneul.picture("failed")


async def _back(newcomer: World, haneul: Seat) -> None:
    # No build, no approval, and git may be gone. From home one comes to what failed.
    page = haneul.page
    newcomer.repository.rename(newcomer.repository.with_name("gone"))
    await haneul.link("Podo")
    await haneul.click(page.get_by_role("link", name="Say good day").first)
    await haneul.click(_gate(haneul, "kr").get_by_text("Roll back"))
    await expect(page.get_by_text("No build, no approval.").first).to_be_visible()
    await haneul.click(_gate(haneul, "kr").get_by_role("button", name="Back to #2"))
    await expect(page.get_by_role("heading").filter(has_text="Bring prod kr back to")).to_be_visible()
    await haneul.stay()
    await expect(_gate(haneul, "kr")).to_contain_text("Healthy: 2 of 2 pods")
    assert await haneul.stayed()
    await haneul.picture("rolled-back")
    newcomer.repository.with_name("gone").rename(newcomer.repository)


async def _operate(newcomer: World, haneul: Seat) -> None:
    page = haneul.page
    await haneul.tab("Workloads")
    await haneul.stay()
    name = "hello-prod" if newcomer.real else "hello"
    menu = page.get_by_label(f"Restart or scale {name} in kr")
    row = page.locator("tr", has=menu)
    await expect(row).to_contain_text("2/2")
    # Here they are: the check that the way here had none of them can fail.
    with pytest.raises(AssertionError, match="pods"):
        await haneul.is_plain()
    await haneul.click(row.locator(".PodLink").first)
    panel = page.locator("#panel")
    await expect(panel).to_contain_text("ready")
    log = panel.locator("[data-log] li")
    if not newcomer.real:
        # kwok runs no containers: pods of a real control plane have nothing to say.
        await expect(log.first).to_be_visible()
        seen = await log.count()
        await expect(log.nth(seen)).to_be_visible()
    await haneul.picture("pod")
    await page.keyboard.press("Escape")
    await expect(panel).to_have_count(0)

    await haneul.click(menu)
    await page.get_by_label("Pods", exact=True).locator("visible=true").fill("3")
    await haneul.click(page.get_by_role("button", name="Scale", exact=True).locator("visible=true"))
    await haneul.stay()
    await expect(row).to_contain_text("3/3")
    pods = await _pods(row)
    await haneul.click(menu)
    await haneul.click(page.get_by_role("button", name="Restart", exact=True).locator("visible=true"))

    async def all_new() -> bool:
        now = await _pods(row)
        return len(now) == 3 and not now & pods

    await eventually(all_new)
    await haneul.picture("workloads")


async def _pods(row: Locator) -> set[str]:
    titles = await row.locator(".PodLink").evaluate_all("all => all.map(it => it.title)")
    return {t.partition(":")[0] for t in titles}


async def _look_back(haneul: Seat) -> None:
    page = haneul.page
    await haneul.tab("Activity")
    main = page.locator("main")
    for sentence in (
        "restarts hello",
        "to 3",
        "박민준 approved kr",
        "was cancelled: jp did not become healthy",
        "brings prod kr back to",
        "set the secret SECRET",
    ):
        await expect(main).to_contain_text(sentence)
    await haneul.picture("activity")
    await haneul.link("Older")
    await expect(main).to_contain_text("김하늘 registered hello")
    assert "carrots" not in await page.content()
    await haneul.click(page.locator("header a[href='/inbox']"))
    await expect(page.get_by_text("hello #2 is healthy in prod uk")).to_be_visible()
    await expect(page.get_by_text("was put back in prod jp").first).to_be_visible()
    await haneul.picture("inbox")
    await haneul.go("/hello")
    await page.keyboard.press("/")
    await page.keyboard.type("good day")
    await page.keyboard.press("Enter")
    await expect(page.locator("#hits")).to_contain_text("Say good day")
    await haneul.picture("search")


async def _tastes(haneul: Seat) -> None:
    # Korean, dark, and both are kept.
    page = haneul.page
    await haneul.click(page.locator("details.You summary"))
    await haneul.button("한국어")
    await expect(page.locator("html")).to_have_attribute("lang", "ko")
    await expect(page.locator(".UnderlineNav")).to_contain_text("배포")
    await haneul.picture("korean")
    light = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    await haneul.click(page.locator("details.You summary"))
    await haneul.click(page.locator("details.You button[name=theme][value=dark]"))
    await expect(page.locator("html")).to_have_attribute("data-color-mode", "dark")
    await haneul.go("/hello/workloads")
    await expect(page.locator("html")).to_have_attribute("data-color-mode", "dark")
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") != light


async def _without_script(lead: Seat) -> None:
    # Everything can be read, and what matters can be done.
    page = lead.page
    await lead.link("Review")
    await expect(page.locator(".State")).to_have_text("Waiting for approval")
    await page.get_by_label("kr", exact=True).check()
    await lead.button("Approve")
    await expect(page.get_by_text("Approved: kr.")).to_be_visible()

    async def healthy() -> bool:
        await page.reload()
        return "Healthy: 2 of 2 pods" in await _gate(lead, "kr").inner_text()

    await eventually(healthy)
    for path, sentence in (
        ("/hello", "Where it runs"),
        ("/hello/deployments?q=env:prod", "Say good day"),
        ("/hello/builds/1", "Succeeded."),
        ("/hello/workloads", "prod-kr"),
        ("/hello/activity", "approved kr"),
        ("/hello/settings/config", "neighbour"),
        ("/search?q=hello", "hello #2"),
        ("/inbox", "What waits for you"),
        ("/new", "Register the project"),
    ):
        await lead.go(path)
        await expect(page.locator("main")).to_contain_text(sentence)
    await lead.go("/hello/workloads")
    await lead.click(page.locator(".PodLink").first)
    await expect(page.locator("#panel [data-log] li").first).to_be_visible()
