"""StatefulSets: pods with numbers, made in order, exchanged in the reverse order, each with its volume claims."""

from __future__ import annotations

import hashlib
from typing import Any

from podo.clients.kubernetes import kinds
from podo.clients.kubernetes.pods import Pod
from podo.clients.kubernetes.twin.controllers.replicasets import active, is_available, owned_by, pod_of
from podo.clients.kubernetes.twin.plane import Plane, copied
from podo.clients.kubernetes.twin.store import encode
from podo.clients.kubernetes.types import Manifest, Ref
from podo.kernel.errors import PodoError

REVISION = "controller-revision-hash"
_BY = "statefulset-controller"


def look(plane: Plane, ref: Ref) -> None:
    """Make the next pod, or exchange or delete the last one, and write down how many there are."""
    manifest = plane.store.get(ref)
    if manifest is None or manifest["metadata"].get("deletionTimestamp"):
        return
    revision = record_revision(plane, manifest)
    pods = {_ordinal(r): (r, p) for r, p in active(plane, manifest).items()}
    going = _going(plane, manifest)
    _balance(plane, manifest, pods, going, revision)
    _write_status(plane, ref, manifest, revision)


def record_revision(plane: Plane, manifest: Manifest) -> str:
    """The name of the template's ControllerRevision, which is made if it is new. Old ones beyond the limit are forgotten."""
    digest = hashlib.sha256(encode(manifest["spec"]["template"])).hexdigest()[:10]
    name = f"{manifest['metadata']['name']}-{digest}"
    ref = kinds.CONTROLLER_REVISION.ref(name, manifest["metadata"]["namespace"])
    known = sorted(
        (r for r in plane.store.owned(manifest["metadata"]["uid"]) if r.type == kinds.CONTROLLER_REVISION),
        key=lambda r: (plane.store.get(r) or {}).get("revision", 0),
    )
    if ref in known:
        return name
    number = (plane.store.get(known[-1]) or {}).get("revision", 0) + 1 if known else 1
    metadata = {"name": name, "namespace": ref.namespace, "ownerReferences": [owned_by(manifest)]}
    labels = {**((manifest["spec"]["template"].get("metadata") or {}).get("labels") or {}), REVISION: digest}
    template = {"spec": {"template": {**copied(manifest["spec"]["template"]), "$patch": "replace"}}}
    plane.make(
        {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {**metadata, "labels": labels},
            "data": template,
            "revision": number,
        }
    )
    for old in known[: max(0, len(known) - manifest["spec"]["revisionHistoryLimit"])]:
        plane.delete(old)
    return name


def _ordinal(ref: Ref) -> int:
    return int(ref.name.rpartition("-")[2])


def _going(plane: Plane, manifest: Manifest) -> bool:
    """Whether a pod that was ended is still there: its name is not free yet."""
    owned = (r for r in plane.store.owned(manifest["metadata"]["uid"]) if r.type == kinds.POD)
    return any((plane.store.get(r) or {"metadata": {}})["metadata"].get("deletionTimestamp") for r in owned)


def _balance(plane: Plane, manifest: Manifest, pods: dict[int, tuple[Ref, Pod]], going: bool, revision: str) -> None:
    spec = manifest["spec"]
    wished, parallel = spec["replicas"], spec["podManagementPolicy"] == "Parallel"
    seconds = spec.get("minReadySeconds", 0)
    if going and not parallel:
        return
    for ordinal in range(wished):
        if ordinal in pods:
            if not parallel and not is_available(plane, *pods[ordinal], seconds):
                _exchange(plane, manifest, pods, revision, only_broken=True)
                return
            continue
        if not _make(plane, manifest, ordinal, revision) or not parallel:
            return
    surplus = sorted((n for n in pods if n >= wished), reverse=True)
    for ordinal in surplus if parallel else surplus[:1]:
        plane.delete(pods[ordinal][0])
        plane.tell(manifest, "SuccessfulDelete", f"delete Pod {pods[ordinal][0].name} successful", by=_BY)
    if not surplus:
        _exchange(plane, manifest, pods, revision)


def _exchange(
    plane: Plane, manifest: Manifest, pods: dict[int, tuple[Ref, Pod]], revision: str, *, only_broken: bool = False
) -> None:
    """Delete the last pod that is not of the newest revision; none while a newer one is not available."""
    strategy = manifest["spec"]["updateStrategy"]
    if strategy["type"] != "RollingUpdate":
        return
    partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    for ordinal in sorted(pods, reverse=True):
        ref, pod = pods[ordinal]
        if ordinal < partition:
            return
        if pod.labels.get(REVISION) != revision:
            if only_broken and pod.ready:
                continue
            plane.delete(ref)
            plane.tell(manifest, "SuccessfulDelete", f"delete Pod {ref.name} successful", by=_BY)
            return
        if not is_available(plane, ref, pod, manifest["spec"].get("minReadySeconds", 0)):
            return


def _make(plane: Plane, manifest: Manifest, ordinal: int, revision: str) -> bool:
    name = f"{manifest['metadata']['name']}-{ordinal}"
    status = manifest.get("status") or {}
    partition = ((manifest["spec"]["updateStrategy"].get("rollingUpdate")) or {}).get("partition", 0)
    template, label = manifest["spec"]["template"], revision
    current = status.get("currentRevision")
    if ordinal < partition and current and current != revision:
        old = plane.store.get(kinds.CONTROLLER_REVISION.ref(current, manifest["metadata"]["namespace"]))
        if old is not None:
            template = {k: v for k, v in old["data"]["spec"]["template"].items() if k != "$patch"}
            label = current
    labels = {
        REVISION: label,
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": str(ordinal),
    }
    pod = pod_of(manifest, template, name, **labels)
    pod["spec"] |= {"hostname": name, "subdomain": manifest["spec"].get("serviceName") or ""}
    pod["spec"] = {key: value for key, value in pod["spec"].items() if value != ""}
    try:
        _claim(plane, manifest, pod)
        plane.make(pod)
    except PodoError as error:
        message = f"create Pod {name} in StatefulSet {manifest['metadata']['name']} failed error: {error.data.get('message')}"
        plane.tell(manifest, "FailedCreate", message, warning=True, by=_BY)
        plane.work.later(("", Ref.of(manifest)), 1.0 + plane.pace.backoff)
        return False
    message = f"create Pod {name} in StatefulSet {manifest['metadata']['name']} successful"
    plane.tell(manifest, "SuccessfulCreate", message, by=_BY)
    return True


def _claim(plane: Plane, manifest: Manifest, pod: Manifest) -> None:
    volumes: list[dict[str, Any]] = []
    for template in manifest["spec"].get("volumeClaimTemplates") or ():
        kind = template["metadata"]["name"]
        name = f"{kind}-{pod['metadata']['name']}"
        volumes.append({"name": kind, "persistentVolumeClaim": {"claimName": name}})
        ref = kinds.PERSISTENT_VOLUME_CLAIM.ref(name, manifest["metadata"]["namespace"])
        if plane.store.body(ref) is None:
            labels = {**(manifest["spec"]["selector"].get("matchLabels") or {})}
            metadata = {"name": name, "namespace": ref.namespace, "labels": labels}
            claim = {"apiVersion": "v1", "kind": ref.kind, "metadata": metadata, "spec": copied(template["spec"])}
            plane.make(claim)
    if volumes:
        own = {v["name"] for v in volumes}
        pod["spec"]["volumes"] = [*volumes, *(v for v in pod["spec"].get("volumes") or () if v["name"] not in own)]


def _write_status(plane: Plane, ref: Ref, manifest: Manifest, revision: str) -> None:
    pods = active(plane, manifest)
    before = manifest.get("status") or {}
    updated = sum(p.labels.get(REVISION) == revision for p in pods.values())
    current = before.get("currentRevision", revision)
    ready = sum(p.ready for p in pods.values())
    seconds = manifest["spec"].get("minReadySeconds", 0)
    if updated == len(pods) == manifest["spec"]["replicas"] == ready:
        current = revision
    counts = {
        "readyReplicas": ready,
        "currentReplicas": sum(p.labels.get(REVISION) == current for p in pods.values()),
        "updatedReplicas": updated,
    }
    manifest["status"] = {
        "observedGeneration": manifest["metadata"]["generation"],
        "replicas": len(pods),
        **{name: count for name, count in counts.items() if count},
        "currentRevision": current,
        "updateRevision": revision,
        "collisionCount": 0,
        "availableReplicas": sum(is_available(plane, r, p, seconds) for r, p in pods.items()),
    }
    plane.keep(ref, manifest)
