"""Why somebody may or may not: the same answer on the page, in the API and by the command, with the policy's name."""

from __future__ import annotations

import json

import pytest

from podo.access import service
from podo.access.rules import Policies
from podo.access.types import NotAllowed, On, Permission, Role
from podo.activity import service as activity
from podo.activity.types import Question
from tests.company import ADMIN, LEAD, MEMBER, SRE, VIEWER, api_of, terminal_of
from tests.houses import Living, person

ASKED = [
    # who, permission, what is asked beside, allowed, policies
    (VIEWER, "catalog.read", {}, True, ["viewer"]),
    (VIEWER, "workloads.restart", {"team": "chat"}, False, []),
    (MEMBER, "workloads.restart", {"team": "chat"}, True, ["member"]),
    (MEMBER, "workloads.restart", {"team": "team-3"}, True, ["member"]),
    (MEMBER, "workloads.restart", {"team": "search"}, False, []),
    (MEMBER, "workloads.restart", {}, False, []),
    (LEAD, "catalog.transfer", {"team": "chat"}, True, ["lead"]),
    (SRE, "catalog.govern", {}, True, ["sre"]),
    (SRE, "access.grant", {}, False, []),
    (ADMIN, "access.grant", {}, True, ["admin"]),
]


@pytest.mark.parametrize(("who", "permission", "beside", "allowed", "policies"), ASKED)
async def test_page_api_and_command_say_the_same(
    house: Living, who: str, permission: str, beside: dict[str, str], allowed: bool, policies: list[str]
) -> None:
    asked = {"permission": permission, "person": who, **beside}
    async with api_of(house, LEAD) as api:
        found = (await api.get("/api/v1/why", params=asked)).json()
    assert (found["allowed"], found["policies"]) == (allowed, policies)
    async with house.signed_in(LEAD) as browser:
        page = (await browser.client.get("/-/why", params=asked)).text
    name = found["person"]
    assert (f"{name} may: " in page, f"{name} may not: " in page) == (allowed, not allowed)
    for policy, about in zip(policies, found["about"], strict=True):
        assert f'id="policy-{policy}"' in page
        assert about in page
    if not policies:
        assert "No policy allows it, and what is not allowed is refused." in page
    words = [word for key, value in beside.items() for word in (f"--{key}", value)]
    async with terminal_of(house, LEAD) as podo:
        said = await podo.run("why", permission, "--person", who, *words)
    assert said.startswith(f"{name} {'may' if allowed else 'may not'}: {permission}\n")
    assert all(f"({policy})" in said for policy in policies)


async def test_who_asked_for_it_is_told_that_this_is_why(house: Living) -> None:
    approve = Permission("test.approve", "approve", "Approve")
    policies = service.permissions()
    async with house.reading(person(LEAD)) as r:
        if approve.id not in {p.id for p in policies}:
            service.use(Policies([*policies, approve]))
        found = await service.explain(r, LEAD, approve, On(project="chat-api", team="team-3", requester=LEAD))
        assert (found.decision.allowed, [p.id for p in found.policies]) == (False, ["requester-never-approves"])
        assert "does not approve it" in found.policies[0].about
        other = await service.explain(r, LEAD, approve, On(project="chat-api", team="team-3", requester=MEMBER))
        assert other.decision.allowed
    async with api_of(house, LEAD) as api:
        asked = {"permission": "test.approve", "person": "Emma Clarke", "team": "chat", "requester": "emma@podo.example"}
        found_ = (await api.get("/api/v1/why", params=asked)).json()
        assert found_["policies"] == ["requester-never-approves"]
        assert (await api.get("/api/v1/why", params={**asked, "requester": "이서연"})).json()["allowed"]


async def test_what_nobody_knows_is_said(house: Living) -> None:
    async with api_of(house, LEAD) as api:
        for asked, code in [
            ({"permission": "catalog.fly"}, "access.no_such_permission"),
            ({"permission": "catalog.read", "person": "Nobody"}, "access.no_such_person"),
            ({"permission": "catalog.read", "team": "nowhere"}, "access.no_such_team"),
        ]:
            refused = await api.get("/api/v1/why", params=asked)
            assert (refused.status_code, refused.json()["code"]) == (404, code)
    async with house.client(headers={"accept": "application/json"}) as nobody:
        assert (await nobody.get("/api/v1/why", params={"permission": "catalog.read"})).status_code == 401


async def test_for_ones_own_sake_the_limits_of_the_token_count(house: Living) -> None:
    async with api_of(house, LEAD, "read") as api:
        found = (await api.get("/api/v1/why", params={"permission": "workloads.restart", "team": "chat"})).json()
        assert (found["allowed"], found["policies"]) == (False, ["token-scope"])
        # Of another person it says what that person may, not what this token may.
        asked = {"permission": "workloads.restart", "team": "chat", "person": MEMBER}
        assert (await api.get("/api/v1/why", params=asked)).json()["allowed"]


async def test_every_permission_is_listed_with_its_group(house: Living) -> None:
    async with api_of(house, VIEWER) as api:
        listed = (await api.get("/api/v1/permissions")).json()
    assert {"access.grant", "catalog.register", "workloads.restart", "activity.read"} <= {p["id"] for p in listed}
    assert all(p["doc"] and p["group"] for p in listed)
    async with terminal_of(house, VIEWER) as podo:
        assert "workloads.restart" in await podo.run("permissions")


async def test_roles_are_given_and_taken_by_administrators_alone(house: Living) -> None:
    async with house.signed_in(ADMIN) as browser:
        page = await browser.get("/people/lead")
        assert "Give Emma Clarke the role sre?" in page
        await browser.send("/people/lead/grant", role="sre")
        await browser.send("/people/lead/grant", role="sre")
        page = await browser.get("/people/lead")
        assert "Take the role sre from Emma Clarke?" in page
        assert "Give Emma Clarke the role sre?" not in page
        wrong = await browser.send("/people/lead/grant", status=422, role="king")
        assert "There is no role “king”." in wrong.text
        await browser.send("/people/nobody/grant", status=404, role="sre")
    for who in (LEAD, SRE, VIEWER):
        async with house.signed_in(who) as browser:
            assert "the role admin" not in await browser.get("/people/lead")
            await browser.send("/people/lead/grant", status=403, role="admin")
            await browser.send("/people/lead/revoke", status=403, role="sre")
        async with house.transaction(person(who)) as tx:
            with pytest.raises(NotAllowed) as refused:
                await service.grant(tx, who, Role.admin)
            assert refused.value.data["could"] == "an administrator"
    async with terminal_of(house, ADMIN) as podo:
        assert json.loads(await podo.run("--json", "person", "show", "lead"))["roles"] == ["sre"]
        await podo.run("person", "revoke", "lead", "sre")
        await podo.run("person", "grant", "viewer", "sre")
    async with house.reading() as r:
        assert (await service.roles_of(r, LEAD), await service.roles_of(r, VIEWER)) == (frozenset(), {Role.sre})
        said = [h.told() for h in (await activity.happenings(r, Question(actor=ADMIN, kinds=("access",)))).items]
    assert [s for s in said if "sre" in s] == [
        "Tanaka Yuki made 김하늘 sre",
        "Tanaka Yuki took sre from Emma Clarke",
        "Tanaka Yuki made Emma Clarke sre",
    ]
