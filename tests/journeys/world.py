"""Podo served on loopback, with a git repository to push to, a builder, and clusters in three regions."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from podo.access import service as access
from podo.access.types import Role
from podo.catalog import service as catalog
from podo.catalog.types import ClusterKind, Environment, Region
from podo.clients.kubernetes import local
from podo.clients.kubernetes.client import Cluster
from podo.clients.kubernetes.connections import Connections
from podo.clients.kubernetes.errors import NotFound
from podo.clients.kubernetes.kinds import DEPLOYMENT, NAMESPACE
from podo.clients.kubernetes.real import connect
from podo.kernel import clock
from tests.company import serving
from tests.contracts.registry.servers import debian
from tests.domains.delivery.shops import directory
from tests.houses import QUICK, Living, living, person
from tests.journeys import forked

HELLO = Path(__file__).parents[2] / "examples" / "hello"
REGIONS = ("kr", "jp", "uk")
SOAK = 2
# What makes a pod of the twin, and of a local cluster, crash: everywhere else it is a plain annotation.
CRASHES_IN_JP = """
  prod:
    regions:
      jp:
        podAnnotations: {simulate.podo.dev/failure: CrashLoopBackOff}
"""


@dataclass
class World:
    """What a newcomer has in front of him."""

    living: Living
    address: str
    repository: Path
    real: bool
    builds_really: bool
    kubeconfigs: dict[str, Path] = field(default_factory=dict)

    async def token(self, who: str) -> str:
        """An API token that may all that the person may."""
        async with self.living.transaction(person(who)) as tx:
            scopes = ["read", "operate", "approve", "own", "govern", "administer"]
            _, secret = await access.create_token(tx, "journey", scopes, clock.now() + timedelta(days=1))
        return secret

    async def push(self, greeting: str) -> str:
        """Change the greeting, commit, and give the commit's sha: the repository is polled, so that this is a push."""
        (self.repository / "greeting.txt").write_text(f"{greeting}\n")
        await git(self.repository, "add", "-A")
        await git(self.repository, "commit", "-q", "-m", f"Say {greeting}")
        return (await git(self.repository, "rev-parse", "HEAD")).strip()

    async def cluster(self, environment: str, region: str) -> Cluster:
        """The client of a target's cluster."""
        async with self.living.reading() as r:
            found = await catalog.resolve(r, environment, region)
        return await self.living.house.ports[Connections].of(found.cluster)  # type: ignore[type-abstract]


async def eventually(look: Callable[[], Awaitable[Any]], seconds: float = 90) -> Any:
    """What `look` gives once it gives something."""
    until = clock.monotonic() + seconds
    while True:
        found = await look()
        if found:
            return found
        assert clock.monotonic() < until, f"not so within {seconds:g} s"
        await asyncio.sleep(0.5)


async def git(folder: Path, *words: str) -> str:
    """Run git there, as somebody in particular."""
    who = {"GIT_AUTHOR_NAME": "김하늘", "GIT_AUTHOR_EMAIL": "haneul@podo.test"}
    who |= {"GIT_COMMITTER_NAME": "김하늘", "GIT_COMMITTER_EMAIL": "haneul@podo.test", "GIT_CONFIG_GLOBAL": "/dev/null"}
    process = await asyncio.create_subprocess_exec(
        "git", *words, cwd=folder, env={**os.environ, **who}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, (words, out.decode(), err.decode())
    return out.decode()


async def podo(world: World, token: str, *words: str, code: int = 0, stdin: str = "") -> str:
    """Run the command line as somebody; what it printed."""
    env = {"PATH": os.environ["PATH"], "HOME": str(world.living.folder), "PODO_URL": world.address, "PODO_TOKEN": token}
    ended, said = await forked.podo(words, env, stdin)
    assert ended == code, (words, ended, said)
    return said


@contextlib.asynccontextmanager
async def world(folder: Path, planes: Mapping[str, local.LocalCluster] | None = None) -> AsyncIterator[World]:
    """The whole of it; `planes`: a real control plane for each region, which serves alpha and production. Else twins."""
    repository = folder / "git" / "hello"
    shutil.copytree(HELLO, repository, ignore=shutil.ignore_patterns(".git"))
    await git(repository, "init", "-q", "-b", "main")
    await git(repository, "add", "-A")
    await git(repository, "commit", "-q", "-m", "Say hello")
    really = shutil.which("buildah") is not None and shutil.which("docker-registry") is not None and os.geteuid() == 0
    async with contextlib.AsyncExitStack() as stack:
        host = (await stack.enter_async_context(debian(folder / "registry", login=None)))[0] if really else "127.0.0.1:9"
        kubeconfigs = {region: plane.kubeconfig for region, plane in (planes or {}).items()}
        names = [] if planes else [f"{e}-{r}" for e in ("alpha", "prod") for r in REGIONS]
        settings = {
            "PODO_CATALOG_LOCAL_REPOSITORIES": "true",
            "PODO_DELIVERY_BUILD_ON_HOST": "true",
            "PODO_DELIVERY_BUILDER": "buildah" if really else "twin",
            "PODO_DELIVERY_REGISTRY": host,
            "PODO_DELIVERY_POLL_SECONDS": "1",
            "PODO_DELIVERY_DEGRADED_SECONDS": "3",
            "PODO_DELIVERY_ROLLOUT_SECONDS": "60",
        }
        house = await stack.enter_async_context(
            living(folder / "podo", clusters=names, domains=None, pace=QUICK, pauses=(0.2, 0.5), **settings)
        )
        await _furnish(house, kubeconfigs)
        address = await stack.enter_async_context(serving(house))
        yield World(house, address, repository, bool(planes), really, kubeconfigs)


async def emptied(planes: Iterable[local.LocalCluster]) -> None:
    """Delete the namespaces that Podo made there, and wait until they are gone."""
    async with contextlib.AsyncExitStack() as stack:
        for plane in planes:
            cluster = connect(plane.kubeconfig)
            stack.push_async_callback(cluster.close)
            await eventually(lambda cluster=cluster: _emptied(cluster))


async def _emptied(cluster: Cluster) -> bool:
    ours = await cluster.list(NAMESPACE, label_selector="podo.dev/project")
    for name in [found["metadata"]["name"] for found in ours.items]:
        with contextlib.suppress(NotFound):
            # Of a namespace that has pods, Kubernetes looks half their grace period later whether it is empty.
            if await _is_still(cluster, name):
                await cluster.delete(NAMESPACE.ref(name))
    return not ours.items


async def _is_still(cluster: Cluster, namespace: str) -> bool:
    """Delete what makes pods there; whether none are left."""
    for found in (await cluster.list(DEPLOYMENT, namespace=namespace)).items:
        await cluster.delete(DEPLOYMENT.ref(found["metadata"]["name"], namespace))
    return not (await cluster.list_pods(namespace=namespace)).items


async def _furnish(house: Living, kubeconfigs: Mapping[str, Path]) -> None:
    people, teams, memberships = directory()
    async with house.transaction() as tx:
        await access.sync_directory(tx, people, teams, memberships)
        await access.grant(tx, "oliver", Role.sre)
    async with house.transaction() as tx:
        await catalog.set_environment(tx, Environment("alpha", 0))
        await catalog.set_environment(tx, Environment("prod", 1, approvals=1, soak_seconds=SOAK))
        for order, code in enumerate(REGIONS):
            await catalog.set_region(tx, Region(code, code.upper(), "Asia/Seoul", order))
    async with house.transaction() as tx:
        for region in REGIONS:
            if kubeconfigs:
                text = kubeconfigs[region].read_text()
                both = ["alpha", "prod"]
                await catalog.add_cluster(tx, house.house.seal, f"local-{region}", region, both, ClusterKind.kubeconfig, text)
                continue
            for stage in ("alpha", "prod"):
                await catalog.add_cluster(tx, house.house.seal, f"{stage}-{region}", region, [stage], ClusterKind.twin)
