"""What the acts work on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from podo.catalog.ports import AssetReader
from podo.catalog.writers import NamespaceWriter, TagWriter


@dataclass(frozen=True, slots=True)
class World:
    """What the acts work on; `pauses` are the seconds before what a cloud did not take is sent again."""

    namespaces: NamespaceWriter
    assets: AssetReader
    tags: TagWriter
    pauses: Callable[[], tuple[float, ...]]
