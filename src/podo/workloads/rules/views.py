"""What was seen, put together as people read it: targets, groups of workloads, the words of the query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from podo.workloads.rules.kinds import ORDER, worst
from podo.workloads.types import Health, HealthStatus, Pod, Reach, View, Workload

# A watcher gives a sign of life every ten seconds; news much older than that is no news of now.
STALE = timedelta(seconds=60)


def view(
    environment: str,
    region: str,
    cluster: str,
    reach: tuple[Reach, str, datetime, datetime | None] | None,
    seen: Sequence[Workload | Pod],
    now: datetime,
) -> View:
    """What is known of one target: its workloads with their pods, and how far we can see."""
    if reach is None:
        return View(environment, region, cluster, Reach.waiting, "", None, ())
    state, why, _, seen_at = reach
    if state is Reach.seen and (seen_at is None or now - seen_at > STALE):
        state = Reach.old
    here = [x for x in seen if x.cluster == cluster]
    whole, pods = _with_pods(here)
    placed = [replace(w, environment=environment, region=region) for w in _with_runs(whole)]
    alone = [_alone(p, environment, region) for p in pods]
    return View(environment, region, cluster, state, why, seen_at, (*placed, *alone))


def not_healthy(seen: Sequence[Workload | Pod]) -> list[Workload]:
    """Of what was seen in any clusters: the workloads that are Degraded or Suspended, each with its pods and reason."""
    whole, _ = _with_pods(seen)
    return [w for w in _with_runs(whole) if w.health.status in (HealthStatus.degraded, HealthStatus.suspended)]


def _with_pods(seen: Sequence[Workload | Pod]) -> tuple[list[Workload], list[Pod]]:
    """Workloads with their pods, and the pods that belong to none that is there."""
    pods: dict[tuple[str, str, str, str], list[Pod]] = {}
    for pod in seen:
        if isinstance(pod, Pod):
            pods.setdefault((pod.cluster, pod.namespace, pod.owner_kind, pod.owner), []).append(pod)
    whole = [
        _put_together(w, tuple(pods.pop((w.cluster, w.namespace, w.kind, w.name), ()))) for w in seen if isinstance(w, Workload)
    ]
    return whole, [p for (_, _, kind, _), found in pods.items() if kind == "Pod" for p in found]


def _with_runs(workloads: Sequence[Workload]) -> list[Workload]:
    """Jobs that a CronJob made stand under it; it is as healthy as its newest run that has ended."""
    runs: dict[tuple[str, str, str], list[Workload]] = {}
    crons = {(w.cluster, w.namespace, w.name) for w in workloads if w.kind == "CronJob"}
    kept: list[Workload] = []
    for w in workloads:
        if w.kind == "Job" and (w.cluster, w.namespace, w.owner) in crons:
            runs.setdefault((w.cluster, w.namespace, w.owner), []).append(w)
        else:
            kept.append(w)
    return [_with_own_runs(w, runs.get((w.cluster, w.namespace, w.name), [])) if w.kind == "CronJob" else w for w in kept]


def _with_own_runs(cron: Workload, runs: Sequence[Workload]) -> Workload:
    newest = sorted(runs, key=lambda job: job.name, reverse=True)
    ended = next((job.health for job in newest if job.health.status is not HealthStatus.progressing), cron.health)
    pods = tuple(pod for job in newest for pod in job.pods)
    health = cron.health if cron.suspended else worst([cron.health, ended])
    return replace(cron, runs=tuple(newest), pods=pods, health=health)


def _put_together(w: Workload, pods: tuple[Pod, ...]) -> Workload:
    """A workload's own status is slower than its pods to say why: a pod that crashes or cannot be pulled names the reason."""
    health = w.health
    if health.status is HealthStatus.progressing:
        bad = next((p.health for p in pods if p.health.status is HealthStatus.degraded), None)
        health = bad or health
    return replace(w, pods=pods, health=health)


def _alone(pod: Pod, environment: str, region: str) -> Workload:
    image = pod.containers[0].image if pod.containers else ""
    return Workload(
        kind="Pod",
        name=pod.name,
        cluster=pod.cluster,
        namespace=pod.namespace,
        environment=environment,
        region=region,
        desired=1,
        ready=1 if pod.state == "ready" else 0,
        image=image,
        release=pod.release,
        deployment=None,
        health=pod.health,
        changed_at=pod.created_at,
        pods=(pod,),
    )


def worst_by_place(
    counts: Sequence[tuple[str, str, str, int]], bad: Sequence[Workload] = ()
) -> Mapping[str, Mapping[str, Health]]:
    """(namespace, cluster, health, count) as the worst health by namespace and cluster; `bad` are known with their reasons."""
    found: dict[str, dict[str, Health]] = {}
    places = [(w.namespace, w.cluster, w.health) for w in bad]
    places += [(namespace, cluster, Health(HealthStatus(status))) for namespace, cluster, status, _ in counts]
    for namespace, cluster, health in places:
        place = found.setdefault(namespace, {})
        place[cluster] = worst([place.get(cluster), health])
    return found


@dataclass(frozen=True, slots=True)
class Group:
    """One workload in all the targets that were asked for, each as (view, workload)."""

    kind: str
    name: str
    health: Health
    places: tuple[tuple[View, Workload], ...]


def groups(seen: Sequence[View], wanted: Mapping[str, str], text: str = "") -> list[Group]:
    """Workloads by name over targets, the bad ones first.

    `wanted` may name kind, region, is (a health); `text` is a part of a workload's or a pod's name.
    """
    found: dict[tuple[str, str], list[tuple[View, Workload]]] = {}
    for shown in seen:
        for w in shown.workloads:
            if _wanted(w, wanted, text):
                found.setdefault((w.kind, w.name), []).append((shown, w))
    made = [Group(kind, name, worst(w.health for _, w in places), tuple(places)) for (kind, name), places in found.items()]
    return sorted(made, key=lambda g: (-ORDER.index(g.health.status), g.kind, g.name))


def _wanted(w: Workload, wanted: Mapping[str, str], text: str) -> bool:
    if text and text not in w.name and not any(text in p.name for p in w.pods):
        return False
    facts = {"kind": w.kind, "region": w.region, "is": w.health.status.value}
    return all(facts[key].lower() == value.lower() for key, value in wanted.items() if key in facts)


def query(text: str) -> tuple[dict[str, str], str]:
    """Words `kind:Deployment region:kr is:degraded` and the rest, which is a part of a name."""
    words = [word.partition(":") for word in text.split()]
    keyed = {key: value for key, colon, value in words if colon and value and key in ("env", "region", "kind", "is")}
    return keyed, " ".join(key + colon + value for key, colon, value in words if key not in keyed)
