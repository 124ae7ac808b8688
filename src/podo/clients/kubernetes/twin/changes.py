"""What may not change once an object is there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from podo.clients.kubernetes import kinds
from podo.clients.kubernetes.twin.refusals import Cause
from podo.clients.kubernetes.types import Kind, Manifest

_STATEFUL = {
    "minReadySeconds", "ordinals", "persistentVolumeClaimRetentionPolicy", "replicas", "revisionHistoryLimit", "template",
    "updateStrategy",
}  # fmt: skip
_POD = {"activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations", "schedulingGates", "nodeName"}


def check(kind: Kind, before: Manifest, after: Manifest) -> list[Cause]:
    """Which changes from `before` to `after` the kind forbids."""
    rule = _RULES.get(kind)
    return list(rule(before, after)) if rule else []


def finalizers(before: Manifest, after: Manifest) -> list[Cause]:
    """What is being deleted is held by nobody new."""
    new = sorted(set(after["metadata"].get("finalizers") or ()) - set(before["metadata"].get("finalizers") or ()))
    if not new or not before["metadata"].get("deletionTimestamp"):
        return []
    said = "no new finalizers can be added if the object is being deleted, found new finalizers []string"
    return [Cause("metadata.finalizers", "FieldValueForbidden", f"Forbidden: {said}{{{', '.join(map(json.dumps, new))}}}")]


def _immutable(field: str, value: Any) -> Cause:
    shown = json.dumps(value, sort_keys=True)
    return Cause(field, "FieldValueInvalid", f"Invalid value: {shown}: field is immutable")


def _fixed(*paths: str) -> Callable[[Manifest, Manifest], Iterator[Cause]]:
    def rule(before: Manifest, after: Manifest) -> Iterator[Cause]:
        for path in paths:
            old, new = _at(before, path), _at(after, path)
            if old != new:
                yield _immutable(path, new)

    return rule


def _at(manifest: Mapping[str, Any], path: str) -> Any:
    place: Any = manifest
    for step in path.split("."):
        place = (place or {}).get(step)
    return place


def _stateful_set(before: Manifest, after: Manifest) -> Iterator[Cause]:
    old = {name: value for name, value in before["spec"].items() if name not in _STATEFUL}
    new = {name: value for name, value in after["spec"].items() if name not in _STATEFUL}
    if old != new:
        allowed = "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
        allowed += "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds'"
        why = f"Forbidden: updates to statefulset spec for fields other than {allowed} are forbidden"
        yield Cause("spec", "FieldValueForbidden", why)


def _pod(before: Manifest, after: Manifest) -> Iterator[Cause]:
    if _frozen(before["spec"]) != _frozen(after["spec"]):
        why = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
        why += "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
        why += "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
        yield Cause("spec", "FieldValueForbidden", why)


def _frozen(spec: Mapping[str, Any]) -> dict[str, Any]:
    def without_image(containers: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [{name: value for name, value in c.items() if name != "image"} for c in containers]

    rest = {name: value for name, value in spec.items() if name not in _POD}
    for place in ("containers", "initContainers"):
        if place in rest:
            rest[place] = without_image(rest[place])
    return rest


def _config(before: Manifest, after: Manifest) -> Iterator[Cause]:
    if before.get("immutable") and any(before.get(n) != after.get(n) for n in ("data", "binaryData", "immutable")):
        yield Cause("data", "FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set")
    if before.get("type") != after.get("type"):
        yield _immutable("type", after.get("type"))


def _service(before: Manifest, after: Manifest) -> Iterator[Cause]:
    if before["spec"].get("clusterIP") not in (None, "", after["spec"].get("clusterIP")):
        shown = after["spec"].get("clusterIP") or ""
        yield Cause("spec.clusterIPs[0]", "FieldValueInvalid", f'Invalid value: "{shown}": may not change once set')


_RULES: dict[Kind, Callable[[Manifest, Manifest], Iterator[Cause]]] = {
    kinds.DEPLOYMENT: _fixed("spec.selector"),
    kinds.REPLICA_SET: _fixed("spec.selector"),
    kinds.DAEMON_SET: _fixed("spec.selector"),
    kinds.STATEFUL_SET: _stateful_set,
    kinds.JOB: _fixed("spec.selector", "spec.completionMode", "spec.template"),
    kinds.POD: _pod,
    kinds.CONFIG_MAP: _config,
    kinds.SECRET: _config,
    kinds.SERVICE: _service,
}
