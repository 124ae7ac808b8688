"""Read a Dockerfile as BuildKit and buildah do, as far as Podo needs it: stages and their images, user, ports, start command.

What cannot be built is refused with its line, before anything runs. `RUN` is not looked into.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from podo.clients.buildah import lines
from podo.clients.buildah.instructions import instruction, invalid
from podo.clients.buildah.stages import SCRATCH, Reading, Stage
from podo.kernel.errors import N_

_MOST = 1 << 18
_MOST_INSTRUCTIONS = 2000


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """All stages, of which the last one is built."""

    stages: tuple[Stage, ...]

    @property
    def final(self) -> Stage:
        """The stage that becomes the image."""
        return self.stages[-1]

    @property
    def user(self) -> str | None:
        """Whom the image runs as, None where the file does not say."""
        return self.final.user

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that it says it listens on."""
        return self.final.ports

    @property
    def entrypoint(self) -> tuple[str, ...] | None:
        """What is started, None where the file does not say."""
        return self.final.entrypoint

    @property
    def command(self) -> tuple[str, ...] | None:
        """What is started without an entrypoint, else its arguments; None where the file does not say."""
        return self.final.command

    def line_of(self, stage: Stage) -> tuple[Stage, ...]:
        """The stages that a stage stands on, each on the one before it, and itself."""
        found = [stage]
        while (parent := found[-1].parent) is not None:
            found.append(self.stages[parent])
        return tuple(reversed(found))

    @property
    def needed(self) -> tuple[Stage, ...]:
        """The stages that the final one is made from, and itself, in order; others are not built."""
        wanted, waiting = {self.final.number}, [self.final]
        while waiting:
            stage = waiting.pop()
            before = {number for number, _ in stage.copied if isinstance(number, int)}
            before |= set() if stage.parent is None else {stage.parent}
            waiting += [self.stages[number] for number in before - wanted]
            wanted |= before
        return tuple(stage for stage in self.stages if stage.number in wanted)

    @property
    def images(self) -> tuple[tuple[str, int], ...]:
        """The images that are fetched to build it, each with the line that names it first."""
        named: dict[str, int] = {}
        for stage in self.needed:
            if stage.parent is None and stage.base != SCRATCH:
                named.setdefault(stage.base, stage.line)
            for source, line in stage.copied:
                if isinstance(source, str):
                    named.setdefault(source, line)
        return tuple(named.items())


def read(text: str | bytes, args: Mapping[str, str] | None = None) -> Dockerfile:
    """Read a Dockerfile. `args` are the build's arguments; where they are not known (None), what hangs on them stays as written.

    Takes any bytes. Raises `DockerfileInvalid`, which names the line.
    """
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    if len(text) > _MOST:
        raise invalid(1, N_("the file is longer than {most} KiB").format(most=_MOST >> 10))
    split = lines.split(text)
    try:
        escape = lines.escape_of(split)
        found = [instruction(line) for line in lines.logical(split, escape)]
    except lines.Unreadable as error:
        raise invalid(error.line, str(error)) from None
    if not found:
        raise invalid(1, N_("the file has no instruction"))
    if len(found) > _MOST_INSTRUCTIONS:
        raise invalid(
            found[_MOST_INSTRUCTIONS].line, N_("the file has more than {most} instructions").format(most=_MOST_INSTRUCTIONS)
        )
    reading = Reading(escape, args)
    for told in found:
        reading.take(told)
    return Dockerfile(reading.stages())
