"""Paths of objects in the API, and what every kind of cluster demands of an address."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from podo.clients.kubernetes import errors
from podo.clients.kubernetes.types import Kind, KindInfo, Ref


def collection(kind: Kind, info: KindInfo, namespace: str | None) -> str:
    """Where objects of `kind` are, of one namespace or of all."""
    root = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.api_version}"
    if namespace is None or not info.namespaced:
        return f"{root}/{info.plural}"
    return f"{root}/namespaces/{quote(namespace, safe='')}/{info.plural}"


def place(ref: Ref, info: KindInfo, subresource: str | None = None) -> str:
    """Where the object is."""
    path = f"{collection(ref.type, info, ref.namespace)}/{quote(ref.name, safe='')}"
    return f"{path}/{subresource}" if subresource else path


def check(cluster: str, ref: Ref, info: KindInfo) -> None:
    """Raises `InvalidManifest` for an address that cannot be: without a name, or with a namespace too many or too few."""
    why = ""
    if not ref.name:
        why = "metadata.name: Required value: name is required"
    if info.namespaced and not ref.namespace:
        why = "an empty namespace may not be set when a resource name is provided"
    if not info.namespaced and ref.namespace:
        why = f"{ref.kind} lies in no namespace"
    if why:
        raise errors.from_status({"message": why}, code=400, cluster=cluster, kind=ref.kind, name=ref.name)


def unknown_kind(cluster: str, ref: Ref) -> errors.UnknownKind:
    """The error for a kind that the cluster does not serve."""
    message = f'no matches for kind "{ref.kind}" in version "{ref.api_version}"'
    data: dict[str, Any] = {"cluster": cluster, "kind": ref.kind or "object", "name": ref.name, "namespace": ref.namespace or ""}
    return errors.UnknownKind(**data, message=message, causes=[], fields=message)
