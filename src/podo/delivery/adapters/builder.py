"""Building on Podo's own machine: a commit is written into a folder, made into an image and pushed, its log kept."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from podo.clients.buildah.binary import BuildahBinary
from podo.clients.buildah.errors import DockerfileMissing
from podo.clients.buildah.twin import BuilderTwin
from podo.clients.buildah.types import Builder as Client
from podo.clients.git import Git, Remote, credential_of
from podo.clients.registry import Login, NoSuchImage, Reference, Registry, RegistryHttp, RegistryTwin, parse
from podo.delivery.rules.trust import is_trusted
from podo.delivery.types import (
    BuilderNote,
    BuildOver,
    BuildsElsewhere,
    BuildState,
    Built,
    DeliverySettings,
    NoDockerfile,
    NotBuildable,
    Source,
)
from podo.delivery.writers import BuildLogWriter
from podo.kernel import clock
from podo.kernel.errors import N_, PodoError

REVISION = "org.opencontainers.image.revision"
_TIDY_SECONDS = 3600.0
_OFF = N_("building is switched off (delivery.builder)")
_NOT_HERE = N_("Podo builds nothing on its own machine here (delivery.build_on_host)")
_NOT_TRUSTED = N_("its repository is not among those that may be built on Podo's own machine (delivery.trusted)")


@dataclass(frozen=True, slots=True)
class Tools:
    """What builds, and the registry that it pushes to; no client: nothing is built."""

    client: Client | None
    registry: Registry


async def tools(chosen: DeliverySettings, folder: Path, before_call: Callable[[], None]) -> Tools:
    """What the settings name: buildah with a real registry, or the twins of both."""
    host = parse(f"{chosen.registry}/podo").host
    login = Login(chosen.registry_user, chosen.registry_password) if chosen.registry_user else None
    logins: Mapping[str, Login] = {host: login} if login else {}
    real = RegistryHttp(logins, before_call=before_call)
    buildah = BuildahBinary(folder / "layers", real, logins=logins, before_call=before_call)
    if chosen.builder == "off":
        return Tools(None, real)
    if chosen.builder == "buildah" or (chosen.builder == "auto" and await buildah.available()):
        return Tools(buildah, real)
    await real.close()
    twin = RegistryTwin(logins, before_call=before_call)
    twin.made(host, login)
    return Tools(BuilderTwin(twin, pace=0.05, before_call=before_call), twin)


class HostBuilder:
    """`Builder` and `BuilderReader`. At most `builds_at_once` builds run; the others wait for a place.

    The same build asked for twice is made once. `folder` is where commits are written while they are built.
    """

    def __init__(self, tools: Tools, git: Git, logs: BuildLogWriter, chosen: DeliverySettings, folder: Path) -> None:
        self._client, self._registry = tools.client, tools.registry
        self._git = git
        self._logs = logs
        self._chosen = chosen
        self._folder = folder
        self._places = asyncio.Semaphore(max(1, chosen.builds_at_once))
        self._running: dict[str, asyncio.Task[Built]] = {}
        self._cancelled: set[str] = set()
        self._tidied = clock.monotonic()

    async def note(self, url: str) -> BuilderNote:
        """See `BuilderReader.note`."""
        if self._client is None:
            return BuilderNote("off", simulated=False, refused=_OFF)
        name, simulated = self._client.name, self._client.simulated
        if simulated:
            return BuilderNote(name, simulated)
        if not self._chosen.build_on_host:
            return BuilderNote(name, simulated, _NOT_HERE)
        if not is_trusted(url, self._chosen.trusted):
            return BuilderNote(name, simulated, _NOT_TRUSTED)
        there = await self._client.available()
        return BuilderNote(self._client.name, simulated, there.why)

    async def build(self, build: str, source: Source, sha: str, dockerfile: str, image: str) -> Built:
        """See `Builder.build`. Raises `NotBuildable` too, and `BuildOver` when it was cancelled here."""
        wanted = parse(image)
        if build in self._cancelled:
            raise _no_more()
        note = await self.note(source.url)
        if note.refused:
            raise NotBuildable(project=wanted.name.rpartition("/")[2], why=note.refused)
        if build not in self._running:
            self._running[build] = asyncio.create_task(self._in_turn(build, source, sha, dockerfile, wanted), name=build)
        task = self._running[build]
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await _ended(task)
            if build not in self._cancelled:
                raise
            raise _no_more() from None
        finally:
            self._running.pop(build, None)

    async def cancel(self, build: str) -> None:
        """See `Builder.cancel`."""
        task = self._running.get(build)
        if task is not None:
            self._cancelled.add(build)
            await _ended(task)

    async def close(self) -> None:
        """End what is being built here, and the connections to the registry."""
        for task in list(self._running.values()):
            await _ended(task)
        await self._registry.close()

    async def _in_turn(self, build: str, source: Source, sha: str, dockerfile: str, image: Reference) -> Built:
        if self._places.locked():
            await self._logs.write(build, f"Waiting: {self._chosen.builds_at_once} builds run here already.")
        async with self._places:
            made = await self._made(build, image, sha) or await self._make(build, source, sha, dockerfile, image)
        await self._tidy()
        return made

    async def _made(self, build: str, image: Reference, sha: str) -> Built | None:
        """The image, where the registry has it of this very commit: a build that was interrupted after its push."""
        try:
            digest = await self._registry.resolve(image)
            about = await self._registry.config(image.at(digest))
        except NoSuchImage:
            return None
        if about.labels.get(REVISION) != sha:
            return None
        await self._logs.write(build, f"The registry has {image} of this commit already: {digest}")
        return Built(digest, about.size)

    async def _make(self, build: str, source: Source, sha: str, dockerfile: str, image: Reference) -> Built:
        assert self._client is not None
        project = image.name.rpartition("/")[2]
        labels = {
            REVISION: sha,
            "org.opencontainers.image.source": source.url,
            "org.opencontainers.image.created": clock.now().isoformat(timespec="seconds"),
            "dev.podo.project": project,
            "dev.podo.build": build,
        }
        async with self._checked_out(build, source, sha) as folder, _told(self._logs, build) as tell:
            tell(
                f"Building {image} with {self._client.name}" + (": a twin, which runs nothing" if self._client.simulated else "")
            )
            try:
                made = await self._client.build(
                    folder,
                    dockerfile=dockerfile,
                    image=image,
                    labels=labels,
                    args={},
                    on_line=tell,
                    timeout=float(self._chosen.build_seconds),
                )
            except DockerfileMissing:
                raise NoDockerfile(commit=sha[:7], path=dockerfile) from None
            tell(f"Pushed {image.repository}@{made.digest}, {made.size / 1e6:.1f} MB")
        return Built(made.digest, made.size)

    @contextlib.asynccontextmanager
    async def _checked_out(self, build: str, source: Source, sha: str) -> AsyncGenerator[Path, None]:
        """A folder with the commit's files, while they are needed."""
        await self._logs.write(build, f"Checking out {sha[:7]} of {source.url}")
        folder = await asyncio.to_thread(self._fresh_folder)
        try:
            remote = Remote(source.url.strip(), credential_of(source.credential))
            written = await self._git.checkout(remote, sha, folder / "commit")
            for path in written.submodules:
                await self._logs.write(build, f"{path} is a submodule, and stays empty")
            yield folder / "commit"
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))

    def _fresh_folder(self) -> Path:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return Path(tempfile.mkdtemp(prefix="build-", dir=self._folder))
        except OSError as error:
            raise BuildsElsewhere(what="Podo's machine", why=f"its disk takes no files ({error.strerror})") from None

    async def _tidy(self) -> None:
        """Now and then, after a build: what earlier ones left behind. That it fails is no reason for this one to."""
        if self._client is None or clock.monotonic() - self._tidied < _TIDY_SECONDS:
            return
        self._tidied = clock.monotonic()
        with contextlib.suppress(PodoError):
            await self._client.tidy()


@contextlib.asynccontextmanager
async def _told(logs: BuildLogWriter, build: str) -> AsyncGenerator[Callable[[str], None], None]:
    """A call that takes lines, which are all in the log when this is left."""
    lines: asyncio.Queue[str | None] = asyncio.Queue()

    async def write() -> None:
        while (line := await lines.get()) is not None:
            await logs.write(build, line)

    writing = asyncio.create_task(write(), name=f"log:{build}")
    try:
        yield lines.put_nowait
    finally:
        lines.put_nowait(None)
        await asyncio.shield(writing)


def _no_more() -> BuildOver:
    return BuildOver(state=BuildState.cancelled.value)


async def _ended(task: asyncio.Task[Built]) -> None:
    """Cancel and wait until it has cleaned up."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
