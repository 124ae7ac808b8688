"""The same suite on buildah with a real repository and registry, and on the twins of all three."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from podo.clients.git import GitBinary, GitTwin
from podo.clients.registry import Registry, RegistryHttp, RegistryTwin
from podo.delivery.adapters.builder import HostBuilder, Tools, tools
from podo.delivery.adapters.logs import LogFiles
from podo.delivery.types import DeliverySettings, Source
from tests import needs
from tests.contracts.git.worlds import FileWorld, TwinWorld
from tests.contracts.registry.servers import LOGIN, debian

REAL = (pytest.mark.serial, needs.program("buildah"), needs.program("docker-registry"), needs.program("git"))
CHOSEN = DeliverySettings(
    builder="buildah", build_on_host=True, build_seconds=60, registry_user=LOGIN.user, registry_password=LOGIN.secret
)


@dataclass
class Site:
    """A repository, a builder and a registry."""

    source: Source
    author: Any
    builder: HostBuilder
    registry: Registry
    logs: LogFiles
    host: str
    folder: Path
    chosen: DeliverySettings
    git: Any
    tools: Tools

    def image(self, sha: str) -> str:
        """What a commit's image is called."""
        return f"{self.host}/team/hello:{sha}"

    async def build(self, sha: str, build: str = "bld_1", dockerfile: str = "Dockerfile") -> Any:
        """Build it."""
        return await self.builder.build(build, self.source, sha, dockerfile, self.image(sha))

    def other(self, **chosen: Any) -> HostBuilder:
        """A builder by other settings."""
        return HostBuilder(self.tools, self.git, self.logs, replace(self.chosen, **chosen), self.folder)

    async def log(self, build: str = "bld_1") -> list[str]:
        """The log's lines."""
        return [line.text for line in await self.logs.lines(build)]


def sleeping() -> dict[str, bytes]:
    """A commit whose build takes its time; skips where no shell can be put into an image from scratch."""
    program = Path(shutil.which("busybox") or "").resolve()
    content = program.read_bytes() if program.is_file() else b""
    if not content or b"/ld-linux" in content or b"/ld-musl" in content:
        pytest.skip("busybox is not installed, or is not static: `apt-get install busybox-static`")
    steps = b"FROM scratch\nCOPY sh /bin/sh\nCOPY sh /bin/sleep\nRUN sleep 30\n"
    return {"Dockerfile": steps, "sh": content}


@pytest.fixture(params=["twin", pytest.param("buildah", marks=REAL)])
async def site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Site]:
    async with contextlib.AsyncExitStack() as stack:
        if request.param == "twin":
            git_world: Any = TwinWorld()
            chosen = replace(CHOSEN, builder="twin", registry="registry.example.com")
            git: Any = git_world.git
        else:
            host, _ = await stack.enter_async_context(debian(tmp_path / "registry"))
            (tmp_path / "origin").mkdir()
            git = GitBinary(tmp_path / "mirrors", protocols=frozenset({"file"}))
            git_world = FileWorld(tmp_path / "origin", git)
            chosen = replace(CHOSEN, registry=host)
        url, author = git_world.made("hello")
        made = await tools(chosen, tmp_path / "server", lambda: None)
        logs = LogFiles(tmp_path / "builds")
        builder = HostBuilder(made, git, logs, chosen, tmp_path / "building")
        note = await builder.note(url)
        if note.refused:
            await builder.close()
            pytest.skip(f"buildah cannot build here: {note.refused}")
        assert isinstance(made.registry, RegistryTwin if request.param == "twin" else RegistryHttp)
        assert isinstance(git, GitTwin if request.param == "twin" else GitBinary)
        source, folder = Source(url, "main"), tmp_path / "building"
        yield Site(source, author, builder, made.registry, logs, chosen.registry, folder, chosen, git, made)
        await builder.close()
        await logs.close()
