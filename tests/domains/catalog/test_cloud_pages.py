"""Accounts and tags as people, scripts and machines meet them: pages, API and commands, one living house."""

from __future__ import annotations

from datetime import timedelta

from podo.access import service as access
from podo.kernel import clock
from tests.domains.catalog import town
from tests.domains.catalog.test_inventory import KR, SHOP, bucket, looked, twin
from tests.domains.catalog.town import EMMA
from tests.houses import Living


async def _headers(house: Living) -> dict[str, str]:
    async with house.transaction(EMMA) as tx:
        _, secret = await access.create_token(tx, "all", ["read", "govern"], clock.now() + timedelta(days=1))
    return {"authorization": f"Bearer {secret}"}


async def test_an_account_is_added_looked_into_and_tagged_by_pages_and_seen_by_the_api(house: Living) -> None:
    await town.register(house)
    clouds = twin(house)
    clouds.put(SHOP.id, [bucket(n, **{"podo-project": "chat-api"}) for n in range(3)])
    async with house.signed_in("prs-emma") as emma, house.signed_in("prs-haneul", lang="ko") as haneul:
        assert "podo account set aws" in await emma.get("/assets/accounts")
        assert "podo tags plan" in await emma.get("/assets/tags")
        wrong = await emma.send("/assets/accounts", status=422, provider="aws", id="12", name="Shop", regions=KR, kind="twin")
        assert "12 digits" in wrong.text
        assert 'value="Shop"' in wrong.text
        await emma.send("/assets/accounts", provider="aws", id=SHOP.id, name="Shop", regions=KR, team="team-1", kind="twin")
        await looked(house)
        shown = await emma.get("/assets/accounts")
        assert "Shop" in shown
        assert "3 assets" in shown
        assert "Service keeps what nobody owns" in shown
        await haneul.send("/assets/accounts/look", status=403, account=f"aws/{SHOP.id}")
        await emma.send("/assets/accounts/look", account=f"aws/{SHOP.id}")
        await looked(house)
        assert "Change Shop" in await emma.get(f"/assets/accounts?edit=aws/{SHOP.id}")
        assert "Shop" in await emma.get("/assets/accounts/list")

        answer = await emma.send("/assets/tags", account=f"aws/{SHOP.id}")
        plan = answer.headers["location"]
        diff = await haneul.get(plan)
        assert "podo-team-name = Chat" in diff
        assert "/apply" not in diff
        await haneul.send(f"{plan}/apply", status=403)
        await emma.send(f"{plan}/apply")
        await house.settled()
        assert "3 written" in await emma.get(f"{plan}/progress")
        assert "b-0001" in await emma.get(f"{plan}?state=written")
        again = await emma.send("/assets/tags", status=409, account="")
        assert "bears its tags already" in again.text
        undo = (await emma.send(f"{plan}/undo")).headers["location"]
        assert "− podo-team" in await emma.get(undo)
        await emma.send(f"{undo}/withdraw")
        assert "thrown away" in await emma.get("/assets/tags")
    async with house.client(headers=await _headers(house)) as client:
        (account,) = (await client.get("/api/v1/cloud-accounts")).json()
        assert (account["name"], account["failing"], account["team"]) == ("Shop", 0, "team-1")
        looks = (await client.get(f"/api/v1/cloud-accounts/aws/{SHOP.id}/inventory")).json()
        assert {look["state"] for look in looks} == {"done"}
        plans = (await client.get("/api/v1/tag-plans")).json()
        assert [p["state"] for p in plans] == ["withdrawn", "done"]
        changes = (await client.get(f"/api/v1/tag-plans/{plans[1]['id']}/changes?limit=2")).json()
        assert len(changes["items"]) == 2
        assert changes["next"]
        assert (await client.get("/api/v1/tag-drift")).json() == {"assets": 0, "calls_today": 0, "calls_a_day": 2000}
        assert (await client.post("/api/v1/tag-plans", json={"team": "chat"})).json()["code"] == "catalog.nothing_to_tag"
        assert (await client.delete(f"/api/v1/cloud-accounts/aws/{SHOP.id}")).status_code == 204
        assert (await client.get("/api/v1/cloud-accounts/gcp/none/inventory")).status_code == 404
