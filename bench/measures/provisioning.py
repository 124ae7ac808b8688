"""Podo as a SCIM server beside scim2-server, which keeps everything in memory: the same users and groups by the same client."""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from bench import machine
from bench.figures import Figure
from bench.houses import living, somebody
from bench.server import serving
from bench.sizes import Size
from podo.access import service
from podo.access.types import Person, Role, Team
from podo.kernel import clock
from podo.kernel.nouns import PODO

_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
_HANDS = 4
_PATIENCE = 60.0
_REFERENCE = "from scim2_server.testserver.cli import main; main()"


async def measure(size: Size) -> list[Figure]:
    """Each server is a process of its own; four connections push, as an identity provider does."""
    with tempfile.TemporaryDirectory(prefix="podo-bench-") as folder:
        token = await _founded(Path(folder) / "house")
        with _reference() as url:
            theirs = _provisioned(f"{url}/v2", "", size)
        with serving(Path(folder) / "house") as server:
            server.wait()
            ours = _provisioned(f"{server.url}/scim/v2", token, size)
    what = f"{size.provisioned:,} users and {size.provisioned // 10:,} groups by SCIM"
    each = [seconds[0] * 1000 / size.provisioned for seconds in (ours, theirs)]
    return [
        Figure("provisioning", what, "s", [ours[0] + ours[1]], beside=f"{theirs[0] + theirs[1]:.1f} s: scim2-server, in memory"),
        Figure("provisioning", "a user", "ms", [each[0]], beside=f"{each[1]:.1f} ms"),
        Figure("provisioning", "found by userName: p50", "ms", [ours[2]], beside=f"{theirs[2]:.1f} ms"),
    ]


async def _founded(folder: Path) -> str:
    """A company of one administrator; gives the token that may push."""
    async with living(folder) as house:
        async with house.transaction(PODO) as tx:
            await service.sync_directory(tx, [Person("root", "Root", "root@podo.example")], [Team("top", "Podo", "podo")], [])
            await service.grant(tx, "root", Role.admin)
        async with house.transaction(somebody("root")) as tx:
            until = clock.now() + timedelta(days=1)
            _, secret = await service.create_token(tx, "hr", ["access.sync"], until)
    return secret


@contextlib.contextmanager
def _reference() -> Iterator[str]:
    port = machine.free_port()
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-c", _REFERENCE, "--port", str(port)], **quiet)  # type: ignore[call-overload]
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + _PATIENCE
        while True:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"{url}/v2/ServiceProviderConfig")
                break
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("scim2-server did not start")
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


def _provisioned(base: str, token: str, size: Size) -> tuple[float, float, float]:
    """Seconds for all users, seconds for all groups of ten, and milliseconds to find one by name."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    users = [_user(n) for n in range(size.provisioned)]
    with ThreadPoolExecutor(_HANDS) as pool:
        shares = [users[hand::_HANDS] for hand in range(_HANDS)]
        begun = time.perf_counter()
        made = pool.map(lambda share: _pushed(f"{base}/Users", headers, share), shares)
        ids = list(itertools.chain.from_iterable(made))
        middle = time.perf_counter()
        groups = [_group(n, ids[n * 10 : n * 10 + 10]) for n in range(len(ids) // 10)]
        list(pool.map(lambda hand: _pushed(f"{base}/Groups", headers, groups[hand::_HANDS]), range(_HANDS)))
        ended = time.perf_counter()
    assert len(set(ids)) == size.provisioned
    return middle - begun, ended - middle, _looked_up(base, headers, size)


def _pushed(url: str, headers: dict[str, str], bodies: Sequence[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    with httpx.Client(headers=headers, timeout=_PATIENCE) as client:
        for body in bodies:
            answer = client.post(url, json=body)
            assert answer.status_code == 201, (answer.status_code, answer.text[:300])
            found.append(answer.json()["id"])
    return found


def _looked_up(base: str, headers: dict[str, str], size: Size) -> float:
    taken: list[float] = []
    with httpx.Client(headers=headers, timeout=_PATIENCE) as client:
        for n in range(min(100, size.provisioned)):
            begun = time.perf_counter()
            answer = client.get(f"{base}/Users", params={"filter": f'userName eq "user-{n}@podo.example"'})
            taken.append((time.perf_counter() - begun) * 1000)
            assert answer.json()["totalResults"] == 1, answer.text
    return sorted(taken)[len(taken) // 2]


def _user(n: int) -> dict[str, Any]:
    name = {"familyName": "김", "givenName": f"하준{n}", "formatted": f"김하준{n}"}
    emails = [{"value": f"user-{n}@podo.example", "type": "work", "primary": True}]
    return {"schemas": [_USER], "userName": f"user-{n}@podo.example", "externalId": f"hr-{n}", "name": name, "emails": emails}


def _group(n: int, members: Sequence[str]) -> dict[str, Any]:
    return {"schemas": [_GROUP], "displayName": f"팀 {n}", "members": [{"value": m, "type": "User"} for m in members]}
