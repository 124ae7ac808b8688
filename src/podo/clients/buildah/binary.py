"""Images by the `buildah` program, into an OCI registry."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from podo.clients import process
from podo.clients.buildah import dockerfile as reading
from podo.clients.buildah import said
from podo.clients.buildah.context import Context
from podo.clients.buildah.dockerfile import Dockerfile
from podo.clients.buildah.errors import BuilderMissing, BuildTimedOut, PushRefused
from podo.clients.buildah.instructions import invalid
from podo.clients.buildah.program import TOOLS, Call, call, proxies_hold_a_password
from podo.clients.buildah.stages import port_numbers
from podo.clients.buildah.storage import Storage
from podo.clients.buildah.types import Availability, Built
from podo.clients.registry import (
    Login,
    Reference,
    ReferenceInvalid,
    Registry,
    RegistryBroken,
    RegistryRefused,
    is_loopback,
    parse,
)
from podo.kernel import clock

_OLDEST = (1, 28)
_KNOWS_HEREDOCS = (1, 33)
_RETRIES = ("--retry", "1", "--retry-delay", "1s")
# Where an image's name could be, buildah takes these for a way to read this machine's disk.
_TRANSPORTS = frozenset(
    ("containers-storage", "dir", "docker", "docker-archive", "docker-daemon", "oci", "oci-archive", "ostree", "sif", "tarball")
)
_LOCAL_SECONDS = 120.0


class BuildahBinary:
    """Answers `Builder`, as root on Linux. `folder` (made when missing, mode 0700) holds layers for the next build.

    `registry` is asked for what was pushed; `logins` are by host. Hosts in `insecure`, and this machine's own, are spoken to
    without TLS. Cached layers go after `keep`, or when the disk has less than `room` bytes left, the oldest first. Of a log the
    first `most_lines` are handed on. `before_call` is called before each run of buildah.
    """

    simulated = False

    def __init__(
        self,
        folder: Path,
        registry: Registry,
        *,
        logins: Mapping[str, Login] | None = None,
        insecure: frozenset[str] = frozenset(),
        program: str = "buildah",
        room: int = 5 << 30,
        keep: timedelta = timedelta(days=7),
        most_lines: int = 100_000,
        before_call: Callable[[], None] | None = None,
    ) -> None:
        self._storage = Storage(folder)
        self._registry = registry
        self._logins = dict(logins or {})
        self._insecure = insecure
        self._program = program
        self._room, self._keep, self._most_lines = room, keep, most_lines
        self._before_call = before_call
        self._version: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """See `Builder`."""
        return f"buildah {self._version[0]}.{self._version[1]}" if self._version else "buildah"

    async def available(self) -> Availability:
        """See `Builder`."""
        missing = [name for name in (self._program, *TOOLS) if shutil.which(name) is None]
        if missing:
            return Availability(f"{missing[0]} is not installed")
        if os.geteuid() != 0:
            return Availability("buildah needs root here, and Podo does not run as root")
        if self._version is None:
            try:
                async with self._storage.shared(), call(self._storage.folder, self._program, ()) as at:
                    done = await self._run(at, "--version")
            except BuilderMissing as missing:
                return Availability(missing.data["why"])
            number = re.search(r"version (\d+)\.(\d+)", done.out.decode(errors="replace"))
            if done.code or not number:
                return Availability(f"buildah does not start ({(done.err.strip() or 'it says nothing')[-200:]})")
            version = int(number[1]), int(number[2])
            if version < _OLDEST:
                return Availability(f"buildah {version[0]}.{version[1]} is too old, {_OLDEST[0]}.{_OLDEST[1]} is needed")
            self._version = version
        return Availability()

    async def build(
        self,
        folder: Path,
        *,
        dockerfile: str,
        image: Reference,
        labels: Mapping[str, str],
        args: Mapping[str, str],
        on_line: Callable[[str], None],
        timeout: float,
    ) -> Built:
        """See `Builder`."""
        if not image.tag or any("=" in name or not name for name in (*labels, *args)):
            raise ValueError("an image to push bears a tag, and the name of a label or argument has no “=”")
        if not (there := await self.available()):
            raise BuilderMissing(what="buildah", why=there.why)
        try:
            async with asyncio.timeout(timeout):
                context = await asyncio.to_thread(Context, folder, dockerfile)
                file = reading.read(context.dockerfile, args)
                hosts = self._hosts(file)
                self._check_heredocs(file)
                await self._greet(image)
                await self._make_ready()
                async with (
                    self._storage.shared(),
                    call(self._storage.folder, self._program, self._plain({image.host, *hosts})) as at,
                ):
                    options = _options(labels, args, context)
                    hidden = (context.root, str(at.folder), str(at.storage))
                    log = said.Log(on_line, hidden, self._storage.free, self._most_lines)
                    made = await self._make(at, context, file, hosts, options, log, timeout)
                    digest = await self._push(at, made, image, log, timeout)
                return await self._answered(image, digest)
        except (TimeoutError, process.TimedOut):
            raise BuildTimedOut(seconds=f"{timeout:g}", fields={}) from None

    async def tidy(self) -> bool:
        """See `Builder`."""
        if not (there := await self.available()):
            raise BuilderMissing(what="buildah", why=there.why)
        with self._storage.alone() as alone:
            if alone:
                for left in self._storage.left():
                    await asyncio.to_thread(shutil.rmtree, left, ignore_errors=True)
                async with call(self._storage.folder, self._program, ()) as at:
                    await self._run(at, "rm", "--all")
                    await self._prune(at)
            return alone

    def _hosts(self, file: Dockerfile) -> set[str]:
        """The registries that images are fetched from. Raises `DockerfileInvalid` for what names no image of a registry."""
        hosts: set[str] = set()
        for name, line in file.images:
            try:
                hosts.add(parse(name).host)
            except ReferenceInvalid as error:
                raise invalid(line, f"“{name[:200]}” names no image: {error.data['why']}") from None
            if name.partition(":")[0] in _TRANSPORTS:
                raise invalid(line, f"“{name[:200]}” is no image of a registry")
        return hosts

    def _check_heredocs(self, file: Dockerfile) -> None:
        """An older buildah takes a heredoc's text for instructions, or runs an empty command in silence."""
        heredoc = next((told for stage in file.stages for told in stage.instructions if told.heredocs), None)
        if heredoc and self._version and self._version < _KNOWS_HEREDOCS:
            opened = f"<<{heredoc.heredocs[0].name[:60]}"
            raise invalid(heredoc.line, f"{self.name}, which builds here, does not know {opened}; a later one (1.33) does")

    async def _greet(self, image: Reference) -> None:
        """Look whether the registry is there and lets us in, before a long build."""
        try:
            await self._registry.ping(image.host)
        except RegistryRefused as refused:
            raise PushRefused(host=image.host, image=str(image), why=refused.data["why"]) from None

    async def _make_ready(self) -> None:
        """A build that was killed, or a full disk, should not hinder the next."""
        if self._storage.left() or self._storage.free() < self._room:
            await self.tidy()

    async def _make(
        self, at: Call, context: Context, file: Dockerfile, hosts: set[str], options: list[str], log: said.Log, timeout: float
    ) -> str:
        """Build, and return the image's id."""
        # Not by its own name: buildah would send a Dockerfile.in through the C preprocessor, which includes any file.
        place = at.folder / "Dockerfile"
        place.write_bytes(context.dockerfile + _restated(file).encode())
        with at.logins({host: login for host, login in self._logins.items() if host in hosts}) as logins:
            files = ("--authfile", str(logins), "--iidfile", str(at.folder / "id"), "--file", str(place))
            code = await self._follow(at, log, timeout, "bud", *options, *files, context.root)
        if code:
            raise said.build_failed(log, code, file)
        return (at.folder / "id").read_text().strip()

    async def _push(self, at: Call, made: str, image: Reference, log: said.Log, timeout: float) -> str:
        """Push, and return the manifest's digest as buildah computed it."""
        target = f"docker://{image.host}/{image.name}:{image.tag}"
        with at.logins({host: login for host, login in self._logins.items() if host == image.host}) as logins:
            files = ("--authfile", str(logins), "--digestfile", str(at.folder / "digest"))
            code = await self._follow(at, log, timeout, "push", *_RETRIES, "--format", "oci", *files, made, target)
        if code:
            raise said.push_failed(log, code, image)
        return (at.folder / "digest").read_text().strip()

    async def _answered(self, image: Reference, digest: str) -> Built:
        """What the registry has now."""
        answered = await self._registry.resolve(image)
        if answered != digest:
            raise RegistryBroken(host=image.host, why=f"for {image} it answers {answered}, and {digest} was pushed")
        config = await self._registry.config(image.at(digest))
        return Built(digest, config.size, config.user, port_numbers(config.ports))

    async def _prune(self, at: Call) -> None:
        """Remove cached layers that are old, then the oldest ones until there is room, with what only they are made from."""
        done = await self._run(at, "images", "--json")
        images = json.loads(done.out or b"[]") or []
        oldest = (clock.now() - self._keep).timestamp()
        # A base image's age says when others built it; it goes for room alone.
        for image in sorted(images, key=lambda image: (bool(image["names"]), image["created"])):
            old = not image["names"] and image["created"] < oldest
            if old or self._storage.free() < self._room:
                await self._run(at, "rmi", "--force", image["id"])

    def _plain(self, hosts: set[str]) -> list[str]:
        return sorted(host for host in hosts if is_loopback(host) or host in self._insecure)

    async def _follow(self, at: Call, log: said.Log, timeout: float, *arguments: str) -> int:
        if self._before_call:
            self._before_call()
        watching = asyncio.create_task(log.watch())
        try:
            return await process.follow(at.command(*arguments), env=at.env(), timeout=timeout, on_line=log.take, cwd=at.folder)
        except BaseException:
            await asyncio.shield(at.gone())
            raise
        finally:
            watching.cancel()

    async def _run(self, at: Call, *arguments: str) -> process.Finished:
        if self._before_call:
            self._before_call()
        try:
            return await process.run(at.command(*arguments), env=at.env(), timeout=_LOCAL_SECONDS, cwd=at.folder)
        except OSError as error:
            raise BuilderMissing(what="buildah", why=f"it cannot be started ({error.strerror})") from None
        except process.TimedOut:
            raise BuilderMissing(what="buildah", why=f"it does not answer within {_LOCAL_SECONDS:g} seconds") from None


def _restated(file: Dockerfile) -> str:
    """What is to be started, once more, where buildah gets it wrong: it forgets a CMD when an ENTRYPOINT comes after it, and
    SHELL when it comes to either; a CMD without words becomes a shell without them."""
    steps = [step for stage in file.line_of(file.final) for step in stage.instructions]
    keywords = [step.keyword for step in steps]
    forgets = "CMD" in keywords and "ENTRYPOINT" in keywords[keywords.index("CMD") :]
    if not forgets and "SHELL" not in keywords and all(step.text for step in steps):
        return ""
    told = (("ENTRYPOINT", file.entrypoint), ("CMD", file.command))
    return "".join(f"\n{keyword} {json.dumps(words)}" for keyword, words in told if words is not None) + "\n"


def _options(labels: Mapping[str, str], args: Mapping[str, str], context: Context) -> list[str]:
    """What shapes the image. In Docker's format SHELL is heeded; the push makes it an OCI image."""
    options = ["--isolation", "chroot", "--layers", "--force-rm", "--identity-label=false", "--format", "docker", *_RETRIES]
    options += [f"--label={name}={value}" for name, value in labels.items()]
    options += [f"--build-arg={name}={value}" for name, value in args.items()]
    if proxies_hold_a_password():
        options.append("--http-proxy=false")
    if context.ignorefile:
        options.append(f"--ignorefile={os.path.join(context.root, context.ignorefile)}")
    return options
