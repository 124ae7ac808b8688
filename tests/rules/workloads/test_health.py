"""Health comes with its reason in words; other people's examples are in tests/conformance."""

from __future__ import annotations

from typing import Any

import pytest

from podo.workloads import rules


def pod(status: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec, "status": status}


def container(**state: Any) -> dict[str, Any]:
    return {"name": "app", "image": "registry.example/app:1", "restartCount": 3, **state}


def waiting(reason: str, **more: Any) -> dict[str, Any]:
    return container(state={"waiting": {"reason": reason}}, **more)


ENDED = {"terminated": {"exitCode": 1, "reason": "Error"}}
KILLED = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
READY = [{"type": "Ready", "status": "True"}]
CASES: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("ready", pod({"phase": "Running", "conditions": READY}), "Healthy", "", ""),
    ("done", pod({"phase": "Succeeded"}), "Healthy", "", ""),
    (
        "crashing",
        pod({"phase": "Running", "containerStatuses": [waiting("CrashLoopBackOff", lastState=ENDED)]}),
        "Degraded",
        "crash_loop",
        "app crashes and restarts: exit 1, 3 times so far",
    ),
    (
        "out of memory",
        pod({"phase": "Running", "containerStatuses": [waiting("CrashLoopBackOff", lastState=KILLED)]}),
        "Degraded",
        "out_of_memory",
        "app runs out of memory and restarts",
    ),
    (
        "no image",
        pod({"phase": "Pending", "containerStatuses": [waiting("ImagePullBackOff")]}),
        "Degraded",
        "image_pull",
        "the image registry.example/app:1 cannot be pulled",
    ),
    (
        "no image, at first",
        pod({"phase": "Pending", "containerStatuses": [waiting("ErrImagePull")]}),
        "Degraded",
        "image_pull",
        "the image registry.example/app:1 cannot be pulled",
    ),
    (
        "init container crashes",
        pod({"phase": "Pending", "initContainerStatuses": [waiting("CrashLoopBackOff", lastState=ENDED)]}),
        "Degraded",
        "crash_loop",
        "app crashes and restarts: exit 1, 3 times so far",
    ),
    (
        "no config",
        pod({"phase": "Pending", "containerStatuses": [waiting("CreateContainerConfigError")]}),
        "Degraded",
        "not_startable",
        "app cannot start: CreateContainerConfigError",
    ),
    (
        "failed",
        pod({"phase": "Failed", "containerStatuses": [container(state={"terminated": {"exitCode": 2}})]}),
        "Degraded",
        "exited",
        "app ended with exit 2",
    ),
    ("evicted", pod({"phase": "Failed", "reason": "Evicted"}), "Degraded", "failed", "it failed: Evicted"),
    (
        "restarted and not ready",
        pod({"phase": "Running", "containerStatuses": [container(state={"running": {}}, lastState=ENDED)]}),
        "Degraded",
        "restarting",
        "it restarted 3 times and is not ready",
    ),
    (
        "not ready yet",
        pod({"phase": "Running", "containerStatuses": [container(state={"running": {}})]}),
        "Progressing",
        "not_ready",
        "it runs and is not ready yet",
    ),
    (
        "no node",
        pod({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "message": "0/6 nodes fit"}]}),
        "Progressing",
        "unschedulable",
        "no node takes it: 0/6 nodes fit",
    ),
    ("starting", pod({"phase": "Pending"}), "Progressing", "starting", "it is starting: Pending"),
    ("nothing said", pod({}), "Unknown", "no_phase", "the cluster does not say how it is"),
]


@pytest.mark.parametrize(("manifest", "status", "code", "words"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_pod_says_why(manifest: dict[str, Any], status: str, code: str, words: str) -> None:
    found = rules.pod_health(manifest)
    assert (found.status.value, found.code, found.said().strip()) == (status, code, words)


def deployment(spec: dict[str, Any], status: dict[str, Any], generation: int = 1) -> dict[str, Any]:
    metadata = {"name": "d", "generation": generation}
    status = {"observedGeneration": 1, **status}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec, "status": status}


WHOLE = {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}


@pytest.mark.parametrize(
    ("manifest", "status", "words"),
    [
        (deployment({"replicas": 3}, WHOLE), "Healthy", ""),
        (deployment({"replicas": 0}, {}), "Healthy", ""),
        (deployment({"replicas": 3, "paused": True}, WHOLE), "Suspended", "its rollout is paused"),
        (deployment({"replicas": 3}, WHOLE, generation=2), "Progressing", "the cluster has not taken up the change yet"),
        (deployment({"replicas": 3}, {**WHOLE, "updatedReplicas": 1}), "Progressing", "1 of 3 pods are of the new version"),
        (deployment({"replicas": 3}, {**WHOLE, "replicas": 5}), "Progressing", "2 pods of the old version are still there"),
        (deployment({"replicas": 3}, {**WHOLE, "availableReplicas": 2}), "Progressing", "2 of 3 pods are ready"),
        (
            deployment({"replicas": 3}, {"conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]}),
            "Degraded",
            "its pods did not become ready in time",
        ),
        (
            deployment(
                {"replicas": 3}, {"conditions": [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]}
            ),
            "Degraded",
            "its pods cannot be made: exceeded quota",
        ),
    ],
)
def test_a_deployment_says_why(manifest: dict[str, Any], status: str, words: str) -> None:
    found = rules.health_of(manifest)
    assert found
    assert (found.status.value, found.said()) == (status, words)


def test_what_is_being_deleted_is_no_longer_healthy_and_foreign_kinds_have_no_health_of_ours() -> None:
    going = deployment({"replicas": 3}, WHOLE)
    going["metadata"]["deletionTimestamp"] = "2026-11-23T05:00:00Z"
    assert rules.health_of(going).status.value == "Progressing"  # type: ignore[union-attr]
    assert rules.health_of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}) is None
    assert rules.health_of({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {}}) is None


def test_every_built_in_kind_is_judged_without_a_status() -> None:
    """A controller that has not run yet leaves no status: that is no reason to fail."""
    kinds = [("apps/v1", k) for k in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")]
    kinds += [("batch/v1", "Job"), ("batch/v1", "CronJob"), ("v1", "Pod"), ("v1", "Service"), ("v1", "PersistentVolumeClaim")]
    kinds += [("networking.k8s.io/v1", "Ingress"), ("autoscaling/v2", "HorizontalPodAutoscaler")]
    for version, kind in kinds:
        found = rules.health_of({"apiVersion": version, "kind": kind, "metadata": {"name": "x", "generation": 1}})
        assert found is not None, kind
        found.said()
