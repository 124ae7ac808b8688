"""What a namespace allows on creation: that it is there and stays, LimitRange's defaults and bounds, ResourceQuota's room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from podo.clients.kubernetes import kinds
from podo.clients.kubernetes.twin import quantities
from podo.clients.kubernetes.twin.refusals import Cause, Refusals
from podo.clients.kubernetes.twin.store import Entry, Store, decode, head
from podo.clients.kubernetes.types import Kind, KindInfo, Manifest, Ref
from podo.kernel.errors import PodoError

Usage = dict[str, Decimal]

_ENDED = ("Succeeded", "Failed")


class Admission:
    """The gate before each creation. Keeps what pods use for namespaces that have a quota, so that a check is cheap."""

    def __init__(self, store: Store, refuse: Refusals) -> None:
        self._store = store
        self._refuse = refuse
        self._used: dict[str, Usage] = {}

    def admit(self, ref: Ref, manifest: Manifest, info: KindInfo) -> None:
        """Fill in what the namespace's limits say, or raise what the API server would."""
        if ref.namespace is None:
            return
        self._check_namespace(ref, info)
        if ref.type == kinds.POD:
            self._limit(ref, manifest, info)
        self._check_quota(ref, manifest, info)

    def _check_namespace(self, ref: Ref, info: KindInfo) -> None:
        place = kinds.NAMESPACE.ref(ref.namespace or "")
        body = self._store.body(place)
        if body is None:
            raise self._refuse.not_found(place, "namespaces")
        if head(body).deletion_timestamp:
            why = f"unable to create new content in namespace {ref.namespace} because it is being terminated"
            cause = Cause("metadata.namespace", "NamespaceTerminating", f"namespace {ref.namespace} is being terminated")
            raise self._refuse.forbidden(ref, info.plural, why, [cause])

    def _limit(self, ref: Ref, pod: Manifest, info: KindInfo) -> None:
        limits = [
            item for _, body in self._store.scan(kinds.LIMIT_RANGE, ref.namespace) for item in decode(body)["spec"]["limits"]
        ]
        for limit in limits:
            if limit["type"] != "Container":
                continue
            for container in pod["spec"]["containers"]:
                _fill(container.setdefault("resources", {}), limit)
                if why := _beyond(container["resources"], limit):
                    raise self._refuse.forbidden(ref, info.plural, why)

    def _check_quota(self, ref: Ref, manifest: Manifest, info: KindInfo) -> None:
        if not self._store.count(kinds.RESOURCE_QUOTA, ref.namespace):
            return
        wanted = asked(ref.type, info, manifest)
        for quota, body in self._store.scan(kinds.RESOURCE_QUOTA, ref.namespace):
            hard: Mapping[str, str] = decode(body)["spec"].get("hard") or {}
            if error := self._beyond_quota(ref, manifest, info, quota.name, hard, wanted):
                raise error

    def _beyond_quota(
        self, ref: Ref, manifest: Manifest, info: KindInfo, quota: str, hard: Mapping[str, str], wanted: Usage
    ) -> PodoError | None:
        if ref.type == kinds.POD and (missing := _unsaid(manifest, hard)):
            return self._refuse.forbidden(ref, info.plural, f"failed quota: {quota}: must specify {missing}")
        used = self.used(ref.namespace or "", hard)
        over = [r for r in sorted(hard) if r in wanted and used.get(r, Decimal()) + wanted[r] > quantities.number(hard[r])]
        if not over:
            return None

        def listed(amounts: Mapping[str, Any]) -> str:
            return ",".join(f"{r}={amounts.get(r, 0)}" for r in over)

        said = {r: quantities.said(a) for r, a in wanted.items()}, {r: quantities.said(a) for r, a in used.items()}
        why = f"exceeded quota: {quota}, requested: {listed(said[0])}, used: {listed(said[1])}, limited: {listed(hard)}"
        return self._refuse.forbidden(ref, info.plural, why)

    def used(self, namespace: str, hard: Mapping[str, str]) -> Usage:
        """What is used of the resources that `hard` names."""
        if namespace not in self._used:
            self._used[namespace] = {}
            for _, body in self._store.scan(kinds.POD, namespace):
                self._add(namespace, body, 1)
        by_count = {name: (kind, info) for kind, info in kinds.BUILT_IN.items() for name in _counted(kind, info)}
        counts = {r: Decimal(self._store.count(by_count[r][0], namespace)) for r in hard if r in by_count and r != "pods"}
        return {r: counts.get(r, self._used[namespace].get(r, Decimal())) for r in hard}

    def heard(self, entry: Entry) -> None:
        """A pod was written: correct what is kept of its namespace."""
        namespace = entry.ref.namespace or ""
        if entry.ref.type != kinds.POD or namespace not in self._used:
            return
        if entry.before is not None:
            self._add(namespace, entry.before, -1)
        if entry.type != "DELETED":
            self._add(namespace, entry.after, 1)

    def _add(self, namespace: str, body: bytes, sign: int) -> None:
        pod = decode(body)
        if pod["status"].get("phase") in _ENDED:
            return
        used = self._used[namespace]
        for resource, amount in asked(kinds.POD, kinds.BUILT_IN[kinds.POD], pod).items():
            used[resource] = used.get(resource, Decimal()) + sign * amount


def asked(kind: Kind, info: KindInfo, manifest: Manifest) -> Usage:
    """What one object takes from a quota."""
    out = dict.fromkeys(_counted(kind, info), Decimal(1))
    if kind != kinds.POD:
        return out
    for what in ("requests", "limits"):
        for resource, amount in quantities.requested(manifest["spec"], what).items():
            out[f"{what}.{resource}"] = amount
            if what == "requests":
                out[resource] = amount
    return out


def _counted(kind: Kind, info: KindInfo) -> Iterator[str]:
    yield f"count/{info.plural}.{kind.group}" if kind.group else f"count/{info.plural}"
    if not kind.group:
        yield info.plural


def _unsaid(pod: Manifest, hard: Mapping[str, str]) -> str:
    """`requests.cpu for: app` for what the quota counts and containers do not say."""
    found: dict[str, list[str]] = {}
    for resource in sorted(hard):
        what, _, name = resource.rpartition(".")
        if name not in ("cpu", "memory") or what not in ("", "requests", "limits"):
            continue
        for container in pod["spec"]["containers"]:
            if name not in ((container.get("resources") or {}).get(what or "requests") or {}):
                found.setdefault(resource, []).append(container["name"])
    return "; ".join(f"{resource} for: {','.join(names)}" for resource, names in found.items())


def _fill(resources: dict[str, Any], limit: Mapping[str, Any]) -> None:
    limits = {**(limit.get("default") or {}), **(resources.get("limits") or {})}
    own = resources.get("requests") or {}
    fallback = limit.get("defaultRequest") or limit.get("default") or {}
    requests = {**fallback, **(resources.get("limits") or {} if not own else {}), **own}
    if limits:
        resources["limits"] = limits
    if requests:
        resources["requests"] = requests


def _beyond(resources: Mapping[str, Any], limit: Mapping[str, Any]) -> str:
    for bound, what, beyond in (("max", "limits", 1), ("min", "requests", -1)):
        for resource, edge in (limit.get(bound) or {}).items():
            amount = (resources.get(what) or {}).get(resource)
            if amount is not None and beyond * (quantities.number(amount) - quantities.number(edge)) > 0:
                word = f"{bound}imum {resource} usage per Container is {edge}"
                return f"{word}, but {what[:-1]} is {amount}"
    return ""
