"""What the acts work on."""

from __future__ import annotations

from dataclasses import dataclass

from podo.catalog.ports import AssetReader
from podo.catalog.writers import NamespaceWriter, TagWriter


@dataclass(frozen=True, slots=True)
class World:
    """What the acts work on."""

    namespaces: NamespaceWriter
    assets: AssetReader
    tags: TagWriter
