"""The API of a local cluster, as plain as it is: paths, JSON, and a command in a container over a WebSocket."""

from __future__ import annotations

import base64
import json
import ssl
import time
from collections.abc import Callable
from typing import Any, TypeVar

import aiohttp
import httpx
import yaml

from podo.clients.kubernetes.local import LocalCluster
from podo.kernel import clock

T = TypeVar("T")
PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
JOBS = "/apis/batch/v1/namespaces/default/jobs"


def eventually(look: Callable[[], T], seconds: float = 30.0) -> T:
    """What `look` gives once it gives something."""
    until = clock.monotonic() + seconds
    while not (found := look()):
        assert clock.monotonic() < until, f"not so within {seconds:g} seconds: {found!r}"
        time.sleep(0.05)
    return found


class Api:
    """What an administrator with the kubeconfig can do."""

    def __init__(self, cluster: LocalCluster) -> None:
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        self._token = config["users"][0]["user"]["token"]
        authority = base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"])
        self._tls = ssl.create_default_context(cadata=authority.decode())
        self._headers = {"Authorization": f"Bearer {self._token}"}
        self.http = httpx.Client(base_url=config["clusters"][0]["cluster"]["server"], headers=self._headers, verify=self._tls)

    def get(self, path: str, **params: Any) -> Any:
        """The JSON at `path`."""
        return self.http.get(path, params=params).raise_for_status().json()

    def create(self, path: str, name: str, **fields: Any) -> Any:
        """Create an object called `name` in the collection `path`."""
        annotations = fields.pop("annotations", {})
        body = {"metadata": {"name": name, "annotations": annotations}, **fields}
        return self.http.post(path, json=body).raise_for_status().json()

    def pod(self, name: str, *, annotations: dict[str, str] | None = None, restart: str = "Always", **container: Any) -> None:
        """Create a pod of one container called `app`."""
        spec = {"restartPolicy": restart, "containers": [{"name": "app", "image": "registry.example/app:1", **container}]}
        self.create(PODS, name, annotations=annotations or {}, spec=spec)

    def container(self, pod: str) -> Any:
        """What the status of a pod says of its first container; empty before it says anything."""
        return (self.get(f"{PODS}/{pod}")["status"].get("containerStatuses") or [{}])[0]

    def ready(self, pod: str) -> bool:
        """Whether the pod is ready."""
        return condition(self.get(f"{PODS}/{pod}"), "Ready") == "True"

    def waiting(self, pod: str) -> str:
        """Why the first container of a pod waits; empty when it does not."""
        return self.container(pod).get("state", {}).get("waiting", {}).get("reason", "")

    def log(self, pod: str, **params: Any) -> httpx.Response:
        """The log of a pod."""
        return self.http.get(f"{PODS}/{pod}/log", params=params)

    async def exec(self, pod: str, *command: str) -> tuple[int, str]:
        """Run a command in a pod; its exit code, and what it wrote to stdout and stderr."""
        params = [("command", word) for word in command] + [("stdout", "1"), ("stderr", "1")]
        written, status = b"", {}
        async with aiohttp.ClientSession(headers=self._headers) as session:
            url = f"{self.http.base_url}{PODS}/{pod}/exec"
            async with session.ws_connect(url, params=params, protocols=["v4.channel.k8s.io"], ssl=self._tls) as socket:
                async for message in socket:
                    if message.data[:1] == b"\x03":
                        status = json.loads(message.data[1:])
                    written += message.data[1:] if message.data[:1] in (b"\x01", b"\x02") else b""
        if status["status"] == "Success":
            return 0, written.decode()
        return int(status["details"]["causes"][0]["message"]), written.decode()


def condition(manifest: Any, name: str) -> str:
    """`True`, `False` or `Unknown`, empty where the object has no such condition."""
    return next((c["status"] for c in manifest["status"].get("conditions", ()) if c["type"] == name), "")
