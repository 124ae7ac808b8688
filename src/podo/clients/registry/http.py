"""A registry over the OCI distribution API. Reads only: images are pushed by who builds them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from podo.clients.registry import images
from podo.clients.registry.access import Tokens, challenge, read
from podo.clients.registry.errors import NoSuchImage, RegistryBroken, RegistryRefused, RegistryUnreachable
from podo.clients.registry.reference import Reference, is_loopback
from podo.clients.registry.types import ImageConfig, Login, Manifest

_HUB = {"docker.io": "registry-1.docker.io"}
_MOST = 8 << 20
_MOST_TAGS = 20_000
_PAUSES = (0.2, 1.0)
_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class RegistryHttp:
    """Answers `Registry`. `logins` are by host; hosts in `insecure`, and this machine's own, are asked without TLS.

    `timeout` bounds one request (seconds). What is out for a moment (connection, 429, 5xx) is asked again twice. `before_call` is
    called before each request. Belongs to the event loop on which it is first used; `close` it there.
    """

    def __init__(
        self,
        logins: Mapping[str, Login] | None = None,
        *,
        insecure: frozenset[str] = frozenset(),
        timeout: float = 15,
        before_call: Callable[[], None] | None = None,
    ) -> None:
        self._insecure = insecure
        self._tokens = Tokens(dict(logins or {}), insecure)
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._before_call = before_call
        self._session: aiohttp.ClientSession | None = None

    async def ping(self, host: str) -> None:
        """See `Registry`."""
        answer = await self._ask("GET", host, "", "/v2/", host)
        if answer.status != 200:
            raise RegistryBroken(host=host, why=f"it answers {answer.status} where a registry says 200")

    async def may_push(self, repository: Reference) -> None:
        """Begin an upload there, and give it up: nothing stays. Raises `RegistryRefused` when Podo may not."""
        scope, path = f"repository:{repository.name}:pull,push", f"/v2/{repository.name}/blobs/uploads/"
        answer = await self._ask("POST", repository.host, scope, path, repository.repository)
        if answer.status != 202:
            raise RegistryBroken(host=repository.host, why=f"it answers {answer.status} where an upload begins with 202")
        there = urlsplit(answer.headers.get("Location", ""))
        if there.path.startswith("/v2/") and there.netloc in ("", repository.host):
            await self._ask(
                "DELETE", repository.host, scope, urlunsplit(("", "", there.path, there.query, "")), repository.repository
            )

    async def resolve(self, image: Reference) -> str:
        """See `Registry`."""
        answer = await self._about(image, "HEAD", f"manifests/{image.version}")
        if digest := answer.headers.get("Docker-Content-Digest"):
            return digest
        return (await self.manifest(image)).digest

    async def exists(self, image: Reference) -> bool:
        """See `Registry`."""
        try:
            await self.resolve(image)
        except NoSuchImage:
            return False
        return True

    async def manifest(self, image: Reference) -> Manifest:
        """See `Registry`."""
        answer = await self._about(image, "GET", f"manifests/{image.version}")
        digest = _checked(image, answer.body, image.digest)
        content = _object(image, answer.body)
        return Manifest(digest, content.get("mediaType") or answer.headers.get("Content-Type", ""), content)

    async def config(self, image: Reference, platform: str = "linux/amd64") -> ImageConfig:
        """See `Registry`."""
        manifest = await self.manifest(image)
        if "manifests" in manifest.content:
            image = image.at(images.of_platform(image, manifest, platform))
            manifest = await self.manifest(image)
        about = images.descriptor(image, manifest)
        blob = await self._about(image, "GET", f"blobs/{about}")
        _checked(image, blob.body, about)
        return images.config(manifest, _object(image, blob.body))

    async def tags(self, repository: Reference, limit: int = 1000) -> tuple[str, ...]:
        """See `Registry`."""
        found: list[str] = []
        path: str | None = "tags/list?n=1000"
        while path and len(found) < _MOST_TAGS:
            answer = await self._about(repository, "GET", path)
            found += _object(repository, answer.body).get("tags") or []
            path = images.next_page(answer.headers.get("Link", ""), repository.name)
        # Registries differ in their order.
        return tuple(sorted(found)[:limit])

    async def close(self) -> None:
        """See `Registry`."""
        if self._session:
            await self._session.close()
            self._session = None

    async def _about(self, image: Reference, verb: str, path: str) -> _Answer:
        scope = f"repository:{image.name}:pull"
        answer = await self._ask(verb, image.host, scope, f"/v2/{image.name}/{path}", str(image))
        if answer.status == 404:
            raise NoSuchImage(image=str(image), what="image", name=str(image))
        if answer.status != 200:
            raise RegistryBroken(host=image.host, why=f"it answers {answer.status} for {image}")
        return answer

    async def _ask(self, verb: str, host: str, scope: str, path: str, image: str) -> _Answer:
        """One question, with the login where it is wanted, and again where the registry is out for a moment."""
        why = ""
        for pause in (*_PAUSES, None):
            try:
                answer = await self._let_in(verb, host, scope, path, image)
            except (aiohttp.ClientError, TimeoutError) as error:
                why = str(error) or "it does not answer in time"
            else:
                if answer.status != 429 and answer.status < 500:
                    return answer
                why = f"it answers {answer.status}"
                pause = pause and min(_seconds(answer.headers.get("Retry-After")) or pause, _PATIENCE)
            if pause:
                await asyncio.sleep(pause)
        raise RegistryUnreachable(host=host, what=host, why=why)

    async def _let_in(self, verb: str, host: str, scope: str, path: str, image: str) -> _Answer:
        known = self._tokens.known(host, scope)
        answer = await self._request(verb, host, path, known)
        if answer.status != 401:
            return _allowed(host, image, answer)
        self._tokens.forget(host, scope)
        asked = challenge(answer.headers.get("WWW-Authenticate", ""))
        token = await self._tokens.answer(self._connected(), host, image, scope, asked)
        answer = await self._request(verb, host, path, token)
        if answer.status == 401:
            self._tokens.forget(host, scope)
            raise RegistryRefused(host=host, image=image, why="it does not take Podo's login")
        return _allowed(host, image, answer)

    async def _request(self, verb: str, host: str, path: str, authorization: str | None) -> _Answer:
        if self._before_call:
            self._before_call()
        scheme = "http" if is_loopback(host) or host in self._insecure else "https"
        headers = {"Accept": ", ".join((*images.MANIFESTS, "*/*;q=0.1"))} | (
            {"Authorization": authorization} if authorization else {}
        )
        async with self._connected().request(
            verb, f"{scheme}://{_HUB.get(host, host)}{path}", headers=headers, proxy=_proxy(scheme, host)
        ) as response:
            body = await read(response, _MOST)
            if body is None:
                raise RegistryBroken(host=host, why=f"a description of more than {_MOST >> 20} MiB")
            return _Answer(response.status, response.headers.copy(), body)

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, headers={"User-Agent": "podo"})
        return self._session


def _allowed(host: str, image: str, answer: _Answer) -> _Answer:
    if answer.status == 403:
        raise RegistryRefused(host=host, image=image, why="its login may not do that")
    return answer


def _proxy(scheme: str, host: str) -> str | None:
    name = host.rpartition(":")[0] or host
    if is_loopback(host) or urllib.request.proxy_bypass(name):
        return None
    return urllib.request.getproxies().get(scheme)


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after and retry_after.isdigit() else None


def _checked(image: Reference, body: bytes, wanted: str | None) -> str:
    """The digest of what came, which must be the one that was asked for."""
    algorithm = (wanted or "sha256:").partition(":")[0]
    digest = f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"
    if wanted and digest != wanted:
        raise RegistryBroken(host=image.host, why=f"what it gave for {image} is not what the digest says")
    return digest


def _object(image: Reference, body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise RegistryBroken(host=image.host, why=f"what it says about {image} is no JSON object")
    return content
