"""Podo's own chart on a true API server: taken by a namespace that enforces the strictest standard, and all its pods come up."""

from __future__ import annotations

from typing import Any

import pytest

from podo.clients.kubernetes import errors, kinds
from podo.clients.kubernetes.client import Cluster
from podo.clients.kubernetes.types import Kind, Ref
from tests import needs
from tests.contracts.cluster.world import World, eventually
from tests.contracts.podo_chart.conftest import EVERYTHING, IMAGE, Render

pytestmark = [needs.part("kubernetes"), needs.part("kwok"), pytest.mark.serial]
RESTRICTED = {"metadata": {"labels": {f"pod-security.kubernetes.io/{how}": "restricted" for how in ("enforce", "warn")}}}
NETWORK = Kind("networking.k8s.io/v1", "NetworkPolicy")
PLAIN = IMAGE | {"storage": {"claim": "ready"}}


@pytest.fixture
async def strict(admin: Cluster, home: World) -> World:
    """A namespace that lets in restricted pods alone."""
    await admin.patch(kinds.NAMESPACE.ref(home.namespace), RESTRICTED, field_manager="tests")
    return home


async def test_every_object_is_taken_and_every_pod_comes_up(admin: Cluster, strict: World, render: Render) -> None:
    objects = await render(EVERYTHING | {"nodeSelector": {}, "priorityClassName": ""}, namespace=strict.namespace)
    for manifest in objects.values():
        await admin.apply(manifest, field_manager="helm", dry_run=True)
    assert await strict.names(kinds.DEPLOYMENT) == []
    for name, data in (
        ("podo-database", {"url": "postgresql://db/podo"}),
        ("podo-seal", {"keys": "k"}),
        ("podo-issuers", {"a": "b"}),
    ):
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": strict.namespace}}
        await admin.apply({**secret, "stringData": data}, field_manager="tests")
    for manifest in objects.values():
        await admin.apply(manifest, field_manager="helm")
    try:

        async def up() -> bool:
            found = (await admin.list(kinds.DEPLOYMENT, namespace=strict.namespace)).items
            return len(found) == 3 and all(d.get("status", {}).get("availableReplicas") == 2 for d in found)

        await eventually(up, 60)
        pods = (await admin.list(kinds.POD, namespace=strict.namespace)).items
        roles = [p["metadata"]["labels"]["app.kubernetes.io/component"] for p in pods]
        assert {role: roles.count(role) for role in ("web", "worker", "watcher")} == {"web": 2, "worker": 2, "watcher": 2}
        assert not [p for p in pods if any("kube-api-access" in v["name"] for v in p["spec"]["volumes"])]
        (budget,) = [
            b
            for b in (await admin.list(kinds.POD_DISRUPTION_BUDGET, namespace=strict.namespace)).items
            if b["metadata"]["name"] == "podo-web"
        ]
        assert budget["spec"]["maxUnavailable"] == 1
        assert {p["metadata"]["name"] for p in (await admin.list(NETWORK, namespace=strict.namespace)).items} == {
            *("podo-web", "podo-worker", "podo-watcher")
        }
        # The Service leads to the web's pods alone.
        endpoints = Kind("v1", "Endpoints")

        async def led_to() -> set[str]:
            found = await admin.get(endpoints.ref("podo", strict.namespace))
            return {a["targetRef"]["name"] for s in found.get("subsets", ()) for a in s.get("addresses", ())}

        web = {p["metadata"]["name"] for p, role in zip(pods, roles, strict=True) if role == "web"}
        assert await eventually(led_to) <= web
    finally:
        await _remove_whole(admin, objects)


async def test_one_process_comes_up_with_a_claim_that_is_there(admin: Cluster, strict: World, render: Render) -> None:
    objects = await render(PLAIN, namespace=strict.namespace, access={"create": False})
    for manifest in objects.values():
        await admin.apply(manifest, field_manager="helm", dry_run=True)
    one = objects["Deployment", "podo-web"]
    assert one["spec"]["template"]["spec"]["volumes"][1]["persistentVolumeClaim"] == {"claimName": "ready"}


async def test_a_pod_that_is_less_strict_would_have_been_refused(admin: Cluster, strict: World, render: Render) -> None:
    spec = (await render(EVERYTHING, namespace=strict.namespace))["Deployment", "podo-web"]["spec"]["template"]["spec"]
    spec.pop("serviceAccountName"), spec.pop("priorityClassName")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": strict.namespace}, "spec": spec}
    await admin.create(pod, field_manager="tests", dry_run=True)
    spec["containers"][0]["securityContext"].pop("capabilities")
    with pytest.raises(errors.AdmissionRefused, match="unrestricted capabilities"):
        await admin.create(pod, field_manager="tests", dry_run=True)


async def _remove_whole(admin: Cluster, objects: dict[tuple[str, str], dict[str, Any]]) -> None:
    """What lies in no namespace would stay behind."""
    for manifest in objects.values():
        if "namespace" not in manifest["metadata"]:
            await admin.delete(Ref.of(manifest))
