"""What API clients do to objects, with who owns which field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from podo.clients.kubernetes import addresses, kinds
from podo.clients.kubernetes.twin import defaults, ownership, patches
from podo.clients.kubernetes.twin.ownership import Claim, Path
from podo.clients.kubernetes.twin.plane import Plane, stamp
from podo.clients.kubernetes.twin.refusals import Cause
from podo.clients.kubernetes.twin.schema import is_known, shape_of, tidy
from podo.clients.kubernetes.twin.store import decode, head
from podo.clients.kubernetes.types import Kind, KindInfo, Manifest, PatchType, Propagation, Ref

SEEDED_BY = "podo"


def _claim(ref: Ref, manager: str, operation: str, subresource: str = "") -> Claim:
    return Claim(manager, operation, subresource, stamp(), ref.api_version)


def _begun(plane: Plane, manifest: Manifest) -> tuple[Ref, KindInfo]:
    manifest.setdefault("metadata", {})
    ref = Ref.of(manifest)
    info = plane.info(ref)
    if is_known(ref.type):
        _drop_nulls(manifest)
    named = ref if ref.name or "generateName" not in manifest["metadata"] else ref.type.ref("generated", ref.namespace)
    addresses.check(plane.refuse.cluster, named, info)
    return ref, info


def _drop_nulls(value: Any) -> None:
    """A field that is null is one that is not there."""
    if isinstance(value, list):
        for item in value:
            _drop_nulls(item)
    if isinstance(value, dict):
        for name in [name for name, item in value.items() if item is None]:
            del value[name]
        for item in value.values():
            _drop_nulls(item)


def create(plane: Plane, manifest: Manifest, manager: str, *, dry_run: bool) -> Manifest:
    """Make an object that was not there."""
    ref, _ = _begun(plane, manifest)
    made = plane.make(manifest, _claim(ref, manager, "Update"), dry_run=dry_run)
    _learn(plane, ref, made, dry_run)
    return made


def apply(plane: Plane, sent: Manifest, manager: str, *, force: bool, dry_run: bool) -> Manifest:
    """Server-side apply."""
    ref, info = _begun(plane, sent)
    claim = _claim(ref, manager, "Apply")
    wanted_version = sent["metadata"].pop("resourceVersion", None)
    sent["metadata"].pop("managedFields", None)
    live = plane.store.get(ref)
    if live is None:
        made = plane.make(sent, claim, dry_run=dry_run)
        _learn(plane, ref, made, dry_run)
        return made
    check_version(plane, ref, live, wanted_version)
    plane.check_shape(ref, sent)
    if "status" in info.subresources:
        sent.pop("status", None)
    applied = ownership.apply(live, sent, shape_of(ref.type), claim)
    if applied.conflicts and not force:
        raise plane.refuse.field_conflict(ref, [_conflict(path, other) for path, other in applied.conflicts])
    ownership.record(applied.manifest, applied.claims)
    kept = plane.change(ref, plane.read(ref), applied.manifest, dry_run=dry_run)
    _learn(plane, ref, kept, dry_run)
    return kept


def _conflict(path: Path, claim: Claim) -> Cause:
    field = "".join(_said(step) for step in path)
    how = "" if claim.operation == "Apply" else f" using {claim.api_version}"
    if claim.subresource:
        how = f' with subresource "{claim.subresource}"{how}'
    return Cause(field, "FieldManagerConflict", f'conflict with "{claim.manager}"{how}')


def _said(step: str) -> str:
    if step.startswith("f:"):
        return f".{step[2:]}"
    if step.startswith("v:"):
        return f"[={step[2:]}]"
    keys = decode(step[2:].encode())
    return "[" + ",".join(f'{k}="{v}"' if isinstance(v, str) else f"{k}={v}" for k, v in keys.items()) + "]"


def patch(
    plane: Plane,
    ref: Ref,
    body: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    manager: str,
    manner: PatchType,
    subresource: str | None,
    *,
    dry_run: bool,
) -> Manifest:
    """Change fields of an object that is there."""
    live = plane.read(ref)
    info = plane.info(ref)
    if subresource and subresource not in info.subresources:
        raise plane.refuse.not_found(ref, info.plural)
    if isinstance(body, Mapping):
        check_version(plane, ref, live, (body.get("metadata") or {}).get("resourceVersion"))
    try:
        after = patches.patched(decode(plane.store.body(ref) or b""), body, manner, shape_of(ref.type))
    except patches.Unfitting as error:
        raise plane.refuse.invalid(ref, [Cause("patch", "FieldValueInvalid", f"Invalid value: {error}")]) from None
    after = _limited(plane.read(ref), after, info, subresource)
    plane.check_shape(ref, after)
    return _update(plane, ref, live, after, _claim(ref, manager, "Update", subresource or ""), dry_run=dry_run)


def _limited(live: Manifest, after: Manifest, info: KindInfo, subresource: str | None) -> Manifest:
    """A write to `status` changes nothing but the status, and a write to the object changes everything but it."""
    if "status" not in info.subresources:
        return after
    source = live if subresource is None else after
    base = after if subresource is None else live
    out = {name: value for name, value in base.items() if name != "status"}
    return out | ({"status": source["status"]} if "status" in source else {})


def _update(plane: Plane, ref: Ref, before: Manifest, after: Manifest, claim: Claim, *, dry_run: bool) -> Manifest:
    tidy(after, shape_of(ref.type))
    defaults.fill(ref.type, after)
    # What nobody ever owned stays so until somebody applies it.
    if before["metadata"].get("managedFields"):
        ownership.record(after, ownership.update(before, after, shape_of(ref.type), claim))
    return plane.change(ref, before, after, dry_run=dry_run)


def scale(plane: Plane, ref: Ref, replicas: int, manager: str) -> None:
    """Set the wished replicas."""
    live = plane.read(ref)
    info = plane.info(ref)
    if "scale" not in info.subresources:
        raise plane.refuse.not_found(ref, info.plural)
    after = decode(plane.store.body(ref) or b"")
    after["spec"]["replicas"] = replicas
    if replicas < 0:
        why = f"Invalid value: {replicas}: must be greater than or equal to 0"
        raise plane.refuse.invalid(ref, [Cause("spec.replicas", "FieldValueInvalid", why)])
    if live["metadata"].get("managedFields"):
        ownership.record(after, ownership.scaled(live, replicas, _claim(ref, manager, "Update", "scale")))
    plane.change(ref, live, after)


def delete(plane: Plane, ref: Ref, propagation: Propagation, grace: int | None) -> None:
    """Delete an object that is there."""
    plane.delete(ref, propagation=propagation, grace=grace)
    if propagation == "Foreground":
        from_ref = ref if ref.namespace is None else Ref("", ref.kind, ref.name, ref.namespace)
        plane.work.soon(("owner", from_ref))
    if ref.type == kinds.CUSTOM_RESOURCE_DEFINITION:
        learn_definitions(plane)


def check_preconditions(plane: Plane, ref: Ref, uid: str | None, resource_version: str | None) -> None:
    """Raises `NotFound`, or `ResourceVersionConflict` when it is not the object that was meant."""
    live = plane.read(ref)
    found = head(plane.store.body(ref) or b"")
    if uid is not None and found.uid != uid:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {found.uid}"
        raise plane.refuse.changed(ref, plane.info(ref).plural, why)
    if resource_version is not None:
        version = live["metadata"]["resourceVersion"]
        if version != resource_version:
            why = f"Precondition failed: ResourceVersion in precondition: {resource_version}, in object meta: {version}"
            raise plane.refuse.changed(ref, plane.info(ref).plural, why)


def check_version(plane: Plane, ref: Ref, live: Manifest, wanted: str | None) -> None:
    """Raises `ResourceVersionConflict` when the writer saw another version."""
    if wanted and live["metadata"]["resourceVersion"] != wanted:
        why = "the object has been modified; please apply your changes to the latest version and try again"
        raise plane.refuse.changed(ref, plane.info(ref).plural, why)


def seed(plane: Plane, manifest: Manifest) -> None:
    """Put an object that is not there yet, as if it had been applied long ago. Its status is kept, if it has one."""
    ref, _ = _begun(plane, manifest)
    if plane.store.body(ref) is not None:
        return
    status = manifest.pop("status", None)
    made = plane.make(manifest, _claim(ref, SEEDED_BY, "Apply"), dry_run=True)
    if status is not None:
        made["status"] = status
    plane.store.put(ref, made)
    _learn(plane, ref, made, False)


def _learn(plane: Plane, ref: Ref, manifest: Manifest, dry_run: bool) -> None:
    if ref.type == kinds.CUSTOM_RESOURCE_DEFINITION and not dry_run:
        plane.definitions |= _defined(manifest)


def learn_definitions(plane: Plane) -> None:
    """Know the kinds that CustomResourceDefinitions bring."""
    plane.definitions.clear()
    for _, body in plane.store.scan(kinds.CUSTOM_RESOURCE_DEFINITION):
        plane.definitions |= _defined(decode(body))


def _defined(manifest: Manifest) -> dict[Kind, KindInfo]:
    spec = manifest["spec"]
    return {
        Kind(f"{spec['group']}/{version['name']}", spec["names"]["kind"]): KindInfo(
            spec["names"]["plural"], spec["scope"] == "Namespaced", frozenset(version.get("subresources") or ())
        )
        for version in spec["versions"]
        if version.get("served", True)
    }
