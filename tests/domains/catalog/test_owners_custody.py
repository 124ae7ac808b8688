"""What follows when teams end: merged, split, dissolved, come back; offers and their answers; nothing twice, nothing lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from podo.access import service as access
from podo.access.types import Membership, MembershipRole, NotAllowed, Role, SuccessionKind, Team, TeamSucceeded
from podo.catalog import service
from podo.catalog.handlers import lapse_offers, settle_teams
from podo.catalog.types import (
    NothingAbove,
    OfferKind,
    OfferOver,
    OfferState,
    TeamSettled,
    Way,
    of_project,
)
from podo.kernel import clock
from podo.kernel.events import log
from tests.domains.catalog import town
from tests.domains.catalog.town import EMMA, HANEUL, OLIVER, ROOT
from tests.houses import Living

CHAT, SEARCH, SERVICE = "team-2", "team-3", "team-1"


async def _succeed(house: Living, kind: SuccessionKind, team: str, *heirs: str) -> str:
    async with house.transaction(ROOT) as tx:
        made = await access.succeed(tx, kind, team, heirs, "조직 개편")
    await house.settled()
    return made.id


async def _owners(house: Living, slug: str = "chat-api") -> list[tuple[str, bool, str]]:
    async with house.reading() as r:
        return [(o.team, o.custody, o.of) for o in await service.history(r, slug)]


async def _codes(house: Living, prefix: str = "catalog.") -> list[str]:
    async with house.reading() as r:
        found, _ = await log.history(r, log.Wanted(prefixes=[prefix]), limit=200)
    return [e.code.removeprefix("catalog.") for e in reversed(found)]


async def test_a_merge_moves_everything_once_and_a_withdrawal_brings_it_back(house: Living) -> None:
    for slug in ("chat-api", "chat-web"):
        await town.register(house, slug)
    merged = await _succeed(house, SuccessionKind.merge, "chat", "search")
    assert await _owners(house) == [(SEARCH, False, CHAT), (CHAT, False, "")]
    assert await _owners(house, "chat-web") == [(SEARCH, False, CHAT), (CHAT, False, "")]
    said = await _codes(house)
    assert said.count("ownership_changed") == 2
    assert said.count("team_settled") == 1
    # The label in the clusters follows.
    namespace = await town.real_namespace(house, "prod-kr")
    assert namespace["metadata"]["labels"]["podo.dev/team"] == SEARCH
    # The same event again, and the round: nothing happens.
    async with house.transaction() as tx:
        team = await access.team(tx, CHAT)
        tx.say(TeamSucceeded(team=CHAT, name=team.name, kind="merge", successors=SEARCH, succession=merged, what="merged"))
    await house.settled()
    await settle_teams(house.house)
    assert await _owners(house) == [(SEARCH, False, CHAT), (CHAT, False, "")]
    async with house.transaction(ROOT) as tx:
        await access.withdraw(tx, merged, "a mistake")
    await house.settled()
    assert (await _owners(house))[0] == (CHAT, False, "")
    async with house.reading() as r:
        # What was believed in between stays on record.
        assert len(await service.record(r, "chat-api")) == 5


async def test_a_feed_that_ends_a_team_is_answered_for_before_anything_follows(house: Living) -> None:
    await town.register(house)
    subject = of_project("chat-api")
    async with house.transaction() as tx:
        await access.succeed(tx, SuccessionKind.dissolve, "chat", (), "")
        between = (await service.responsible(tx, [subject]))[subject]
        assert (await service.owner(tx, "chat-api")).team == CHAT
    assert (between.team, between.way) == (SERVICE, Way.ancestor)
    # Nobody is directly in Service: somebody below it answers.
    assert (between.page, between.people) == (SEARCH, ("prs-oliver",))
    await house.settled()
    async with house.reading() as r:
        after = (await service.responsible(r, [subject]))[subject]
    assert (after.team, after.way, after.page, after.people) == (SERVICE, Way.owner, SEARCH, ("prs-oliver",))


async def test_a_split_is_kept_above_and_offered_by_evidence(house: Living) -> None:
    await town.register(house)
    async with house.transaction(OLIVER) as tx:
        await access.prefer(tx, theme="dark")  # An event without a project speaks for nobody.
    async with house.transaction() as tx:
        await access.grant(tx, "prs-oliver", Role.sre)
    async with house.transaction(OLIVER) as tx:
        await service.change(tx, house.house.seal, "chat-api", title="Chat API of Oliver")
    async with house.transaction() as tx:
        await _begin(tx, "team-8", "chat-core")
    await _succeed(house, SuccessionKind.split, "chat", "chat-core", "search")
    assert (await _owners(house))[0] == (SERVICE, True, CHAT)
    async with house.reading() as r:
        offers = await service.offers(r, "chat-api")
    assert [(o.team, o.rank, o.kind, o.state) for o in offers] == [
        (SEARCH, 1, OfferKind.custody, OfferState.open),
        ("team-8", 2, OfferKind.custody, OfferState.open),
    ]
    assert [e.told() for e in offers[0].evidence] == ["1 of its people did 1 things here in 90 days"]
    assert [e.told() for e in offers[1].evidence] == ["It follows Chat"]
    await _answers(house)


async def _begin(tx: Any, id_: str, handle: str) -> None:
    everybody = await access.everybody(tx)
    members = [m for p in everybody for m in await access.teams_of(tx, p.id)]
    await access.sync_directory(tx, everybody, [*await access.teams(tx), Team(id_, handle, handle, SERVICE)], members)


async def _answers(house: Living) -> None:
    """Search takes it; the other offer is withdrawn; nobody can answer again."""
    with pytest.raises(NotAllowed):
        async with house.transaction(HANEUL) as tx:
            await service.accept(tx, "chat-api", "search")
    async with house.transaction(EMMA) as tx:
        taken = await service.accept(tx, "chat-api", "search")
        assert await service.accept(tx, "chat-api", "search") == taken
    await house.settled()
    assert (await _owners(house))[0] == (SEARCH, False, CHAT)
    async with house.reading() as r:
        assert {o.team: o.state for o in await service.offers(r, "chat-api")} == {
            SEARCH: OfferState.accepted,
            "team-8": OfferState.withdrawn,
        }
    with pytest.raises(OfferOver):
        async with house.transaction(EMMA) as tx:
            await service.accept(tx, "chat-api", "chat-core")
    # Undone within the record: it is in custody again.
    async with house.transaction(EMMA) as tx:
        await service.give_back(tx, "chat-api", "not ours after all")
    assert (await _owners(house))[0] == (SERVICE, True, CHAT)


async def test_silence_leaves_it_where_it_is_and_custody_goes_up_to_the_top_alone(house: Living) -> None:
    await town.register(house)
    await _succeed(house, SuccessionKind.dissolve, "chat")
    async with house.reading() as r:
        (offer,) = await service.offers(r, "chat-api")
        assert offer.team == SEARCH
        assert await service.offers_waiting(r, "prs-oliver") == []  # He leads nothing.
    with pytest.raises(NothingAbove):
        async with house.transaction(EMMA) as tx:
            await service.escalate(tx, "chat-api", "we cannot")
    with clock.shifted(timedelta(days=13)):
        await lapse_offers(house.house)
    async with house.reading() as r:
        assert (await service.offer(r, offer.id)).state is OfferState.open
    with clock.shifted(timedelta(days=14, seconds=5)):
        await lapse_offers(house.house)
        await lapse_offers(house.house)
    await house.settled()
    async with house.reading() as r:
        assert (await service.offer(r, offer.id)).state is OfferState.lapsed
    assert (await _codes(house)).count("offers_lapsed") == 1
    assert (await _owners(house))[0] == (SERVICE, True, CHAT)
    # Who keeps it may keep it for good.
    async with house.transaction(EMMA) as tx:
        await service.transfer(tx, "chat-api", "service", "It stays with us")
    assert (await _owners(house))[0] == (SERVICE, False, SERVICE)


async def test_who_keeps_it_ends_too(house: Living) -> None:
    """Custody stays custody of the first team, whoever keeps it; offers to who ended follow to the successor."""
    await town.register(house)
    async with house.transaction() as tx:
        await _begin(tx, "team-8", "voice")
    async with house.transaction(EMMA) as tx:
        await access.succeed(tx, SuccessionKind.move, "chat", parent="voice")
    await _succeed(house, SuccessionKind.dissolve, "chat")
    assert (await _owners(house))[0] == ("team-8", True, CHAT)
    async with house.transaction(EMMA) as tx:
        await service.make_offer(tx, "chat-api", "service")
    await _succeed(house, SuccessionKind.merge, "voice", "search")
    assert (await _owners(house))[0] == (SEARCH, True, CHAT)
    async with house.reading() as r:
        (offer,) = await service.offers(r, "chat-api")
    assert (offer.holder, offer.team, offer.state) == (SEARCH, SERVICE, OfferState.open)
    async with house.transaction(EMMA) as tx:
        kept = await service.escalate(tx, "chat-api", "")
    assert (kept.team, kept.custody) == (SERVICE, True)


async def test_one_summary_stands_beside_the_events_of_each_project(house: Living) -> None:
    for slug in ("chat-api", "chat-web", "chat-bot"):
        await town.register(house, slug)
    await _succeed(house, SuccessionKind.dissolve, "chat")
    async with house.reading() as r:
        (summary,), _ = await log.history(r, log.Wanted(codes=[TeamSettled.code]))
        taken, _ = await log.history(r, log.Wanted(codes=["catalog.custody_taken"]))
    assert (summary.facts["count"], summary.facts["custody"], summary.facts["kind"]) == (3, 3, "dissolve")
    assert {e.project for e in taken} == {"chat-api", "chat-web", "chat-bot"}
    assert summary.cause is not None


async def test_what_nobody_heard_is_settled_by_the_round(house: Living) -> None:
    """As after a crash between the feed and what follows from it."""
    await town.register(house)
    async with house.transaction() as tx:
        await access.succeed(tx, SuccessionKind.merge, "chat", ("search",), "")
        # The event is as good as lost: the verb itself is asked what is unsettled.
        assert await service.unsettled_teams(tx) == [CHAT]
        assert await service.settle(tx, CHAT) == 1
        assert await service.settle(tx, CHAT) == 0
        assert await service.unsettled_teams(tx) == []
    await house.settled()
    assert await _owners(house) == [(SEARCH, False, CHAT), (CHAT, False, "")]


async def test_people_are_told_and_asked_at_home_and_answer_there(house: Living) -> None:
    """이서연 leads Chat; Chat's split lands with her boss's team, and she is asked for the new one that she leads."""
    await town.register(house)
    async with house.transaction() as tx:
        await _begin(tx, "team-8", "voice")
        await access.succeed(tx, SuccessionKind.rename, "chat", (), "", name="Chat A")
    async with house.transaction() as tx:
        everybody, teams = await access.everybody(tx), await access.teams(tx)
        members = [m for p in everybody for m in await access.teams_of(tx, p.id)]
        await access.sync_directory(tx, everybody, teams, [*members, Membership("prs-haneul", "team-8", MembershipRole.lead)])
    await _succeed(house, SuccessionKind.split, "chat", "voice", "search")
    async with house.reading() as r:
        (answer,) = await service.answers(r, ["chat-api"])
    assert [c.text for c in answer.former] == ["이서연 <seoyeon@podo.example>", "김하늘 <haneul@podo.example>"], "R-C3"
    async with house.signed_in("prs-haneul") as browser:
        mine = await browser.get("/people/prs-haneul")
        assert "kept by Service for now; voice is asked" in mine, "what waits for him, on his own page"
        assert "kept by Service for now" not in await browser.get("/people/prs-seoyeon")
        assert "was in the team before" in await browser.get("/owners?q=chat-api")
        assert "Who was in it when it ended" in await browser.get("/teams/chat")
        home = await browser.get("/")
        assert "kept by Service for now; voice is asked" in home
        inbox = await browser.get("/inbox")
        assert "1 projects of Chat A are offered to your team" in inbox
        offers = await browser.get("/offers")
        assert "chat-api" in offers
        page = await browser.get("/chat-api/owners")
        assert "It follows Chat A" in page
        await browser.send("/chat-api/offers/team-8/decline", why="")
        assert "declined" in await browser.get("/chat-api/owners")
        await browser.send("/chat-api/offers/team-8/accept", status=422)
        assert "chat-api" not in await browser.get("/offers")
    async with house.signed_in("prs-emma") as browser:
        await browser.get("/chat-api/owners")
        await browser.send("/chat-api/offers/search/accept")
        page = await browser.get("/chat-api/owners?at=2020-01-01", status=422)
        assert "Nothing was known of an owner at that time." in page
        today = quote(clock.now().isoformat())
        assert "Search" in await browser.get(f"/chat-api/owners?at={today}&known={today}")
        await browser.send("/chat-api/owners/give-back", why="")
        await browser.send("/chat-api/owners/escalate", status=422)
        await browser.send("/chat-api/owners/transfer", status=422, team="search", why="")
        await browser.send("/chat-api/owners/transfer", team="search", why="Settled on Friday")
        await browser.send("/chat-api/owners/correct", of="voice", since="2020-01-01", because="x", status=422)
        found = await browser.get("/owners?q=chat-api,nobody-knows-it")
        assert "Oliver Wright" in found
        assert "nobody registered it" in found
