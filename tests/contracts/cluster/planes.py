"""What befalls a true control plane: its store forgets, another API server answers for it, and one has too much to do."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import yaml

from podo.clients.kubernetes import errors, kinds, local
from podo.clients.kubernetes.local import control_plane
from podo.clients.kubernetes.real import RealCluster, connect
from podo.clients.kubernetes.real.kubeconfig import read
from podo.clients.kubernetes.types import Ref
from tests.contracts.cluster.world import BY, World, eventually

_FLOWS = "flowcontrol.apiserver.k8s.io/v1"
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_ACCOUNT = "watcher"
_RESOURCES = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": True, "namespaces": ["*"]}
_OTHERS = {"verbs": ["*"], "nonResourceURLs": ["*"]}


async def forget(cluster: local.LocalCluster) -> None:
    """Let etcd forget all versions but the present one."""
    # By its gateway: JSON, with numbers as text.
    connector = aiohttp.UnixConnector(path=str(cluster.directory / "etcd.sock"))
    async with aiohttp.ClientSession(connector=connector) as session:
        async with session.post("http://etcd/v3/kv/range", json={"key": "AA=="}) as answer:
            revision = (await answer.json())["header"]["revision"]
        async with session.post("http://etcd/v3/kv/compaction", json={"revision": revision, "physical": True}) as answer:
            assert answer.status == 200, await answer.text()


@contextlib.asynccontextmanager
async def another(cluster: local.LocalCluster) -> AsyncIterator[RealCluster]:
    """A second API server over the same store, as in a control plane that must not stand still. It never saw what was before."""
    ports = control_plane.free_ports()
    program = control_plane.api_server(cluster.directory, ports)
    # It ends when its standard input does, so that it ends with us, however we end.
    command = ["sh", "-c", '"$@" >/dev/null 2>&1 & cat >/dev/null; kill -9 $!', "sh", *program.command]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cluster.directory, stdin=asyncio.subprocess.PIPE, start_new_session=True
    )
    content = yaml.safe_load(cluster.kubeconfig.read_text())
    content["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{ports.api}"
    client = connect(content, name="another")

    async def answers() -> bool:
        with contextlib.suppress(errors.Unreachable, errors.Unauthenticated, errors.Forbidden):
            return bool(await client.list_pods(limit=1))
        return False

    try:
        await eventually(answers)
        yield client
    finally:
        await client.close()
        assert process.stdin
        process.stdin.close()
        await process.wait()


@dataclass
class Jail:
    """An account that may look at everything, of whose requests the API server takes one at a time and lets none wait."""

    name: str
    kubeconfig: dict[str, Any]

    def client(self, **options: Any) -> RealCluster:
        """A client of the account."""
        return connect(self.kubeconfig, name="jailed", **options)

    @contextlib.asynccontextmanager
    async def full(self) -> AsyncIterator[None]:
        """Within this context one request of the account is under way: the rest of its body does not come."""
        access = read(self.kubeconfig, None, None)
        place = urlsplit(access.server)
        assert isinstance(access.ssl, ssl.SSLContext)
        reader, writer = await asyncio.open_connection(place.hostname, place.port, ssl=access.ssl)
        headers = {"host": place.netloc, "expect": "100-continue", "content-length": "100", **await access.headers()}
        lines = [f"POST {_REVIEWS} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        try:
            writer.write("\r\n".join(lines).encode())
            # Whoever asks for the body has let the request in.
            assert b" 100 " in await reader.readline()
            yield
        finally:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@contextlib.asynccontextmanager
async def jailed(cluster: local.LocalCluster, world: World) -> AsyncIterator[Jail]:
    """An account in the namespace of `world`, and a priority for it alone."""
    name = world.namespace
    await world.apply(world.manifest(kinds.SERVICE_ACCOUNT, _ACCOUNT))
    made = [{**manifest, "metadata": {"name": name}} for manifest in _priority(name)]
    for manifest in made:
        await world.cluster.create(manifest, field_manager=BY)
    content = yaml.safe_load(cluster.kubeconfig.read_text())
    place = f"/api/v1/namespaces/{name}/serviceaccounts/{_ACCOUNT}/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    content["users"][0]["user"] = {"token": json.loads(await _asked(cluster, "POST", place, body))["status"]["token"]}
    jail = Jail(name, content)
    client = jail.client()

    async def in_force() -> bool:
        await client.version()
        return await counted(cluster, "apiserver_flowcontrol_dispatched_requests_total", name) > 0

    try:
        await eventually(in_force)
        yield jail
    finally:
        await client.close()
        for manifest in reversed(made):
            await world.cluster.delete(Ref.of(manifest))


def _priority(name: str) -> list[dict[str, Any]]:
    account = {"name": _ACCOUNT, "namespace": name}
    level = {"nominalConcurrencyShares": 0, "borrowingLimitPercent": 0, "limitResponse": {"type": "Reject"}}
    rule = {"subjects": [{"kind": "ServiceAccount", "serviceAccount": account}], "resourceRules": [_RESOURCES]}
    flow = {
        "priorityLevelConfiguration": {"name": name},
        "matchingPrecedence": 50,
        "rules": [{**rule, "nonResourceRules": [_OTHERS]}],
    }
    view = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    bound = {"subjects": [{"kind": "ServiceAccount", **account}], "roleRef": view}
    return [
        {"apiVersion": _FLOWS, "kind": "PriorityLevelConfiguration", "spec": {"type": "Limited", "limited": level}},
        {"apiVersion": _FLOWS, "kind": "FlowSchema", "spec": flow},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", **bound},
    ]


async def counted(cluster: local.LocalCluster, metric: str, level: str) -> float:
    """What the API server counts of a priority level."""
    lines = (await _asked(cluster, "GET", "/metrics")).splitlines()
    mine = [line for line in lines if line.startswith(f"{metric}{{") and f'priority_level="{level}"' in line]
    return sum(float(line.rpartition(" ")[2]) for line in mine)


async def _asked(cluster: local.LocalCluster, method: str, path: str, body: Any = None) -> str:
    """What the API server answers its administrator."""
    access = read(cluster.kubeconfig, None, None)
    connector = aiohttp.TCPConnector(ssl=access.ssl)
    async with aiohttp.ClientSession(connector=connector, headers=await access.headers(), raise_for_status=True) as session:
        async with session.request(method, access.server + path, json=body) as answer:
            return await answer.text()
