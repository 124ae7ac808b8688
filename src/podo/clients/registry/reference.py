"""Read an image's reference as Docker does: `[registry[:port]/]name[:tag][@digest]`."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace

from podo.clients.registry.errors import ReferenceInvalid

_HUB = "docker.io"
_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Reference:
    """A registry's host (with port), an image's name in it, and a tag, a digest or both; with neither, the tag is `latest`."""

    host: str
    name: str
    tag: str | None = None
    digest: str | None = None

    @property
    def repository(self) -> str:
        """Host and name, without version."""
        return f"{self.host}/{self.name}"

    @property
    def version(self) -> str:
        """What the registry is asked for: the digest, else the tag."""
        return self.digest or self.tag or "latest"

    def at(self, digest: str) -> Reference:
        """The same image, pinned to what it is now."""
        return replace(self, digest=digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.repository}{tag}{digest}"


def parse(image: str) -> Reference:
    """Read a reference; a bare name is one of Docker Hub's. Raises `ReferenceInvalid`."""
    rest, _, digest = image.partition("@")
    if "@" in image and not _DIGEST.fullmatch(digest):
        raise ReferenceInvalid(image=image[:200], why="what stands behind “@” is no digest", fields={})
    host, rest = _host(rest)
    name, colon, tag = rest.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise ReferenceInvalid(image=image[:200], why="what stands behind “:” is no tag", fields={})
    if not _HOST.fullmatch(host):
        raise ReferenceInvalid(image=image[:200], why="its registry is no host's name", fields={})
    if host == _HUB and "/" not in name:
        name = f"library/{name}"
    if not _NAME.fullmatch(name) or len(host) + len(name) > 255:
        raise ReferenceInvalid(
            image=image[:200], why="a name has small letters, digits, and single . _ - between them", fields={}
        )
    return Reference(host, name, tag or None, digest or None)


def is_loopback(host: str) -> bool:
    """Whether a host (with or without port) is this machine."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _host(rest: str) -> tuple[str, str]:
    first, slash, others = rest.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first, others
    return _HUB, rest
