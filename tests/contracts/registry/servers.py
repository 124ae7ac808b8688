"""Registries to ask: Debian's docker-registry on a free port, and one in process."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import pytest

from podo.clients.registry import Login, Reference, Registry, RegistryHttp, RegistryTwin

LOGIN = Login("podo", "s3cret")
# `htpasswd -nbB podo s3cret`: the registry wants bcrypt.
_HTPASSWD = "podo:$2b$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK\n"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class World(Protocol):
    """A registry and who fills it."""

    registry: Registry
    host: str

    def stranger(self) -> Registry: ...
    async def put(self, image: Reference, config: Mapping[str, Any], size: int) -> str: ...
    async def unplug(self) -> None: ...


@dataclass
class TwinWorld:
    registry: RegistryTwin
    host: str = "registry.example.com"

    def stranger(self) -> Registry:
        stranger = RegistryTwin()
        stranger._hosts = self.registry._hosts
        return stranger

    async def put(self, image: Reference, config: Mapping[str, Any], size: int) -> str:
        return self.registry.put(image, config, size)

    async def unplug(self) -> None:
        self.registry.made(self.host).up = False


@dataclass
class DebianWorld:
    registry: RegistryHttp
    host: str
    process: asyncio.subprocess.Process

    def stranger(self) -> Registry:
        return RegistryHttp()

    async def put(self, image: Reference, config: Mapping[str, Any], size: int) -> str:
        return await push(image, config, size)

    async def unplug(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


async def push(image: Reference, config: Mapping[str, Any], size: int, login: Login | None = LOGIN) -> str:
    """Push an image of one layer of `size` bytes over the API."""
    auth = {"Authorization": aiohttp.encode_basic_auth(login.user, login.secret)} if login else {}
    async with aiohttp.ClientSession(f"http://{image.host}", headers=auth) as session:
        about = await blob(session, image.name, json.dumps(config).encode())
        layer = await blob(session, image.name, b"\0" * size)
        descriptors = [
            {"mediaType": "application/vnd.oci.image.config.v1+json", **about},
            {"mediaType": "application/octet-stream", **layer},
        ]
        manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": descriptors[0], "layers": descriptors[1:]}
        return await manifested(session, image, manifest, _MANIFEST)


async def blob(session: aiohttp.ClientSession, name: str, content: bytes) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    async with session.post(f"/v2/{name}/blobs/uploads/") as begun:
        place = begun.headers["Location"]
    async with session.put(f"{place}&digest={digest}" if "?" in place else f"{place}?digest={digest}", data=content) as done:
        assert done.status == 201, await done.text()
    return {"digest": digest, "size": len(content)}


async def manifested(session: aiohttp.ClientSession, image: Reference, manifest: Mapping[str, Any], kind: str) -> str:
    body = json.dumps(manifest).encode()
    async with session.put(f"/v2/{image.name}/manifests/{image.version}", data=body, headers={"Content-Type": kind}) as done:
        assert done.status == 201, await done.text()
        return done.headers["Docker-Content-Digest"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextlib.asynccontextmanager
async def debian(folder: Path, login: Login | None = LOGIN) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """A running docker-registry that keeps its images in `folder`; its host. Skips where there is none."""
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed: `apt-get install docker-registry`")
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - a test's own folder
    (folder / "htpasswd").write_text(_HTPASSWD)
    host = f"127.0.0.1:{free_port()}"
    wants = {"auth": {"htpasswd": {"realm": "podo", "path": str(folder / "htpasswd")}}} if login else {}
    settings = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": host, "secret": "one"},
        **wants,
    }
    (folder / "config.yml").write_text(json.dumps(settings))
    env = {"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none"}
    process = await asyncio.create_subprocess_exec(
        "docker-registry", "serve", str(folder / "config.yml"), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await answering(host)
        yield host, process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def answering(host: str) -> None:
    async with asyncio.timeout(20), aiohttp.ClientSession() as session:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"http://{host}/v2/") as response:
                    assert response.status in {200, 401}
                    return
            await asyncio.sleep(0.05)
