"""How long things take in the twin (`Pace`), and what goes wrong in it (`Faults`)."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

FaultType = Literal["down", "slow", "forbidden", "throttled", "answer lost", "cut"]
PodFaultType = Literal["image", "crash", "unready", "memory"]

ANNOTATION = "twin.podo.dev/fault"
ANNOTATION_EXIT_CODE = "twin.podo.dev/exit-code"
ANNOTATION_LOG = "twin.podo.dev/log"
ANNOTATION_RUNS = "twin.podo.dev/runs"


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
    """How long a job's container runs; a pod's annotation `twin.podo.dev/runs` says otherwise."""
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
    """What happens to a pod.

    - `image`: it never pulls; `unready`: it runs and never gets ready
    - `crash`: its container ends with `exit_code` after having written `log`, again and again; `memory`: so by the OOM killer
    """

    type: PodFaultType
    exit_code: int = 1
    log: str = "fatal: could not start"


# Part of an image's name, so that a fault can be had by deploying `registry/app:crash-loop`.
BY_NAME: Mapping[str, PodFault] = {
    "*:*no-such-image*": PodFault("image"),
    "*:*crash-loop*": PodFault("crash"),
    "*:*never-ready*": PodFault("unready"),
    "*:*out-of-memory*": PodFault("memory", exit_code=137, log="allocating more"),
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
        """What happens to this pod, by its annotation or by the name of one of its images."""
        annotations: Mapping[str, str] = pod["metadata"].get("annotations") or {}
        if type := annotations.get(ANNOTATION):
            code = int(annotations.get(ANNOTATION_EXIT_CODE) or (137 if type == "memory" else 1))
            return PodFault(type, code, annotations.get(ANNOTATION_LOG, PodFault.log))  # pyright: ignore[reportArgumentType]
        images = [c.get("image", "") for c in pod["spec"].get("containers") or ()]
        return next((f for pattern, f in self.images.items() if any(fnmatch.fnmatchcase(i, pattern) for i in images)), None)
