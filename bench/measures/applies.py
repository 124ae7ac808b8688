"""Many projects deployed at once to one real control plane: the applier beside bare requests, and all of Podo."""

from __future__ import annotations

import asyncio
import json
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from bench.figures import Figure, Limit
from bench.houses import Living, living, somebody
from bench.measures import LeftOut
from bench.measures.deployments import ask, built, none_open, registered
from bench.sizes import Size
from podo.app.demo import founding
from podo.catalog import service as catalog
from podo.catalog.types import Environment
from podo.clients.kubernetes import local
from podo.clients.kubernetes.real import RealCluster, connect, kubeconfig
from podo.clients.kubernetes.types import Kind
from podo.delivery import service
from podo.delivery.adapters.targets import KubernetesTargets
from podo.delivery.types import Decision, RolloutState
from podo.kernel.nouns import PODO

_DEPLOYMENT = Kind("apps/v1", "Deployment")
_PATIENCE = 240
# Argo CD 3.6.1 with its repo server and Redis, the same 100 applications of three objects on such a machine of two cores.
_ARGO = {"first": (45.0, 28.0), "again": (48.0, 41.0)}
_SHARE = 0.4

Manifest = dict[str, Any]


async def measure(size: Size) -> list[Figure]:
    """Both, one after the other, on one control plane: the first leaves nothing in it that runs."""
    with tempfile.TemporaryDirectory(prefix="podo-bench-") as folder:
        try:
            async with local.running("bench", Path(folder, "cluster"), nodes=5) as there:
                return await _alone(there, size) + await _whole(there, Path(folder, "server"), size)
        except local.PartMissing as missing:
            raise LeftOut(str(missing)) from None


# -- the applier alone


async def _alone(there: local.LocalCluster, size: Size) -> list[Figure]:
    ratios: dict[str, list[float]] = {"first": [], "again": []}
    bare: dict[str, list[float]] = {"first": [], "again": []}
    client = connect(there.kubeconfig)
    targets = KubernetesTargets(_One(client))

    async def ours(project: str, manifests: Sequence[Manifest]) -> None:
        await targets.apply("bench", project, manifests)

    for turn in range(size.rounds):
        took: dict[str, dict[str, float]] = {}
        # Who comes second finds a warmer server: they take turns.
        ways = ["bare", "ours"] if turn % 2 else ["ours", "bare"]
        for way in ways:
            projects = [f"{way}-{turn}-{n:03d}" for n in range(size.applied)]
            await _spaces(client, projects)
            async with _Bare(there.kubeconfig) as requests:
                took[way] = await _twice(client, projects, ours if way == "ours" else requests.apply)
            await _emptied(client, projects)
        for when, alone in took["bare"].items():
            ratios[when].append(took["ours"][when] / alone)
            bare[when].append(alone)
    await client.close()
    what = f"{size.applied} projects of three objects to healthy"
    return [
        *(Figure("applies", f"{what}, {when}: applier beside bare", "×", ratios[when], Limit(1.5)) for when in ratios),
        *(Figure("applies", f"{what}, {when}: bare requests", "s", bare[when]) for when in bare),
    ]


class _One:
    """`Connections` to one cluster."""

    def __init__(self, client: RealCluster) -> None:
        self._client = client

    async def of(self, cluster: str) -> RealCluster:
        return self._client


class _Bare:
    """Server-side apply as one would write it by hand: JSON out, the answer thrown away."""

    def __init__(self, path: Path) -> None:
        self._access = kubeconfig.read(path, None, None)

    async def __aenter__(self) -> _Bare:
        trust = aiohttp.TCPConnector(ssl=self._access.ssl, limit=0)
        headers = {**await self._access.headers(), "content-type": "application/apply-patch+yaml"}
        self._session = aiohttp.ClientSession(connector=trust, headers=headers, raise_for_status=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def apply(self, project: str, manifests: Sequence[Manifest]) -> None:
        for m in manifests:
            root = "/api/v1" if m["apiVersion"] == "v1" else f"/apis/{m['apiVersion']}"
            path = f"{root}/namespaces/{project}/{m['kind'].lower()}s/{m['metadata']['name']}?fieldManager=bare&force=true"
            async with self._session.patch(self._access.server + path, data=json.dumps(m)) as answer:
                await answer.read()


async def _twice(
    client: RealCluster, projects: Sequence[str], apply: Callable[[str, Sequence[Manifest]], Awaitable[None]]
) -> dict[str, float]:
    """Seconds until all are healthy, made anew and with another image."""
    took = {}
    for when, image in (("first", "one"), ("again", "two")):
        begun = time.perf_counter()
        await asyncio.gather(*(apply(project, _three(project, image)) for project in projects))
        await _healthy(client, set(projects))
        took[when] = time.perf_counter() - begun
    return took


def _three(project: str, image: str) -> list[Manifest]:
    labels = {"app": project}

    def metadata() -> Manifest:
        return {"name": project, "namespace": project, "labels": labels}

    container = {"name": "app", "image": f"registry.podo.example/{image}", "envFrom": [{"configMapRef": {"name": project}}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(), "data": {"NAME": project}},
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata(), "spec": {"selector": labels, "ports": [{"port": 80}]}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata(), "spec": spec},
    ]


async def _spaces(client: RealCluster, projects: Sequence[str]) -> None:
    async def make(name: str) -> None:
        await client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, field_manager="bench")
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}
        await client.apply(account, field_manager="bench", force=True)

    await asyncio.gather(*map(make, projects))


async def _emptied(client: RealCluster, projects: Sequence[str]) -> None:
    await asyncio.gather(*(client.delete(_DEPLOYMENT.ref(p, p)) for p in projects))
    async with asyncio.timeout(_PATIENCE):
        while (await client.list_pods()).items:  # noqa: ASYNC110 - it is the server that is waited for
            await asyncio.sleep(0.5)


async def _healthy(client: RealCluster, projects: set[str]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while True:
            found = [m for m in (await client.list(_DEPLOYMENT)).items if m["metadata"]["name"] in projects]
            if all(map(_is_there, found)):
                return
            await asyncio.sleep(0.2)


def _is_there(manifest: Manifest) -> bool:
    status, wanted = manifest.get("status", {}), manifest["spec"]["replicas"]
    counts = [status.get(key, 0) for key in ("updatedReplicas", "availableReplicas", "replicas")]
    return status.get("observedGeneration") == manifest["metadata"]["generation"] and counts == [wanted] * 3


# -- all of Podo


async def _whole(there: local.LocalCluster, folder: Path, size: Size) -> list[Figure]:
    seconds: dict[str, list[float]] = {"first": [], "again": []}
    cpu: dict[str, list[float]] = {"first": [], "again": []}
    access = await asyncio.to_thread(there.kubeconfig.read_text)
    async with living(folder, PODO_DELIVERY_POLL_SECONDS="0") as house:
        await founding.found(house.house, [founding.Place("bench", "kr", ("alpha", "prod"), access)])
        async with house.transaction(PODO) as tx:
            await catalog.set_environment(tx, Environment("prod", 1, approvals=1))
        builds = await registered(house, size.applied, ["kr"])
        await _all_to_alpha(house, builds)
        for n, when in enumerate(("first", "again")):
            if n:
                builds = {slug: await built(house, slug, n) for slug in builds}
                await house.settled()
                await _all_to_alpha(house, builds)
            took = await _all_to_production(house, builds)
            seconds[when].append(took[0])
            cpu[when].append(took[1])
    what = f"{size.applied} projects through all of Podo, approval to healthy"
    return [
        _beside(f"{what}, {when}", unit, found[when], _ARGO[when][n], size)
        for n, (unit, found) in enumerate((("s", seconds), ("s of CPU", cpu)))
        for when in found
    ]


def _beside(name: str, unit: str, found: list[float], argo: float, size: Size) -> Figure:
    if size.applied < 100:
        return Figure("applies", name, unit, found)
    return Figure("applies", name, unit, found, Limit(_SHARE * argo), beside=f"Argo CD was seen to take {argo:.0f} {unit}")


def _used() -> float:
    """CPU seconds of this process; its children's are those of rendering, which is over when a person approves."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _all_to_alpha(house: Living, builds: dict[str, Any]) -> None:
    await asyncio.gather(*(ask(house, slug, build, "alpha") for slug, build in builds.items()))
    async with asyncio.timeout(_PATIENCE):
        await none_open(house)


async def _all_to_production(house: Living, builds: dict[str, Any]) -> tuple[float, float]:
    """Seconds, and CPU seconds, from the approvals until all are healthy."""
    asked = await asyncio.gather(*(ask(house, slug, build, "prod") for slug, build in builds.items()))
    await house.settled()
    lead = somebody(founding.lead().id)

    async def approve(of: Any) -> None:
        async with house.transaction(lead) as tx:
            seen = {r.region: r.bundle for r in of.rollouts}
            await service.approvals.review(tx, of.project, of.number, seen, Decision.approve)

    begun, used = time.perf_counter(), _used()
    await asyncio.gather(*map(approve, asked))
    async with asyncio.timeout(_PATIENCE):
        await none_open(house)
    took = (time.perf_counter() - begun, _used() - used)
    for of in asked:
        async with house.reading(PODO) as r:
            now = await service.deployments.deployment(r, of.project, of.number)
        if now.state is not RolloutState.healthy:
            raise RuntimeError(f"{of.project} is {now.state}")
    return took
