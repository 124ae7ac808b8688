"""From a Dockerfile's instructions to its stages: what each says of the image, with variables filled in."""

from __future__ import annotations

import platform
import re
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from podo.clients.buildah.instructions import KEYWORDS, Instruction, invalid
from podo.clients.buildah.words import WordUnreadable, array, expand, pairs, words
from podo.kernel.errors import N_

SCRATCH = "scratch"
_NAME = re.compile(r"[a-z][a-z0-9_.-]*")
_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(tcp|udp|sctp))?", re.IGNORECASE)
_FROM = re.compile(r"(?:^|,)from=([^,]+)")
_HIGHEST = 65535
_SHELL = ("/bin/sh", "-c")
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_BUDGET = 1 << 20


@dataclass(slots=True)
class Stage:
    """One stage, its variables filled in as far as they are known.

    `base` is an image, `scratch`, or the name of an earlier stage, whose number is then `parent`. `user`, `exposed` (`8080/tcp` →
    8080, in the order in which they are named), `labels`, `environment`, `entrypoint` and `command` (None: not set) include what
    an earlier stage of this file leaves, but not what a base image brings. `copied` are the images and the numbers of earlier
    stages that it copies from, with lines.
    """

    number: int
    name: str
    base: str
    line: int
    parent: int | None = None
    user: str | None = None
    exposed: dict[str, int] = field(default_factory=dict[str, int])
    labels: dict[str, str] = field(default_factory=dict[str, str])
    environment: dict[str, str] = field(default_factory=dict[str, str])
    arguments: dict[str, str] = field(default_factory=dict[str, str])
    shell: tuple[str, ...] = _SHELL
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    instructions: list[Instruction] = field(default_factory=list[Instruction])
    copied: list[tuple[str | int, int]] = field(default_factory=list[tuple[str | int, int]])

    @property
    def ports(self) -> tuple[int, ...]:
        """The numbers of `exposed`."""
        return tuple(dict.fromkeys(self.exposed.values()))

    @property
    def values(self) -> Mapping[str, str]:
        """What its variables mean at its end; ENV wins over ARG."""
        return ChainMap(self.environment, self.arguments)


class Reading:
    """Takes instructions in order. `args` are the build's arguments, None where they are not known yet."""

    def __init__(self, escape: str, args: Mapping[str, str] | None) -> None:
        self._escape = escape
        self._args = args
        self._platform = _platform() if args is not None else {}
        self._global: dict[str, str] = {}
        self._outer: Mapping[str, str] = ChainMap(self._global, self._platform)
        self._stages: list[Stage] = []
        self._last = 1
        self._left = _BUDGET
        self._takers: Mapping[str, Callable[[Stage, Instruction], None]] = {
            "ADD": self._copy,
            "ARG": self._arg,
            "CMD": self._cmd,
            "COPY": self._copy,
            "ENTRYPOINT": self._entrypoint,
            "ENV": self._env,
            "EXPOSE": self._expose,
            "HEALTHCHECK": self._healthcheck,
            "LABEL": self._label,
            "ONBUILD": self._onbuild,
            "RUN": self._run,
            "SHELL": self._shell,
            "USER": self._user,
        }

    def take(self, told: Instruction) -> None:
        """Take the next instruction. Raises `DockerfileInvalid`."""
        self._last = told.line
        try:
            self._take(told)
        except WordUnreadable as error:
            raise invalid(told.line, f"{told.keyword}: {error}") from None

    def stages(self) -> tuple[Stage, ...]:
        """What was read. Raises `DockerfileInvalid` where there is no stage."""
        if not self._stages:
            raise invalid(self._last, N_("there is no FROM"))
        return tuple(self._stages)

    def _take(self, told: Instruction) -> None:
        if not told.text and not told.heredocs and told.keyword not in ("CMD", "ENTRYPOINT"):
            raise invalid(told.line, N_("{keyword} says nothing").format(keyword=told.keyword))
        if told.keyword == "FROM":
            self._from(told)
            return
        if not self._stages:
            if told.keyword != "ARG":
                raise invalid(told.line, N_("{keyword} stands before the first FROM").format(keyword=told.keyword))
            self._declare(told, self._global, self._outer, {})
            return
        self._stages[-1].instructions.append(told)
        if taker := self._takers.get(told.keyword):
            taker(self._stages[-1], told)

    def _from(self, told: Instruction) -> None:
        parts = words(told.text, self._escape)
        if len(parts) not in (1, 3) or (len(parts) == 3 and parts[1].upper() != "AS"):
            raise invalid(told.line, N_("FROM has the form: FROM image, or FROM image AS name"))
        base = self._fill(parts[0], self._outer)
        name = parts[2].lower() if len(parts) == 3 else ""
        if not base:
            raise invalid(told.line, N_("FROM {name} names no image: its argument has no value").format(name=parts[0][:60]))
        if name and not _NAME.fullmatch(name):
            raise invalid(told.line, N_("“{name}” cannot be a stage's name").format(name=parts[2][:60]))
        parent = self._named(base)
        stage = Stage(len(self._stages), name, base, told.line, None if parent is None else parent.number)
        if parent:
            self._spend(len(parent.exposed) + len(parent.labels) + len(parent.environment))
            stage.user, stage.shell = parent.user, parent.shell
            stage.entrypoint, stage.command = parent.entrypoint, parent.command
            stage.exposed, stage.labels, stage.environment = (
                {**parent.exposed},
                {**parent.labels},
                {**parent.environment},
            )
        stage.instructions.append(told)
        self._stages.append(stage)

    def _named(self, name: str) -> Stage | None:
        """The stage of that name so far, the last one where it was given twice."""
        return next((stage for stage in reversed(self._stages) if stage.name and stage.name == name.lower()), None)

    def _arg(self, stage: Stage, told: Instruction) -> None:
        self._declare(told, stage.arguments, stage.values, self._outer)

    def _declare(self, told: Instruction, into: dict[str, str], values: Mapping[str, str], outer: Mapping[str, str]) -> None:
        """ARG: what the build gives, else what stands here, else what is known from outside the stage."""
        for word in words(told.text, self._escape):
            name, sign, default = word.partition("=")
            if not name:
                raise invalid(told.line, N_("ARG names nothing"))
            if self._args is not None and name in self._args:
                into[name] = self._args[name]
            elif sign:
                into[name] = self._fill(default, values)
            elif name in outer:
                into[name] = outer[name]

    def _env(self, stage: Stage, told: Instruction) -> None:
        stage.environment |= self._assigned(stage, told)

    def _label(self, stage: Stage, told: Instruction) -> None:
        stage.labels |= self._assigned(stage, told)

    def _assigned(self, stage: Stage, told: Instruction) -> dict[str, str]:
        return {self._fill(name, stage.values): self._fill(value, stage.values) for name, value in pairs(told.text, self._escape)}

    def _user(self, stage: Stage, told: Instruction) -> None:
        if len(words(told.text, self._escape)) != 1:
            raise invalid(told.line, N_("USER names one user, or user:group"))
        stage.user = self._fill(told.text, stage.values) or None

    def _expose(self, stage: Stage, told: Instruction) -> None:
        for word in words(told.text, self._escape):
            # A variable may hold several ports, and one that is not known here may come from the base image.
            for port in self._fill(word, stage.values).split():
                if "$" in port:
                    continue
                found = exposed(port)
                if not found:
                    raise invalid(told.line, N_("EXPOSE: “{port}” is no port").format(port=port[:60]))
                self._spend(len(found))
                stage.exposed |= found

    def _entrypoint(self, stage: Stage, told: Instruction) -> None:
        stage.entrypoint = _started(stage, told.text)
        # What the base starts does not fit another entrypoint.
        own = any(one.keyword == "CMD" for one in stage.instructions)
        stage.command = stage.command if own else None

    def _cmd(self, stage: Stage, told: Instruction) -> None:
        stage.command = _started(stage, told.text)

    def _shell(self, stage: Stage, told: Instruction) -> None:
        shell = array(told.text)
        if not shell:
            raise invalid(told.line, N_('SHELL wants a JSON array, like ["/bin/bash", "-c"]'))
        stage.shell = shell

    def _run(self, stage: Stage, told: Instruction) -> None:
        for name, value in told.flags:
            if name == "mount" and (found := _FROM.search(value)):
                self._source(stage, told, found[1])

    def _copy(self, stage: Stage, told: Instruction) -> None:
        if len(array(told.text) or words(told.text, self._escape)) < 2:
            raise invalid(told.line, N_("{keyword} wants a source and a destination").format(keyword=told.keyword))
        if source := told.flag("from"):
            self._source(stage, told, source)

    def _source(self, stage: Stage, told: Instruction, name: str) -> None:
        """Note what is copied from: a stage by number or name, or an image."""
        name = self._fill(name, ChainMap(stage.arguments, self._global, self._platform))
        earlier = self._named(name)
        if earlier is stage or (name.isdecimal() and int(name[:9]) >= stage.number):
            raise invalid(
                told.line,
                N_("{keyword} copies from stage {name}, which is not built before this one").format(
                    keyword=told.keyword, name=name[:60]
                ),
            )
        if earlier:
            stage.copied.append((earlier.number, told.line))
        elif name.isdecimal():
            stage.copied.append((int(name), told.line))
        elif name and name != SCRATCH:
            stage.copied.append((name, told.line))

    def _healthcheck(self, stage: Stage, told: Instruction) -> None:
        if told.text.split(maxsplit=1)[0].upper() not in ("CMD", "NONE"):
            raise invalid(told.line, N_("HEALTHCHECK is followed by CMD or NONE"))

    def _onbuild(self, stage: Stage, told: Instruction) -> None:
        word = told.text.split(maxsplit=1)[0]
        if word.upper() not in KEYWORDS - {"FROM", "ONBUILD", "MAINTAINER"}:
            raise invalid(told.line, N_("ONBUILD cannot hold “{word}”").format(word=word[:60]))

    def _fill(self, text: str, values: Mapping[str, str]) -> str:
        filled = expand(text, values, self._escape, keep=self._args is None)
        self._spend(len(filled))
        return filled

    def _spend(self, much: int) -> None:
        """A small file can ask for much by variables that hold each other, or by wide ranges."""
        self._left -= much
        if self._left < 0:
            raise WordUnreadable("the file's variables and ports grow without bounds")


def _started(stage: Stage, text: str) -> tuple[str, ...]:
    exec_form = array(text)
    if exec_form is not None:
        return exec_form
    return (*stage.shell, text) if text else ()


def exposed(text: str) -> dict[str, int]:
    """`8080`, `53/udp` and `8000-8010/tcp` as `8080/tcp` → 8080; empty where the text is no port."""
    found = _PORTS.fullmatch(text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not found or not 0 < first <= last <= _HIGHEST:
        return {}
    protocol = (found[3] or "tcp").lower()
    return {f"{port}/{protocol}": port for port in range(first, last + 1)}


def port_numbers(ports: Iterable[str]) -> tuple[int, ...]:
    """The numbers of ports as an image's configuration has them, each once, in order."""
    return tuple(sorted({number for port in ports for number in exposed(port).values()}))


def _platform() -> dict[str, str]:
    """What is known without being declared: the platform that is built on and for."""
    machine = platform.machine().lower()
    architecture = _MACHINES.get(machine, machine)
    named = {"PLATFORM": f"linux/{architecture}", "OS": "linux", "ARCH": architecture, "VARIANT": ""}
    return {f"{side}{name}": value for side in ("TARGET", "BUILD") for name, value in named.items()}
