"""Who may own what nobody does, and whom something is offered to: told at once, seen at home, reminded once before it is over."""

from __future__ import annotations

from datetime import timedelta

from podo.access import service as access
from podo.access.types import Membership, MembershipRole, SuccessionKind
from podo.catalog import service
from podo.catalog.handlers import close_retired, remind
from podo.catalog.types import AssetQuery, CloudAccount, ClueKind, Provider
from podo.kernel import clock
from podo.kernel.nouns import PODO
from podo.notices import service as notices
from tests.domains.catalog import town
from tests.domains.catalog.test_assets import ACCOUNT, REGION, queue, take
from tests.domains.catalog.town import EMMA, ROOT, SEOYEON
from tests.houses import Living


async def told(house: Living, person: str) -> list[tuple[str, str]]:
    """What stands in an inbox, the oldest first, and where each leads."""
    await house.settled()
    async with house.reading() as r:
        return [(n.message.told(), n.message.link) for n in reversed((await notices.inbox(r, person)).items)]


async def reminded(house: Living, days: float) -> None:
    """The round, so many days from now, twice."""
    with clock.shifted(timedelta(days=days)):
        await remind(house.house)
        await remind(house.house)


async def test_candidates_of_orphans_are_told_see_it_at_home_and_are_reminded(house: Living) -> None:
    async with house.transaction(PODO) as tx:
        await service.set_account(tx, CloudAccount(Provider.aws, ACCOUNT, "podo-prod", (REGION,), team="search"))
    await town.register(house)
    await take(house, [queue("named", {"owner": "Chat"}), queue("its", {"service": "chat-api"}), queue("nobodys", {})])
    for _ in range(2):
        async with house.transaction(PODO) as tx:
            await service.hear_cases(tx)
    may_be = ("2 assets of which nobody is known may be your teams’: take them, or let them be", "/assets/orphans?mine=1")
    assert await told(house, SEOYEON.id) == [may_be]
    assert await told(house, "prs-haneul") == [], "he leads nothing"
    async with house.signed_in(SEOYEON.id) as browser:
        home = await browser.get("/")
        assert "2 assets of which nobody is known may be your teams’" in home
        assert "1 thing waits for you" in home
        page = await browser.get("/assets/orphans?mine=1")
        assert ("named" in page, ">its<" in page, "nobodys" in page) == (True, True, False)
        assert "nobodys" in await browser.get("/assets/orphans")
        async with house.reading(SEOYEON) as r:
            mine = [c.asset.id for c in (await service.orphans(r, AssetQuery(), of=SEOYEON.id)).items]
        listed = await browser.client.get("/api/v1/assets/orphans?mine=true")
        assert [it["asset"]["id"] for it in listed.json()["items"]] == mine
        await browser.send("/assets/orphans/skip", asset=mine[0], mine="1")
        assert "1 assets of which nobody is known" in await browser.get("/")
    await reminded(house, 10)
    assert await told(house, SEOYEON.id) == [may_be], "there is time yet"
    await reminded(house, 12)
    due = (clock.now() + timedelta(days=14)).date().isoformat()
    still = (f"2 assets that may be your teams’ are still nobody’s, until {due}", "/assets/orphans?mine=1")
    assert await told(house, SEOYEON.id) == [may_be, still], "once, and no more"
    await reminded(house, 15)
    assert await told(house, SEOYEON.id) == [may_be, still], "it is over"


async def test_who_is_offered_something_is_reminded_once_in_the_last_third(house: Living) -> None:
    await town.register(house)
    async with house.transaction() as tx:
        everybody, teams = await access.everybody(tx), await access.teams(tx)
        members = [m for p in everybody for m in await access.teams_of(tx, p.id) if p.id != "prs-oliver"]
        await access.sync_directory(tx, everybody, teams, [*members, Membership("prs-oliver", "team-3", MembershipRole.lead)])
    async with house.transaction(ROOT) as tx:
        await access.succeed(tx, SuccessionKind.dissolve, "chat", (), "조직 개편")
    first = ("1 projects of Chat are offered to your team: accept or decline", "/offers")
    kept = ("Chat is no more: Service keeps 1 of its projects until somebody takes them", "/teams/team-1")
    assert await told(house, "prs-oliver") == [kept, first], "nobody leads Service: its people are told"
    await reminded(house, 10.5)
    await reminded(house, 11.5)
    due = (clock.now() + timedelta(days=14)).date().isoformat()
    again = (f"1 offers to Search are still unanswered, the first until {due}", "/offers")
    assert await told(house, "prs-oliver") == [kept, first, again]
    async with house.transaction(EMMA) as tx:
        await service.decline(tx, "chat-api", "search")
        await service.make_offer(tx, "chat-api", "search", "once more", clock.now() + timedelta(hours=6))
    await reminded(house, 0.1)
    offered = ("chat-api is offered to Search: accept or decline", "/chat-api/owners")
    assert (await told(house, "prs-oliver"))[4:] == [offered]
    await reminded(house, 0.2)
    assert len(await told(house, "prs-oliver")) == 6, "of six hours, two are the last third"


async def test_who_worked_for_what_is_no_more_speaks_for_their_team(house: Living) -> None:
    """Of a retired project its tag says only what it was: those who changed it and are on call for it are where they are now."""
    await town.register(house)
    async with house.transaction(SEOYEON) as tx:
        await service.say_more(tx, "chat-api", {"on_call": "이서연"})
    async with house.transaction(EMMA) as tx:
        await service.retire(tx, "chat-api", "chat-api", "", [], "en", 30)
    with clock.shifted(timedelta(days=31)):
        await close_retired(house.house)
        await house.settled()
    await take(house, [queue("left-behind", {"podo-project": "chat-api"})])
    async with house.transaction(PODO) as tx:
        await service.hear_cases(tx)
    async with house.reading() as r:
        (case,) = (await service.orphans(r, AssetQuery())).items
    assert [(c.owner, [(k.kind, k.value, k.count, k.of) for k in c.clues]) for c in case.candidates] == [
        ("team:team-2", [(ClueKind.on_call, "chat-api", 1, 1)])
    ]
    async with house.signed_in(EMMA.id) as browser:
        assert "1 of 1 on call for chat-api are theirs" in await browser.get("/assets/orphans")
