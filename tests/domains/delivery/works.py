"""A house with projects, a git server, a builder and a registry, all twins: from a push to an image."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podo.access import service as access
from podo.access.domain import DOMAIN as ACCESS
from podo.access.types import Role
from podo.catalog import service as catalog
from podo.catalog.domain import DOMAIN as CATALOG
from podo.catalog.types import ClusterKind, Environment, Region
from podo.clients.buildah.twin import BuilderTwin
from podo.clients.git import Credential, GitTwin, TwinFile, TwinRepository
from podo.clients.helm import chart_folder
from podo.clients.registry import RegistryTwin
from podo.delivery.adapters.builder import HostBuilder, Tools
from podo.delivery.adapters.logs import LogFiles
from podo.delivery.adapters.source import GitSources
from podo.delivery.handlers.builds import HANDLERS
from podo.delivery.ports import BuildLogReader, SourceReader
from podo.delivery.service import builds
from podo.delivery.steps.builds import BuildWorld
from podo.delivery.types import PERMISSIONS, Build, BuildState, DeliverySettings, LogLine, Source
from podo.kernel.db import outside
from podo.kernel.domains import Domain, House
from podo.kernel.nouns import PODO
from tests.domains.delivery.shops import HANEUL, directory
from tests.houses import Living, furnished

HELLO = {"Dockerfile": b"FROM scratch\nCOPY hello /hello\nUSER 1000\nEXPOSE 8080\n", "hello": b"hello"}


class Schema:
    """The chart's schema alone: no builder renders."""

    async def schema(self) -> Mapping[str, Any]:
        """See `ChartReader`."""
        return chart_schema()


@functools.cache
def chart_schema() -> Mapping[str, Any]:
    """The JSON schema of the paved-road chart."""
    return json.loads((chart_folder() / "values.schema.json").read_text())


@dataclass(frozen=True, slots=True)
class World:
    """What the acts get."""

    builds: BuildWorld


@dataclass
class Works:
    """The house, and what stands around it."""

    living: Living
    git: GitTwin
    registry: RegistryTwin
    builder: HostBuilder
    logs: LogFiles

    async def register(
        self,
        slug: str,
        *,
        team: str = "chat",
        credential: str = "",
        wants: Credential | None = None,
        dockerfile: str = "Dockerfile",
    ) -> TwinRepository:
        """A project and its repository, which wants the credential `wants`."""
        repository = self.git.made(url(slug), wants)
        async with self.living.transaction() as tx:
            await catalog.register(
                tx,
                self.living.house.seal,
                slug=slug,
                title=slug,
                team=team,
                repository=url(slug),
                branch="main",
                places=[("alpha", "kr")],
                credential=credential,
                dockerfile=dockerfile,
            )
        return repository

    async def push(self, repository: TwinRepository, slug: str, files: Mapping[str, bytes | TwinFile | None], said: str) -> Build:
        """Commit, and let somebody of the team ask for the build of the newest commit."""
        sha = repository.commit(files, said)
        sources = self.living.house.ports[SourceReader]  # type: ignore[type-abstract]
        commit = await sources.commit(Source(url(slug), "main"), sha)
        async with self.living.transaction(HANEUL) as tx:
            return await builds.ask(tx, slug, commit, "main")

    async def now(self, build: Build) -> Build:
        """The build as it is now."""
        async with self.living.reading() as r:
            return await builds.build(r, build.project, build.number)

    async def until(self, build: Build, state: BuildState) -> None:
        """Wait until it is so."""
        async with asyncio.timeout(20):
            while (await self.now(build)).state is not state:  # noqa: ASYNC110 - what is waited for is a row
                await asyncio.sleep(0.02)

    async def log(self, build: Build) -> list[str]:
        """Its log's lines."""
        lines: list[LogLine] = list(await self.logs.lines(build.id))
        return [line.text for line in lines]

    async def said(self, project: str) -> list[str]:
        """Codes of what was said of a project, oldest first."""
        from podo.kernel.events import log

        async with self.living.reading() as r:
            entries, _ = await log.history(r, log.Wanted(project=project, prefixes=["delivery."]), limit=100)
        return [e.code.removeprefix("delivery.") for e in reversed(entries)]


def url(slug: str) -> str:
    """Where a project's repository is."""
    return f"https://git.test/team/{slug}.git"


@contextlib.asynccontextmanager
async def works(folder: Path, *, pace: float = 0, **settings: str) -> AsyncIterator[Works]:
    """The house with a team, places, and nothing registered."""
    kept: dict[str, Any] = {}
    domain = Domain(
        name="delivery",
        settings={"delivery": DeliverySettings},
        handlers=HANDLERS,
        adapters=functools.partial(_adapters, kept, pace),
        world=functools.partial(_world, kept),
        permissions=PERMISSIONS,
    )
    async with furnished(folder, "works", _furnish, [ACCESS, CATALOG, domain], clusters=["alpha-kr"], **settings) as house:
        yield Works(house, kept["git"], kept["registry"], kept["builder"], kept["logs"])


async def _furnish(house: Living) -> None:
    async with house.transaction() as tx:
        await access.sync_directory(tx, *directory())
        await access.grant(tx, "oliver", Role.sre)
        await catalog.set_environment(tx, Environment("alpha", 0))
        await catalog.set_environment(tx, Environment("prod", 1, approvals=1))
        for order, code in enumerate(("kr", "jp")):
            await catalog.set_region(tx, Region(code, code, "Asia/Seoul", order))
        await catalog.add_cluster(tx, house.house.seal, "alpha-kr", "kr", ["alpha"], ClusterKind.twin)


async def _adapters(kept: dict[str, Any], pace: float, house: House) -> None:
    chosen = house.settings[DeliverySettings]
    kept["git"] = GitTwin(before_call=outside)
    kept["registry"] = RegistryTwin(before_call=outside)
    kept["registry"].made(chosen.registry)
    kept["logs"] = LogFiles(house.directory / "builds")
    tools = Tools(BuilderTwin(kept["registry"], pace=pace, before_call=outside), kept["registry"])
    kept["builder"] = HostBuilder(tools, kept["git"], kept["logs"], chosen, house.directory / "checkouts")
    house.ports.put(SourceReader, GitSources(kept["git"], Schema()))  # type: ignore[arg-type]
    house.ports.put(BuildLogReader, kept["logs"])


def _world(kept: dict[str, Any], house: House) -> World:
    async def source_of(project: str) -> Source:
        async with house.database.reading(PODO) as r:
            return await builds.source_of(r, house.seal, project)

    async def is_wanted(build: str) -> bool:
        async with house.database.reading(PODO) as r:
            return await builds.is_wanted(r, build)

    sources = house.ports[SourceReader]  # type: ignore[type-abstract]
    registry = house.settings[DeliverySettings].registry
    return World(BuildWorld(kept["builder"], kept["builder"], sources, kept["logs"], source_of, is_wanted, registry))
