"""A builder in process: it reads the Dockerfile and the folder as buildah does, runs nothing, and puts a made-up image into the
registry's twin.

The image's digest follows from the folder's content, the Dockerfile, the arguments and the labels. Of a `RUN`, `false`, `exit N`,
`sleep N` and `echo …` do what they say, each at the start of a command; the rest is taken to go well.
"""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from podo.clients.buildah import dockerfile as reading
from podo.clients.buildah.context import Context
from podo.clients.buildah.dockerfile import Dockerfile
from podo.clients.buildah.errors import BuildFailed, BuildTimedOut, ImageMissing, PushRefused
from podo.clients.buildah.instructions import Instruction, invalid
from podo.clients.buildah.stages import SCRATCH, Stage, port_numbers
from podo.clients.buildah.types import Availability, Built
from podo.clients.buildah.words import array, expand, words
from podo.clients.registry import (
    ImageConfig,
    NoSuchImage,
    Reference,
    ReferenceInvalid,
    RegistryRefused,
    RegistryTwin,
    RegistryUnreachable,
    is_loopback,
    parse,
)
from podo.kernel import ids

_PARTED = re.compile(r"&&|;|\n")
_REMOTE = re.compile(r"(?:https?|git|ssh)://|git@|<<")
_PATTERN = re.compile(r"[*?\[]")
_BARE = ImageConfig(digest="", size=0)


@dataclass(frozen=True, slots=True)
class _Making:
    """One build: what is built, and who listens."""

    context: Context
    file: Dockerfile
    bases: Mapping[str, ImageConfig]
    labels: Mapping[str, str]
    on_line: Callable[[str], None]


class BuilderTwin:
    """Answers `Builder`. `pace` is how long a step takes, in seconds. A base image whose registry the twin does not reach is
    taken to be there, unless that registry is on this machine."""

    name = "twin"
    simulated = True

    def __init__(self, registry: RegistryTwin, *, pace: float = 0, before_call: Callable[[], None] | None = None) -> None:
        self._registry = registry
        self._pace = pace
        self._before_call = before_call

    async def available(self) -> Availability:
        """See `Builder`."""
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
        try:
            async with asyncio.timeout(timeout):
                context = await asyncio.to_thread(Context, folder, dockerfile)
                file = reading.read(context.dockerfile, args)
                names = [(name, line, _image(name, line)) for name, line in file.images]
                if self._before_call:
                    self._before_call()
                await self._greet(image)
                bases = {name: await self._base(name, line, found) for name, line, found in names}
                making = _Making(context, file, bases, labels, on_line)
                await self._make(making)
                return await self._push(making, image, args)
        except TimeoutError:
            raise BuildTimedOut(seconds=f"{timeout:g}", fields={}) from None

    async def tidy(self) -> bool:
        """See `Builder`."""
        return True

    async def _greet(self, image: Reference) -> None:
        try:
            await self._registry.ping(image.host)
        except RegistryRefused as refused:
            raise PushRefused(host=image.host, image=str(image), why=refused.data["why"]) from None

    async def _base(self, name: str, line: int, image: Reference) -> ImageConfig:
        """What an image brings along."""
        try:
            return await self._registry.config(image)
        except RegistryUnreachable:
            if is_loopback(image.host):
                raise
            return _BARE
        except (NoSuchImage, RegistryRefused) as error:
            why = "manifest unknown" if isinstance(error, NoSuchImage) else "unauthorized"
            raise ImageMissing(image=name, line=line, why=why, what="image", name=name) from None

    async def _make(self, making: _Making) -> None:
        """Go through the steps, as buildah does."""
        stages = making.file.needed
        for stage in stages:
            mark = f"[{stage.number + 1}/{len(making.file.stages)}] " if len(making.file.stages) > 1 else ""
            added = [f'LABEL "{name}"="{value}"' for name, value in making.labels.items()] if stage is stages[-1] else []
            steps = [*stage.instructions, *added]
            for number, step in enumerate(steps, 1):
                making.on_line(f"{mark}STEP {number}/{len(steps)}: {_said(stage, step)}")
                await asyncio.sleep(self._pace)
                if isinstance(step, Instruction):
                    await self._step(making, stage, step)
        making.on_line("COMMIT")

    async def _step(self, making: _Making, stage: Stage, step: Instruction) -> None:
        match step.keyword:
            case "FROM" if step.text.split()[0] in making.bases:
                making.on_line(f"Trying to pull {stage.base}...")
            case "COPY" | "ADD" if not step.flag("from"):
                if lacking := _lacking(making.context, stage, step):
                    raise _failed(making, step, f'"/{lacking.lstrip("/")}": no such file or directory', 125)
            case "RUN":
                last = ""
                async for line, code in _ran(step):
                    if line:
                        last = line
                        making.on_line(line)
                    if code:
                        why = f"exit code {code}" + (f", after “{last}”" if last else "")
                        raise _failed(making, step, why, code)

    async def _push(self, making: _Making, image: Reference, args: Mapping[str, str]) -> Built:
        final = making.file.final
        content = await asyncio.to_thread(making.context.digest)
        made = ids.digest([content, making.context.dockerfile.decode(errors="replace"), dict(args), dict(making.labels)])
        base = _inherited(making, final)
        config = _config(final, base, {**base.labels, **final.labels, **making.labels}, made)
        for line in ("Getting image source signatures", f"Copying blob sha256:{made}"):
            making.on_line(line)
        digest = self._registry.put(image, config, base.size + making.context.size())
        for line in ("Writing manifest to image destination", "Storing signatures"):
            making.on_line(line)
        found = await self._registry.config(image.at(digest))
        return Built(digest, found.size, found.user, port_numbers(found.ports))


def _image(name: str, line: int) -> Reference:
    try:
        return parse(name)
    except ReferenceInvalid as error:
        raise invalid(line, f"“{name[:200]}” names no image: {error.data['why']}") from None


def _failed(making: _Making, step: Instruction, why: str, code: int) -> BuildFailed:
    making.on_line(f'Error: building at STEP "{step.original}": {why}')
    return BuildFailed(line=step.line, step=step.original[:120], why=why, exit=code, fields={})


def _said(stage: Stage, step: Instruction | str) -> str:
    if isinstance(step, str):
        return step
    name = f" AS {stage.name}" if stage.name else ""
    return f"FROM {stage.base}{name}" if step.keyword == "FROM" else step.original


def _lacking(context: Context, stage: Stage, step: Instruction) -> str:
    """The source of COPY or ADD that the folder lacks. Among several, a pattern may match nothing."""
    named = [expand(source, stage.values) for source in (array(step.text) or words(step.text))[:-1]]
    sources = [source for source in named if not _REMOTE.match(source)]
    lacking = [source for source in sources if context.lacks(source)]
    plain = [source for source in lacking if not _PATTERN.search(source)]
    return next(iter(plain if len(lacking) < len(named) else lacking), "")


async def _ran(step: Instruction) -> AsyncIterator[tuple[str, int]]:
    """Lines that a RUN writes, and the exit code of what fails in it."""
    exec_form = array(step.text)
    text = shlex.join(exec_form) if exec_form else "\n".join([step.text, *(doc.content for doc in step.heredocs)])
    if "||" in text:
        return
    for part in _PARTED.split(text):
        told = part.split()
        match told:
            case ["false"]:
                yield "", 1
            case ["exit", code] if code.isdecimal():
                yield "", int(code) % 256
                return
            case ["sleep", seconds] if seconds.isdecimal():
                await asyncio.sleep(int(seconds))
            case ["echo", *rest] if not any(">" in word and not word.startswith(">&") for word in rest):
                yield " ".join(word.strip("'\"") for word in rest if not word.startswith(">&")), 0


def _inherited(making: _Making, stage: Stage) -> ImageConfig:
    """What the image at the bottom of a stage brings along."""
    bottom = making.file.line_of(stage)[0].base
    return _BARE if bottom == SCRATCH else making.bases[bottom]


def _config(stage: Stage, base: ImageConfig, labels: Mapping[str, str], made: str) -> Mapping[str, Any]:
    """The image's OCI configuration."""
    started = stage.entrypoint is not None
    base = replace(base, command=()) if started else base
    config: dict[str, Any] = {
        "User": stage.user or base.user,
        "ExposedPorts": {port: {} for port in (*base.ports, *stage.exposed)},
        "Labels": dict(labels),
        "Env": [f"{name}={value}" for name, value in stage.environment.items()],
        "Entrypoint": list(stage.entrypoint if stage.entrypoint is not None else base.entrypoint),
        "Cmd": list(stage.command if stage.command is not None else base.command),
    }
    layers = {"type": "layers", "diff_ids": [f"sha256:{made}"]}
    return {"os": base.os, "architecture": base.architecture, "config": config, "rootfs": layers}
