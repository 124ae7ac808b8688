"""Sealing: what a release's hashes are made of, and what one bundle brings over another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from podo.delivery.types import Bundle, ChangeKind, Changes, FileChange, KeyChange, Manifest
from podo.kernel import ids
from podo.kernel.errors import N_

NUMBER = "podo.dev/deployment"
# Kinds that describe pods.
WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "CronJob"})
_CALLED = 8


def label(values: Mapping[str, Any], chart: str) -> str:
    """What stands on a bundle's pods: the same for the same image, chart and values."""
    return f"b-{ids.digest([values, chart])[:12]}"


def bundle_hash(
    manifests: Sequence[Manifest], values: Mapping[str, Any], chart: str, fingerprints: Mapping[str, str], place: tuple[str, str]
) -> str:
    """64 hex digits over everything that reaches the target."""
    return ids.digest([list(place), chart, dict(values), [dict(m) for m in manifests], dict(fingerprints)])


def root_hash(hashes: Mapping[tuple[str, str], str]) -> str:
    """The hash of a release: over the hashes of its bundles by (environment, region)."""
    return ids.digest(sorted([e, r, h] for (e, r), h in hashes.items()))


def called(root: str) -> str:
    """How people call a release."""
    return f"r-{root[:_CALLED]}"


def numbered(manifests: Sequence[Manifest], number: int) -> list[dict[str, Any]]:
    """The manifests as they are applied: workloads (not their pods) bear the deployment's number; what does not change is not
    touched.
    """
    return [_numbered(m, number) if m["kind"] in WORKLOADS else dict(m) for m in manifests]


def _numbered(manifest: Manifest, number: int) -> dict[str, Any]:
    labels: dict[str, str] = {**(manifest["metadata"].get("labels") or {}), NUMBER: str(number)}
    return {**manifest, "metadata": {**manifest["metadata"], "labels": labels}}


def secret_name(bundle: Bundle) -> str:
    """The Secret that Podo writes beside the manifests."""
    return f"{bundle.name}-secrets"


def title(manifest: Manifest) -> str:
    """`Deployment chat-api`."""
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def changes(was: Bundle | None, now: Bundle, texts: Mapping[str, str], earlier: Mapping[str, str]) -> Changes:
    """What `now` brings over `was` (None: nothing was there). `texts`, `earlier`: manifests as YAML by title."""
    keys = _keys(was.variables if was else {}, now.variables, secret=False)
    keys += _keys(was.fingerprints if was else {}, now.fingerprints, secret=True)
    files = [_file(name, earlier.get(name, ""), texts.get(name, "")) for name in sorted(texts.keys() | earlier.keys())]
    return Changes(tuple(_words(was, now, keys)), tuple(keys), tuple(f for f in files if f.was != f.now))


def _file(name: str, was: str, now: str) -> FileChange:
    kind = ChangeKind.added if not was else ChangeKind.removed if not now else ChangeKind.changed
    return FileChange(kind, name, was, now)


def _keys(was: Mapping[str, str], now: Mapping[str, str], *, secret: bool) -> list[KeyChange]:
    found: list[KeyChange] = []
    for key in sorted(was.keys() | now.keys()):
        before, after = was.get(key), now.get(key)
        if before == after:
            continue
        kind = ChangeKind.added if before is None else ChangeKind.removed if after is None else ChangeKind.changed
        found.append(KeyChange(kind, key, secret) if secret else KeyChange(kind, key, secret, before or "", after or ""))
    return found


_TOLD = (
    ("replicas", N_("Pods: {was} → {now}")),
    ("resources.cpu", N_("CPU reserved for each pod: {was} → {now}")),
    ("resources.memory", N_("Memory for each pod: {was} → {now}")),
    ("port", N_("Port: {was} → {now}")),
    ("health.http", N_("Health is asked at: {was} → {now}")),
)


def _words(was: Bundle | None, now: Bundle, keys: Sequence[KeyChange]) -> list[tuple[str, Mapping[str, Any]]]:
    image = _short(now)
    if was is None:
        return [(N_("The first release here: image {image}"), {"image": image})]
    found: list[tuple[str, Mapping[str, Any]]] = []
    if _short(was) != image:
        found.append((N_("Image {was} → {now}"), {"was": _short(was), "now": image}))
    for path, template in _TOLD:
        before, after = _at(was.values, path), _at(now.values, path)
        if before != after:
            found.append((template, {"was": _or_default(before), "now": _or_default(after)}))
    for key in keys:
        template = {
            (ChangeKind.added, False): N_("{key} is new"),
            (ChangeKind.removed, False): N_("{key} is removed"),
            (ChangeKind.changed, False): N_("{key} changes"),
            (ChangeKind.added, True): N_("The secret {key} is new"),
            (ChangeKind.removed, True): N_("The secret {key} is removed"),
            (ChangeKind.changed, True): N_("The secret {key} changes"),
        }[key.kind, key.secret]
        found.append((template, {"key": key.key}))
    return found


def _at(values: Mapping[str, Any], path: str) -> Any:
    at: Any = values
    for part in path.split("."):
        at = at.get(part) if isinstance(at, Mapping) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return at  # pyright: ignore[reportUnknownVariableType]


def _or_default(value: Any) -> str:
    return "default" if value is None else str(value)


def _short(bundle: Bundle) -> str:
    digest = str(_at(bundle.values, "image.digest") or "")
    return digest.removeprefix("sha256:")[:12] or "?"
