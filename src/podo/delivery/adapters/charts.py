"""The paved-road chart, rendered by Helm's own engine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from podo.clients.helm import Helm, chart_digest, chart_folder
from podo.delivery.ports import RenderedChart
from podo.delivery.types import Manifest


class HelmCharts:
    """`ChartReader` over the chart `service` that comes with Podo."""

    def __init__(self, helm: Helm) -> None:
        self._helm = helm

    @cached_property
    def _chart(self) -> Path:
        return chart_folder("service")

    @cached_property
    def _defaults(self) -> Mapping[str, Any]:
        return yaml.load((self._chart / "values.yaml").read_text(), yaml.CSafeLoader)

    @cached_property
    def _schema(self) -> Mapping[str, Any]:
        return json.loads((self._chart / "values.schema.json").read_text())

    @cached_property
    def _digest(self) -> str:
        about = yaml.load((self._chart / "Chart.yaml").read_text(), yaml.CSafeLoader)
        return f"{about['name']}-{about['version']}@{chart_digest(self._chart)}"

    async def defaults(self) -> Mapping[str, Any]:
        """See `ChartReader`."""
        return self._defaults

    async def schema(self) -> Mapping[str, Any]:
        """See `ChartReader`."""
        return self._schema

    async def digest(self) -> str:
        """See `ChartReader`."""
        return await asyncio.to_thread(lambda: self._digest)

    async def render(self, name: str, namespace: str, values: Mapping[str, Any]) -> RenderedChart:
        """See `ChartReader`."""
        rendered = await self._helm.render(self._chart, values, release=name, namespace=namespace)
        return RenderedChart([_placed(m, namespace) for m in rendered.objects], rendered.chart)

    def text(self, manifest: Manifest) -> str:
        """See `ChartReader`."""
        return yaml.dump(dict(manifest), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=120)

    async def close(self) -> None:
        """End the engine."""
        await self._helm.close()


def _placed(manifest: dict[str, Any], namespace: str) -> Manifest:
    manifest["metadata"].setdefault("namespace", namespace)
    return manifest
