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
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from bench import machine
from bench.figures import Figure, Limit, quantile
from bench.houses import settings_for
from bench.lister import WAYS
from bench.measures import LeftOut
from bench.server import serving
from bench.sizes import Size
from podo.app import house as houses
from podo.app.demo import founding
from podo.clients.kubernetes import local
from podo.clients.kubernetes.real import RealCluster, connect
from podo.clients.kubernetes.types import Kind

_NODES, _SPACES, _AT_ONCE = 100, 20, 24
_RATE = 500
_POD = Kind("v1", "Pod")
_SENTINEL = "sentinel"
_PATIENCE = 180


async def measure(size: Size) -> list[Figure]:
    """Both, on one control plane."""
    with tempfile.TemporaryDirectory(prefix="podo-bench-") as folder:
        try:
            async with local.running("bench", Path(folder, "cluster"), nodes=min(_NODES, size.watched)) as there:
                client = connect(there.kubeconfig)
                try:
                    pods = await _furnish(client, size.watched)
                    figures = await _listed(there.kubeconfig, size)
                    return figures + await _watched(client, there.kubeconfig, pods, Path(folder), size)
                finally:
                    await client.close()
        except local.PartMissing as missing:
            raise LeftOut(str(missing)) from None


# -- what is there


async def _furnish(client: RealCluster, many: int) -> list[tuple[str, str]]:
    """Pods on all nodes, in some namespaces; kwok lets them run."""
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
    until = time.perf_counter() + _PATIENCE
    while len((await client.list_pods(field_selector="status.phase=Running")).items) < len(names):
        if time.perf_counter() > until:
            raise RuntimeError("the pods did not start to run")
        await asyncio.sleep(2)
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


async def _watched(client: RealCluster, kubeconfig: Path, pods: list[tuple[str, str]], folder: Path, size: Size) -> list[Figure]:
    server = folder / "server"
    access = await asyncio.to_thread(kubeconfig.read_text)
    house = houses.build(settings_for(server))
    await houses.furnish(house)
    await founding.found(house, [founding.Place("bench", "kr", ("alpha", "prod"), access)])
    await houses.take_down(house)
    with serving(server, PODO_DELIVERY_POLL_SECONDS="0") as podo:
        await asyncio.to_thread(podo.wait)
        empty = machine.resident(podo.pid)
        begun = time.perf_counter()
        await _until(lambda: _seen(server)[0] == len(pods))
        took = time.perf_counter() - begun
        figures = [Figure("watching", f"{size.watched:,} pods until all of them are known", "s", [took])]
        rate = min(_RATE, size.watched)
        lags, shares, heights, rates = [], [], [], []
        for _ in range(size.rounds):
            async with _changing(client, pods, rate, rates):
                cpu, at = machine.cpu(podo.pid), time.perf_counter()
                lags.append(await _lags(client, server, max(4, size.seconds)))
                shares.append(100 * (machine.cpu(podo.pid) - cpu) / (time.perf_counter() - at))
            heights.append(machine.resident(podo.pid, "VmHWM"))
    what = f"changes among {size.watched:,} pods"
    return [
        *figures,
        Figure("watching", f"{what}: came about", "a second", rates, beside=f"{rate} were wanted, on the same cores"),
        Figure("watching", f"{what}: seen after, p50", "ms", [quantile(x, 0.5) for x in lags]),
        Figure("watching", f"{what}: seen after, p99", "ms", [quantile(x, 0.99) for x in lags]),
        Figure("watching", f"{what}: CPU of Podo", "% of a core", shares),
        Figure("watching", f"{what}: memory of Podo", "MB", heights, beside=f"{empty:.0f} MB before"),
    ]


def _seen(server: Path) -> tuple[int, int]:
    """How many pods Podo knows, and how often the sentinel was restarted as far as it knows."""
    with contextlib.closing(sqlite3.connect(f"file:{server / 'observed.db'}?mode=ro", uri=True)) as database:
        pods = database.execute("SELECT count(*) FROM seen_objects WHERE kind = 'Pod'").fetchone()[0]
        row = database.execute("SELECT body FROM seen_objects WHERE kind = 'Pod' AND name = ?", [_SENTINEL]).fetchone()
    return pods, sum(c["restarts"] for c in json.loads(row[0])["containers"]) if row else -1


async def _until(true: Callable[[], bool]) -> None:
    until = time.perf_counter() + _PATIENCE
    while not true():
        if time.perf_counter() > until:
            raise RuntimeError("the pods were never seen")
        await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def _changing(client: RealCluster, pods: list[tuple[str, str]], rate: int, reached: list[float]) -> AsyncIterator[None]:
    """At most so many pods change each second, as those do whose containers start and end; how many did is put into `reached`."""
    done = 0

    async def change() -> None:
        nonlocal done
        while True:
            done += 1
            await _restarted(client, *random.choice(pods[:-1]), done)
            # A change that came late is made up for.
            await asyncio.sleep(max(0.0, begun + done / rate - time.perf_counter()))

    begun = time.perf_counter()
    tasks = [asyncio.create_task(change()) for _ in range(_AT_ONCE)]
    try:
        await asyncio.sleep(1)
        yield
        reached.append(done / (time.perf_counter() - begun))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _restarted(client: RealCluster, namespace: str, name: str, times: int) -> None:
    state = {"running": {"startedAt": "2026-11-01T00:00:00Z"}}
    status = {"name": "app", "image": "", "imageID": "", "ready": True, "restartCount": times, "state": state}
    body = {"status": {"containerStatuses": [status]}}
    await client.patch(_POD.ref(name, namespace), body, field_manager="bench", subresource="status")


async def _lags(client: RealCluster, server: Path, seconds: float) -> list[float]:
    """Milliseconds from the API server's answer until Podo's own table shows it, of one pod again and again."""
    found: list[float] = []
    until = time.perf_counter() + seconds
    number = _seen(server)[1] + 1
    while time.perf_counter() < until:
        await _restarted(client, "bench-00", _SENTINEL, number)
        sent = time.perf_counter()
        while await asyncio.to_thread(_sentinel, server) < number:  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.002)
        found.append((time.perf_counter() - sent) * 1000)
        number += 1
    return found


def _sentinel(server: Path) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{server / 'observed.db'}?mode=ro", uri=True)) as database:
        query = "SELECT body FROM seen_objects WHERE cluster = 'bench' AND kind = 'Pod' AND namespace = 'bench-00' AND name = ?"
        row = database.execute(query, [_SENTINEL]).fetchone()
    return sum(c["restarts"] for c in json.loads(row[0])["containers"]) if row else -1
