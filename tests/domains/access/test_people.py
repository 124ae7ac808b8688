"""Teams as a tree that can be walked, people as a list that can be searched."""

from __future__ import annotations

import json
import re

from podo.access import service
from podo.access.types import Membership, Person
from tests.company import ADMIN, LEAD, MEMBERSHIPS, PEOPLE, TEAMS, VIEWER, api_of, terminal_of
from tests.houses import Living


def main(page: str) -> str:
    return page.split("<main")[1].split("</main>")[0]


async def test_the_organisation_is_a_tree_whose_numbers_count_everybody_below_once(house: Living) -> None:
    twice = [*MEMBERSHIPS, Membership(VIEWER, "team-3"), Membership(VIEWER, "team-4")]
    async with house.transaction() as tx:
        await service.sync_directory(tx, PEOPLE, TEAMS, twice)
    async with house.signed_in(LEAD) as browser:
        page = main(await browser.get("/teams"))
        order = [page.index(f'href="/teams/{handle}"') for handle in ("podo", "service", "chat", "search")]
        assert order == sorted(order)
        assert page.count("<details open>") == 2
        for handle, people in (("podo", 5), ("service", 5), ("chat", 3), ("search", 2)):
            row = page[page.index(f'href="/teams/{handle}"') :]
            assert re.search(r"(\d+) (?:person|people)", row)[1] == str(people), handle  # type: ignore[index]
        found = main(await browser.get("/teams?q=sea"))
        assert "/teams/search" in found
        assert "Podo / Service" in found
        assert "/teams/chat" not in found
        assert "/people/lead" in main(await browser.get("/teams?q=Emma"))
        assert "No team fits" in main(await browser.get("/teams?q=zzz"))


async def test_a_team_leads_up_down_and_to_its_people(house: Living) -> None:
    async with house.signed_in(LEAD) as browser:
        page = main(await browser.get("/teams/service"))
        assert 'href="/teams/podo"' in page
        assert 'href="/teams/chat"' in page
        assert "정소라" in page
        chat = main(await browser.get("/teams/chat"))
        assert chat.index("Emma Clarke") < chat.index("이서연")
        assert "Projects" in chat
        assert main(await browser.get("/teams/team-3")) == chat
        await browser.get("/teams/nowhere", status=404)


async def test_people_are_found_by_name_address_and_title_and_paged(house: Living) -> None:
    crowd = [Person(f"p-{n:03}", f"Person {n:03}", f"p{n}@podo.example", title="Gardener") for n in range(120)]
    async with house.transaction() as tx:
        await service.sync_directory(tx, [*PEOPLE, *crowd], TEAMS, MEMBERSHIPS)
    async with house.signed_in(LEAD) as browser:
        page = main(await browser.get("/people?q=gardener"))
        assert "120 people" in page
        seen = re.findall(r'href="/people/(p-\d+)"', page)
        assert (len(seen), seen[0]) == (50, "p-000")
        older = re.search(r'href="(/people\?[^"]*cursor[^"]*)"', page)
        assert older
        page = main(await browser.get(older[1].replace("&amp;", "&")))
        seen += re.findall(r'href="/people/(p-\d+)"', page)
        older = re.search(r'href="(/people\?[^"]*cursor[^"]*)" rel="next"', page)
        assert older
        page = main(await browser.get(older[1].replace("&amp;", "&")))
        seen += re.findall(r'href="/people/(p-\d+)"', page)
        assert seen == [p.id for p in crowd]
        assert 'rel="next"' not in page
        found = main(await browser.get("/people?q=서연"))
        assert "/people/member" in found
        assert "/people/lead" not in found
        assert "/people/lead" in main(await browser.get("/people?q=EMMA@"))
        assert "Nobody fits" in main(await browser.get("/people?q=100%25"))
    async with api_of(house, LEAD) as api:
        first = (await api.get("/api/v1/people", params={"q": "gardener", "limit": 100})).json()
        assert (len(first["items"]), first["total"]) == (100, 120)
        rest = (await api.get("/api/v1/people", params={"q": "gardener", "limit": 100, "cursor": first["next"]})).json()
        assert ([p["id"] for p in rest["items"]], rest["next"]) == ([p.id for p in crowd[100:]], None)
    async with terminal_of(house, LEAD) as podo:
        assert len(json.loads(await podo.run("--json", "person", "list", "gardener"))) == 120
        assert "Emma Clarke" in await podo.run("person", "list", "emma")


async def test_a_person_has_teams_roles_and_ways_to_more(house: Living) -> None:
    async with house.signed_in(LEAD) as browser:
        page = main(await browser.get("/people/lead"))
        assert "/teams/chat" in page
        assert "/activity?q=by%3Alead" in page
        assert "/-/why?person=lead" in page
        assert "May do everything." in main(await browser.get(f"/people/{ADMIN}"))
        await browser.get("/people/nobody", status=404)
    async with terminal_of(house, LEAD) as podo:
        listed = json.loads(await podo.run("--json", "team", "list"))
        assert [t["handle"] for t in listed] == ["chat", "podo", "search", "service"]
        assert "Emma Clarke" in await podo.run("team", "show", "chat")
        assert "There is no team" in await podo.run("team", "show", "nowhere", exit_code=4)


async def test_pages_are_for_those_who_are_signed_in(house: Living) -> None:
    async with house.client(headers={"accept": "text/html"}) as nobody:
        for path in (
            "/teams",
            "/people",
            "/people/lead",
            "/teams/chat",
            "/-/why",
            "/settings/tokens",
            "/inbox",
            "/activity",
            "/",
        ):
            answer = await nobody.get(path)
            assert (path, answer.status_code) == (path, 303)
            assert answer.headers["location"].startswith("/sign-in")
    async with house.client(headers={"accept": "application/json"}) as nobody:
        for path in ("me", "people", "teams", "tokens", "sessions", "permissions", "inbox", "home", "activity", "outbox"):
            assert (path, (await nobody.get(f"/api/v1/{path}")).status_code) == (path, 401)
