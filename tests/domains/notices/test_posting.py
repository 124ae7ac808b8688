"""Where posts go: to what was looked up and checked, by TLS that is trusted, to nobody near, and nowhere else."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from podo.clients.posting import Forbidden, Poster, Unanswered, Unknown
from podo.notices import service
from podo.notices.handlers import hear_and_post
from podo.notices.types import WebhookPlace, WebhookWish
from tests.attack.test_addresses import NEAR, Rebinding
from tests.company import SRE, api_of, company
from tests.contracts.cluster.servers import Authority, server_side
from tests.domains.notices.receivers import receiving
from tests.houses import person


def knows(*addresses: str) -> Callable[[str], Awaitable[Sequence[str]]]:
    """Everybody lives there."""

    async def look_up(host: str) -> Sequence[str]:
        return addresses

    return look_up


@pytest.mark.parametrize("address", [a for a in NEAR if a.startswith("http")])
async def test_nobody_near_is_posted_to(address: str) -> None:
    with pytest.raises((Forbidden, Unknown)):
        await Poster(seconds=1).look_up(address)


@pytest.mark.parametrize(
    "answer", [["140.82.112.3", "169.254.169.254"], ["::ffff:7f00:1"], ["2002:a9fe:a9fe::"], ["100.100.100.200"]]
)
async def test_one_near_address_among_others_is_enough(answer: list[str]) -> None:
    with pytest.raises(Forbidden):
        await Poster(seconds=1, resolve=knows(*answer)).look_up("https://hooks.example/x")


@pytest.mark.parametrize(
    "address", ["https://a@127.0.0.1/", "https://h\\@127.0.0.1/", "https://１２７.0.0.1/", "https://[::1", "https:///x"]
)
async def test_what_readers_of_addresses_may_read_differently_is_unknown(address: str) -> None:
    with pytest.raises(Unknown):
        await Poster(seconds=1, is_guarded=False, resolve=knows("127.0.0.1")).look_up(address)


async def test_a_name_server_that_is_silent_is_not_waited_for() -> None:
    async def silent(host: str) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(Unknown):
        await Poster(seconds=0.05, resolve=silent).look_up("https://hooks.example/x")
    with pytest.raises((Unknown, Unanswered)):
        await Poster(seconds=0.05, resolve=silent).post("https://hooks.example/x", {}, b"{}", head=1)


async def test_the_connection_goes_to_what_was_looked_up_and_asks_no_second_time() -> None:
    names = Rebinding(["127.0.0.1"], ["169.254.169.254"])
    async with receiving() as receiver:
        poster = Poster(seconds=2, is_guarded=False, resolve=names)
        found = await poster.post(f"http://hooks.example:{receiver.port}/x", {"webhook-id": "msg_1"}, b"{}", head=10)
        assert (found.status, found.head) == (200, b"ok")
        assert receiver.taken[0].headers["host"] == f"hooks.example:{receiver.port}"
        assert names.asked == 1
        with pytest.raises(Forbidden):
            await Poster(seconds=2, resolve=names).post(f"http://hooks.example:{receiver.port}/x", {}, b"{}", head=10)
        assert len(receiver.taken) == 1


async def test_only_a_certificate_of_the_host_s_own_by_somebody_trusted_is_talked_to(tmp_path: Path) -> None:
    authority = Authority()
    trusts = ssl.create_default_context(cadata=authority.pem.decode())
    async with receiving(server_side(authority.sign("hooks.example"), tmp_path)) as receiver:

        def poster(trusted: ssl.SSLContext | None) -> Poster:
            return Poster(seconds=2, is_guarded=False, resolve=knows("127.0.0.1"), trusts=trusted)

        good, other = (f"https://{host}:{receiver.port}/x" for host in ("hooks.example", "other.example"))
        assert (await poster(trusts).post(good, {}, b"{}", head=10)).status == 200
        for address, trusted in ((other, trusts), (good, None)):
            with pytest.raises(Unanswered, match="tls"):
                await poster(trusted).post(address, {}, b"{}", head=10)
        assert len(receiver.taken) == 1


async def test_without_the_setting_for_the_demo_nothing_near_and_nothing_plain_is_taken_or_posted(tmp_path: Path) -> None:
    async with receiving() as receiver, company(tmp_path / "house") as house:
        async with api_of(house, SRE) as api:
            for address in [receiver.at("/x"), *NEAR]:
                answer = await api.post("/api/v1/webhooks", json={"address": address})
                codes = ("notices.webhook_address_forbidden", "notices.wrong_webhook_address")
                assert answer.json()["code"] in codes, (address, answer.text)
            answer = await api.post("/api/v1/webhooks", json={"address": "https://nobody.invalid/x"})
            assert answer.json()["code"] == "notices.webhook_host_unknown"
        # One that was far when it was added, and is near now.
        async with house.transaction(person(SRE)) as tx:
            for address in (receiver.at("/x"), f"https://localhost:{receiver.port}/x"):
                hook, _ = await service.add_webhook(tx, house.house.seal, WebhookPlace(), WebhookWish(address))
                await service.ping_webhook(tx, hook.id)
        await house.settled()
        await hear_and_post(house.house)
        await house.settled()
        async with house.reading(person(SRE)) as r:
            hooks = await service.webhooks(r, WebhookPlace())
            whys = [d.last.why for h in hooks for d in (await service.deliveries(r, h.id)).items if d.last]
        assert whys == ["it is no https", "it leads to Podo’s own machine or to its cloud’s metadata"]
        assert receiver.taken == []
