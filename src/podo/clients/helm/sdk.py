"""Helm's engine from the Python package helm-python-sdk, in warm child processes with limits."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from podo.clients import process
from podo.clients.helm import said
from podo.clients.helm.charts import chart_digest, place
from podo.clients.helm.errors import HelmUnavailable, RenderTooHeavy

_CHILD = Path(__file__).with_name("child.py")
_START = 30.0
_MOST_TEXT = 16 << 20
_SERVED = 2000


class _Ended(Exception):
    """The child is gone; `tail` is the beginning of its complaint, `code` how it ended."""

    def __init__(self, tail: str, code: int | None = None) -> None:
        super().__init__(tail)
        self.tail, self.code = tail, code


class _Child:
    """A running child: one request at a time."""

    def __init__(self, running: Process, version: str) -> None:
        self.version = version
        self.served = 0
        self._process = running
        self._said = bytearray()
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, memory: int, seconds: int) -> _Child:
        """Start one. Raises `HelmUnavailable`."""
        go = {"GOMAXPROCS": "2", "GOMEMLIMIT": f"{memory * 3 // 4}MiB"}
        env = {"PATH": os.defpath, "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"} | go
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(_CHILD), str(memory), str(seconds)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=env,
            cwd="/",
            start_new_session=True,
        )
        child = cls(running, "")
        try:
            async with asyncio.timeout(_START):
                child.version = (await child._read())["version"]
        except (TimeoutError, _Ended) as error:
            await child.end()
            raise HelmUnavailable(what="Helm", why=f"its process did not start ({str(error)[-200:] or 'timeout'})") from None
        except BaseException:
            await child.end()
            raise
        return child

    async def ask(self, request: bytes) -> dict[str, Any]:
        """Send a request and return the answer. Raises `_Ended`."""
        self.served += 1
        assert self._process.stdin
        try:
            self._process.stdin.write(len(request).to_bytes(4, "big") + request)
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise await self._ended() from None
        return await self._read()

    async def end(self) -> None:
        """Kill it."""
        await process.end(self._process)
        await self._listening

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.returncode is None

    async def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        try:
            size = int.from_bytes(await self._process.stdout.readexactly(4), "big")
            if size > _MOST_TEXT:
                raise _Ended("out of memory: too much text")
            return json.loads(await self._process.stdout.readexactly(size))
        except asyncio.IncompleteReadError:
            raise await self._ended() from None

    async def _ended(self) -> _Ended:
        # Where it ends by itself, its own exit code says why.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._process.wait()
        await self.end()
        return _Ended(self._said.decode(errors="replace"), self._process.returncode)

    async def _listen(self) -> None:
        assert self._process.stderr
        while chunk := await self._process.stderr.read(1 << 16):
            # Go tells the cause first and then every stack.
            if len(self._said) < 1 << 14:
                self._said += chunk


class HelmSdk:
    """Answers `HelmEngine` with up to `children` processes, started when first needed (0.5 s) and kept warm (a render: a few
    milliseconds). Each gets `memory` MiB of data and `seconds` of time for one render. `before_call` is called before each."""

    def __init__(
        self, *, children: int = 2, memory: int = 512, seconds: int = 5, before_call: Callable[[], None] | None = None
    ) -> None:
        self._memory, self._seconds = memory, seconds
        self._before_call = before_call
        self._free: list[_Child] = []
        self._turns = asyncio.Semaphore(children)
        self._version: str | None = None

    @staticmethod
    def available() -> bool:
        """Whether the package is installed."""
        return importlib.util.find_spec("helm_python") is not None

    async def version(self) -> str:
        """See `HelmEngine`."""
        if self._version is None:
            async with self._turns:
                self._free.append(await self._child())
        return f"helm-python-sdk {self._version}"

    async def texts(
        self, chart: Path, values: Mapping[str, Any], release: str, namespace: str, kube_version: str
    ) -> Mapping[str, str]:
        """See `HelmEngine`."""
        if self._before_call:
            self._before_call()
        options = {"name": release, "namespace": namespace, "kube_version": kube_version, "is_install": True, "revision": 1}
        digest = await asyncio.to_thread(chart_digest, chart)
        request = {"chart": place(chart), "digest": digest, "values": dict(values), "options": options}
        async with self._turns:
            answer = await self._ask(chart.name, json.dumps(request).encode())
        if "failed" in answer:
            raise said.complaint(chart.name, answer["failed"])
        return answer["texts"]

    async def close(self) -> None:
        """See `HelmEngine`."""
        while self._free:
            await self._free.pop().end()

    async def _ask(self, chart: str, request: bytes) -> dict[str, Any]:
        child = await self._child()
        warm = child.served > 0
        try:
            return await self._once(child, request)
        except TimeoutError:
            raise RenderTooHeavy(chart=chart, limit=f"{self._seconds} seconds", fields={}) from None
        except _Ended as ended:
            cause = self._cause(chart, ended)
        if warm and isinstance(cause, HelmUnavailable):
            # Somebody ended it while it waited; that is not this chart's fault.
            return await self._ask(chart, request)
        raise cause

    async def _once(self, child: _Child, request: bytes) -> dict[str, Any]:
        kept = False
        try:
            async with asyncio.timeout(self._seconds):
                answer = await child.ask(request)
            kept = child.served < _SERVED
            return answer
        finally:
            if kept:
                self._free.append(child)
            if not kept:
                await asyncio.shield(child.end())

    async def _child(self) -> _Child:
        while self._free:
            child = self._free.pop()
            if child.alive:
                return child
            await child.end()
        child = await _Child.start(self._memory, self._seconds)
        self._version = child.version
        return child

    def _cause(self, chart: str, ended: _Ended) -> RenderTooHeavy | HelmUnavailable:
        if any(words in ended.tail.lower() for words in ("out of memory", "cannot allocate", "stack overflow", "memoryerror")):
            return RenderTooHeavy(chart=chart, limit=f"{self._memory} MiB of memory", fields={})
        if ended.code == -signal.SIGXCPU:
            return RenderTooHeavy(chart=chart, limit=f"{self._seconds} seconds", fields={})
        return HelmUnavailable(
            what="Helm", why=f"its process ended while it rendered ({ended.tail.strip()[-200:] or ended.code})"
        )
