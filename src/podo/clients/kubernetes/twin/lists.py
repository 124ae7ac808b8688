"""Lists in pages that all see one moment, and watches from a version on."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from podo.clients.kubernetes import kinds, selectors
from podo.clients.kubernetes.twin.plane import Plane
from podo.clients.kubernetes.twin.store import Entry, Store, decode, encode, head
from podo.clients.kubernetes.types import ChangeType, Kind, Ref
from podo.kernel.clock import monotonic

_KEPT = 16
_FIELDS = {
    kinds.POD: {
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.nominatedNodeName",
    },
    kinds.EVENT: {
        "involvedObject.apiVersion", "involvedObject.kind", "involvedObject.name", "involvedObject.namespace",
        "involvedObject.uid", "involvedObject.fieldPath", "involvedObject.resourceVersion", "reason", "reportingComponent",
        "source", "type",
    },
    kinds.NAMESPACE: {"status.phase"},
    kinds.NODE: {"spec.unschedulable"},
    kinds.SECRET: {"type"},
    kinds.JOB: {"status.successful"},
    kinds.REPLICA_SET: {"status.replicas"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is listed or watched."""

    kind: Kind
    namespace: str | None
    label_selector: str
    field_selector: str

    @property
    def ref(self) -> Ref:
        """The kind and namespace, as an address without a name."""
        return self.kind.ref("", self.namespace)


class Found(NamedTuple):
    """One page of bodies."""

    bodies: list[bytes]
    version: str
    continue_: str | None
    remaining: int | None


class Line(NamedTuple):
    """One line of a watch."""

    type: ChangeType
    body: bytes


class Snapshots:
    """The rests of lists that somebody may ask for; the oldest are forgotten."""

    def __init__(self) -> None:
        self._rests: OrderedDict[str, tuple[Wanted, str, list[bytes]]] = OrderedDict()
        self._count = 0

    def keep(self, wanted: Wanted, version: str, bodies: list[bytes]) -> str:
        """A token for the rest of a list."""
        self._count += 1
        token = f"{version}.{self._count}"
        self._rests[token] = wanted, version, bodies
        while len(self._rests) > _KEPT:
            self._rests.popitem(last=False)
        return token

    def rest(self, token: str, wanted: Wanted) -> tuple[str, list[bytes]] | None:
        """What the token stands for; None when it is not kept or was given for something else."""
        there, version, bodies = self._rests.get(token, (None, "", []))
        return (version, bodies) if there == wanted else None

    def clear(self) -> None:
        """Forget all."""
        self._rests.clear()


def page(plane: Plane, snapshots: Snapshots, wanted: Wanted, limit: int | None, continue_: str | None) -> Found:
    """The next page of a list."""
    if continue_ is None:
        test = _test(plane, wanted)
        found = sorted(plane.store.scan(wanted.kind, wanted.namespace), key=_place)
        version, bodies = str(plane.store.version), [body for ref, body in found if test(ref, body)]
    else:
        rest = snapshots.rest(continue_, wanted)
        if rest is None:
            why = "The provided continue parameter is too old to display a consistent list result."
            raise plane.refuse.expired(wanted.ref, why)
        version, bodies = rest
    if not limit or len(bodies) <= limit:
        return Found(bodies, version, None, None)
    # A selector hides how many there are in all, here as there.
    remaining = None if wanted.label_selector or wanted.field_selector else len(bodies) - limit
    return Found(bodies[:limit], version, snapshots.keep(wanted, version, bodies[limit:]), remaining)


def _place(found: tuple[Ref, bytes]) -> tuple[str, str]:
    return found[0].namespace or "", found[0].name


def _test(plane: Plane, wanted: Wanted) -> Callable[[Ref, bytes], bool]:
    try:
        labels = selectors.labels(wanted.label_selector)
        fields = selectors.fields(wanted.field_selector)
    except selectors.Unreadable as error:
        raise plane.refuse.bad(wanted.ref, str(error)) from None
    known = {"metadata.name", "metadata.namespace", *_FIELDS.get(wanted.kind, ())}
    for path, _, _ in fields:
        if path not in known:
            raise plane.refuse.bad(wanted.ref, f'field label not supported: "{path}"')

    def test(ref: Ref, body: bytes) -> bool:
        if wanted.label_selector and not labels(head(body).labels or {}):
            return False
        return not fields or _has(ref, body, fields)

    return test


def _has(ref: Ref, body: bytes, fields: list[tuple[str, bool, str]]) -> bool:
    manifest: dict[str, Any] = {"metadata": {"name": ref.name, "namespace": ref.namespace}}
    if any(not path.startswith("metadata.") for path, _, _ in fields):
        manifest = decode(body)
    return all((_at(manifest, path) == value) is equal for path, equal, value in fields)


def _at(manifest: dict[str, Any], path: str) -> str:
    place: Any = manifest
    for step in path.split("."):
        place = (place or {}).get(step) if isinstance(place, dict) else None
    if isinstance(place, bool):
        return str(place).lower()
    return "" if place is None else str(place)


async def watch(
    plane: Plane, wanted: Wanted, version: str, bookmarks: bool, seconds: float, is_closed: Callable[[], bool]
) -> AsyncGenerator[Line, None]:
    """Lines from `version` on, for so many seconds; without a version first all that is there."""
    test = _test(plane, wanted)
    news = asyncio.Event()
    waiting = plane.store.waiting(wanted.kind)
    waiting.add(news)
    until, next_bookmark = monotonic() + seconds, monotonic() + plane.pace.bookmark
    try:
        if version in ("", "0"):
            seen = plane.store.version
            for ref, body in sorted(plane.store.scan(wanted.kind, wanted.namespace), key=_place):
                if test(ref, body):
                    yield Line("ADDED", body)
        else:
            seen = int(version)
        while not is_closed():
            news.clear()
            entries = plane.store.since(seen)
            if entries is None:
                raise plane.refuse.expired(wanted.ref, f"too old resource version: {seen}")
            for entry in entries:
                seen = entry.version
                if line := _line(entry, wanted, test):
                    yield line
            seen = max(seen, plane.store.version if not entries else seen)
            moment = monotonic()
            if bookmarks and moment >= next_bookmark:
                next_bookmark = moment + plane.pace.bookmark
                yield _bookmark(wanted.kind, seen)
            if moment >= until:
                return
            await _wait(news, min(until, next_bookmark if bookmarks else until) - moment)
    finally:
        waiting.discard(news)


async def _wait(news: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await news.wait()
    except TimeoutError:
        return False


async def news(store: Store, kind: Kind, seconds: float) -> bool:
    """Wait for a write of an object of `kind`, for so long at most; whether there was one."""
    event = asyncio.Event()
    waiting = store.waiting(kind)
    waiting.add(event)
    try:
        return await _wait(event, seconds)
    finally:
        waiting.discard(event)


def _line(entry: Entry, wanted: Wanted, test: Callable[[Ref, bytes], bool]) -> Line | None:
    """What a watcher with these selectors sees of a write: objects come into its sight and go out of it."""
    if entry.ref.type != wanted.kind or wanted.namespace not in (None, entry.ref.namespace):
        return None
    was = entry.before is not None and test(entry.ref, entry.before)
    is_ = entry.type != "DELETED" and test(entry.ref, entry.after)
    if was and is_:
        return Line("MODIFIED", entry.after)
    if is_:
        return Line("ADDED", entry.after)
    return Line("DELETED", entry.after) if was else None


def _bookmark(kind: Kind, version: int) -> Line:
    bare = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"resourceVersion": str(version)}}
    return Line("BOOKMARK", encode(bare))
