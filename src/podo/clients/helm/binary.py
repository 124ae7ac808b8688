"""Helm's engine by the `helm` program."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from podo.clients import process
from podo.clients.helm import said
from podo.clients.helm.charts import chart_digest, place
from podo.clients.helm.errors import HelmUnavailable, RenderTooHeavy
from podo.clients.kubernetes.local import parts

_SOURCE = re.compile(r"^---\n# Source: (?P<template>[^\n]+)$", re.MULTILINE)
_OLDEST = (3, 14)
_MOST_TEXT = 16 << 20


class HelmBinary:
    """Answers `HelmEngine`: one process a render, with `memory` MiB of data and `seconds` of time; reads no configuration and
    no plugin. `before_call` is called before each."""

    def __init__(
        self, program: Path, *, memory: int = 512, seconds: int = 10, before_call: Callable[[], None] | None = None
    ) -> None:
        self._program = program
        self._memory, self._seconds = memory, seconds
        self._before_call = before_call
        self._version: str | None = None

    @staticmethod
    def on_path() -> Path | None:
        """The `helm` program on PATH."""
        found = shutil.which("helm")
        return Path(found) if found else None

    @staticmethod
    def built() -> Path | None:
        """The `helm` program that was built on this machine as a part."""
        try:
            return parts.program("helm", "helm")
        except parts.PartMissing:
            return None

    async def version(self) -> str:
        """See `HelmEngine`."""
        if self._version is None:
            done = await self._run("version", "--template", "{{.Version}}")
            number = re.match(r"v?(\d+)\.(\d+)", done.out.decode())
            if done.code or not number or (int(number[1]), int(number[2])) < _OLDEST:
                what = done.out.decode().strip() or done.err.strip()[-200:]
                raise HelmUnavailable(what="Helm", why=f"{self._program} is too old or broken ({what})")
            self._version = f"helm {done.out.decode().strip()}"
        return self._version

    async def texts(
        self, chart: Path, values: Mapping[str, Any], release: str, namespace: str, kube_version: str
    ) -> Mapping[str, str]:
        """See `HelmEngine`."""
        chart_digest(chart)
        options = ("--namespace", namespace, "--kube-version", kube_version, "--values", "-")
        try:
            done = await self._run("template", release, place(chart), *options, stdin=json.dumps(values).encode())
        except process.TimedOut:
            raise RenderTooHeavy(chart=chart.name, limit=f"{self._seconds} seconds", fields={}) from None
        except process.TooMuchOutput:
            raise RenderTooHeavy(chart=chart.name, limit=f"{_MOST_TEXT >> 20} MiB of text", fields={}) from None
        if done.code and ("out of memory" in done.err or "cannot allocate" in done.err or "stack overflow" in done.err):
            raise RenderTooHeavy(chart=chart.name, limit=f"{self._memory} MiB of memory", fields={})
        if done.code:
            raise said.complaint(chart.name, done.err)
        return _parted(done.out.decode())

    async def close(self) -> None:
        """See `HelmEngine`."""

    async def _run(self, *arguments: str, stdin: bytes = b"") -> process.Finished:
        if self._before_call:
            self._before_call()
        nowhere = {f"HELM_{what}": "/nonexistent" for what in ("CONFIG_HOME", "CACHE_HOME", "DATA_HOME", "PLUGINS")}
        env = {"PATH": os.defpath, "HOME": "/nonexistent", "KUBECONFIG": os.devnull, "GOMEMLIMIT": f"{self._memory * 3 // 4}MiB"}
        limits = {
            resource.RLIMIT_DATA: self._memory << 20,
            resource.RLIMIT_CPU: self._seconds * 2,
            resource.RLIMIT_FSIZE: 0,
            resource.RLIMIT_CORE: 0,
        }
        command = [str(self._program), *arguments]
        try:
            return await process.run(
                command, env=env | nowhere, timeout=self._seconds, stdin=stdin, max_output=_MOST_TEXT, limits=limits
            )
        except OSError as error:
            raise HelmUnavailable(what="Helm", why=f"{self._program} cannot be started ({error.strerror})") from None


def _parted(out: str) -> dict[str, str]:
    """What `helm template` printed, gathered by template again."""
    texts: dict[str, list[str]] = {}
    marks = list(_SOURCE.finditer(out))
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        texts.setdefault(mark["template"], []).append(out[mark.end() : following.start() if following else len(out)])
    return {template: "\n---\n".join(parts) for template, parts in texts.items()}
