"""Webhooks on the pages, in the API and by the command."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from podo.catalog import service as catalog
from podo.catalog.types import ClusterKind, Environment, Region
from podo.kernel.events import log
from tests.company import KR, LEAD, MEMBER, PROJECT, SRE, VIEWER, api_of, company, terminal_of
from tests.domains.notices.receivers import Receiver, receiving
from tests.houses import Living, person

pytestmark = pytest.mark.asyncio(loop_scope="module")
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{40,}")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hooked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Living]:
    """The company with its project, which may post to this machine."""
    async with company(tmp_path_factory.mktemp("faces") / "house", PODO_NOTICES_LOCAL_WEBHOOKS="true") as house:
        async with house.transaction() as tx:
            await catalog.set_environment(tx, Environment("prod", 0))
            await catalog.set_region(tx, Region("kr", "Korea", "Asia/Seoul", 0))
            await catalog.add_cluster(tx, house.house.seal, KR, "kr", ["prod"], ClusterKind.twin)
        async with house.transaction(person(LEAD)) as tx:
            seal, where = house.house.seal, "https://git.podo.example/x.git"
            await catalog.register(
                tx, seal, slug=PROJECT, title="Chat", team="chat", repository=where, branch="main", places=[("prod", "kr")]
            )
        await house.settled()
        yield house


async def test_from_the_empty_page_to_a_ping_that_arrived(hooked: Living, receiver: Receiver) -> None:
    at = f"/{PROJECT}/settings/webhooks"
    async with hooked.signed_in(LEAD) as lead:
        empty = await lead.get(at)
        assert "No webhooks yet" in empty
        assert "def is_from_podo(secret: str, headers, body: bytes)" in empty
        refused = await lead.send(at, 422, address="hooks.example.com", title="Bot", which="ownership")
        assert "it is no address of http or https" in refused.text
        assert 'value="Bot"' in refused.text, "what was typed stays"
        refused = await lead.send(at, 422, address=receiver.at("/x"), which="chosen")
        assert "it names no events" in refused.text
        made = await lead.send(
            at, 200, address=receiver.at("/x"), title="Bot", which="chosen", kind=["catalog.*", "access.person_left"]
        )
        [secret] = SECRET.findall(made.text)[:1]
        [hook] = set(re.findall(r"/webhooks/(whk_\w+)/ping", made.text))
        assert secret not in await lead.get(f"/webhooks/{hook}")
        went = await lead.send(f"/webhooks/{hook}/ping")
        shown = await lead.get(went.headers["location"])
        [taken] = receiver.of("/x")
        assert taken.signers(secret) == [True]
        assert taken.said["type"] == "podo.ping"
        assert taken.said["data"] == {"webhook": hook, "title": "Bot", "kinds": ["access.person_left", "catalog.*"]}
        assert "Answered 200" in shown
        assert taken.id in shown
        again = await lead.send(f"{went.headers['location']}/redeliver")
        assert again.headers["location"] == went.headers["location"]
        assert [t.id for t in receiver.of("/x")].count(taken.id) == 2
        await lead.send(f"/webhooks/{hook}/change", address=receiver.at("/y"), title="Other", which="all")
        rotated = await lead.send(f"/webhooks/{hook}/rotate", 200, hours="72")
        assert set(SECRET.findall(rotated.text)) - {secret}
        await lead.send(f"/webhooks/{hook}/rotate", 422, hours="many")
        await lead.send(f"/webhooks/{hook}/disable")
        assert "It is off: by hand." in await lead.get(f"/webhooks/{hook}")
        await lead.send(f"/webhooks/{hook}/ping", 409)
        await lead.send(f"/webhooks/{hook}/enable")
        page = await lead.get(f"/webhooks/{hook}?state=delivered")
        assert "Other" in page
        assert "podo.ping" in page
        gone = await lead.send(f"/webhooks/{hook}/remove")
        assert gone.headers["location"] == at
        await lead.get(f"/webhooks/{hook}", status=404)
    async with hooked.reading() as r:
        entries, _ = await log.history(r, log.Wanted(subject=f"webhook/{hook}"), limit=50)
    assert [e.code.removeprefix("notices.webhook_") for e in reversed(entries)] == [
        *("added", "pinged", "redelivered", "changed", "rotated", "disabled", "enabled", "removed")
    ]
    assert {e.project for e in entries} == {PROJECT}
    assert receiver.at("") not in json.dumps([e.facts for e in entries])


async def test_who_may_not_is_told_so_on_the_page_and_teams_and_everything_have_theirs(
    hooked: Living, receiver: Receiver
) -> None:
    async with hooked.signed_in(VIEWER) as viewer:
        for path, permission in ((f"/{PROJECT}/settings/webhooks", "webhooks"), ("/teams/chat/webhooks", "webhooks")):
            page = await viewer.get(path)
            assert f"/-/why?permission=notices.{permission}" in page
            assert "Add a webhook" not in page
        assert "notices.site_webhooks" in await viewer.get("/webhooks", status=403)
        await viewer.send(f"/{PROJECT}/settings/webhooks", 403, address=receiver.at("/x"), which="all")
    async with hooked.signed_in(MEMBER) as member:
        made = await member.send("/teams/chat/webhooks", 200, address=receiver.at("/team"), which="ownership")
        assert SECRET.search(made.text)
        assert "127.0.0.1" in await member.get("/teams/chat/webhooks")
        assert "/teams/chat/webhooks" in await member.get("/teams/chat")
    async with hooked.signed_in(SRE) as sre:
        assert 'href="/webhooks"' in await sre.get("/inbox")
        assert SECRET.search((await sre.send("/webhooks", 200, address=receiver.at("/all"), which="all")).text)


async def test_the_command_does_the_same(hooked: Living, receiver: Receiver) -> None:
    async with terminal_of(hooked, LEAD) as podo:
        assert "catalog.ownership_changed" in await podo.run("webhook", "events", "catalog")
        assert "delivery." not in await podo.run("webhook", "events", "catalog")
        added = await podo.run(
            "webhook", "add", receiver.at("/cli"), "-p", PROJECT, "--title", "CLI", "--event", "catalog.*", "--json"
        )
        made = json.loads(added)
        hook, secret = made["id"], made["secret"]
        assert (made["scope"], made["project"], made["kinds"]) == ("project", PROJECT, ["catalog.*"])
        assert hook in await podo.run("webhook", "list", "-p", PROJECT)
        assert receiver.at("/team") in await podo.run("webhook", "list", "-t", "chat")
        assert "may not" in await podo.run("webhook", "list", exit_code=3)
        assert "Name one" in await podo.run("webhook", "list", "-p", PROJECT, "-t", "chat", exit_code=2)
        pinged = await podo.run("webhook", "test", hook)
        delivery = re.findall(r"msg_\w+", pinged)[0]
        await hooked.settled()
        [taken] = [t for t in receiver.of("/cli") if t.id == delivery]
        assert taken.signers(secret) == [True]
        assert "delivered" in await podo.run("webhook", "deliveries", hook, "--state", "delivered")
        assert "podo.ping" in await podo.run("webhook", "delivery", hook, delivery)
        await podo.run("webhook", "redeliver", hook, delivery)
        await hooked.settled()
        assert [t.id for t in receiver.of("/cli")].count(delivery) == 2
        assert "Renamed" in await podo.run("webhook", "change", hook, "--title", "Renamed")
        other = json.loads(await podo.run("webhook", "rotate", hook, "--hours", "1", "--json"))["secret"]
        assert other != secret
        assert secret not in await podo.run("webhook", "show", hook)
        await podo.run("webhook", "disable", hook)
        assert "by hand" in await podo.run("webhook", "show", hook)
        assert "is off" in await podo.run("webhook", "test", hook, exit_code=1)
        await podo.run("webhook", "enable", hook)
        await podo.run("webhook", "remove", hook)
        assert "no webhook" in await podo.run("webhook", "show", hook, exit_code=4)


async def test_the_api_says_what_is_wrong(hooked: Living, receiver: Receiver) -> None:
    async with api_of(hooked, MEMBER) as api:
        at = f"/api/v1/projects/{PROJECT}/webhooks"
        for body, code in (
            ({"address": "https://u:p@hooks.example.com"}, "notices.wrong_webhook_address"),
            ({"address": receiver.at("/x"), "kinds": []}, "notices.wrong_webhook"),
            ({"address": receiver.at("/x"), "kinds": ["catalog.nothing"]}, "notices.wrong_webhook"),
            ({"address": receiver.at("/x"), "title": "x" * 90}, "notices.wrong_webhook"),
        ):
            answer = await api.post(at, json=body)
            assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
        for odd in ("\x00", "\ud800", "\u202e", "x" * 500_000):
            for body in (
                {"address": f"https://localhost/{odd}"},
                {"address": receiver.at("/x"), "title": odd, "kinds": ["*"]},
                {"address": receiver.at("/x"), "kinds": [odd]},
            ):
                sent = json.dumps(body).encode()
                answer = await api.post(at, content=sent, headers={"content-type": "application/json"})
                assert answer.status_code < 500, (body, answer.text)
        made = (await api.post(at, json={"address": receiver.at("/x")})).json()
        assert "catalog.ownership_changed" in made["kinds"]
        same = await api.patch(f"/api/v1/webhooks/{made['id']}", json={})
        assert same.json()["kinds"] == made["kinds"]
        assert (await api.get(f"/api/v1/webhooks/{made['id']}/deliveries/msg_none")).status_code == 404
        assert (await api.get("/api/v1/projects/nowhere/webhooks")).status_code == 404
        kinds = {k["code"]: k for k in (await api.get("/api/v1/event-kinds")).json()}
        assert kinds["catalog.ownership_changed"]["facts"] == ["team", "team_name", "why"]
