"""Namespaces: a new one gets what each has; one that is deleted empties itself first."""

from __future__ import annotations

from typing import Any

from podo.clients.kubernetes import kinds
from podo.clients.kubernetes.twin.plane import Plane
from podo.clients.kubernetes.types import Ref


def look(plane: Plane, ref: Ref) -> None:
    """Delete everything in a namespace that is being deleted, and then itself."""
    manifest = plane.store.get(ref)
    if manifest is None:
        return
    if not manifest["metadata"].get("deletionTimestamp"):
        _equip(plane, ref)
        return
    left = [child for kind in plane.store.kinds() for child, _ in plane.store.scan(kind, ref.name)]
    for child in left:
        plane.delete(child)
    if not any(plane.store.body(child) for child in left):
        plane.store.remove(ref)


def _equip(plane: Plane, ref: Ref) -> None:
    everyone_has: tuple[tuple[Ref, dict[str, Any]], ...] = (
        (kinds.SERVICE_ACCOUNT.ref("default", ref.name), {}),
        (kinds.CONFIG_MAP.ref("kube-root-ca.crt", ref.name), {"data": {"ca.crt": "a twin is reached without TLS\n"}}),
    )
    for place, fields in everyone_has:
        if plane.store.body(place) is None:
            metadata = {"name": place.name, "namespace": place.namespace}
            plane.make({"apiVersion": "v1", "kind": place.kind, "metadata": metadata, **fields})
