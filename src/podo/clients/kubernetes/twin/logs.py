"""What containers of the twin write: always the same lines for the same pod, a heartbeat at a steady pace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from podo.clients.kubernetes.twin import programs
from podo.clients.kubernetes.twin.faults import PodFault
from podo.clients.kubernetes.types import Manifest

MOST = 10_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line and its moment."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a container: when it began and ended (None while it runs), what it says, and its heartbeat in seconds.

    `steps` are lines with their seconds since the start; a run without heartbeat (0) says nothing after them.
    """

    started: datetime
    ended: datetime | None
    steps: tuple[programs.Step, ...]
    last: str
    every: float

    def lines(self, until: datetime) -> Iterator[Line]:
        """Everything written up to `until`; of a very long run the last lines only."""
        end = min(self.ended or until, until)
        for number in range(max(0, self.count(end) - MOST), self.count(end)):
            yield self.line(number)
        if self.ended and self.ended <= until and self.last:
            yield Line(self.ended, self.last)

    def count(self, until: datetime) -> int:
        """How many lines there are until then, without the last one."""
        said = sum(self.started + timedelta(seconds=at) <= until for at, _ in self.steps)
        if not self.every or said < len(self.steps):
            return said
        return said + max(0, int((until - self.started).total_seconds() / self.every))

    def line(self, number: int) -> Line:
        """The line `number`, counted from 0, whenever it will be."""
        if number < len(self.steps):
            at, text = self.steps[number]
            return Line(self.started + timedelta(seconds=at), text)
        beat = number - len(self.steps) + 1
        up = beat * self.every
        return Line(self.started + timedelta(seconds=up), f"level=info msg=heartbeat beat={beat} uptime={up:.0f}s")

    def has(self, number: int) -> bool:
        """Whether there will be a line of this number."""
        return bool(self.every) or number < len(self.steps)


def run_of(pod: Manifest, container: str, *, previous: bool, every: float, fault: PodFault | None) -> Run | str:
    """The run that is asked for, or the API server's words for why there is none."""
    status = next(c for c in pod["status"]["containerStatuses"] if c["name"] == container)
    name = pod["metadata"]["name"]
    state: Mapping[str, Any] = status["state"]
    steps, beat = _steps(pod, container, every)
    ended: Mapping[str, Any] | None = status["lastState"].get("terminated")
    if previous and ended is None:
        return f'previous terminated container "{container}" in pod "{name}" not found'
    if "running" in state and not previous:
        return Run(datetime.fromisoformat(state["running"]["startedAt"]), None, steps, "", beat)
    ended = ended if previous else state.get("terminated") or ended
    if ended is None:
        reason = state.get("waiting", {}).get("reason", "ContainerCreating")
        trouble = "trying and failing to pull image" if "Image" in reason else reason
        return f'container "{container}" in pod "{name}" is waiting to start: {trouble}'
    last = fault.log if fault and ended["exitCode"] and beat else ""
    return Run(datetime.fromisoformat(ended["startedAt"]), datetime.fromisoformat(ended["finishedAt"]), steps, last, beat)


def _steps(pod: Manifest, name: str, every: float) -> tuple[tuple[programs.Step, ...], float]:
    container = next(c for c in pod["spec"]["containers"] if c["name"] == name)
    if (script := programs.script(container)) is not None:
        return tuple(script), 0
    image = container["image"]
    version = image.partition("@")[2][:19] or image.rpartition(":")[2]
    variables = sorted(v["name"] for v in container.get("env") or ())
    start = f"level=info msg=start pod={pod['metadata']['name']} version={version} env={','.join(variables) or '-'}"
    return ((0.0, start),), every


def dated(line: Line) -> str:
    """The line after its moment, as `timestamps` has it."""
    return f"{line.at.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%S.%f')}000Z {line.text}"
