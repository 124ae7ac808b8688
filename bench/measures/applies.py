"""Many projects deployed at once to one real control plane: the applier beside bare requests, and all of Podo."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

import aiohttp

from bench import argo, machine
from bench.figures import Figure, Limit
from bench.houses import QUICK, Living, living, somebody
from bench.measures import LeftOut
from bench.measures.deployments import AT_ONCE, ask, built, none_open, registered
from bench.sizes import Size
from podo.app.demo import founding
from podo.catalog import service as catalog
from podo.catalog.rules import namespace_manifests
from podo.catalog.types import Environment
from podo.clients.kubernetes import local
from podo.clients.kubernetes.real import RealCluster, connect, kubeconfig
from podo.clients.kubernetes.twin import Twin
from podo.clients.kubernetes.types import Kind
from podo.delivery import service
from podo.delivery.adapters.targets import KubernetesTargets
from podo.delivery.types import Decision, Deployment, RolloutState
from podo.kernel.db import outside
from podo.kernel.nouns import PODO

_DEPLOYMENT = Kind("apps/v1", "Deployment")
_PATIENCE = 240
# A Deployment, its Service and its account; the paved road would add a budget for drained nodes.
_THREE = {**AT_ONCE, "disruption": {"enabled": False}}
_SHARE = 0.4
# As many times beside the peer: some four minutes each.
_BESIDE = 3

Manifest = dict[str, Any]
# What was taken, first and again.
_Took = dict[str, argo.Took]
# What a project is made of, by project, first and again.
_Objects = dict[str, dict[str, Sequence[Manifest]]]


async def measure(size: Size) -> list[Figure]:
    """All of Podo on a fresh control plane, and the peer on its own; once more; at the end the applier alone on Podo's last."""
    has_peer = size.has_peers and not argo.missing()
    ours, theirs, figures = list[_Took](), list[_Took](), list[Figure]()
    rounds = min(size.rounds, _BESIDE) if has_peer else 1
    for turn in range(rounds):
        with tempfile.TemporaryDirectory(prefix="podo-bench-") as folder:
            try:
                async with local.running("bench", Path(folder, "cluster"), nodes=5) as there:
                    took, objects = await _whole(there, Path(folder, "server"), size)
                    ours.append(took)
                    if turn == rounds - 1:
                        figures = await _alone(there, size)
                if has_peer:
                    theirs.append(await _peer(Path(folder), objects))
            except local.PartMissing as missing:
                raise LeftOut(str(missing)) from None
    return figures + _beside(ours, theirs, size)


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


async def _whole(there: local.LocalCluster, folder: Path, size: Size) -> tuple[_Took, _Objects]:
    """What it took, and what was applied."""
    objects: _Objects = {}
    taken: _Took = {}
    access = await asyncio.to_thread(there.kubeconfig.read_text)
    # Alpha is a cluster of its own, as it is in a company: what comes to production for the first time is made anew there.
    alpha = Twin("alpha", pace=QUICK, before_call=outside)
    async with living(folder, [alpha], PODO_DELIVERY_POLL_SECONDS="0") as house:
        places = founding.Place("alpha", "kr", ("alpha",)), founding.Place("bench", "kr", ("prod",), access)
        await founding.found(house.house, places)
        async with house.transaction(PODO) as tx:
            await catalog.set_environment(tx, Environment("prod", 1, approvals=1))
        builds = await registered(house, size.applied, ["kr"], _THREE)
        await _all_to_alpha(house, builds)
        for n, when in enumerate(("first", "again")):
            if n:
                builds = {slug: await built(house, slug, n) for slug in builds}
                await house.settled()
                await _all_to_alpha(house, builds)
            taken[when], asked = await _all_to_production(house, builds)
            objects[when] = {of.project: await _made_of(house, of) for of in asked}
    client = connect(there.kubeconfig)
    await _emptied(client, list(builds))
    await client.close()
    return taken, objects


async def _made_of(house: Living, of: Deployment) -> Sequence[Manifest]:
    async with house.reading(PODO) as r:
        release = await service.releases.release(r, of.project, of.release)
    [bundle] = [b for b in release.bundles if b.environment == "prod"]
    return json.loads(json.dumps(bundle.manifests))


def _beside(ours: Sequence[_Took], theirs: Sequence[_Took], size: Size) -> list[Figure]:
    """All of Podo, whose goal is a share of what the peer took right after it."""
    what = f"{size.applied} projects through all of Podo, approval to healthy"
    figures: list[Figure] = []
    for unit, of in (("s", attrgetter("seconds")), ("s of CPU", attrgetter("cpu"))):
        for when in ours[0]:
            mine, its = ([of(took[when]) for took in side] for side in (ours, theirs))
            figures.append(Figure("applies", f"{what}, {when}", unit, mine))
            if its:
                shares = [one / other for one, other in zip(mine, its, strict=True)]
                figures.append(Figure("applies", f"the same by {argo.NAME}, {when}", unit, its))
                figures.append(Figure("applies", f"{what}, {when}: {unit} beside {argo.NAME}", "×", shares, Limit(_SHARE)))
    for when in theirs[0] if theirs else ():
        held = [took[when].mb for took in theirs]
        figures.append(Figure("applies", f"controller and repo server of {argo.NAME}, {when}", "MB", held))
    return figures


async def _peer(folder: Path, objects: _Objects) -> _Took:
    """The same objects in the same namespaces, the same way: made anew, and with another image."""
    projects = list(objects["first"])
    async with local.running("peer", folder / "peer", nodes=5) as there:
        client = connect(there.kubeconfig)
        try:
            await _spaces(client, projects)
            limits = [m for project in projects for m in namespace_manifests(project, "team", ["prod"])]
            await asyncio.gather(*(client.apply(m, field_manager="bench") for m in limits))
        finally:
            await client.close()
        async with argo.running(there.kubeconfig, folder / "argo", projects) as peer:
            return {when: await peer.deploy(each) for when, each in objects.items()}


def _used() -> float:
    """CPU seconds of this process; its children's are those of rendering, which is over when a person approves."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _all_to_alpha(house: Living, builds: dict[str, Any]) -> None:
    await asyncio.gather(*(ask(house, slug, build, "alpha") for slug, build in builds.items()))
    async with asyncio.timeout(_PATIENCE):
        await none_open(house)


async def _all_to_production(house: Living, builds: dict[str, Any]) -> tuple[argo.Took, list[Deployment]]:
    """Seconds, CPU seconds and MB, from the approvals until all are healthy; and the deployments."""
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
    took = argo.Took(time.perf_counter() - begun, _used() - used, machine.resident(os.getpid()))
    for of in asked:
        async with house.reading(PODO) as r:
            now = await service.deployments.deployment(r, of.project, of.number)
        if now.state is not RolloutState.healthy:
            raise RuntimeError(f"{of.project} is {now.state}")
    return took, asked
