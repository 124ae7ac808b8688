"""A real API server with many pods: listing them beside other clients, and how late all of Podo sees what changes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import yaml

from bench import follower, machine, writer
from bench.cutting import Way
from bench.figures import Figure, Limit, quantile
from bench.houses import settings_for
from bench.lister import WAYS
from bench.measures import LeftOut
from bench.server import serving
from bench.sizes import Size
from podo.app import house as houses
from podo.app.demo import founding
from podo.clients.kubernetes import local
from podo.clients.kubernetes.local import control_plane
from podo.clients.kubernetes.real import RealCluster, connect
from podo.clients.kubernetes.real.kubeconfig import read
from podo.clients.kubernetes.types import Kind

_NODES, _SPACES, _AT_ONCE = 100, 20, 24
# Changes a second: few come by the API server, as a kubelet makes them; many are put into its store (see `bench.writer`).
_FEW, _MANY = 100, 500
_POD = Kind("v1", "Pod")
_SENTINEL = "sentinel"
_CUT, _OFTEN = 3.0, 0.1
_PATIENCE = 180
# kwok lets a few dozen pods a second become ready on a busy machine.
_FURNISHED = 900


async def measure(size: Size) -> list[Figure]:
    """Both, on one control plane."""
    with tempfile.TemporaryDirectory(prefix="podo-bench-") as folder:
        try:
            async with local.running("bench", Path(folder, "cluster"), nodes=min(_NODES, size.watched)) as there:
                client = connect(there.kubeconfig)
                try:
                    pods = await _furnish(client, size.watched)
                    figures = await _listed(there.kubeconfig, size)
                    place = urlsplit(there.api_url)
                    async with Way(place.hostname or "", place.port or 0).open() as way:
                        watch = _Watch(client, there, pods, way, Path(folder, "server"), size)
                        return figures + await _watched(watch)
                finally:
                    await client.close()
        except local.PartMissing as missing:
            raise LeftOut(str(missing)) from None


# -- what is there


async def _furnish(client: RealCluster, many: int) -> list[tuple[str, str]]:
    """Pods on all nodes, in some namespaces, all of them ready: kwok changes none of them any more."""
    nodes = [n["metadata"]["name"] for n in (await client.list(Kind("v1", "Node"))).items]
    names = [(f"bench-{n % _SPACES:02d}", f"web-{n:05d}") for n in range(many)] + [("bench-00", _SENTINEL)]
    for n in range(_SPACES):
        await client.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"bench-{n:02d}"}}, field_manager="bench"
        )
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": f"bench-{n:02d}"}}
        await client.apply(account, field_manager="bench", force=True)

    async def make(place: tuple[str, str]) -> None:
        await client.create(_pod(*place, random.choice(nodes)), field_manager="bench")

    await _all(make, names)
    until = time.perf_counter() + _FURNISHED
    while sum(pod.ready for pod in (await client.list_pods()).items) < len(names):
        if time.perf_counter() > until:
            raise RuntimeError("the pods did not become ready")
        await asyncio.sleep(3)
    return names


def _pod(namespace: str, name: str, node: str) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": name.partition("-")[0], "app.kubernetes.io/managed-by": "podo", "tier": "2"}
    container = {
        "name": "app",
        "image": "registry.podo.example/web@sha256:" + "0" * 64,
        "env": [{"name": f"VARIABLE_{n}", "value": "a value of some length"} for n in range(8)],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "ports": [{"containerPort": 8080}],
    }
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"nodeName": node, "containers": [container]}}


async def _all(call: Callable[[Any], Awaitable[None]], given: Iterable[Any]) -> None:
    rest = iter(given)

    async def one_after_another() -> None:
        for item in rest:
            await call(item)

    await asyncio.gather(*(one_after_another() for _ in range(_AT_ONCE)))


# -- listing


async def _listed(kubeconfig: Path, size: Size) -> list[Figure]:
    taken: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(size.rounds):
        for way in WAYS:
            taken[way].append(await asyncio.to_thread(_list_once, kubeconfig, way))
    for way, found in taken.items():
        if wrong := [f["pods"] for f in found if f["pods"] != size.watched + 1]:
            raise RuntimeError(f"{way} found {wrong[0]} pods")
    what = f"list of {size.watched:,} pods"
    seconds = {way: [f["seconds"] for f in found] for way, found in taken.items()}
    ratios = [ours / bare for ours, bare in zip(seconds["podo"], seconds["bare"], strict=True)]
    mine = Figure("watching", f"{what}: time beside a bare download", "×", ratios, Limit(1.5))
    memory = Figure("watching", f"{what}: memory", "MB", [f["mb"] for f in taken["podo"]], Limit(150))
    others = [Figure("watching", f"{what}: {way}", "s", seconds[way], beside=_cost(taken[way])) for way in WAYS]
    return [mine, memory, *others]


def _cost(found: list[dict[str, float]]) -> str:
    cpu, mb = (sorted(f[key] for f in found)[len(found) // 2] for key in ("cpu", "mb"))
    return f"{cpu:.2f} s of CPU, {mb:.0f} MB"


def _list_once(kubeconfig: Path, way: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.lister", str(kubeconfig), way]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout)


# -- watching


@dataclass(slots=True)
class _Watch:
    """Podo over one cluster: `way` leads it there, `folder` is its server's."""

    client: RealCluster
    cluster: local.LocalCluster
    pods: list[tuple[str, str]]
    way: Way
    folder: Path
    size: Size

    def rate(self, wanted: int) -> int:
        """Changes a second: not more than there are pods."""
        return min(wanted, self.size.watched)


@dataclass(slots=True)
class _Seen:
    """What came of some seconds of changes: milliseconds until Podo, and a bare watch, saw each, and what they cost."""

    lags: list[float]
    bare: list[float]
    rate: float
    share: float
    spent: float
    lists: int


async def _watched(watch: _Watch) -> list[Figure]:
    size = watch.size
    access = yaml.safe_load(await asyncio.to_thread(watch.cluster.kubeconfig.read_text))
    access["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{watch.way.port}"
    house = houses.build(settings_for(watch.folder))
    await houses.furnish(house)
    await founding.found(house, [founding.Place("bench", "kr", ("alpha", "prod"), yaml.safe_dump(access))])
    await houses.take_down(house)
    with serving(watch.folder, PODO_DELIVERY_POLL_SECONDS="0") as podo:
        await asyncio.to_thread(podo.wait)
        empty = machine.resident(podo.pid)
        begun = time.perf_counter()
        with contextlib.closing(_observed(watch.folder)) as seen:
            await _until(lambda: _count(seen) == len(watch.pods))
        took = time.perf_counter() - begun
        few = [await _changed(watch, podo.pid, _FEW) for _ in range(size.rounds)]
        many = [await _changed(watch, podo.pid, _MANY) for _ in range(size.rounds)]
        held = machine.resident(podo.pid, "VmHWM")
        watch.way.every = min(_CUT, size.seconds)
        cut = [await _changed(watch, podo.pid, _MANY) for _ in range(size.rounds)]
    cutting = f"every stream cut each {watch.way.every:g} s"
    memory = Figure(
        "watching", f"{size.watched:,} pods that change: memory of Podo", "MB", [held], beside=f"{empty:.0f} MB before"
    )
    return [
        Figure("watching", f"{size.watched:,} pods until all of them are known", "s", [took]),
        *_told(f"{watch.rate(_FEW)} changes a second", few),
        *_told(f"{watch.rate(_MANY)} changes a second in the store", many),
        memory,
        *_told(f"{watch.rate(_MANY)} in the store, {cutting}", cut),
        Figure("watching", f"{cutting}: lists of pods, in {watch.way.cuts} cuts", "", [sum(c.lists for c in cut)], Limit(0)),
    ]


def _told(what: str, found: list[_Seen]) -> list[Figure]:
    spent = sorted(each.spent for each in found)[len(found) // 2]
    beside = f"the API server and etcd took {spent:.1f} ms of CPU for one"
    return [
        Figure("watching", f"{what}: came about", "a second", [each.rate for each in found], beside=beside),
        *(_late(f"{what}: seen after", found, share) for share in (0.5, 0.99)),
        Figure("watching", f"{what}: CPU of Podo", "% of a core", [each.share for each in found]),
    ]


def _late(what: str, found: list[_Seen], share: float) -> Figure:
    bare = sorted(quantile(each.bare, share) for each in found)[len(found) // 2]
    late = [quantile(each.lags, share) for each in found]
    return Figure("watching", f"{what}, p{100 * share:g}", "ms", late, beside=f"a bare watch of the same: {bare:.0f} ms")


async def _changed(watch: _Watch, podo: int, wanted: int) -> _Seen:
    """Some seconds of changes, and of one pod whose changes are looked for in Podo's own table and in a bare watch."""
    servers = [watch.cluster.pids[name] for name in ("kube-apiserver", "etcd")]
    config = watch.cluster.kubeconfig
    with contextlib.closing(_observed(watch.folder)) as seen, follower.following(config, _SENTINEL) as bare:
        store = control_plane.store_socket(watch.cluster.directory) if wanted == _MANY else None
        with writer.changing(config, watch.pods[:-1], watch.rate(wanted), store) as made:
            await asyncio.sleep(min(1.0, watch.size.seconds))
            lists = await _lists(config)
            before, begun = (machine.cpu(podo), sum(map(machine.cpu, servers))), time.perf_counter()
            answered, lags = await _lags(watch.client, seen, 2 * watch.size.seconds)
            took = time.perf_counter() - begun
            after = machine.cpu(podo), sum(map(machine.cpu, servers))
            listed = await _lists(config) - lists
        told = dict(reversed(await asyncio.to_thread(bare.told, max(answered))))
    spent = 1000 * (after[1] - before[1]) / took / made.rate
    beside = [max(0.0, told[number] - at) * 1000 for number, at in answered.items() if number in told]
    return _Seen(lags, beside, made.rate, 100 * (after[0] - before[0]) / took, spent, listed)


def _observed(server: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{server / 'observed.db'}?mode=ro", uri=True, isolation_level=None)


def _count(seen: sqlite3.Connection) -> int:
    return seen.execute("SELECT count(*) FROM seen_objects WHERE kind = 'Pod'").fetchone()[0]


def _sentinel(seen: sqlite3.Connection) -> int:
    """How often the sentinel was restarted, as far as Podo knows."""
    query = "SELECT body FROM seen_objects WHERE cluster = 'bench' AND kind = 'Pod' AND namespace = 'bench-00' AND name = ?"
    row = seen.execute(query, [_SENTINEL]).fetchone()
    return sum(c["restarts"] for c in json.loads(row[0])["containers"]) if row else -1


async def _until(true: Callable[[], bool]) -> None:
    until = time.perf_counter() + _PATIENCE
    while not true():
        if time.perf_counter() > until:
            raise RuntimeError("the pods were never seen")
        await asyncio.sleep(0.1)


async def _lists(kubeconfig: Path) -> int:
    """How often all pods were listed, as the API server counts it."""
    access = read(kubeconfig, None, None)
    connector = aiohttp.TCPConnector(ssl=access.ssl)
    async with aiohttp.ClientSession(connector=connector, headers=await access.headers(), raise_for_status=True) as session:
        async with session.get(f"{access.server}/metrics") as answer:
            lines = (await answer.text()).splitlines()
    found = [line for line in lines if line.startswith("apiserver_request_total{") and 'resource="pods"' in line]
    return sum(int(float(line.rpartition(" ")[2])) for line in found if 'verb="LIST"' in line and 'scope="cluster"' in line)


async def _lags(client: RealCluster, seen: sqlite3.Connection, seconds: float) -> tuple[dict[int, float], list[float]]:
    """One pod changes on and on: when the API server answered each change, and milliseconds from then until Podo's own
    table shows it.
    """
    lags: list[float] = []
    answered: dict[int, float] = {}
    awaited: set[int] = set()
    first = max(0, _sentinel(seen)) + 1

    async def change() -> None:
        until = time.perf_counter() + seconds
        number = first
        while time.perf_counter() < until:
            await _restarted(client, number)
            answered[number] = time.perf_counter()
            awaited.add(number)
            number += 1
            await asyncio.sleep(_OFTEN)

    changing = asyncio.create_task(change())
    until = time.perf_counter() + seconds + _PATIENCE
    while awaited or not changing.done():
        there, now = _sentinel(seen), time.perf_counter()
        arrived = {number for number in awaited if number <= there}
        lags += [max(0.0, now - answered[number]) * 1000 for number in arrived]
        awaited -= arrived
        if now > until:
            raise RuntimeError("a change was never seen")
        await asyncio.sleep(0.005)
    await changing
    return answered, lags


async def _restarted(client: RealCluster, times: int) -> None:
    state = {"running": {"startedAt": "2026-11-01T00:00:00Z"}}
    status = {"name": "app", "image": "", "imageID": "", "ready": True, "restartCount": times, "state": state}
    body = {"status": {"containerStatuses": [status]}}
    await client.patch(_POD.ref(_SENTINEL, "bench-00"), body, field_manager="bench", subresource="status")
