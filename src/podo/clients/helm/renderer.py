"""Rendering with a memory: what was rendered once is not rendered again."""

from __future__ import annotations

import asyncio
import copy
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from podo.clients.helm import manifests
from podo.clients.helm.binary import HelmBinary
from podo.clients.helm.charts import chart_digest
from podo.clients.helm.errors import HelmUnavailable
from podo.clients.helm.sdk import HelmSdk
from podo.clients.helm.types import KUBE_VERSION, HelmEngine, Rendered
from podo.kernel import ids


def engine(*, before_call: Callable[[], None] | None = None) -> HelmEngine:
    """The engine that there is: a `helm` program on PATH, which somebody wants used, or else the Python package (ten times
    faster, as it stays warm), or else a program that was built as a part. Raises `HelmUnavailable`."""
    if found := HelmBinary.on_path():
        return HelmBinary(found, before_call=before_call)
    if HelmSdk.available():
        return HelmSdk(before_call=before_call)
    if found := HelmBinary.built():
        return HelmBinary(found, before_call=before_call)
    raise HelmUnavailable(what="Helm", why="there is neither a helm program nor the package helm-python-sdk")


class HelmRenderer:
    """Answers `Helm` by an engine, and keeps the last `remembered` renderings by chart, values, names and versions."""

    def __init__(self, by: HelmEngine, *, remembered: int = 256) -> None:
        self._engine = by
        self._most = remembered
        self._known: OrderedDict[tuple[str, ...], Rendered] = OrderedDict()

    async def render(
        self, chart: Path, values: Mapping[str, Any], *, release: str, namespace: str, kube_version: str = KUBE_VERSION
    ) -> Rendered:
        """See `Helm`."""
        digest = await asyncio.to_thread(chart_digest, chart)
        version = await self._engine.version()
        key = (digest, ids.digest(values), release, namespace, kube_version, version)
        if key not in self._known:
            texts = manifests.tidy(await self._engine.texts(chart, values, release, namespace, kube_version))
            self._known[key] = Rendered(manifests.read(texts), texts, digest, version)
        self._known.move_to_end(key)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
        # The caller may change what it gets.
        return copy.deepcopy(self._known[key])

    async def close(self) -> None:
        """See `Helm`."""
        await self._engine.close()
