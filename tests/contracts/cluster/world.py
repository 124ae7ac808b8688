"""A namespace to work in, manifests to work with, and patience."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from podo.clients.kubernetes import kinds
from podo.clients.kubernetes.client import Cluster
from podo.clients.kubernetes.types import Change, Kind, Manifest, Ref
from podo.kernel import clock, ids

T = TypeVar("T")

BY = "podo"
# Where a real kubelet has to pull them, two that have `sh`; the first two of PODO_TEST_IMAGES, divided by blanks.
IMAGE, OTHER = os.environ.get("PODO_TEST_IMAGES", "registry.example/app:1 registry.example/app:2").split()[:2]
PATIENCE = float(os.environ.get("PODO_TEST_PATIENCE", "30"))
SLEEPS = ["sh", "-c", "echo one; echo two; sleep 3600"]
# A shell hears no SIGTERM, and a namespace that goes waits as long as its pods may take.
_BRIEF = {"terminationGracePeriodSeconds": 1}
# Simulated pods need not look busy here; a real kubelet does not know it.
SOON = {"simulate.podo.dev/ready-after": "0s"}


async def eventually(look: Callable[[], Awaitable[T]], seconds: float = PATIENCE) -> T:
    """What `look` gives once it gives something; fails after so many seconds."""
    until = clock.monotonic() + seconds
    while True:
        found = await look()
        if found:
            return found
        assert clock.monotonic() < until, f"not so within {seconds:g} seconds: {found!r}"
        await asyncio.sleep(0.03)


@dataclass
class World:
    """One cluster and a namespace of the test's own."""

    cluster: Cluster
    namespace: str

    def ref(self, kind: Kind, name: str) -> Ref:
        """The object of this name here."""
        return kind.ref(name, self.namespace)

    async def apply(self, manifest: Manifest, **options: Any) -> Manifest:
        """Apply as Podo."""
        return await self.cluster.apply(manifest, **{"field_manager": BY, **options})

    async def get(self, kind: Kind, name: str) -> Manifest:
        """The object as it is now."""
        return await self.cluster.get(self.ref(kind, name))

    def config_map(self, name: str, *, labels: dict[str, str] | None = None, **data: str) -> Manifest:
        """A ConfigMap."""
        return self._manifest(kinds.CONFIG_MAP, name, labels) | {"data": data}

    def pod(self, name: str, *, labels: dict[str, str] | None = None, **container: Any) -> Manifest:
        """A pod that sleeps."""
        spec = {"containers": [{"name": "app", "image": IMAGE, "command": SLEEPS, **container}], **_BRIEF}
        manifest = self._manifest(kinds.POD, name, labels)
        manifest["metadata"]["annotations"] = dict(SOON)
        return manifest | {"spec": spec}

    def deployment(self, name: str, *, image: str = IMAGE, replicas: int = 2, **spec: Any) -> Manifest:
        """A Deployment whose pods sleep."""
        template = self.template(name, image=image)
        selector = {"matchLabels": {"app": name}}
        return self._manifest(kinds.DEPLOYMENT, name) | {
            "spec": {"replicas": replicas, "selector": selector, "template": template, **spec}
        }

    def template(self, name: str, *, image: str = IMAGE, **spec: Any) -> Manifest:
        """A pod template."""
        container = {"name": "app", "image": image, "command": SLEEPS}
        metadata = {"labels": {"app": name}, "annotations": dict(SOON)}
        return {"metadata": metadata, "spec": {"containers": [container], **_BRIEF, **spec}}

    def manifest(self, kind: Kind, name: str, **fields: Any) -> Manifest:
        """Any object of this namespace."""
        return self._manifest(kind, name) | fields

    def _manifest(self, kind: Kind, name: str, labels: dict[str, str] | None = None) -> Manifest:
        metadata: dict[str, Any] = {"name": name, "namespace": self.namespace}
        return {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "metadata": metadata | ({"labels": labels} if labels else {}),
        }

    async def is_simulated(self) -> bool:
        """Whether no containers run here, so that pods do what annotations say."""
        (node, *_) = (await self.cluster.list(kinds.NODE)).items
        runtime: str = node["status"]["nodeInfo"].get("containerRuntimeVersion", "")
        return runtime.startswith(("kwok", "twin"))

    async def names(self, kind: Kind, **selection: Any) -> list[str]:
        """Names of the objects of `kind` here."""
        page = await self.cluster.list(kind, namespace=self.namespace, **selection)
        return [item["metadata"]["name"] for item in page.items]

    async def until(self, kind: Kind, name: str, is_so: Callable[[Manifest], Any], seconds: float = PATIENCE) -> Manifest:
        """The object, once it is so."""

        async def look() -> Manifest | None:
            found = await self.get(kind, name)
            return found if is_so(found) else None

        found = await eventually(look, seconds)
        assert found is not None
        return found

    async def until_rolled_out(self, name: str) -> Manifest:
        """The Deployment, once all pods are of its newest template and available."""
        return await self.until(kinds.DEPLOYMENT, name, rolled_out)

    async def until_gone(self, ref: Ref) -> None:
        """Wait until there is no such object."""
        from podo.clients.kubernetes.errors import NotFound

        async def look() -> bool:
            try:
                await self.cluster.get(ref)
            except NotFound:
                return True
            return False

        await eventually(look)

    async def running_pod(self, name: str, **container: Any) -> Ref:
        """A pod of this name that is ready."""
        await self.apply(self.pod(name, **container))
        await self.until(kinds.POD, name, is_ready)
        return self.ref(kinds.POD, name)


def rolled_out(manifest: Manifest) -> bool:
    """Whether a Deployment has come to rest."""
    status, wished = manifest.get("status") or {}, manifest["spec"]["replicas"]
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    return status.get("observedGeneration") == manifest["metadata"]["generation"] and counts == [wished] * 3


def condition(manifest: Manifest, type: str) -> dict[str, Any]:
    """A condition of an object; empty if it has none of this type."""
    conditions = (manifest.get("status") or {}).get("conditions") or ()
    return next((c for c in conditions if c["type"] == type), {})


def is_ready(pod: Manifest) -> bool:
    """Whether a pod is ready."""
    return condition(pod, "Ready").get("status") == "True"


async def taken(stream: Any, wanted: int, seconds: float = PATIENCE) -> list[Any]:
    """The first items of a stream, which is closed then."""
    found: list[Any] = []
    async with contextlib.aclosing(stream) as items, asyncio.timeout(seconds):
        async for item in items:
            found.append(item)
            if len(found) == wanted:
                break
    return found


def said(change: Change) -> tuple[str, str]:
    """A change as its type and the name of its object."""
    return change.type, change.object["metadata"].get("name", "")


def unique(prefix: str) -> str:
    """A name that nothing has."""
    return f"{prefix}-{ids.new('x')[-10:]}"
