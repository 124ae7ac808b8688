"""What runs is watched; a cluster that cannot be seen is a word and an age, never a 0."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from podo.catalog import service as catalog
from podo.catalog.types import ClusterKind, Environment
from podo.clients.kubernetes.kinds import DEPLOYMENT
from podo.clients.kubernetes.twin.faults import Fault
from podo.kernel import clock
from podo.kernel.nouns import PODO
from podo.notices import service as notices
from podo.notices.types import HomeSource
from podo.workloads import service
from podo.workloads.handlers import Watchers
from podo.workloads.models import SeenClusterRow
from podo.workloads.types import HealthStatus
from tests.company import JP, KR, LEAD, MEMBER, PROJECT, STRANGER
from tests.domains.workloads.conftest import Shop, deployment, of
from tests.houses import person


async def test_what_runs_is_seen_with_its_pods_and_goes_when_it_is_gone(running: Shop) -> None:
    await running.run(deployment())
    seen = await running.until(lambda v: of(v) and of(v).ready == 2 and len(of(v).pods) == 2)
    found = of(seen)
    assert (found.kind, found.environment, found.region, found.cluster, found.desired) == ("Deployment", "prod", "kr", KR, 2)
    assert (found.image, found.release, found.deployment) == ("registry.example/chat:1", "a1b2c3d", 214)
    assert found.health.status is HealthStatus.healthy
    assert {(p.state, p.cpu_request, p.memory_request) for p in found.pods} == {("ready", 250, 512)}
    assert of(seen, region="jp") is None

    await running.twin().delete(DEPLOYMENT.ref(PROJECT, PROJECT))
    gone = await running.until(lambda v: of(v) is None)
    assert gone["kr"].reach == "seen"


async def test_a_crash_is_told_in_words_long_before_the_deadline(running: Shop) -> None:
    await running.run(deployment(command=["sh", "-c", "echo cannot start; exit 3"]))
    seen = await running.until(lambda v: of(v) and of(v).health.code == "crash_loop")
    assert of(seen).health.said().startswith("app crashes and restarts: exit 3")
    assert {p.state for p in of(seen).pods} == {"crashing"}


async def test_a_silent_cluster_is_unreachable_with_its_age_and_keeps_what_was_seen(running: Shop) -> None:
    await running.run(deployment())
    await running.until(lambda v: of(v) and of(v).ready == 2)
    before = clock.now()
    twin = running.twin()
    twin.faults.add("down")
    twin.faults.add("cut")
    twin.wake()
    await running.run(deployment(replicas=1), cluster=JP)  # the other cluster is not touched by it
    seen = await running.until(lambda v: v["kr"].reach == "unreachable" and of(v, region="jp"), seconds=25)
    assert "does not answer" in seen["kr"].why
    assert of(seen).ready == 2
    assert seen["jp"].reach == "seen"
    async with running.house.signed_in(LEAD) as browser:
        page = await browser.get(f"/{PROJECT}/workloads")
        assert f"{KR} does not answer; what stands above is old." in page
        assert "Last seen" in page
        assert "as of" in page
        assert f"{JP} does not answer" not in page
    assert seen["kr"].at is not None
    assert seen["kr"].at <= before + timedelta(seconds=12)

    twin.faults.clear()
    back = await running.until(lambda v: v["kr"].reach == "seen", seconds=25)
    assert back["kr"].at > seen["kr"].at  # type: ignore[operator]


def _counted(running: Shop, verb: str) -> Fault:
    """Counts calls about pods; changes nothing about them."""
    return running.twin().faults.add("slow", verbs=[verb], kinds=["Pod"], seconds=0)


async def _seen_anew(running: Shop, number: int) -> None:
    await running.run(deployment(replicas=number))
    await running.until(lambda v: of(v) and (of(v).ready, len(of(v).pods)) == (number, number))


async def test_a_stream_that_is_cut_goes_on_where_it_was_and_lists_nothing(running: Shop) -> None:
    await _seen_anew(running, 1)
    lists, watches = _counted(running, "list"), _counted(running, "watch")
    faults = running.twin().faults
    cut = faults.add("cut", verbs=["watch"], kinds=["Pod"], after=3)
    # The stream that is open now knows nothing of the fault: it ends as one does whose other side is gone.
    faults.add("down", verbs=["watch"], kinds=["Pod"], times=1)
    for number in (4, 2):
        await _seen_anew(running, number)
    assert cut.met > 1
    assert watches.met == cut.met
    assert lists.met == 0
    assert (await running.views())["kr"].reach == "seen"


async def test_a_version_that_is_no_longer_kept_is_listed_once_and_nothing_is_missed(running: Shop) -> None:
    await _seen_anew(running, 2)
    lists = _counted(running, "list")
    faults = running.twin().faults
    told = faults.add("throttled", verbs=["watch"], kinds=["Pod"], times=1, seconds=0.6)
    cut = faults.add("down", verbs=["watch"], kinds=["Pod"], times=1)
    await running.run(deployment(replicas=3))

    async def nobody_watches() -> bool:
        return bool(cut.met and told.met)

    await running.eventually(nobody_watches)
    # What is written while nobody watches, and forgotten before somebody does again.
    await running.run(deployment(replicas=1))
    running.twin().forget_history()
    await running.until(lambda v: of(v) and (of(v).ready, len(of(v).pods)) == (1, 1))
    await _seen_anew(running, 2)
    assert lists.met == 1


async def test_an_api_server_that_is_busy_is_asked_again_when_it_says_so(running: Shop) -> None:
    await _seen_anew(running, 1)
    lists, watches = _counted(running, "list"), _counted(running, "watch")
    faults = running.twin().faults
    busy = faults.add("throttled", verbs=["watch"], kinds=["Pod"], times=2, seconds=1.0)
    faults.add("down", verbs=["watch"], kinds=["Pod"], times=1)
    began = clock.monotonic()
    await _seen_anew(running, 4)
    assert clock.monotonic() - began >= 2.0
    assert (busy.met, watches.met, lists.met) == (2, 3, 0)
    assert (await running.views())["kr"].reach == "seen"


async def test_a_cluster_that_was_never_seen_is_not_empty(running: Shop) -> None:
    await running.house.house.ports[Watchers].close()
    async with running.house.house.observed.transaction(PODO) as tx:
        await tx.session.execute(delete(SeenClusterRow).where(SeenClusterRow.cluster == KR))
    async with running.house.signed_in(LEAD) as browser:
        page = await browser.get(f"/{PROJECT}/workloads")
    assert f"{KR} was not read yet." in page


async def test_a_forbidden_kind_is_told_and_the_others_are_seen(running: Shop) -> None:
    watchers = running.house.house.ports[Watchers]
    await watchers.close()
    running.twin().faults.add("forbidden", verbs=["list", "watch"], kinds=["CronJob"])
    await watchers.keep(running.house.house)
    await running.run(deployment())
    seen = await running.until(lambda v: v["kr"].reach == "forbidden" and of(v) and of(v).ready == 2, seconds=20)
    assert "CronJob" in seen["kr"].why or "cronjobs" in seen["kr"].why
    async with running.house.signed_in(LEAD) as browser:
        assert f"No permission to read all of {KR}." in await browser.get(f"/{PROJECT}/workloads")


async def test_watching_begins_with_new_clusters_and_ends_with_removed_ones(running: Shop) -> None:
    house = running.house
    async with house.transaction() as tx:
        await catalog.set_environment(tx, Environment("alpha", 1))
        await catalog.add_cluster(tx, house.house.seal, "alpha-kr-1", "kr", ["alpha"], ClusterKind.twin)
    watchers = house.house.ports[Watchers]
    await watchers.keep(house.house)
    assert watchers.watched() == {"alpha-kr-1", JP, KR}


async def test_home_says_what_is_not_healthy_in_my_projects_and_the_lists_know_it_too(running: Shop) -> None:
    await running.run(deployment("fanout", command=["sh", "-c", "exit 1"]), deployment())
    await running.until(lambda v: of(v, "fanout") and of(v, "fanout").health.code == "crash_loop")
    house = running.house
    sources = house.house.slots[HomeSource]
    async with house.reading(person(MEMBER)) as r:
        red = (await notices.home(r, sources, MEMBER, "en")).lines["red"]
        korean = (await notices.home(r, sources, MEMBER, "ko")).lines["red"]
    assert [(x.project, x.title, x.mark, x.state) for x in red] == [(PROJECT, "fanout", "in prod kr", "Degraded")]
    assert red[0].sentence.startswith("app crashes and restarts: exit 1")
    assert korean[0].sentence != red[0].sentence
    async with house.reading(person(STRANGER)) as r:
        assert (await notices.home(r, sources, STRANGER, "en")).lines["red"] == []
    async with house.signed_in(LEAD) as browser:
        page = await browser.get("/")
        assert "Not healthy now" in page
        assert "app crashes and restarts" in page
        assert "fanout" in await browser.get(red[0].link)
    async with house.house.observed.reading(person(MEMBER)) as observed:
        places = (await service.health_of_projects(observed, [PROJECT]))[PROJECT]
    assert places[KR].status is HealthStatus.degraded
    assert places[KR].reason == "{container} crashes and restarts: exit {exit}, {restarts} times so far"


async def test_search_finds_pods_and_people(running: Shop) -> None:
    await running.run(deployment())
    await running.until(lambda v: of(v) and len(of(v).pods) == 2)
    async with running.house.signed_in(LEAD) as browser:
        pod = of(await running.views()).pods[0].name
        page = await browser.get(f"/search?q={pod[:14]}")
        assert f"/{PROJECT}/workloads?pod={pod}" in page
        assert "no-such-pod" not in page
        assert "/people/lead" in await browser.get("/search?q=Emma")
        found = (await browser.client.get("/api/v1/search", params={"q": pod})).json()
    assert [h["link"] for h in found if h["kind"] == "pod"] == [f"/{PROJECT}/workloads?pod={pod}"]
