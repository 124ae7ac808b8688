"""The twin's answers are the true API server's, field by field: for what the paved-road chart makes, and for random writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from podo.clients.helm import HelmRenderer, HelmSdk, chart_folder
from podo.clients.kubernetes import kinds
from podo.clients.kubernetes.client import Cluster
from podo.clients.kubernetes.twin import Twin
from podo.clients.kubernetes.types import Kind, Manifest
from podo.kernel.errors import PodoError
from tests.contracts.cluster.conftest import fresh
from tests.contracts.cluster.truth import comparable, differences
from tests.contracts.cluster.world import BY, World
from tests.contracts.cluster.writes import KINDS, Write, do, written

# Everything that the chart can make, and the pod's fields that people add.
WHOLE: Mapping[str, Any] = {
    "image": {"repository": "registry.example/hello", "digest": "sha256:" + "a" * 64, "pullSecrets": ["pull"]},
    "podo": {"project": "hello", "environment": "prod", "region": "kr", "release": "rel_1", "deployment": "214"},
    "env": {"A": "1", "EMPTY": ""},
    "secrets": {"keys": ["TOKEN"], "fingerprint": "f"},
    "service": {"trafficDistribution": "PreferSameZone"},
    "ingress": {"enabled": True, "hosts": ["a.example", "b.example"], "tlsSecret": "t", "className": "nginx"},
    "autoscaling": {"enabled": True, "memory": 80},
    "health": {"http": "/healthz"},
    "resources": {"cpu": "0.5", "memory": "1024Mi"},
    "security": {"readOnlyRootFilesystem": True},
    "workers": [{"name": "mail", "command": ["/app", "mail"], "replicas": 1}],
    "cron": [{"name": "tidy", "schedule": "30 3 * * *", "command": ["/app", "tidy"]}],
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "volumes": [
        {"name": "c", "configMap": {"name": "x"}},
        {"name": "s", "secret": {"secretName": "x"}},
        {"name": "e", "emptyDir": {"sizeLimit": "1024Mi"}},
        {"name": "p", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
        {"name": "d", "downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
        {"name": "h", "hostPath": {"path": "/x"}},
    ],
    "volumeMounts": [{"name": "c", "mountPath": "/c"}],
}
PLAIN: Mapping[str, Any] = {"image": WHOLE["image"], "health": {"command": ["true"]}}
RENDERED = {
    "ConfigMap", "CronJob", "Deployment", "HorizontalPodAutoscaler", "Ingress", "PodDisruptionBudget", "Service",
    "ServiceAccount",
}  # fmt: skip


async def _rendered(namespace: str) -> list[Manifest]:
    helm = HelmRenderer(HelmSdk(children=1, seconds=20))
    try:
        whole = await helm.render(chart_folder(), WHOLE, release="hello", namespace=namespace, kube_version="1.36.0")
        plain = await helm.render(chart_folder(), PLAIN, release="plain", namespace=namespace, kube_version="1.36.0")
    finally:
        await helm.close()
    return [*whole.objects, *plain.objects]


def _beside(world: World) -> list[Manifest]:
    """What Podo puts beside the chart's objects."""
    limit = {"type": "Container", "default": {"memory": "1Gi"}, "defaultRequest": {"cpu": "10m"}}
    return [
        world.manifest(kinds.SECRET, "hello-secrets", stringData={"TOKEN": "x"}),
        world.manifest(kinds.RESOURCE_QUOTA, "room", spec={"hard": {"pods": "100", "requests.cpu": "4000m"}}),
        world.manifest(kinds.LIMIT_RANGE, "sizes", spec={"limits": [limit]}),
    ]


async def test_objects_of_the_chart_come_back_the_same(real_world: World, twin: Twin) -> None:
    async with fresh(twin, real_world.namespace):
        objects = [*await _rendered(real_world.namespace), *_beside(real_world)]
        assert {o["kind"] for o in objects} >= RENDERED
        wrong: list[str] = []
        # A dry run first: no controller can have written anything into it.
        for dry_run in (True, False):
            for manifest in objects:
                true = await real_world.cluster.apply(manifest, field_manager=BY, dry_run=dry_run)
                other = await twin.apply(manifest, field_manager=BY, dry_run=dry_run)
                found = differences(comparable(true), comparable(other))
                wrong += [f"{manifest['kind']} {manifest['metadata']['name']}{line}" for line in found]
        assert wrong == []


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_random_writes_end_alike(real_world: World, twin: Twin, kind: Kind) -> None:
    async with fresh(twin, real_world.namespace):
        for seed in range(20):
            ref = real_world.ref(kind, f"object-{seed}")
            for number, write in enumerate(written(ref, seed)):
                true, other = [await _outcome(c, ref, write) for c in (real_world.cluster, twin)]
                # Controllers are not on trial here, and may have written meanwhile.
                for answer in (true, other):
                    answer.pop("status", None)
                assert list(differences(true, other)) == [], (seed, number, write)


async def _outcome(cluster: Cluster, ref: Any, write: Write) -> Manifest:
    try:
        return comparable(await do(cluster, ref, write))
    except PodoError as error:
        causes = sorted((c["field"], c["reason"]) for c in error.data["causes"])
        return {"metadata": {}, "refused": error.code, "causes": causes, "managers": error.data.get("managers")}
