"""What happens to dependents when their owner goes, and to an owner that waits for its dependents."""

from __future__ import annotations

from podo.clients.kubernetes import kinds
from podo.clients.kubernetes.twin.plane import Plane
from podo.clients.kubernetes.types import Ref


def dependents(plane: Plane, gone: Ref) -> None:
    """Delete what named the object with the uid `gone.name` as its owner, unless it has another owner."""
    for ref in plane.store.owned(gone.name):
        child = plane.store.get(ref)
        if child is None:
            continue
        others = [o for o in child["metadata"]["ownerReferences"] if o["uid"] != gone.name]
        living = [o for o in others if _is_there(plane, o, ref.namespace)]
        if not living:
            plane.delete(ref)
            continue
        child["metadata"]["ownerReferences"] = others
        plane.store.put(ref, child)


def _is_there(plane: Plane, owner: dict[str, str], namespace: str | None) -> bool:
    ref = Ref(owner["apiVersion"], owner["kind"], owner["name"], namespace)
    found = plane.store.get(ref) or plane.store.get(ref.type.ref(ref.name))
    return found is not None and found["metadata"]["uid"] == owner["uid"]


def owner(plane: Plane, ref: Ref) -> None:
    """A dependent of `ref` is gone: an owner that is deleted in the foreground goes after the last one."""
    for kind in plane.store.kinds():
        if kind.kind == ref.kind:
            foreground(plane, kind.ref(ref.name, ref.namespace))


def foreground(plane: Plane, ref: Ref) -> None:
    """Delete the dependents of an object that waits for them; let it go when there are none."""
    manifest = plane.store.get(ref)
    if manifest is None or "foregroundDeletion" not in (manifest["metadata"].get("finalizers") or ()):
        return
    children = plane.store.owned(manifest["metadata"]["uid"])
    for child in children:
        plane.delete(child, propagation="Background" if child.type == kinds.POD else "Foreground")
        if child.type != kinds.POD:
            foreground(plane, child)
    if children and plane.store.owned(manifest["metadata"]["uid"]):
        return
    finalizers = [f for f in manifest["metadata"]["finalizers"] if f != "foregroundDeletion"]
    manifest["metadata"]["finalizers"] = finalizers
    if finalizers:
        plane.store.put(ref, manifest)
        return
    plane.store.remove(ref)
