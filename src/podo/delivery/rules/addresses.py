"""Under which addresses a release answers, read from its manifests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from podo.delivery.types import Manifest


def addresses(manifests: Sequence[Manifest], namespace: str) -> list[str]:
    """The hosts of its Ingresses as URLs; where it has none, the names that its Services have in the cluster."""
    hosts = [url for m in manifests if m["kind"] == "Ingress" for url in _hosts(_spec(m))]
    return list(dict.fromkeys(hosts)) or [_name(m, namespace) for m in manifests if m["kind"] == "Service"]


def _spec(manifest: Manifest) -> Mapping[str, Any]:
    return manifest.get("spec") or {}


def _hosts(spec: Mapping[str, Any]) -> Iterator[str]:
    sealed = {host for tls in spec.get("tls") or () for host in tls.get("hosts") or ()}
    for rule in spec.get("rules") or ():
        host = rule.get("host")
        if not host:
            continue
        http: Mapping[str, Any] = rule.get("http") or {}
        paths: Sequence[Mapping[str, Any]] = http.get("paths") or ({},)
        path = str(paths[0].get("path") or "/")
        yield f"{'https' if host in sealed else 'http'}://{host}{path if path != '/' else ''}"


def _name(service: Manifest, namespace: str) -> str:
    ports = _spec(service).get("ports") or ()
    port = ports[0].get("port") if ports else None
    host = f"{service['metadata']['name']}.{namespace}.svc"
    return f"http://{host}" + (f":{port}" if port and port != 80 else "")
