"""A directory that takes too much away, or is not taken over, waits for those who decide: at home, in the head, in the inbox."""

from __future__ import annotations

from pathlib import Path

from podo.access.domain import LEAVING
from podo.access.types import Person
from podo.notices import service
from tests.company import ADMIN, CHIEF, LEAD, PEOPLE, SRE, STRANGER, TEAMS, company, token_of
from tests.houses import Living


async def told(house: Living, person: str) -> list[tuple[str, str]]:
    """What stands in an inbox, the oldest first, and where each leads."""
    await house.settled()
    async with house.reading() as r:
        return [(n.message.told(), n.message.link) for n in reversed((await service.inbox(r, person)).items)]


async def test_removals_that_wait_are_seen_at_home_and_told_once(house: Living) -> None:
    token = await token_of(house, ADMIN, "access.sync")
    async with house.client(headers={"authorization": f"Bearer {token}"}) as hr:
        # One of eleven people and teams is the fifth part's bound of two already.
        for one in (STRANGER, CHIEF, LEAD, SRE):
            assert (await hr.delete(f"/scim/v2/Users/{one}")).status_code == 204
    first = "The directory takes more away than may go in a day, Emma Clarke first: it waits until you decide"
    assert await told(house, ADMIN) == [(first, "/-/directory")], "two wait, and it is one thing to decide"
    async with house.signed_in(ADMIN) as browser:
        home = await browser.get("/")
        assert "The directory takes more away than may go in a day: Emma Clarke, Oliver Wright" in home
        assert "1 thing waits for you" in home
        assert 'href="/-/directory"' in home
    async with house.signed_in(SRE) as browser:
        assert "takes more away" not in await browser.get("/"), "who may not decide is not asked"
    assert await told(house, SRE) == []


async def test_a_directory_that_is_not_taken_over_is_seen_until_it_is(tmp_path: Path) -> None:
    path = tmp_path / "people.yaml"

    def write(*people: Person) -> None:
        teams = "\n".join(f"  - {{id: {t.id}, handle: {t.handle}, name: {t.name}}}" for t in TEAMS)
        listed = "\n".join(f"  - {{id: {p.id}, name: {p.name}, email: {p.email}}}" for p in people)
        path.write_text(f"people:\n{listed}\nteams:\n{teams}\nadmins: [{ADMIN}]\n")

    write(*PEOPLE)
    async with company(tmp_path / "house", PODO_ACCESS_DIRECTORY=str(path)) as house:
        await LEAVING.sweep(house.house)
        write(*PEOPLE[-2:])
        await LEAVING.sweep(house.house)
        why = "This directory lacks 45% of the people and teams that Podo knows; at most 20% may go at once."
        assert await told(house, ADMIN) == [(why, "/-/directory")]
        async with house.signed_in(ADMIN, lang="ko") as browser:
            home = await browser.get("/")
            assert "45%" in home
            assert "lacks" not in home, "in the reader's language"
        async with house.signed_in(SRE) as browser:
            assert "45%" not in await browser.get("/")
        write(*PEOPLE[:-2], *PEOPLE[-2:], Person("new", "한가온", "gaon@podo.example"))
        await LEAVING.sweep(house.house)
        async with house.signed_in(ADMIN) as browser:
            assert "Nothing waits for you" in await browser.get("/")
        assert len(await told(house, ADMIN)) == 1
