"""The account by which Podo manages a cluster may do what Podo does there, on a true API server, and nothing else."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from podo.catalog.adapters.clusters import ClusterNamespaces, ClusterPool
from podo.catalog.rules import namespace_manifests
from podo.clients.helm import HelmRenderer, chart_folder
from podo.clients.kubernetes import errors, kinds, local
from podo.clients.kubernetes.client import Cluster
from podo.clients.kubernetes.real import connect
from podo.clients.kubernetes.real.kubeconfig import read
from podo.clients.kubernetes.types import Kind, Ref
from podo.delivery.adapters.targets import KubernetesTargets
from podo.workloads.adapters.kubernetes import KubernetesWorkloads
from podo.workloads.ports import LogsOf
from podo.workloads.types import NoSuchWorkload
from tests import needs
from tests.contracts.cluster.proxy import Fault, Proxy
from tests.contracts.cluster.servers import kubeconfig
from tests.contracts.cluster.world import SLEEPS, SOON, World, eventually, unique
from tests.contracts.podo_chart.conftest import Render

pytestmark = [needs.part("kubernetes"), needs.part("kwok"), pytest.mark.serial]
NAME = "podo"
ROLE, BINDING = Kind("rbac.authorization.k8s.io/v1", "ClusterRole"), Kind("rbac.authorization.k8s.io/v1", "RoleBinding")
REVIEW = Kind("authorization.k8s.io/v1", "SubjectAccessReview")
Right = tuple[str, str, str]


class Recorder(Proxy):
    """Hands on as the account, and writes down which right each request that went well made use of."""

    def __init__(self, *of: Any) -> None:
        super().__init__(*of)
        self.used: set[Right] = set()

    async def _pass(self, request: web.Request, answer: aiohttp.ClientResponse, fault: Fault | None) -> web.StreamResponse:
        if answer.status < 400 and (right := _right(request)):
            self.used.add(right)
            if request.method == "PATCH" and answer.status == 201:
                # An apply that makes the object.
                self.used.add((right[0], right[1], "create"))
        return await super()._pass(request, answer, fault)


def _right(request: web.Request) -> Right | None:
    """(group, resource, verb) of a request about objects; None for what everybody may ask, like the version."""
    parts = request.path.strip("/").split("/")
    group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1] if len(parts) > 1 else "", parts[3:])
    if len(rest) > 2 and rest[0] == "namespaces":
        rest = rest[2:]
    if not rest:
        return None
    resource, name, subresource = (*rest, "", "", "")[:3]
    reads = "watch" if request.query.get("watch") in ("1", "true") else "get" if name else "list"
    verb = {"GET": reads, "POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete"}[request.method]
    return group, f"{resource}/{subresource}" if subresource else resource, verb


@pytest.fixture
async def rights(admin: Cluster, home: World, render: Render) -> AsyncIterator[set[Right]]:
    """The account is there; what it was given, one by one."""
    objects = await render({"server": {"enabled": False}}, namespace=home.namespace)
    for manifest in objects.values():
        await admin.apply(manifest, field_manager="helm")
    (role,) = [o for (kind, _), o in objects.items() if kind == "ClusterRole"]
    yield {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    for manifest in objects.values():
        # The token goes with its account.
        with contextlib.suppress(errors.NotFound):
            await admin.delete(Ref.of(manifest))


@pytest.fixture
async def recorder(
    seoul: local.LocalCluster, home: World, rights: set[Right], tmp_path: Path
) -> AsyncIterator[tuple[Recorder, Cluster]]:
    """A client that signs in by the account's token, as its kubeconfig would be entered in the site."""
    assert rights

    async def token() -> str:
        data = (await home.get(kinds.SECRET, "podo-clusters")).get("data") or {}
        return base64.b64decode(data.get("token", "")).decode()

    whole = yaml.safe_load(seoul.kubeconfig.read_text())
    whole["users"][0]["user"] = {"token": await eventually(token)}
    at = tmp_path / "kubeconfig"
    at.write_text(yaml.safe_dump(whole))
    async with aiohttp.ClientSession() as session:
        made = Recorder(read(at, None, None), session)
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{path:.*}", made.handle)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        client = connect(kubeconfig(f"http://127.0.0.1:{runner.addresses[0][1]}"), name=NAME)
        try:
            yield made, client
        finally:
            await client.close()
            await runner.cleanup()


async def test_what_podo_does_is_allowed_and_nothing_more_is_given(
    admin: Cluster, rights: set[Right], recorder: tuple[Recorder, Cluster], helm: HelmRenderer, tmp_path: Path
) -> None:
    recorded, client = recorder
    project = unique("shop")
    manifests = [*await _paved(helm, project), _stateful(project)]
    pool = ClusterPool(_nowhere, tmp_path)
    pool.put(client)
    namespaces, targets, workloads = ClusterNamespaces(pool, patience=60), KubernetesTargets(pool), KubernetesWorkloads(pool)
    watching = asyncio.create_task(_all_seen(workloads))

    for _ in range(2):
        await namespaces.make(NAME, project, namespace_manifests(project, "team-1", ["alpha"]))
    await targets.reach(NAME, project)
    await targets.apply(NAME, project, manifests)
    await targets.secret(NAME, project, "shop-secrets", {}, {"A": "b"})
    # Somebody else's: it is seen and restarted, never applied.
    await admin.apply(_daemon(project), field_manager="somebody")

    async def healthy() -> bool:
        return (await targets.look(NAME, project, "rel-1", manifests)).health == "Healthy"

    await eventually(healthy, 60)
    for kind in ("Deployment", "StatefulSet", "DaemonSet"):
        await workloads.restart(NAME, project, kind, kind.lower() if kind != "Deployment" else "shop", _AT)
    for kind, name in (("Deployment", "shop-worker"), ("StatefulSet", "statefulset")):
        await workloads.scale(NAME, project, kind, name, 2)
    # Pods that are being replaced may be gone before one can ask anything of them.
    while ("", "pods/log", "get") not in recorded.used:
        pod = (await client.list_pods(namespace=project)).items[-1]
        with contextlib.suppress(NoSuchWorkload, errors.NotStarted):
            async with contextlib.aclosing(workloads.logs(NAME, project, pod.name, LogsOf(tail=1))) as lines:
                async for _ in lines:
                    break
    await workloads.events(NAME, project, "")
    assert await workloads.autoscaler(NAME, project, "Deployment", "shop") == "shop"
    while ("", "pods", "delete") not in recorded.used:
        pod = (await client.list_pods(namespace=project)).items[-1]
        await workloads.delete_pod(NAME, project, pod.name, pod.metadata.uid)
    await _every_manifest(workloads, admin, project, manifests)
    await targets.pause(NAME, project, manifests)
    await asyncio.wait_for(watching, 30)
    gone = await targets.prune(NAME, project, "alpha", [])
    assert {g.split()[0] for g in gone} >= {m["kind"] for m in manifests}
    await targets.secret(NAME, project, "shop-secrets", {}, {})
    await namespaces.remove(NAME, project)

    assert recorded.used - rights == set()
    assert rights - recorded.used == set(), "given, and made use of nowhere"


async def test_what_podo_does_not_do_is_refused(
    admin: Cluster, home: World, recorder: tuple[Recorder, Cluster], helm: HelmRenderer
) -> None:
    _, client = recorder
    mine, name = unique("shop"), f"{home.namespace}-podo-clusters"
    for manifest in namespace_manifests(mine, "team-1", ["alpha"]):
        await client.apply(manifest, field_manager="podo")
    here, foreign = World(client, mine), World(client, home.namespace)
    await admin.apply(World(admin, mine).pod("there"), field_manager="tests")

    async def refused(act: Callable[[], Awaitable[Any]], by: type[Exception] = errors.Forbidden) -> None:
        with pytest.raises(by):
            await act()

    binding = _binding(mine, name)
    not_given: list[Callable[[], Awaitable[Any]]] = [
        lambda: client.list(kinds.NODE),
        lambda: client.list(kinds.NAMESPACE),
        lambda: client.apply(binding, field_manager="podo"),
        lambda: client.apply(_role(), field_manager="podo"),
        lambda: client.create(here.pod("bare"), field_manager="podo"),
        lambda: client.exec(here.ref(kinds.POD, "there"), ["true"]),
        lambda: client.evict(here.ref(kinds.POD, "there")),
        lambda: client.get(ROLE.ref(name)),
    ]
    for act in not_given:
        await refused(act)

    # Admission's part: given by kind, but not there.
    async def held() -> bool:
        with contextlib.suppress(errors.AdmissionRefused, errors.Forbidden):
            await client.apply(foreign.config_map("x", A="b"), field_manager="podo", dry_run=True)
            return False
        return True

    await eventually(held)
    await client.apply(here.config_map("x", A="b"), field_manager="podo")
    unlabelled = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": unique("bare")}}
    of_another = {**unlabelled, "metadata": {"name": unique("x"), "labels": {"podo.dev/project": "y"}}}
    freed = {"metadata": {"labels": {"podo.dev/project": None}}}
    elsewhere: list[Callable[[], Awaitable[Any]]] = [
        lambda: client.apply(World(client, "kube-system").deployment("x"), field_manager="podo", dry_run=True),
        lambda: client.delete(foreign.ref(kinds.SECRET, "podo-clusters")),
        lambda: client.create(unlabelled, field_manager="podo"),
        lambda: client.create(of_another, field_manager="podo"),
        lambda: client.delete(kinds.NAMESPACE.ref(home.namespace)),
        lambda: client.patch(kinds.NAMESPACE.ref(mine), freed, field_manager="podo"),
    ]
    for act in elsewhere:
        await refused(act, errors.AdmissionRefused)
    await admin.delete(kinds.NAMESPACE.ref(mine))


@pytest.mark.usefixtures("rights")
async def test_the_cluster_itself_says_what_the_account_may_not(seoul: local.LocalCluster, home: World) -> None:
    """Asked as an administrator asks before a change: may this account, impersonated, …?"""
    asked = [
        *[("", "nodes", verb) for verb in ("get", "list", "watch", "patch", "delete")],
        *[("", "secrets", verb) for verb in ("watch", "deletecollection", "update")],
        *[("", "pods", verb) for verb in ("create", "patch", "update")],
        *[("", f"pods/{sub}", "create") for sub in ("exec", "attach", "portforward", "eviction")],
        *[("", "serviceaccounts/token", "create"), ("", "persistentvolumes", "list"), ("", "users", "impersonate")],
        *[
            ("rbac.authorization.k8s.io", kind, verb)
            for kind in ("roles", "clusterroles")
            for verb in ("create", "bind", "escalate")
        ],
        *[("rbac.authorization.k8s.io", kind, "create") for kind in ("rolebindings", "clusterrolebindings")],
        *[("admissionregistration.k8s.io", "validatingadmissionpolicies", verb) for verb in ("get", "patch", "delete")],
        ("apiextensions.k8s.io", "customresourcedefinitions", "create"),
        ("certificates.k8s.io", "certificatesigningrequests", "create"),
        ("apps", "daemonsets", "create"),
        ("batch", "jobs", "create"),
        ("*", "*", "*"),
    ]
    admin = read(seoul.kubeconfig, None, None)
    async with aiohttp.ClientSession(headers=await admin.headers()) as session:

        async def may(right: Right) -> bool:
            group, resource, verb = right
            resource, _, subresource = resource.partition("/")
            wanted = {"group": group, "resource": resource, "subresource": subresource, "verb": verb}
            user = f"system:serviceaccount:{home.namespace}:podo-clusters"
            body = {"apiVersion": REVIEW.api_version, "kind": REVIEW.kind, "spec": {"user": user, "resourceAttributes": wanted}}
            url = f"{admin.server}/apis/{REVIEW.api_version}/subjectaccessreviews"
            async with session.post(url, json=body, ssl=admin.ssl) as answer:
                assert answer.status == 201, await answer.text()
                return (await answer.json())["status"]["allowed"]

        assert [right for right in asked if await may(right)] == []
        assert await may(("apps", "deployments", "patch"))


# -- what there is to work on

_AT = datetime(2026, 1, 1, tzinfo=UTC)


async def _nowhere(name: str) -> None:
    del name


async def _paved(helm: HelmRenderer, project: str) -> list[dict[str, Any]]:
    """A service with all that the paved road can make."""
    values = {
        "name": "shop",
        "image": {"repository": "registry.example.com/shop", "tag": "1"},
        "podo": {"project": project, "environment": "alpha", "region": "kr", "release": "rel-1"},
        "env": {"A": "b"},
        "ingress": {"enabled": True, "hosts": ["shop.example.com"]},
        "autoscaling": {"enabled": True},
        "workers": [{"name": "worker", "replicas": 1}],
        "cron": [{"name": "nightly", "schedule": "@daily"}],
        # A namespace that goes waits as long as its pods may take.
        "shutdown": {"drainSeconds": 0, "graceSeconds": 1},
        "podAnnotations": dict(SOON),
    }
    found = await helm.render(chart_folder(), values, release="shop", namespace=project)
    return [{**m, "metadata": {"namespace": project, **m["metadata"]}} for m in found.objects]


def _stateful(project: str) -> dict[str, Any]:
    labels = {"app.kubernetes.io/managed-by": "podo", "podo.dev/project": project, "podo.dev/environment": "alpha"}
    return _own("StatefulSet", project, {"serviceName": "shop", "replicas": 1}, labels)


def _daemon(project: str) -> dict[str, Any]:
    return _own("DaemonSet", project, {}, {})


def _own(kind: str, project: str, spec: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    name = kind.lower()
    inner = {
        "terminationGracePeriodSeconds": 1,
        "containers": [{"name": "app", "image": "registry.example/app:1", "command": SLEEPS}],
    }
    template = {"metadata": {"labels": {"app": name, "podo.dev/release": "rel-1"}, "annotations": dict(SOON)}, "spec": inner}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": project, "labels": dict(labels)},
        "spec": {**spec, "selector": {"matchLabels": {"app": name}}, "template": template},
    }


def _role() -> dict[str, Any]:
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    return {"apiVersion": ROLE.api_version, "kind": ROLE.kind, "metadata": {"name": "everything"}, "rules": rules}


def _binding(namespace: str, role: str) -> dict[str, Any]:
    return {
        "apiVersion": BINDING.api_version,
        "kind": BINDING.kind,
        "metadata": {"name": "more", "namespace": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "system:authenticated"}],
    }


async def _all_seen(workloads: KubernetesWorkloads) -> None:
    """Until each kind was listed whole once, and something changed."""
    whole: set[str] = set()
    async with contextlib.aclosing(workloads.watch(NAME)) as sightings:
        async for sighting in sightings:
            assert not sighting.why, sighting.why
            whole |= sighting.whole
            if len(whole) == 6 and not sighting.whole and sighting.workloads:
                return


async def _every_manifest(workloads: KubernetesWorkloads, admin: Cluster, project: str, manifests: list[dict[str, Any]]) -> None:
    """Each object that a page can show."""
    for manifest in manifests:
        await workloads.manifest(NAME, project, manifest["kind"], manifest["metadata"]["name"])
    await workloads.manifest(NAME, project, "DaemonSet", "daemonset")
    await workloads.manifest(NAME, project, "Secret", "shop-secrets")
    await workloads.manifest(NAME, project, "Pod", (await admin.list(kinds.POD, namespace=project)).items[0]["metadata"]["name"])
    await workloads.manifest(
        NAME, project, "ReplicaSet", (await admin.list(kinds.REPLICA_SET, namespace=project)).items[0]["metadata"]["name"]
    )
    job = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "registry.example/app:1"}]}}}
    await admin.create(
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once", "namespace": project}, "spec": job},
        field_manager="somebody",
    )
    await workloads.manifest(NAME, project, "Job", "once")
