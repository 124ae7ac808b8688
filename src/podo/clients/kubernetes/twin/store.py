"""Objects, their history, and who waits for news.

Objects are kept as JSON bytes: small, and nobody can change them from outside.
"""

from __future__ import annotations

import asyncio
import bisect
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Literal, NamedTuple

import msgspec

from podo.clients.kubernetes.types import Kind, Manifest, Ref

HISTORY = 1000

_OWNED = b'"ownerReferences"'

decode = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode


class OwnerRef(msgspec.Struct, rename="camel", gc=False):
    """An entry of `ownerReferences`."""

    kind: str
    name: str
    uid: str
    controller: bool = False


class Head(msgspec.Struct, rename="camel"):
    """The part of metadata that is looked at for every object."""

    name: str
    namespace: str | None = None
    uid: str = ""
    labels: dict[str, str] | None = None
    owner_references: tuple[OwnerRef, ...] = ()
    deletion_timestamp: str | None = None
    finalizers: tuple[str, ...] = ()
    generation: int = 0

    @property
    def controller(self) -> OwnerRef | None:
        """The owner that controls it."""
        return next((o for o in self.owner_references if o.controller), None)


class _Beheaded(msgspec.Struct):
    metadata: Head


_head = msgspec.json.Decoder(_Beheaded)


def head(body: bytes) -> Head:
    """The head of a stored object, without reading the rest."""
    return _head.decode(body).metadata


class Entry(NamedTuple):
    """One write: what was before it and what was after it (None where there was or is nothing)."""

    version: int
    type: Literal["ADDED", "MODIFIED", "DELETED"]
    ref: Ref
    before: bytes | None
    after: bytes
    head: Head
    """Of `after`."""


class Store:
    """Every object of one cluster. `on_write` hears of each write before anybody else runs."""

    def __init__(self, on_write: Callable[[Entry], None]) -> None:
        self.version = 1
        self._on_write = on_write
        self._objects: dict[Kind, dict[str, dict[str, bytes]]] = {}
        self._owned: dict[str, set[Ref]] = {}
        self._history: list[Entry] = []
        self._floor = 1
        self._waiting: dict[Kind, set[asyncio.Event]] = {}

    def body(self, ref: Ref) -> bytes | None:
        """The object at `ref` as it is kept."""
        return self._objects.get(ref.type, {}).get(ref.namespace or "", {}).get(ref.name)

    def get(self, ref: Ref) -> Manifest | None:
        """A fresh copy of the object at `ref`."""
        body = self.body(ref)
        return decode(body) if body is not None else None

    def scan(self, kind: Kind, namespace: str | None = None) -> Iterator[tuple[Ref, bytes]]:
        """Objects of `kind` in no particular order, of one namespace or of all. The store may be written meanwhile."""
        places = self._objects.get(kind, {})
        wanted = list(places.items()) if namespace is None else [(namespace, places.get(namespace, {}))]
        for place, objects in wanted:
            for name, body in list(objects.items()):
                yield kind.ref(name, place or None), body

    def count(self, kind: Kind, namespace: str | None = None) -> int:
        """How many objects of `kind` there are."""
        places = self._objects.get(kind, {})
        return len(places.get(namespace, {})) if namespace is not None else sum(map(len, places.values()))

    def kinds(self) -> list[Kind]:
        """Kinds of which there are objects."""
        return [kind for kind, places in self._objects.items() if places]

    def owned(self, uid: str) -> list[Ref]:
        """Objects that name the object `uid` as an owner."""
        return sorted(self._owned.get(uid, ()))

    def put(self, ref: Ref, manifest: Manifest) -> Manifest:
        """Write the object, with the next version in its metadata."""
        self.version += 1
        manifest["metadata"]["resourceVersion"] = str(self.version)
        before, after = self.body(ref), encode(manifest)
        self._objects.setdefault(ref.type, {}).setdefault(ref.namespace or "", {})[ref.name] = after
        now = head(after)
        self._index(ref, before, now)
        self._remember(Entry(self.version, "MODIFIED" if before else "ADDED", ref, before, after, now))
        return manifest

    def remove(self, ref: Ref) -> None:
        """Take the object away."""
        places = self._objects.get(ref.type, {})
        before = places.get(ref.namespace or "", {}).pop(ref.name, None)
        if before is None:
            return
        if not places[ref.namespace or ""]:
            del places[ref.namespace or ""]
        self.version += 1
        last = decode(before)
        last["metadata"]["resourceVersion"] = str(self.version)
        self._index(ref, before, None)
        self._remember(Entry(self.version, "DELETED", ref, before, encode(last), head(before)))

    def _index(self, ref: Ref, before: bytes | None, after: Head | None) -> None:
        old = {o.uid for o in head(before).owner_references} if before and _OWNED in before else set()
        new = {o.uid for o in after.owner_references} if after else set()
        for uid in old - new:
            self._owned[uid].discard(ref)
            if not self._owned[uid]:
                del self._owned[uid]
        for uid in new - old:
            self._owned.setdefault(uid, set()).add(ref)

    def _remember(self, entry: Entry) -> None:
        self._history.append(entry)
        if len(self._history) > 2 * HISTORY:
            self.forget(self._history[-HISTORY].version - 1)
        for news in self._waiting.get(entry.ref.type, ()):
            news.set()
        self._on_write(entry)

    def forget(self, version: int) -> None:
        """Drop the history up to and including `version`: watching from before it is `Expired` then."""
        self._history = self._history[bisect.bisect_right(self._history, version, key=attrgetter("version")) :]
        self._floor = max(self._floor, version)

    def since(self, version: int) -> list[Entry] | None:
        """Writes after `version`; None when that is no longer known."""
        if version < self._floor:
            return None
        return self._history[bisect.bisect_right(self._history, version, key=attrgetter("version")) :]

    def waiting(self, kind: Kind) -> set[asyncio.Event]:
        """Events that are set when an object of `kind` is written; add yours, and take it out again."""
        return self._waiting.setdefault(kind, set())

    def wake(self) -> None:
        """Let everybody who waits look."""
        for events in self._waiting.values():
            for news in events:
                news.set()

    def dump(self) -> dict[str, Any]:
        """All objects, for `load`."""
        kinds = {f"{kind.api_version}|{kind.kind}": places for kind, places in self._objects.items() if places}
        return {"version": self.version, "objects": kinds}

    def load(self, dumped: dict[str, Any]) -> None:
        """Stand where `dump` stood. The history is empty, so that watchers begin anew."""
        self.version = self._floor = dumped["version"]
        self._objects = {Kind(*key.split("|")): places for key, places in dumped["objects"].items()}
        self._history, self._owned = [], {}
        for kind in self.kinds():
            for ref, body in self.scan(kind):
                self._index(ref, None, head(body))
