"""What `exec` can run in the twin: a few commands that every container seems to have."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from podo.clients.kubernetes.types import Executed, Manifest


def run(pod: Manifest, container: str, command: Sequence[str], stdin: bytes) -> Executed:
    """Run `command`; one that is not known is not found, as in a container without it."""
    match list(command):
        case ["echo", *words]:
            return Executed(0, " ".join(words) + "\n", "")
        case ["cat"]:
            return Executed(0, stdin.decode(errors="replace"), "")
        case ["hostname"]:
            return Executed(0, pod["metadata"]["name"] + "\n", "")
        case ["env"]:
            return Executed(0, _environment(pod, container), "")
        case ["true"]:
            return Executed(0, "", "")
        case ["false"]:
            return Executed(1, "", "")
        case ["exit", code] if code.isdigit():
            return Executed(int(code), "", "")
        case ["sh" | "/bin/sh" | "bash", "-c", script]:
            return _script(pod, container, script, stdin)
        case [name, *_]:
            return Executed(127, "", f'exec: "{name}": executable file not found in $PATH')
    return Executed(127, "", "no command")


def _script(pod: Manifest, container: str, script: str, stdin: bytes) -> Executed:
    """Commands divided by `;`, each with an optional `>&2`."""
    code, out, err = 0, "", ""
    for part in script.split(";"):
        words = shlex.split(part)
        to_err = words[-1:] == [">&2"]
        done = run(pod, container, words[:-1] if to_err else words, stdin)
        code = done.code
        out += "" if to_err else done.stdout
        err += done.stderr + (done.stdout if to_err else "")
        if words[:1] == ["exit"]:
            break
    return Executed(code, out, err)


def _environment(pod: Manifest, container: str) -> str:
    spec = next(c for c in pod["spec"]["containers"] if c["name"] == container)
    pairs = {"HOSTNAME": pod["metadata"]["name"]} | {v["name"]: v.get("value", "") for v in spec.get("env") or ()}
    return "".join(f"{name}={value}\n" for name, value in pairs.items())
