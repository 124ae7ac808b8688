"""Releases of the example, sealed by the rules of delivery over the real chart; what differs by its image is rendered once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from podo.app.demo.chronicle import Chronicle
from podo.delivery import reads
from podo.delivery.types import Ingredients, Release
from podo.kernel import clock, ids

# How many of the shortcuts are held against the real rendering; a chart that makes something else of a digest is found out.
_CHECKED = 25


class Charts:
    """A `ChartReader` in front of the real one: for another image, the image and label are put into what was rendered before."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self._known: dict[str, tuple[str, str, str, Any]] = {}
        self._left = _CHECKED

    async def defaults(self) -> Mapping[str, Any]:
        """See `ChartReader`."""
        return await self._real.defaults()

    async def schema(self) -> Mapping[str, Any]:
        """See `ChartReader`."""
        return await self._real.schema()

    async def digest(self) -> str:
        """See `ChartReader`."""
        return await self._real.digest()

    def text(self, manifest: Mapping[str, Any]) -> str:
        """See `ChartReader`."""
        return self._real.text(manifest)

    async def render(self, name: str, namespace: str, values: Mapping[str, Any]) -> Any:
        """See `ChartReader`."""
        image, podo = values["image"], values["podo"]
        digest, label = image["digest"], podo["release"]
        shape = ids.digest([name, namespace, {**values, "image": image["repository"], "podo": {**podo, "release": ""}}])
        if shape not in self._known:
            rendered = await self._real.render(name, namespace, values)
            self._known[shape] = json.dumps(rendered.manifests), digest, label, rendered
            return rendered
        text, was, called, rendered = self._known[shape]
        made = replace(rendered, manifests=json.loads(text.replace(was, digest).replace(called, label)))
        if self._left:
            self._left -= 1
            real = await self._real.render(name, namespace, values)
            assert real.manifests == made.manifests, "the chart makes more of an image than its name"
        return made


async def seal(charts: Charts, of: Ingredients, at: datetime) -> Release:
    """The release of these ingredients, made at that moment."""
    with clock.fixed(at):
        return (await reads.draft(charts, of)).release


def put(into: Chronicle, release: Release) -> None:
    """Its rows."""
    into.put(
        "releases",
        {
            "project": release.project,
            "id": release.id,
            "hash": release.hash,
            "build": release.build,
            "sha": release.commit,
            "image": release.image,
            "digest": release.digest,
            "chart": release.chart,
            "made_at": release.made_at,
        },
    )
    for bundle in release.bundles:
        content = {
            "values": bundle.values,
            "sources": bundle.sources,
            "manifests": bundle.manifests,
            "variables": bundle.variables,
            "fingerprints": bundle.fingerprints,
        }
        into.put(
            "bundles",
            {
                "project": release.project,
                "release": release.id,
                "environment": bundle.environment,
                "region": bundle.region,
                "hash": bundle.hash,
                "label": bundle.label,
                "name": bundle.name,
                "content": content,
                "sealed": json.dumps(dict(bundle.sealed)),
            },
        )
