"""Who owns which field: server-side apply and `metadata.managedFields`, in the API server's own notation.

A path is a tuple of steps: `f:spec` (a field), `k:{"name":"app"}` (an item of a keyed list), `v:"x"` (an item of a set). Who
owns the path of a map, a list or an item owns that it is there; what is in it has paths of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from podo.clients.kubernetes.twin import merging
from podo.clients.kubernetes.twin.schema import ANYTHING, Shape
from podo.clients.kubernetes.types import Manifest

Path = tuple[str, ...]

BEFORE_FIRST_APPLY = "before-first-apply"

_IDENTITY = {("f:apiVersion",), ("f:kind",)}
# Structs that the API server's own types hold by value, and a list that is never left out: they are always there.
_ALWAYS_THERE = {
    "f:metadata", "f:spec", "f:status", "f:template", "f:jobTemplate", "f:strategy", "f:updateStrategy", "f:scaleTargetRef",
    "f:loadBalancer", "f:containers",
}  # fmt: skip
_REPLICAS = ("f:spec", "f:replicas")
_NOT_OWNED = {
    "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields", "name", "namespace",
    "resourceVersion", "selfLink", "uid",
}  # fmt: skip


@dataclass(slots=True)
class Claim:
    """What one manager owns by one kind of write (`Apply` or `Update`, the latter for each subresource of its own)."""

    manager: str
    operation: str
    subresource: str = ""
    time: str = ""
    api_version: str = ""
    paths: set[Path] = field(default_factory=set)

    def is_same(self, other: Claim) -> bool:
        """Whether both speak of the same writer."""
        return (self.manager, self.operation, self.subresource) == (other.manager, other.operation, other.subresource)


def claims_of(manifest: Mapping[str, Any]) -> list[Claim]:
    """The claims that an object bears in `metadata.managedFields`."""
    return [
        Claim(
            entry["manager"],
            entry["operation"],
            entry.get("subresource", ""),
            entry.get("time", ""),
            entry.get("apiVersion", ""),
            set(_unfold(entry.get("fieldsV1") or {})),
        )
        for entry in manifest["metadata"].get("managedFields") or ()
    ]


def record(manifest: Manifest, claims: Iterable[Claim]) -> None:
    """Write `claims` into `metadata.managedFields`; empty ones are forgotten."""
    ordered = sorted(claims, key=lambda c: (c.operation, c.time, c.manager, c.subresource))
    entries = [_entry(claim) for claim in ordered if claim.paths]
    if entries:
        manifest["metadata"]["managedFields"] = entries
        return
    manifest["metadata"].pop("managedFields", None)


def _entry(claim: Claim) -> dict[str, Any]:
    entry: dict[str, Any] = {"manager": claim.manager, "operation": claim.operation, "apiVersion": claim.api_version}
    entry |= {"time": claim.time, "fieldsType": "FieldsV1", "fieldsV1": _fold(claim.paths)}
    return entry | ({"subresource": claim.subresource} if claim.subresource else {})


def _fold(paths: set[Path]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in sorted(paths):
        place = tree
        for step in path:
            place = place.setdefault(step, {})
    _mark(tree, (), paths)
    return tree


def _mark(tree: dict[str, Any], above: Path, owned: set[Path]) -> None:
    """Put a `.` into what is owned and has something owned in it."""
    for step, below in list(tree.items()):
        if below:
            path = (*above, step)
            _mark(below, path, owned)
            if path in owned:
                below["."] = {}


def _unfold(tree: Mapping[str, Any], above: Path = ()) -> Iterator[Path]:
    for step, below in tree.items():
        if step == ".":
            yield above
            continue
        if not below:
            yield (*above, step)
            continue
        yield from _unfold(below, (*above, step))


def begin(manifest: Manifest, shape: Shape, by: Claim) -> None:
    """Write down who owns what of a new object: an apply what it sent, a plain write all that is there."""
    by.paths = set(owned(manifest, shape) if by.operation == "Apply" else written(manifest, shape))
    record(manifest, [by])


def leaves(value: Any, shape: Shape, above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every path of `value` that an apply owns, with what stands there (None for an item of a keyed list)."""
    match value:
        case dict() if shape.form != "scalar" and shape.merge == "granular":
            if not value and above:
                yield above, value
            for name, item in value.items():
                yield from leaves(item, shape.child(name) or ANYTHING, (*above, f"f:{name}"))
        case list() if shape.merge == "keyed":
            for item in value:
                step = (*above, shape.key_of(item))
                if shape.item and shape.item.merge == "granular":
                    yield step, None
                yield from leaves(item, shape.item or ANYTHING, step)
        case list() if shape.merge == "set":
            for item in value:
                yield (*above, "v:" + msgspec.json.encode(item).decode()), item
        case None:
            return
        case _:
            yield above, value


def _whole(value: Any, shape: Shape, above: Path = ()) -> Iterator[Path]:
    """The maps and lists in `value`: a plain write that brings one owns it too."""
    match value:
        case dict() if value and shape.form != "scalar" and shape.merge == "granular":
            if above:
                yield above
            for name, item in value.items():
                yield from _whole(item, shape.child(name) or ANYTHING, (*above, f"f:{name}"))
        case list() if value and shape.merge in ("keyed", "set"):
            yield above
            for item in value if shape.merge == "keyed" else ():
                yield from _whole(item, shape.item or ANYTHING, (*above, shape.key_of(item)))
        case _:
            return


def written(manifest: Mapping[str, Any], shape: Shape) -> dict[Path, Any]:
    """The paths of a whole manifest that a plain write owns, with their values (None for maps, lists and items)."""
    there = (path for path in _whole(manifest, shape) if not _is_always_there(path))
    return {path: None for path in there if not _is_identity(path)} | owned(manifest, shape)


def _is_always_there(path: Path) -> bool:
    return path[-1] in _ALWAYS_THERE and all(step.startswith("f:") for step in path)


def owned(manifest: Mapping[str, Any], shape: Shape) -> dict[Path, Any]:
    """The paths of a whole manifest that a writer can own, with their values."""
    return {path: value for path, value in leaves(manifest, shape) if not _is_identity(path)}


def _is_identity(path: Path) -> bool:
    return path in _IDENTITY or (path[0] == "f:metadata" and len(path) > 1 and path[1][2:] in _NOT_OWNED)


def _with_structs(paths: Iterable[Path], shape: Shape) -> set[Path]:
    """The paths and the structs around them, which nobody owns by name and which are there for what is in them."""
    found: set[Path] = set()
    for path in paths:
        at: Shape | None = shape
        for end, step in enumerate(path, 1):
            if at is not None and at.form == "struct" and step.startswith("f:"):
                found.add(path[:end])
            at = at and (at.child(step[2:]) if step.startswith("f:") else at.item)
        found.add(path)
    return found


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply comes to. When `conflicts` is not empty (path, manager), nothing may be kept."""

    manifest: Manifest
    claims: list[Claim]
    conflicts: list[tuple[Path, Claim]]


def apply(live: Manifest, sent: Manifest, shape: Shape, by: Claim) -> Applied:
    """Lay `sent` over `live` for the manager of `by`, whose paths become exactly those of `sent`."""
    claims = claims_of(live) or update({"metadata": {}}, _without_status(live), shape, _before(by))
    last = next((c.paths for c in claims if c.is_same(by)), set())
    others = [c for c in claims if not c.is_same(by)]
    by.paths = set(owned(sent, shape))
    merged = merging.merge(live, sent, shape)
    said = {path for path, _ in leaves(sent, shape)}
    kept = _with_structs(said.union(*(c.paths for c in others)), shape)
    merging.remove(merged, _with_structs(last, shape) - kept, shape)
    changed, gone = _compared(live, merged, shape)
    conflicts = [(path, claim) for claim in others for path in sorted(changed & claim.paths)]
    for claim in others:
        claim.paths -= changed | gone
    return Applied(merged, [*others, by], conflicts)


def _compared(before: Mapping[str, Any], after: Mapping[str, Any], shape: Shape) -> tuple[set[Path], set[Path]]:
    """The paths that were changed or added, and those that are gone."""
    old, new = written(before, shape), written(after, shape)
    # A map that was empty and is no longer has not changed itself.
    changed = {p for p, value in new.items() if p in old and None not in (value, old[p]) and value != old[p]}
    return changed | (new.keys() - old.keys()), old.keys() - new.keys()


def _without_status(manifest: Manifest) -> Manifest:
    return {name: value for name, value in manifest.items() if name != "status"}


def _before(by: Claim) -> Claim:
    """Who owns what was there before anybody owned anything."""
    return Claim(BEFORE_FIRST_APPLY, "Update", "", by.time, by.api_version)


def update(before: Mapping[str, Any], after: Manifest, shape: Shape, by: Claim) -> list[Claim]:
    """The claims after a plain write: what it changed or added is its own, what is gone is nobody's."""
    changed, gone = _compared(before, after, shape)
    claims = claims_of(before)
    mine = next((c for c in claims if c.is_same(by)), by)
    for claim in claims:
        claim.paths -= gone
        if claim is not mine:
            claim.paths -= changed
    mine.paths |= changed
    mine.time = by.time
    return claims if mine is not by else [*claims, by]


def scaled(before: Manifest, replicas: int, by: Claim) -> list[Claim]:
    """The claims after a write to `scale`: who scales takes the number over from whoever owns it, and a 0 is nobody's."""
    claims = claims_of(before)
    if before["spec"].get("replicas") == replicas:
        return claims
    owners = [claim for claim in claims if _REPLICAS in claim.paths]
    for claim in owners:
        claim.paths.discard(_REPLICAS)
    if not owners or not replicas:
        return claims
    mine = next((claim for claim in claims if claim.is_same(by)), None)
    if mine is None:
        by.paths = {_REPLICAS}
        return [*claims, by]
    mine.paths.add(_REPLICAS)
    mine.time = by.time
    return claims
