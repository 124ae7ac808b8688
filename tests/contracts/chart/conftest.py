"""The paved-road chart, rendered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from podo.clients.helm import HelmRenderer, HelmSdk, chart_folder

DIGEST = "sha256:" + "a" * 64
IMAGE = {"image": {"repository": "registry.example.com/team/hello", "digest": DIGEST}}
Objects = dict[tuple[str, str], dict[str, Any]]
Render = Callable[..., Awaitable[Objects]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def helm() -> AsyncIterator[HelmRenderer]:
    """One for a file: most of what a test takes is the start of its process."""
    renderer = HelmRenderer(HelmSdk(children=1, seconds=20))
    yield renderer
    await renderer.close()


@pytest.fixture
def render(helm: HelmRenderer) -> Render:
    async def rendered(kube_version: str = "1.36.0", **values: Any) -> Objects:
        """The objects by kind and name, of a project called hello."""
        found = await helm.render(chart_folder(), IMAGE | values, release="hello", namespace="hello", kube_version=kube_version)
        return {(o["kind"], o["metadata"]["name"]): o for o in found.objects}

    return rendered
