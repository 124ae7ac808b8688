"""Places to build: buildah with Debian's docker-registry, and the twin with the registry's twin. Both registries want a login."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from podo.clients.buildah import BuildahBinary, Builder, BuilderTwin, Built
from podo.clients.registry import Login, Reference, Registry, RegistryHttp, RegistryTwin
from tests.contracts.registry.servers import LOGIN

_PROGRAMS = ("sh", "cat", "dd", "ls", "setsid", "sleep", "tr")


class World(Protocol):
    """A builder, the registry that it pushes to, and that registry's host."""

    builder: Builder
    registry: Registry
    host: str

    def other(self, login: Login | None = LOGIN, **options: Any) -> Builder:
        """Another builder, with this login to the same registry."""
        ...

    def shell(self) -> bytes:
        """A program that is `sh` and more, for images from scratch. Skips where there is none."""
        ...

    async def unplug(self) -> None:
        """Let the registry be away."""
        ...


@dataclass
class TwinWorld:
    registry: RegistryTwin
    builder: BuilderTwin
    host: str = "registry.example.com"

    @classmethod
    def made(cls) -> TwinWorld:
        registry = RegistryTwin({cls.host: LOGIN})
        registry.made(cls.host, LOGIN)
        return cls(registry, BuilderTwin(registry))

    def other(self, login: Login | None = LOGIN, **options: Any) -> Builder:
        registry = RegistryTwin({self.host: login} if login else {})
        registry._hosts = self.registry._hosts
        return BuilderTwin(registry, **options)

    def shell(self) -> bytes:
        return b"a shell, as far as a twin needs one"

    async def unplug(self) -> None:
        self.registry.made(self.host).up = False


@dataclass
class BuildahWorld:
    folder: Path
    host: str
    process: asyncio.subprocess.Process
    registries: list[RegistryHttp] = field(default_factory=list[RegistryHttp])

    def __post_init__(self) -> None:
        self.registry = RegistryHttp({self.host: LOGIN})
        self.registries.append(self.registry)
        self.builder = self.other()

    def other(self, login: Login | None = LOGIN, **options: Any) -> BuildahBinary:
        logins = {self.host: login} if login else {}
        registry = RegistryHttp(logins)
        self.registries.append(registry)
        return BuildahBinary(self.folder, registry, logins=logins, **{"room": 0, **options})

    def shell(self) -> bytes:
        program = Path(shutil.which("busybox") or "").resolve()
        content = program.read_bytes() if program.is_file() else b""
        if not content or b"/ld-linux" in content or b"/ld-musl" in content:
            pytest.skip("busybox is not installed, or is not static: `apt-get install busybox-static`")
        return content

    async def unplug(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def close(self) -> None:
        for registry in self.registries:
            await registry.close()


@dataclass
class Work:
    """A commit's folder, and builds of it."""

    world: World
    folder: Path
    lines: list[str] = field(default_factory=list[str])

    def image(self, tag: str | None = "v1", name: str = "team/hello") -> Reference:
        return Reference(self.world.host, name, tag)

    def has(self, **files: str | bytes) -> None:
        """Write files; `Dockerfile="FROM scratch"`."""
        for name, content in files.items():
            self.write(name, content)

    def write(self, path: str, content: str | bytes) -> None:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        place.chmod(0o755)

    def with_shell(self, *steps: str) -> None:
        """A Dockerfile from scratch with a shell and what it calls, all in one layer, and these steps."""
        self.write("programs/busybox", self.world.shell())
        for name in _PROGRAMS:
            with contextlib.suppress(FileExistsError):
                (self.folder / "programs" / name).symlink_to("busybox")
        self.write("Dockerfile", "\n".join(["FROM scratch", "COPY programs /bin/", *steps, ""]))

    def begin(self) -> asyncio.Task[Built]:
        """Build without waiting for the end."""
        self.lines.clear()
        return asyncio.create_task(self.build())

    async def build(
        self,
        *,
        builder: Builder | None = None,
        dockerfile: str = "Dockerfile",
        image: Reference | None = None,
        labels: Mapping[str, str] | None = None,
        args: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Built:
        self.lines.clear()
        return await (builder or self.world.builder).build(
            self.folder,
            dockerfile=dockerfile,
            image=image or self.image(),
            labels=labels or {},
            args=args or {},
            on_line=self.lines.append,
            timeout=timeout,
        )

    async def until(self, said: str) -> None:
        """Wait until the log says this."""
        async with asyncio.timeout(30):
            while said not in self.lines:  # noqa: ASYNC110 - lines come by a plain call
                await asyncio.sleep(0.02)
