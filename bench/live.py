"""Pages that are left open: how late the last of many hears of a change, what that costs, and what they hold."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from bench import listeners, machine
from bench.company import BIG, FIRST
from bench.figures import Figure, Limit, quantile
from bench.server import Server
from bench.sizes import Size
from podo.app.demo import founding

_CSRF = re.compile(r'data-csrf="([^"]+)"')
_PAUSE = 0.1
_SPARE = 200


@dataclass(slots=True)
class _Changes:
    """When each was answered, and what the server spent on them all."""

    answered: list[float]
    milliseconds: float


def allow(size: Size) -> None:
    """Let this process and the server that it starts hold so many connections. To be called before it is started."""
    if listeners.allow(size.held + _SPARE) < size.held + _SPARE:
        raise RuntimeError(f"this machine allows no {size.held} open files")


def figures(server: Server, cookies: Sequence[str], size: Size) -> list[Figure]:
    """Open pages of one project on a server that runs: `size.open` that are told of changes, `size.held` that are weighed."""
    with _changing(server) as change:
        change(BIG, 0)
        alone = change(BIG, size.changes).milliseconds
        lags, costs, others = [], [], []
        for _ in range(size.rounds):
            with listeners.listening(_pages(server, cookies, size.open)) as pages:
                others.append(change(FIRST, size.changes).milliseconds - alone)
                made = change(BIG, size.changes)
                told = pages.told(size.changes)
            lags += [1000 * (heard - answered) for heard, answered in zip(told, made.answered, strict=True)]
            costs.append((made.milliseconds - alone) / size.open * 1000)
    before = machine.resident(server.pid)
    begun = machine.cpu(server.pid)
    with listeners.listening(_pages(server, cookies, size.held)):
        opened = (machine.cpu(server.pid) - begun) / size.held * 1000
        held = machine.resident(server.pid) - before
    what = f"{size.open:,} live pages"
    return [
        Figure("pages", f"{what}, each change told to the last of them after its answer: p50", "ms", [quantile(lags, 0.5)]),
        Figure("pages", f"{what}, the same: p99", "ms", [quantile(lags, 0.99)]),
        Figure("pages", f"{what}: CPU of telling one of them", "µs", costs),
        Figure("pages", f"{what}: CPU of a change that none of them shows, beyond its own {alone:.1f} ms", "ms", others),
        Figure("pages", f"{size.held:,} live pages: memory", "MB", [held], Limit(150), beside=f"{before:.0f} MB before"),
        Figure("pages", f"{size.held:,} live pages: CPU of opening one", "ms", [opened]),
    ]


def _pages(server: Server, cookies: Sequence[str], many: int) -> listeners.Wanted:
    return listeners.Wanted(server.port, cookies, f"project:{BIG}", many)


class _Changing:
    """Somebody who sets a variable again and again: one event each time."""

    def __init__(self, server: Server, client: httpx.Client) -> None:
        self._server = server
        self._client = client
        self._number = 0

    def __call__(self, project: str, times: int) -> _Changes:
        """So often, with a moment between them; milliseconds of the server's CPU for one."""
        answered: list[float] = []
        before = machine.cpu(self._server.pid)
        for _ in range(times):
            self._number += 1
            answer = self._client.put(f"/api/v1/projects/{project}/config/BENCH", json={"value": str(self._number)})
            answered.append(time.perf_counter())
            answer.raise_for_status()
            time.sleep(_PAUSE)
        return _Changes(answered, (machine.cpu(self._server.pid) - before) / max(1, times) * 1000)


@contextmanager
def _changing(server: Server) -> Iterator[_Changing]:
    cookie = server.sign_in(founding.member().id)
    with httpx.Client(base_url=server.url, cookies={"podo_session": cookie}, timeout=60) as client:
        found = _CSRF.search(client.get("/", headers={"accept": "text/html"}).text)
        assert found
        client.headers["x-csrf-token"] = found[1]
        yield _Changing(server, client)
