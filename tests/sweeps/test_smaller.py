"""The shorter runs × every step × every fault: namespaces made and removed, what people do to workloads, mails, webhooks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from podo.access import service as access
from podo.catalog import service as catalog
from podo.catalog.types import DeletionObjection
from podo.clients.kubernetes.errors import NotFound
from podo.clients.kubernetes.types import Kind
from podo.kernel.events import log
from podo.notices import service as notices
from podo.notices.types import WebhookPlace, WebhookScope, WebhookWish
from podo.workloads import service as workloads
from podo.workloads.types import Operation
from tests.domains.delivery.shops import HANEUL, PROJECT, SEOYEON, Shop, shop
from tests.domains.notices.receivers import receiving
from tests.sweeps.faults import PASSING, Saboteur, cases, settled

pytestmark = pytest.mark.timeout(300)
NAMESPACE = Kind("v1", "Namespace")


async def _swept(made: Shop, runs: str, one: Callable[[int, str, Saboteur], Awaitable[None]]) -> None:
    """Once without a fault, to see the steps; then once for each step and fault: `one(number, about, by)` acts and checks."""
    seen: list[str] = []
    number = 0
    while number == 0 or number <= len(cases(seen)):
        step, fault = cases(seen)[number - 1] if number else ("", None)
        by = Saboteur(made.living.house.durable, runs, step, fault)
        await one(number, f"{step}, {fault}", by)
        assert fault is None or by.met, f"never came to {step}, {fault}"
        seen = seen or by.seen
        number += 1
    assert number > 8


async def _settled(made: Shop, by: Saboteur, act: Callable[[], Awaitable[None]]) -> None:
    made.living.house.durable.interference = by
    try:
        await act()
        await settled(made.living, by)
    finally:
        made.living.house.durable.interference = None


async def _said(made: Shop, project: str) -> Counter[str]:
    async with made.living.reading() as r:
        entries, _ = await log.history(r, log.Wanted(project=project), limit=300)
    return Counter(e.code for e in entries)


async def _register(made: Shop, slug: str) -> None:
    async with made.living.transaction(HANEUL) as tx:
        await catalog.register(
            tx,
            made.living.house.seal,
            slug=slug,
            title=slug,
            team="chat",
            repository=f"https://git.test/{slug}",
            branch="main",
            places=[("alpha", "kr")],
        )


async def _is_there(made: Shop, slug: str) -> bool:
    try:
        await made.living.twins["alpha-kr"].get(NAMESPACE.ref(slug))
    except NotFound:
        return False
    return True


async def _namespaces(made: Shop, slug: str) -> list[tuple[str, str]]:
    async with made.living.reading() as r:
        return [(n.state.value, n.why) for n in await catalog.namespaces(r, slug)]


async def test_a_namespace_is_ready_or_said_not_to_be(tmp_path: Path) -> None:
    async with shop(tmp_path) as made:

        async def one(number: int, about: str, by: Saboteur) -> None:
            slug = f"space-{number:03d}"
            await _settled(made, by, lambda: _register(made, slug))
            [(state, why)] = await _namespaces(made, slug)
            assert (await _said(made, slug))["catalog.namespace_ready"] == (state == "ready"), about
            if by.fault is None or by.fault in PASSING:
                assert state == "ready", about
            if state == "ready":
                assert await _is_there(made, slug), about
            else:
                assert (state, bool(why)) in (("waiting", True), ("refused", True)), about

        await _swept(made, "namespace:", one)


async def test_a_deleted_projects_namespace_goes_or_is_said_to_be_left(tmp_path: Path) -> None:
    async with shop(tmp_path) as made:

        async def one(number: int, about: str, by: Saboteur) -> None:
            slug = f"gone-{number:03d}"
            await _register(made, slug)
            await made.settled()

            async def delete() -> None:
                async with made.living.transaction(SEOYEON) as tx:
                    await catalog.delete(tx, slug, slug, made.living.house.slots[DeletionObjection])

            await _settled(made, by, delete)
            left = await _namespaces(made, slug)
            if by.fault is None or by.fault in PASSING:
                assert left == [], about
            assert await _is_there(made, slug) == bool(left), (about, left)

        await _swept(made, "namespace:", one)


async def test_namespaces_of_many_say_whose_they_are_or_are_said_not_to(tmp_path: Path) -> None:
    async with shop(tmp_path) as made:
        slugs = ("label-one", "label-two")
        for slug in slugs:
            await _register(made, slug)
        await made.settled()
        async with made.living.reading() as r:
            teams = {handle: (await access.team(r, handle)).id for handle in ("chat", "ads")}

        async def one(number: int, about: str, by: Saboteur) -> None:
            to = ("ads", "chat")[number % 2]

            async def give() -> None:
                async with made.living.transaction() as tx:
                    for slug in slugs:
                        await catalog.transfer(tx, slug, to, "a sweep")

            await _settled(made, by, give)
            for slug in slugs:
                labels = (await made.living.twins["alpha-kr"].get(NAMESPACE.ref(slug)))["metadata"]["labels"]
                is_told = labels["podo.dev/team"] == teams[to]
                [(state, why)] = await _namespaces(made, slug)
                if by.fault is None or by.fault in PASSING:
                    assert is_told, (about, slug)
                assert is_told or (state in ("waiting", "refused") and why), (about, slug, state)
                if state != "ready":
                    # As the round does: what waits or was refused is made whole before the next.
                    async with made.living.transaction() as tx:
                        await catalog.retry_namespace(tx, slug, "alpha-kr")
                    await made.settled()
                    assert await _namespaces(made, slug) == [("ready", "")], about

        await _swept(made, "labels:", one)


async def test_what_a_person_asks_of_a_workload_is_done_once_or_said_to_have_failed(tmp_path: Path) -> None:
    async with shop(tmp_path) as made:
        await made.healthy_alpha()

        async def one(number: int, about: str, by: Saboteur) -> None:
            wanted, asked = 1 + number % 3, list[Operation]()
            before = await made.running("alpha-kr")
            assert before is not None

            async def scale() -> None:
                async with made.living.transaction(HANEUL) as tx:
                    asked.append(await workloads.scale(tx, PROJECT, "alpha", "kr", "Deployment", PROJECT, wanted))

            await _settled(made, by, scale)
            async with made.living.reading() as r:
                now = await workloads.operation(r, asked[0].id)
            after = await made.running("alpha-kr")
            assert after is not None
            if by.fault is None or by.fault in PASSING:
                assert now.state.value == "done", (about, now.why)
            expected = wanted if now.state.value == "done" else before["spec"]["replicas"]
            assert after["spec"]["replicas"] == expected, (about, now.state)
            assert (now.state.value == "failed") == bool(now.why), about

        await _swept(made, "operate:", one)
        said = await _said(made, PROJECT)
        assert said["workloads.scale_asked"] == said["workloads.operation_done"] + said["workloads.operation_failed"]


async def test_a_mail_leaves_once_or_is_tried_again(tmp_path: Path) -> None:
    people = ("emma", "haneul", "minjun", "oliver", "seoyeon")
    async with shop(tmp_path) as made:

        async def one(number: int, about: str, by: Saboteur) -> None:
            async def ask() -> None:
                async with made.living.transaction() as tx:
                    await access.begin_sign_in(tx, made.living.house.seal, f"{people[number % 5]}@podo.test", f"10.0.0.{number}")

            await _settled(made, by, ask)
            async with made.living.reading() as r:
                rows = (await r.session.connection()).exec_driver_sql
                states = [s for (s,) in (await rows("select state from mails order by at")).all()]
            assert len(states) == number + 1, about
            if by.fault is None or by.fault in PASSING:
                assert states[-1] == "kept", about
            assert states[-1] in ("kept", "queued", "failed"), about

        await _swept(made, "mail:", one)


async def test_what_a_webhook_sends_arrives_or_waits(tmp_path: Path) -> None:
    async with receiving() as receiver, shop(tmp_path, PODO_NOTICES_LOCAL_WEBHOOKS="true") as made:
        seal, place = made.living.house.seal, WebhookPlace(WebhookScope.project, project=PROJECT)

        async def one(number: int, about: str, by: Saboteur) -> None:
            async with made.living.transaction(HANEUL) as tx:
                hook, _ = await notices.add_webhook(tx, seal, place, WebhookWish(receiver.at(f"/{number}")))

            async def ping() -> None:
                async with made.living.transaction(HANEUL) as tx:
                    await notices.ping_webhook(tx, hook.id)

            await _settled(made, by, ping)
            async with made.living.reading(HANEUL) as r:
                [sent] = (await notices.deliveries(r, hook.id)).items
            taken = [t.id for t in receiver.of(f"/{number}")]
            assert set(taken) <= {sent.id}, "however often it comes, it is the same"
            if by.fault is None or by.fault in PASSING:
                assert (sent.state.value, set(taken)) == ("delivered", {sent.id}), about
            if sent.state.value != "delivered":
                assert (sent.state.value, sent.attempts) == ("waiting", 1), about
            async with made.living.transaction(HANEUL) as tx:
                await notices.remove_webhook(tx, hook.id)

        await _swept(made, "webhook:", one)
