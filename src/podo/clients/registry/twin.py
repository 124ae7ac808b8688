"""A registry in process: images are put by calls and answer the same verbs in the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from podo.clients.registry import images
from podo.clients.registry.errors import NoSuchImage, RegistryRefused, RegistryUnreachable
from podo.clients.registry.reference import Reference
from podo.clients.registry.types import ImageConfig, Login, Manifest
from podo.kernel import ids


@dataclass(slots=True)
class TwinHost:
    """One registry: whether it answers, the login that it wants, and what it keeps (by name and digest or tag)."""

    up: bool = True
    login: Login | None = None
    manifests: dict[tuple[str, str], Manifest] = field(default_factory=dict)
    configs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)


class RegistryTwin:
    """Answers `Registry`, for every host that `made` was called for. `logins` are by host."""

    def __init__(self, logins: Mapping[str, Login] | None = None, *, before_call: Callable[[], None] | None = None) -> None:
        self._logins = dict(logins or {})
        self._before_call = before_call
        self._hosts: dict[str, TwinHost] = {}

    def made(self, host: str, login: Login | None = None) -> TwinHost:
        """A new registry at `host`, or the one that is there."""
        return self._hosts.setdefault(host, TwinHost(login=login))

    def put(self, image: Reference, config: Mapping[str, Any], size: int = 1000) -> str:
        """Push an image with this OCI configuration and one layer of `size` bytes; its digest. The same gives the same."""
        kept = self._reach(image.host, str(image))
        about = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": f"sha256:{ids.digest(config)}", "size": 1}
        layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": about["digest"], "size": size}
        content = {"schemaVersion": 2, "mediaType": images.MANIFESTS[0], "config": about, "layers": [layer]}
        digest = f"sha256:{ids.digest(content)}"
        kept.manifests[image.name, digest] = Manifest(digest, images.MANIFESTS[0], content)
        kept.configs[about["digest"]] = config
        kept.tags.setdefault(image.name, {})[image.tag or "latest"] = digest
        return digest

    async def ping(self, host: str) -> None:
        """See `Registry`."""
        self._reach(host, host)

    async def resolve(self, image: Reference) -> str:
        """See `Registry`."""
        return self._find(image).digest

    async def exists(self, image: Reference) -> bool:
        """See `Registry`."""
        try:
            self._find(image)
        except NoSuchImage:
            return False
        return True

    async def manifest(self, image: Reference) -> Manifest:
        """See `Registry`."""
        return self._find(image)

    async def config(self, image: Reference, platform: str = "linux/amd64") -> ImageConfig:
        """See `Registry`."""
        manifest = self._find(image)
        return images.config(manifest, self._hosts[image.host].configs[images.descriptor(image, manifest)])

    async def tags(self, repository: Reference, limit: int = 1000) -> tuple[str, ...]:
        """See `Registry`."""
        kept = self._reach(repository.host, str(repository))
        if repository.name not in kept.tags:
            raise NoSuchImage(image=str(repository), what="image", name=str(repository))
        return tuple(sorted(kept.tags[repository.name])[:limit])

    async def close(self) -> None:
        """See `Registry`."""

    def _find(self, image: Reference) -> Manifest:
        kept = self._reach(image.host, str(image))
        digest = image.digest or kept.tags.get(image.name, {}).get(image.version, "")
        if (image.name, digest) not in kept.manifests:
            raise NoSuchImage(image=str(image), what="image", name=str(image))
        return kept.manifests[image.name, digest]

    def _reach(self, host: str, image: str) -> TwinHost:
        if self._before_call:
            self._before_call()
        kept = self._hosts.get(host)
        if kept is None or not kept.up:
            raise RegistryUnreachable(host=host, what=host, why="connection refused")
        if kept.login not in (None, self._logins.get(host)):
            raise RegistryRefused(host=host, image=image, why="it does not take Podo's login")
        return kept
