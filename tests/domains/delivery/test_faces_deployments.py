"""Deployments through the pages: asked for, reviewed, halted, brought back; and what is told when something may not be."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from podo.delivery import service
from podo.delivery.types import Scope
from tests.domains.delivery.counters import API, asked, program, words
from tests.domains.delivery.shops import HANEUL, PROJECT, Shop, shop

AT = f"/{PROJECT}/deployments"


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Shop]:
    async with shop(tmp_path, soak=0) as made:
        yield made


async def test_a_form_asks_and_another_person_approves_region_by_region(chat: Shop) -> None:
    build = await chat.healthy_alpha()
    async with chat.living.signed_in("haneul") as haneul, chat.living.signed_in("minjun") as minjun:
        page = await haneul.get(f"/{PROJECT}/deploy?env=prod")
        assert "takes only what was healthy in alpha" in words(page)
        fields = {
            "build": str(build.number),
            "environment": "prod",
            "title": "Batches",
            "description": "See **jp**, @chat and #1",
        }
        sent = await haneul.send(f"/{PROJECT}/deploy", **fields, **{"region-prod": ["kr", "jp"]})
        assert sent.headers["location"] == f"{AT}/2"

        mine = await haneul.get(f"{AT}/2")
        assert "2 regions wait for approval" in words(mine)
        assert "requester-never-approves" in mine
        assert 'name="decision"' not in mine
        assert '<a href="/teams/chat">@chat</a>' in mine
        assert f'<a href="{AT}/1">#1</a>' in mine
        assert "<strong>jp</strong>" in mine

        theirs = await minjun.get(f"{AT}/2")
        assert "2 regions are waiting, 2 of them for you" in words(theirs)
        assert "1 approval is missing" in words(theirs)
        seen = dict(re.findall(r'name="(seen-\w+)" value="([0-9a-f]{64})"', theirs))
        assert set(seen) == {"seen-kr", "seen-jp"}
        await minjun.send(f"{AT}/2/review", decision="approve", region=["kr"], comment="Looks well.", **seen)
        await chat.settled()

        page = await minjun.get(f"{AT}/2")
        assert await chat.states(await _of(chat, 2)) == {"kr": "healthy", "jp": "waiting"}
        told = words(page)
        assert "박민준 approved kr kr 1 of 1" in told
        assert "Looks well." in told
        assert "kr became healthy: 2 of 2 pods" in told
        assert re.search(r'id="e-\w+"', page)
        assert "Answers at" in told
        assert "http://chat-api.chat-api.svc" in told


async def _of(chat: Shop, number: int):
    async with chat.living.reading() as r:
        return await service.deployments.deployment(r, PROJECT, number)


async def test_a_refusal_stands_beside_its_field_and_nothing_typed_is_lost(chat: Shop) -> None:
    await chat.build()
    async with chat.living.signed_in("haneul") as haneul:
        fields = {"build": "1", "environment": "prod", "title": "Too early"}
        page = words((await haneul.send(f"/{PROJECT}/deploy", 422, **fields, **{"region-prod": ["kr"]})).text)
        assert "prod takes only what was healthy in alpha" in page
        raw = (await haneul.send(f"/{PROJECT}/deploy", 422, **fields, **{"region-prod": ["kr"]})).text
        assert 'value="Too early"' in raw
        assert "Tick at least one region." in (await haneul.send(f"/{PROJECT}/deploy", 422, **fields)).text
        raw = (await haneul.send(f"/{PROJECT}/deploy", 422, build="9", environment="alpha", **{"region-alpha": ["kr"]})).text
        assert "chat-api has no build #9" in words(raw)
    async with chat.living.reading() as r:
        assert await service.deployments.open_count(r, PROJECT) == 0


async def test_a_review_of_a_release_that_changed_is_told_on_the_page_and_not_taken(chat: Shop) -> None:
    of = await chat.ask(await chat.healthy_alpha(), "prod")
    stale = "0" * 64
    async with chat.living.signed_in("minjun") as minjun:
        await minjun.get(f"{AT}/{of.number}")
        fields = {"decision": "approve", "region": ["kr"], "seen-kr": stale}
        answer = await minjun.send(f"{AT}/{of.number}/review", 409, **fields)
        assert "The release for kr has changed since you looked at it." in words(answer.text)
        fields = {"decision": "approve"}
        await minjun.send(f"{AT}/{of.number}/review", **fields)
        assert "Nothing was decided" in await minjun.get(f"{AT}/{of.number}")
    assert (await chat.now(of)).rollouts[0].approvals == ()


async def test_who_may_not_sees_why_and_is_refused_all_the_same(chat: Shop) -> None:
    of = await chat.ask(await chat.healthy_alpha(), "prod")
    bundle = of.rollouts[0].bundle
    async with chat.living.signed_in("emma") as emma:
        page = await emma.get(f"{AT}/{of.number}")
        assert "Only another member of the owning team, or an SRE may do this." in words(page)
        assert "/-/why?permission=delivery.approve" in page
        for path, fields in {
            "review": {"decision": "approve", "region": ["kr"], "seen-kr": bundle},
            "halt": {},
            "retry": {},
            "reseal": {},
            "roll-back": {"region": "kr"},
        }.items():
            answer = await emma.send(f"{AT}/{of.number}/{path}", 409, **fields)
            assert "You may not" in words(answer.text), path
        page = (await emma.send(f"/{PROJECT}/deploy", 422, build="1", environment="alpha", **{"region-alpha": ["kr"]})).text
        assert "You may not" in words(page)
        await emma.send(f"{AT}/{of.number}/comment", text="May I ask **why**?")
        assert "<strong>why</strong>" in await emma.get(f"{AT}/{of.number}")
    assert (await chat.now(of)).state.value == "waiting"
    assert await chat.states(of) == {"kr": "waiting", "jp": "waiting", "uk": "waiting"}


async def test_configuration_that_changed_since_is_told_and_sealed_anew(chat: Shop) -> None:
    of = await chat.ask(await chat.healthy_alpha(), "prod")
    await chat.approve(of, "jp")
    async with chat.living.transaction(HANEUL) as tx:
        await service.config.set_variable(tx, PROJECT, "LIMIT", Scope("prod", "jp"), "5")
    async with chat.living.transaction(HANEUL) as tx:
        await service.config.set_variable(tx, PROJECT, "LIMIT", Scope("alpha"), "1")
    async with chat.living.signed_in("haneul") as haneul:
        page = words(await haneul.get(f"{AT}/{of.number}"))
        assert "Configuration changed since this release was sealed" in page
        assert "set LIMIT for prod jp" in page
        assert "set LIMIT for alpha" not in page
        await haneul.send(f"{AT}/{of.number}/reseal")
        page = words(await haneul.get(f"{AT}/{of.number}"))
        assert "Configuration changed" not in page
        assert "approvals start over in: jp" in page
        changes = words(await haneul.get(f"{AT}/{of.number}/changes?region=jp"))
        assert "Nothing runs in jp yet" in changes
        assert "+ LIMIT not set 5" in changes
    now = await chat.now(of)
    assert now.release != of.release
    assert {x.region: len(x.approved_by) for x in now.rollouts} == {"kr": 0, "jp": 0, "uk": 0}


async def test_halting_trying_again_and_going_back(chat: Shop) -> None:
    first = await chat.healthy_alpha(1)
    one = await chat.ask(first, "prod", ["kr"])
    await chat.approve(one, "kr")
    await chat.settled()
    two = await chat.ask(await chat.healthy_alpha(2, tag="next"), "prod", ["kr"])
    async with chat.living.signed_in("minjun") as minjun:
        await minjun.get(f"{AT}/{two.number}")
        await minjun.send(f"{AT}/{two.number}/halt", why="campaign")
        await chat.settled()
        page = words(await minjun.get(f"{AT}/{two.number}"))
        assert "박민준 halts kr" in page
        assert "Halted: campaign" in page
        await minjun.send(f"{AT}/{two.number}/retry")
        assert await chat.states(two) == {"kr": "waiting"}
        # Who asked is another person, whoever tried it again.
        await minjun.send(f"{AT}/{two.number}/review", decision="approve", region=["kr"], **{"seen-kr": two.rollouts[0].bundle})
        await chat.settled()
        assert await chat.states(two) == {"kr": "healthy"}

        page = words(await minjun.get(f"{AT}/{two.number}"))
        assert f"Bring kr back to #{one.number} ({first.commit.short}), which was healthy there?" in page
        answer = await minjun.send(f"{AT}/{two.number}/roll-back", region="kr", to=str(one.number))
        await chat.settled()
        back = await minjun.get(answer.headers["location"])
        assert f"Bring prod kr back to {first.commit.short}" in words(back)
        assert "/ok/" in await chat.image("prod-kr")
        assert "Was healthy, and was rolled back by people." in words(await minjun.get(f"{AT}/{two.number}"))
        # An older one that was healthy can be brought back from its own page.
        assert "Bring it back" in await minjun.get(f"{AT}/{one.number}")


async def test_what_fails_says_effect_and_cause(chat: Shop) -> None:
    from podo.clients.kubernetes.twin import PodFault

    chat.living.twins["alpha-kr"].faults.images["*/bad/*"] = PodFault("CrashLoopBackOff")
    of = await chat.ask(await chat.build(tag="bad"), "alpha")
    await chat.settled()
    async with chat.living.signed_in("haneul") as haneul:
        page = words(await haneul.get(f"{AT}/{of.number}"))
        assert "0 of 2 pods became ready" in page
        assert "crashes and restarts" in page
        assert "Failed; nothing of it is left there." in page
        assert "failed" in words(await haneul.get(AT))
    async with chat.living.signed_in("haneul", lang="ko") as haneul:
        page = words(await haneul.get(f"{AT}/{of.number}"))
        assert "파드 2개 중 0개만 준비됨" in page
        assert "실패" in page
        assert "crashes and restarts" not in page


async def test_the_list_finds_and_says_what_it_does_not_understand(chat: Shop) -> None:
    of = await chat.ask(await chat.healthy_alpha(), "prod")
    async with chat.living.signed_in("minjun") as minjun:
        page = words(await minjun.get(AT))
        assert "1 open" in page
        assert "1 finished" in page
        assert f"#{of.number} waits: approval 0/1" in page
        found = await minjun.get(f"{AT}/list?q=env:prod+is:waiting+region:jp+author:haneul")
        assert f'href="{AT}/{of.number}"' in found
        assert f'href="{AT}/1"' not in found
        assert "Nothing fits this filter" in await minjun.get(f"{AT}/list?q=author:@me")
        trouble = words(await minjun.get(f"{AT}?q=is:sunny"))
        assert "“is:sunny” is not something to look for here" in trouble
        assert "Deployments" in await minjun.get("/deployments?q=project:chat-api")
        assert f'href="{AT}/{of.number}"' in await minjun.get("/deployments/list?q=is:open")
        assert "prod" in await minjun.get(f"{AT}/grid")
        await minjun.get(f"{AT}?cursor=nonsense~~")
        await minjun.get("/nowhere/deployments", status=404)
        await minjun.get(f"{AT}/99", status=404)
        await minjun.get(f"{AT}/{of.number}/changes?region=mars", status=404)


async def test_every_tab_and_every_piece_is_there_in_both_languages(chat: Shop) -> None:
    of = await chat.ask(await chat.healthy_alpha(), "prod")
    for lang, says in (("en", "sealed release"), ("ko", "봉인")):
        async with chat.living.signed_in("oliver", lang=lang) as oliver:
            for tab in ("", "/checks", "/changes", "/changes?region=uk", "/manifests", "/manifests?region=jp", "/logs"):
                page = await oliver.get(f"{AT}/{of.number}{tab}")
                assert says in words(page), (lang, tab)
                assert "kr" in page
            assert 'class="DeployBox' in await oliver.get(f"{AT}/{of.number}/body")
    async with chat.living.signed_in("oliver") as oliver:
        page = words(await oliver.get(f"{AT}/{of.number}/manifests?region=jp"))
        assert "rollout.minReadySeconds 0 Settings" in page
        assert "port 8080 project" in page
        assert "replicas 2 paved road" in page


async def test_a_long_list_goes_on_behind_a_cursor(chat: Shop) -> None:
    build = await chat.healthy_alpha()
    for _ in range(4):
        await chat.ask(build, "prod")
    seen: list[int] = []
    async with program(chat, "minjun") as minjun:
        cursor = None
        while True:
            page = (await minjun.get(f"{API}/deployments", params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
            seen += [d["number"] for d in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
    assert seen == [5, 4, 3, 2, 1]


async def test_a_long_story_is_shown_from_its_ends_and_whole_when_asked(chat: Shop) -> None:
    of = await chat.ask(await chat.build(), "alpha")
    await chat.settled()
    async with chat.living.transaction(HANEUL) as tx:
        for n in range(45):
            await service.deployments.comment(tx, PROJECT, of.number, f"Word {n}.")
    async with chat.living.signed_in("haneul") as haneul:
        page = await haneul.get(f"{AT}/{of.number}")
        between = f'href="{AT}/{of.number}?story=whole#between"'
        assert [n for n in range(45) if f"Word {n}." in page] == list(range(5, 45))
        assert page.index("asked to deploy") < page.index(between) < page.index("Word 5.")
        assert f'data-src="{AT}/{of.number}/body"' in page
        whole = await haneul.get(f"{AT}/{of.number}?story=whole")
        assert all(f"Word {n}." in whole for n in range(45))
        assert between not in whole
        assert f'data-src="{AT}/{of.number}/body?story=whole"' in whole
        assert "Word 0." in await haneul.get(f"{AT}/{of.number}/body?story=whole")


async def test_no_page_asks_a_question_for_each_row(chat: Shop) -> None:
    build = await chat.healthy_alpha()
    counts: list[int] = []
    async with chat.living.signed_in("minjun") as minjun:
        for more in (2, 6):
            for _ in range(more):
                await chat.ask(build, "prod")
            await chat.settled()
            with asked(chat.living) as statements:
                await minjun.get(f"{AT}/list")
                await minjun.get("/deployments/list")
                await minjun.get("/-/home")
                await minjun.get(f"/{PROJECT}/deploy")
                await minjun.get(f"/{PROJECT}/builds/list")
            counts.append(len(statements))
    # What seldom changes may be remembered the second time.
    assert 20 < counts[1] <= counts[0]
