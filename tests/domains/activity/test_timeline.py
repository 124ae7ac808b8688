"""Who changed what, when: the same timeline on the page, in the API and by the command, in the reader's language."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from podo.access import service as access
from podo.access.types import NotAllowed, Role
from podo.activity import service
from podo.activity.types import NoSuchHappening, Question
from podo.catalog import service as catalog
from podo.kernel import clock
from podo.kernel.nouns import Actor, ActorKind
from tests.company import (
    ADMIN,
    LEAD,
    MEMBER,
    MEMBERSHIPS,
    PEOPLE,
    PROJECT,
    STRANGER,
    TEAMS,
    VIEWER,
    api_of,
    shop,
    terminal_of,
)
from tests.houses import Living, person


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Living]:
    """The company with its project."""
    async with shop(tmp_path / "house") as found:
        yield found


def main(page: str) -> str:
    return page.split("<main")[1].split("</main>")[0]


async def rename(house: Living, title: str, who: str = MEMBER) -> str:
    """Change the project; the id of the event."""
    async with house.house.database.transaction(person(who), request_id="01jdquoted") as tx:
        await catalog.change(tx, house.house.seal, PROJECT, title=title)
    async with house.reading() as r:
        return (await service.happenings(r, Question(project=PROJECT), limit=1)).items[0].id


async def test_what_was_done_is_told_newest_first_by_whom_and_where(house: Living) -> None:
    await rename(house, "Chat API 2")
    async with house.reading(person(VIEWER)) as r:
        found = (await service.happenings(r, Question(project=PROJECT))).items
    assert found[0].actor_name == "이서연"
    assert found[0].request_id == "01jdquoted"
    assert [h.at for h in found] == sorted((h.at for h in found), reverse=True)
    assert {h.actor_name for h in found} == {"이서연", "Emma Clarke", "Podo"}
    async with house.signed_in(VIEWER) as browser:
        page = main(await browser.get(f"/{PROJECT}/activity"))
        assert "이서연" in page
        assert f'href="/activity/{found[0].id}"' in page
        assert 'href="/people/member"' in page
        await browser.get("/no-such-project/activity", status=404)


async def test_the_query_narrows_it_and_a_wrong_word_is_said_in_place(house: Living) -> None:
    await rename(house, "Chat API 2")
    async with house.signed_in(MEMBER, lang="en") as browser, api_of(house, LEAD) as api:

        async def codes(q: str) -> set[str]:
            answer = await api.get("/api/v1/activity", params={"q": q, "limit": 200})
            assert answer.status_code == 200, answer.text
            return {i["code"] for i in answer.json()["items"]}

        assert await codes("by:이서연") == {"catalog.project_changed", "access.signed_in"}
        assert await codes("by:seoyeon@podo.example is:catalog") == {"catalog.project_changed"}
        assert "catalog.project_registered" in await codes("by:@me")
        assert await codes("is:catalog.project_registered") == {"catalog.project_registered"}
        assert await codes("since:1h until:1h") == set()
        assert await codes("request:01jdquoted") == {"catalog.project_changed"}
        assert await codes(f"project:{PROJECT} region:kr") <= {"catalog.namespace_ready"}
        for q, code in (("color:red", "activity.bad_question"), ("by:Nobody", "access.no_such_person")):
            answer = await api.get("/api/v1/activity", params={"q": q})
            assert (q, answer.json()["code"]) == (q, code)
        page = await browser.get("/activity?q=color:red", status=422)
        assert 'value="color:red"' in page
        assert "color:red" in main(page)
        assert "blankslate" not in main(page)


async def test_an_event_has_an_address_that_stays(house: Living) -> None:
    event = await rename(house, "Chat API 2")
    for number in range(60):
        await rename(house, f"Chat API {number + 3}")
    async with house.signed_in(LEAD) as browser, api_of(house, LEAD) as api:
        assert event not in await browser.get(f"/{PROJECT}/activity")
        page = main(await browser.get(f"/activity/{event}"))
        for words in ("이서연", "catalog.project_changed", "01jdquoted", "/activity?q=request%3A01jdquoted"):
            assert words in page, words
        await browser.get("/activity/evt_none", status=404)
        found = (await api.get(f"/api/v1/activity/{event}")).json()
        assert (found["id"], found["actor"], found["caused"]) == (event, MEMBER, [])
        assert (await api.get("/api/v1/activity/evt_none")).json()["code"] == "activity.no_such_happening"
    async with house.reading() as r:
        with pytest.raises(NoSuchHappening):
            await service.happening(r, "evt_none")


async def test_what_an_event_caused_is_found_from_it_and_back(house: Living) -> None:
    async with house.client() as client:
        await client.post("/sign-in", data={"email": "emma@podo.example"})
    await house.settled()
    async with house.reading() as r:
        asked = (await service.happenings(r, Question(kinds=("access.sign_in_asked",)))).items[0]
        found, caused = await service.happening(r, asked.id)
    assert [h.code for h in caused] == ["notices.mail_queued"]
    assert caused[0].cause == found.id
    async with house.signed_in(LEAD) as browser:
        assert "What it caused" in await browser.get(f"/activity/{asked.id}")
        assert f"/activity/{asked.id}" in main(await browser.get(f"/activity/{caused[0].id}"))
    async with terminal_of(house, LEAD) as podo:
        said = await podo.run("event", asked.id)
        assert "A mail to emma@podo.example is on its way" in said


async def test_pages_follow_each_other_without_gap_or_double(house: Living) -> None:
    for number in range(120):
        await rename(house, f"Chat API {number}")
    async with house.reading() as r:
        everything = [h.id for h in (await service.happenings(r, Question(project=PROJECT), limit=500)).items]
    async with house.signed_in(LEAD) as browser:
        seen, address = list[str](), f"/{PROJECT}/activity"
        pages = 0
        while address:
            page = main(await browser.get(address))
            seen += re.findall(r'<li class="Line" id="e-(evt_\w+)"', page)
            older = re.search(r'href="([^"]*cursor[^"]*)" rel="next"', page)
            address = older[1].replace("&amp;", "&") if older else ""
            pages += 1
            # News that come while one reads on move nothing.
            await rename(house, f"Later {pages}")
    assert seen == everything
    assert pages == 3
    async with terminal_of(house, LEAD) as podo:
        listed = json.loads(await podo.run("--json", "activity", "--project", PROJECT, "--limit", "130"))
        assert [h["id"] for h in listed][3:] == everything[:127]


async def test_each_reader_is_told_in_the_own_language_with_todays_names(house: Living) -> None:
    async with house.transaction(person(ADMIN)) as tx:
        await access.grant(tx, STRANGER, Role.sre)
    async with house.signed_in(VIEWER, lang="ko") as korean, house.signed_in(LEAD) as english:
        assert "Tanaka Yuki made Daniel Tremblay sre" in await english.get("/activity?q=is:access")
        page = main(await korean.get("/activity?q=is:access"))
        assert "Tanaka Yuki" in page
        assert "Daniel Tremblay" in page
        assert " made " not in page
        async with house.transaction() as tx:
            people = [p if p.id != ADMIN else type(p)(p.id, "Tanaka-Sato Yuki", p.email) for p in PEOPLE]
            await access.sync_directory(tx, people, TEAMS, MEMBERSHIPS)
        page = await english.get("/activity?q=is:access.role_granted")
        assert "Tanaka-Sato Yuki made Daniel Tremblay sre" in page
    async with house.client(headers={"accept": "application/json", "accept-language": "ko"}) as api:
        await api.post("/sign-in/as", data={"person": VIEWER})
        found = (await api.get("/api/v1/activity", params={"q": "is:access.role_granted"})).json()
    assert " made " not in found["items"][0]["sentence"]


async def test_what_a_token_did_is_told_as_its_persons_with_the_token(house: Living) -> None:
    async with api_of(house, MEMBER) as api:
        answer = await api.patch(f"/api/v1/projects/{PROJECT}", json={"title": "By token"})
        assert answer.status_code == 200, answer.text
    async with house.reading() as r:
        found = (await service.happenings(r, Question(project=PROJECT), limit=1)).items[0]
    assert (found.actor_id, found.actor_name, found.actor_kind) == (MEMBER, "이서연", "token")
    assert (found.actor_via or "").startswith("tok_")
    async with house.signed_in(LEAD) as browser:
        assert "by token" in main(await browser.get(f"/{PROJECT}/activity"))


async def test_a_stranger_and_a_token_without_the_scope_read_nothing(house: Living) -> None:
    async with house.reading(Actor(ActorKind.outside, "nobody")) as r:
        with pytest.raises(NotAllowed):
            await service.happenings(r, Question())
        with pytest.raises(NotAllowed):
            await service.happening(r, "evt_none")
    async with api_of(house, LEAD, "operate") as api:
        assert (await api.get("/api/v1/activity")).status_code == 403
    async with api_of(house, LEAD, "read", projects=[PROJECT]) as api:
        assert (await api.get("/api/v1/activity")).status_code == 403
        assert (await api.get("/api/v1/activity", params={"project": PROJECT})).status_code == 200


async def test_times_bound_what_is_told(house: Living) -> None:
    with clock.shifted(timedelta(days=-10)):
        await rename(house, "Long ago")
    async with api_of(house, LEAD) as api:
        asked = {"q": "is:catalog.project_changed since:11d until:9d"}
        assert len((await api.get("/api/v1/activity", params=asked)).json()["items"]) == 1
        asked = {"q": "is:catalog.project_changed since:9d"}
        assert (await api.get("/api/v1/activity", params=asked)).json()["items"] == []


async def test_the_timeline_is_live(house: Living) -> None:
    async with house.signed_in(LEAD) as browser:
        page = await browser.get(f"/{PROJECT}/activity?q=env:prod")
        found = re.search(rf'data-refresh="project:{PROJECT}" data-src="([^"]+)"', page)
        assert found
        address = found[1].replace("&amp;", "&")
        assert "env" in address
        await rename(house, "Chat API 2")
        assert "<html" not in await browser.get(address)
        assert "이서연" in await browser.get(f"/{PROJECT}/activity/list")
