"""Which kinds a cluster serves, by the API server's aggregated answer (Kubernetes 1.26 and newer)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from podo.clients.kubernetes.real.wire import Call, Wire
from podo.clients.kubernetes.types import Kind, KindInfo, Ref

_ACCEPT = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")
)


class _ResponseKind(msgspec.Struct):
    kind: str = ""
    version: str = ""
    group: str = ""


class _Subresource(msgspec.Struct):
    subresource: str


class _Resource(msgspec.Struct, rename="camel"):
    resource: str
    scope: str = "Namespaced"
    response_kind: _ResponseKind | None = None
    subresources: tuple[_Subresource, ...] = ()


class _Version(msgspec.Struct):
    version: str
    resources: tuple[_Resource, ...] = ()


class _Metadata(msgspec.Struct):
    name: str = ""


class _Group(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    versions: tuple[_Version, ...] = ()


class _Groups(msgspec.Struct):
    items: tuple[_Group, ...] = ()


_decode = msgspec.json.Decoder(_Groups).decode


async def ask(wire: Wire) -> Mapping[Kind, KindInfo]:
    """Every kind with its plural, scope and subresources."""
    found: dict[Kind, KindInfo] = {}
    for path in ("/api", "/apis"):
        call = Call("GET", path, Ref("", "kinds", ""), accept=f"{_ACCEPT},application/json")
        found |= dict(_kinds(await wire.call(call, _decode)))
    return found


def _kinds(groups: _Groups) -> Iterator[tuple[Kind, KindInfo]]:
    for group in groups.items:
        for version in group.versions:
            api_version = f"{group.metadata.name}/{version.version}".removeprefix("/")
            for resource in version.resources:
                if resource.response_kind is None or not resource.response_kind.kind:
                    continue
                subresources = frozenset(s.subresource for s in resource.subresources)
                info = KindInfo(resource.resource, resource.scope == "Namespaced", subresources)
                yield Kind(api_version, resource.response_kind.kind), info
