"""Read manifests, indexes and configurations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from podo.clients.registry.errors import NoSuchImage, RegistryBroken
from podo.clients.registry.reference import Reference
from podo.clients.registry.types import ImageConfig, Manifest

MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_DIGEST = re.compile(r"sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})")
_NEXT = re.compile(r'<([^>]+)>;\s*rel="?next"?')
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?")


def descriptor(image: Reference, manifest: Manifest) -> str:
    """The digest of the configuration that a manifest names. Raises `RegistryBroken`."""
    config = manifest.content.get("config")
    digest = config.get("digest") if isinstance(config, dict) else None
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise RegistryBroken(host=image.host, why=f"the manifest of {image} names no configuration")
    return digest


def of_platform(image: Reference, index: Manifest, platform: str) -> str:
    """The digest of the image for `os/architecture` in an index. Raises `NoSuchImage`."""
    os, _, architecture = platform.partition("/")
    for entry in index.content["manifests"]:
        fits = entry.get("platform") or {}
        if (fits.get("os"), fits.get("architecture")) == (os, architecture) and _DIGEST.fullmatch(str(entry.get("digest"))):
            return entry["digest"]
    raise NoSuchImage(image=f"{image} for {platform}", what="image", name=str(image))


def config(manifest: Manifest, content: Mapping[str, Any]) -> ImageConfig:
    """An image's configuration in our words."""
    said = content.get("config") or {}
    layers = manifest.content.get("layers") or []
    return ImageConfig(
        digest=manifest.digest,
        size=sum(int(layer.get("size") or 0) for layer in layers),
        user=said.get("User") or "",
        ports=tuple(sorted(said.get("ExposedPorts") or {}, key=_port)),
        labels=dict(said.get("Labels") or {}),
        entrypoint=tuple(said.get("Entrypoint") or ()),
        command=tuple(said.get("Cmd") or ()),
        created=_time(content.get("created")),
        os=content.get("os") or "linux",
        architecture=content.get("architecture") or "amd64",
    )


def next_page(link: str, name: str) -> str | None:
    """The path below `/v2/<name>/` of the next page of a list, None at its end."""
    found = _NEXT.search(link)
    if not found:
        return None
    place = urlsplit(found[1])
    return f"{place.path.rpartition(f'/{name}/')[2]}?{place.query}"


def _port(port: str) -> tuple[int, str]:
    number = port.partition("/")[0]
    return (int(number) if number.isdigit() else 0), port


def _time(text: Any) -> datetime | None:
    found = _TIME.match(text) if isinstance(text, str) else None
    if not found:
        return None
    zone = (found[3] or "Z").replace("Z", "+00:00")
    return datetime.fromisoformat(f"{found[1]}{zone}").astimezone(UTC)
