"""One twin's control plane: what the verbs and the controllers do alike, which is to make, change and delete objects."""

from __future__ import annotations

import functools
import random
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from podo.clients.kubernetes import addresses, kinds
from podo.clients.kubernetes.twin import changes, defaults, ownership, validation
from podo.clients.kubernetes.twin.admission import Admission
from podo.clients.kubernetes.twin.faults import Faults, Pace
from podo.clients.kubernetes.twin.ownership import Claim
from podo.clients.kubernetes.twin.refusals import Refusals
from podo.clients.kubernetes.twin.schema import is_known, shape_of, tidy
from podo.clients.kubernetes.twin.store import Entry, Store, decode, encode
from podo.clients.kubernetes.twin.work import Work
from podo.clients.kubernetes.types import Kind, KindInfo, Manifest, Propagation, Ref
from podo.kernel import clock

Key = tuple[str, Ref]

EVENTS = 1000

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_GENERATED = {
    kinds.DEPLOYMENT, kinds.REPLICA_SET, kinds.STATEFUL_SET, kinds.DAEMON_SET, kinds.JOB, kinds.CRON_JOB, kinds.INGRESS,
    kinds.POD_DISRUPTION_BUDGET, kinds.POD, kinds.CUSTOM_RESOURCE_DEFINITION, Kind("networking.k8s.io/v1", "NetworkPolicy"),
}  # fmt: skip


def stamp(at: datetime | None = None) -> str:
    """A moment as Kubernetes writes it, to the second."""
    return (at or clock.now()).strftime("%Y-%m-%dT%H:%M:%SZ")


def suffix(length: int = 5) -> str:
    """Letters for the end of a generated name, which make no words."""
    return "".join(random.choices(_LETTERS, k=length))


class Plane:
    """Objects, the queue of what controllers have to look at, and how both are changed."""

    def __init__(
        self, name: str, pace: Pace, faults: Faults, *, hear: Callable[[Plane, Entry], None], look: Callable[[Plane, Key], None]
    ) -> None:
        self.pace = pace
        self.faults = faults
        self.refuse = Refusals(name)
        self.store = Store(self._heard)
        self.work: Work[Key] = Work(functools.partial(look, self))
        self.admission = Admission(self.store, self.refuse)
        self._hear = hear
        self.definitions: dict[Kind, KindInfo] = {}
        self.pending: dict[str, tuple[str, float]] = {}
        """Pods in flux by uid: the stage that is awaited and when (monotonic) it is due."""
        self.load: dict[str, int] = {}
        """How many pods each node has."""
        self.orphans: dict[tuple[Kind, str], set[Ref]] = {}
        """Pods and ReplicaSets that nobody controls, by kind and namespace."""
        self.deadlines: dict[str, float] = {}
        """Until when (monotonic) a Deployment, by uid, has to show progress."""
        self.looking: Ref | None = None
        """What a controller looks at right now."""
        self.is_quiet = False
        """While seeding: no Events, and pods come settled."""

    def _heard(self, entry: Entry) -> None:
        self.admission.heard(entry)
        self._hear(self, entry)

    # Kinds

    def info(self, ref: Ref) -> KindInfo:
        """How the kind of `ref` is served; raises `UnknownKind`."""
        if info := kinds.BUILT_IN.get(ref.type) or self.definitions.get(ref.type):
            return info
        raise self.refuse.unknown_kind(ref)

    def read(self, ref: Ref) -> Manifest:
        """The object at `ref`; raises `NotFound`."""
        info = self.info(ref)
        addresses.check(self.refuse.cluster, ref, info)
        found = self.store.get(ref)
        if found is None:
            raise self.refuse.not_found(ref, info.plural)
        return found

    # Making

    def make(self, manifest: Manifest, claim: Claim | None = None, *, dry_run: bool = False) -> Manifest:
        """Create the object (which becomes ours): named, admitted, filled in, checked. Raises what the API server would."""
        metadata = manifest["metadata"]
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + suffix()
        ref = Ref.of(manifest)
        info = self.info(ref)
        if claim is not None:
            self.check_shape(ref, manifest)
        if claim is not None and claim.operation == "Apply":
            ownership.begin(manifest, shape_of(ref.type), claim)
        self._begin(ref, manifest, info)
        tidy(manifest, shape_of(ref.type))
        defaults.fill(ref.type, manifest)
        if claim is not None and claim.operation != "Apply":
            # Who makes an object owns what the API server filled in, too; an apply owns what it says and no more.
            ownership.begin(manifest, shape_of(ref.type), claim)
        defaults.complete(ref.type, manifest)
        self.check(ref, manifest)
        self.admission.admit(ref, manifest, info)
        if self.store.body(ref) is not None:
            raise self.refuse.exists(ref, info.plural)
        return manifest if dry_run else self.store.put(ref, manifest)

    def _begin(self, ref: Ref, manifest: Manifest, info: KindInfo) -> None:
        metadata = manifest["metadata"]
        metadata["uid"] = str(uuid.uuid4())
        if not (self.is_quiet and metadata.get("creationTimestamp")):
            metadata["creationTimestamp"] = stamp()
        for absent in ("resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
            metadata.pop(absent, None)
        metadata.pop("generation", None)
        if ref.type in _GENERATED or ref.type in self.definitions:
            metadata["generation"] = 1
        if "status" in info.subresources and ref.type != kinds.NODE:
            manifest.pop("status", None)

    def check_shape(self, ref: Ref, manifest: Mapping[str, Any]) -> None:
        """Raises `InvalidManifest` for fields that are unknown or of another type, and for required ones that are missing."""
        wrong = list(validation.shape_errors(manifest, shape_of(ref.type)))
        if wrong:
            where = f"({f'{ref.namespace}/' if ref.namespace else '/'}{ref.name}; {ref.api_version}, Kind={ref.kind})"
            listed = "\n".join(f"{at}: {why}" for at, why in wrong)
            raise self.refuse.bad(ref, f"failed to create typed patch object {where}: {listed}")

    def check(self, ref: Ref, manifest: Manifest) -> None:
        """Raises `InvalidManifest` for values that cannot be."""
        if causes := validation.check(ref.type, manifest) if is_known(ref.type) else []:
            raise self.refuse.invalid(ref, causes)

    # Changing

    def change(self, ref: Ref, before: Manifest, after: Manifest, *, dry_run: bool = False) -> Manifest:
        """Write an object as an API client does: filled in, checked, with a new generation where its spec changed."""
        for name in ("uid", "creationTimestamp", "generation", "deletionTimestamp", "name", "namespace", "resourceVersion"):
            after["metadata"].pop(name, None)
            if name in before["metadata"]:
                after["metadata"][name] = before["metadata"][name]
        tidy(after, shape_of(ref.type))
        defaults.fill(ref.type, after)
        defaults.complete(ref.type, after)
        self.check(ref, after)
        if causes := [*changes.finalizers(before, after), *changes.check(ref.type, before, after)]:
            raise self.refuse.invalid(ref, causes)
        if "generation" in before["metadata"] and _wish(before) != _wish(after):
            after["metadata"]["generation"] = before["metadata"]["generation"] + 1
        if _timeless(before) == _timeless(after):
            return before
        return after if dry_run else self.keep(ref, after)

    def keep(self, ref: Ref, manifest: Manifest) -> Manifest:
        """Write an object as a controller does, if it differs; one that is being deleted goes with its last finalizer."""
        if self.store.body(ref) == encode(manifest):
            return manifest
        written = self.store.put(ref, manifest)
        metadata = manifest["metadata"]
        if metadata.get("deletionTimestamp") and not metadata.get("finalizers") and ref.type not in (kinds.POD, kinds.NAMESPACE):
            self.store.remove(ref)
        return written

    # Deleting

    def delete(self, ref: Ref, *, propagation: Propagation = "Background", grace: int | None = None) -> None:
        """Delete the object if it is there: at once, or when its pod has stopped and its finalizers are gone."""
        manifest = self.store.get(ref)
        if manifest is None:
            return
        metadata = manifest["metadata"]
        if propagation == "Orphan":
            self._orphan(metadata["uid"])
        if propagation == "Foreground" and "foregroundDeletion" not in (metadata.get("finalizers") or ()):
            metadata["finalizers"] = [*(metadata.get("finalizers") or ()), "foregroundDeletion"]
        seconds = self._grace(ref, manifest, grace)
        if not (seconds or metadata.get("finalizers") or ref.type == kinds.NAMESPACE):
            self.store.remove(ref)
            return
        if metadata.get("deletionTimestamp") and propagation != "Foreground":
            return
        metadata.setdefault("deletionTimestamp", stamp())
        metadata["deletionGracePeriodSeconds"] = seconds
        if "generation" in metadata:
            metadata["generation"] += 1
        if ref.type == kinds.NAMESPACE:
            manifest["status"]["phase"] = "Terminating"
        self.store.put(ref, manifest)

    def _grace(self, ref: Ref, manifest: Manifest, grace: int | None) -> int:
        runs = ref.type == kinds.POD and manifest["spec"].get("nodeName")
        if not runs or manifest["status"].get("phase") in ("Succeeded", "Failed"):
            return 0
        return grace if grace is not None else manifest["spec"].get("terminationGracePeriodSeconds", 30)

    def _orphan(self, uid: str) -> None:
        for dependent in self.store.owned(uid):
            if child := self.store.get(dependent):
                owners = [o for o in child["metadata"]["ownerReferences"] if o["uid"] != uid]
                child["metadata"]["ownerReferences"] = owners
                if not owners:
                    del child["metadata"]["ownerReferences"]
                self.store.put(dependent, child)

    # Telling

    def tell(self, about: Manifest, reason: str, message: str, *, warning: bool = False, by: str = "") -> None:
        """Record an Event about an object, or count the one that says the same."""
        ref = Ref.of(about)
        if self.is_quiet or self.store.body(kinds.NAMESPACE.ref(ref.namespace or "default")) is None:
            return
        namespace, uid = ref.namespace or "default", about["metadata"]["uid"]
        name = f"{ref.name}.{uuid.uuid5(uuid.UUID(uid), f'{reason}|{message}').hex[:16]}"
        place = kinds.EVENT.ref(name, namespace)
        event = self.store.get(place) or _event(about, ref, name, namespace, reason, message, by)
        event["type"] = "Warning" if warning else "Normal"
        event["count"] = event.get("count", 0) + 1
        event["lastTimestamp"] = stamp()
        self.store.put(place, event)
        self._forget_events()

    def _forget_events(self) -> None:
        """A real cluster forgets Events after an hour; here the number is bounded, the oldest go first."""
        if self.store.count(kinds.EVENT) <= EVENTS:
            return
        oldest = sorted(self.store.scan(kinds.EVENT), key=lambda e: decode(e[1])["lastTimestamp"])[: EVENTS // 4]
        for ref, _ in oldest:
            self.store.remove(ref)


def _event(about: Manifest, ref: Ref, name: str, namespace: str, reason: str, message: str, by: str) -> Manifest:
    involved = {"apiVersion": ref.api_version, "kind": ref.kind, "name": ref.name, "uid": about["metadata"]["uid"]}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": namespace, "uid": str(uuid.uuid4()), "creationTimestamp": stamp()},
        "involvedObject": involved | ({"namespace": ref.namespace} if ref.namespace else {}),
        "reason": reason,
        "message": message,
        "source": {"component": by},
        "reportingComponent": by,
        "reportingInstance": "",
        "firstTimestamp": stamp(),
    }


def _wish(manifest: Manifest) -> dict[str, Any]:
    return {name: value for name, value in manifest.items() if name not in ("metadata", "status")}


def _timeless(manifest: Manifest) -> dict[str, Any]:
    """The object without the times of its managers, which alone are no change."""
    metadata = dict(manifest["metadata"])
    if "managedFields" in metadata:
        metadata["managedFields"] = [{k: v for k, v in entry.items() if k != "time"} for entry in metadata["managedFields"]]
    return {**manifest, "metadata": metadata}


def copied(manifest: Mapping[str, Any]) -> Manifest:
    """A copy that shares nothing, as plain JSON."""
    return decode(encode(manifest))
