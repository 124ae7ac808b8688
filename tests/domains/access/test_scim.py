"""Podo as a SCIM server: by the book of scim2-tester, and by what it does to people and teams."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import pytest_asyncio
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from podo.access import service
from podo.access.types import EntryKind
from podo.kernel import clock
from podo.kernel.nouns import PODO
from tests.company import ADMIN, CHIEF, MEMBER, PEOPLE, SRE, STRANGER, company, serving, token_of
from tests.houses import Living

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEAM = "urn:podo:scim:schemas:extension:team:1.0:Group"
USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def firm(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Living]:
    async with company(Path(tmp_path_factory.mktemp("scim")) / "house") as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hr(firm: Living) -> AsyncIterator[httpx.AsyncClient]:
    """An HR system, which may push and nothing else."""
    token = await token_of(firm, ADMIN, "access.sync")
    async with firm.client(headers={"authorization": f"Bearer {token}"}) as client:
        yield client


def user(name: str, **more: Any) -> dict[str, Any]:
    emails = [{"value": f"{name}@podo.example", "primary": True}]
    return {"schemas": [USER_SCHEMA], "userName": f"{name}@podo.example", "displayName": name, "emails": emails, **more}


def group(name: str, *members: str, team: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    found = {"schemas": [GROUP_SCHEMA, TEAM], "displayName": name, "members": [{"value": m} for m in members], **more}
    return found | ({TEAM: team} if team else {})


def changing(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(operations)}


async def push(
    hr: httpx.AsyncClient, path: str, body: dict[str, Any], *, method: str = "POST", status: int = 201
) -> dict[str, Any]:
    answer = await hr.request(method, f"/scim/v2/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def checked(url: str, token: str) -> list[Any]:
    """Everything that scim2-tester finds."""
    with httpx2.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=60) as client:
        scim = SyncSCIMClient(client)
        scim.discover()
        return check_server(scim)


async def test_people_and_teams_are_what_is_pushed(firm: Living, hr: httpx.AsyncClient) -> None:
    apart = unicodedata.normalize("NFD", "김하준")
    made = await push(
        hr, "Users", user("hajun", externalId="hr-77", displayName=apart, title="SRE", phoneNumbers=[{"value": "1"}])
    )
    assert (made["id"], made["displayName"], "phoneNumbers" in made) == ("hr-77", "김하준", False)
    again = await hr.post("/scim/v2/Users", json=user("HAJUN"))
    assert (again.status_code, again.json()["scimType"]) == (409, "uniqueness")
    top = await push(hr, "Groups", group("연구소", "hr-77", team={"parent": {"value": "team-1"}, "leads": [{"value": "hr-77"}]}))
    below = await push(hr, "Groups", group("Lab", externalId="lab-1", team={"parent": {"value": top["id"]}, "handle": "lab"}))
    async with firm.reading() as r:
        assert [(p.name, m.role) for p, m in await service.members(r, top["id"])] == [("김하준", "lead")]
        assert (await service.team(r, "lab")).parent == top["id"]
    for wrong in ({"parent": {"value": "nowhere"}}, {"handle": "chat"}, {"validTo": "soon"}):
        refused = await push(hr, "Groups", group("Wrong", team=wrong), status=400)
        assert refused["scimType"] == "invalidValue"
    never = await hr.delete("/scim/v2/Groups/team-1")
    assert (never.status_code, "never ends" in never.json()["detail"]) == (400, True)
    round_ = changing({"op": "replace", "path": f"{TEAM}:parent", "value": {"value": "lab-1"}})
    await push(hr, f"Groups/{top['id']}", round_, method="PATCH", status=400)
    moved = changing(
        {"op": "replace", "path": f"{TEAM}:parent", "value": {"value": "team-2"}},
        {"op": "replace", "path": "displayName", "value": "Labs"},
    )
    await push(hr, f"Groups/{below['id']}", moved, method="PATCH", status=200)
    async with firm.reading() as r:
        # Both at one moment, in no order.
        assert {(s.kind, s.was, s.now) for s in await service.successions(r, "lab-1")} == {
            ("rename", "Lab", "Labs"),
            ("move", top["id"], "team-2"),
        }
    left = await push(hr, "Users/hr-77", changing({"op": "replace", "value": {"active": False}}), method="PATCH", status=200)
    assert left["active"] is False
    async with firm.reading() as r:
        assert not (await service.person(r, "hr-77")).active
    await push(hr, "Users/hr-77", user("hajun", active=True), method="PUT", status=200)
    async with firm.reading() as r:
        assert [(p.id, p.name) for p, _ in await service.members(r, top["id"])] == [("hr-77", "hajun")]


async def test_lists_are_filtered_sorted_paged_and_versions_kept(firm: Living, hr: httpx.AsyncClient) -> None:
    async def found(query: str, kind: str = "Users") -> list[str]:
        answer = await hr.get(f"/scim/v2/{kind}?{query}")
        assert answer.status_code == 200, answer.text
        return [one.get("userName") or one["displayName"] for one in answer.json().get("Resources", ())]

    assert await found('filter=userName eq "SEOYEON@podo.example"') == ["seoyeon@podo.example"]
    assert await found(f'filter=externalId eq "{MEMBER}"') == ["seoyeon@podo.example"], "whom no client wrote is there, too"
    assert await found('filter=displayName sw "Emma" and active eq true') == ["emma@podo.example"]
    assert await found(f'filter=displayName eq "{unicodedata.normalize("NFD", "Chat")}"', "Groups") == ["Chat"]
    assert await found('filter=id eq "nobody"') == []
    by_name = await found("sortBy=userName")
    assert by_name == sorted(by_name)
    assert by_name[::-1] == await found("sortBy=userName&sortOrder=descending")
    pages = [await found(f"startIndex={n}&count=3") for n in (1, 4, 7)]
    assert [name for page in pages for name in page] == (await found("count=100"))[:9]
    assert (await hr.get("/scim/v2/Users?count=0")).json()["totalResults"] == len(by_name)
    assert (await hr.get("/scim/v2/Users?filter=nonsense")).status_code == 400
    only = (await hr.get(f"/scim/v2/Users/{MEMBER}?attributes=title,userName")).json()
    assert only.keys() <= {"schemas", "id", "userName", "title"}
    first = await hr.get(f"/scim/v2/Users/{CHIEF}")
    version = first.headers["etag"]
    assert (await hr.get(f"/scim/v2/Users/{CHIEF}", headers={"if-none-match": version})).status_code == 304
    rename = changing({"op": "replace", "path": "title", "value": "Chief"})
    ok = await hr.patch(f"/scim/v2/Users/{CHIEF}", json=rename, headers={"if-match": version})
    assert (ok.status_code, ok.headers["etag"] != version) == (200, True)
    late = await hr.patch(
        f"/scim/v2/Users/{CHIEF}", json=changing({"op": "remove", "path": "title"}), headers={"if-match": version}
    )
    assert late.status_code == 412
    assert (await hr.delete("/scim/v2/Users/nobody")).status_code == 404
    assert (await hr.post("/scim/v2/Users", content=b"{")).status_code == 400


async def test_who_leaves_is_out_at_once_and_a_burst_waits_for_an_administrator(firm: Living, hr: httpx.AsyncClient) -> None:
    secret = await token_of(firm, STRANGER, "read")
    async with firm.signed_in(STRANGER) as browser, firm.client(headers={"authorization": f"Bearer {secret}"}) as api:
        await browser.get("/teams")
        assert (await api.get("/api/v1/me")).status_code == 200
        assert (await hr.delete(f"/scim/v2/Users/{STRANGER}")).status_code == 204
        assert (await api.get("/api/v1/me")).status_code == 401
        assert "Sign in to Podo" in await browser.get("/teams")
    assert (await hr.get(f"/scim/v2/Users/{STRANGER}")).status_code == 404
    crowd = [(await push(hr, "Users", user(f"crowd{n}")))["id"] for n in range(8)]
    for one in crowd:
        assert (await hr.delete(f"/scim/v2/Users/{one}")).status_code == 204
        assert (await hr.get(f"/scim/v2/Users/{one}")).status_code == 404, "the client is told what it asked for"
    async with firm.reading() as r:
        waiting = await service.removals(r)
        here = [i for i in crowd if (await service.person(r, i)).active]
    assert waiting
    assert [x.of for x in waiting] == here
    listed = (await hr.get("/scim/v2/Users?count=1000")).json()["Resources"]
    assert not {one["id"] for one in listed} & set(crowd)
    back = await push(hr, "Users", user("crowd7", externalId=here[-1]))
    async with firm.signed_in(ADMIN) as browser:
        page = await browser.get("/-/directory")
        assert "crowd6" in page
        assert "crowd7" not in page, "the directory took it back"
        await browser.send("/-/directory/keep", removal=waiting[0].id)
        await browser.send("/-/directory/take", removal=waiting[1].id)
        await browser.send("/-/directory/take", 404, removal=waiting[1].id)
    async with firm.signed_in(SRE) as browser:
        await browser.get("/-/directory", status=403)
    async with firm.reading() as r:
        states = [(await service.person(r, i)).active for i in (waiting[0].of, waiting[1].of, back["id"])]
    assert states == [True, False, True]
    assert (await hr.get(f"/scim/v2/Users/{waiting[0].of}")).status_code == 200, "who is kept is seen again"
    with clock.shifted(timedelta(days=2)):
        token = await token_of(firm, ADMIN, "access.sync")
        assert (await hr.delete("/scim/v2/Groups/lab-1", headers={"authorization": f"Bearer {token}"})).status_code == 204
        async with firm.reading() as r:
            assert (await service.team(r, "lab-1")).ended_at is not None, "the day after there is room again"


async def test_a_reorganisation_by_scim_on_a_day_to_come(firm: Living, hr: httpx.AsyncClient) -> None:
    later = (clock.now() + timedelta(days=3)).isoformat()
    heir = await push(hr, "Groups", group("Harbour", team={"validFrom": later, "parent": {"value": "team-2"}}))
    old = await push(hr, "Groups", group("Pier", team={"parent": {"value": "team-2"}}))
    leads = {"validTo": later, "successors": [{"value": heir["id"]}], "parent": {"value": "team-2"}}
    await push(hr, f"Groups/{old['id']}", group("Pier", team=leads), method="PUT", status=200)
    async with firm.reading() as r:
        assert [t.name for t in await service.teams(r, [heir["id"], old["id"]])] == ["Pier"]
        assert not await service.has_due_entries(r)
    with clock.shifted(timedelta(days=3, minutes=1)):
        async with firm.house.database.transaction(PODO) as tx:
            await service.let_due_entries_come(tx)
        async with firm.reading() as r:
            assert (await service.team(r, heir["id"])).ended_at is None
            merged = (await service.successions(r, old["id"]))[0]
    assert (merged.kind, merged.successors) == ("merge", (heir["id"],))


async def test_a_draft_is_pushed_into_and_touches_nothing(firm: Living, hr: httpx.AsyncClient) -> None:
    async with firm.transaction() as tx:
        draft = await service.make_draft(tx, "By SCIM")
    base = f"drafts/{draft.id}"
    everyone = (await hr.get(f"/scim/v2/{base}/Users")).json()["totalResults"]
    assert everyone >= len(PEOPLE) - 1
    gone = changing(
        {"op": "add", "path": f"{TEAM}:validTo", "value": "2026-01-01T00:00:00Z"},
        {"op": "add", "path": f"{TEAM}:successors", "value": [{"value": "team-4"}]},
    )
    await push(hr, f"{base}/Groups/team-3", gone, method="PATCH", status=200)
    made = await push(hr, f"{base}/Users", user("spring"))
    assert f"/{base}/Users/" in made["meta"]["location"]
    async with firm.reading() as r:
        plan = await service.foreseen(r, draft.id)
        assert (await service.team(r, "chat")).ended_at is None
        assert not await service.search_people(r, "spring")
        kinds = [(x.kind, x.name, x.what) for x in plan.lines]
    assert [(s.kind, s.successors) for s in plan.successions] == [("merge", ("team-4",))]
    assert kinds == [(EntryKind.user, "spring", "joined"), (EntryKind.group, "Chat", "left")]
    assert (await hr.get("/scim/v2/drafts/nothing/Users")).status_code == 404
    sre = await token_of(firm, SRE, "govern")
    assert (await hr.get(f"/scim/v2/{base}/Users", headers={"authorization": f"Bearer {sre}"})).status_code == 200
    assert (await hr.get("/scim/v2/Users", headers={"authorization": f"Bearer {sre}"})).status_code == 403
    assert (await hr.get("/api/v1/people")).status_code == 403, "the token pushes, and nothing else"


# scim2-tester adds a value to a list, and expects the list to be that value alone, although it added one to the same list before,
# with our whole extension. RFC 7644, 3.5.2.1: what is added comes to what is there.
TWICE_ADDED = ("successors", "leads")


async def test_105_of_107_checks_of_scim2_tester_are_green(firm: Living) -> None:
    token = await token_of(firm, ADMIN, "access.sync")
    async with serving(firm) as url:
        results = await asyncio.to_thread(checked, f"{url}/scim/v2", token)
    bad = [r for r in results if r.status is not Status.SUCCESS]
    assert [(r.title, str((r.data or {}).get("urn"))) for r in bad] == [
        ("check_add_attribute", f"{TEAM}:{name}") for name in TWICE_ADDED
    ], bad
    assert len(results) == 107


async def test_errors_are_said_in_scim_and_what_is_not_there_says_so(firm: Living, hr: httpx.AsyncClient) -> None:
    """RFC 7644, 3.12: also where the house refuses before the protocol is reached."""
    async with firm.client(headers={"accept": "text/html"}) as nobody:
        unknown = await nobody.get("/scim/v2/Users")
        wrong = await nobody.get("/scim/v2/Users", headers={"authorization": "Bearer podo_no"})
    sre = await token_of(firm, SRE, "govern")
    answers = {
        401: unknown,
        403: await hr.get("/scim/v2/Users", headers={"authorization": f"Bearer {sre}"}),
        404: await hr.get("/scim/v2/Users/nobody"),
        405: await hr.request("OPTIONS", "/scim/v2/Users"),
        501: await hr.get("/scim/v2/Me"),
    }
    assert (wrong.status_code, (await hr.post("/scim/v2/Bulk", json={})).status_code) == (401, 501)
    for status, answer in answers.items():
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/scim+json"
        told = answer.json()
        assert (told["schemas"], told["status"]) == (["urn:ietf:params:scim:api:messages:2.0:Error"], str(status))
        assert told["detail"]
    assert unknown.headers["www-authenticate"].startswith("Bearer")
    config = (await hr.get("/scim/v2/ServiceProviderConfig")).json()
    assert config["bulk"] == {"supported": False, "maxOperations": 0, "maxPayloadSize": 0}
    assert (await hr.get("/api/v1/people")).headers["content-type"] == "application/problem+json", "other addresses as before"
