"""What containers of the twin run: simple scripts of `echo`, `sleep` and `exit`; of others it is only said that they run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

Step = tuple[float, str]

_FAILS = re.compile(r"(?:(?:^|/| )false|exit ([1-9][0-9]*))$")


def line(container: Mapping[str, Any]) -> str:
    """The command of a container as one text."""
    return " ".join([*(container.get("command") or ()), *(container.get("args") or ())])


def exit_code(container: Mapping[str, Any]) -> int:
    """The code with which the command is bound to end; 0 when it is not."""
    found = _FAILS.search(line(container))
    return int(found[1] or 1) if found else 0


def sleeps(container: Mapping[str, Any]) -> float | None:
    """How many seconds the command sleeps before it ends; None if it does not."""
    found = re.search(r"sleep ([0-9]+)", line(container))
    return float(found[1]) if found else None


def script(container: Mapping[str, Any]) -> list[Step] | None:
    """What a script writes, each line with the seconds since the start; None for what is no such script."""
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    if len(words) != 3 or words[0].rpartition("/")[2] not in ("sh", "bash") or words[1] != "-c":
        return None
    at, steps = 0.0, list[Step]()
    for part in words[2].split(";"):
        match shlex.split(part):
            case ["echo", *rest]:
                steps.append((at, " ".join(rest)))
            case ["sleep", seconds] if seconds.isdigit():
                at += float(seconds)
            case ["exit", *_] | ["true"] | ["false"]:
                break
            case []:
                continue
            case _:
                return None
    return steps
