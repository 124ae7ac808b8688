"""Nouns of a cluster: what is addressed (`Kind`, `Ref`), what is answered (`Page`, `Change`, `Executed`, `Version`).

Objects themselves are plain manifests: dicts exactly as the API server writes them, always with `apiVersion` and `kind`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Manifest = dict[str, Any]
ChangeType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
PatchType = Literal["merge", "strategic", "json"]
Propagation = Literal["Background", "Foreground", "Orphan"]


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """A kind of object, such as `Kind("apps/v1", "Deployment")`."""

    api_version: str
    kind: str

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Kind:
        """The kind that `manifest` says it is."""
        return cls(str(manifest.get("apiVersion") or ""), str(manifest.get("kind") or ""))

    @property
    def group(self) -> str:
        """`apps` of `apps/v1`; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    def ref(self, name: str, namespace: str | None = None) -> Ref:
        """The object of this kind called `name`."""
        return Ref(self.api_version, self.kind, name, namespace)

    def __str__(self) -> str:
        return self.kind


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """The address of one object. `namespace` is None for kinds that lie in no namespace."""

    api_version: str
    kind: str
    name: str
    namespace: str | None = None

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Ref:
        """The address that `manifest` bears."""
        metadata: Mapping[str, Any] = manifest.get("metadata") or {}
        return Kind.of(manifest).ref(str(metadata.get("name") or ""), metadata.get("namespace"))

    @property
    def type(self) -> Kind:
        """The kind of the object."""
        return Kind(self.api_version, self.kind)

    def __str__(self) -> str:
        return f"{self.kind} {f'{self.namespace}/' if self.namespace else ''}{self.name}"


@dataclass(frozen=True, slots=True)
class KindInfo:
    """How a kind is served: its plural in addresses, whether it lies in namespaces, its subresources (`scale`, `status`)."""

    plural: str
    namespaced: bool
    subresources: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Page:
    """Objects of a list, all as of `resource_version`. `continue_` asks for the next page; None on the last one.

    `remaining` is how many objects come after this page, where the server says it.
    """

    items: Sequence[Manifest]
    resource_version: str
    continue_: str | None = None
    remaining: int | None = None


class Change(NamedTuple):
    """One line of a watch. A BOOKMARK's object holds no more than its `metadata.resourceVersion`."""

    type: ChangeType
    object: Manifest


@dataclass(frozen=True, slots=True)
class Executed:
    """How a command in a container ended, and what it wrote (bytes that are no UTF-8 are replaced)."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Version:
    """What the API server says of itself, such as `1`, `36`, `v1.36.3`."""

    major: str
    minor: str
    git_version: str
