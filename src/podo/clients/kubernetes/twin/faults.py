"""How long things take in the twin (`Pace`), and what goes wrong in it (`Faults`)."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from podo.clients.kubernetes.twin import programs

FaultType = Literal["down", "slow", "forbidden", "throttled", "answer lost", "cut"]
PodFailure = Literal["ImagePullBackOff", "CrashLoopBackOff", "OOMKilled", "Unready"]

# The same on the local cluster, whose stages explain them.
FAILURE = "simulate.podo.dev/failure"
FAILURE_AFTER = "simulate.podo.dev/failure-after"
READY_AFTER = "simulate.podo.dev/ready-after"
COMPLETE_AFTER = "simulate.podo.dev/complete-after"


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds that things take. The defaults are what a person believes; `AT_ONCE` is for tests."""

    schedule: float = 0.3
    pull: float = 1.5
    ready: float = 2.0
    stop: float = 1.0
    crash: float = 1.0
    """From a container's start to its crash, where it crashes."""
    run: float = 5.0
    """How long a job's container runs, unless its command sleeps or an annotation says otherwise."""
    backoff: float = 10.0
    """The first pause before a restart or another pull; it doubles up to 30 times as long."""
    bookmark: float = 60.0
    heartbeat: float = 10.0
    """The pause between two lines of a container's log."""


AT_ONCE = Pace(schedule=0, pull=0, ready=0, stop=0, crash=0, run=0, backoff=0.05, bookmark=0.05, heartbeat=0.05)


@dataclass(slots=True)
class Fault:
    """What happens to calls that match: `verbs`, `kinds` and `namespaces` (empty: all of them), `times` often (None: always).

    - `down`: no answer, nothing done; `answer lost`: done, and yet no answer
    - `slow`: `seconds` pass before it is done; `throttled`: refused, to be tried again after `seconds`
    - `forbidden`: the account may not; `cut`: a stream (watch, logs) breaks after `after` lines
    """

    type: FaultType
    verbs: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    times: int | None = None
    seconds: float = 1.0
    after: int = 0
    met: int = 0

    def meets(self, verb: str, kind: str, namespace: str | None) -> bool:
        """Whether it is for this call; a fault that has met as often as it may is for none."""
        if self.times is not None and self.met >= self.times:
            return False
        return (
            (not self.verbs or verb in self.verbs)
            and (not self.kinds or kind in self.kinds)
            and (not self.namespaces or namespace in self.namespaces)
        )


@dataclass(frozen=True, slots=True)
class PodFault:
    """What happens to the pods of an image: its first container fails with `exit_code`, `after` seconds of being ready.

    Without `after` it never gets ready. `log` is the last line that a crashing container writes.
    """

    failure: PodFailure
    exit_code: int = 1
    log: str = "level=fatal msg=crash"
    after: float | None = None


# Part of an image's name, so that a fault can be had by deploying `registry/app:crash-loop`.
BY_NAME: Mapping[str, PodFault] = {
    "*:*no-such-image*": PodFault("ImagePullBackOff"),
    "*:*crash-loop*": PodFault("CrashLoopBackOff"),
    "*:*never-ready*": PodFault("Unready"),
    "*:*out-of-memory*": PodFault("OOMKilled", exit_code=137),
}


@dataclass(slots=True)
class Faults:
    """What goes wrong now. `images` maps a pattern of an image's name (as of a shell) to what happens to its pods."""

    calls: list[Fault] = field(default_factory=list)
    images: dict[str, PodFault] = field(default_factory=lambda: dict(BY_NAME))

    def add(self, type: FaultType, **matching: Any) -> Fault:
        """Let calls fail from now on; the arguments are `Fault`'s, sets may be given as any iterable."""
        sets = ("verbs", "kinds", "namespaces")
        given: dict[str, Any] = {k: frozenset(v) if k in sets else v for k, v in matching.items()}
        fault = Fault(type, **given)
        self.calls.append(fault)
        return fault

    def clear(self) -> None:
        """Let all calls succeed again; images keep their faults."""
        self.calls.clear()

    def meeting(self, verb: str, kind: str, namespace: str | None, types: Iterable[FaultType]) -> list[Fault]:
        """Faults of these types for this call; each is counted as met."""
        found = [f for f in self.calls if f.type in types and f.meets(verb, kind, namespace)]
        for fault in found:
            fault.met += 1
        return found

    def of_pod(self, pod: Mapping[str, Any]) -> PodFault | None:
        """What happens to this pod: what its annotation says, what it runs, or what its image's name means."""
        annotations: Mapping[str, str] = pod["metadata"].get("annotations") or {}
        after = seconds(annotations.get(FAILURE_AFTER))
        containers: list[Mapping[str, Any]] = pod["spec"].get("containers") or []
        if told := annotations.get(FAILURE):
            code = programs.exit_code(containers[0]) or (137 if told == "OOMKilled" else 1)
            return PodFault(told, code, after=after)  # pyright: ignore[reportArgumentType]
        for container in containers:
            if container["image"].partition("/")[0].partition(":")[0].endswith(".invalid"):
                return PodFault("ImagePullBackOff")
            if code := programs.exit_code(container):
                return PodFault("CrashLoopBackOff", code)
            if (container.get("readinessProbe") or {}).get("exec", {}).get("command") == ["false"]:
                return PodFault("Unready")
        images = [c["image"] for c in containers]
        return next((f for pattern, f in self.images.items() if any(fnmatch.fnmatchcase(i, pattern) for i in images)), None)


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(duration: str | None) -> float | None:
    """`1m30s` as 90; None for what is no duration."""
    if not duration or not re.fullmatch(r"([0-9.]+(ms|s|m|h))+", duration):
        return None
    return sum(float(n) * _UNITS[unit] for n, unit in re.findall(r"([0-9.]+)(ms|s|m|h)", duration))
