"""What was seen, put together: pods with their workloads, runs with their CronJobs, and how far a cluster can be seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from podo.workloads import rules
from podo.workloads.types import Health, HealthStatus, Pod, Reach, View, Workload

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
HEALTHY, PROGRESSING = Health(HealthStatus.healthy), Health(HealthStatus.progressing, "pods_not_ready", "…")
CRASHING = Health(HealthStatus.degraded, "crash_loop", "{container} crashes", {"container": "app"})
SUSPENDED = Health(HealthStatus.suspended, "suspended", "it is suspended")

WORKLOAD = Workload(
    kind="Deployment",
    name="chat-api",
    cluster="prod-kr-1",
    namespace="chat-api",
    environment="",
    region="",
    desired=2,
    ready=2,
    image="registry.example/chat:1",
    release="",
    deployment=None,
    health=HEALTHY,
    changed_at=None,
    pods=(),
)
POD = Pod(
    name="chat-api-1",
    cluster="prod-kr-1",
    namespace="chat-api",
    owner="chat-api",
    owner_kind="Deployment",
    node="",
    state="ready",
    phase="Running",
    restarts=0,
    health=HEALTHY,
    created_at=None,
    cpu_request=0,
    memory_request=0,
    release="",
    containers=(),
)


def reached(reach: Reach = Reach.seen, ago: float = 1.0) -> tuple[Reach, str, datetime, datetime | None]:
    seen = NOW - timedelta(seconds=ago)
    return reach, "", seen, seen


def view(*seen: Workload | Pod, reach: tuple[Reach, str, datetime, datetime | None] | None = None) -> View:
    return rules.view("prod", "kr", "prod-kr-1", reach or reached(), seen, NOW)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, Reach.waiting),
        (reached(ago=1), Reach.seen),
        (reached(ago=60), Reach.seen),
        (reached(ago=61), Reach.old),
        ((Reach.seen, "", NOW, None), Reach.old),
        (reached(Reach.unreachable), Reach.unreachable),
        (reached(Reach.forbidden), Reach.forbidden),
        (reached(Reach.waiting, ago=900), Reach.waiting),
    ],
)
def test_a_view_says_how_far_it_can_be_trusted(
    known: tuple[Reach, str, datetime, datetime | None] | None, expected: Reach
) -> None:
    made = rules.view("prod", "kr", "prod-kr-1", known, [WORKLOAD], NOW)
    assert made.reach is expected
    assert made.at == (known[3] if known else None)


def test_what_was_seen_of_a_silent_cluster_stays_with_its_age() -> None:
    made = view(WORKLOAD, POD, reach=(Reach.unreachable, "no route", NOW, NOW - timedelta(minutes=20)))
    assert (made.reach, made.why, made.at) == (Reach.unreachable, "no route", NOW - timedelta(minutes=20))
    assert [(w.name, len(w.pods)) for w in made.workloads] == [("chat-api", 1)]


def test_pods_stand_under_their_workload_and_others_stand_alone() -> None:
    bare = replace(POD, name="debug", owner="debug", owner_kind="Pod", state="starting", health=PROGRESSING)
    elsewhere = replace(POD, name="chat-api-2", cluster="prod-kr-2")
    orphan = replace(POD, name="old-1", owner="gone", owner_kind="ReplicaSet")
    made = view(WORKLOAD, POD, bare, elsewhere, orphan)
    assert [(w.kind, w.name, [p.name for p in w.pods]) for w in made.workloads] == [
        ("Deployment", "chat-api", ["chat-api-1"]),
        ("Pod", "debug", ["debug"]),
    ]
    assert {(w.environment, w.region) for w in made.workloads} == {("prod", "kr")}
    assert made.workloads[1].ready == 0


def test_a_pod_that_crashes_says_why_before_its_workload_does_but_never_against_it() -> None:
    bad = replace(POD, state="crashing", health=CRASHING)
    waiting = view(replace(WORKLOAD, health=PROGRESSING), bad).workloads[0]
    assert waiting.health == CRASHING
    # One pod of many that restarts while the workload as a whole is available is no fault of the workload.
    assert view(WORKLOAD, bad).workloads[0].health == HEALTHY
    assert view(replace(WORKLOAD, health=SUSPENDED), bad).workloads[0].health == SUSPENDED


def job(number: int, health: Health) -> Workload:
    return replace(WORKLOAD, kind="Job", name=f"nightly-{number}", owner="nightly", health=health)


CRON = replace(WORKLOAD, kind="CronJob", name="nightly", schedule="0 3 * * *")


@pytest.mark.parametrize(
    ("runs", "suspended", "expected"),
    [
        ([], False, HealthStatus.healthy),
        ([HEALTHY, HEALTHY], False, HealthStatus.healthy),
        ([HEALTHY, CRASHING], False, HealthStatus.degraded),
        ([CRASHING, HEALTHY], False, HealthStatus.healthy),
        ([CRASHING, PROGRESSING], False, HealthStatus.degraded),
        ([HEALTHY, PROGRESSING], False, HealthStatus.healthy),
        ([CRASHING], True, HealthStatus.suspended),
    ],
)
def test_a_cron_job_is_as_well_as_its_newest_run_that_ended(runs: list[Health], suspended: bool, expected: HealthStatus) -> None:
    cron = replace(CRON, suspended=suspended, health=SUSPENDED if suspended else HEALTHY)
    made = view(cron, *(job(n, h) for n, h in enumerate(runs)))
    assert [(w.kind, w.health.status) for w in made.workloads] == [("CronJob", expected)]
    assert [r.name for r in made.workloads[0].runs] == [f"nightly-{n}" for n in reversed(range(len(runs)))]


def test_a_job_of_its_own_stays_a_row_of_its_own() -> None:
    made = view(CRON, replace(job(1, CRASHING), owner=""), replace(job(2, HEALTHY), owner="gone"))
    assert [(w.kind, w.name) for w in made.workloads] == [("CronJob", "nightly"), ("Job", "nightly-1"), ("Job", "nightly-2")]


def test_not_healthy_over_clusters_and_projects() -> None:
    bad = replace(POD, state="crashing", health=CRASHING)
    rolling = replace(WORKLOAD, health=PROGRESSING)
    other = replace(rolling, cluster="prod-jp-1")
    retried = [
        replace(CRON, namespace="batch"),
        replace(job(1, CRASHING), namespace="batch"),
        replace(job(2, HEALTHY), namespace="batch"),
    ]
    paused = replace(WORKLOAD, name="old", health=SUSPENDED)
    found = rules.not_healthy([rolling, other, bad, *retried, paused])
    assert [(w.name, w.cluster, w.health.status) for w in found] == [
        ("chat-api", "prod-kr-1", HealthStatus.degraded),
        ("old", "prod-kr-1", HealthStatus.suspended),
    ]


def test_the_worst_of_each_place() -> None:
    counts = [
        ("chat-api", "prod-kr-1", "Healthy", 3),
        ("chat-api", "prod-kr-1", "Progressing", 1),
        ("chat-api", "prod-jp-1", "Healthy", 2),
    ]
    found = rules.worst_by_place(counts, [replace(WORKLOAD, health=CRASHING, cluster="prod-jp-1")])
    assert {cluster: h.status for cluster, h in found["chat-api"].items()} == {
        "prod-kr-1": HealthStatus.progressing,
        "prod-jp-1": HealthStatus.degraded,
    }
    assert found["chat-api"]["prod-jp-1"].reason == CRASHING.reason
    assert rules.worst([]).status is HealthStatus.healthy


def test_groups_are_filtered_and_the_bad_ones_come_first() -> None:
    kr = view(WORKLOAD, replace(WORKLOAD, name="worker", health=CRASHING), CRON, POD)
    jp = rules.view("prod", "jp", "prod-jp-1", reached(), [replace(WORKLOAD, cluster="prod-jp-1")], NOW)
    assert [(g.kind, g.name, len(g.places)) for g in rules.groups([kr, jp], {})] == [
        ("Deployment", "worker", 1),
        ("CronJob", "nightly", 1),
        ("Deployment", "chat-api", 2),
    ]

    def names(text: str) -> list[str]:
        wanted, rest = rules.query(text)
        return [g.name for g in rules.groups([kr, jp], wanted, rest)]

    assert names("kind:cronjob") == ["nightly"]
    assert names("is:Degraded") == ["worker"]
    assert names("region:jp") == ["chat-api"]
    assert names("chat-api-1") == ["chat-api"]
    assert names("region:jp worker") == []
    assert names("env:prod") == ["worker", "nightly", "chat-api"]


def test_words_of_the_query() -> None:
    assert rules.query("env:prod kind:Job part of:name") == ({"env": "prod", "kind": "Job"}, "part of:name")
    assert rules.query("region:") == ({}, "region:")
