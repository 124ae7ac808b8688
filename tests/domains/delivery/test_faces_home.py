"""What delivery shows elsewhere: home, inbox, guide, cards, lists, search; and whom it tells."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from podo.catalog import service as catalog
from podo.catalog.types import DeedKind
from podo.delivery import service
from podo.delivery.service import views
from podo.delivery.types import Decision, Deployment
from podo.notices import service as notices
from tests.domains.delivery.counters import words
from tests.domains.delivery.shops import EMMA, HANEUL, MINJUN, OLIVER, PROJECT, SEOYEON, Shop, shop

AT = f"/{PROJECT}/deployments"


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Shop]:
    async with shop(tmp_path, approvals=2) as made:
        yield made


async def _told(chat: Shop, person: str) -> list[str]:
    await chat.settled()
    async with chat.living.reading() as r:
        return [n.message.told() for n in (await notices.inbox(r, person)).items]


async def _deeds(chat: Shop) -> set[tuple[str, DeedKind, int]]:
    """What speaks for people's teams as owners of the project."""
    async with chat.living.reading() as r:
        found = await service.deeds.deeds(r, [PROJECT, "unknown"], datetime(2026, 1, 1, tzinfo=UTC))
    assert {d.project for d in found} == {PROJECT}
    return {(d.person, d.kind, d.count) for d in found}


async def _waits(chat: Shop, who: object) -> list[list[str]]:
    async with chat.living.reading(who) as r:  # type: ignore[arg-type]
        return [[x.region for x in mine] for _, mine in await views.waiting_for(r, who.id)]  # type: ignore[attr-defined]


async def _review(chat: Shop, of: Deployment, decision: Decision, who: object, *regions: str) -> None:
    seen = {x.region: x.bundle for x in (await chat.now(of)).rollouts if x.region in regions}
    async with chat.living.transaction(who) as tx:  # type: ignore[arg-type]
        await service.approvals.review(tx, PROJECT, of.number, seen, decision)


async def test_home_says_what_waits_for_whom(chat: Shop) -> None:
    of = await chat.ask(await chat.healthy_alpha(), "prod", ["kr", "jp"])
    both = [["kr", "jp"]]
    assert [await _waits(chat, who) for who in (MINJUN, SEOYEON, OLIVER)] == [both, both, both]
    assert [await _waits(chat, who) for who in (HANEUL, EMMA)] == [[], []]
    await chat.approve(of, "kr")
    assert await _waits(chat, MINJUN) == [["jp"]]
    async with chat.living.signed_in("oliver") as oliver:
        home = words(await oliver.get("/"))
        assert "김하늘 asks for your approval of prod kr and jp. It is the last one that kr needs." in home
        assert "Waiting for you 1" in home
        page = await oliver.get(f"{AT}/{of.number}")
        assert f'data-refresh="project:{PROJECT}" data-src="/{PROJECT}/tabs/deployments"' in page, "the tab's number follows"
        assert words(await oliver.get(f"/{PROJECT}/tabs/deployments")).strip() == "1"
        assert words(await oliver.get(f"/{PROJECT}/tabs/activity")).strip() == ""
        assert "chat-api #2" in home
    async with chat.living.signed_in("haneul", lang="ko") as haneul:
        home = words(await haneul.get("/"))
        assert "승인을 요청합니다" not in home
        assert "chat-api #2" in home
    await chat.approve(of, "kr", by=OLIVER)
    await chat.settled()
    assert await chat.states(of) == {"kr": "healthy", "jp": "waiting"}
    assert await _waits(chat, OLIVER) == [["jp"]]


async def test_people_are_told_what_concerns_them(chat: Shop) -> None:
    of = await chat.ask(await chat.healthy_alpha(), "prod", ["kr", "jp", "uk"])
    asked = f"김하늘 asks for your approval: Change 1 to chat-api prod kr, jp, uk (#{of.number})"
    assert await _told(chat, "minjun") == [asked]
    assert await _told(chat, "seoyeon") == [asked]
    assert await _told(chat, "emma") == []
    assert await _told(chat, "haneul") == ["chat-api #1 is healthy in alpha kr"]
    for who in (MINJUN, OLIVER):
        await chat.approve(of, "kr", by=who)
    assert await _deeds(chat) == {
        (HANEUL.id, DeedKind.deployed, 2),
        (HANEUL.id, DeedKind.committed, 1),
        (MINJUN.id, DeedKind.approved, 1),
        (OLIVER.id, DeedKind.approved, 1),
    }
    await _review(chat, of, Decision.request_changes, SEOYEON, "jp")
    await _review(chat, of, Decision.reject, OLIVER, "uk")
    assert set(await _told(chat, "haneul")) == {
        "chat-api #2 is healthy in prod kr",
        "Oliver Wright rejected chat-api #2 for prod uk",
        "이서연 asks for changes in chat-api #2 before prod jp",
        "chat-api #1 is healthy in alpha kr",
    }
    async with chat.living.transaction(MINJUN) as tx:
        await service.stopping.halt(tx, PROJECT, of.number)
    assert "박민준 halts chat-api #2 in prod jp" in await _told(chat, "haneul")
    async with chat.living.transaction(HANEUL) as tx:
        await service.deployments.comment(tx, PROJECT, of.number, "Nothing of mine concerns me.")
    assert len(await _told(chat, "haneul")) == 5


async def test_failures_and_rollbacks_are_told_to_who_asked(chat: Shop) -> None:
    from podo.clients.kubernetes.twin import PodFault

    chat.living.twins["alpha-kr"].faults.images["*/bad/*"] = PodFault("CrashLoopBackOff")
    await chat.healthy_alpha()
    await chat.ask(await chat.build(2, tag="bad"), "alpha")
    told = await _told(chat, "haneul")
    assert told[0].startswith("chat-api #2 was put back in alpha kr, #1 runs again: ")
    await chat.ask(await chat.build(3, tag="next"), "alpha", by=HANEUL)
    await chat.settled()
    async with chat.living.transaction(MINJUN) as tx:
        await service.stopping.roll_back(tx, PROJECT, "alpha", "kr")
    assert (await _told(chat, "haneul"))[0] == "박민준 rolled chat-api #3 back in alpha kr; #4 runs there now"
    async with chat.living.transaction() as tx:
        from podo.delivery.types import Commit
        from podo.kernel import clock

        build = await service.builds.queue(tx, PROJECT, Commit("d" * 40, "Broken", "김하늘", clock.now()), "main", "podo")
    async with chat.living.transaction() as tx:
        await service.builds.failed(tx, build.id, "the Dockerfile ends early")
    # Podo asked by itself, so the team is told.
    for person in ("haneul", "minjun", "seoyeon"):
        assert f"Build #{build.number} of chat-api (ddddddd) failed: the Dockerfile ends early" in await _told(chat, person)


async def _guide(chat: Shop, who: str = "haneul", lang: str = "en") -> str:
    async with chat.living.signed_in(who, lang=lang) as browser:
        return words(await browser.get(f"/{PROJECT}/running"))


async def test_the_guide_goes_from_a_build_to_production(chat: Shop) -> None:
    page = await _guide(chat)
    assert "Next: Build the first image" in page
    assert "podo build chat-api" in page
    build = await chat.build()
    await chat.settled()
    page = await _guide(chat)
    assert f"Built: {build.commit.short}" in page
    assert "Next: Healthy in alpha" in page
    await chat.ask(build, "alpha")
    await chat.settled()
    assert "Next: Ask for prod" in await _guide(chat)
    of = await chat.ask(build, "prod", ["kr"])
    page = await _guide(chat)
    assert "Next: Approved" in page
    assert f"#{of.number} waits for somebody else’s approval: kr." in page
    assert "podo approve chat-api 2" in page
    for who in (MINJUN, OLIVER):
        await chat.approve(of, "kr", by=who)
    await chat.settled()
    assert "Next:" not in await _guide(chat)
    assert "prod kr Healthy" in await _guide(chat)


async def test_lists_search_and_deletion_know_of_deployments(chat: Shop) -> None:
    async with chat.living.signed_in("haneul") as haneul:
        await haneul.get(f"/{PROJECT}/settings")
        built = await chat.healthy_alpha()
        async with chat.living.reading() as r:
            build = await service.builds.build(r, PROJECT, built.number)
        of = await chat.ask(build, "prod", ["kr", "jp"])
        await chat.settled()
        page = words(await haneul.get("/projects"))
        assert "Healthy #2 waits for approval in prod kr jp" in page
        for text in ("#2", "chat-api#2", "chat-api 2", build.commit.sha[:9], of.release, "Change 1"):
            assert "chat-api #2" in words(await haneul.get(f"/search?q={text.replace('#', '%23').replace(' ', '+')}")), text
        for text in (build.digest, build.digest[:20], f"registry.test/ok/chat-api@{build.digest}"):
            assert of.release in words(await haneul.get(f"/search?q={text}")), text
        assert "chat-api #2" not in words(await haneul.get("/search?q=%239"))
    async with chat.living.reading() as r:
        slots = chat.living.house.slots
        from podo.catalog.types import DeletionObjection

        assert await catalog.objection(r, PROJECT, slots[DeletionObjection]) == "it has been deployed"
