"""What containers of the twin write: always the same lines for the same pod, a heartbeat at a steady pace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

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
    """One run of a container: when it began, when it ended (None while it runs), what it says, its heartbeat in seconds."""

    started: datetime
    ended: datetime | None
    first: tuple[str, ...]
    last: str
    every: float

    def lines(self, until: datetime) -> Iterator[Line]:
        """Everything written up to `until`; of a very long run the last lines only."""
        end = min(self.ended or until, until)
        for text in self.first:
            yield Line(self.started, text)
        beats = int((end - self.started).total_seconds() / self.every)
        for beat in range(max(1, beats - MOST), beats + 1):
            yield self.beat(beat)
        if self.ended and self.ended <= until and self.last:
            yield Line(self.ended, self.last)

    def beat(self, number: int) -> Line:
        """The heartbeat `number`, counted from 1."""
        at = self.started + timedelta(seconds=number * self.every)
        return Line(at, f"level=info msg=heartbeat beat={number} uptime={number * self.every:.0f}s")

    def beats_until(self, moment: datetime) -> int:
        """How many heartbeats there were."""
        return max(0, int((moment - self.started).total_seconds() / self.every))


def run_of(pod: Manifest, container: str, *, previous: bool, every: float, fault: PodFault | None) -> Run | str:
    """The run that is asked for, or the API server's words for why there is none."""
    status = next(c for c in pod["status"]["containerStatuses"] if c["name"] == container)
    name = pod["metadata"]["name"]
    state: Mapping[str, Any] = status["state"]
    first = _first(pod, container)
    ended: Mapping[str, Any] | None = state.get("terminated") or status["lastState"].get("terminated")
    if previous and not status["lastState"]:
        return f'previous terminated container "{container}" in pod "{name}" not found'
    if "running" in state and not previous:
        return Run(datetime.fromisoformat(state["running"]["startedAt"]), None, first, "", every)
    if ended is None:
        reason = state.get("waiting", {}).get("reason", "ContainerCreating")
        trouble = "trying and failing to pull image" if "Image" in reason else ""
        return f'container "{container}" in pod "{name}" is waiting to start: {trouble or reason}'
    last = fault.log if fault and ended["exitCode"] else f"level=info msg=bye code={ended['exitCode']}"
    began, finished = datetime.fromisoformat(ended["startedAt"]), datetime.fromisoformat(ended["finishedAt"])
    return Run(began, finished, first, last, every)


def _first(pod: Manifest, name: str) -> tuple[str, ...]:
    container = next(c for c in pod["spec"]["containers"] if c["name"] == name)
    image = container["image"]
    version = image.partition("@")[2][:19] or image.rpartition(":")[2]
    variables = sorted(v["name"] for v in container.get("env") or ())
    said = f"level=info msg=start pod={pod['metadata']['name']} version={version} env={','.join(variables) or '-'}"
    return (said,)


def dated(line: Line) -> str:
    """The line after its moment, as `timestamps` has it."""
    return f"{line.at.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%S.%f')}000Z {line.text}"
