"""A project's namespaces: really there, waiting for clusters that are down, gone with the project."""

from __future__ import annotations

from typing import Any

import pytest
from dbos import DBOS

from podo.access import service as access
from podo.access.types import NotAllowed, SuccessionKind
from podo.activity import service as activity
from podo.activity.types import Question
from podo.catalog import reads, service
from podo.catalog.ports import NamespaceReader
from podo.catalog.types import (
    ClusterKind,
    NameInvalid,
    NameLeaving,
    NameReserved,
    NamespaceForeign,
    NamespaceState,
    NameTaken,
    NoSuchNamespace,
    NoTargets,
    NotServed,
    NotTyped,
    Region,
    WrongPort,
)
from podo.kernel import traces
from podo.kernel.errors import PodoError
from podo.kernel.nouns import PODO
from tests.domains.catalog import town
from tests.domains.catalog.town import EMMA, HANEUL, LIMITS, OLIVER, QUOTA, SEOYEON
from tests.houses import Living


async def test_registering_makes_a_namespace_with_labels_quota_and_limits_in_every_target(house: Living) -> None:
    await town.register(house)
    assert {c: n.state for c, n in (await town.namespaces(house)).items()} == {"alpha-kr": "ready", "prod-kr": "ready"}
    namespace = await town.real_namespace(house, "prod-kr")
    labels = namespace["metadata"]["labels"]
    assert (
        labels.items() >= {"podo.dev/project": "chat-api", "podo.dev/team": "team-2", "podo.dev/environment-prod": "true"}.items()
    )
    assert "podo.dev/environment-alpha" not in labels
    quota = await house.twins["prod-kr"].get(QUOTA.ref("podo", "chat-api"))
    assert quota["spec"]["hard"]["pods"] == "200"
    limits = await house.twins["prod-kr"].get(LIMITS.ref("podo", "chat-api"))
    assert limits["spec"]["limits"][0]["defaultRequest"] == {"cpu": "50m", "memory": "64Mi"}
    assert await town.real_namespace(house, "prod-jp") is None


REFUSED: list[tuple[str, dict[str, Any], type[PodoError]]] = [
    ("Chat-API", {}, NameInvalid),
    ("settings", {}, NameReserved),
    ("chat-api", {}, NameTaken),
    ("chat-web", {"places": []}, NoTargets),
    ("chat-web", {"places": [("alpha", "jp")]}, NotServed),
    ("chat-web", {"team": "search"}, NotAllowed),
    ("chat-web", {"port": 0}, WrongPort),
]


async def test_what_cannot_be_registered_is_refused_and_leaves_nothing(house: Living) -> None:
    await town.register(house)
    for slug, facts, error in REFUSED:
        with pytest.raises(error):
            await town.register(house, slug, **facts)
    async with house.reading(SEOYEON) as r:
        assert [p.slug for p in (await service.projects(r)).items] == ["chat-api"]


async def test_a_namespace_of_somebody_else_is_seen_before_and_never_touched(house: Living) -> None:
    cluster = house.twins["prod-kr"]
    await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "chat-api"}}, field_manager="other")
    reader = house.house.ports[NamespaceReader]
    assert await reads.foreign(reader, ["alpha-kr", "prod-kr"], "chat-api") == (["prod-kr"], [])
    assert await reads.foreign(reader, ["alpha-kr", "prod-kr"], "chat-web") == ([], [])
    await town.register(house)
    found = (await town.namespaces(house))["prod-kr"]
    assert found.state is NamespaceState.refused
    assert found.why == NamespaceForeign(cluster="prod-kr", project="chat-api").said()[0]
    async with house.transaction(SEOYEON) as tx:
        await service.delete(tx, "chat-api", "chat-api", [])
    await house.settled()
    assert await town.real_namespace(house, "prod-kr") is not None
    assert await town.namespaces(house) == {}


async def test_a_cluster_that_is_down_is_waited_for(house: Living) -> None:
    fault = house.twins["prod-kr"].faults.add("down")
    await town.rounds(house)
    await town.register(house)
    waiting = (await town.namespaces(house))["prod-kr"]
    assert waiting.state is NamespaceState.waiting
    assert "prod-kr" in waiting.why
    assert (await town.namespaces(house))["alpha-kr"].state is NamespaceState.ready
    async with house.reading() as r:
        assert {c.name: c.state for c in await service.clusters(r)}["prod-kr"] == "unreachable"
    await town.rounds(house)
    assert (await town.namespaces(house))["prod-kr"] == waiting
    house.twins["prod-kr"].faults.calls.remove(fault)
    await town.rounds(house)
    assert (await town.namespaces(house))["prod-kr"].state is NamespaceState.ready
    assert await town.real_namespace(house, "prod-kr") is not None
    async with house.reading(SEOYEON) as r:
        told = [h.code for h in (await activity.happenings(r, Question(project="chat-api"))).items]
    assert told.count("catalog.namespace_waits") == 1


async def test_a_refused_namespace_is_tried_again_by_hand(house: Living) -> None:
    fault = house.twins["prod-kr"].faults.add("forbidden", verbs=["apply"])
    await town.register(house)
    assert (await town.namespaces(house))["prod-kr"].state is NamespaceState.refused
    await town.rounds(house)
    assert (await town.namespaces(house))["prod-kr"].state is NamespaceState.refused
    house.twins["prod-kr"].faults.calls.remove(fault)
    async with house.transaction(HANEUL) as tx:
        await service.retry_namespace(tx, "chat-api", "prod-kr")
    await house.settled()
    assert (await town.namespaces(house))["prod-kr"].state is NamespaceState.ready
    with pytest.raises(NotAllowed):
        async with house.transaction(OLIVER) as tx:
            await service.retry_namespace(tx, "chat-api", "prod-kr")
    with pytest.raises(NoSuchNamespace):
        async with house.transaction(HANEUL) as tx:
            await service.retry_namespace(tx, "chat-api", "prod-jp")


async def test_deleting_removes_the_namespaces_and_frees_the_name(house: Living) -> None:
    await town.register(house)
    with pytest.raises(NotTyped):
        async with house.transaction(SEOYEON) as tx:
            await service.delete(tx, "chat-api", "chat", [])
    house.twins["prod-kr"].faults.add("down")
    async with house.transaction(SEOYEON) as tx:
        await service.delete(tx, "chat-api", "chat-api", [])
    await house.settled()
    assert await town.real_namespace(house, "alpha-kr") is None
    left = await town.namespaces(house)
    assert {c: n.state for c, n in left.items()} == {"prod-kr": "leaving"}
    with pytest.raises(NameLeaving):
        await town.register(house)
    house.twins["prod-kr"].faults.clear()
    await town.rounds(house)
    assert await town.real_namespace(house, "prod-kr") is None
    assert await town.namespaces(house) == {}
    assert (await town.register(house)).slug == "chat-api"


async def test_more_places_get_a_namespace_and_fewer_lose_none(house: Living) -> None:
    await town.register(house)
    async with house.transaction(HANEUL) as tx:
        await service.set_targets(tx, "chat-api", [("prod", "jp"), ("alpha", "kr"), ("prod", "jp")])
    await house.settled()
    async with house.reading() as r:
        assert [(t.environment, t.region) for t in await service.targets(r, "chat-api")] == [("alpha", "kr"), ("prod", "jp")]
    assert {c: n.state for c, n in (await town.namespaces(house)).items()} == dict.fromkeys(town.CLUSTERS, "ready")


async def test_a_cluster_that_takes_over_a_pair_gets_the_namespaces_of_those_who_run_there(house: Living) -> None:
    await town.register(house)
    async with house.transaction(EMMA) as tx:
        await service.set_region(tx, Region("uk", "United Kingdom", "Europe/London", 2))
        await service.add_cluster(tx, house.house.seal, "prod-kr", "uk", ["prod"], ClusterKind.twin)
        await service.add_cluster(tx, house.house.seal, "prod-jp", "kr", ["prod"], ClusterKind.twin)
    await house.settled()
    assert (await town.namespaces(house))["prod-jp"].state is NamespaceState.waiting
    await town.rounds(house)
    assert (await town.namespaces(house))["prod-jp"].state is NamespaceState.ready
    labels = (await town.real_namespace(house, "prod-jp"))["metadata"]["labels"]
    assert labels["podo.dev/environment-prod"] == "true"


async def test_namespaces_of_many_projects_that_one_merge_moves_are_labelled_by_one_run_a_cluster(house: Living) -> None:
    slugs = ("chat-api", "chat-web", "chat-push")
    foreign = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "chat-web", "labels": {"podo.dev/team": "else"}}}
    await house.twins["prod-kr"].apply(foreign, field_manager="other")
    for slug in slugs:
        await town.register(house, slug)
    before = {run for run in await _runs(house) if run.startswith("namespace:")}
    async with house.transaction() as tx:
        await access.succeed(tx, SuccessionKind.merge, "chat", ["search"], "one team")
    await house.settled()
    runs = await _runs(house)
    assert {run for run in runs if run.startswith("namespace:")} == before
    assert sorted(run.rpartition(":evt")[0] for run in runs if run.startswith("labels:")) == ["labels:alpha-kr", "labels:prod-kr"]
    for slug in slugs:
        for cluster in ("alpha-kr", "prod-kr"):
            refused = (slug, cluster) == ("chat-web", "prod-kr")
            labels = (await town.real_namespace(house, cluster, slug))["metadata"]["labels"]
            assert labels["podo.dev/team"] == ("else" if refused else "team-3"), (slug, cluster)
            state = (await town.namespaces(house, slug))[cluster].state
            assert state is (NamespaceState.refused if refused else NamespaceState.ready)


async def test_namespaces_whose_cluster_is_away_while_owners_change_are_labelled_once_it_answers(house: Living) -> None:
    for slug in ("chat-api", "chat-web"):
        await town.register(house, slug)
    fault = house.twins["prod-kr"].faults.add("down")
    async with house.transaction() as tx:
        await access.succeed(tx, SuccessionKind.merge, "chat", ["search"], "one team")
    await house.settled()
    assert {(await town.namespaces(house, s))["prod-kr"].state for s in ("chat-api", "chat-web")} == {NamespaceState.waiting}
    house.twins["prod-kr"].faults.calls.remove(fault)
    await town.rounds(house)
    for slug in ("chat-api", "chat-web"):
        assert (await town.namespaces(house, slug))["prod-kr"].state is NamespaceState.ready
        assert (await town.real_namespace(house, "prod-kr", slug))["metadata"]["labels"]["podo.dev/team"] == "team-3"


async def _runs(house: Living) -> list[str]:
    return [status.workflow_id for status in await DBOS.list_workflows_async(load_input=False)]


async def test_a_namespace_that_waits_is_tried_again_in_the_trace_of_who_asked_for_it(house: Living) -> None:
    with traces.span("click") as click:
        await town.register(house)
    async with house.transaction(PODO) as tx:
        await service.namespace_waits(tx, "chat-api", "prod-kr", "it is down")
    async with house.reading() as r:
        [(namespace, trace)] = await service.unsettled_namespaces(r, ["prod-kr"])
    point = traces.parse(trace)
    assert point is not None
    assert (namespace.cluster, point.trace) == ("prod-kr", click.point.trace)
