"""What the twin answers beside what a true API server answers, field by field."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from podo.clients.kubernetes.types import Manifest

# Chosen at random, or by the clock, or by a pool of addresses.
_CHOSEN = {"uid", "creationTimestamp", "resourceVersion", "time", "clusterIP", "clusterIPs"}
_CONTROLLERS = "kube-controller-manager"


def comparable(manifest: Manifest) -> Manifest:
    """The object without what no two clusters have alike, and without what controllers have written into it meanwhile."""
    known: Manifest = _without(copy.deepcopy(manifest), _CHOSEN)
    metadata = known["metadata"]
    if "managedFields" in metadata:
        metadata["managedFields"] = _claims(metadata["managedFields"])
    annotations = metadata.get("annotations") or {}
    annotations.pop("deployment.kubernetes.io/revision", None)
    if not annotations:
        metadata.pop("annotations", None)
    return known


def _without(value: Any, names: Iterable[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(item, names) for name, item in value.items() if name not in names}
    if isinstance(value, list):
        return [_without(item, names) for item in value]
    return value


def _claims(entries: list[Manifest]) -> dict[str, Manifest]:
    """Who owns what; a server may write one manager's fields in two entries."""
    found: dict[str, Manifest] = {}
    for entry in entries:
        if entry["manager"] != _CONTROLLERS:
            by = f"{entry['manager']} {entry['operation']} {entry.get('subresource', '')}"
            _lay(found.setdefault(by, {}), entry["fieldsV1"])
    return found


def _lay(tree: Manifest, other: Mapping[str, Any]) -> None:
    for name, below in other.items():
        _lay(tree.setdefault(name, {}), below)


def differences(true: Any, twin: Any, at: str = "") -> Iterator[str]:
    """Where the two are not alike, in words."""
    match true, twin:
        case dict(), dict():
            for name in sorted({*true, *twin}):
                if name not in twin:
                    yield f"{at}.{name}: only on the true one: {true[name]!r}"
                elif name not in true:
                    yield f"{at}.{name}: only on the twin: {twin[name]!r}"
                else:
                    yield from differences(true[name], twin[name], f"{at}.{name}")
        case list(), list() if len(true) == len(twin):
            for index, (one, other) in enumerate(zip(true, twin, strict=True)):
                yield from differences(one, other, f"{at}[{index}]")
        case _ if true != twin:
            yield f"{at}: true {true!r}, twin {twin!r}"
