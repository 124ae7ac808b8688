"""Deployments: one ReplicaSet a revision, and the exchange of the old ones for the new one."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import msgspec

from podo.clients.kubernetes import kinds, selectors
from podo.clients.kubernetes.twin.controllers.replicasets import owned_by, since
from podo.clients.kubernetes.twin.plane import Plane, copied, stamp
from podo.clients.kubernetes.twin.store import head
from podo.clients.kubernetes.types import Manifest, Ref
from podo.kernel.clock import monotonic

REVISION = "deployment.kubernetes.io/revision"
_HASH = "pod-template-hash"
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_BY = "deployment-controller"
_ordered = msgspec.json.Encoder(order="sorted").encode


def look(plane: Plane, ref: Ref) -> None:
    """Take the exchange one step further, and write down where it is."""
    manifest = plane.store.get(ref)
    if manifest is None or manifest["metadata"].get("deletionTimestamp"):
        return
    sets = _sets(plane, manifest)
    name = template_hash(manifest["spec"]["template"])
    new = next((s for s in sets if (s["metadata"].get("labels") or {}).get(_HASH) == name), None)
    if manifest["spec"].get("paused"):
        _scale_paused(plane, manifest, sets)
        _write_status(plane, ref, manifest, new, sets)
        return
    new = _as_newest(plane, manifest, new, sets) if new else _make(plane, manifest, sets, name)
    if manifest["metadata"].setdefault("annotations", {}).get(REVISION) != (revision := new["metadata"]["annotations"][REVISION]):
        manifest["metadata"]["annotations"][REVISION] = revision
    old = [s for s in sets if s["metadata"]["uid"] != new["metadata"]["uid"]]
    _exchange(plane, manifest, new, old)
    _forget(plane, manifest, old)
    _write_status(plane, ref, manifest, new, [new, *old])


def _sets(plane: Plane, manifest: Manifest) -> list[Manifest]:
    _adopt(plane, manifest)
    found = [plane.store.get(ref) for ref in plane.store.owned(manifest["metadata"]["uid"]) if ref.type == kinds.REPLICA_SET]
    living = [s for s in found if s is not None and not s["metadata"].get("deletionTimestamp")]
    return sorted(living, key=_revision)


def _adopt(plane: Plane, manifest: Manifest) -> None:
    matches = selectors.label_selector(manifest["spec"]["selector"])
    for ref in sorted(plane.orphans.get((kinds.REPLICA_SET, manifest["metadata"]["namespace"]), ())):
        found = head(plane.store.body(ref) or b"{}")
        if not found.deletion_timestamp and matches(found.labels or {}):
            orphan = plane.store.get(ref) or {}
            orphan["metadata"]["ownerReferences"] = [owned_by(manifest)]
            plane.store.put(ref, orphan)


def _revision(replica_set: Manifest) -> int:
    return int((replica_set["metadata"].get("annotations") or {}).get(REVISION, 0))


def template_hash(template: Manifest) -> str:
    """The name of a template: the same for the same content, whatever its order."""
    digest = hashlib.sha256(_ordered(template)).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:10])


def _make(plane: Plane, manifest: Manifest, old: list[Manifest], name: str) -> Manifest:
    metadata, spec = manifest["metadata"], manifest["spec"]
    template = copied(spec["template"])
    template.setdefault("metadata", {}).setdefault("labels", {})[_HASH] = name
    selector = copied(spec["selector"])
    selector.setdefault("matchLabels", {})[_HASH] = name
    surge, _ = bounds(manifest)
    room = spec["replicas"] + surge - sum(s["spec"]["replicas"] for s in old)
    replicas = max(0, min(spec["replicas"], room))
    if spec["strategy"]["type"] == "Recreate" and _pods(old):
        replicas = 0
    replica_set: Manifest = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{name}",
            "namespace": metadata["namespace"],
            "labels": dict(template["metadata"]["labels"]),
            "annotations": {REVISION: str(max(map(_revision, old), default=0) + 1)},
            "ownerReferences": [owned_by(manifest)],
            "creationTimestamp": metadata["creationTimestamp"],
        },
        "spec": {"replicas": replicas, "selector": selector, "template": template},
    }
    if "minReadySeconds" in spec:
        replica_set["spec"]["minReadySeconds"] = spec["minReadySeconds"]
    made = plane.make(replica_set)
    _progress(manifest, "NewReplicaSetCreated", f'Created new replica set "{made["metadata"]["name"]}"')
    _said_scaled(plane, manifest, made, 0)
    return made


def _as_newest(plane: Plane, manifest: Manifest, new: Manifest, sets: list[Manifest]) -> Manifest:
    """A ReplicaSet of an earlier revision that is wished again becomes the newest."""
    newest = max(map(_revision, sets))
    if _revision(new) < newest:
        new["metadata"].setdefault("annotations", {})[REVISION] = str(newest + 1)
        _progress(manifest, "FoundNewReplicaSet", f'Found new replica set "{new["metadata"]["name"]}"')
        return plane.keep(Ref.of(new), new)
    return new


def bounds(manifest: Manifest) -> tuple[int, int]:
    """How many pods more, and how many available ones fewer, than wished there may be meanwhile."""
    spec = manifest["spec"]
    if spec["strategy"]["type"] == "Recreate":
        return 0, 0
    rolling = spec["strategy"].get("rollingUpdate") or {}
    surge = _count(rolling.get("maxSurge", "25%"), spec["replicas"], math.ceil)
    unavailable = _count(rolling.get("maxUnavailable", "25%"), spec["replicas"], math.floor)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def _count(wish: int | str, of: int, rounded: Any) -> int:
    return rounded(of * int(wish[:-1]) / 100) if isinstance(wish, str) else wish


def _pods(sets: list[Manifest]) -> int:
    return sum((s.get("status") or {}).get("replicas", 0) for s in sets)


def _available(sets: list[Manifest]) -> int:
    return sum((s.get("status") or {}).get("availableReplicas", 0) for s in sets)


def _exchange(plane: Plane, manifest: Manifest, new: Manifest, old: list[Manifest]) -> None:
    wished = manifest["spec"]["replicas"]
    if manifest["spec"]["strategy"]["type"] == "Recreate":
        for replica_set in old:
            _scale(plane, manifest, replica_set, 0)
        if not _pods(old):
            _scale(plane, manifest, new, wished)
        return
    surge, unavailable = bounds(manifest)
    has = new["spec"]["replicas"]
    if has > wished:
        _scale(plane, manifest, new, wished)
    room = wished + surge - has - sum(s["spec"]["replicas"] for s in old)
    if has < wished and room > 0:
        _scale(plane, manifest, new, min(wished, has + room))
    _shrink(plane, manifest, new, old, wished - unavailable)


def _shrink(plane: Plane, manifest: Manifest, new: Manifest, old: list[Manifest], least: int) -> None:
    """Take pods from old ReplicaSets, first those that are not available, so that at least `least` stay available."""
    unready = new["spec"]["replicas"] - _available([new])
    total = sum(s["spec"]["replicas"] for s in [new, *old])
    room = total - least - unready
    for replica_set in old:
        broken = replica_set["spec"]["replicas"] - _available([replica_set])
        if take := max(0, min(room, broken)):
            _scale(plane, manifest, replica_set, replica_set["spec"]["replicas"] - take)
            room -= take
    spare = min(room, _available([new, *old]) - least)
    for replica_set in old:
        if take := max(0, min(spare, replica_set["spec"]["replicas"])):
            _scale(plane, manifest, replica_set, replica_set["spec"]["replicas"] - take)
            spare -= take


def _scale_paused(plane: Plane, manifest: Manifest, sets: list[Manifest]) -> None:
    running = [s for s in sets if s["spec"]["replicas"]]
    if len(running) == 1:
        _scale(plane, manifest, running[0], manifest["spec"]["replicas"])


def _scale(plane: Plane, manifest: Manifest, replica_set: Manifest, replicas: int) -> None:
    before = replica_set["spec"]["replicas"]
    if before == replicas:
        return
    replica_set["spec"]["replicas"] = replicas
    replica_set["metadata"]["generation"] += 1
    plane.keep(Ref.of(replica_set), replica_set)
    _said_scaled(plane, manifest, replica_set, before)


def _said_scaled(plane: Plane, manifest: Manifest, replica_set: Manifest, before: int) -> None:
    now = replica_set["spec"]["replicas"]
    word = "up" if now >= before else "down"
    message = f"Scaled {word} replica set {replica_set['metadata']['name']} from {before} to {now}"
    plane.tell(manifest, "ScalingReplicaSet", message, by=_BY)


def _forget(plane: Plane, manifest: Manifest, old: list[Manifest]) -> None:
    idle = [s for s in old if not s["spec"]["replicas"] and not (s.get("status") or {}).get("replicas")]
    for replica_set in idle[: max(0, len(idle) - manifest["spec"]["revisionHistoryLimit"])]:
        plane.delete(Ref.of(replica_set))
        old.remove(replica_set)


def _progress(manifest: Manifest, reason: str, message: str, status: str = "True") -> None:
    """Note progress now: the deadline counts from here."""
    conditions = manifest.setdefault("status", {}).setdefault("conditions", [])
    old = next((c for c in conditions if c["type"] == "Progressing"), {})
    changed = stamp() if old.get("status") != status else old["lastTransitionTime"]
    new = {"type": "Progressing", "status": status, "reason": reason, "message": message}
    new |= {"lastUpdateTime": stamp(), "lastTransitionTime": changed}
    conditions[:] = [*(c for c in conditions if c["type"] != "Progressing"), new]


def _write_status(plane: Plane, ref: Ref, manifest: Manifest, new: Manifest | None, sets: list[Manifest]) -> None:
    wished, fresh = manifest["spec"]["replicas"], [new] if new else []
    before = manifest.get("status") or {}
    counts = {
        "replicas": _pods(sets),
        "updatedReplicas": _pods(fresh),
        "readyReplicas": sum((s.get("status") or {}).get("readyReplicas", 0) for s in sets),
        "availableReplicas": _available(sets),
        "unavailableReplicas": max(0, sum(s["spec"]["replicas"] for s in sets) - _available(sets)),
    }
    leaving = sum((s.get("status") or {}).get("terminatingReplicas", 0) for s in sets)
    status: dict[str, Any] = {"observedGeneration": manifest["metadata"]["generation"], "terminatingReplicas": leaving}
    status |= {name: count for name, count in counts.items() if count}
    conditions = [c for c in before.get("conditions") or () if c["type"] == "Progressing"]
    least = wished - bounds(manifest)[1]
    conditions.insert(0, _availability(manifest, counts["availableReplicas"] >= least))
    conditions += _replica_failure(fresh)
    manifest["status"] = {**status, "conditions": conditions}
    if new is not None and not manifest["spec"].get("paused"):
        _judge(plane, ref, manifest, new, before, counts)
    plane.keep(ref, manifest)


def _availability(manifest: Manifest, enough: bool) -> dict[str, Any]:
    reason = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
    message = f"Deployment {'has' if enough else 'does not have'} minimum availability."
    said = {"type": "Available", "status": "True" if enough else "False", "reason": reason, "message": message}
    (dated,) = since(manifest, [said])
    old = next((c for c in (manifest.get("status") or {}).get("conditions") or () if c["type"] == "Available"), None)
    same = old is not None and old["status"] == said["status"]
    return {**dated, "lastUpdateTime": old["lastUpdateTime"] if same and old else stamp()}


def _replica_failure(sets: list[Manifest]) -> list[dict[str, Any]]:
    conditions = [c for s in sets for c in (s.get("status") or {}).get("conditions") or ()]
    return [{**c, "lastUpdateTime": c["lastTransitionTime"]} for c in conditions if c["type"] == "ReplicaFailure"]


def _judge(plane: Plane, ref: Ref, manifest: Manifest, new: Manifest, before: Manifest, counts: dict[str, int]) -> None:
    """Whether the exchange is done, goes on, or has stood still past its deadline."""
    wished, name = manifest["spec"]["replicas"], new["metadata"]["name"]
    progressing = next((c for c in manifest["status"]["conditions"] if c["type"] == "Progressing"), None)
    uid = manifest["metadata"]["uid"]
    done = counts["updatedReplicas"] == counts["replicas"] == counts["availableReplicas"] == wished
    if done:
        plane.deadlines.pop(uid, None)
        if progressing is None or progressing["reason"] != "NewReplicaSetAvailable":
            _progress(manifest, "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.')
        return
    moved = counts["updatedReplicas"] > before.get("updatedReplicas", 0) or _grew(before, counts)
    fresh = progressing is not None and progressing["reason"] in ("NewReplicaSetCreated", "FoundNewReplicaSet")
    if moved or fresh or uid not in plane.deadlines:
        plane.deadlines[uid] = monotonic() + manifest["spec"]["progressDeadlineSeconds"]
        if not (progressing and progressing["reason"] == "ProgressDeadlineExceeded" and not moved and not fresh):
            _progress(manifest, "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')
    left = plane.deadlines[uid] - monotonic()
    if left > 0:
        plane.work.later(("", ref), left + 0.001)
        return
    if progressing is None or progressing["reason"] != "ProgressDeadlineExceeded":
        _progress(manifest, "ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.', "False")


def _grew(before: Manifest, counts: dict[str, int]) -> bool:
    more = any(counts[name] > before.get(name, 0) for name in ("readyReplicas", "availableReplicas"))
    old_before = before.get("replicas", 0) - before.get("updatedReplicas", 0)
    return more or counts["replicas"] - counts["updatedReplicas"] < old_before
