"""Team 채팅 A vanishes from its division on a Friday. Whose are its projects, and its Redis? And then it goes down at night.

HR pushes next week's chart by SCIM into a draft; it is rehearsed, applied, offered. One team accepts, another says nothing. At
three in the morning a namespace is looked up, and answers with a person who is reachable. Through pages, API and command.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from podo.access import service as access
from podo.access.types import Membership, MembershipRole, Person, Role, Team
from podo.catalog import service
from podo.catalog.handlers import lapse_offers, look_at_clusters
from podo.catalog.types import ClusterKind, Environment, Provider, Region, SeenAsset
from podo.kernel import clock
from tests.company import api_of, terminal_of, token_of
from tests.domains.catalog import town
from tests.houses import Living, living, person

TEAM = "urn:podo:scim:schemas:extension:team:1.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
FRIDAY = datetime(2027, 1, 8, 8, 0, tzinfo=UTC)
"""Five in the afternoon in Seoul."""
NIGHT = datetime(2027, 1, 8, 18, 0, tzinfo=UTC)
"""Three in the morning of Saturday there."""
LATER = NIGHT + timedelta(days=21)
BOSS, SEOYEON, HANEUL, OLIVER, MINJUN, ROOT = ("boss", "seoyeon", "haneul", "oliver", "minjun", "root")
PEOPLE = {BOSS: "한지민", SEOYEON: "이서연", HANEUL: "김하늘", OLIVER: "Oliver Wright", MINJUN: "박민준", ROOT: "Root"}


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[Living]:
    """It is Friday. 한지민 leads the division 서비스; 이서연 채팅 A below it, Oliver 검색, 박민준 푸시."""
    with clock.shifted(FRIDAY - clock.now()):
        async with living(tmp_path / "house", town.DOMAINS, clusters=("alpha-kr", "prod-kr", "prod-jp")) as found:
            await _found(found)
            yield found


async def _found(house: Living) -> None:
    people = [Person(id_, name, f"{id_}@podo.example") for id_, name in PEOPLE.items()]
    teams = [
        Team("podo", "포도", "podo"),
        Team("div", "서비스", "service", "podo", slack="service-ops"),
        Team("chat-a", "채팅 A", "chat-a", "div"),
        Team("search", "검색", "search", "div"),
        Team("push", "푸시", "push", "div"),
    ]
    leads = {BOSS: "div", SEOYEON: "chat-a", OLIVER: "search", MINJUN: "push"}
    members = [Membership(who, team, MembershipRole.lead) for who, team in leads.items()]
    async with house.transaction() as tx:
        await access.sync_directory(tx, people, teams, [*members, Membership(HANEUL, "chat-a")])
        await access.grant(tx, ROOT, Role.admin)
    await _places(house)
    # What people did is the evidence: 이서연 on the one, 김하늘 on the other.
    for slug, who in (("chat-api", SEOYEON), ("chat-web", HANEUL)):
        await town.register(house, slug, by=person(who), team="chat-a", title=f"{slug} of 채팅 A", places=[("prod", "kr")])
        async with house.transaction(person(who)) as tx:
            await service.change(tx, house.house.seal, slug, description="답장을 보낸다")
    await _redis(house)


async def _places(house: Living) -> None:
    async with house.transaction() as tx:
        await service.set_environment(tx, Environment("prod", 0))
        await service.set_region(tx, Region("kr", "Korea", "Asia/Seoul", 0))
        await service.add_cluster(tx, house.house.seal, "prod-kr", "kr", ["prod"], ClusterKind.twin)
    await look_at_clusters(house.house)
    await house.settled()


async def _redis(house: Living) -> None:
    arn = "arn:aws:elasticache:ap-northeast-2:100000000001:cluster:chat-redis"
    seen = SeenAsset(arn, "elasticache:cluster", "chat-redis", "ap-northeast-2", {"podo-project": "chat-api"})
    where = (Provider.aws, "100000000001", "ap-northeast-2")
    async with house.transaction() as tx:
        await service.begin_assets(tx, *where, source="all", run="run-1")
        await service.take_assets(tx, *where, [seen], source="all", run="run-1")


async def _redis_team(house: Living) -> str:
    async with api_of(house, BOSS) as api:
        found = (await api.get("/api/v1/assets", params={"q": "chat-redis"})).json()
    (asset,) = found["items"]
    return str(asset["team"])


async def _push(hr: httpx.AsyncClient, path: str, *operations: dict[str, Any]) -> None:
    answer = await hr.patch(path, json={"schemas": [PATCH], "Operations": list(operations)})
    assert answer.status_code == 200, answer.text


async def _drafted(house: Living) -> str:
    """HR's draft: 채팅 A is no more from now on, 이서연 goes to 검색 and 김하늘 to 푸시. Nothing has happened."""
    async with api_of(house, ROOT) as api:
        draft = (await api.post("/api/v1/directory/drafts", json={"name": "1월 개편"})).json()["id"]
    secret = await token_of(house, ROOT, "access.sync")
    async with house.client(headers={"authorization": f"Bearer {secret}"}) as hr:
        base = f"/scim/v2/drafts/{draft}/Groups"
        ends = {"op": "add", "path": f"{TEAM}:validTo", "value": f"{clock.now():%Y-%m-%dT%H:%M:%S.%fZ}"}
        await _push(hr, f"{base}/chat-a", ends, {"op": "remove", "path": "members"})
        await _push(hr, f"{base}/search", {"op": "add", "path": "members", "value": [{"value": SEOYEON}]})
        await _push(hr, f"{base}/push", {"op": "add", "path": "members", "value": [{"value": HANEUL}]})
    return str(draft)


async def test_team_chat_a_vanishes_on_a_friday_and_somebody_answers_at_three_in_the_morning(house: Living) -> None:
    draft = await _drafted(house)
    await _rehearsed(house, draft)
    before = clock.now()
    await _applied(house, draft)
    await _offered(house)
    await _accepted_by_one(house)
    await _at_night(house)
    await _weeks_later(house, before)


async def _rehearsed(house: Living, draft: str) -> None:
    """By page (shared by its address, in Korean), API and command: the same."""
    async with house.signed_in(MINJUN, lang="ko") as browser:
        page = await browser.get(f"/rehearsals/{draft}")
        assert "1월 개편" in page
        assert "채팅 A" in page
        assert "<svg" in page
    async with api_of(house, MINJUN) as api:
        found = (await api.get(f"/api/v1/rehearsals/{draft}")).json()
    assert (found["moved"], found["projects"], found["left"], found["silent"]) == (2, 2, 0, [])
    moves = {m["project"]: m for m in found["moves"]}
    assert {(m["from_name"], m["to_name"], m["custody"], m["kind"]) for m in moves.values()} == {
        ("채팅 A", "서비스", True, "dissolve")
    }
    assert moves["chat-api"]["candidates"] == ["검색"]
    assert moves["chat-web"]["candidates"] == ["푸시"]
    assert moves["chat-api"]["before"]["people"][0]["name"] == "이서연"
    assert moves["chat-api"]["after"]["people"][0]["name"] == "한지민"
    async with terminal_of(house, MINJUN) as podo:
        told = await podo.run("owner", "rehearse", draft)
    assert "2 of 2 projects would move" in told
    assert "chat-web: 채팅 A kept by 서비스; offered to 푸시" in told
    async with house.reading() as r:
        assert (await service.owner(r, "chat-api")).team == "chat-a"


async def _applied(house: Living, draft: str) -> None:
    async with house.signed_in(ROOT) as browser:
        await browser.get(f"/teams/drafts/{draft}")
        await browser.send(f"/teams/drafts/{draft}/take", percent="50")
    await house.settled()
    async with house.reading() as r:
        assert (await access.team(r, "chat-a")).ended_at is not None
        for slug in ("chat-api", "chat-web"):
            owner = await service.owner(r, slug)
            assert (owner.team, owner.custody, owner.of) == ("div", True, "chat-a")
    assert await _redis_team(house) == "div"
    labels = (await town.real_namespace(house, "prod-kr"))["metadata"]["labels"]
    assert labels["podo.dev/team"] == "div"


async def _offered(house: Living) -> None:
    """Leads are told, and asked at home."""
    async with house.signed_in(BOSS, lang="ko") as browser:
        assert "채팅 A" in await browser.get("/inbox")
    async with house.signed_in(MINJUN) as browser:
        assert "1 projects of 채팅 A are offered to your team" in await browser.get("/inbox")
        assert "/chat-web/owners" in await browser.get("/")
    async with terminal_of(house, OLIVER) as podo:
        listed = await podo.run("offer", "list", "--mine")
        assert "chat-api" in listed
        assert "chat-web" not in listed
        assert "a lead of the owning team" in await podo.run("offer", "accept", "chat-web", "push", exit_code=3)


async def _accepted_by_one(house: Living) -> None:
    """검색 takes the one, on its page; 푸시 says nothing."""
    async with house.signed_in(OLIVER) as browser:
        page = await browser.get("/chat-api/owners")
        assert "1 of its people did" in page
        await browser.send("/chat-api/offers/search/accept")
    await house.settled()
    assert await _redis_team(house) == "search"
    async with house.signed_in(BOSS) as browser:
        assert "검색 took chat-api" in await browser.get("/inbox")


async def _at_night(house: Living) -> None:
    with clock.shifted(NIGHT - clock.now()):
        async with terminal_of(house, MINJUN) as podo:
            told = await podo.run("owner", "of", "chat-web", "chat-api")
        assert "team    서비스 (service), kept since chat-a is no more" in told
        assert "call    한지민 <boss@podo.example> (lead)" in told
        assert "call    Oliver Wright <oliver@podo.example> (lead)" in told
        assert "slack   #service-ops" in told
        async with house.signed_in(MINJUN) as browser:
            page = await browser.get("/owners?q=chat-web")
            assert "한지민" in page
            assert "boss@podo.example" in page
        async with api_of(house, MINJUN) as api:
            answers = (await api.get("/api/v1/owners", params={"namespace": ["chat-web", "chat-api", "kube-system"]})).json()
        assert [a["reachable"] for a in answers] == [True, True, True]
        assert [a["people"][0]["id"] for a in answers] == [BOSS, OLIVER, BOSS]
        assert [a["custody"] for a in answers] == [True, False, False]


async def _weeks_later(house: Living, before: datetime) -> None:
    """Silence left it above; and who owned it on Friday morning is known for ever, as it was known then, too."""
    with clock.shifted(LATER - clock.now()):
        await lapse_offers(house.house)
        await house.settled()
        async with api_of(house, MINJUN) as api:
            (offer,) = (await api.get("/api/v1/projects/chat-web/offers")).json()
            assert (offer["team"], offer["state"]) == ("push", "lapsed")
            (answer,) = (await api.get("/api/v1/owners", params={"namespace": "chat-web"})).json()
            assert (answer["team"], answer["custody"], answer["people"][0]["id"]) == ("div", True, BOSS)
            # Just before it was applied: as known then it was 채팅 A's; as known today, that team had ended minutes before.
            for known, owner in ((before, "chat-a"), (LATER, "div")):
                asked = {"at": before.isoformat(), "known": known.isoformat()}
                (then,) = (await api.get("/api/v1/projects/chat-api/owners", params=asked)).json()
                assert (then["team"], then["custody"]) == (owner, owner == "div")
            first = (await api.get("/api/v1/projects/chat-api/owners/record")).json()[-1]
            assert (first["team"], first["until"]) == ("chat-a", None)
        async with house.signed_in(BOSS) as browser:
            assert "Nobody answered for chat-web" in await browser.get("/inbox")
            await browser.get("/chat-web/owners")
            await browser.send("/chat-web/owners/transfer", team="div", why="It stays with us")
        async with house.reading() as r:
            assert not (await service.owner(r, "chat-web")).custody
