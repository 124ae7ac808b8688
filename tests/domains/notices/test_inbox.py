"""The inbox, home, and the number in the head of every page."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from podo.access.types import NotAllowed
from podo.activity import service as activity
from podo.activity.types import Question
from podo.kernel import clock
from podo.kernel.db import Reading
from podo.kernel.nouns import Actor, ActorKind
from podo.notices import service
from podo.notices.domain import DOMAIN as NOTICES
from podo.notices.types import Chip, HomeSource, Line, Message, NoSuchNotice
from tests.company import DOMAINS, LEAD, MEMBER, STRANGER, VIEWER, api_of, settle_in, terminal_of
from tests.houses import Living, living, person

SENTENCE = "{actor} brought {project} to prod"
MESSAGE = Message("delivery.healthy", SENTENCE, "/chat-api/workloads", project="chat-api")


async def tell(house: Living, *people: str, by: str = VIEWER, many: int = 1) -> None:
    for number in range(many):
        async with house.transaction(person(by)) as tx:
            await service.tell(tx, people, replace(MESSAGE, facts={"actor": f"김하늘 {number}", "project": "chat-api"}))


async def test_people_are_told_and_read_what_is_theirs(house: Living) -> None:
    await tell(house, LEAD, MEMBER, VIEWER)
    async with house.reading(person(LEAD)) as r:
        mine = (await service.inbox(r, LEAD)).items
        assert [n.message.told() for n in mine] == ["김하늘 0 brought chat-api to prod"]
        # Whoever did it needs no telling.
        assert (await service.inbox(r, VIEWER)).items == []
        said = [h.told() for h in (await activity.happenings(r, Question(project="chat-api"))).items]
    assert said == ["김하늘 told people: delivery.healthy (2)"]
    async with house.signed_in(LEAD) as browser:
        page = await browser.get("/inbox")
        assert "김하늘 0 brought chat-api to prod" in page
        assert "Line--new" in page
        # Opening the list, or the page of a notice, marks nothing.
        await browser.client.get(f"/inbox/{mine[0].id}")
        assert "Line--new" in await browser.get("/inbox")
        answer = await browser.send(f"/inbox/{mine[0].id}/read", open="1")
        assert answer.headers["location"] == "/chat-api/workloads"
        page = await browser.get("/inbox")
        assert "Line--new" not in page
        assert "brought chat-api" not in (await browser.get("/inbox?unread=1"))
    async with house.signed_in(MEMBER) as browser:
        await browser.send(f"/inbox/{mine[0].id}/read", status=404)
        await browser.get(f"/inbox/{mine[0].id}", status=404)
    async with house.transaction(person(STRANGER)) as tx:
        with pytest.raises(NoSuchNotice):
            await service.read(tx, mine[0].id)


async def test_unread_and_all_read_by_api_and_command(house: Living) -> None:
    await tell(house, LEAD, many=5)
    async with api_of(house, LEAD) as api:
        listed = (await api.get("/api/v1/inbox", params={"limit": 2})).json()
        assert [n["sentence"][:5] for n in listed["items"]] == ["김하늘 4", "김하늘 3"]
        rest = (await api.get("/api/v1/inbox", params={"limit": 4, "cursor": listed["next"]})).json()
        assert ([n["sentence"][:5] for n in rest["items"]], rest["next"]) == (["김하늘 2", "김하늘 1", "김하늘 0"], None)
        assert (await api.post(f"/api/v1/inbox/{listed['items'][0]['id']}/read")).status_code == 204
        assert (await api.post(f"/api/v1/inbox/{listed['items'][0]['id']}/read")).status_code == 204
        assert len((await api.get("/api/v1/inbox", params={"unread": True})).json()["items"]) == 4
        assert len((await api.get("/api/v1/inbox", params={"unread": False})).json()["items"]) == 1
    async with house.signed_in(LEAD) as browser:
        await browser.get("/inbox")
        await browser.send("/inbox/read")
        assert "All read." in await browser.get("/inbox")
        assert "You have read everything" in await browser.get("/inbox?unread=1")
    await tell(house, LEAD, many=2)
    async with terminal_of(house, LEAD) as podo:
        assert len(json.loads(await podo.run("--json", "inbox", "--unread"))) == 2
        assert "2 marked as read." in await podo.run("inbox", "read")
        assert "Nothing here yet." in await podo.run("inbox", "--unread")
        assert "no such notice" in await podo.run("inbox", "read", "ntc_none", exit_code=4)


async def test_the_inbox_is_paged(house: Living) -> None:
    await tell(house, LEAD, many=60)
    async with house.signed_in(LEAD) as browser:
        page = await browser.get("/inbox?unread=1")
        assert page.count("brought chat-api to prod") == 50
        older = re.search(r'href="(/inbox\?[^"]*)" rel="next"', page)
        assert older
        address = older[1].replace("&amp;", "&")
        assert "unread=1" in address
        page = await browser.get(address)
        assert page.count("brought chat-api to prod") == 10
        assert 'rel="next"' not in page


async def test_a_token_without_the_scope_reads_no_inbox(house: Living) -> None:
    async with api_of(house, LEAD, "operate") as api:
        for path in ("/api/v1/inbox", "/api/v1/home"):
            assert (await api.get(path)).status_code == 403
    actor = Actor(ActorKind.outside, "nobody")
    async with house.reading(actor) as r:
        with pytest.raises(NotAllowed):
            await service.inbox(r, LEAD)


async def _lines(r: Reading, who: str, projects: Sequence[str], lang: str) -> Sequence[Line]:
    del r
    if who != LEAD:
        return []
    sentence = f"{lang} {list(projects)}"
    chips = [Chip("kr", "soaking"), Chip("jp", "waiting")]
    address = "/chat-api/deployments/214"
    return [Line("clock", "attention", "chat-api", "Send in batches", sentence, address, clock.now(), "Review", 214, chips=chips)]


async def _three(r: Reading, who: str) -> int:
    del r
    return 3 if who == LEAD else 0


async def test_home_and_the_number_in_the_head_come_from_what_domains_contribute(tmp_path: Path) -> None:
    waiting, other = HomeSource("waiting", _lines, _three), HomeSource("recent", _lines)
    domains = [replace(d, slots=[*d.slots, waiting, other]) if d is NOTICES else d for d in DOMAINS]
    async with living(tmp_path, domains) as house:
        await settle_in(house)
        async with house.signed_in(LEAD) as browser:
            page = await browser.get("/")
            assert "3 things wait for you" in page
            assert '<span class="Bubble" aria-hidden="true">3</span>' in page
            for words in ("Waiting for you", "Send in batches", "#214", "Review", "en []", 'title="jp: waiting"'):
                assert words in page, words
            assert '<span class="Bubble" aria-hidden="true">3</span>' in await browser.get("/people")
            assert "Send in batches" in await browser.get("/-/home")
            assert "Send in batches" in await browser.get("/inbox")
        async with house.signed_in(MEMBER, lang="ko") as browser:
            page = await browser.get("/")
            assert "Bubble" not in page
            assert "Send in batches" not in page
        async with api_of(house, LEAD) as api:
            found = (await api.get("/api/v1/home")).json()
            assert [(x["project"], x["number"]) for x in found["waiting"]] == [("chat-api", 214)]
            assert found["red"] == []
        async with terminal_of(house, LEAD) as podo:
            assert re.search(r"Waiting for you\n.*\n.*chat-api +Send in batches", await podo.run("home"))


async def test_home_of_somebody_without_teams_says_what_to_do(house: Living) -> None:
    async with house.signed_in(VIEWER) as browser:
        page = await browser.get("/")
    for words in ("Nothing waits for you", "No deployments yet", "Your teams own no project yet.", "You are in no team yet"):
        assert words in page, words
