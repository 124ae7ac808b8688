"""Lists all pods of a cluster once, in one of several ways: a program of its own, so that its memory and CPU are its own.

`python -m bench.lister KUBECONFIG WAY` writes what it took. `bare` reads the same bytes and looks at nothing in them.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from bench import machine
from podo.clients.kubernetes.real import connect, kubeconfig

_PAGE = 500
_CONTINUE = re.compile(rb'"continue":"([^"]+)"')


async def _podo(path: Path) -> int:
    client = connect(path)
    found: list[Any] = []
    page = await client.list_pods(limit=_PAGE)
    found += page.items
    while page.continue_:
        page = await client.list_pods(limit=_PAGE, continue_=page.continue_)
        found += page.items
    await client.close()
    return len(found)


async def _bare(path: Path) -> int:
    access = kubeconfig.read(path, None, None)
    query, pods = f"limit={_PAGE}", 0
    trust = aiohttp.TCPConnector(ssl=access.ssl)
    async with aiohttp.ClientSession(connector=trust, headers=await access.headers(), raise_for_status=True) as session:
        while True:
            async with session.get(f"{access.server}/api/v1/pods?{query}") as answer:
                body = await answer.read()
            pods += body.count(b'"nodeName":')
            # The list's own metadata comes before its items.
            more = _CONTINUE.search(body, 0, 2000)
            if more is None:
                return pods
            query = f"limit={_PAGE}&continue={more[1].decode()}"


async def _lightkube(path: Path) -> int:
    from lightkube import Client, KubeConfig
    from lightkube.resources.core_v1 import Pod

    client = Client(config=KubeConfig.from_file(str(path)))
    return len(list(client.list(Pod, namespace="*", chunk_size=_PAGE)))


async def _official(path: Path) -> int:
    from kubernetes import client, config  # pyright: ignore[reportMissingTypeStubs]

    core: Any = client.CoreV1Api(config.new_client_from_config(str(path)))  # pyright: ignore[reportUnknownMemberType]
    page = core.list_pod_for_all_namespaces(limit=_PAGE)
    pods = list(page.items)
    while page.metadata._continue:
        page = core.list_pod_for_all_namespaces(limit=_PAGE, _continue=page.metadata._continue)
        pods += page.items
    return len(pods)


WAYS: dict[str, Callable[[Path], Any]] = {"podo": _podo, "bare": _bare, "lightkube": _lightkube, "official": _official}


def main() -> None:
    """Seconds, CPU seconds, MB beyond those before, and pods, as JSON."""
    way, path = WAYS[sys.argv[2]], Path(sys.argv[1])
    before = machine.resident(os.getpid())
    begun, cpu = time.perf_counter(), time.process_time()
    pods = asyncio.run(way(path))
    facts = {"seconds": time.perf_counter() - begun, "cpu": time.process_time() - cpu, "pods": pods}
    print(json.dumps({**facts, "mb": machine.resident(os.getpid(), "VmHWM") - before}))


if __name__ == "__main__":
    main()
