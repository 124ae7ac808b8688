"""Whole pages over keep-alive loopback HTTP: the server is one process, the users are in another."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from bench import company, live, load, machine
from bench.figures import Figure, Limit, quantile
from bench.server import Server, serving
from bench.sizes import Size

_READING = 1.0
_PATIENCE = 120


async def measure(size: Size) -> list[Figure]:
    """Home, the list of projects, a workloads page and a search for a pod; and pages that are left open."""
    live.allow(size)
    with tempfile.TemporaryDirectory(prefix="podo-bench-") as folder:
        there = await company.found(Path(folder, "server"), projects=size.projects, pods=size.pods, said=size.said)
        # Projects of this size have webhooks; and no repository of theirs can be reached from here.
        with serving(there.folder, PODO_DELIVERY_POLL_SECONDS="0") as server:
            server.wait()
            cookies = [server.sign_in(there.people[n % len(there.people)]) for n in range(size.users)]
            _until_seen(server, cookies[0], there.pods)
            observed = _observe(there.folder / "observed.db", size.observed)
            last = max(1, -(-size.projects // 30))
            pages = {
                f"list of {size.projects:,} projects": [f"/projects?number={1 + n % last}" for n in range(0, 60, 7)],
                f"workloads page, {size.pods:,} pods": [f"/{company.BIG}/workloads?q=env%3Aprod"],
                f"deployment about which {size.said} things were said": [f"/{company.BIG}/deployments/{company.TALKED_OF}"],
                "home": ["/"],
                f"search for one of {observed:,} pods": [f"/search?q={company.BIG}-{n:x}" for n in range(16)],
            }
            with load.users(server.port, cookies) as users:
                figures = [figure for name, paths in pages.items() for figure in _both(server, users, size, name, paths)]
            return figures + live.figures(server, cookies, size)


def _observe(database: Path, pods: int) -> int:
    """As many pods in all as if they had been seen; those that were have brothers. Returns how many there are."""
    with contextlib.closing(sqlite3.connect(database, timeout=60)) as there, there:
        seen, mine = there.execute(
            "SELECT count(*), count(*) FILTER (WHERE namespace = ?) FROM seen_objects WHERE kind = 'Pod'", [company.BIG]
        ).fetchone()
        brothers = max(0, -(-(pods - mine) // max(1, seen - mine)) - 1)
        there.execute(
            """
            WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :brothers)
            INSERT INTO seen_objects (cluster, kind, namespace, name, health, ip, body, at)
            SELECT cluster, kind, namespace, name || '-' || n, health, '', json_set(body, '$.name', name || '-' || n), at
            FROM seen_objects, n WHERE kind = 'Pod' AND namespace != :mine AND :brothers > 0
            """,
            {"brothers": brothers, "mine": company.BIG},
        )
        return there.execute("SELECT count(*) FROM seen_objects WHERE kind = 'Pod'").fetchone()[0]


def _until_seen(server: Server, cookie: str, pods: int) -> None:
    """Watching has begun when the page shows all pods; what follows at the start is over when the CPU rests."""
    until = time.perf_counter() + _PATIENCE
    with httpx.Client(base_url=server.url, cookies={"podo_session": cookie}, timeout=_PATIENCE) as client:
        while client.get(f"/{company.BIG}/workloads?q=env%3Aprod").text.count('class="PodLink"') < pods:
            if time.perf_counter() > until:
                raise RuntimeError("the pods were never seen")
            time.sleep(0.5)
    while time.perf_counter() < until:
        used = machine.cpu(server.pid)
        time.sleep(2)
        if machine.cpu(server.pid) - used < 0.3:
            return


def _both(server: Server, users: load.Users, size: Size, name: str, paths: Sequence[str]) -> list[Figure]:
    """Users who read for a second, and users who never rest."""
    users.ask(paths, min(2, size.loaded), few=True)
    rates, late, middle, own, calm, heavy = [], [], [], [], [], 0.0
    pause = min(_READING, size.loaded)
    for _ in range(size.rounds):
        reading = users.ask(paths, max(size.loaded, 2 * pause), pause=pause)
        calm.append(quantile(reading.times, 0.99))
        before = machine.cpu(server.pid)
        seen = users.ask(paths, size.loaded)
        own.append((machine.cpu(server.pid) - before) * 1000 / len(seen.times))
        rates.append(len(seen.times) / seen.seconds)
        late.append(quantile(seen.times, 0.99))
        middle.append(quantile(seen.times, 0.5))
        heavy = seen.bytes / len(seen.times) / 1000
    page = f"{heavy:.0f} kB a page"
    many = f"{len(users.cookies)} users"
    return [
        Figure("pages", f"{name}: p99, {many} who never rest", "ms", late, Limit(100)),
        Figure("pages", f"{name}: p50", "ms", middle),
        Figure("pages", f"{name}: rate", "pages/s", rates, beside=page),
        Figure("pages", f"{name}: CPU of the server", "ms a page", own),
        Figure("pages", f"{name}: p99, {many} who read for a second", "ms", calm, Limit(100)),
    ]
